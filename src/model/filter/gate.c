// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "gate.h"

#include <stdlib.h>

/* In two lists: that of all, in the order in which they came, and that of its connection. */
struct held_change {
	struct held_change *before, *after;
	struct held_change *next_of_connection;
	struct change change;
	struct closing closing;
};

/* What is not known when it ends, or when nothing more will be heard of it, never will be. */
static enum filter_answer ask(const struct gate *gate, const struct change *change)
{
	bool ended = change->conn->state == STATE_CLOSE || change->conn->gone;
	enum filter_answer answer = filter_ask(gate->filter, change);

	if (!ended && connection_lacks_peer(change->conn) && change->newstate == STATE_SYN_RECV)
		answer = FILTER_MAYBE;
	return ended && answer == FILTER_MAYBE ? FILTER_NO : answer;
}

static struct held_change *held_new(const struct change *change)
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

static bool hold(struct gate *gate, const struct change *change)
{
	struct held_change *held = held_new(change), **end = &change->conn->held;

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

/* Takes the first one of its connection out, which is freed with it if the table has let go of it. */
static void drop(struct gate *gate, struct held_change *held)
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

/* False: it stays. */
static bool let_through(struct gate *gate, struct held_change *held)
{
	enum filter_answer answer = ask(gate, &held->change);

	if (answer == FILTER_MAYBE)
		return false;
	if (answer == FILTER_YES)
		gate->next(gate->context, &held->change);
	drop(gate, held);
	return true;
}

/* The last one frees a connection that is gone, so the next is looked at before. */
static void release_connection(struct gate *gate, struct connection *conn)
{
	struct held_change *held = conn->held, *next;

	for (; held; held = next) {
		next = held->next_of_connection;
		if (!let_through(gate, held))
			break;
	}
}

void gate_release(struct gate *gate)
{
	struct held_change *held, *after;

	gate->shut = false;
	for (held = gate->first; held; held = after) {
		after = held->after;
		if (held == held->change.conn->held) /* what came before it has gone through */
			let_through(gate, held);
	}
}

void gate_handle(void *context, const struct change *change)
{
	struct gate *gate = context;
	enum filter_answer answer;

	if (change->kind == CHANGE_SOCKET) { /* no line of the stream: what cannot be told yet is not shown */
		if (filter_ask(gate->filter, change) == FILTER_YES)
			gate->next(gate->context, change);
		return;
	}
	if (gate->shut && change->kind == CHANGE_TRANSITION && hold(gate, change))
		return;
	if (change->conn->held && !gate->shut)
		release_connection(gate, change->conn);
	if (change->kind == CHANGE_OWNER)
		return;
	answer = change->conn->held ? FILTER_MAYBE : ask(gate, change);
	if (answer == FILTER_MAYBE && hold(gate, change)) {
		gate->waiting++;
		return;
	}
	if (answer != FILTER_NO)
		gate->next(gate->context, change);
}

void gate_free(struct gate *gate)
{
	while (gate->first)
		drop(gate, gate->first);
}
