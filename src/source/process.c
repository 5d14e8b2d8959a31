// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>

/* PROC_PID_INIT_INO, include/linux/proc_ns.h */
#define FIRST_PID_NAMESPACE 0xeffffffc

bool process_numbers_are_ours(void)
{
	struct stat pid_namespace;

	return stat("/proc/self/ns/pid", &pid_namespace) || pid_namespace.st_ino == FIRST_PID_NAMESPACE;
}

bool process_is_gone(uint32_t pid)
{
	return kill((pid_t)pid, 0) && errno == ESRCH && process_numbers_are_ours();
}
