/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names that may be shown in place of a socket's numbers. The functions that look the names up are handed down from
 * command/.
 */
#include "socket.h"

/* Each function may be NULL, and may return NULL: then the number is shown. The text that a function returns is
 * hostile, and holds until the next call. */
struct socket_namer {
	/* The name of a port; for a raw socket, of an IP protocol. */
	const char *(*service)(void *context, enum protocol protocol, uint16_t port);
	const char *(*host)(void *context, const struct address *address, uint8_t family);
	const char *(*interface)(void *context, uint32_t netns, uint32_t index);
	const char *(*cgroup)(void *context, uint64_t id);
	void *context;
};
