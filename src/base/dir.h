/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Directories of /proc, whose entries are numbers: processes, threads, descriptors.
 */
#include <dirent.h>
#include <stdint.h>

/* Opens the directory `path`, relative to the directory descriptor `at`. Returns NULL with errno set on failure. */
DIR *dir_open_at(int at, const char *path);

/* Returns the next entry that is a number (0 counts, being a descriptor's number); -1 at the end. */
int64_t dir_next_number(DIR *dir);
