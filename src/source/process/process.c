// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "cleanup.h"
#include "privileges.h"

/* PROC_PID_INIT_INO, include/linux/proc_ns.h */
#define FIRST_PID_NAMESPACE 0xeffffffc

/* Bytes read of /proc/PID/cgroup: a line of at most PATH_MAX and a little for each hierarchy. A few lines suffice. */
enum { CGROUP_TEXT = 1 << 14 };

bool process_numbers_are_ours(void)
{
	struct stat pid_namespace;

	return stat("/proc/self/ns/pid", &pid_namespace) || pid_namespace.st_ino == FIRST_PID_NAMESPACE;
}

bool process_is_gone(uint32_t pid)
{
	return kill((pid_t)pid, 0) && errno == ESRCH && process_numbers_are_ours();
}

bool process_container(uint32_t pid, struct container *out)
{
	WITH_PRIVILEGES;
	CLEANUP(cleanup_close) int fd = -1;
	char path[64], text[CGROUP_TEXT];
	size_t used = 0;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && used < sizeof(text) && (length = read(fd, text + used, sizeof(text) - used)) > 0)
		used += (size_t)length;
	return container_of_cgroup(text, used, out);
}
