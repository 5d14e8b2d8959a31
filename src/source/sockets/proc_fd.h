/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Holders of open files: one pass over /proc/PID/fd of all processes, and of their threads that have a table of
 * descriptors of their own, and over the files that are registered with an io_uring. Processes and threads that exit
 * meanwhile, or that we may not look into, are skipped.
 */
#include "event.h"
#include "proc_net.h"

/* One descriptor, as the pass comes to it. */
struct proc_link {
	int process;        /* open directory /proc/PID */
	uint32_t tid;       /* the first thread that has this table; 0: the process's own table */
	int dir;            /* open directory /proc/PID/fd, or the thread's */
	char name[16];      /* of the link in `dir`; of a registered file: of its ring's link */
	char target[64];    /* text of the link, cut if longer; only a path is ever longer */
	struct owner owner; /* its name is filled in by proc_link_name() only */
};

/* Returns 0, or a negative errno that ends the pass. */
typedef int proc_link_handler(void *context, struct proc_link *link);

/* What a pass could not see. */
struct proc_fd_gaps {
	size_t denied; /* processes whose descriptors we may not look at */
	size_t rings;  /* io_urings whose registered files the kernel does not tell */
};

/* Calls the handler for each descriptor, and for each registered file. Returns 0 or a negative errno. */
int proc_fd_each_link(proc_link_handler *handler, void *context, struct proc_fd_gaps *gaps);

/* Reads the process's name into link->owner. Returns 0, or a negative errno where descriptors ran out. */
int proc_link_name(struct proc_link *link);

/* Returns 12345 for "socket:[12345]" and the kind "socket"; 0 where the target has no such form. */
uint64_t proc_link_inode(const char *target, const char *kind);

/* ---- sockets ---- */

/* Receives each descriptor of a socket that `wants` accepts; only for these the holder's name is read. `holds` returns
 * 0, or a negative errno that ends the pass. */
struct proc_fd_visitor {
	bool (*wants)(void *context, uint32_t inode); /* NULL: all sockets */
	int (*holds)(void *context, uint32_t inode, const struct owner *owner);
	void *context;
};

/* Calls the visitor for each descriptor of a socket, and each registered one. Returns 0 or a negative errno. */
int proc_fd_each(const struct proc_fd_visitor *visitor, struct proc_fd_gaps *gaps);

/* Finds the holders of `rows`, and sets first_owner and owner_count of each row. The owners of one row are adjacent in
 * *owners, sorted by pid and descriptor, each once; the caller frees *owners. Returns 0 or a negative errno. */
int proc_fd_scan(struct proc_rows *rows, struct owner **owners, struct proc_fd_gaps *gaps);
