/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The baseline of an audit on the disk.
 */
#include "baseline.h"

/* The caller frees *out. 0; -ENOENT: there is no such file; -ENOMEM; or what is said already: -EBADMSG, it is no
 * baseline, or another negative errno. */
int baseline_load(const char *path, struct baseline **out);

/* Saves all rows but what has gone, each that is like another once, and says so. 0, or a negative errno that is said
 * already. */
int baseline_save(const char *path, const struct audit_row *rows, size_t count);
