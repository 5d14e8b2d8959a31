/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The options of fds.
 */
#include "options.h"

struct argp;

struct fds_options {
	struct output_options output;
	const char *process; /* its PID or its name, in the command line */
};

extern const struct argp fds_argp;
