// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "cleanup.h"
#include "count_of.h"
#include "line_value.h"
#include "number.h"
#include "parse.h"
#include "privileges.h"
#include "process_dir.h"

/* PROC_PID_INIT_INO, include/linux/proc_ns.h */
#define FIRST_PID_NAMESPACE 0xeffffffc

#define NAMESPACE_UNKNOWN 1u

/* Bytes read of /proc/PID/cgroup: a line of at most PATH_MAX and a little for each hierarchy. A few lines suffice. */
enum { CGROUP_TEXT = 1 << 14 };

/* ---- numbers ---- */

uint32_t process_self(void)
{
	char text[DECIMAL_MAX + 1];
	ssize_t length = readlink("/proc/self", text, sizeof(text) - 1);
	uint32_t pid;

	text[length < 0 ? 0 : length] = '\0';
	return parse_u32(text, 1, INT32_MAX, &pid) ? (uint32_t)getpid() : pid;
}

/* The link reads "4711/task/4712". */
uint32_t process_this_thread(void)
{
	char text[2 * DECIMAL_MAX + sizeof("/task/")];
	ssize_t length = readlink("/proc/thread-self", text, sizeof(text) - 1);
	const char *number;
	uint32_t tid;

	text[length < 0 ? 0 : length] = '\0';
	number = strrchr(text, '/');
	return !number || parse_u32(number + 1, 1, INT32_MAX, &tid) ? (uint32_t)gettid() : tid;
}

/* Reads the inode number of the PID namespace of a process. `process`: "self", or a pid. */
static uint32_t read_pid_namespace(const char *process)
{
	WITH_PRIVILEGES;
	char path[64];
	struct stat namespace;

	snprintf(path, sizeof(path), "/proc/%s/ns/pid", process);
	return stat(path, &namespace) ? NAMESPACE_UNKNOWN : (uint32_t) namespace.st_ino;
}

/* True for a process in the namespace of /proc itself. The line "NSpid:	4711	1" has its number there, and
 * then those in the namespaces below, if it is in one of these. A kernel with one namespace only has no such line. */
static bool is_in_namespace_of_proc(const char *process)
{
	WITH_PRIVILEGES;
	char path[64];
	CLEANUP(cleanup_free) char *status = NULL;
	const char *number;

	snprintf(path, sizeof(path), "/proc/%s/status", process);
	status = process_text(AT_FDCWD, path);
	number = status ? line_value(status, "NSpid:") : NULL;
	return status && (!number || number[strspn(number, "0123456789")] == '\n');
}

bool process_numbers_are_for_calls(void)
{
	return is_in_namespace_of_proc("self");
}

/* Asks for us, then for the first processes of the namespace: not even root may inspect PID 1 everywhere. */
uint32_t process_namespace(void)
{
	static const char *const processes[] = {"self", "1", "2"};
	uint32_t found = NAMESPACE_UNKNOWN;

	for (size_t i = 0; i < COUNT_OF(processes) && found == NAMESPACE_UNKNOWN; i++)
		if (is_in_namespace_of_proc(processes[i]))
			found = read_pid_namespace(processes[i]);
	return found;
}

bool process_is_in_first_namespace(void)
{
	uint32_t namespace = read_pid_namespace("self");

	return namespace == FIRST_PID_NAMESPACE || namespace == NAMESPACE_UNKNOWN;
}

bool process_numbers_are_kernels(void)
{
	return process_is_in_first_namespace() || process_namespace() == FIRST_PID_NAMESPACE;
}

/* ---- one process ---- */

bool process_is_gone(uint32_t pid)
{
	return pid <= INT32_MAX && kill((pid_t)pid, 0) && errno == ESRCH && process_numbers_are_for_calls();
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
