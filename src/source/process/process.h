/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Processes by their pid: whether one is still there, and which container it is in.
 */
#include <stdbool.h>
#include <stdint.h>

#include "container.h"

/* ---- numbers ----
 *
 * A process has a number in each PID namespace that it is in, up to the first. Everywhere in this program a pid is the
 * one that /proc shows. That is mostly the one of our own namespace, but /proc may be mounted for one above it. */

/* Returns our own number, and that of the calling thread. */
uint32_t process_self(void);
uint32_t process_this_thread(void);

/* Returns the inode number of the namespace whose numbers /proc shows; 1, which none has: it cannot be found out. */
uint32_t process_namespace(void);

/* True where /proc shows the numbers of the first namespace, which are those at hand in the kernel. True also where
 * /proc is not mounted. */
bool process_numbers_are_kernels(void);

/* True where /proc shows the numbers that system calls take: those of our own namespace. */
bool process_numbers_are_for_calls(void);

/* True where we are in the first namespace: the kernel's iterators show us all processes. True also where /proc is not
 * mounted. */
bool process_is_in_first_namespace(void);

/* ---- one process ---- */

/* True when a process does not exist any more. False also where that cannot be known, as of a process of another PID
 * namespace. */
bool process_is_gone(uint32_t pid);

/* Finds the container of a process by its control group. False: the process is in none, or none can be found out; *out
 * is then left alone. */
bool process_container(uint32_t pid, struct container *out);
