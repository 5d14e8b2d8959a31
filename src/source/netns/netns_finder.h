/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Where the names of this host's network namespaces come from: /run/netns, and the control groups of processes.
 */
#include "netns_names.h"

extern const struct netns_finder host_netns_finder;

/* All that is known, for a word of the user's to be looked for in: each namespace under each of its names, those of
 * containers too that only share one (a pod's, or the host's). 0 or -ENOMEM; the caller frees *all. */
int netns_know_all(struct netns_known **all, size_t *count);
