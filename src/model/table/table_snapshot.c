// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Snapshots in the table. An exact one's rows stand in the order of the transitions and name their socket by its
 * address: the last word about a socket holds, be it a row or a transition, and what neither of them names is gone. The
 * others' rows, of /proc, come before the transitions of the same time and say what was true at some moment of it: a
 * transition beats them.
 */
#include <errno.h>

#include "table_internal.h"

/* For so long after its transition a socket may not be in the kernel's hash yet, where snapshots look: connect() and
 * listen() put it there afterwards, and may be interrupted before. */
#define HASHING_NS 100000000ULL

#define MINUTE_NS 60000000000ULL

/* ---- beginning ---- */

void table_begin_snapshot(struct table *table, const struct event *begin)
{
	struct link *link = NULL;
	size_t bucket;

	table->snapshot++;
	if (begin->scope & SNAPSHOT_SOCKETS) {
		table->earlier_ns = table->snapshot_ns;
		table->snapshot_ns = begin->ts_ns;
	}
	table->keeps_tombstones = begin->exact;
	table->joining = !begin->exact;
	if (begin->exact)
		return;
	while ((link = index_each(&table->by_sk, link, &bucket)))
		table_place(table, BY_SK(link));
}

/* ---- rows ---- */

static void correct_state(struct connection *conn, uint8_t state, uint64_t since_ns)
{
	conn->state = state;
	conn->oldstate = STATE_UNKNOWN;
	conn->since_ns = since_ns;
	conn->since_known = false;
}

/* The row of /proc of a known connection may be newer than its last event, or older. But where two snapshots in a row
 * say the same other state, with no event since the first began, the event that would say so was lost. */
static void settle_state(const struct table *table, struct connection *conn, uint8_t state)
{
	bool quiet = conn->heard_ns < table->earlier_ns;

	if (state != conn->state && state == conn->contested && quiet)
		correct_state(conn, state, table->earlier_ns);
	conn->contested = state == conn->state ? STATE_UNKNOWN : state;
}

static bool is_another(const struct connection *conn, const struct event *row)
{
	const struct tuple *known = &conn->tuple, *told = &row->tuple;

	if (conn->cookie && row->cookie)
		return conn->cookie != row->cookie;
	if ((conn->state == STATE_LISTEN) != (row->newstate == STATE_LISTEN) || known->netns != told->netns)
		return true;
	if (known->lport && known->lport != told->lport)
		return true;
	return known->rport && (known->rport != told->rport || !address_equal(&known->raddr, &told->raddr));
}

/* By its address, for a row that has one: a connection known by it, or else one that was found without. */
static struct connection *find_addressed(struct table *table, const struct event *row, struct wanted *wanted)
{
	struct connection *conn = table_find_sk(table, row->sk);

	if (conn && is_another(conn, row)) { /* its death was lost, and a birth */
		table_drop(table, conn);
		conn = NULL;
	}
	if (conn || table->unaddressed == table->minis)
		return conn;
	wanted->unaddressed = true;
	conn = table_find(table, &row->tuple, wanted);
	if (conn)
		table_set_sk(table, conn, row->sk);
	return conn;
}

static struct connection *find_or_add(struct table *table, const struct event *row)
{
	struct wanted wanted = {.inode = row->inode, .listening = row->newstate == STATE_LISTEN};
	struct connection *conn =
		row->sk ? find_addressed(table, row, &wanted) : table_find(table, &row->tuple, &wanted);

	if (conn)
		return conn;
	conn = table_add(table, row);
	if (!conn)
		return NULL;
	conn->state = row->newstate;
	conn->born_ns = row->ts_ns;
	conn->since_ns = row->ts_ns;
	return conn;
}

static void take_row(struct table *table, struct connection *conn, const struct event *row)
{
	if (!row->sk)
		settle_state(table, conn, row->newstate);
	else if (conn->state != row->newstate)
		correct_state(conn, row->newstate, row->ts_ns);
	if (row->sk) /* the port of a connect, the peer of a child (before Linux 6.15) */
		conn->tuple = row->tuple;
	else if (conn->tuple.lport == 0)
		conn->tuple.lport = row->tuple.lport;
	if (conn->tuple.lport == row->tuple.lport && conn->tuple.rport == row->tuple.rport)
		conn->tuple.family = row->tuple.family; /* IPV6_ADDRFORM */
	/* None any more, where its process has closed it. */
	conn->inode = row->inode;
	if (row->cookie)
		conn->cookie = row->cookie;
	conn->recvq = row->recvq;
	conn->sendq = row->sendq;
	conn->confirmed = table->snapshot;
	table_place(table, conn);
}

int table_row(struct table *table, const struct event *row, const struct change_target *target)
{
	struct connection *conn;
	int err = 0;

	if (row->mini)
		return table_mini_row(table, row, target);
	if (row->sk && index_find(&table->dead, row->sk))
		return 0;
	conn = find_or_add(table, row);
	if (!conn)
		return -ENOMEM;
	take_row(table, conn, row);
	for (size_t i = 0; i < row->owner_count && !err; i++)
		err = connection_add_holder(conn, &row->owners[i], table->snapshot);
	return err;
}

/* ---- holders ---- */

/* Of a socket that was found without an address, its inode tells which it is; now it has one. */
static struct connection *held_one(struct table *table, const struct event *event)
{
	const struct wanted wanted = {.inode = event->inode, .unaddressed = true};
	struct connection *conn = table_find_sk(table, event->sk);

