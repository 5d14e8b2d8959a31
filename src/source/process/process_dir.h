/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A process by its open directory under /proc: what is read there is of that process, whoever has its number meanwhile.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descriptor.h"

/* /proc/PID: a descriptor, or a negative errno (-ENOENT: there is none). What is read by it is of that process, also
 * when another one has got its number. */
int process_open(uint32_t pid);

/* Its name; "" when it has gone. 0, or a negative errno where descriptors ran out (errno_kind.h). */
int process_comm(int process, char comm[COMM_LEN]);

/* A whole file in it, with a NUL at its end; or NULL with errno set. The caller frees. */
char *process_text(int process, const char *path);

/* `pid`: by which it was opened. What is not told stays unknown. Of a thread's directory it is that thread's, but for
 * the process's `pid`. 0, or a negative errno as above. */
int process_facts_read(int process, uint32_t pid, struct process_facts *facts);

/* Whether what /proc shows are all processes of this host. */
bool process_all_are_shown(void);

/* Whether a file of a process could not be opened or read because it has exited. `err`: a negative errno. */
static inline bool process_has_exited(int err)
{
	return err == -ENOENT || err == -ESRCH;
}

/* Each process, in the order of the numbers, with its directory. Those that exit meanwhile are passed over. Returns 0,
 * a negative errno, or what the handler returned, which ends the walk unless it is 0. *hidden: how many are there of
 * which /proc shows nothing but the number. */
typedef int process_handler(void *context, uint32_t pid, int process);
int process_each(process_handler *handler, void *context, size_t *hidden);
