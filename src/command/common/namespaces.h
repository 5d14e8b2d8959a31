/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The network namespaces that a list of sockets is of, and the sockets in them.
 */
#include "ending.h"
#include "options.h"

/* Finds our own namespace, or all of them where an option or the filter asks for others. 0 or a negative errno, which
 * may be ERR_REPORTED; the caller frees *out. */
int namespaces_find(const struct socket_options *options, struct netns_list *out);

/* Gives the sockets of each namespace in which something may pass the filter, whether they pass or not. A namespace
 * that cannot be read is reported, and the others are read all the same. 0, what the handler returned, or a negative
 * errno: ERR_REPORTED where a namespace could not be read. */
int namespaces_each_socket(const struct netns_list *namespaces, const struct socket_options *options,
			   const struct socket_query *query, socket_handler *handler, void *context);
