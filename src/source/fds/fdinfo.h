/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * /proc/PID/fdinfo/N: lines of "name: value". The first few are the same for all descriptors, the rest depend on the
 * kind (Documentation/filesystems/proc.rst, and show_fdinfo of each kind). A text that somebody chose can look like
 * further lines, so the first line of each name counts, and names of another kind are ignored.
 */
#include "descriptor.h"

/* Fills in the details of a descriptor, whose kind is known, from `text`, which ends with a NUL. Skips lines that are
 * not in the kernel's form. Returns 0 or -ENOMEM. */
int fdinfo_parse(const char *text, struct descriptor *descriptor);
