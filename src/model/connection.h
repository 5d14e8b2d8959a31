/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A connection: one TCP socket from its birth (connect(), listen(), a handshake done) to its death, or from the time it
 * was found. After each birth the same struct sock in the kernel is another connection here, with another id.
 */
#include "event.h"
#include "index.h"
#include "verdict.h"

enum owner_source {
	OWNER_UNKNOWN,
	OWNER_CONNECT,   /* the process called connect() */
	OWNER_LISTEN,    /* the process called listen() */
	OWNER_ACCEPT,    /* the process called accept() */
	OWNER_CLOSE,     /* the process called close() or shutdown(), or exited */
	OWNER_INHERITED, /* the process holds the listener */
	OWNER_SCAN,      /* the process was found holding the descriptor */
};

enum direction { DIRECTION_UNKNOWN, DIRECTION_OUT, DIRECTION_IN };

/* How exactly a length of time is known. */
enum knowledge { SPAN_UNKNOWN, SPAN_AT_LEAST, SPAN_EXACT };

/* A length of time. Both ends are rounded down to microseconds before they are subtracted: so the spans that follow
 * each other in a life add up to the life. */
struct span {
	uint64_t us;
	enum knowledge known;
};

/* Unknown where the beginning is not known (0), or lies after the end; else exact or a lower bound. */
struct span span_between(uint64_t from_ns, uint64_t to_ns, bool exact);

/* A lower bound; unknown for 0, which says nothing. */
struct span span_at_least(uint64_t us);

struct held_change;

struct connection {
	struct link by_sk; /* keyed by the address of the struct sock: never shown, never stored */
	struct link by_tuple;
	union {
		struct link by_inode;
		struct closing *closing; /* minisocket, which has no inode: data of the socket's close, kept for the
					    end; NULL: not known */
	};
	uint64_t id;
	uint64_t cookie;      /* 0: not known */
	uint64_t born_ns;     /* time of birth; birth not seen: the earliest time at which it is known to have lived */
	uint64_t since_ns;    /* when `state` was entered; not seen: since when it is known to be in `state`; 0: not
				 known */
	uint64_t heard_ns;    /* last transition; 0: none yet. Minisocket: when it was last known to exist */
	struct owner *owners; /* the holders; NULL: none, or `owner` alone */
	struct held_change *held; /* changes of this connection that the gate holds back (gate.h) */
	struct tuple tuple;
	uint32_t uid;   /* or UID_UNKNOWN */
	uint32_t inode; /* 0: none or not known */
	uint32_t recvq; /* as the last row showed it; or QUEUE_UNKNOWN */
	uint32_t sendq;
	uint32_t confirmed;   /* number of the last snapshot with a row of this connection */
	uint32_t scanned;     /* number of the last snapshot that found a holder */
	struct owner owner;   /* the first holder; pid 0: not known */
	uint16_t owner_count; /* holders that a scan found; 0: none, or not scanned yet */
	uint8_t absent : 4;   /* consecutive snapshots without a row of this connection */
	uint8_t counted : 4;  /* minisocket: the state in which the table counts it; 0: not counted */
	uint8_t state;
	uint8_t oldstate : 4;     /* the state before; STATE_UNKNOWN: the socket was found in `state` */
	uint8_t contested : 4;    /* the state that the last row showed, where it differs from `state`; else
				     STATE_UNKNOWN */
	uint8_t owner_source : 3; /* enum owner_source */
	uint8_t direction : 2;    /* enum direction */
	bool unheld : 1;          /* the last scan met the accepted socket, and nobody who holds it: it is on its way */
	bool shown : 1;           /* a row of what was there before has told of it */
	bool undirected : 1;      /* its birth was not seen, and no snapshot has shown yet whether a listener has its
				     port */
	uint8_t reason;           /* minisocket: why it is no socket any more */
	bool born_known : 1;      /* false: the connection is older than born_ns says */
	bool since_known : 1;     /* false: `state` was entered earlier than since_ns says */
	bool mini : 1;            /* no socket: a handshake not done yet, or the remains of a connection; see event.h */
	bool tuple_indexed : 1;
	bool inode_indexed : 1;
	bool untold : 1; /* found by a snapshot that should have known it, or heard of late; no line tells of it yet */
	bool fresh : 1;  /* came into the table while the snapshot was taken that has not ended yet */
	bool gone : 1;   /* no longer in the table; kept for its held changes, and freed with the last of them */
};

_Static_assert(sizeof(struct connection) <= 216, "with malloc's header and two hash buckets: 256 bytes a connection");

/* "connect", "listen", "accept", "close", "inherited", "scan", or NULL for not known; "out", "in" or NULL. */
const char *owner_source_name(enum owner_source source);
const char *direction_name(enum direction direction);

/* True while the local port is still to come: the kernel chooses the port of a connect, or of a listen() without
 * bind(), after the transition. */
bool connection_lacks_lport(const struct connection *conn);

/* True for a child whose peer is not known yet: the kernel shows it only when the handshake is done (Linux before
 * 6.15). */
bool connection_lacks_peer(const struct connection *conn);

/* The time that the connection has been in its state, and its age, at `now_ns`. */
struct span connection_in_state(const struct connection *conn, uint64_t now_ns);
struct span connection_age(const struct connection *conn, uint64_t now_ns);

/* Sets the owner: the process that called connect() or listen(), holds the listener, or is known from another source.
 * An unknown owner (pid 0) changes nothing. The identity that was learned first stays, as long as the owner is the same
 * process under the same name. The connection keeps a reference of its own to each identity in it. */
void connection_set_owner(struct connection *conn, const struct owner *owner, enum owner_source source);

/* True while the owner may still turn out to be another process: none has been seen to take the connection over from
 * its listener. */
bool connection_owner_is_open(const struct connection *conn);

/* True when a scan found the process among the holders. */
bool connection_is_held_by(const struct connection *conn, uint32_t pid);

/* Adds a holder that snapshot number `snapshot` found. The first one supersedes those of earlier snapshots. 0 or
 * -ENOMEM. */
int connection_add_holder(struct connection *conn, const struct owner *holder, uint32_t snapshot);

/* Adds the holders that were found for `from`, which turns out to be the same connection. 0 or -ENOMEM. */
int connection_add_holders_of(struct connection *conn, const struct connection *from);

/* Settles the owner when snapshot number `snapshot` is over. A known owner stays the owner as long as it is among the
 * holders; else the first holder is the owner. Without holders nobody holds the socket, and the last owner stays. */
void connection_settle_holders(struct connection *conn, uint32_t snapshot);

void connection_free(struct connection *conn);
