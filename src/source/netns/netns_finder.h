/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Finds the names of this host's network namespaces: in /run/netns, and in the control groups of processes.
 */
#include "netns_names.h"

extern const struct netns_finder host_netns_finder;

/* Lists all that is known, to search it for a word that the user gave: each namespace under each of its names,
 * including those of containers that only share a namespace (a pod's, or the host's). 0, or a negative errno: some may
 * be missing. The caller frees *all. */
int netns_know_all(struct netns_known **all, size_t *count);
