// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "proc_event.h"

#include "clock.h"
#include "least_age.h"

/* The latest time at which what had lasted for `us` when the row was read can have begun; 0 for 0 us, which says
 * nothing.
 */
static uint64_t find_beginning(uint64_t us, uint64_t read_ns)
{
	return us && us * NS_PER_US < read_ns ? read_ns - us * NS_PER_US : 0;
}

struct event proc_event_of(const struct proc_row *row, uint64_t began_ns, uint64_t read_ns)
{
	const struct socket socket = proc_row_socket(row, PROTOCOL_TCP);
	struct least_age age = least_age_of(&socket);

	return (struct event){
		.kind = EVENT_ROW,
		.ts_ns = began_ns,
		.tuple = socket.tuple,
		.newstate = socket.state,
		.mini = socket.mini,
		.uid = socket.uid,
		.inode = socket.inode,
		.recvq = socket.recvq,
		.sendq = socket.sendq,
		.state_since_ns = find_beginning(age.in_state_us, read_ns),
		.alive_since_ns = find_beginning(age.alive_us, read_ns),
	};
}
