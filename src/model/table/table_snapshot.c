// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Snapshots joined into the table. The rows of an exact snapshot are in one order with the transitions and name their
 * socket by its address: the last row or transition of a socket holds, and a socket that neither names is gone. The
 * rows of the other snapshots, from /proc, come before the transitions of the same time and show what was true at some
 * moment of that time: a transition overrides them.
 */
#include <errno.h>

#include "table_internal.h"

/* Time after its transition in which a socket may be missing from the kernel's hash, where snapshots find it: connect()
 * and listen() hash the socket after the transition, and may be interrupted in between. */
#define HASHING_NS 100000000ULL

#define MINUTE_NS 60000000000ULL

/* Where this many snapshots in a row leave open whether a socket is gone, the next one need not come soon. */
enum { UNDECIDED_MAX = 8 };

/* ---- beginning ---- */

void table_begin_snapshot(struct table *table, const struct event *begin)
{
	struct link *link = NULL;
	size_t bucket;

	table->snapshot++;
	table->renewed = begin->renewed;
	table->in_snapshot = true;
	table->starved = false;
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

/* A row of /proc may be newer than the last event, or older. But where two snapshots in a row show the same other
 * state, with no event since the first began, the event of that state was lost. */
static bool is_state_proven(const struct table *table, const struct connection *conn, const struct event *row)
{
	return row->newstate == conn->contested && conn->heard_ns < table->earlier_ns;
}

/* Compares the state in a row of /proc with the known one, and corrects that where the row proves another. */
static void settle_state(const struct table *table, struct connection *conn, const struct event *row,
			 const struct change_target *target)
{
	if (row->newstate != conn->state && is_state_proven(table, conn, row)) {
		table_correct_state(conn, row->newstate, row->ts_ns, target);
		conn->since_ns = table->earlier_ns;
	}
	conn->contested = row->newstate == conn->state ? STATE_UNKNOWN : row->newstate;
}

/* True when the row, which comes after all that is known, is not of this connection. */
static bool is_row_of_another(const struct connection *conn, const struct event *row)
{
	if (conn->cookie && row->cookie && conn->cookie != row->cookie)
		return true;
	return table_is_other_life(conn, &row->tuple, row->newstate == STATE_LISTEN) ||
	       tcp_state_is_earlier(row->newstate, conn->state);
}

/* Finds the connection of a row that has an address: one known by that address, or else one that was found without an
 * address, which gets it now. */
static struct connection *find_by_row_address(struct table *table, const struct event *row,
					      struct match_criteria *criteria, const struct change_target *target)
{
	struct connection *conn = table_find_sk(table, row->sk);

	if (conn && is_row_of_another(conn, row)) { /* the death of `conn` was lost, and a birth */
		table_end_unseen(table, conn, row->ts_ns, target);
		conn = NULL;
	}
	if (conn || table->unaddressed == table->minis)
		return conn;
	criteria->unaddressed = true;
	conn = table_find(table, &row->tuple, criteria);
	if (conn)
		table_set_sk(table, conn, row->sk);
	return conn;
}

static struct connection *find_or_add_for_row(struct table *table, const struct event *row,
					      const struct change_target *target)
{
	struct match_criteria criteria = {
		.inode = row->inode, .listening = row->newstate == STATE_LISTEN, .state = row->newstate};
	struct connection *conn = row->sk ? find_by_row_address(table, row, &criteria, target)
					  : table_find(table, &row->tuple, &criteria);

	if (conn && !row->sk && tcp_state_is_earlier(row->newstate, conn->state) &&
	    is_state_proven(table, conn, row)) { /* the same tuple again */
		table_end_unseen(table, conn, row->ts_ns, target);
		conn = NULL;
	}
	if (conn)
		return conn;
	conn = table_add(table, row);
	if (!conn)
		return NULL;
	conn->state = row->newstate;
	conn->born_ns = row->ts_ns;
	conn->since_ns = row->ts_ns;
	conn->undirected = row->newstate != STATE_LISTEN && row->newstate != STATE_SYN_SENT;
	conn->untold = table->renewed;
	return conn;
}

static void apply_snapshot_row(struct table *table, struct connection *conn, const struct event *row,
			       const struct change_target *target)
{
	if (!row->sk)
		settle_state(table, conn, row, target);
	else if (conn->state != row->newstate)
		table_correct_state(conn, row->newstate, row->ts_ns, target);
	if (conn->state == row->newstate)
		table_learn_age(conn, row);
	if (row->sk) /* the row has the port of a connect, or the peer of a child (before Linux 6.15) */
		conn->tuple = row->tuple;
	else if (conn->tuple.lport == 0)
		conn->tuple.lport = row->tuple.lport;
	if (conn->tuple.lport == row->tuple.lport && conn->tuple.rport == row->tuple.rport)
		conn->tuple.family = row->tuple.family; /* IPV6_ADDRFORM changes the family */
	/* The inode is 0 once the process has closed the socket. */
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
	conn = find_or_add_for_row(table, row, target);
	if (!conn)
		return -ENOMEM;
	apply_snapshot_row(table, conn, row, target);
	for (size_t i = 0; i < row->owner_count && !err; i++)
		err = connection_add_holder(conn, &row->owners[i], table->snapshot);
	return err;
}

/* ---- holders ---- */

/* Finds the connection of a holder. A socket that was found without an address is known by its inode, and gets its
 * address now. */
static struct connection *find_held_connection(struct table *table, const struct event *event)
{
	const struct match_criteria criteria = {.inode = event->inode, .unaddressed = true};
	struct connection *conn = table_find_sk(table, event->sk);

	if (conn || table->unaddressed == table->minis)
		return conn;
	conn = table_find_inode(table, event->tuple.netns, NULL, &criteria);
	if (conn)
		table_set_sk(table, conn, event->sk);
	return conn;
}

int table_holder(struct table *table, const struct event *event, const struct change_target *target)
{
	struct change change = {.kind = CHANGE_OWNER, .ts_ns = event->ts_ns};
	bool was_open;
	int err;

	change.conn = find_held_connection(table, event);
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

/* True when the snapshot shows that a socket is gone. An exact one leaves that open of a socket whose last event came
 * just before it, which may not be hashed yet. One reading of /proc may miss a socket (rows are skipped when others
 * vanish before them). Two readings in a row that miss it, with no event of the socket since the first began, mean that
 * its death was lost. */
static bool is_socket_gone(const struct table *table, const struct event *end, struct connection *conn)
{
	if (conn->confirmed == table->snapshot)
		conn->absent = 0;
	else if (end->exact && conn->heard_ns + HASHING_NS < end->ts_ns)
		return true;
	else if (end->exact)
		conn->absent = conn->heard_ns < end->ts_ns;
	else if (conn->heard_ns < end->ts_ns)
		return ++conn->absent >= 2;
	return false;
}

/* An orphan: the process has closed the socket, and the kernel sends what was left. */
static bool is_orphan_state(uint8_t state)
{
	return state == STATE_FIN_WAIT1 || state == STATE_FIN_WAIT2 || state == STATE_LAST_ACK ||
	       state == STATE_CLOSING;
}

static void count_orphan(struct table_walker *walker, struct connection *conn)
{
	walker->table->orphans += !conn->mini && !conn->inode && is_orphan_state(conn->state) &&
				  conn->confirmed == walker->table->snapshot;
}

/* True when a socket is gone whose namespace does not exist any more. A socket outlives its namespace where a process
 * holds it, or as an orphan. So it is gone when two snapshots in a row find nobody who holds it, and, if it may be an
 * orphan, when the kernel has no more orphans than were found elsewhere. */
static bool is_socket_of_gone_netns(const struct table *table, const struct event *end, struct connection *conn)
{
	bool held = end->holders_by_row || !(end->scope & SNAPSHOT_HOLDERS) || conn->scanned == table->snapshot;

	if (held || !event_misses(end, conn->tuple.netns) || conn->heard_ns + HASHING_NS >= end->ts_ns) {
		conn->absent = 0;
		return false;
	}
	if (conn->absent < UNDECIDED_MAX)
		conn->absent++;
	return conn->absent >= 2 && (!is_orphan_state(conn->state) || end->orphans <= table->orphans);
}

/* True when the kernel's timer must have ended a minisocket: the only evidence where its namespace cannot be read.
 * TCP_TIMEWAIT_LEN (include/net/tcp.h) is a minute. In FIN_WAIT2 the time that net.ipv4.tcp_fin_timeout allows comes
 * before it, a minute too. A timer may be an eighth late. */
static bool has_mini_run_out(const struct connection *conn, uint64_t now_ns)
{
	uint64_t minutes = conn->state == STATE_FIN_WAIT2 ? 2 : 1;

	return conn->since_ns + minutes * (MINUTE_NS + MINUTE_NS / 8) < now_ns;
}

/* True when a minisocket is gone. It also ends with its namespace, which must be missed twice, since the file of a
 * namespace may be moved during a snapshot. */
static bool is_mini_gone(const struct table *table, const struct event *end, struct connection *conn)
{
	bool covered = event_covers(end, conn->tuple.netns);

	if (conn->confirmed != table->snapshot && conn->heard_ns < end->ts_ns) {
		if (covered && end->exact)
			return true;
		if (covered || event_misses(end, conn->tuple.netns))
			return ++conn->absent >= 2;
		if (has_mini_run_out(conn, end->ts_ns))
			return true;
	}
	conn->absent = 0;
	return false;
}

/* Settles a connection without a holder: counts it when it waits to be accepted, and inherits its listener's owner
 * again: that owner may be known now, or be another. A connection whose birth was not seen may be what another process
 * left. */
static void settle_unheld(struct table_walker *walker, struct connection *conn)
{
	bool lives = conn->state == STATE_ESTABLISHED || conn->state == STATE_CLOSE_WAIT;

	conn->unheld = walker->event->all_holders && !conn->owner_count && conn->inode;
	if (conn->owner_count)
		return;
	walker->table->unheld += lives && !conn->mini;
	if (conn->direction == DIRECTION_IN && (conn->born_known || conn->state == STATE_SYN_RECV) &&
	    (conn->owner_source == OWNER_INHERITED || conn->owner_source == OWNER_UNKNOWN))
		table_inherit(walker->table, conn);
}

/* Adds the holders that are known by the inode only. Where memory is short they are left out this time. */
static void add_held(const struct table_walker *walker, struct connection *conn)
{
	size_t count = 0;
	const struct held_socket *held =
		conn->inode && walker->event->held_count ? event_held(walker->event, conn->inode, &count) : NULL;

	for (size_t i = 0; i < count; i++)
		if (connection_add_holder(conn, &held[i].owner, walker->table->snapshot))
			return;
}

/* Settles which holder is the owner, now that all holders are known. Reports an owner that was open before. */
static void settle_owner(const struct table_walker *walker, struct connection *conn)
{
	struct change change = {.kind = CHANGE_OWNER, .ts_ns = walker->event->ts_ns, .conn = conn};
	bool was_open = connection_owner_is_open(conn);

	add_held(walker, conn);
	connection_settle_holders(conn, walker->table->snapshot);
	if (was_open && !connection_owner_is_open(conn))
		table_tell(walker->target, &change);
}

/* True when the snapshot shows the holders of the connection, or that there are none. A connection that was passed over
 * may have holders: its namespace could not be read, or a reading of /proc missed it. */
static bool shows_holders_of(const struct table *table, const struct event *end, const struct connection *conn)
{
	return end->scope & SNAPSHOT_HOLDERS &&
	       (!end->holders_by_row || conn->mini || conn->confirmed == table->snapshot);
}

/* Tells the birth of a connection that was found late. A row of an exact snapshot proves that the transition was lost.
 * Any other row may be older than transitions that are on their way, and a minisocket may be found before its socket's
 * →CLOSE is reported: these must be there still when another snapshot of everything ends. */
static void settle_untold(struct table_walker *walker, struct connection *conn)
{
	const struct event *end = walker->event;
	bool whole = end->scope & SNAPSHOT_SOCKETS && conn->confirmed == walker->table->snapshot;

	if (whole && ((end->exact && !conn->mini) || !conn->fresh))
		table_tell_birth(conn, end->ended_ns, walker->target);
	else
		walker->table->untold++;
}

/* Settles the direction of a connection that is older than what was seen of it: it came in where a listener has its
 * port. Where none has, either it went out, or its listener is gone. To be asked once: a listener of later has nothing
 * to do with it. */
static void settle_direction(const struct table_walker *walker, struct connection *conn)
{
	if (!conn->undirected || !(walker->event->scope & SNAPSHOT_SOCKETS))
		return;
	conn->undirected = false;
	if (table_has_listener(walker->table, conn))
		conn->direction = DIRECTION_IN;
}

static void keep_connection(struct table_walker *walker, struct connection *conn)
{
	bool waits_for_orphans = !conn->mini && is_orphan_state(conn->state) && conn->absent > 0;

	walker->table->misses_orphans = walker->table->misses_orphans || waits_for_orphans;
	walker->table->doubtful += conn->absent > 0 && conn->absent < UNDECIDED_MAX;
	settle_direction(walker, conn);
	if (conn->untold)
		settle_untold(walker, conn);
	conn->fresh = false;
	table_place(walker->table, conn);
}

static bool is_gone(const struct table *table, const struct event *end, struct connection *conn)
{
	if (conn->mini)
		return end->scope & SNAPSHOT_MINIS && is_mini_gone(table, end, conn);
	if (!event_covers(end, conn->tuple.netns))
		return is_socket_of_gone_netns(table, end, conn);
	return end->scope & SNAPSHOT_SOCKETS && is_socket_gone(table, end, conn);
}

static void settle_connection(struct table_walker *walker, struct connection *conn)
{
	struct table *table = walker->table;
	const struct event *end = walker->event;

	if (shows_holders_of(table, end, conn))
		settle_owner(walker, conn);
	if (!is_gone(table, end, conn))
		keep_connection(walker, conn);
	else if (conn->mini)
		table_end_mini(table, conn, end->ended_ns, walker->target);
	else if (!table_pass_to_mini(table, conn, end->ended_ns, walker->target))
		table_end_unseen(table, conn, end->ended_ns, walker->target);
}

void table_end_snapshot(struct table *table, const struct event *end, const struct change_target *target)
{
	struct table_walker walker = {.table = table, .event = end, .target = target, .visit = settle_connection};

	table->joining = false;
	table->orphans = 0;
	if (table->misses_orphans) {
		walker.visit = count_orphan;
		table_walk(&walker);
		walker.visit = settle_connection;
	}
	table->misses_orphans = false;
	table->doubtful = 0;
	table->untold = 0;
	if (end->scope & SNAPSHOT_SOCKETS)
		table->known_whole = true;
	table_walk(&walker);
	if (end->scope & SNAPSHOT_HOLDERS) { /* all listeners are settled by now, and gone sockets dropped */
		table->unheld = 0;
		walker.visit = settle_unheld;
		table_walk(&walker);
	}
	table_tombstones_clear(table);
	table->in_snapshot = false;
	index_fit(&table->by_sk);
	index_fit(&table->by_tuple);
	index_fit(&table->by_inode);
}
