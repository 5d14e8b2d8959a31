/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A process as the holder of a socket.
 */
#include <stdint.h>

#include "unknown.h"

enum { COMM_LEN = 16 }; /* TASK_COMM_LEN of the kernel, the NUL included */

/* One process that holds a socket. */
struct owner {
	uint32_t pid;        /* 0: not known */
	int32_t fd;          /* or FD_UNKNOWN */
	char comm[COMM_LEN]; /* NUL-terminated; hostile text */
};

/* Orders owners by pid, then by descriptor; for qsort() too. */
static inline int owner_compare(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->fd > y->fd) - (x->fd < y->fd);
}
