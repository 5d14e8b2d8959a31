/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names with * and ? in them. (glob.h is the C library's.)
 */

/* A name that was typed (escape.h), for fnmatch(), to which brackets and backslashes mean something: in a name they are
 * what they are, and so is what was typed as \xNN. NULL when memory is short; the caller frees. */
char *glob_of(const char *word);
