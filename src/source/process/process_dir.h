/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A process by its open directory under /proc: what is read there belongs to that process, even when another process
 * has got its pid meanwhile.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descriptor.h"

/* Opens /proc/PID. Returns a descriptor, or a negative errno (-ENOENT: there is no such process). What is read through
 * the descriptor belongs to that process, also when another one has got its pid. */
int process_open(uint32_t pid);

/* Reads the name of a process, which may be empty. Returns 1; 0, with an empty name, when the process has exited; or a
 * negative errno where descriptors or memory ran out (errno_kind.h). */
int process_comm(int process, char comm[COMM_LEN]);

/* Reads a whole file of a process's directory, and puts a NUL at its end. Returns the text, which the caller frees; or
 * NULL with errno set. */
char *process_text(int process, const char *path);

/* Reads the facts of a process that was opened by `pid`. Facts that /proc does not show stay unknown. From a thread's
 * directory come the facts of the thread, but the pid of the process. Returns 0, or a negative errno where descriptors
 * or memory ran out. */
int process_facts_read(int process, uint32_t pid, struct process_facts *facts);

/* True when a process has threads beside the main one. `path`: that of its directory "task", below `dir`. */
bool process_has_threads(int dir, const char *path);

/* Which processes of this host /proc shows. */
enum process_view {
	PROCESSES_ALL,
	PROCESSES_VISIBLE, /* only those that we may inspect: the mount option hidepid hides the others */
	PROCESSES_INSIDE,  /* only those of a PID namespace that is not the first */
};

enum process_view process_view(void);

/* True when a file of a process could not be opened or read because the process has exited. `err`: a negative errno. */
static inline bool process_has_exited(int err)
{
	return err == -ENOENT || err == -ESRCH;
}

/* Calls the handler for each process, in the order of the pids, with the open directory of the process. Processes that
 * exit meanwhile are passed over. Returns 0, a negative errno, or what the handler returned: a value other than 0 ends
 * the walk. *hidden: the number of processes of which /proc shows nothing but the pid. */
typedef int process_handler(void *context, uint32_t pid, int process);
int process_each(process_handler *handler, void *context, size_t *hidden);
