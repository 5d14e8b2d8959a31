// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>

#include "table_internal.h"

/* Two reports of a transition, or of a death, within this time are one that was reported twice. */
#define DUPLICATE_NS 10000000ULL

/* True for the second report of a transition. The kernel side reports a transition twice rather than not at all, and
 * marks what may be the second report (event.again). */
static bool is_duplicate_transition(const struct connection *conn, const struct event *event)
{
	return event->again && conn->heard_ns && conn->state == event->newstate && conn->oldstate == event->oldstate &&
	       event->ts_ns - conn->heard_ns < DUPLICATE_NS;
}

/* True for a connect() that failed before it sent anything, for want of a port or a route, or for a TIME_WAIT. */
static bool connect_never_sent(const struct event *event)
{
	return event->oldstate == STATE_SYN_SENT && event->closing && !event->closing->sent;
}

/* True when the event is of another connection: after a loss of events the kernel may have used the address again, or
 * the socket may have connected again. */
static bool is_event_of_another(const struct connection *conn, const struct event *event)
{
	struct tuple tuple = event->tuple;

	if (conn->cookie && event->cookie && conn->cookie != event->cookie)
		return true;
	if (connect_never_sent(event)) /* the event may show the port of an earlier attempt */
		tuple.lport = 0;
	return table_is_other_life(conn, &tuple, event->oldstate == STATE_LISTEN) ||
	       tcp_state_is_earlier(event->oldstate, conn->state);
}

static struct death *get_death_slot(struct table *table, uint64_t sk)
{
	return &table->recent[(sk >> 6) % RECENT_SLOTS];
}

static bool is_known_death(struct table *table, const struct event *event)
{
	const struct death *death = get_death_slot(table, event->sk);

	return event->again && event->newstate == STATE_CLOSE && death->sk == event->sk &&
	       event->ts_ns - death->ts_ns < DUPLICATE_NS;
}

static struct connection *add_newborn(struct table *table, const struct event *event)
{
	struct connection *conn = table_add(table, event);

	if (!conn)
		return NULL;
	conn->born_ns = event->ts_ns;
	conn->born_known = true;
	if (event->newstate == STATE_SYN_RECV) {
		conn->direction = DIRECTION_IN;
		table_inherit(table, conn);
	} else {
		bool out = event->newstate == STATE_SYN_SENT;

		conn->direction = out ? DIRECTION_OUT : DIRECTION_UNKNOWN;
		if (event->owner_count)
			connection_set_owner(conn, event->owners, out ? OWNER_CONNECT : OWNER_LISTEN);
	}
	return conn;
}

/* Finds or adds the connection of a socket whose birth was not seen: found in a snapshot, or never heard of. */
static struct connection *recognise_socket(struct table *table, const struct event *event)
{
	const struct match_criteria criteria = {
		.inode = event->inode, .listening = event->oldstate == STATE_LISTEN, .unaddressed = true};
	struct connection *conn = table_find(table, &event->tuple, &criteria);

	if (conn) {
		table_set_sk(table, conn, event->sk);
		/* A row that is being joined may be newer than this event. Whichever state the row shows, the socket
		 * has been in oldstate since before its first event, which is this one. */
		if (table->joining && conn->fresh && conn->state != event->oldstate) {
			conn->state = event->oldstate;
			conn->since_ns = table->snapshot_ns;
		}
		return conn;
	}
	table->strangers += table->known_whole;
	conn = table_add(table, event);
	if (conn) {
		conn->state = event->oldstate;
		conn->born_ns = event->ts_ns;
		conn->undirected = true;
		conn->untold = table->known_whole && event->oldstate != STATE_CLOSE;
	}
	return conn;
}

/* Merges a row into a connection whose full tuple is known now: if a snapshot without addresses found a socket of that
 * inode or tuple meanwhile, that was this connection. One of which a line has told was another, which has ended. */
static int absorb_row(struct table *table, struct connection *conn, const struct event *event,
		      const struct change_target *target)
{
	const struct match_criteria criteria = {
		.inode = conn->inode, .listening = event->newstate == STATE_LISTEN, .unaddressed = true};
	struct connection *row;
	int err;

	if (table->unaddressed == table->minis)
		return 0;
	row = table_find_inode(table, conn->tuple.netns, &conn->tuple, &criteria);
	if (!row && conn->tuple.lport)
		row = table_find_tuple(table, &conn->tuple, &criteria);
	if (!row)
		return 0;
	if (!table_keeps_silent(row)) {
		table_end_unseen(table, row, event->ts_ns, target);
		return 0;
	}
	if (!conn->inode)
		conn->inode = row->inode;
	if (!conn->tuple.lport)
		conn->tuple.lport = row->tuple.lport;
	conn->recvq = row->recvq;
	conn->sendq = row->sendq;
	conn->confirmed = row->confirmed;
	err = connection_add_holders_of(conn, row);
	table_drop(table, row);
	return err;
}

/* Takes over the tuple, cookie, inode and uid of the event. True when an end of the tuple is another one now. (A socket
 * that is bound to another interface by now replaces nothing.) */
static bool learn_identity(struct connection *conn, const struct event *event)
{
	uint16_t lport = event->tuple.lport;
	struct tuple before = conn->tuple;

	if (lport == 0 || connect_never_sent(event)) /* the event may show the port of an earlier attempt */
		lport = conn->tuple.lport;
	conn->tuple = event->tuple;
	conn->tuple.lport = lport;
	if (event->cookie)
		conn->cookie = event->cookie;
	if (event->inode)
		conn->inode = event->inode;
	conn->uid = event->uid;
	return !tuple_ends_equal(&before, &conn->tuple);
}

