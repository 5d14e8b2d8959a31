/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What a process's number tells of it: whether it is still there, and the container that it is in.
 */
#include <stdbool.h>
#include <stdint.h>

#include "container.h"

/* Those that the kernel tells, in events and iterators, are the ones that we see too: we are in the first namespace of
 * pids. */
bool process_numbers_are_ours(void);

/* Whether a process is there no more. False also where that cannot be told, as outside the host's pid namespace. */
bool process_is_gone(uint32_t pid);

/* By its control group. False: it is in none, or none is told, and *out is left alone. */
bool process_container(uint32_t pid, struct container *out);
