// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The connections in the table, and how one is found. */
#include <stdlib.h>

#include "table_internal.h"

/* ---- indexes ---- */

static void set_tuple_index(struct table *table, struct connection *conn, bool indexed)
{
	uint64_t key = indexed ? tuple_hash(&table->by_tuple.secret, &conn->tuple) : 0;

	if (indexed == conn->tuple_indexed && (!indexed || conn->by_tuple.key == key))
		return;
	if (conn->tuple_indexed)
		index_remove(&table->by_tuple, &conn->by_tuple);
	if (indexed)
		index_insert(&table->by_tuple, &conn->by_tuple, key);
	conn->tuple_indexed = indexed;
}

static void set_inode_index(struct table *table, struct connection *conn, bool indexed)
{
	if (indexed == conn->inode_indexed && (!indexed || conn->by_inode.key == conn->inode))
		return;
	if (conn->inode_indexed)
		index_remove(&table->by_inode, &conn->by_inode);
	if (indexed)
		index_insert(&table->by_inode, &conn->by_inode, conn->inode);
	conn->inode_indexed = indexed;
}

/* Many connects without a port share one tuple: they are known by their inode. */
void table_place(struct table *table, struct connection *conn)
{
	bool findable = table->joining || conn->by_sk.key == 0;
	bool portless = conn->tuple.lport == 0 && conn->state == STATE_SYN_SENT && conn->by_sk.key;

	set_tuple_index(table, conn, (findable && !portless) || conn->state == STATE_LISTEN);
	set_inode_index(table, conn, findable && conn->inode);
}

void table_set_sk(struct table *table, struct connection *conn, uint64_t sk)
{
	if (conn->by_sk.key == sk)
		return;
	if (conn->by_sk.key)
		index_remove(&table->by_sk, &conn->by_sk);
	else
		table->unaddressed--;
	conn->by_sk.key = 0;
	if (sk)
		index_insert(&table->by_sk, &conn->by_sk, sk);
	else
		table->unaddressed++;
}

void table_set_mini(struct table *table, struct connection *conn)
{
	if (conn->mini)
		return;
	set_inode_index(table, conn, false); /* its link makes room for what is known of the socket's close */
	conn->inode = 0;
	conn->closing = NULL;
	conn->mini = true;
	table->minis++;
}

void table_count_mini(struct table *table, struct connection *conn)
{
	if (conn->counted)
		table->minis_in[conn->counted]--;
	conn->counted = conn->state;
	table->minis_in[conn->counted]++;
}

/* ---- adding and dropping ---- */

struct connection *table_add(struct table *table, const struct event *event)
{
	struct connection *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->id = ++table->next_id;
	conn->tuple = event->tuple;
	conn->cookie = event->cookie;
	conn->uid = event->uid;
	conn->inode = event->inode;
	conn->recvq = QUEUE_UNKNOWN;
	conn->sendq = QUEUE_UNKNOWN;
	conn->owner.fd = FD_UNKNOWN;
	conn->fresh = table->in_snapshot;
	table->count++;
	table->unaddressed++;
	if (event->sk)
		table_set_sk(table, conn, event->sk);
	return conn;
}

/* Frees a connection that has left the table, or only marks it as gone while changes are held that refer to it. */
static void free_or_mark_gone(struct connection *conn)
{
	conn->gone = true;
	if (!conn->held)
		connection_free(conn);
}

void table_drop(struct table *table, struct connection *conn)
{
	set_tuple_index(table, conn, false);
	set_inode_index(table, conn, false);
	if (conn->by_sk.key)
		index_remove(&table->by_sk, &conn->by_sk);
	else
		table->unaddressed--;
	table->minis -= conn->mini;
	if (conn->counted)
		table->minis_in[conn->counted]--;
	table->count--;
	free_or_mark_gone(conn);
}

/* ---- finding ---- */

struct connection *table_find_sk(const struct table *table, uint64_t sk)
{
	struct link *link = sk ? index_find(&table->by_sk, sk) : NULL;

