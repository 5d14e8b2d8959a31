/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Reach: who can reach a socket that waits for others, judged by the address that it is bound to. The effect of
 * firewalls, routers and the namespace around the socket is not known here.
 */
#include "socket.h"

enum reach {
	REACH_HOST,        /* a loopback address, or the loopback device */
	REACH_PRIVATE,     /* an address or multicast group that is not routed beyond a site or an organization */
	REACH_ADDRESS,     /* another address of this host */
	REACH_IPV4,        /* 0.0.0.0 */
	REACH_IPV6,        /* [::], and no IPv4 */
	REACH_IPV6_OR_ALL, /* [::], not known if IPv4 too */
	REACH_ALL,         /* [::], and IPv4 too */
	REACH_COUNT,
};

/* The reach of a TCP or UDP socket. */
enum reach reach_of(const struct socket *socket);

/* True if the socket is bound to all addresses, of IPv4, of IPv6 or of both. */
bool reach_is_wide(enum reach reach);

/* The name for people: "this host only", "all IPv4". */
const char *reach_name(enum reach reach);

/* The name for programs: "host", "ipv4". */
const char *reach_word(enum reach reach);

/* The reach that has that word; REACH_COUNT: none has. */
enum reach reach_of_word(const char *word);

/* True if somebody is reached now for sure who was surely not reached before. */
bool reach_goes_further(enum reach before, enum reach now);

/* True if both may be the same: what is unknown of the one may be as in the other. */
bool reach_may_equal(enum reach a, enum reach b);
