/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The baseline of an audit on the disk.
 */
#include "baseline.h"

/* The caller frees *out. 0; -ENOENT: there is no such file; -ENOMEM; or what is said already: -EBADMSG, it is no
 * baseline, or `save`, it shall be saved again, and is a symbolic link. */
int baseline_load(const char *path, bool save, struct baseline **out);

/* What is to be saved. All zero: nothing; freed with baseline_lines_free(). */
struct baseline_lines {
	char **all;
	size_t count, room;
};

/* Adds a listener. 0 or -ENOMEM. */
int baseline_lines_add(struct baseline_lines *lines, const struct listener *listener);

/* Puts them into an order of their own, so that two files can be compared by eye, and leaves each that is like another
 * out. */
void baseline_lines_settle(struct baseline_lines *lines);
void baseline_lines_free(struct baseline_lines *lines);

/* Saves the lines, which are settled, and says so; `carried` of them were not looked at. 0, or a negative errno that is
 * said already. */
int baseline_save(const char *path, const struct baseline_lines *lines, size_t carried);
