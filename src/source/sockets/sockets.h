/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The sockets of a network namespace as they are now: by netlink, or from /proc where the kernel does not answer, or
 * does not let us into the namespace.
 */
#include "netns.h"
#include "sock_diag.h"

enum socket_source {
	SOCKETS_BY_AUTO, /* netlink, else /proc, for each protocol */
	SOCKETS_BY_DIAG, /* netlink (sock_diag) */
	SOCKETS_BY_PROC, /* /proc/net */
};

/* Hands the sockets, without their owners, to the handler, protocol after protocol. Returns 0, what the handler
 * returned, or a negative errno where a protocol could not be read; the sockets of the others were handed over all the
 * same. *failed, unless NULL: the first protocol that could not be read; PROTOCOL_COUNT: the error is of none. */
int sockets_each(const struct netns *netns, enum socket_source source, const struct socket_query *query,
		 socket_handler *handler, void *context, enum protocol *failed);

/* True where the kernel lists TCP sockets that are bound, but neither listen nor are connected: tries it with a socket
 * of our own, in the calling thread's network namespace. */
bool sockets_bound_are_listed(void);

/* Returns the network namespace of this process. */
struct netns sockets_here(void);
