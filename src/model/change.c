// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "change.h"

struct change change_of_birth(struct connection *conn)
{
	struct change birth = {.kind = CHANGE_TRANSITION, .ts_ns = conn->born_ns, .conn = conn};

	birth.oldstate = conn->direction == DIRECTION_IN ? STATE_LISTEN : STATE_CLOSE;
	birth.newstate = conn->direction == DIRECTION_IN    ? STATE_SYN_RECV
			 : conn->direction == DIRECTION_OUT ? STATE_SYN_SENT
							    : STATE_LISTEN;
	return birth;
}

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
