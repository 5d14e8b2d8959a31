/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The subcommands, one file each. They return the exit status of the program.
 */
#include "options.h"

enum {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,
	STATUS_WRONG_USE = 2, /* what the user named is not there, or not what it should be */
	STATUS_FINDINGS = 3,  /* done, but something was found: transitions were lost, a listener that nobody expects */
};

int trace_run(const struct options *options);
int top_run(const struct options *options);
int list_run(const struct options *options);
int audit_run(const struct options *options);
int explain_run(const struct options *options);
int fds_run(const struct options *options);
int doctor_run(const struct options *options);
