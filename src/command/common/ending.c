// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ending.h"

#include <string.h>

#include "command.h"
#include "log.h"

int ending_status(const char *name, int err)
{
	if (!err || err == -EPIPE)
		return STATUS_DONE;
	if (err != ERR_REPORTED)
		log_error("%s: %s", name, strerror(-err));
	return STATUS_FAILED;
}
