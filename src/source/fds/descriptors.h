/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The descriptors of a process, read from /proc/PID/fd and /proc/PID/fdinfo.
 */
#include "descriptor.h"

/* Reads the descriptors of the process `pid`, whose directory under /proc is open at `task` (process_dir.h). Where
 * `tid` is not 0, reads the table that this thread is the first to have (thread_tables.h); `task` is then the directory
 * of the thread, or of another with the same table. Returns 0 or a negative errno: -EACCES, the descriptors may not be
 * looked at; -ESRCH, the process has exited. Descriptors closed meanwhile are skipped; those of a process that exits
 * meanwhile may be read in part. Facts from other sources are not filled in: of a socket all but its protocol, of a
 * pipe its other holders. */
int descriptors_read(int task, uint32_t pid, uint32_t tid, struct descriptors *out);
