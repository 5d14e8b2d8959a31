/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What control groups are called: the tree of version 2, read once. The id of a group is the inode of its directory.
 */
#include <stdint.h>

struct cgroups;

/* NULL when index_init() fails, or memory is short. Where there is no tree to be seen, no group has a name. */
struct cgroups *cgroups_read(void);
void cgroups_free(struct cgroups *cgroups);

/* "/" or "/system.slice/ssh.service"; NULL: not known. Hostile text; it holds as long as `cgroups` does. */
const char *cgroups_path(const struct cgroups *cgroups, uint64_t id);
