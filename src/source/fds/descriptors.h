/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The descriptors of a process: /proc/PID/fd and /proc/PID/fdinfo.
 */
#include "descriptor.h"

/* Reads those of the process `pid` whose directory under /proc is open at `task` (process_dir.h); or, where `tid` is
 * not 0, those of the table that this thread is the first to have (thread_tables.h), at its directory or that of
 * another which has the same table. 0 or a negative errno: -EACCES, they may not be looked at; -ESRCH, it has exited.
 * What is closed meanwhile is passed over; what a process held that exits meanwhile may be there in part. Not filled in
 * is what only others tell: of a socket all but its protocol, of a pipe who else holds it. */
int descriptors_read(int task, uint32_t pid, uint32_t tid, struct descriptors *out);
