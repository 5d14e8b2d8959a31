/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The kernel filter: the part of a filter that the kernel side can decide by itself. It passes all that the filter
 * passes, and more: states, addresses and owners are decided in user space.
 */
#include "filter.h"
#include "port_set.h"

enum { KERNEL_FILTER_NETNS_MAX = 16 };

struct kernel_filter {
	bool by_family, by_netns, by_lport, by_rport, by_either;
	bool want_ipv4; /* with by_family: IPv4 and v4-mapped sockets */
	bool want_ipv6; /* with by_family: IPv6 sockets, v4-mapped ones included */
	uint32_t netns_count;
	uint32_t netns[KERNEL_FILTER_NETNS_MAX];
	struct port_set lports;
	struct port_set rports;
	struct port_set either;
};

/* Derives the kernel filter of `filter`, which may be NULL. The caller frees it. NULL when memory is short. */
struct kernel_filter *kernel_filter_of(const struct filter *filter);

/* True if all that passes is in one network namespace. */
bool kernel_filter_fixes_netns(const struct kernel_filter *kernel_filter);

/* True if the kernel side does not report all connections. */
bool kernel_filter_leaves_out(const struct kernel_filter *kernel_filter);

/* False: the kernel side will report nothing more of this connection, or row of a snapshot. Listeners pass whatever
 * their port and family, because their children inherit their owner. */
bool kernel_filter_passes(const struct kernel_filter *kernel_filter, const struct tuple *tuple, uint8_t state);
