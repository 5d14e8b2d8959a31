/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A listener: a socket that waits for others, as `audit` shows and remembers it, without what differs each time its
 * program is started.
 */
#include "container.h"
#include "netns_known.h"
#include "reach.h"

enum { USER_NAME_SIZE = 64 }; /* longer names of users are cut */

/* All texts are hostile. An empty text: not known, or there is none. */
struct listener {
	enum protocol protocol;
	struct address address;
	uint8_t family;
	uint16_t port;
	enum reach reach;
	char interface[INTERFACE_NAME_SIZE]; /* the one that the socket is bound to; empty: none, or it is unknown */
	bool interface_unknown;
	char process[COMM_LEN]; /* name of the first process that holds the socket */
	char user[USER_NAME_SIZE];
	char container[CONTAINER_NAME_SIZE];
	char netns[NETNS_NAME_MAX + 1]; /* the name of the network namespace */
};

/* True for a TCP socket that listens, and for a UDP socket that is bound to a port and not connected. A program that
 * sends by such a UDP socket without connecting it waits on it, too. */
bool socket_is_listener(const struct socket *socket);

/* Makes the socket that a listener would be now. Its owner, if the process is known, goes into *owner, which the socket
 * borrows. */
struct socket listener_socket(const struct listener *listener, uint32_t netns, struct owner *owner);

/* True if both have the same interface, or the same reach, as far as that is known of both. */
bool listener_interfaces_may_equal(const struct listener *a, const struct listener *b);
bool listener_reaches_may_equal(const struct listener *a, const struct listener *b);

/* True if somebody reaches it now for sure who did not before, by its address or by another interface. */
bool listener_goes_further(const struct listener *before, const struct listener *now);

/* True if both containers are known and differ. If the process is known, no container means that it is in none. */
bool listener_containers_differ(const struct listener *a, const struct listener *b);
