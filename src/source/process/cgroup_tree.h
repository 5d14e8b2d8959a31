/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The tree of control groups of version 2. The id of a group is the inode of its directory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns where the tree is mounted: alone, or beside the trees of version 1. NULL: nowhere that we know. */
const char *cgroup_tree(void);

/* Writes the path of a group, as "/system.slice/ssh.service", into `out`. False: there is no such group any more, it
 * may not be looked up (that takes CAP_DAC_READ_SEARCH), or `size` is too small. Hostile text. */
bool cgroup_path_of(uint64_t id, char *out, size_t size);
