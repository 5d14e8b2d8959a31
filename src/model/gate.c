// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "gate.h"

static enum filter_answer ask(const struct gate *gate, const struct change *change)
{
	if (change->kind == CHANGE_TRANSITION && connection_lacks_peer(change->conn) &&
	    change->newstate == STATE_SYN_RECV)
		return FILTER_MAYBE;
	return filter_ask(gate->filter, change);
}

void gate_release(const struct gate *gate, struct connection *conn)
{
	struct change birth = change_of_birth(conn);
	enum filter_answer answer;

	if (!conn->birth_held)
		return;
	/* What is not known when it ends never will be. */
	answer = conn->state == STATE_CLOSE ? filter_ask(gate->filter, &birth) : ask(gate, &birth);
	conn->birth_held = answer == FILTER_MAYBE;
	if (answer == FILTER_YES)
		gate->next(gate->context, &birth);
}

void gate_handle(void *context, const struct change *change)
{
	struct gate *gate = context;
	enum filter_answer answer = ask(gate, change);

	if (answer == FILTER_MAYBE && change->kind == CHANGE_TRANSITION) {
		change->conn->birth_held = true;
		gate->held++;
		return;
	}
	gate_release(gate, change->conn);
	if (answer == FILTER_YES)
		gate->next(gate->context, change);
}
