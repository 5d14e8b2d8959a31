/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names with * and ? in them. (glob.h is the C library's.)
 */
#include <stdbool.h>
#include <stddef.h>

/* Makes a pattern for fnmatch() from a name that was typed (escape.h). Only * and ? are wildcards: brackets,
 * backslashes and bytes that were typed as \xNN stand for themselves, behind a backslash. Returns NULL when
 * memory is short; the caller frees. */
char *glob_of(const char *word);

/* Writes the name that a pattern of glob_of() stands for into `out`, cut to `size` - 1 bytes. False: it has wildcards,
 * and then these are in `out` as they are. */
bool glob_name(const char *glob, char *out, size_t size);
