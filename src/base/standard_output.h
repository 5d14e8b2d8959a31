/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The end of standard output, whoever wrote to it: a help text through the C library, or a command through output.h.
 */

/* From now on the process closes its standard output when it exits. What could not be written is told on stderr, and
 * makes the exit status EXIT_FAILURE; but a reader that has gone is no failure. */
void standard_output_check_at_exit(void);
