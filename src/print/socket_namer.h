/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What may stand for the numbers of a socket. Looking them up is others' affair: they are handed down from command/.
 */
#include "socket.h"

/* Each may be NULL, and may return NULL: then it stays a number. What they return is hostile text, and holds until the
 * next call. */
struct socket_namer {
	/* Of a port, or for a raw socket of an IP protocol. */
	const char *(*service)(void *context, enum protocol protocol, uint16_t port);
	const char *(*host)(void *context, const struct address *address, uint8_t family);
	const char *(*interface)(void *context, uint32_t netns, uint32_t index);
	const char *(*cgroup)(void *context, uint64_t id);
	void *context;
};
