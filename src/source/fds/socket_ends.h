/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the tables of sockets tell of those behind descriptors, and who else holds them. A process may hold sockets of
 * other network namespaces than its own: those that are not found in the processes' own are looked for in all.
 */
#include "descriptor.h"
#include "netns.h"

struct socket_ends;

/* Fills in the sockets among `all`, which borrow from *out: their `socket` and `others`. This process, which only looks
 * on, is none of the others. 0, or a negative errno where memory or descriptors ran out; what cannot be read for
 * another reason stays unknown. *hidden: how many processes did not let us look. The caller frees. */
int socket_ends_find(struct descriptor *const *all, size_t count, struct socket_ends **out, size_t *hidden);
void socket_ends_free(struct socket_ends *ends);

/* Those in which the sockets are. */
const struct netns_list *socket_ends_namespaces(const struct socket_ends *ends);
