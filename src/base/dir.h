/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Directories of /proc, whose entries are numbers: processes, threads, descriptors.
 */
#include <dirent.h>
#include <stdint.h>

/* NULL with errno set when it cannot be opened. */
DIR *dir_open_at(int at, const char *path);

/* The next entry that is a number (0 is one, for a descriptor); -1 at the end. */
int64_t dir_next_number(DIR *dir);
