// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "gate.h"

static enum filter_answer ask(const struct gate *gate, const struct change *change)
{
	if (change->kind == CHANGE_TRANSITION && connection_lacks_peer(change->conn) &&
	    change->newstate == STATE_SYN_RECV)
		return FILTER_MAYBE;
	return filter_ask(gate->filter, change);
}

static void release_birth(const struct gate *gate, struct connection *conn)
{
	struct change birth = change_of_birth(conn);

	conn->birth_held = false;
	if (filter_ask(gate->filter, &birth) == FILTER_YES)
		gate->next(gate->context, &birth);
}

void gate_handle(void *context, const struct change *change)
{
	const struct gate *gate = context;
	enum filter_answer answer = ask(gate, change);

	if (answer == FILTER_MAYBE && change->kind == CHANGE_TRANSITION) {
		change->conn->birth_held = true;
		return;
	}
	if (change->conn->birth_held)
		release_birth(gate, change->conn);
	if (answer == FILTER_YES)
		gate->next(gate->context, change);
}
