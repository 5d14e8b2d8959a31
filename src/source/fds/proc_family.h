/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * /proc/net/netlink and /proc/net/packet: sockets that are neither of the Internet nor unix's.
 */
#include <stdint.h>

enum proc_family { FAMILY_NETLINK, FAMILY_PACKET, FAMILY_COUNT };

struct family_row {
	uint32_t inode;
	int32_t protocol; /* NETLINK_…; packet: the type of frames that it takes, ETH_P_… */
	uint32_t port;    /* netlink: its port; packet: the index of its interface, 0: all */
	uint32_t groups;  /* netlink */
};

/* Reads one line. 1: *row is a socket; 0: it is none, or the heading. */
int proc_family_parse(enum proc_family family, const char *line, struct family_row *row);

typedef void family_handler(void *context, enum proc_family family, const struct family_row *row);

/* Gives the sockets in the open file `fd`. 0 or a negative errno. */
int proc_family_each(enum proc_family family, int fd, family_handler *handler, void *context);
