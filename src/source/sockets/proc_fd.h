/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Who holds what: one pass over /proc/PID/fd of all processes, and of those of their threads that have a table of their
 * own. Those that exit meanwhile, or that may not be looked at, are passed over.
 */
#include "event.h"
#include "proc_net.h"

/* One descriptor, in the walk over all. */
struct proc_link {
	int process;        /* /proc/PID */
	uint32_t tid;       /* the first thread that has this table; 0: it is the process's */
	int dir;            /* /proc/PID/fd, or that of the thread */
	char name[16];      /* of the link there */
	char target[64];    /* cut where it is longer: what is no path is not */
	struct owner owner; /* the name only by proc_link_name() */
};

/* Returns 0, or a negative errno that ends the pass. */
typedef int proc_link_handler(void *context, struct proc_link *link);

/* 0 or a negative errno. *denied: how many processes did not let us look at their descriptors. */
int proc_fd_each_link(proc_link_handler *handler, void *context, size_t *denied);

/* Reads the process's name. 0, or a negative errno where descriptors ran out. */
int proc_link_name(struct proc_link *link);

/* The number in "socket:[12345]", where `kind` is "socket"; 0: it is none of these. */
uint64_t proc_link_inode(const struct proc_link *link, const char *kind);

/* ---- sockets ---- */

/* Who is told of each descriptor of a socket, if it wants that socket: only then the holder's name is read. `holds`
 * returns 0 or a negative errno, which ends the pass. */
struct proc_fd_visitor {
	bool (*wants)(void *context, uint32_t inode); /* NULL: all */
	int (*holds)(void *context, uint32_t inode, const struct owner *owner);
	void *context;
};

/* 0 or a negative errno; *denied as above. */
int proc_fd_each(const struct proc_fd_visitor *visitor, size_t *denied);

/* Finds the holders of `rows`, and notes there which are whose (first_owner, owner_count). Those of one row stand
 * together in *owners, by pid and descriptor, each once; the caller frees it. 0 or a negative errno. */
int proc_fd_scan(struct proc_rows *rows, struct owner **owners);
