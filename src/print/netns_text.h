/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The column NETNS.
 */
#include "connection.h"
#include "netns_view.h"

enum { NETNS_WIDTH_MIN = 8, NETNS_WIDTH_MAX = 20 };

/* Returns the width of the column for names of up to `characters` characters, from NETNS_WIDTH_MIN to NETNS_WIDTH_MAX.
 * A longer name moves the next columns to the right. */
size_t netns_column(size_t characters);

/* Returns the name of a namespace, or its number, for which `out`, of 32 bytes, may be used. `pid`: a process that may
 * be in the namespace; 0: none is known. The text holds until the next call. */
const char *netns_inode_text(const struct netns_view *netns, uint32_t inode, uint32_t pid, uint64_t ts_ns, char *out);

/* Returns the name of the namespace that a connection is in, in the same way. */
const char *netns_text(const struct netns_view *netns, const struct connection *conn, uint64_t ts_ns, char *out);
