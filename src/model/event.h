/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The one form in which anything enters the connection table, whatever its origin. Pointers are borrowed: they hold
 * until the call that is given the event returns.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "owner.h"
#include "tcp_state.h"
#include "unknown.h"

/* What a socket knows of itself when it closes. */
struct closing {
	uint64_t rx_bytes; /* payload received in order */
	uint64_t tx_bytes; /* payload sent, each byte once */
	uint32_t srtt_us;  /* 0: never measured */
	uint32_t retrans;  /* segments sent again */
	uint16_t err;      /* errno, positive; 0: none */
	uint8_t lives_on;  /* TIME_WAIT, FIN_WAIT2: a minisocket in that state takes the socket's place; 0: none does */
	bool sent;         /* at least one segment left */
	bool had_port;     /* the socket names a local port, if only of an earlier connection */
};

enum event_kind {
	EVENT_TRANSITION,     /* the kernel reports oldstate → newstate */
	EVENT_ACCEPT,         /* accept() gave the socket to its one owner */
	EVENT_SNAPSHOT_BEGIN, /* rows and holders follow, read at ts_ns or later */
	EVENT_ROW,            /* a socket that was there, in newstate */
	EVENT_HOLDER,         /* its one owner holds the socket */
	EVENT_SNAPSHOT_END,   /* all that the snapshot is of has been told, in the namespaces `netns` */
};

/* What a snapshot is of. */
enum {
	SNAPSHOT_SOCKETS = 1 << 0,
	SNAPSHOT_MINIS = 1 << 1,   /* minisockets and request sockets */
	SNAPSHOT_HOLDERS = 1 << 2, /* of all namespaces */
};

struct event {
	enum event_kind kind;
	uint64_t ts_ns;  /* CLOCK_MONOTONIC */
	uint64_t sk;     /* identity of the kernel's socket while it lives; 0: not known. No minisocket has one here */
	uint64_t cookie; /* 0: not known */
	struct tuple tuple;
	uint8_t oldstate;
	uint8_t newstate;
	bool again; /* transition: it may repeat one that was told shortly before */
	bool mini;  /* row: of what the kernel keeps without a socket, and ends without an event: a handshake that waits
		       for its last packet (SYN_RECV), a connection that was closed (FIN_WAIT2, TIME_WAIT) */
	uint32_t uid;               /* or UID_UNKNOWN */
	uint32_t inode;             /* 0: none or not known */
	const struct owner *owners; /* transition: the process that made the call it comes of (connect(), listen(),
				       close() …); row: holders; holder, accept: one */
	size_t owner_count;
	const struct closing *closing; /* transition to CLOSE; else NULL */
	uint32_t recvq;                /* row: bytes, or QUEUE_UNKNOWN; for LISTEN connections not accepted yet */
	uint32_t sendq;                /* row: bytes, or QUEUE_UNKNOWN */
	uint64_t ended_ns;             /* snapshot end: when the reading ended; ts_ns is when it began */
	uint8_t scope;                 /* snapshot: of SNAPSHOT_…; its end: what was told to the last one */
	bool exact; /* snapshot: its rows have the address of their socket, and stand in one order with the transitions
		     */
	bool holders_by_row;   /* snapshot end: of what had no row, it does not know who holds it */
	const uint32_t *netns; /* snapshot end: the namespaces that were read whole, in ascending order */
	size_t netns_count;
	const uint32_t *gone; /* snapshot end: namespaces that were there before and are not now, in ascending order */
	size_t gone_count;
	const uint32_t *there; /* snapshot end: all namespaces that there are, in ascending order; NULL: some may be
				  hidden from us */
	size_t there_count;
};

/* A transition with which a connection begins: connect(), listen(), or a handshake that a listener has done. */
bool event_is_birth(const struct event *event);

/* A snapshot's end: that namespace was read whole. */
bool event_covers(const struct event *end, uint32_t netns);

/* A snapshot's end: that namespace is there no more. Where some may be hidden, one that was never found may be there
 * all the same. */
bool event_misses(const struct event *end, uint32_t netns);
