/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * /proc/PID/fdinfo/N: lines of "name: value", of which the first few are the same for all, and the rest depend on the
 * kind (Documentation/filesystems/proc.rst, and show_fdinfo of each). A text that somebody chose can look like further
 * lines, so of each name the first counts, and names of another kind do not.
 */
#include "descriptor.h"

/* Fills in what `text`, which ends with a NUL, tells of a descriptor whose kind is known. What is not of the form that
 * the kernel writes is passed over. 0 or -ENOMEM. */
int fdinfo_parse(const char *text, struct descriptor *descriptor);
