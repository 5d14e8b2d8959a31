/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Internal to table_*.c. Each file calls only the files before it in this order: table_members.c, table_tombstones.c,
 * table_owner.c, table_healing.c, table_minisockets.c, table_snapshot.c, table_transition.c, and at the top table.c.
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
	/* By tuple: listeners, connections without an address, and all others too while a snapshot without addresses
	 * is joined. A connect() without a port that has an address is not among them. */
	struct index by_tuple;
	/* By inode, which names a socket for certain: connections without an address, and all others too while a
	 * snapshot without addresses is joined. Only those whose inode is known. */
	struct index by_inode;
	size_t count;
	size_t unaddressed;           /* connections without an address */
	size_t doubtful;              /* see table_doubtful() */
	size_t untold;                /* see table_untold() */
	size_t unheld;                /* see table_unheld() */
	size_t minis;                 /* of the unaddressed: minisockets and request sockets */
	size_t minis_in[STATE_COUNT]; /* the same by state */
	uint64_t next_id;
	uint64_t repeats;
	uint64_t strangers;
	uint64_t snapshot_ns; /* time at which the reading of the last snapshot of sockets began */
	uint64_t earlier_ns;  /* the same of the snapshot of sockets before that */
	uint32_t snapshot;    /* number of the last snapshot of any kind; 0: none yet */
	bool joining;         /* a snapshot whose rows have no address is being joined */
	bool known_whole;     /* a snapshot of all sockets has been joined */
	bool renewed;         /* of the last snapshot: what it finds was not seen to be born */
	bool in_snapshot;     /* a snapshot is being joined */
	bool misses_orphans;  /* the last snapshot left open whether an orphan is gone with its namespace */
	size_t orphans;       /* found by the last snapshot; counted only if the one before left that open, else 0 */
	bool starved;         /* see table_starved() */
	struct death recent[RECENT_SLOTS];
	struct index dead; /* while an exact snapshot is taken: struct tombstone, by address */
	bool keeps_tombstones;
};

#define BY_SK(entry)    LINK_OWNER(entry, struct connection, by_sk)
#define BY_TUPLE(entry) LINK_OWNER(entry, struct connection, by_tuple)
#define BY_INODE(entry) LINK_OWNER(entry, struct connection, by_inode)

/* Receives the changes. */
struct change_target {
	change_handler *handler; /* NULL: nobody receives the changes */
	void *context;
};

static inline void table_tell(const struct change_target *target, const struct change *change)
{
	if (target->handler)
		target->handler(target->context, change);
}

/* Criteria that a connection must match besides its tuple. Another inode under one tuple is another socket: one of
 * several that listen there, or an earlier or later one whose death and birth have not been reported yet. A connection
 * found by its inode need only match `unaddressed`. */
struct match_criteria {
	uint32_t inode;   /* 0: any; a connection whose inode is not known matches too */
	bool listening;   /* true: only listeners; false: none, since a child has its listener's tuple for a
			     moment (connection_lacks_peer()) */
	bool unaddressed; /* true: only a connection without an address */
	bool mini;        /* true: only minisockets; false: none */
	uint8_t state;    /* of several that a row of /proc fits, one in this state is preferred */
};

/* ---- table_members.c: the connections in the table, and how one is found ---- */

struct connection *table_add(struct table *table, const struct event *event); /* NULL when memory is short */
void table_drop(struct table *table, struct connection *conn);

/* Sets the address of the connection to `sk`; 0 takes the address away. */
void table_set_sk(struct table *table, struct connection *conn, uint64_t sk);

/* Makes the connection a minisocket: from now on it has no socket. */
void table_set_mini(struct table *table, struct connection *conn);

/* Counts a minisocket in the state that it has now. To be called whenever that has changed. */
void table_count_mini(struct table *table, struct connection *conn);

/* Puts the connection into by_tuple and by_inode where it now belongs there, and takes it out where it does not. */
void table_place(struct table *table, struct connection *conn);

struct connection *table_find_sk(const struct table *table, uint64_t sk);
struct connection *table_find_tuple(const struct table *table, const struct tuple *tuple,
				    const struct match_criteria *criteria);

/* Finds by criteria->inode. `tuple`: of the socket, or NULL where only its namespace `netns` is known. */
struct connection *table_find_inode(const struct table *table, uint32_t netns, const struct tuple *tuple,
				    const struct match_criteria *criteria);
