// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>

#include "table_internal.h"

/* A death that comes twice within this is one death reported twice. */
#define DUPLICATE_NS 10000000ULL

/* The kernel side reports a transition twice rather than not at all, and marks what may be the second report. */
static bool is_duplicate(const struct connection *conn, const struct event *event)
{
	return event->again && conn->heard_ns && conn->state == event->newstate && conn->oldstate == event->oldstate &&
	       event->ts_ns - conn->heard_ns < DUPLICATE_NS;
}

/* After a loss the address may be another socket's by now. */
static bool is_another(const struct connection *conn, const struct event *event)
{
	return conn->cookie && event->cookie && conn->cookie != event->cookie;
}

static struct death *recent_slot(struct table *table, uint64_t sk)
{
	return &table->recent[(sk >> 6) % RECENT_SLOTS];
}

static bool died_already(struct table *table, const struct event *event)
{
	const struct death *death = recent_slot(table, event->sk);

	return event->again && event->newstate == STATE_CLOSE && death->sk == event->sk &&
	       event->ts_ns - death->ts_ns < DUPLICATE_NS;
}

static struct connection *be_born(struct table *table, const struct event *event)
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

/* A transition of a socket whose birth we did not see: one found in a snapshot, or never heard of. */
static struct connection *recognise(struct table *table, const struct event *event)
{
	const struct wanted wanted = {
		.inode = event->inode, .listening = event->oldstate == STATE_LISTEN, .unaddressed = true};
	struct connection *conn = table_find(table, &event->tuple, &wanted);

	if (conn) {
		table_set_sk(table, conn, event->sk);
		/* The row may be newer than this event; whichever state it shows, the socket has been in
		 * oldstate since before the first event, which is this one. */
		conn->state = event->oldstate;
		return conn;
	}
	table->strangers += table->known_whole;
	conn = table_add(table, event);
	if (conn) {
		conn->state = event->oldstate;
		conn->born_ns = event->ts_ns;
	}
	return conn;
}

/* A connection that was born before our eyes has its full tuple now: if a snapshot without addresses found a socket of
 * that tuple meanwhile, that was this one. */
static int absorb_row(struct table *table, struct connection *conn, const struct event *event)
{
	const struct wanted wanted = {
		.inode = conn->inode, .listening = event->newstate == STATE_LISTEN, .unaddressed = true};
	struct connection *row;

	int err;

	if (table->unaddressed == table->minis)
		return 0;
	row = table_find_inode(table, conn->tuple.netns, &wanted);
	if (!row && conn->tuple.lport)
		row = table_find_tuple(table, &conn->tuple, &wanted);
	if (!row)
		return 0;
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

/* A connect() that failed before it was hashed, for want of a port or a route, or for a TIME_WAIT. */
static bool never_sent(const struct event *event)
{
	return event->oldstate == STATE_SYN_SENT && event->closing && !event->closing->sent;
}

/* True when the tuple is another one now. */
static bool learn(struct connection *conn, const struct event *event)
{
	uint16_t lport = event->tuple.lport;
	struct tuple before = conn->tuple;

	if (lport == 0 || never_sent(event)) /* which may show the port of an earlier attempt */
		lport = conn->tuple.lport;
	conn->tuple = event->tuple;
	conn->tuple.lport = lport;
	if (event->cookie)
		conn->cookie = event->cookie;
	if (event->inode)
		conn->inode = event->inode;
	conn->uid = event->uid;
	return !tuple_equal(&before, &conn->tuple);
}

static struct change step(struct connection *conn, const struct event *event, bool born)
{
	struct change change = {
		.kind = CHANGE_TRANSITION,
		.ts_ns = event->ts_ns,
		.conn = conn,
		.oldstate = event->oldstate,
		.newstate = event->newstate,
		.reason = verdict_of(event->oldstate, event->newstate, event->closing),
		.closing = event->closing,
	};

	if (!born && conn->state == event->oldstate)
		change.in_state = connection_in_state(conn, event->ts_ns);
	if (event->closing)
		change.age = connection_age(conn, event->ts_ns);
	if (event->oldstate != event->newstate) { /* shutdown() and then close(), and MPTCP, set a state again */
		conn->since_ns = event->ts_ns;
		conn->since_known = true;
	}
	conn->oldstate = event->oldstate;
	conn->state = event->newstate;
	conn->heard_ns = event->ts_ns;
	conn->absent = 0;
	conn->contested = STATE_UNKNOWN;
	return change;
}

/* One that is known, or comes into being. */
static struct connection *subject_of(struct table *table, const struct event *event)
{
	struct connection *conn = table_find_sk(table, event->sk);
	bool born = event_is_birth(event);

	if (conn && (born || is_another(conn, event))) { /* its death was lost */
		table_drop(table, conn);
		conn = NULL;
	}
	if (conn)
		return conn;
	if (event->newstate != STATE_CLOSE) /* it lives: born, or its birth was lost */
		table_tombstone_remove(table, event->sk);
	return born ? be_born(table, event) : recognise(table, event);
}

static bool is_repeated(struct table *table, const struct event *event)
{
	const struct connection *conn = table_find_sk(table, event->sk);

	return conn ? is_duplicate(conn, event) : died_already(table, event);
}

static int end(struct table *table, struct connection *conn, const struct event *event, struct change *change,
	       const struct change_target *target)
{
	int err = table_tombstone_add(table, event->sk);

	*recent_slot(table, event->sk) = (struct death){.sk = event->sk, .ts_ns = event->ts_ns};
	if (event->closing && event->closing->lives_on) {
		if (!err)
			err = table_become_mini(table, conn, event, change, target);
	} else {
		table_tell(target, change);
		table_drop(table, conn);
	}
	index_fit(&table->by_sk);
	return err;
}

/* What the kernel kept without a socket under its tuple is gone once it is hashed itself. Before that the state is set
 * already: a connect() may still fail for the TIME_WAIT that is in its way, and the handshake of a child may still be
 * met by an iterator after the child's birth, with which it ends here (tcp_v4_connect(), inet_ehash_insert()). `new`:
 * it is heard of for the first time, or has another tuple. */
static bool took_its_place(const struct event *event, bool new)
{
	if (event->newstate == STATE_SYN_SENT)
		return false;
	return new || event->oldstate == STATE_SYN_RECV || (event->oldstate == STATE_SYN_SENT && !never_sent(event));
}

int table_transition(struct table *table, const struct event *event, const struct change_target *target)
{
	bool born = event_is_birth(event), new;
	struct connection *conn;
	struct change change;
	int err = 0;

	if (event->oldstate == STATE_CLOSE && event->newstate == STATE_CLOSE) /* tcp_abort() closes a listener twice */
		return 0;
	if (is_repeated(table, event)) {
		table->repeats++;
		return 0;
	}
	conn = subject_of(table, event);
	if (!conn)
		return -ENOMEM;
	new = !conn->heard_ns && event->newstate != STATE_CLOSE;
	new = learn(conn, event) || new;
	if (new)
		err = absorb_row(table, conn, event);
	if (took_its_place(event, new))
		table_end_minis_of(table, conn, event->ts_ns, target);
	table_learn_closer(conn, event);
	change = step(conn, event, born);
	table_place(table, conn);
	if (event->newstate == STATE_CLOSE)
		return end(table, conn, event, &change, target);
	table_tell(target, &change);
	return err;
}
