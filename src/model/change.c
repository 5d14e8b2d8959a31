// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "change.h"

struct change change_of_socket(struct connection *conn, uint64_t now_ns)
{
	return (struct change){
		.kind = CHANGE_SOCKET,
		.ts_ns = now_ns,
		.conn = conn,
		.newstate = conn->state,
		.in_state = connection_in_state(conn, now_ns),
	};
}
