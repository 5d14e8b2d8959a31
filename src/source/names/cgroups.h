/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names of control groups: the tree of version 2, read once. The id of a group is the inode of its directory.
 */
#include <stdint.h>

struct cgroups;

/* Reads the tree. NULL with errno set when descriptors or memory ran out, or index_init() fails. Where no tree can be
 * seen, no group has a name. */
struct cgroups *cgroups_read(void);
void cgroups_free(struct cgroups *cgroups);

/* Returns the path of a group, "/" or "/system.slice/ssh.service"; NULL: not known. Hostile text, valid as long as
 * `cgroups` is. */
const char *cgroups_path(const struct cgroups *cgroups, uint64_t id);
