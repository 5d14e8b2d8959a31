/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What tracing needs of this host, and what to say when it is not there.
 */
#include <stdbool.h>

/* Whether /proc is there; if it is not, logs that, with its remedy. */
bool host_check_proc(void);

/* Logs that `what` failed with `err` (a negative errno), and what to do where it is for want of descriptors or memory.
 */
void host_log_failure(const char *what, int err);

/* After the BPF programs could not be loaded or attached with `err` (a negative errno): finds the most likely cause on
 * this host, and logs it with its remedy. */
void host_explain_failure(int err);

/* Warns when for want of capabilities the owners of other users' sockets, or their sockets, will stay unknown, or when
 * processes have other numbers here than in the events. */
void host_check_owners(bool holders_from_proc);
