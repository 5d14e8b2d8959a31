/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Directories of /proc, whose entries are numbers: processes, threads, descriptors.
 */
#include <dirent.h>
#include <stdint.h>

/* Opens the directory `path`, relative to the directory descriptor `at`. Returns NULL with errno set on failure. */
DIR *dir_open_at(int at, const char *path);

/* Reads the next entry. Returns 1; 0 at the end, also where the directory is that of a process that has exited; or a
 * negative errno: there may be more entries. */
int dir_next(DIR *dir, const struct dirent **entry);

/* Reads the next entry that is a number (0 counts, being a descriptor's number). Returns as dir_next(). */
int dir_next_number(DIR *dir, uint32_t *number);
