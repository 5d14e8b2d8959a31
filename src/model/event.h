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
#include "tcp_state.h"

enum { COMM_LEN = 16 };
enum { FD_UNKNOWN = -1 };
#define QUEUE_UNKNOWN UINT32_MAX

/* One process that holds a socket. */
struct owner {
	uint32_t pid;        /* 0: not known */
	int32_t fd;          /* or FD_UNKNOWN */
	char comm[COMM_LEN]; /* NUL-terminated; hostile text */
};

/* What a socket knows of itself when it closes. */
struct closing {
	uint64_t rx_bytes; /* payload received in order */
	uint64_t tx_bytes; /* payload sent, each byte once */
	uint32_t srtt_us;  /* 0: never measured */
	uint32_t retrans;  /* segments sent again */
	uint16_t err;      /* errno, positive; 0: none */
	bool sent;         /* at least one segment left */
	bool had_port;     /* the socket names a local port, if only of an earlier connection */
};

enum event_kind {
	EVENT_TRANSITION,     /* the kernel reports oldstate → newstate */
	EVENT_SNAPSHOT_BEGIN, /* rows follow, read at ts_ns or later */
	EVENT_ROW,            /* a socket that was there, in newstate */
	EVENT_SNAPSHOT_END,   /* every socket in the namespaces `netns` has had its row */
};

struct event {
	enum event_kind kind;
	uint64_t ts_ns;  /* CLOCK_MONOTONIC */
	uint64_t sk;     /* identity of the kernel's socket while it lives; 0: not known */
	uint64_t cookie; /* 0: not known */
	struct tuple tuple;
	uint8_t oldstate;
	uint8_t newstate;
	bool again; /* transition: it may repeat one that was told shortly before */
	bool mini;  /* row: of a socket that its process has closed, and that ends without an event */
	uint32_t uid;
	uint32_t inode;             /* 0: none or not known */
	const struct owner *owners; /* transition: who called connect() or listen(); row: all holders */
	size_t owner_count;
	const struct closing *closing; /* transition to CLOSE; else NULL */
	uint32_t recvq;                /* row: bytes, or QUEUE_UNKNOWN; for LISTEN connections not accepted yet */
	uint32_t sendq;                /* row: bytes, or QUEUE_UNKNOWN */
	const uint32_t *netns;         /* snapshot end */
	size_t netns_count;
};

/* A transition with which a connection begins: connect(), listen(), or a handshake that a listener has done. */
bool event_is_birth(const struct event *event);

/* A snapshot's end: that namespace was read whole. */
bool event_covers(const struct event *end, uint32_t netns);
