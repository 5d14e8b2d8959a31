// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RECENT_SLOTS = 64 };

/* A death that comes twice within this is one death reported twice. */
#define DUPLICATE_NS 10000000ULL

struct death {
	uint64_t sk;
	uint64_t ts_ns;
};

struct table {
	/* Every connection with an address. */
	struct index by_sk;
	/* What must be found by its tuple: listeners, connections without an address, and while a
	 * snapshot is being joined all others too. */
	struct index by_tuple;
	/* Connections without an address, and while joining all others: by the inode, which names a socket for certain.
	 */
	struct index by_inode;
	size_t count;
	size_t unaddressed; /* connections without an address */
	uint64_t next_id;
	uint64_t repeats;
	uint64_t snapshot_ns; /* when the reading of the last snapshot began */
	uint64_t earlier_ns;  /* and of the one before */
	uint32_t snapshot;    /* its number; 0: none yet */
	bool joining;
	struct death recent[RECENT_SLOTS];
};

#define BY_SK(entry)    LINK_OWNER(entry, struct connection, by_sk)
#define BY_TUPLE(entry) LINK_OWNER(entry, struct connection, by_tuple)
#define BY_INODE(entry) LINK_OWNER(entry, struct connection, by_inode)

struct table *table_new(void)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	if (index_init(&table->by_sk) || index_init(&table->by_tuple) || index_init(&table->by_inode)) {
		table_free(table);
		return NULL;
	}
	return table;
}

static void set_tuple_index(struct table *table, struct connection *conn, bool wanted)
{
	uint64_t key = wanted ? tuple_hash(&conn->tuple) : 0;

	if (wanted == conn->tuple_indexed && (!wanted || conn->by_tuple.key == key))
		return;
	if (conn->tuple_indexed)
		index_remove(&table->by_tuple, &conn->by_tuple);
	if (wanted)
		index_insert(&table->by_tuple, &conn->by_tuple, key);
	conn->tuple_indexed = wanted;
}

static void set_inode_index(struct table *table, struct connection *conn, bool wanted)
{
	if (wanted == conn->inode_indexed && (!wanted || conn->by_inode.key == conn->inode))
		return;
	if (conn->inode_indexed)
		index_remove(&table->by_inode, &conn->by_inode);
	if (wanted)
		index_insert(&table->by_inode, &conn->by_inode, conn->inode);
	conn->inode_indexed = wanted;
}

void table_free(struct table *table)
{
	struct link *link, *next;
	size_t bucket;

	if (!table)
		return;
	for (link = table->by_sk.buckets ? index_each(&table->by_sk, NULL, &bucket) : NULL; link; link = next) {
		next = index_each(&table->by_sk, link, &bucket);
		set_tuple_index(table, BY_SK(link), false);
		connection_free(BY_SK(link));
	}
	for (link = table->by_tuple.buckets ? index_each(&table->by_tuple, NULL, &bucket) : NULL; link; link = next) {
		next = index_each(&table->by_tuple, link, &bucket);
		connection_free(BY_TUPLE(link));
	}
	index_free(&table->by_sk);
	index_free(&table->by_tuple);
	index_free(&table->by_inode);
	free(table);
}

uint64_t table_repeats(const struct table *table)
{
	return table->repeats;
}

size_t table_count(const struct table *table)
{
	return table->count;
}

void table_each(const struct table *table, void (*visit)(void *context, struct connection *conn), void *context)
{
	struct link *link = NULL;
	size_t bucket;

	while ((link = index_each(&table->by_sk, link, &bucket)))
		visit(context, BY_SK(link));
	while ((link = index_each(&table->by_tuple, link, &bucket)))
		if (BY_TUPLE(link)->by_sk.key == 0)
			visit(context, BY_TUPLE(link));
}

/* ---- membership ---- */

/* Connects without a port are many under one tuple, and known by their inode. */
static void place(struct table *table, struct connection *conn)
{
	bool findable = table->joining || conn->by_sk.key == 0;
	bool portless = conn->tuple.lport == 0 && conn->state == STATE_SYN_SENT && conn->by_sk.key;

	set_tuple_index(table, conn, (findable && !portless) || conn->state == STATE_LISTEN);
	set_inode_index(table, conn, findable && conn->inode);
}

