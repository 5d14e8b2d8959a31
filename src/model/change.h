/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A change: the one form in which anything leaves the connection table. Every output is made from changes.
 */
#include "connection.h"
#include "verdict.h"

enum change_kind {
	CHANGE_TRANSITION,
	CHANGE_OWNER,  /* the connection's owner has become known; nothing to print */
	CHANGE_SOCKET, /* no change: a socket as it stands, in `newstate` */
};

struct change {
	enum change_kind kind;
	uint64_t ts_ns;          /* CLOCK_MONOTONIC */
	struct connection *conn; /* the table's, after the change. On →CLOSE it is gone once the handler returns */
	uint8_t oldstate;
	uint8_t newstate;
	enum reason reason;
	bool derived;         /* no event of the kernel reported it: a minisocket's transition, or a healed one */
	bool healed;          /* an event should have reported it, but none came: known from what came later */
	struct span in_state; /* transition: the time spent in oldstate; socket: in newstate so far */
	struct span age;      /* →CLOSE, →TIME_WAIT: the whole life; else unknown */
	const struct closing *closing; /* →CLOSE, →TIME_WAIT, where known; else NULL */
};

typedef void change_handler(void *context, const struct change *change);

/* Makes the CHANGE_SOCKET of a connection as it stands at `now_ns`. */
struct change change_of_socket(struct connection *conn, uint64_t now_ns);
