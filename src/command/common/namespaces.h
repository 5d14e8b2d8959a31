/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The network namespaces from which a command lists sockets, and the sockets in them.
 */
#include "options.h"

/* Finds our own namespace, or all namespaces where an option or the filter asks for others. 0 or a negative errno,
 * which may be ERR_REPORTED; the caller frees *out. */
int namespaces_find(const struct socket_options *options, struct netns_list *out);

/* Hands over all sockets of each namespace in which a socket may pass the filter; the handler applies the filter. A
 * namespace that cannot be read is reported, and the others are read all the same. 0, what the handler returned, or a
 * negative errno: ERR_REPORTED where a namespace could not be read. */
int namespaces_each_socket(const struct netns_list *namespaces, const struct socket_options *options,
			   const struct socket_query *query, socket_handler *handler, void *context);
