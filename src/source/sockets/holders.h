/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Who holds the sockets of this host now: all descriptors of all processes that may be looked at, in every namespace.
 */
#include "event.h"

enum holder_source {
	HOLDERS_BY_AUTO, /* the iterator where it may be used, else /proc */
	HOLDERS_BY_ITER, /* the kernel's iterator over descriptors, by BPF */
	HOLDERS_BY_PROC, /* /proc/PID/fd */
};

struct holders;

/* 0 or a negative errno; the caller frees. */
int holders_find(enum holder_source source, struct holders **out);
void holders_free(struct holders *holders);

/* Those of the socket with that inode, by pid and descriptor; NULL when nobody is known. They hold as long as `holders`
 * does. */
const struct owner *holders_of(const struct holders *holders, uint32_t inode, size_t *count);

/* Whether there may be holders that were not found: processes that did not let us look, or that /proc does not show. */
bool holders_may_hide(const struct holders *holders);

/* How many processes did not let us look. */
size_t holders_denied(const struct holders *holders);

/* What to do, or what to know, where there may be others. `holders`: NULL where nobody could be looked for. */
const char *holders_remedy(const struct holders *holders);
