/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * One TCP socket from its birth (connect, listen, a handshake done) to its death, or from when it was found. The same
 * struct sock in the kernel is another connection here after each birth, with another id.
 */
#include "event.h"
#include "index.h"
#include "verdict.h"

enum owner_source {
	OWNER_UNKNOWN,
	OWNER_CONNECT,   /* it called connect() */
	OWNER_LISTEN,    /* it called listen() */
	OWNER_ACCEPT,    /* it called accept() */
	OWNER_CLOSE,     /* it called close() or shutdown(), or exited */
	OWNER_INHERITED, /* it holds the listener */
	OWNER_SCAN,      /* it was found holding the descriptor */
};

enum direction { DIRECTION_UNKNOWN, DIRECTION_OUT, DIRECTION_IN };

/* How much is known of a length of time. */
enum knowledge { SPAN_UNKNOWN, SPAN_AT_LEAST, SPAN_EXACT };

struct span {
	uint64_t ns;
	enum knowledge known;
};

struct held_change;

struct connection {
	struct link by_sk; /* its key is the struct sock's address: never shown, never stored */
	struct link by_tuple;
	struct link by_inode;
	uint64_t id;
	uint64_t cookie;      /* 0: not known */
	uint64_t born_ns;     /* its birth; found, not born: since when we know it */
	uint64_t since_ns;    /* when it came into `state`; found: since when we know it there; 0: not known */
	uint64_t heard_ns;    /* its last transition; 0: none yet. A minisocket's: when it was last known to be there */
	struct owner *owners; /* the holders, when they are not `owner` alone; else NULL */
	struct closing *closing;  /* a minisocket's, kept for its end; NULL: not known */
	struct held_change *held; /* its changes that were not let through yet (gate.h) */
	struct tuple tuple;
	uint32_t uid;   /* or UID_UNKNOWN */
	uint32_t inode; /* 0: none or not known */
	uint32_t recvq; /* as the last row said; QUEUE_UNKNOWN */
	uint32_t sendq;
	uint32_t confirmed;   /* the last snapshot that had a row of it */
	uint32_t scanned;     /* the last snapshot that had a holder of it */
	struct owner owner;   /* the first holder; pid 0: not known */
	uint16_t owner_count; /* holders that a scan found; 0: none, or not looked for yet */
	uint8_t absent;       /* snapshots in a row without a row of it */
	uint8_t state;
	uint8_t oldstate;  /* the state before; STATE_UNKNOWN: found in `state` */
	uint8_t contested; /* the state that the last row said, where it was not `state`; else STATE_UNKNOWN */
	uint8_t owner_source;
	uint8_t direction;
	uint8_t reason;       /* a minisocket's: why it is no socket any more */
	bool born_known : 1;  /* false: it is older than born_ns says */
	bool since_known : 1; /* false: it is longer in `state` than since_ns says */
	bool mini : 1;        /* no socket: a handshake not done yet, or what is left of a connection; see event.h */
	bool tuple_indexed : 1;
	bool inode_indexed : 1;
	bool gone : 1; /* no more in the table: it is kept for its held changes, and freed with the last of them */
};

_Static_assert(sizeof(struct connection) <= 216, "with malloc's header and two hash buckets: 256 bytes a connection");

/* "connect", "listen", "accept", "close", "inherited", "scan", or NULL for not known; "out", "in" or NULL. */
const char *owner_source_name(enum owner_source source);
const char *direction_name(enum direction direction);

/* The kernel chooses the local port of a connect, or of a listen() without bind(), after the transition. */
bool connection_lacks_lport(const struct connection *conn);

/* A child whose kernel tells its peer only when the handshake is done (Linux before 6.15). */
bool connection_lacks_peer(const struct connection *conn);

/* The time it has been in its state, at `now_ns`. */
struct span connection_in_state(const struct connection *conn, uint64_t now_ns);
struct span connection_age(const struct connection *conn, uint64_t now_ns);

/* Who called connect() or listen(), or holds the listener; an unknown one (pid 0) changes nothing. */
void connection_set_owner(struct connection *conn, const struct owner *owner, enum owner_source source);

/* True while the owner may turn out to be another than it seems: nobody has been seen to take it over from its
 * listener. */
bool connection_owner_is_open(const struct connection *conn);

/* A scan found it to be among the holders. */
bool connection_is_held_by(const struct connection *conn, uint32_t pid);

/* One more of the holders that snapshot number `snapshot` finds; the first one supersedes those of earlier snapshots. 0
 * or -ENOMEM. */
int connection_add_holder(struct connection *conn, const struct owner *holder, uint32_t snapshot);

/* Those that were found of `from`, which turns out to be the same. 0 or -ENOMEM. */
int connection_add_holders_of(struct connection *conn, const struct connection *from);

/* That snapshot is over. The owner that we know of stays the owner as long as it is among the holders; else the first
 * of them is. Where there is none, nobody holds it, and who did last stays. */
void connection_settle_holders(struct connection *conn, uint32_t snapshot);

void connection_free(struct connection *conn);
