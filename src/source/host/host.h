/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Checks for what tracing needs of this host, and messages for when something is missing.
 */
#include <stdbool.h>

/* True when /proc is there. If it is not, logs that, with its remedy. */
bool host_check_proc(void);

/* Logs that `what` failed with `err` (a negative errno), and the remedy where descriptors or memory ran out. */
void host_log_failure(const char *what, int err);

/* To be called when the BPF programs could not be loaded or attached, with `err` (a negative errno). Finds the most
 * likely cause on this host, and logs it with its remedy. */
void host_explain_failure(int err);

/* Warns when for want of capabilities the owners of other users' sockets (with `holders_from_proc`), or else sockets in
 * other users' network namespaces, will stay unknown. Warns when processes have other pids here than in the events. */
void host_check_owners(bool holders_from_proc);