/* Tells what must have been before this event: a birth that was not seen, and the way to `oldstate`. */
static void tell_what_was_missed(struct connection *conn, const struct event *event, const struct change_target *target)
{
	if (conn->untold)
		table_tell_birth(conn, event->ts_ns, target);
	if (conn->state != event->oldstate)
		table_correct_state(conn, event->oldstate, event->ts_ns, target);
}

static void note_event(struct connection *conn, const struct event *event)
{
	conn->oldstate = event->oldstate;
	conn->state = event->newstate;
	conn->heard_ns = event->ts_ns;
	conn->absent = 0;
	conn->contested = STATE_UNKNOWN;
}

static struct change apply_transition(struct connection *conn, const struct event *event)
{
	struct change change = {
		.kind = CHANGE_TRANSITION,
		.ts_ns = event->ts_ns,
		.conn = conn,
		.oldstate = event->oldstate,
		.newstate = event->newstate,
		.reason = verdict_of(event->oldstate, event->newstate, event->closing),
		.in_state = connection_in_state(conn, event->ts_ns),
		.closing = event->closing,
	};

	if (event->closing)
		change.age = connection_age(conn, event->ts_ns);
	conn->since_ns = event->ts_ns;
	conn->since_known = true;
	note_event(conn, event);
	return change;
}

/* Finds the connection that the event is of, or adds it. NULL when memory is short. */
static struct connection *find_or_add_subject(struct table *table, const struct event *event,
					      const struct change_target *target)
{
	struct connection *conn = table_find_sk(table, event->sk);
	bool born = event_is_birth(event);

	if (conn && (born || is_event_of_another(conn, event))) { /* the death of `conn` was lost */
		table_end_unseen(table, conn, event->ts_ns, target);
		conn = NULL;
	}
	if (conn)
		return conn;
	if (event->newstate != STATE_CLOSE) /* the socket lives: just born, or its birth was lost */
		table_tombstone_remove(table, event->sk);
	return born ? add_newborn(table, event) : recognise_socket(table, event);
}

static bool is_repeated_report(struct table *table, const struct event *event)
{
	const struct connection *conn = table_find_sk(table, event->sk);

	return conn ? is_duplicate_transition(conn, event) : is_known_death(table, event);
}

static void end_connection(struct table *table, struct connection *conn, const struct event *event,
			   struct change *change, const struct change_target *target)
{
	if (table_tombstone_add(table, event->sk))
		table->starved = true;
	*get_death_slot(table, event->sk) = (struct death){.sk = event->sk, .ts_ns = event->ts_ns};
	if (event->closing && event->closing->lives_on) {
		table_become_mini(table, conn, event, change, target);
	} else {
		table_tell(target, change);
		table_drop(table, conn);
	}
	index_fit(&table->by_sk);
}

/* True when the socket has replaced the minisocket of its tuple. The minisocket is gone once the socket itself is
 * hashed (tcp_v4_connect(), inet_ehash_insert()), which comes after the socket's first transition:
 * - A connect() in SYN_SENT may still fail for the TIME_WAIT in its way. It has replaced that once it leaves SYN_SENT,
 *   unless it has sent nothing.
 * - A child's birth ends its handshake. An iterator may still meet the handshake after that, so the child's next step
 *   ends it again.
 * `is_new`: the socket is heard of for the first time, or has another tuple. */
static bool has_replaced_mini(const struct event *event, bool is_new)
{
	if (event->newstate == STATE_SYN_SENT)
		return false;
	return is_new || event->oldstate == STATE_SYN_RECV ||
	       (event->oldstate == STATE_SYN_SENT && !connect_never_sent(event));
}

/* shutdown() and then close(), and MPTCP, set a state that the socket is in already. That is no change of state; the
 * process that closes may become known by it. */
static void repeat_state(struct connection *conn, const struct event *event, bool owner_was_open,
			 const struct change_target *target)
{
	const struct change change = {.kind = CHANGE_OWNER, .ts_ns = event->ts_ns, .conn = conn};

	note_event(conn, event);
	if (owner_was_open && !connection_owner_is_open(conn))
		table_tell(target, &change);
}

/* Applies the event to its connection, whose identity is known by now. */
static void apply_event(struct table *table, struct connection *conn, const struct event *event,
			const struct change_target *target)
{
	bool owner_was_open = connection_owner_is_open(conn);
	struct change change;

	table_learn_closer(conn, event);
	if (event->oldstate == event->newstate) {
		repeat_state(conn, event, owner_was_open, target);
		table_place(table, conn);
		return;
	}
	change = apply_transition(conn, event);
	table_place(table, conn);
	if (event->newstate == STATE_CLOSE)
		end_connection(table, conn, event, &change, target);
	else
		table_tell(target, &change);
}

int table_transition(struct table *table, const struct event *event, const struct change_target *target)
{
	struct connection *conn;
	bool is_new;

	if (event->oldstate == STATE_CLOSE && event->newstate == STATE_CLOSE) /* tcp_abort() closes a listener twice */
		return 0;
	if (is_repeated_report(table, event)) {
		table->repeats++;
		return 0;
	}
	conn = find_or_add_subject(table, event, target);
	if (!conn)
		return -ENOMEM;
	is_new = !conn->heard_ns && event->newstate != STATE_CLOSE;
	is_new = learn_identity(conn, event) || is_new;
	if (is_new && absorb_row(table, conn, event, target))
		table->starved = true;
	if (has_replaced_mini(event, is_new))
		table_end_minis_of(table, conn, event->ts_ns, target);
	if (!event_is_birth(event))
		tell_what_was_missed(conn, event, target);
	apply_event(table, conn, event, target);
	return 0;
}
