/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A socket that waits for others, as it is told and remembered: without what is another each time it is started.
 */
#include "container.h"
#include "netns_known.h"
#include "reach.h"

enum { INTERFACE_NAME_SIZE = 16, USER_NAME_SIZE = 64 }; /* IF_NAMESIZE; longer names of users are cut */

/* All texts are hostile; an empty one is not known, or there is none. */
struct listener {
	enum protocol protocol;
	struct address address;
	uint8_t family;
	uint16_t port;
	enum reach reach;
	char interface[INTERFACE_NAME_SIZE]; /* that it is bound to; empty: to none, unless it is unknown */
	bool interface_unknown;
	char process[COMM_LEN]; /* of the first that holds it */
	char user[USER_NAME_SIZE];
	char container[CONTAINER_NAME_SIZE];
	char netns[NETNS_NAME_MAX + 1]; /* the name of the network namespace */
};

/* Listening on TCP, or on UDP bound to a port and not connected: who sends by such a socket without connecting it waits
 * on it, too. */
bool socket_is_listener(const struct socket *socket);

/* What a socket would be that a listener was; its owner, if one is known, goes into *owner. */
struct socket listener_socket(const struct listener *listener, uint32_t netns, struct owner *owner);

/* The same, as far as both are known. */
bool listener_interfaces_may_equal(const struct listener *a, const struct listener *b);
bool listener_reaches_may_equal(const struct listener *a, const struct listener *b);

/* Somebody reaches it for sure who did not before, by its address or by another interface. */
bool listener_goes_further(const struct listener *before, const struct listener *now);

/* Both are known, and not the same. Who is in no container is known by its process. */
bool listener_containers_differ(const struct listener *a, const struct listener *b);
