/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The way in which an output names network namespaces, and the interfaces in them.
 */
#include "interface_names.h"
#include "netns_names.h"

/* Network namespaces are shown by name; in text output they have a column when there are several. */
struct netns_view {
	struct netns_names *names;          /* borrowed; NULL: namespaces are shown as numbers */
	struct interface_names *interfaces; /* borrowed; NULL: interfaces of connections are shown as numbers */
	uint32_t home;                      /* the namespace of this process; 0: not known */
	bool fixed;   /* the output is of one namespace only, and the user who asked for it knows which */
	bool several; /* the host has more than one, so that the column is there from the start */
};
