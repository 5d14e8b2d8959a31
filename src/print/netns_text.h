/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The column NETNS.
 */
#include "connection.h"
#include "netns_view.h"

enum { NETNS_WIDTH_MIN = 8, NETNS_WIDTH_MAX = 20 };

/* The width of a column for names of so many characters: a longer one pushes the next columns aside. */
size_t netns_column(size_t characters);

/* The name of a namespace, which process `pid` may be in (0: none is known), or its number, which may stand in `out`,
 * of 32 bytes. Holds until the next call. */
const char *netns_inode_text(const struct netns_view *netns, uint32_t inode, uint32_t pid, uint64_t ts_ns, char *out);

/* The name of the namespace that a connection is in, in the same way. */
const char *netns_text(const struct netns_view *netns, const struct connection *conn, uint64_t ts_ns, char *out);