	return link ? BY_SK(link) : NULL;
}

static bool meets_criteria(const struct connection *conn, const struct match_criteria *criteria)
{
	if (criteria->unaddressed && conn->by_sk.key)
		return false;
	if ((conn->state == STATE_LISTEN) != criteria->listening || conn->mini != criteria->mini)
		return false;
	return !criteria->inode || !conn->inode || conn->inode == criteria->inode;
}

/* True if connection `a` fits better than `b`. One that is known to have the tuple's interface is better than one whose
 * interface is not known. /proc does not show the interface: of the connections that a row of it fits, one is better
 * that no row of the same snapshot has shown, then one that is in the row's state, then the younger. */
static bool fits_better(const struct table *table, const struct connection *a, const struct connection *b,
			const struct tuple *tuple, uint8_t state)
{
	bool a_shown = a->confirmed == table->snapshot, b_shown = b->confirmed == table->snapshot;

	if (tuple->interface != INTERFACE_UNKNOWN)
		return a->tuple.interface == tuple->interface && b->tuple.interface != tuple->interface;
	if (a_shown != b_shown)
		return b_shown;
	if ((a->state == state) != (b->state == state))
		return a->state == state;
	return a->since_ns > b->since_ns;
}

/* Finds the connection of this tuple that meets the criteria. Of several, the one is taken whose inode is known to be
 * the same, or else the one that fits best. */
struct connection *table_find_tuple(const struct table *table, const struct tuple *tuple,
				    const struct match_criteria *criteria)
{
	struct link *link = index_find(&table->by_tuple, tuple_hash(&table->by_tuple.secret, tuple));
	struct connection *found = NULL;

	for (; link; link = index_find_next(link)) {
		struct connection *conn = BY_TUPLE(link);

		if (!tuple_may_equal(&conn->tuple, tuple) || !meets_criteria(conn, criteria))
			continue;
		if (criteria->inode && conn->inode == criteria->inode)
			return conn;
		if (!found || fits_better(table, conn, found, tuple, criteria->state))
			found = conn;
	}
	return found;
}

bool table_is_other_life(const struct connection *conn, const struct tuple *tuple, bool listening)
{
	const struct tuple *known = &conn->tuple;

	if ((conn->state == STATE_LISTEN) != listening || known->netns != tuple->netns)
		return true;
	if (known->lport && tuple->lport && known->lport != tuple->lport)
		return true;
	return known->rport && tuple->rport &&
	       (known->rport != tuple->rport || !address_equal(&known->raddr, &tuple->raddr));
}

struct connection *table_find_inode(const struct table *table, uint32_t netns, const struct tuple *tuple,
				    const struct match_criteria *criteria)
{
	struct link *link = criteria->inode ? index_find(&table->by_inode, criteria->inode) : NULL;

	for (; link; link = index_find_next(link)) {
		struct connection *conn = BY_INODE(link);

		if (conn->tuple.netns != netns || (criteria->unaddressed && conn->by_sk.key))
			continue;
		if (!tuple || !table_is_other_life(conn, tuple, criteria->listening))
			return conn;
	}
	return NULL;
}

struct connection *table_find(const struct table *table, const struct tuple *tuple,
			      const struct match_criteria *criteria)
{
	struct connection *conn = table_find_inode(table, tuple->netns, tuple, criteria);

	return conn ? conn : table_find_tuple(table, tuple, criteria);
}

void table_walk(struct table_walker *walker)
{
	struct table *table = walker->table;
	struct link *link, *next;
	size_t bucket;

	for (link = index_each(&table->by_sk, NULL, &bucket); link; link = next) {
		next = index_each(&table->by_sk, link, &bucket);
		walker->visit(walker, BY_SK(link));
	}
	for (link = index_each(&table->by_tuple, NULL, &bucket); link; link = next) {
		next = index_each(&table->by_tuple, link, &bucket);
		if (BY_TUPLE(link)->by_sk.key == 0)
			walker->visit(walker, BY_TUPLE(link));
	}
}
