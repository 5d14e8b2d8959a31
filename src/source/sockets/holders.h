/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The present holders of this host's sockets: all descriptors of all processes that we may look into, in every
 * namespace.
 */
#include "event.h"

struct identities;

enum holder_source {
	HOLDERS_BY_AUTO, /* the iterator where it can be used, else /proc */
	HOLDERS_BY_ITER, /* the kernel's BPF iterator over descriptors */
	HOLDERS_BY_PROC, /* /proc/PID/fd */
};

struct holders;

/* Finds all holders. Returns 0 or a negative errno; the caller frees *out. */
int holders_find(enum holder_source source, struct holders **out);
void holders_free(struct holders *holders);

/* From now on, holders_of() also looks up who the holders are, each of them once. `identities` is borrowed, as long as
 * `holders` lives; `round`: as for identities_of_holder(). */
void holders_identify(struct holders *holders, struct identities *identities, uint64_t round);

/* Returns the holders of the socket with that inode, sorted by pid and descriptor; NULL when none is known. Valid as
 * long as `holders`; so are their identities. */
const struct owner *holders_of(const struct holders *holders, uint32_t inode, size_t *count);

/* Where holders may be missing. */
enum holder_gap {
	HOLDERS_WHOLE,     /* none can be */
	HOLDERS_DENIED,    /* in processes that we may not look into */
	HOLDERS_HIDDEN,    /* in processes that /proc hides (hidepid) */
	HOLDERS_ELSEWHERE, /* in processes of other PID namespaces */
	HOLDERS_UNTOLD,    /* in io_urings whose registered files the kernel does not tell */
};

enum holder_gap holders_gap(const struct holders *holders);

/* Returns the number of processes that we may not look into. */
size_t holders_denied(const struct holders *holders);

/* Returns advice, or an explanation, for missing holders. */
const char *holders_remedy(enum holder_gap gap);
