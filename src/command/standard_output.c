// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "standard_output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* Some file systems report only in close() that there is no room. */
static void close_standard_output(void)
{
	bool failed_before = ferror(stdout);
	int err = fclose(stdout) ? errno : failed_before ? EIO : 0;

	if (!err || err == EPIPE)
		return;
	log_error("standard output could not be written: %s", strerror(err));
	_exit(EXIT_FAILURE);
}

void standard_output_check_at_exit(void)
{
	atexit(close_standard_output);
}