static void set_sk(struct table *table, struct connection *conn, uint64_t sk)
{
	if (conn->by_sk.key == sk)
		return;
	if (conn->by_sk.key == 0)
		table->unaddressed--;
	index_insert(&table->by_sk, &conn->by_sk, sk);
}

static struct connection *connection_new(struct table *table, const struct event *event)
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
	table->count++;
	table->unaddressed++;
	if (event->sk)
		set_sk(table, conn, event->sk);
	return conn;
}

static void forget(struct table *table, struct connection *conn)
{
	set_tuple_index(table, conn, false);
	set_inode_index(table, conn, false);
	if (conn->by_sk.key)
		index_remove(&table->by_sk, &conn->by_sk);
	else
		table->unaddressed--;
	table->count--;
	connection_free(conn);
}

static struct connection *find_sk(const struct table *table, uint64_t sk)
{
	struct link *link = sk ? index_find(&table->by_sk, sk) : NULL;

	return link ? BY_SK(link) : NULL;
}

/* What to look for beside a tuple. Another inode under one tuple is another socket: one of several that listen there,
 * or an earlier or later one whose death and birth are still to be told. */
struct wanted {
	uint32_t inode; /* 0: any */
	bool listening; /* a listener, or else none: a child has its listener's tuple for a moment
			   (connection_lacks_peer()) */
	bool unaddressed;
	bool mini;
};

static bool fits(const struct connection *conn, const struct wanted *wanted)
{
	if (wanted->unaddressed && conn->by_sk.key)
		return false;
	if ((conn->state == STATE_LISTEN) != wanted->listening || conn->mini != wanted->mini)
		return false;
	return !wanted->inode || !conn->inode || conn->inode == wanted->inode;
}

/* The connection of this tuple that fits; of several, the one whose inode is known to be the same. */
static struct connection *find_tuple(const struct table *table, const struct tuple *tuple, const struct wanted *wanted)
{
	struct connection *found = NULL;

	for (struct link *link = index_find(&table->by_tuple, tuple_hash(tuple)); link; link = index_find_next(link)) {
		struct connection *conn = BY_TUPLE(link);

		if (!tuple_equal(&conn->tuple, tuple) || !fits(conn, wanted))
			continue;
		if (wanted->inode && conn->inode == wanted->inode)
			return conn;
		if (!found)
			found = conn;
	}
	return found;
}

static struct connection *find_inode(const struct table *table, uint32_t netns, const struct wanted *wanted)
{
	struct link *link = wanted->inode ? index_find(&table->by_inode, wanted->inode) : NULL;

	for (; link; link = index_find_next(link)) {
		struct connection *conn = BY_INODE(link);

		if (conn->tuple.netns == netns && (!wanted->unaddressed || conn->by_sk.key == 0))
			return conn;
	}
	return NULL;
}

static struct connection *find(const struct table *table, const struct tuple *tuple, const struct wanted *wanted)
{
	struct connection *conn = find_inode(table, tuple->netns, wanted);

	return conn ? conn : find_tuple(table, tuple, wanted);
}

/* ---- owners ---- */

/* A child's owner, until better is known, is its listener's. Listeners that share an address (SO_REUSEPORT) but
 * not their owner leave it unknown: nothing tells which of them the child belongs to. */
static bool inherit_from(struct table *table, struct connection *child, const struct tuple *listener)
{
	const struct owner *owner = NULL;
	bool found = false;

	for (struct link *link = index_find(&table->by_tuple, tuple_hash(listener)); link;
	     link = index_find_next(link)) {
		const struct connection *conn = BY_TUPLE(link);

		if (conn->state != STATE_LISTEN || !tuple_equal(&conn->tuple, listener))
			continue;
		if (found && (!owner || owner->pid != conn->owner.pid))
			owner = NULL;
		else
			owner = conn->owner.pid ? &conn->owner : NULL;
		found = true;
	}
	if (owner) {
		connection_set_owner(child, owner, OWNER_INHERITED);
		child->owner.fd = FD_UNKNOWN;
	}
	return found;
}

