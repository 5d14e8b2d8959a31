/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Who can reach a socket that waits for others, as far as the address tells that it is bound to. What firewalls,
 * routers and the namespace around it make of that is not known here.
 */
#include "socket.h"

enum reach {
	REACH_HOST,        /* a loopback address, or the loopback device */
	REACH_PRIVATE,     /* an address or a group that nobody routes beyond a site or an organization */
	REACH_ADDRESS,     /* another address of this host */
	REACH_IPV4,        /* 0.0.0.0 */
	REACH_IPV6,        /* [::], and no IPv4 */
	REACH_IPV6_OR_ALL, /* [::], and nobody tells whether IPv4 too */
	REACH_ALL,         /* [::], and IPv4 too */
	REACH_COUNT,
};

/* Of a TCP or UDP socket. */
enum reach reach_of(const struct socket *socket);

/* Whether it is bound to all addresses there are. */
bool reach_is_wide(enum reach reach);

/* For people: "this host only", "all IPv4". */
const char *reach_name(enum reach reach);

/* For programs: "host", "ipv4". */
const char *reach_word(enum reach reach);

/* The reach of that word; REACH_COUNT: it is none. */
enum reach reach_of_word(const char *word);

/* Somebody is reached for sure who was not before. */
bool reach_goes_further(enum reach before, enum reach now);

/* They may be the same: what is unknown of the one may be as in the other. */
bool reach_may_equal(enum reach a, enum reach b);
