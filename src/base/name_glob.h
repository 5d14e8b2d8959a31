/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names with * and ? in them. (glob.h is the C library's.)
 */

/* Makes a pattern for fnmatch() from a name that was typed (escape.h). Only * and ? are wildcards: brackets,
 * backslashes and bytes that were typed as \xNN stand for themselves, behind a backslash. Returns NULL when
 * memory is short; the caller frees. */
char *glob_of(const char *word);
