/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A host on which network namespaces have names in /run/netns, and no processes are found: for tests of printed
 * text. */
#ifndef NAMED_NETNS_H
#define NAMED_NETNS_H

#include "netns_names.h"

/* An array begins with the host's own namespace, whose name is not used, and ends with inode 0. */
struct named_netns {
	uint32_t inode;
	const char *name;
};

static uint64_t named_now(void *context)
{
	(void)context;
	return 1;
}

static uint32_t named_host(void *context)
{
	return ((const struct named_netns *)context)->inode;
}

static bool named_names(void *context, netns_name_visitor *visit, void *visitor)
{
	for (const struct named_netns *each = (const struct named_netns *)context + 1; each->inode; each++)
		visit(visitor, each->inode, each->name);
	return true;
}

static void named_processes(void *context, netns_process_visitor *visit, void *visitor)
{
	(void)context;
	(void)visit;
	(void)visitor;
}

static uint32_t named_of_process(void *context, uint32_t pid)
{
	(void)context;
	(void)pid;
	return 0;
}

/* The finder of an array of struct named_netns. The finder borrows the array. */
#define NAMED_FINDER(array)                                                                                            \
	{                                                                                                              \
		.now_ns = named_now, .host = named_host, .names = named_names, .processes = named_processes,           \
		.of_process = named_of_process, .context = (void *)(array),                                            \
	}

#endif
