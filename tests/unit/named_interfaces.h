/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A host whose interface 2 is called eth0 and 3 by a hostile name, in each namespace: for tests of printed text. */
#ifndef NAMED_INTERFACES_H
#define NAMED_INTERFACES_H

#include <stdio.h>

#include "interface_names.h"

enum { INTERFACE_ETH0 = 2, INTERFACE_HOSTILE = 3, INTERFACE_NAMELESS = 4 };

static uint64_t interfaces_now(void *context)
{
	(void)context;
	return 1;
}

static bool interface_name_here(void *context, uint32_t netns, uint32_t index, uint32_t pid,
				char name[INTERFACE_NAME_SIZE])
{
	(void)context;
	(void)netns;
	(void)pid;
	snprintf(name, INTERFACE_NAME_SIZE, "%s", index == INTERFACE_HOSTILE ? "e\033[\\\377" : "eth0");
	return index != INTERFACE_NAMELESS;
}

static const struct interface_finder named_interfaces = {
	.now_ns = interfaces_now, .spent_ns = interfaces_now, .name = interface_name_here};

#endif
