/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * /proc/net/netlink and /proc/net/packet: sockets that are neither Internet nor unix sockets.
 */
#include <stdint.h>

enum proc_family { FAMILY_NETLINK, FAMILY_PACKET, FAMILY_COUNT };

struct family_row {
	uint32_t inode;
	int32_t protocol; /* netlink: NETLINK_…; packet: the type of frames that it receives, ETH_P_… */
	uint32_t port;    /* netlink: its port; packet: the index of its interface; 0: all interfaces */
	uint32_t groups;  /* netlink */
};

/* Reads one line. Returns 1: *row is a socket; 0: the line is the heading, or describes no socket. */
int proc_family_parse(enum proc_family family, const char *line, struct family_row *row);

typedef void family_handler(void *context, enum proc_family family, const struct family_row *row);

/* Hands the sockets in the open file `fd` to the handler. Returns 0 or a negative errno. */
int proc_family_each(enum proc_family family, int fd, family_handler *handler, void *context);
