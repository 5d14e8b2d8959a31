/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The texts that /proc shows of a process: /proc/PID/status and /proc/PID/limits.
 */
#include "descriptor.h"

/* Reads the pid of the process, whether it has exited, and the id of its user. What `status` does not show stays as it
 * is. */
void process_status_read(const char *status, struct process_facts *facts);

/* Reads how many descriptors the process may have; or LIMIT_UNKNOWN, LIMIT_NONE. */
uint64_t process_limit_read(const char *limits);
