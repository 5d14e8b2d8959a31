/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The subcommands, one file each. They return the exit status of the program.
 */
#include "options.h"

enum {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,
	STATUS_FINDINGS = 3, /* done, but something was found: here, that transitions were lost */
};

int trace_run(const struct options *options);
int top_run(const struct options *options);
int list_run(const struct options *options);
int doctor_run(const struct options *options);
