/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The texts that /proc shows of a process: /proc/PID/status, /proc/PID/limits and
 * /proc/PID/stat.
 */
#include "descriptor.h"

/* Reads the pid of the process, whether it has exited, and the id of its user. What `status` does not show stays as it
 * is. */
void process_status_read(const char *status, struct process_facts *facts);

/* Reads how many descriptors the process may have; or LIMIT_UNKNOWN, LIMIT_NONE. */
uint64_t process_limit_read(const char *limits);

/* What /proc/PID/stat tells of where the process comes from. */
struct process_stat {
	uint32_t ppid;        /* 0: none, or the parent is in a PID namespace that /proc does not show */
	uint64_t start_ticks; /* when it began, in USER_HZ, by CLOCK_BOOTTIME */
};

/* False: the text is not understood, and *out is left alone. */
bool process_stat_read(const char *stat, struct process_stat *out);
