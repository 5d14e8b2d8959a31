/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * An event: the one form in which anything enters the connection table, whatever its origin. Pointers are borrowed:
 * they are valid until the call that receives the event returns.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "owner.h"
#include "tcp_state.h"
#include "unknown.h"

/* Data that the kernel's socket has of itself when it closes. */
struct closing {
	uint64_t rx_bytes; /* payload received in order */
	uint64_t tx_bytes; /* payload sent, each byte once */
	uint32_t srtt_us;  /* 0: never measured */
	uint32_t retrans;  /* segments sent again */
	uint16_t err;      /* errno that the socket had, positive; 0: none. Whether it is the cause: verdict_errno() */
	uint8_t lives_on;  /* TIME_WAIT, FIN_WAIT2: a minisocket in that state takes the socket's place; 0: none does */
	bool sent;         /* at least one segment left */
	bool had_port;     /* the socket has a local port, even if only from an earlier connection */
	bool acked;        /* all that was to be sent is acknowledged, the FIN included if there was one */
	bool peer_fin;     /* the peer's FIN has come */
	bool shut_read;    /* it read no more: shutdown(), close(), or the peer's FIN */
	bool shut_write;   /* it sent no more: shutdown() or close() */
	bool orphan;       /* no process held it any more */
};

/* A holder of a socket that has not come as an event: the source does not know the socket's address. */
struct held_socket {
	uint32_t inode;
	struct owner owner;
};

enum event_kind {
	EVENT_TRANSITION,     /* the kernel reports oldstate → newstate */
	EVENT_ACCEPT,         /* accept() gave the socket to the one process in `owners` */
	EVENT_SNAPSHOT_BEGIN, /* rows and holders follow, read at ts_ns or later */
	EVENT_ROW,            /* a socket that existed, in state `newstate` */
	EVENT_MINI,           /* a minisocket that was asked for is in state `newstate`; CLOSE: it is gone */
	EVENT_HOLDER,         /* the one process in `owners` holds the socket */
	EVENT_SNAPSHOT_END,   /* the whole scope of the snapshot has been reported, for the namespaces `netns` */
};

/* Scope of a snapshot, as bits. */
enum {
	SNAPSHOT_SOCKETS = 1 << 0,
	SNAPSHOT_MINIS = 1 << 1,   /* minisockets and request sockets */
	SNAPSHOT_HOLDERS = 1 << 2, /* of all namespaces */
	SCOPE_ALL = SNAPSHOT_SOCKETS | SNAPSHOT_MINIS | SNAPSHOT_HOLDERS,
};

struct event {
	enum event_kind kind;
	uint64_t ts_ns;  /* CLOCK_MONOTONIC */
	uint64_t sk;     /* identity of the kernel's socket while it lives; 0: not known. No minisocket has one here */
	uint64_t cookie; /* 0: not known */
	struct tuple tuple;
	uint8_t oldstate;
	uint8_t newstate;
	bool again; /* transition: may repeat one that was reported shortly before */
	bool mini;  /* row: a minisocket or request socket, which the kernel keeps without a socket, and ends without an
		       event: a handshake that waits for its last packet (SYN_RECV), or a connection that was closed
		       (FIN_WAIT2, TIME_WAIT) */
	uint32_t uid;               /* or UID_UNKNOWN */
	uint32_t inode;             /* 0: none or not known */
	const struct owner *owners; /* transition: the process whose call caused it (connect(), listen(), close() …);
				       row: the holders; holder, accept: one process */
	size_t owner_count;
	const struct lineage *lineage; /* transition, accept: of the one process in `owners`; NULL: not known */
	const struct closing *closing; /* transition to CLOSE; else NULL */
	uint32_t recvq;                /* row: bytes, or QUEUE_UNKNOWN; LISTEN: connections not accepted yet */
	uint32_t sendq;                /* row: bytes, or QUEUE_UNKNOWN */
	uint64_t state_since_ns;       /* row: the socket has been in `newstate` since then, or longer; 0: not known */
	uint64_t alive_since_ns;       /* row: the connection has existed since then, or longer; 0: not known */
	uint64_t ended_ns;             /* snapshot end: when the reading ended; ts_ns is when it began */
	uint8_t scope;                 /* snapshot: bits SNAPSHOT_…; its end: those that were reported completely */
	bool exact;   /* snapshot: rows have the address of their socket, and are in one order with the transitions */
	bool renewed; /* snapshot begin: all that was there before is known; of what is found, the birth was not seen */
	bool all_holders;    /* snapshot end: no process can hold a socket that was not shown to hold it */
	bool holders_by_row; /* snapshot end: holders are known only for connections that had a row */
	uint32_t orphans;    /* snapshot end: how many orphans there are in all namespaces, when the reading ended:
				sockets that their process has closed and the kernel still has; or COUNT_UNKNOWN */
	const struct held_socket *held; /* snapshot end: holders of sockets known by inode only, in ascending order */
	size_t held_count;
	const uint32_t *netns; /* snapshot end: the namespaces that were read whole, in ascending order */
	size_t netns_count;
	const uint32_t *gone; /* snapshot end: namespaces that were there before and are not now, in ascending order */
	size_t gone_count;
	const uint32_t *there; /* snapshot end: all namespaces that exist, in ascending order; NULL: some may be hidden
				  from us */
	size_t there_count;
};

/* True for a transition that begins a connection: connect(), listen(), or a handshake that a listener has done. */
bool event_is_birth(const struct event *event);

/* Compares two namespaces of a snapshot's end, for qsort() and bsearch(). */
int event_compare_netns(const void *a, const void *b);

/* Compares two holders by inode, for qsort(). */
int event_compare_held(const void *a, const void *b);

/* Snapshot end: returns the first holder in `held` of the socket with that inode, and sets *count; NULL: there is none.
 */
const struct held_socket *event_held(const struct event *end, uint32_t inode, size_t *count);

/* Snapshot end: true when that namespace was read whole. */
bool event_covers(const struct event *end, uint32_t netns);

/* Snapshot end: true when that namespace no longer exists. Where namespaces may be hidden, one that was never found may
 * exist all the same, and is not missed. */
bool event_misses(const struct event *end, uint32_t netns);
