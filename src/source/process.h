/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A process by its number, or by its open directory under /proc.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "container.h"
#include "descriptor.h"

/* Those that the kernel tells, in events and iterators, are the ones that we see too: we are in the first namespace of
 * pids. */
bool process_numbers_are_ours(void);

/* Whether a process is there no more. False also where that cannot be told, as outside the host's pid namespace. */
bool process_is_gone(uint32_t pid);

/* By its control group. False: it is in none, or none is told, and *out is left alone. */
bool process_container(uint32_t pid, struct container *out);

/* /proc/PID: a descriptor, or a negative errno (-ENOENT: there is none). What is read by it is of that process, also
 * when another one has got its number. */
int process_open(uint32_t pid);

/* Its name; "" when it has gone. */
void process_comm(int process, char comm[COMM_LEN]);

/* A whole file in it, with a NUL at its end; or NULL with errno set. The caller frees. */
char *process_text(int process, const char *path);

/* `pid`: by which it was opened. What is not told stays unknown. */
void process_facts_read(int process, uint32_t pid, struct process_facts *facts);

/* Whether what /proc shows are all processes of this host. */
bool process_all_are_shown(void);

/* Each process, in the order of the numbers, with its directory. Those that exit meanwhile are passed over. Returns 0,
 * a negative errno, or what the handler returned, which ends the walk unless it is 0. */
typedef int process_handler(void *context, uint32_t pid, int process);
int process_each(process_handler *handler, void *context);
