/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Processes by their pid: whether one is still there, and which container it is in.
 */
#include <stdbool.h>
#include <stdint.h>

#include "container.h"

/* True in the first pid namespace: the pids that the kernel reports, in events and iterators, are then the ones that we
 * see too. True also where /proc does not show our namespace. */
bool process_numbers_are_ours(void);

/* True when a process does not exist any more. False also where that cannot be known, as outside the host's pid
 * namespace. */
bool process_is_gone(uint32_t pid);

/* Finds the container of a process by its control group. False: the process is in none, or none can be found out; *out
 * is then left alone. */
bool process_container(uint32_t pid, struct container *out);