	if (conn || table->unaddressed == table->minis)
		return conn;
	conn = table_find_inode(table, event->tuple.netns, &wanted);
	if (conn)
		table_set_sk(table, conn, event->sk);
	return conn;
}

int table_holder(struct table *table, const struct event *event, const struct change_target *target)
{
	struct change change = {.kind = CHANGE_OWNER, .ts_ns = event->ts_ns};
	bool was_open;
	int err;

	change.conn = held_one(table, event);
	if (!change.conn)
		return 0;
	was_open = connection_owner_is_open(change.conn);
	if (event->inode)
		change.conn->inode = event->inode;
	err = connection_add_holder(change.conn, event->owners, table->snapshot);
	if (!err && was_open && !connection_owner_is_open(change.conn))
		table_tell(target, &change);
	return err;
}

/* ---- end ---- */

/* One reading of /proc may miss a socket (rows are skipped when others vanish before them); two in a row, with no
 * event of the socket since the first began, mean that its death was lost. */
static bool is_gone(const struct table *table, const struct event *end, struct connection *conn)
{
	if (conn->confirmed == table->snapshot)
		conn->absent = 0;
	else if (end->exact)
		return conn->heard_ns + HASHING_NS < end->ts_ns;
	else if (conn->heard_ns < end->ts_ns)
		return ++conn->absent >= 2;
	return false;
}

/* Where a namespace cannot be looked into, only time tells: TCP_TIMEWAIT_LEN (include/net/tcp.h) is a minute, in
 * FIN_WAIT2 as much comes before it as net.ipv4.tcp_fin_timeout allows, a minute too; and a timer may be an eighth
 * late. */
static bool has_run_out(const struct connection *conn, uint64_t now_ns)
{
	uint64_t minutes = conn->state == STATE_FIN_WAIT2 ? 2 : 1;

	return conn->since_ns + minutes * (MINUTE_NS + MINUTE_NS / 8) < now_ns;
}

/* It also ends with its namespace; which is to be missed twice, since the file of one may be moved meanwhile. */
static bool mini_is_gone(const struct table *table, const struct event *end, struct connection *conn)
{
	bool covered = event_covers(end, conn->tuple.netns);

	if (conn->confirmed != table->snapshot && conn->heard_ns < end->ts_ns) {
		if (covered && end->exact)
			return true;
		if (covered || event_misses(end, conn->tuple.netns))
			return ++conn->absent >= 2;
		if (has_run_out(conn, end->ts_ns))
			return true;
	}
	conn->absent = 0;
	return false;
}

/* Of a connection that nobody holds, the listener's owner may be known now, or be another. */
static void settle_heir(struct walk *walk, struct connection *conn)
{
	bool lives = conn->state == STATE_ESTABLISHED || conn->state == STATE_CLOSE_WAIT;

	if (conn->owner_count)
		return;
	walk->table->unheld += lives && !conn->mini;
	if (conn->direction == DIRECTION_IN &&
	    (conn->owner_source == OWNER_INHERITED || conn->owner_source == OWNER_UNKNOWN))
		table_inherit(walk->table, conn);
}

/* Only when all holders are known it is settled which of them is the owner. */
static void settle_owner(const struct walk *walk, struct connection *conn)
{
	struct change change = {.kind = CHANGE_OWNER, .ts_ns = walk->event->ts_ns, .conn = conn};
	bool was_open = connection_owner_is_open(conn);

	connection_settle_holders(conn, walk->table->snapshot);
	if (was_open && !connection_owner_is_open(conn))
		table_tell(walk->target, &change);
}

/* That nobody holds it is not said of one that was passed over: its namespace could not be read, or a reading of /proc
 * missed it. */
static bool tells_holders(const struct table *table, const struct event *end, const struct connection *conn)
{
	return end->scope & SNAPSHOT_HOLDERS &&
	       (!end->holders_by_row || conn->mini || conn->confirmed == table->snapshot);
}

static void stay(struct table *table, struct connection *conn)
{
	table->doubtful += conn->absent > 0;
	table_place(table, conn);
}

static void settle(struct walk *walk, struct connection *conn)
{
	struct table *table = walk->table;
	const struct event *end = walk->event;
	bool covered = event_covers(end, conn->tuple.netns);

	if (!covered && !conn->mini)
		conn->absent = 0;
	if (tells_holders(table, end, conn))
		settle_owner(walk, conn);
	if (conn->mini && end->scope & SNAPSHOT_MINIS && mini_is_gone(table, end, conn))
		table_end_mini(table, conn, end->ended_ns, walk->target);
	else if (!conn->mini && covered && end->scope & SNAPSHOT_SOCKETS && is_gone(table, end, conn))
		table_drop(table, conn);
	else
		stay(table, conn);
}

void table_end_snapshot(struct table *table, const struct event *end, const struct change_target *target)
{
	struct walk walk = {.table = table, .event = end, .target = target, .visit = settle};

	table->joining = false;
	table->doubtful = 0;
	if (end->scope & SNAPSHOT_SOCKETS)
		table->known_whole = true;
	table_walk(&walk);
	if (end->scope & SNAPSHOT_HOLDERS) { /* the listeners are settled by now, and who is gone is gone */
		table->unheld = 0;
		walk.visit = settle_heir;
		table_walk(&walk);
	}
	table_tombstones_clear(table);
	index_fit(&table->by_sk);
	index_fit(&table->by_tuple);
	index_fit(&table->by_inode);
}
