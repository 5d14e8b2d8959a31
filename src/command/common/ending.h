/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The end of a command: its exit status.
 */
#include <errno.h>
#include <stdbool.h>

/* Returned in place of the errno by a function that has already reported the failure. */
#define ERR_REPORTED (-EALREADY)

/* Returns the exit status after `err`, 0 or a negative errno. Reports the error under the command's `name`, unless it
 * was reported before. -EPIPE is no failure: the output's reader wants no more. */
int ending_status(const char *name, int err);

/* The same of a command whose output may lack something, although nothing failed. */
int ending_status_of_part(const char *name, int err, bool incomplete);
