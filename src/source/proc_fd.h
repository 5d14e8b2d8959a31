/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Who holds which socket: one pass over /proc/PID/fd of all processes.
 */
#include "event.h"
#include "proc_net.h"

/* Finds the holders of `rows`, and notes there which are whose (first_owner, owner_count). Those of one row stand
 * together in *owners, by pid and descriptor; the caller frees it. 0 or a negative errno; processes that exit
 * meanwhile, or that may not be looked at, are passed over. */
int proc_fd_scan(struct proc_rows *rows, struct owner **owners);