/* The listener at the child's own address, or at one of the wildcards that take it. */
static void inherit(struct table *table, struct connection *child)
{
	static const uint8_t zeros[4];
	const struct address any_ipv4 = address_from_ipv4(zeros), any_ipv6 = {{0}};
	struct tuple listener = child->tuple;

	listener.raddr = listener.family == 4 ? any_ipv4 : any_ipv6;
	listener.rport = 0;
	if (inherit_from(table, child, &listener))
		return;
	listener.laddr = listener.raddr;
	if (inherit_from(table, child, &listener) || listener.family == 4 || !address_is_ipv4(&child->tuple.laddr))
		return;
	listener.laddr = any_ipv4;
	inherit_from(table, child, &listener);
}

/* ---- transitions ---- */

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
	struct connection *conn = connection_new(table, event);

	if (!conn)
		return NULL;
	conn->born_ns = event->ts_ns;
	conn->born_known = true;
	if (event->newstate == STATE_SYN_RECV) {
		conn->direction = DIRECTION_IN;
		inherit(table, conn);
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
	struct connection *conn = find(table, &event->tuple, &wanted);

	if (conn) {
		set_sk(table, conn, event->sk);
		/* The row may be newer than this event; whichever state it shows, the socket has been in
		 * oldstate since before the first event, which is this one. */
		conn->state = event->oldstate;
		return conn;
	}
	conn = connection_new(table, event);
	if (conn) {
		conn->state = event->oldstate;
		conn->born_ns = event->ts_ns;
	}
	return conn;
}

/* A connection that was born before our eyes has its full tuple now: if a snapshot found a socket of that
 * tuple meanwhile, that was this one. */
static int absorb_row(struct table *table, struct connection *conn, const struct event *event)
{
	const struct wanted wanted = {
		.inode = conn->inode, .listening = event->newstate == STATE_LISTEN, .unaddressed = true};
	struct connection *row;
	int err = 0;

	if (table->unaddressed == 0)
		return 0;
	row = find_inode(table, conn->tuple.netns, &wanted);
	if (!row && conn->tuple.lport)
		row = find_tuple(table, &conn->tuple, &wanted);
	if (!row)
		return 0;
	if (!conn->inode)
		conn->inode = row->inode;
	if (!conn->tuple.lport)
		conn->tuple.lport = row->tuple.lport;
	conn->recvq = row->recvq;
	conn->sendq = row->sendq;
	conn->confirmed = row->confirmed;
	if (row->owner_count)
		err = connection_set_holders(conn, row->owners ? row->owners : &row->owner, row->owner_count);
	forget(table, row);
	return err;
}

