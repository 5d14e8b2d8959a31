/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Closes standard output when the process ends, whether a help text was written through the C library or a command
 * wrote through output.h.
 */

/* From now on the process closes its standard output when it exits. A failed write is reported on stderr, and makes the
 * exit status EXIT_FAILURE; but a reader that has gone is no failure. */
void standard_output_check_at_exit(void);
