// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Minisockets and request sockets, which the kernel keeps of a connection without a socket: a handshake that waits for
 * its last packet (SYN_RECV), a connection that its process has closed (FIN_WAIT2), one that both ends have closed
 * (TIME_WAIT). No tracepoint names them. Their beginning is known from the socket's →CLOSE or from a snapshot. Their
 * end is known from a snapshot without them, or from another connection that has their tuple. Where their namespace
 * cannot be read, it is known from the time that has passed.
 */
#include <errno.h>
#include <stdlib.h>

#include "table_internal.h"

/* Makes the change of a minisocket that ended or changed its state. */
static struct change derive_mini_change(struct connection *conn, uint8_t newstate, uint64_t ts_ns)
{
	struct change change = table_derive(conn, newstate, ts_ns);

	change.reason = conn->reason;
	change.closing = conn->closing;
	return change;
}

/* `state`: see struct match_criteria. */
static struct connection *find_mini(const struct table *table, const struct tuple *tuple, uint8_t state)
{
	const struct match_criteria criteria = {.unaddressed = true, .mini = true, .state = state};

	return table->minis ? table_find_tuple(table, tuple, &criteria) : NULL;
}

/* ---- beginnings ---- */

/* Merges the minisocket of this tuple into `conn`: a row of it may have come before the socket's own →CLOSE. A
 * minisocket of which a line has told belongs to another connection, and is ended. */
static void absorb_mini(struct table *table, struct connection *conn, uint64_t ts_ns,
			const struct change_target *target)
{
	struct connection *row = find_mini(table, &conn->tuple, STATE_UNKNOWN);

	if (row && !table_keeps_silent(row)) {
		table_end_mini(table, row, ts_ns, target);
	} else if (row) {
		conn->confirmed = row->confirmed;
		table_drop(table, row);
	}
}

void table_become_mini(struct table *table, struct connection *conn, const struct event *event, struct change *change,
		       const struct change_target *target)
{
	uint8_t state = event->closing->lives_on;

	absorb_mini(table, conn, event->ts_ns, target);
	table_set_mini(table, conn);
	conn->closing = malloc(sizeof(*conn->closing));
	if (conn->closing) /* where memory is short, its end is reported without these counts */
		*conn->closing = *event->closing;
	table_set_sk(table, conn, 0);
	conn->reason = change->reason;
	conn->recvq = 0;
	conn->sendq = 0;
	conn->state = state;
	table_count_mini(table, conn);
	if (state == event->oldstate) { /* still in FIN_WAIT2, but without a socket; there is no change to report */
		conn->since_known = change->in_state.known == SPAN_EXACT;
		conn->since_ns = event->ts_ns - change->in_state.us * 1000;
	} else {
		change->newstate = state;
		change->derived = true;
		table_tell(target, change);
	}
	table_place(table, conn);
}

bool table_pass_to_mini(struct table *table, struct connection *conn, uint64_t ts_ns,
			const struct change_target *target)
{
	struct connection *mini = find_mini(table, &conn->tuple, STATE_UNKNOWN);
	struct change change;

	if (!mini || !mini->untold || (mini->cookie && conn->cookie && mini->cookie != conn->cookie))
		return false;
	change = table_derive(conn, mini->state, ts_ns);
	change.healed = true;
	change.conn = mini;
	mini->untold = conn->untold;
	mini->id = conn->id;
	mini->tuple.interface = conn->tuple.interface; /* /proc does not show it */
	mini->oldstate = conn->oldstate;
	mini->born_ns = conn->born_ns;
	mini->born_known = conn->born_known;
	mini->uid = conn->uid;
	connection_set_owner(mini, &conn->owner, conn->owner_source);
	mini->direction = conn->direction;
	mini->undirected = conn->undirected;
	if (change.oldstate != change.newstate && !mini->untold)
		table_tell(target, &change);
	table_drop(table, conn);
	return true;
}

/* ---- rows ---- */

static struct connection *add_found_mini(struct table *table, const struct event *row)
{
	struct connection *conn = table_add(table, row);