struct connection *table_find(const struct table *table, const struct tuple *tuple,
			      const struct match_criteria *criteria);

/* True when a socket with this tuple cannot be in this connection, though it may be the same socket: that keeps its
 * address, cookie and inode when it connects again, or listens. A tuple of which not all is known fits. `listening`: it
 * is in LISTEN. */
bool table_is_other_life(const struct connection *conn, const struct tuple *tuple, bool listening);

/* A walk over all connections: table_walk() hands each one to `visit`, which may drop that one. */
struct table_walker;
typedef void walk_visitor(struct table_walker *walker, struct connection *conn);
struct table_walker {
	struct table *table;
	const struct event *event;
	const struct change_target *target;
	walk_visitor *visit;
};
void table_walk(struct table_walker *walker);

/* ---- table_tombstones.c ---- */

/* Notes that the connection of this address ended: until the snapshot's end, no row of it counts. 0 or -ENOMEM. */
int table_tombstone_add(struct table *table, uint64_t sk);
void table_tombstone_remove(struct table *table, uint64_t sk);
void table_tombstones_clear(struct table *table);

/* ---- table_owner.c ---- */

/* Gives a child the owner of its listener, until a better one is known. */
void table_inherit(struct table *table, struct connection *child);

/* True when a listener has the local port of the connection, at its address or at a wildcard address. */
bool table_has_listener(const struct table *table, const struct connection *conn);

int table_accept(struct table *table, const struct event *event, const struct change_target *target);

/* Learns the owner from the process that closes or shuts down the socket. To be called at each transition, before it is
 * applied. */
void table_learn_closer(struct connection *conn, const struct event *event);

/* ---- table_healing.c: lines for what no transition reported ---- */

/* Sets the state, and makes the change for it. The change was at some time between the last word of the connection
 * (heard_ns) and ts_ns: its spans are lower bounds. */
struct change table_derive(struct connection *conn, uint8_t newstate, uint64_t ts_ns);

/* True while nothing has told of the connection: it is untold, or the snapshot that is being joined has found it. */
bool table_keeps_silent(const struct connection *conn);

/* Tells the birth of an untold connection: from CLOSE to its state. */
void table_tell_birth(struct connection *conn, uint64_t ts_ns, const struct change_target *target);

/* Sets the state that was found, and tells the transition to it, unless the connection is untold. */
void table_correct_state(struct connection *conn, uint8_t state, uint64_t ts_ns, const struct change_target *target);

/* Tells the end, unless the connection is untold, and drops the connection. */
void table_end_unseen(struct table *table, struct connection *conn, uint64_t ts_ns, const struct change_target *target);

/* Learns from a row that shows the connection in its state how long it has been there, and has existed, at least. */
void table_learn_age(struct connection *conn, const struct event *row);

/* ---- table_minisockets.c ---- */

/* Makes the minisocket that a snapshot has found in the place of `conn` the same connection, and drops `conn`. False
 * when there is no such minisocket. */
bool table_pass_to_mini(struct table *table, struct connection *conn, uint64_t ts_ns,
			const struct change_target *target);

/* Turns a connection whose socket has closed into the minisocket that has taken its place. Reports a TIME_WAIT; the
 * connection stays in the table, without an address. */
void table_become_mini(struct table *table, struct connection *conn, const struct event *event, struct change *change,
		       const struct change_target *target);

int table_mini_row(struct table *table, const struct event *row, const struct change_target *target);
void table_mini_answer(struct table *table, const struct event *answer, const struct change_target *target);

/* Ends a minisocket that no longer exists at `ts_ns`. */
void table_end_mini(struct table *table, struct connection *conn, uint64_t ts_ns, const struct change_target *target);

/* Ends the minisocket that has the tuple of `conn`, another connection: the minisocket no longer exists. */
void table_end_minis_of(struct table *table, const struct connection *conn, uint64_t ts_ns,
			const struct change_target *target);

/* ---- table_snapshot.c ---- */

void table_begin_snapshot(struct table *table, const struct event *begin);
int table_row(struct table *table, const struct event *row, const struct change_target *target);
int table_holder(struct table *table, const struct event *event, const struct change_target *target);
void table_end_snapshot(struct table *table, const struct event *end, const struct change_target *target);

/* ---- table_transition.c ---- */

int table_transition(struct table *table, const struct event *event, const struct change_target *target);
