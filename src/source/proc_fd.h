/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Who holds which socket: one pass over /proc/PID/fd of all processes. Those that exit meanwhile, or that may not be
 * looked at, are passed over.
 */
#include "event.h"
#include "proc_net.h"

/* Who is told of each descriptor of a socket, if it wants that socket: only then the holder's name is read. `holds`
 * returns 0 or a negative errno, which ends the pass. */
struct proc_fd_visitor {
	bool (*wants)(void *context, uint32_t inode); /* NULL: all */
	int (*holds)(void *context, uint32_t inode, const struct owner *owner);
	void *context;
};

/* 0 or a negative errno. *denied: how many processes did not let us look at their descriptors. */
int proc_fd_each(const struct proc_fd_visitor *visitor, size_t *denied);

/* Finds the holders of `rows`, and notes there which are whose (first_owner, owner_count). Those of one row stand
 * together in *owners, by pid and descriptor; the caller frees it. 0 or a negative errno. */
int proc_fd_scan(struct proc_rows *rows, struct owner **owners);
