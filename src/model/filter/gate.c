// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "gate.h"

#include <stdlib.h>

/* A held change is in two lists: that of all, in the order in which they came, and that of its connection. */
struct held_change {
	struct held_change *before, *after;
	struct held_change *next_of_connection;
	struct change change;
	struct closing closing;
};

/* Asks the filter. Once a connection has ended or is gone from the table, nothing more will be learned: MAYBE becomes
 * NO. */
static enum filter_answer ask_gate_filter(const struct gate *gate, const struct change *change)
{
	bool ended = change->conn->state == STATE_CLOSE || change->conn->gone;
	enum filter_answer answer = filter_ask(gate->filter, change);

	if (!ended && connection_lacks_peer(change->conn) && change->newstate == STATE_SYN_RECV)
		answer = FILTER_MAYBE;
	return ended && answer == FILTER_MAYBE ? FILTER_NO : answer;
}

static struct held_change *make_held_change(const struct change *change)
{
	struct held_change *held = calloc(1, sizeof(*held));

	if (!held)
		return NULL;
	held->change = *change;
	if (change->closing) {
		held->closing = *change->closing;
		held->change.closing = &held->closing;
	}
	return held;
}

static bool hold_change(struct gate *gate, const struct change *change)
{
	struct held_change *held = make_held_change(change), **end = &change->conn->held;

	if (!held)
		return false;
	while (*end)
		end = &(*end)->next_of_connection;
	*end = held;
	held->before = gate->last;
	if (gate->last)
		gate->last->after = held;
	else
		gate->first = held;
	gate->last = held;
	return true;
}

/* Frees the first held change of its connection. The connection is freed with its last one if the table has let go of
 * it. */
static void drop_held_change(struct gate *gate, struct held_change *held)
{
	struct connection *conn = held->change.conn;

	conn->held = held->next_of_connection;
	if (held->before)
		held->before->after = held->after;
	else
		gate->first = held->after;
	if (held->after)
		held->after->before = held->before;
	else
		gate->last = held->before;
	free(held);
	if (conn->gone && !conn->held)
		connection_free(conn);
}

/* Lets a held change through, or drops it. False: it stays held. */
static bool pass_held_change(struct gate *gate, struct held_change *held)
{
	enum filter_answer answer = ask_gate_filter(gate, &held->change);

	if (answer == FILTER_MAYBE)
		return false;
	if (answer == FILTER_YES)
		gate->next(gate->context, &held->change);
	drop_held_change(gate, held);
	return true;
}

/* Lets through what can be answered. `next` is read first, because the last change frees a connection that is gone. */
static void release_held_changes(struct gate *gate, struct connection *conn)
{
	struct held_change *held = conn->held, *next;

	for (; held; held = next) {
		next = held->next_of_connection;
		if (!pass_held_change(gate, held))
			break;
	}
}

void gate_release(struct gate *gate)
{
	struct held_change *held, *after;

	gate->shut = false;
	for (held = gate->first; held; held = after) {
		after = held->after;
		if (held == held->change.conn->held) /* no earlier change of its connection is held */
			pass_held_change(gate, held);
	}
}

void gate_handle(void *context, const struct change *change)
{
	struct gate *gate = context;
	enum filter_answer answer;

	if (change->kind == CHANGE_SOCKET) { /* no line of the stream: not shown without a YES */
		if (filter_ask(gate->filter, change) == FILTER_YES)
			gate->next(gate->context, change);
		return;
	}
	if (gate->shut && change->kind == CHANGE_TRANSITION && hold_change(gate, change))
		return;
	if (change->conn->held && !gate->shut)
		release_held_changes(gate, change->conn);
	if (change->kind == CHANGE_OWNER)
		return;
	answer = change->conn->held ? FILTER_MAYBE : ask_gate_filter(gate, change);
	if (answer == FILTER_MAYBE && hold_change(gate, change)) {
		gate->waiting++;
		return;
	}
	if (answer != FILTER_NO)
		gate->next(gate->context, change);
}

void gate_free(struct gate *gate)
{
	while (gate->first)
		drop_held_change(gate, gate->first);
}
