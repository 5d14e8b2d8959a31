/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The sockets of one network namespace, requested from the kernel by netlink's sock_diag(7), as ss does: with cookies,
 * exact queues, timers, and TCP's internals on request. Needs no privilege.
 */
#include "socket.h"

/* Selects sockets, and what is reported of them. */
struct socket_query {
	uint32_t protocols; /* a set (socket.h) */
	uint32_t states;    /* a set (socket.h) */
	bool ipv4, ipv6;    /* families of all sockets but unix sockets */
	bool internals;     /* report TCP's internals too (struct socket_details) */
	bool bound;         /* include TCP sockets that are bound, but neither listening nor connected. Shown by Linux
			       6.8 or later, by netlink; they are in CLOSE, which `states` must include */
};

struct sock_diag;

/* A question for one minisocket, and its answer. */
struct mini_question {
	struct tuple tuple; /* the interface must be known */
	uint8_t state;      /* the answer: TIME_WAIT, FIN_WAIT2, or CLOSE: there is no such minisocket */
};

/* Opens a netlink socket in the calling thread's network namespace, whose inode is `netns`. Returns 0 or a negative
 * errno. */
int sock_diag_open(uint32_t netns, struct sock_diag **out);
void sock_diag_close(struct sock_diag *diag);

/* Hands the sockets of one protocol and family (4, 6; unix: 0) to the handler. Returns 0, what the handler returned, or
 * a negative errno: -EOPNOTSUPP, before the first socket, where this kernel does not answer for that protocol. */
int sock_diag_each(struct sock_diag *diag, enum protocol protocol, uint8_t family, const struct socket_query *query,
		   socket_handler *handler, void *context);

/* Asks for each minisocket by itself. That costs the kernel one look into its hash, however many sockets there are.
 * Returns 0, or a negative errno, and the answers mean nothing: -EOPNOTSUPP, this kernel does not answer for TCP;
 * -ENOTUNIQ, a minisocket cannot be told from another one that is bound to no interface. */
int sock_diag_ask(struct sock_diag *diag, struct mini_question *questions, size_t count);
