/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The sockets behind descriptors: their entries in the tables of sockets, and their other holders. A process may hold
 * sockets of other network namespaces than its own: sockets not found in the processes' own namespaces are looked for
 * in all namespaces.
 */
#include "descriptor.h"
#include "netns.h"

struct socket_ends;

/* Fills in `socket` and `others` of the sockets among `all`, which borrow from *out. This process only observes, and is
 * none of the others. Returns 0, or a negative errno where memory or descriptors ran out; what cannot be read for
 * another reason stays unknown. *hidden: number of processes that we may not look into. The caller frees *out. */
int socket_ends_find(struct descriptor *const *all, size_t count, struct socket_ends **out, size_t *hidden);
void socket_ends_free(struct socket_ends *ends);

/* Returns the network namespaces in which the sockets are. */
const struct netns_list *socket_ends_namespaces(const struct socket_ends *ends);
