/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Builds listeners by hand.
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "listener.h"

/* "127.0.0.1" is an IPv4 socket, "::ffff:127.0.0.1" an IPv6 one. */
static inline struct socket socket_at(enum protocol protocol, const char *address, uint16_t port)
{
	struct socket socket = {
		.protocol = protocol,
		.state = protocol == PROTOCOL_TCP ? STATE_LISTEN : STATE_CLOSE,
		.tuple = {.lport = port},
	};

	socket.tuple.family = address_parse(address, &socket.tuple.laddr);
	assert_int_not_equal(socket.tuple.family, 0);
	return socket;
}

static inline struct owner owner_named(const char *name)
{
	struct owner owner = {.pid = 1, .fd = 3};

	snprintf(owner.comm, sizeof(owner.comm), "%s", name);
	return owner;
}
