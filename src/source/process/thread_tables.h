/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Tables of descriptors that are not the process's: of threads that have called unshare(CLONE_FILES), and of all that
 * are left where the main thread has exited.
 */
#include <stdbool.h>
#include <stdint.h>

/* `thread`: /proc/PID/task/TID, open until this returns. Returns 0, or what ends the walk. */
typedef int thread_table_handler(void *context, uint32_t tid, int thread);

/* Each such table of the process whose directory under /proc is open at `process`, once, by the first thread that has
 * it. 0, what the handler returned, or a negative errno. *denied is set where a thread may have one that may not be
 * looked at, and else left alone. A kernel that cannot compare tables (without kcmp()) has none, as far as we know. */
int thread_tables_each(uint32_t pid, int process, thread_table_handler *handler, void *context, bool *denied);

/* The thread by which the above tells of the table that `tid` has; 0: it is the process's. */
uint32_t thread_table_of(uint32_t pid, int process, uint32_t tid);
