/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The network namespaces of this host: those that a process or a thread is in, and those that 'ip netns' keeps under
 * /run/netns, with or without a process.
 */
#include <stdbool.h>
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
	size_t count, room;
	bool whole; /* of every process it is known in which it is: another one has no process */
};

/* 0 or a negative errno; the caller frees the list. Processes that exit meanwhile are passed over. */
int netns_discover(struct netns_list *list);
void netns_list_free(struct netns_list *list);

/* Opens a file of /proc/net ("tcp", "tcp6", "sockstat" …) of a namespace. A descriptor, or a negative errno. Enters the
 * namespace and comes back, in this thread, where no process is in it (which takes CAP_SYS_ADMIN). */
int netns_open_table(const struct netns *netns, const char *table);

/* This thread in that namespace, until netns_return(*home); the caller closes *home. Where it is in it already, *home
 * is -1. 0 or a negative errno, and it is where it was. */
int netns_enter(const struct netns *netns, int *home);
void netns_return(int home);

/* Whether this process may enter namespaces. */
bool netns_may_enter(void);

/* ---- one by one, without keeping anything ---- */

/* The kernel gives namespaces no smaller inodes (PROC_MNT_INIT_INO, include/linux/proc_ns.h, of Linux 6.18, where the
 * first namespaces got fixed ones), and processes no PIDs as great. */
#define NETNS_SMALLEST_INODE 0xeffffff8u

/* Each returns 0 or a negative errno, which ends the walk. */
typedef int netns_task_handler(void *context, uint32_t inode, int pid);
typedef int netns_file_handler(void *context, uint32_t inode, const char *name, int *fd);

/* Every process, in the order of their PIDs; with `threads` also every other thread. Those that exit meanwhile or that
 * may not be looked at are passed over. */
int netns_each_task(bool threads, netns_task_handler *handler, void *context);

/* Every network namespace under /run/netns, in no order, with a descriptor of its file, which the handler may take
 * (TAKE_FD). What else is there is passed over. */
int netns_each_file(netns_file_handler *handler, void *context);

/* 0 or a negative errno: -ENOENT, there is no such file; -EINVAL, it is no network namespace. */
int netns_of_file(const char *name, uint32_t *inode);

/* 0 or a negative errno: -ENOENT, there is no such process; -EACCES, it may not be looked at. */
int netns_of_process(uint32_t pid, uint32_t *inode);

/* Ours; 0 when /proc is not there. */
uint32_t netns_home(void);

/* The host's: that of PID 1, or where it may not be looked at, of kernel threads; else ours, if it has no name. 0: not
 * known. */
uint32_t netns_host(void);
