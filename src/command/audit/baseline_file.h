/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The file that holds the baseline of an audit.
 */
#include "baseline.h"
#include "ending.h"

/* Reads the file; the caller frees *out. `save`: the file shall be saved again. 0; -ENOENT: there is no such file;
 * -ENOMEM; or -EBADMSG, which is reported already: the file cannot be read or is no baseline, or it is to be saved and
 * is a symbolic link. That is no ERR_REPORTED, because it is wrong use: the exit status is another. */
int baseline_load(const char *path, bool save, struct baseline **out);

/* The lines to save. All zero: no lines. Freed with baseline_lines_free(). */
struct baseline_lines {
	char **all;
	size_t count, room;
};

/* Adds the line of a listener. 0 or -ENOMEM. */
int baseline_lines_add(struct baseline_lines *lines, const struct listener *listener);

/* Sorts the lines, so that two files can be compared by eye, and drops duplicates. */
void baseline_lines_settle(struct baseline_lines *lines);
void baseline_lines_free(struct baseline_lines *lines);

/* Saves the lines, which must be settled, and reports that; `carried` of them are of listeners that were not looked at.
 * 0 or ERR_REPORTED. */
int baseline_save(const char *path, const struct baseline_lines *lines, size_t carried);
