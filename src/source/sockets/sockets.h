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

/* Gives the sockets without their owners, protocol after protocol. 0, what the handler returned, or a negative errno
 * where a protocol could not be read; those that could be were given all the same. *failed, unless NULL, is the first
 * that could not, or PROTOCOL_COUNT: it was not for one of them. */
int sockets_each(const struct netns *netns, enum socket_source source, const struct socket_query *query,
		 socket_handler *handler, void *context, enum protocol *failed);

/* The namespace that this process is in. */
struct netns sockets_here(void);
