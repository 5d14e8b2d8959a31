// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <sys/types.h>

#include "host.h"

bool process_is_gone(uint32_t pid)
{
	return kill((pid_t)pid, 0) && errno == ESRCH && host_pids_are_ours();
}
