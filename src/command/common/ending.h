/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * How a command ends.
 */
#include <errno.h>

/* What a function returns in place of the errno once it has said what failed. */
#define ERR_REPORTED (-EALREADY)

/* The exit status after `err`: 0 or a negative errno, which is said in the command's `name` unless it was said before.
 * -EPIPE is no failure: the output's reader wants no more. */
int ending_status(const char *name, int err);