/* True when the tuple is another one now. */
static bool learn(struct connection *conn, const struct event *event)
{
	uint16_t lport = event->tuple.lport;
	struct tuple before = conn->tuple;

	/* A connect() that never got to send has no port, and may show the one of an earlier attempt. */
	if (lport == 0 || (event->closing && !event->closing->sent && event->oldstate == STATE_SYN_SENT))
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

static int apply_transition(struct table *table, const struct event *event, change_handler *handler, void *context)
{
	struct connection *conn = find_sk(table, event->sk);
	bool born = event_is_birth(event);
	struct change change;
	int err = 0;

	if (conn ? is_duplicate(conn, event) : died_already(table, event)) {
		table->repeats++;
		return 0;
	}
	if (conn && (born || is_another(conn, event))) { /* its death was lost */
		forget(table, conn);
		conn = NULL;
	}
	if (!conn)
		conn = born ? be_born(table, event) : recognise(table, event);
	if (!conn)
		return -ENOMEM;
	if (learn(conn, event) || born)
		err = absorb_row(table, conn, event);
	change = step(conn, event, born);
	place(table, conn);
	if (handler)
		handler(context, &change);
	if (event->newstate == STATE_CLOSE) {
		*recent_slot(table, event->sk) = (struct death){.sk = event->sk, .ts_ns = event->ts_ns};
		forget(table, conn);
		index_fit(&table->by_sk);
	}
	return err;
}

void table_forget(struct table *table, uint64_t sk)
{
	struct connection *conn = find_sk(table, sk);

	if (conn)
		forget(table, conn);
}

/* ---- snapshots ---- */

static void begin_snapshot(struct table *table, const struct event *event)
{
	struct link *link = NULL;
	size_t bucket;

	table->snapshot++;
	table->earlier_ns = table->snapshot_ns;
	table->snapshot_ns = event->ts_ns;
	table->joining = true;
	while ((link = index_each(&table->by_sk, link, &bucket)))
		place(table, BY_SK(link));
}

/* The row of a known connection may be newer than its last event, or older. But where two snapshots in a row say the
 * same other state, with no event since the first began, the event that would say so was lost. */
static void settle_state(const struct table *table, struct connection *conn, uint8_t state)
{
	bool quiet = conn->heard_ns < table->earlier_ns;

	if (state != conn->state && state == conn->contested && quiet) {
		conn->state = state;
		conn->oldstate = STATE_UNKNOWN;
		conn->since_ns = table->earlier_ns;
		conn->since_known = false;
	}
	conn->contested = state == conn->state ? STATE_UNKNOWN : state;
}

static int apply_row(struct table *table, const struct event *row)
{
	const struct wanted wanted = {
		.inode = row->inode, .listening = row->newstate == STATE_LISTEN, .mini = row->mini};
	struct connection *conn = find(table, &row->tuple, &wanted);

	if (!conn) {
		conn = connection_new(table, row);
		if (!conn)
			return -ENOMEM;
		conn->state = row->newstate;
		conn->mini = row->mini;
		conn->born_ns = table->snapshot_ns;
		conn->since_ns = table->snapshot_ns;
	}
	settle_state(table, conn, row->newstate);
	if (conn->tuple.lport == 0)
		conn->tuple.lport = row->tuple.lport;
	if (conn->tuple.lport == row->tuple.lport && conn->tuple.rport == row->tuple.rport)
		conn->tuple.family = row->tuple.family; /* IPV6_ADDRFORM */
	if (row->inode)
		conn->inode = row->inode;
	place(table, conn);
	conn->recvq = row->recvq;
	conn->sendq = row->sendq;
	conn->confirmed = table->snapshot;
	return connection_set_holders(conn, row->owners, row->owner_count);
}

/* No event tells the end of a minisocket: it is there as long as snapshots show it.
 * One snapshot may miss a socket (rows are skipped when others vanish before them); two in a row, with no
 * event of the socket since the first began, mean that its death was lost. */
static bool is_gone(const struct table *table, const struct event *end, struct connection *conn)
{
	if (conn->confirmed == table->snapshot || conn->heard_ns >= table->snapshot_ns ||
	    !event_covers(end, conn->tuple.netns)) {
		conn->absent = 0;
		return false;
	}
	return ++conn->absent >= 2 || conn->mini;
}

static void settle(struct table *table, const struct event *end, struct connection *conn)
{
	if (is_gone(table, end, conn))
		forget(table, conn);
	else
		place(table, conn);
}

static void end_snapshot(struct table *table, const struct event *end)
{
	struct link *link, *next;
	size_t bucket;

	table->joining = false;
	for (link = index_each(&table->by_sk, NULL, &bucket); link; link = next) {
		next = index_each(&table->by_sk, link, &bucket);
		settle(table, end, BY_SK(link));
	}
	for (link = index_each(&table->by_tuple, NULL, &bucket); link; link = next) {
		next = index_each(&table->by_tuple, link, &bucket);
		if (BY_TUPLE(link)->by_sk.key == 0)
			settle(table, end, BY_TUPLE(link));
	}
	index_fit(&table->by_sk);
	index_fit(&table->by_tuple);
	index_fit(&table->by_inode);
}

int table_apply(struct table *table, const struct event *event, change_handler *handler, void *context)
{
	switch (event->kind) {
	case EVENT_TRANSITION:
		return apply_transition(table, event, handler, context);
	case EVENT_SNAPSHOT_BEGIN:
		begin_snapshot(table, event);
		return 0;
	case EVENT_ROW:
		return apply_row(table, event);
	case EVENT_SNAPSHOT_END:
		end_snapshot(table, event);
		return 0;
	}
	return -EINVAL;
}
