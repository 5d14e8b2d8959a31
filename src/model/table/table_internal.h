/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the files of the connection table share; nobody else's affair. Each calls only those before it: table_members.c,
 * table_tombstones.c, table_owner.c, table_minisockets.c, table_snapshot.c and table_transition.c; and at the top
 * table.c.
 */
#include "table.h"

enum { RECENT_SLOTS = 64 };

struct death {
	uint64_t sk;
	uint64_t ts_ns;
};

struct table {
	/* Every connection with an address. */
	struct index by_sk;
	/* What must be found by its tuple: listeners, connections without an address, and while a snapshot
	 * whose rows have none is being joined all others too. */
	struct index by_tuple;
	/* The same, by the inode, which names a socket for certain. */
	struct index by_inode;
	size_t count;
	size_t unaddressed; /* connections without an address */
	size_t doubtful;    /* see table_doubtful() */
	size_t unheld;      /* see table_unheld() */
	size_t minis;       /* of these: minisockets and request sockets */
	uint64_t next_id;
	uint64_t repeats;
	uint64_t strangers;
	uint64_t snapshot_ns; /* when the reading of the last snapshot of sockets began */
	uint64_t earlier_ns;  /* and of the one before */
	uint32_t snapshot;    /* the number of the last snapshot of any kind; 0: none yet */
	bool joining;         /* a snapshot whose rows have no address */
	bool known_whole;     /* a snapshot of all sockets has been joined */
	struct death recent[RECENT_SLOTS];
	struct index dead; /* while an exact snapshot is taken: struct tombstone, by address */
	bool keeps_tombstones;
};

#define BY_SK(entry)    LINK_OWNER(entry, struct connection, by_sk)
#define BY_TUPLE(entry) LINK_OWNER(entry, struct connection, by_tuple)
#define BY_INODE(entry) LINK_OWNER(entry, struct connection, by_inode)

/* Receives the changes. */
struct change_target {
	change_handler *handler; /* NULL: nobody */
	void *context;
};

static inline void table_tell(const struct change_target *target, const struct change *change)
{
	if (target->handler)
		target->handler(target->context, change);
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

/* ---- table_members.c: who is in it, and how one is found ---- */

struct connection *table_add(struct table *table, const struct event *event); /* NULL when memory is short */
void table_drop(struct table *table, struct connection *conn);

/* Gives it the address `sk`, or with 0 takes it away. */
void table_set_sk(struct table *table, struct connection *conn, uint64_t sk);

/* From now on it has no socket. */
void table_set_mini(struct table *table, struct connection *conn);

/* Into the indexes that it belongs into as it is now. */
void table_place(struct table *table, struct connection *conn);

struct connection *table_find_sk(const struct table *table, uint64_t sk);
struct connection *table_find_tuple(const struct table *table, const struct tuple *tuple, const struct wanted *wanted);
struct connection *table_find_inode(const struct table *table, uint32_t netns, const struct wanted *wanted);
struct connection *table_find(const struct table *table, const struct tuple *tuple, const struct wanted *wanted);

/* Gives each connection to `visit`, which may drop that one. */
struct walk;
typedef void walk_visitor(struct walk *walk, struct connection *conn);
struct walk {
	struct table *table;
	const struct event *event;
	const struct change_target *target;
	walk_visitor *visit;
};
void table_walk(struct walk *walk);

/* ---- table_tombstones.c ---- */

/* A connection of this address ended: until the snapshot's end, no row of it counts. 0 or -ENOMEM. */
int table_tombstone_add(struct table *table, uint64_t sk);
void table_tombstone_remove(struct table *table, uint64_t sk);
void table_tombstones_clear(struct table *table);

/* ---- table_owner.c ---- */

/* A child's owner, until better is known, is its listener's. */
void table_inherit(struct table *table, struct connection *child);

int table_accept(struct table *table, const struct event *event, const struct change_target *target);

/* To be called at each transition, before it is applied. */
void table_learn_closer(struct connection *conn, const struct event *event);

/* ---- table_minisockets.c ---- */

/* The socket has closed, and a minisocket has taken its place. Tells of a TIME_WAIT; the connection stays, without an
 * address. */
int table_become_mini(struct table *table, struct connection *conn, const struct event *event, struct change *change,
		      const struct change_target *target);

int table_mini_row(struct table *table, const struct event *row, const struct change_target *target);

/* It is there no more, at `ts_ns`. */
void table_end_mini(struct table *table, struct connection *conn, uint64_t ts_ns, const struct change_target *target);

/* Another connection has its tuple: it is there no more. */
void table_end_minis_of(struct table *table, const struct connection *conn, uint64_t ts_ns,
			const struct change_target *target);

/* ---- table_snapshot.c ---- */

void table_begin_snapshot(struct table *table, const struct event *begin);
int table_row(struct table *table, const struct event *row, const struct change_target *target);
int table_holder(struct table *table, const struct event *event, const struct change_target *target);
void table_end_snapshot(struct table *table, const struct event *end, const struct change_target *target);

/* ---- table_transition.c ---- */

int table_transition(struct table *table, const struct event *event, const struct change_target *target);
