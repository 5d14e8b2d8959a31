/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The identities of the processes that were asked for, each read once: a process is told from another one with its pid
 * by the time when it began, and from another program by its name and the number of its execve()s. Those that have not
 * been asked for in a while are forgotten; whoever refers to one keeps it by a reference of his own.
 */
#include <stddef.h>

#include "identity.h"

struct identities;

/* `with_cmdline`: command lines are wanted. NULL with errno set when memory is short, or index_init() fails. */
struct identities *identities_new(bool with_cmdline);
void identities_free(struct identities *identities); /* NULL is fine */

/* Returns the identity of a process whose call the kernel has told. Borrowed until the next call of either function.
 * NULL: memory or descriptors ran out. */
struct identity *identities_of_caller(struct identities *identities, const struct owner *owner,
				      const struct lineage *lineage);

/* Does the same for a process that was found holding a socket. Whether a process that is known already is still the
 * same is asked once for each `round`, a number that the caller chooses; not 0. */
struct identity *identities_of_holder(struct identities *identities, const struct owner *owner, uint64_t round);
