// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "dir.h"
#include "errno_kind.h"
#include "number.h"
#include "parse.h"
#include "privileges.h"
#include "process.h"
#include "process_status.h"

/* A directory has two links, and /proc/PID/task one more for each thread (proc_task_getattr(), fs/proc/base.c). */
enum { LINKS_OF_ONE_THREAD = 3 };

bool process_has_threads(int dir, const char *path)
{
	struct stat tasks;

	return fstatat(dir, path, &tasks, 0) == 0 && tasks.st_nlink > LINKS_OF_ONE_THREAD;
}

/* Tests for PID 1: where /proc hides the processes of others, it hides PID 1 too. Not by access(), which asks without
 * our capabilities. */
enum process_view process_view(void)
{
	WITH_PRIVILEGES;
	struct stat first;

	if (stat("/proc/1", &first))
		return PROCESSES_VISIBLE;
	return process_numbers_are_kernels() ? PROCESSES_ALL : PROCESSES_INSIDE;
}

static int open_process_dir(int proc, uint32_t pid)
{
	WITH_PRIVILEGES;
	char name[16];
	int fd;

	*decimal_put(name, pid) = '\0';
	fd = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int process_open(uint32_t pid)
{
	CLEANUP(cleanup_close) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return proc < 0 ? -errno : open_process_dir(proc, pid);
}

/* Reads with privileges: the kernel may hide processes that the reader may not inspect (hidepid). */
static int read_next_pid(DIR *proc, uint32_t *pid)
{
	WITH_PRIVILEGES;

	return dir_next_number(proc, pid);
}

int process_each(process_handler *handler, void *context, size_t *hidden)
{
	CLEANUP(cleanup_closedir) DIR *proc = opendir("/proc");
	uint32_t pid;
	int err = 0;

	*hidden = 0;
	if (!proc)
		return -errno;
	while (!err && (err = read_next_pid(proc, &pid)) > 0) {
		CLEANUP(cleanup_close) int process = open_process_dir(dirfd(proc), pid);

		err = 0;
		if (process >= 0)
			err = handler(context, pid, process);
		else if (errno_is_resource(process))
			err = process;
		else
			*hidden += !process_has_exited(process);
	}
	return err;
}

int process_comm(int process, char comm[COMM_LEN])
{
	WITH_PRIVILEGES;
	CLEANUP(cleanup_close) int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	char text[COMM_LEN + 1];
	ssize_t got;

	*comm = '\0';
	if (fd < 0)
		return errno_is_resource(-errno) ? -errno : 0;
	got = read(fd, text, sizeof(text));
	if (got <= 0)
		return 0;
	if (text[got - 1] == '\n')
		got--;
	if (got >= COMM_LEN)
		got = COMM_LEN - 1;
	memcpy(comm, text, (size_t)got);
	comm[got] = '\0';
	return 1;
}

/* Reads to the end with a growing buffer: the kernel does not report the size of these files, and each read returns
 * what there is at that moment. */
char *process_text(int process, const char *path)
{
	WITH_PRIVILEGES;
	CLEANUP(cleanup_close) int fd = openat(process, path, O_RDONLY | O_CLOEXEC);
	CLEANUP(cleanup_free) char *text = NULL;
	size_t used = 0, room = 2048;
	ssize_t got;
	char *whole;

	if (fd < 0)
		return NULL;
	do {
		char *grown = realloc(text, room *= 2);

		if (!grown)
			return NULL;
		text = grown;
		while ((got = read(fd, text + used, room - used - 1)) > 0)
			used += (size_t)got;
		if (got < 0)
			return NULL;
	} while (used == room - 1);
	text[used] = '\0';
	whole = text;
	text = NULL;
	return whole;
}

static void find_user_name(struct process_facts *facts)
{
	const struct passwd *entry = facts->uid == UID_UNKNOWN ? NULL : getpwuid(facts->uid);

	if (entry && !is_digits(entry->pw_name)) /* else it would look like another's number */
		snprintf(facts->user, sizeof(facts->user), "%s", entry->pw_name);
}

static uint32_t read_process_netns(int process)
{
	WITH_PRIVILEGES;
	struct stat netns;

	return fstatat(process, "ns/net", &netns, 0) ? 0 : (uint32_t)netns.st_ino;
}

int process_facts_read(int process, uint32_t pid, struct process_facts *facts)
{
	CLEANUP(cleanup_free) char *status = process_text(process, "status");
	int status_err = status ? 0 : -errno;
	CLEANUP(cleanup_free) char *limits = process_text(process, "limits");
	int limits_err = limits ? 0 : -errno;
	int read;

	*facts = (struct process_facts){.pid = pid, .uid = UID_UNKNOWN, .limit = LIMIT_UNKNOWN};
	read = process_comm(process, facts->comm);
	facts->netns = read_process_netns(process);
	if (status)
		process_status_read(status, facts);
	find_user_name(facts);
	if (limits)
		facts->limit = process_limit_read(limits);
	if (errno_is_resource(status_err) || errno_is_resource(limits_err))
		return errno_is_resource(status_err) ? status_err : limits_err;
	return read < 0 ? read : 0;
}
