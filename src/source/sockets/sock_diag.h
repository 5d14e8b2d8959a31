/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The sockets of one network namespace as the kernel's own answer to netlink's sock_diag(7), which ss asks too: with
 * cookies, exact queues, timers, and TCP's internals where they are asked for. Needs no privilege.
 */
#include "socket.h"

/* Which sockets, and what of them. */
struct socket_query {
	uint32_t protocols; /* a set (socket.h) */
	uint32_t states;    /* a set (socket.h) */
	bool ipv4, ipv6;    /* the families of what is no unix socket */
	bool internals;     /* of TCP are told too */
	bool bound;         /* also TCP sockets that are bound, and neither listen nor are connected: Linux 6.8 or
			       later shows them, by netlink; in CLOSE, which the states must have */
};

struct sock_diag;

/* Asks the network namespace that the calling thread is in, which is number `netns`. 0 or a negative errno. */
int sock_diag_open(uint32_t netns, struct sock_diag **out);
void sock_diag_close(struct sock_diag *diag);

/* Gives the sockets of one protocol and family (4, 6; unix: 0). 0, what the handler returned, or a negative errno:
 * -EOPNOTSUPP, before the first of them, where this kernel does not answer for that protocol. */
int sock_diag_each(struct sock_diag *diag, enum protocol protocol, uint8_t family, const struct socket_query *query,
		   socket_handler *handler, void *context);
