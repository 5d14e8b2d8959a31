/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A process as the holder of a socket.
 */
#include <stdbool.h>
#include <stdint.h>

#include "unknown.h"

struct identity;

enum { COMM_LEN = 16 }; /* TASK_COMM_LEN of the kernel, the NUL included */

/* Added to the pid of a process that has none in the user's PID namespace; the rest tells such processes apart. */
#define OWNER_FOREIGN 0x80000000u

/* One process that holds a socket. */
struct owner {
	uint32_t pid;        /* 0: not known; perhaps OWNER_FOREIGN: not to be shown but through owner_has_number() */
	int32_t fd;          /* or FD_UNKNOWN, or less: registered_fd() */
	char comm[COMM_LEN]; /* NUL-terminated; hostile text */
	struct identity *identity; /* who the process is beyond that; NULL: not known, or not asked for. Borrowed, but
				      in a connection (connection_set_owner()) */
};

/* Where a process comes from, and what tells it from another one with the same pid or the same name. */
struct lineage {
	uint64_t start_ns;      /* when it began (CLOCK_MONOTONIC), at the latest */
	uint64_t start_span_ns; /* so much earlier it may have begun; 0: the kernel has told the lineage, and it is
				   exact */
	uint64_t cgroup;        /* id of its control group in the tree of version 2; 0: not known */
	uint32_t ppid;          /* of its parent; 0: none, or not known; else as the pid of an owner */
	uint32_t execs;       /* a number that each execve() of the process changes; 0 where the lineage is not exact */
	bool forked;          /* since fork() it has called no execve(); false also where that is not known */
	char pcomm[COMM_LEN]; /* of its parent */
};

/* True when the process has a number that the user knows it by. */
static inline bool owner_has_number(const struct owner *owner)
{
	return owner->pid && !(owner->pid & OWNER_FOREIGN);
}

/* A file that is registered with an io_uring needs no descriptor. In place of one, `fd` has the descriptor of the ring
 * and the file's slot there, in one negative number. */
enum { SLOT_BITS = 20, RING_UNKNOWN = 2046 };

/* Returns that number. A ring's descriptor of RING_UNKNOWN or more finds no room in it, and gets lost. */
static inline int32_t registered_fd(uint32_t ring, uint32_t slot)
{
	uint32_t shown = ring < RING_UNKNOWN ? ring : RING_UNKNOWN;

	return slot >> SLOT_BITS ? FD_UNKNOWN : -2 - (int32_t)(shown << SLOT_BITS | slot);
}

static inline bool fd_is_registered(int32_t fd)
{
	return fd < FD_UNKNOWN;
}

static inline uint32_t fd_ring(int32_t fd)
{
	return (uint32_t)(-2 - fd) >> SLOT_BITS;
}

static inline uint32_t fd_slot(int32_t fd)
{
	return (uint32_t)(-2 - fd) & ((1u << SLOT_BITS) - 1);
}

/* Orders descriptors by number, and registered files after them, by ring and slot. */
static inline int64_t fd_order(int32_t fd)
{
	return fd_is_registered(fd) ? INT32_MAX + (int64_t)FD_UNKNOWN - fd : fd;
}

/* Orders owners by pid, then by descriptor; for qsort() too. */
static inline int owner_compare(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (fd_order(x->fd) > fd_order(y->fd)) - (fd_order(x->fd) < fd_order(y->fd));
}
