/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Who holds the ends of pipes and FIFOs: one pass over the descriptors of all processes.
 */
#include "descriptor.h"

/* Finds for each pipe and FIFO of `all` who else holds it, and fills in its `others`; where nobody was found at its
 * other end, the kernel is asked whether that is open. This process, which only looks on, does not count. 0 or a
 * negative errno; *hidden: how many processes did not let us look. */
int pipe_holders_find(struct descriptor *const *all, size_t count, size_t *hidden);
