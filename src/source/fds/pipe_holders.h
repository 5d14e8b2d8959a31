/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The holders of the ends of pipes and FIFOs: one pass over the descriptors of all processes.
 */
#include "descriptor.h"

/* Finds the other holders of each pipe and FIFO in `all`, and fills in its `others`. Where no holder of the other end
 * was found, the kernel is asked whether that end is open. This process only observes, and does not count as a holder.
 * Returns 0 or a negative errno; *hidden: number of processes that we may not look into. */
int pipe_holders_find(struct descriptor *const *all, size_t count, size_t *hidden);
