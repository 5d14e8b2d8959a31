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

int ending_status_of_part(const char *name, int err, bool incomplete)
{
	int status = ending_status(name, err);

	return status == STATUS_DONE && incomplete ? STATUS_FINDINGS : status;
}
