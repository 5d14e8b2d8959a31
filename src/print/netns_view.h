/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What an output needs to know to name network namespaces.
 */
#include "netns_names.h"

/* What an output tells of network namespaces: their names, and as text a column of them when there are several. */
struct netns_view {
	struct netns_names *names; /* borrowed; NULL: they are only numbers */
	uint32_t home;             /* the namespace that we are in; 0: not known */
	bool fixed;                /* it is about one only, and who asked for it knows which */
	bool several;              /* the host has more than one, so that a column is there from the start */
};
