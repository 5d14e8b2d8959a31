/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The network namespaces that a list of sockets is of, and what is in them.
 */
#include "options.h"

/* Ours, or all where an option or the filter asks for others. 0 or a negative errno; the caller frees *out. */
int namespaces_find(const struct options *options, struct netns_list *out);

/* Gives the sockets of those in which something may pass the filter, whether they pass or not. One namespace that
 * cannot be read keeps nobody from the rest: why is said, and *told set. 0, what the handler returned, or a negative
 * errno. */
int namespaces_each_socket(const struct netns_list *namespaces, const struct options *options,
			   const struct socket_query *query, socket_handler *handler, void *context, bool *told);
