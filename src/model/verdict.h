/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The reason of a transition, as far as the transition itself proves it: no guess, no memory of earlier transitions.
 * The rules come from experiments on Linux 6.18 and from net/ipv4/tcp*.c.
 */
#include "event.h"

enum reason {
	REASON_NONE,
	REASON_REFUSED,       /* the answer to the SYN was a reset, or ICMP "port unreachable" */
	REASON_TIMED_OUT,     /* no answer, to the last retry */
	REASON_GAVE_UP,       /* the application closed before an answer came */
	REASON_NO_LOCAL_PORT, /* connect() found no free local port */
	REASON_NEVER_SENT,    /* nothing was sent: its tuple was in use, or it was closed before its first segment */
	REASON_UNREACHABLE,   /* the network reported that the peer cannot be reached */
	REASON_RESET_BY_PEER,
	REASON_ABORTED_HERE,   /* closed here without the closing handshake: linger 0, unread data, lost listener */
	REASON_KILLED,         /* an administrator destroyed it (ss -K) */
	REASON_CLOSED_BY_US,   /* our FIN went first */
	REASON_CLOSED_BY_PEER, /* the peer's FIN came first */
	REASON_CLOSED_BY_BOTH, /* the FINs crossed */
	REASON_STOPPED_LISTENING,
	REASON_FAILED,       /* another error: see errno */
	REASON_END_NOT_SEEN, /* it is gone; no transition reported the end */
	REASON_COUNT,
};

/* `closing` may be NULL when newstate is not CLOSE. */
enum reason verdict_of(uint8_t oldstate, uint8_t newstate, const struct closing *closing);

/* Returns the error that ended a socket in that state, as its program could learn it; 0 when no error did. */
uint16_t verdict_errno(uint8_t oldstate, const struct closing *closing);

/* "timed_out" for JSON and "timed out" for people; NULL for REASON_NONE. */
const char *reason_name(enum reason reason);
const char *reason_text(enum reason reason);
