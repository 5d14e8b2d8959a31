// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lines for what no transition reported: a birth, a change of state, an end that only a snapshot or a later transition
 * has shown. So the lines of a connection form a chain: each begins in the state in which the one before it ended, and
 * the last one ends in CLOSE.
 */
#include "table_internal.h"

bool table_keeps_silent(const struct connection *conn)
{
	return conn->untold || (conn->fresh && conn->oldstate == STATE_UNKNOWN);
}

struct change table_derive(struct connection *conn, uint8_t newstate, uint64_t ts_ns)
{
	struct change change = {
		.kind = CHANGE_TRANSITION,
		.ts_ns = ts_ns,
		.conn = conn,
		.oldstate = conn->state,
		.newstate = newstate,
		.derived = true,
		.in_state = span_between(conn->since_ns, conn->heard_ns, false),
	};

	if (newstate == STATE_CLOSE || newstate == STATE_TIME_WAIT)
		change.age = span_between(conn->born_ns, conn->heard_ns, false);
	conn->oldstate = conn->state;
	conn->state = newstate;
	conn->since_ns = ts_ns;
	conn->since_known = false;
	return change;
}

void table_tell_birth(struct connection *conn, uint64_t ts_ns, const struct change_target *target)
{
	const struct change change = {
		.kind = CHANGE_TRANSITION,
		.ts_ns = ts_ns,
		.conn = conn,
		.oldstate = STATE_CLOSE,
		.newstate = conn->state,
		.derived = true,
		.healed = true,
	};

	conn->untold = false;
	conn->oldstate = STATE_CLOSE;
	table_tell(target, &change);
}

void table_correct_state(struct connection *conn, uint8_t state, uint64_t ts_ns, const struct change_target *target)
{
	struct change change;

	if (conn->untold) {
		conn->state = state;
		return;
	}
	change = table_derive(conn, state, ts_ns);
	change.healed = true;
	table_tell(target, &change);
}

void table_end_unseen(struct table *table, struct connection *conn, uint64_t ts_ns, const struct change_target *target)
{
	struct change change;

	if (!conn->untold) {
		change = table_derive(conn, STATE_CLOSE, ts_ns);
		change.reason = REASON_END_NOT_SEEN;
		change.healed = true;
		table_tell(target, &change);
	}
	table_drop(table, conn);
}

void table_learn_age(struct connection *conn, const struct event *row)
{
	if (!conn->since_known && row->state_since_ns && row->state_since_ns < conn->since_ns)
		conn->since_ns = row->state_since_ns;
	if (!conn->born_known && row->alive_since_ns && row->alive_since_ns < conn->born_ns)
		conn->born_ns = row->alive_since_ns;
}
