/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The network namespaces of this host: those that a process or a thread is in, and those that 'ip netns' keeps under
 * /run/netns, with or without a process.
 */
#include <stddef.h>
#include <stdint.h>

enum { NETNS_WITNESSES = 4 };

struct netns {
	uint32_t inode;
	/* Threads that are in it, through whose /proc it can be read without entering it: several, since they
	 * may exit meanwhile. */
	int witnesses[NETNS_WITNESSES];
	int witness_count;
	int fd; /* of its file under /run/netns; -1: none */
};

struct netns_list {
	struct netns *all;
	size_t count;
};

/* 0 or a negative errno; the caller frees the list. Processes that exit meanwhile are passed over. */
int netns_discover(struct netns_list *list);
void netns_list_free(struct netns_list *list);

/* Opens a file of /proc/net ("tcp", "tcp6", "sockstat" …) of a namespace. A descriptor, or a negative errno. Enters the
 * namespace and comes back, in this thread, where no process is in it (which takes CAP_SYS_ADMIN). */
int netns_open_table(const struct netns *netns, const char *table);

/* The inode of a namespace that a person named: as under /run/netns, as a PID in it, or as the inode itself.
 * 0 or -ENOENT. */
int netns_lookup(const char *name, uint32_t *inode);
