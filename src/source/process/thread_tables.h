/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Descriptor tables that are not the process's own: those of threads that have called unshare(CLONE_FILES), and those
 * of all remaining threads where the main thread has exited.
 */
#include <stdbool.h>
#include <stdint.h>

/* Receives a table. `thread`: /proc/PID/task/TID, open until the handler returns. Returns 0, or a value that ends the
 * walk. */
typedef int thread_table_handler(void *context, uint32_t tid, int thread);

/* True where the kernel compares tables for us (kcmp()). False where it cannot, or where a seccomp filter forbids it or
 * kills who asks. To be called once, before the functions below. */
bool thread_tables_are_comparable(void);

/* Calls the handler for each such table of the process whose directory under /proc is open at `process`: once for each
 * table, with the first thread that has it. Returns 0, what the handler returned, or a negative errno. *denied is set
 * where a thread may have a table that we may not inspect, and else left alone. Where tables are not `comparable`, none
 * is found, and that of each thread may be such a one. */
int thread_tables_each(uint32_t pid, int process, bool comparable, thread_table_handler *handler, void *context,
		       bool *denied);

/* Returns the thread with which thread_tables_each() reports the table of `tid`; 0: `tid` has the process's table. */
uint32_t thread_table_of(uint32_t pid, int process, bool comparable, uint32_t tid);
