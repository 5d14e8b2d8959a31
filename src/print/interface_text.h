/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The interface that a socket is bound to, as it stands behind the socket's local address.
 */
#include "connection.h"
#include "netns_view.h"

enum { INTERFACE_TEXT_MAX = 1 + 4 * INTERFACE_NAME_SIZE };

/* Finds the name of the interface that a connection is bound to; NULL: it is bound to none, or no name is known.
 * Hostile text, valid until the next call. */
const char *interface_name_of(const struct netns_view *view, const struct connection *conn, uint64_t ts_ns);

/* Writes "%eth0", or "%3" where `name` is NULL; nothing where the tuple has no interface. Returns the end; there is no
 * NUL. `at` has room for INTERFACE_TEXT_MAX bytes. */
char *interface_suffix_put(char *at, const struct tuple *tuple, const char *name);