	if (!conn)
		return NULL;
	table_set_sk(table, conn, 0);
	table_set_mini(table, conn);
	conn->state = row->newstate;
	conn->born_ns = row->ts_ns;
	conn->since_ns = row->ts_ns;
	if (row->newstate == STATE_SYN_RECV) {
		conn->direction = DIRECTION_IN;
		table_inherit(table, conn);
	}
	table_count_mini(table, conn);
	conn->undirected = row->newstate != STATE_SYN_RECV;
	conn->untold = table->renewed && row->newstate != STATE_SYN_RECV;
	return conn;
}

/* Tells that a minisocket in FIN_WAIT2 is found in TIME_WAIT: the peer's FIN has come. */
static void note_peers_fin(struct table *table, struct connection *conn, const struct event *found,
			   const struct change_target *target)
{
	struct change change;

	if (conn->state != STATE_FIN_WAIT2 || found->newstate != STATE_TIME_WAIT)
		return;
	change = derive_mini_change(conn, STATE_TIME_WAIT, found->ts_ns);
	table_count_mini(table, conn);
	if (!conn->untold)
		table_tell(target, &change);
}

int table_mini_row(struct table *table, const struct event *row, const struct change_target *target)
{
	struct connection *conn = find_mini(table, &row->tuple, row->newstate);
	bool handshake = row->newstate == STATE_SYN_RECV;

	if (conn && ((conn->cookie && row->cookie && conn->cookie != row->cookie) ||
		     handshake != (conn->state == STATE_SYN_RECV) ||
		     (conn->state == STATE_TIME_WAIT && row->newstate == STATE_FIN_WAIT2))) {
		/* The row is of another connection; there is no way back from TIME_WAIT to FIN_WAIT2. */
		table_end_mini(table, conn, row->ts_ns, target);
		conn = NULL;
	}
	if (!conn)
		conn = add_found_mini(table, row);
	if (!conn)
		return -ENOMEM;
	note_peers_fin(table, conn, row, target);
	table_learn_age(conn, row);
	if (row->cookie)
		conn->cookie = row->cookie;
	conn->heard_ns = row->ts_ns;
	conn->confirmed = table->snapshot;
	conn->recvq = row->recvq;
	conn->sendq = row->sendq;
	table_place(table, conn);
	return 0;
}

/* An answer of the kernel to the question for a minisocket. One that is not known is none of those that were asked for.
 */
void table_mini_answer(struct table *table, const struct event *answer, const struct change_target *target)
{
	struct connection *conn = find_mini(table, &answer->tuple, answer->newstate);

	if (!conn || conn->state == STATE_SYN_RECV)
		return;
	if (answer->newstate == STATE_CLOSE) {
		table_end_mini(table, conn, answer->ts_ns, target);
		return;
	}
	note_peers_fin(table, conn, answer, target);
	conn->heard_ns = answer->ts_ns;
	conn->absent = 0;
}

/* ---- ends ---- */

/* The end of a handshake is reported only where the handshake was shown: it was no connection yet. */
void table_end_mini(struct table *table, struct connection *conn, uint64_t ts_ns, const struct change_target *target)
{
	bool told = conn->state == STATE_SYN_RECV ? conn->shown : !conn->untold;
	struct change change = derive_mini_change(conn, STATE_CLOSE, ts_ns);

	if (told)
		table_tell(target, &change);
	table_drop(table, conn);
}

void table_end_minis_of(struct table *table, const struct connection *conn, uint64_t ts_ns,
			const struct change_target *target)
{
	bool whole = conn->tuple.lport && conn->tuple.rport;
	struct connection *mini = whole ? find_mini(table, &conn->tuple, STATE_UNKNOWN) : NULL;

	/* A minisocket found by the rows of /proc that are being joined may be what this very connection becomes. */
	if (mini && table->joining && !mini->born_known && mini->fresh)
		table_drop(table, mini);
	else if (mini)
		table_end_mini(table, mini, ts_ns, target);
}
