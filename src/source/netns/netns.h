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
	/* Threads that are in the namespace: through their /proc the namespace can be read without being entered.
	 * Several, since a thread may exit meanwhile. */
	int witnesses[NETNS_WITNESSES];
	int witness_count;
	int fd; /* descriptor of the namespace's file under /run/netns; -1: none */
};

struct netns_list {
	struct netns *all;
	size_t count, room;
	bool whole; /* the namespace of every process is known: one that is not listed has no process */
	int err; /* of reading /run/netns, a negative errno: named ones without a process may be missing; 0: none are */
};

/* Lists the network namespaces. 0 or a negative errno; the caller frees the list. Processes that exit meanwhile are
 * passed over. */
int netns_discover(struct netns_list *list);
void netns_list_free(struct netns_list *list);

/* Forgets all namespaces but the one with that inode, and closes their files. */
void netns_list_keep(struct netns_list *list, uint32_t inode);

/* Returns NULL where the namespace is not listed. */
struct netns *netns_list_find(const struct netns_list *list, uint32_t inode);

/* Opens a file of /proc/net ("tcp", "tcp6", "sockstat" …) of a namespace. Returns a descriptor, or a negative errno.
 * Where no process is in the namespace, it is entered, which takes CAP_SYS_ADMIN. */
int netns_open_table(const struct netns *netns, const char *table);

typedef int netns_work(void *context);

/* Runs `work` inside a namespace: in a thread that enters the namespace and ends there, or in this thread where that is
 * in the namespace already. No thread ever comes back from another namespace, so none can be left there. Returns what
 * `work` returned; or a negative errno, and `work` did not run: -ESRCH, the namespace has gone; -EAGAIN, there may be
 * no more threads. */
int netns_run_inside(const struct netns *netns, netns_work *work, void *context);

/* True when this process may enter network namespaces. */
bool netns_may_enter(void);

/* ---- one by one, without keeping anything ---- */

/* Receive a task, or a file under /run/netns. Each returns 0, or a negative errno, which ends the walk. */
typedef int netns_task_handler(void *context, uint32_t inode, int pid);
typedef int netns_file_handler(void *context, uint32_t inode, const char *name, int *fd);

/* Calls the handler for every process, in the order of the PIDs; with `threads` also for every other thread. Tasks that
 * exit meanwhile, or that we may not inspect, are passed over. */
int netns_each_task(bool threads, netns_task_handler *handler, void *context);

/* Calls the handler for every network namespace under /run/netns, in no order, with a descriptor of its file, which the
 * handler may take (TAKE_FD). Anything else there is passed over. 0 also where there is no such directory. */
int netns_each_file(netns_file_handler *handler, void *context);

/* Finds the namespace of a file under /run/netns. 0 or a negative errno: -ENOENT, there is no such file; -EINVAL, the
 * file is no network namespace. */
int netns_of_file(const char *name, uint32_t *inode);

/* Finds the namespace of a process. 0 or a negative errno: -ENOENT, there is no such process; -EACCES, we may not
 * inspect the process. */
int netns_of_process(uint32_t pid, uint32_t *inode);

/* Returns the namespace of this thread; 0 when /proc is not there. */
uint32_t netns_home(void);

/* Returns the host's namespace, the one in which the kernel began: ours, if it is that one; else that of the host's PID
 * 1, or where we may not inspect PID 1, that of kernel threads. 0: not known. */
uint32_t netns_host(void);
