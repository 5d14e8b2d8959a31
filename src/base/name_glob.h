/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names with * and ? in them. (glob.h is the C library's.)
 */

/* For fnmatch(), to which brackets and backslashes mean something: in a name they are what they are. NULL when memory
 * is short; the caller frees. */
char *glob_of(const char *word);
