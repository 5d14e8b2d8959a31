/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The part of a filter that the kernel side can decide by itself. It lets pass all that the filter lets pass, and
 * more: states, addresses and owners are decided in user space.
 */
#include "filter.h"
#include "port_set.h"

enum { PUSH_DOWN_MAX_NETNS = 16 };

struct kernel_filter {
	bool by_family, by_netns, by_lport, by_rport, by_either;
	bool want_ipv4; /* with by_family: IPv4 and v4-mapped sockets */
	bool want_ipv6; /* with by_family: IPv6 sockets, v4-mapped ones included */
	uint32_t netns_count;
	uint32_t netns[PUSH_DOWN_MAX_NETNS];
	struct port_set lports;
	struct port_set rports;
	struct port_set either;
};

/* NULL when memory is short, else the caller frees it. `filter` may be NULL. */
struct kernel_filter *kernel_filter_of(const struct filter *filter);

/* What passes is in one network namespace. */
bool kernel_filter_fixes_netns(const struct kernel_filter *kernel_filter);

/* The kernel side does not tell of all connections. */
bool kernel_filter_leaves_out(const struct kernel_filter *kernel_filter);

/* False: the kernel side will tell no more of this connection, or row of a snapshot. Listeners always pass, because
 * their children inherit their owner. */
bool kernel_filter_passes(const struct kernel_filter *kernel_filter, const struct tuple *tuple, uint8_t state);
