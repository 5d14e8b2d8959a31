// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "identity_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "cgroup_tree.h"
#include "cleanup.h"
#include "clock.h"
#include "container.h"
#include "errno_kind.h"
#include "privileges.h"
#include "process_dir.h"
#include "process_status.h"
#include "time_namespace.h"
#include "unit.h"

enum {
	STAT_TEXT = 1024,
	CGROUP_TEXT = 1 << 14, /* a line of at most PATH_MAX and a little for each hierarchy; a few lines suffice */
};

/* A process that is being read. */
struct reading {
	int process;  /* its directory; -1: it is gone, or in a PID namespace that /proc does not show */
	bool starved; /* descriptors or memory ran out: what was not read may be there */
};

static void note_shortage(struct reading *reading, int err)
{
	reading->starved = reading->starved || errno_is_resource(err);
}

/* Reads the beginning of a file of a process's directory, and puts a NUL behind it. Returns its length, 0 where it
 * cannot be read. */
static size_t read_head(struct reading *reading, const char *file, char *out, size_t size)
{
	CLEANUP(cleanup_close) int fd = openat(reading->process, file, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;

	if (fd < 0)
		note_shortage(reading, -errno);
	while (fd >= 0 && used < size - 1 && (got = read(fd, out + used, size - 1 - used)) > 0)
		used += (size_t)got;
	out[used] = '\0';
	return used;
}

/* ---- when a process began ---- */

/* The earliest and the latest time at which it may have begun, by CLOCK_MONOTONIC. */
struct beginning {
	uint64_t earliest_ns, latest_ns;
};

static uint64_t read_boottime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

static uint64_t subtract_to_zero(uint64_t from_ns, int64_t ns)
{
	int64_t left = (int64_t)from_ns - ns;

	return left > 0 ? (uint64_t)left : 0;
}

/* /proc has ticks of CLOCK_BOOTTIME, which goes on while the host is suspended: how long it was before the process
 * began is not known. */
static struct beginning beginning_of(uint64_t start_ticks)
{
	struct time_offsets offsets = time_namespace_offsets();
	uint64_t tick_ns = NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t monotonic_ns = clock_monotonic_ns();
	int64_t ahead =
		(int64_t)(read_boottime_ns() - monotonic_ns); /* at the most: it may be kept waiting in between */

	return (struct beginning){
		.earliest_ns = subtract_to_zero(start_ticks * tick_ns, ahead + (int64_t)tick_ns),
		.latest_ns = subtract_to_zero((start_ticks + 1) * tick_ns, offsets.boottime_ns - offsets.monotonic_ns),
	};
}

static bool began_then(const struct process_stat *stat, uint64_t start_ns)
{
	struct beginning began = beginning_of(stat->start_ticks);

	return start_ns >= began.earliest_ns && start_ns <= began.latest_ns;
}

static bool read_process_stat(struct reading *reading, struct process_stat *stat)
{
	char text[STAT_TEXT];

	return read_head(reading, "stat", text, sizeof(text)) && process_stat_read(text, stat);
}

/* ---- what /proc tells ---- */

static struct lineage read_lineage(struct reading *reading, const struct process_stat *stat)
{
	struct beginning began = beginning_of(stat->start_ticks);
	CLEANUP(cleanup_close) int parent = stat->ppid ? process_open(stat->ppid) : -ESRCH;
	struct lineage lineage = {
		.start_ns = began.latest_ns, .start_span_ns = began.latest_ns - began.earliest_ns, .ppid = stat->ppid};

	note_shortage(reading, parent >= 0 ? process_comm(parent, lineage.pcomm) : parent);
	return lineage;
}

static bool read_exe(const struct reading *reading, char out[PATH_MAX])
{
	ssize_t length = readlinkat(reading->process, "exe", out, PATH_MAX - 1);

	out[length < 0 ? 0 : length] = '\0';
	return length > 0;
}

/* Reads the arguments, between which /proc has NULs. */
static void read_cmdline(struct reading *reading, char out[CMDLINE_MAX + 1])
{
	size_t length = read_head(reading, "cmdline", out, CMDLINE_MAX + 1);

	while (length && !out[length - 1])
		length--;
	for (size_t i = 0; i < length; i++)
		if (!out[i])
			out[i] = ' ';
}

/* The names that the control group gives. */
struct group_names {
	char unit[UNIT_NAME_SIZE], container[CONTAINER_NAME_SIZE];
};

static void name_groups_of_process(struct reading *reading, struct group_names *names)
{
	char text[CGROUP_TEXT];
	size_t length = read_head(reading, "cgroup", text, sizeof(text));
	struct container container;

	unit_of_cgroup(text, length, names->unit);
	if (container_of_cgroup(text, length, &container))
		container_name(&container, names->container);
}

/* Finds the names of a process that is gone: its control group is there mostly. */
static void name_group_of_id(struct reading *reading, uint64_t id, struct group_names *names)
{
	struct container container;
	char path[PATH_MAX];

	errno = 0;
	if (!id || !cgroup_path_of(id, path, sizeof(path))) {
		note_shortage(reading, -errno);
		return;
	}
	unit_of_path(path, names->unit);
	if (container_of_path(path, &container))
		container_name(&container, names->container);
}

static const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}

/* Opens the process that `owner` names, and reads when it began. The caller closes reading.process. */
static struct reading open_owner(const struct owner *owner, struct process_stat *stat)
{
	struct reading reading = {.process = owner_has_number(owner) ? process_open(owner->pid) : -ESRCH};

	if (reading.process < 0)
		note_shortage(&reading, reading.process);
	else if (read_process_stat(&reading, stat))
		return reading;
	cleanup_close(&reading.process);
	reading.process = -1;
	return reading;
}

static bool goes_by_name(struct reading *reading, const char *name)
{
	char comm[COMM_LEN];
	int read = process_comm(reading->process, comm);

	note_shortage(reading, read);
	return read > 0 && strcmp(comm, name) == 0;
}

/* Reads program and command line, but of no other program than the one of that name: the process may call execve()
 * while it is read. */
static void read_program(struct reading *reading, const char *name, char exe[PATH_MAX], char *cmdline)
{
	if (!goes_by_name(reading, name) || !read_exe(reading, exe))
		return;
	if (cmdline)
		read_cmdline(reading, cmdline);
	if (goes_by_name(reading, name))
		return;
	exe[0] = '\0';
	if (cmdline)
		cmdline[0] = '\0';
}

static struct identity *read_opened(struct reading *reading, const struct owner *owner, const struct lineage *lineage,
				    const struct process_stat *stat, bool with_cmdline)
{
	char exe[PATH_MAX] = "", cmdline[CMDLINE_MAX + 1] = "";
	bool there = reading->process >= 0 && (!lineage || began_then(stat, lineage->start_ns));
	struct lineage own = there && !lineage ? read_lineage(reading, stat) : (struct lineage){0};
	struct group_names names = {0};
	struct identity_texts texts;

	if (there)
		name_groups_of_process(reading, &names);
	else if (lineage)
		name_group_of_id(reading, lineage->cgroup, &names);
	if (there)
		read_program(reading, owner->comm, exe, with_cmdline ? cmdline : NULL);
	texts = (struct identity_texts){text_or_null(exe), text_or_null(cmdline), text_or_null(names.unit),
					text_or_null(names.container)};
	return reading->starved ? NULL : identity_new(lineage ? lineage : &own, &texts);
}

struct identity *identity_read(const struct owner *owner, const struct lineage *lineage, bool with_cmdline)
{
	WITH_PRIVILEGES;
	struct process_stat stat = {0};
	struct reading reading = open_owner(owner, &stat);
	struct identity *identity = read_opened(&reading, owner, lineage, &stat, with_cmdline);

	cleanup_close(&reading.process);
	return identity;
}

bool identity_holds(const struct identity *identity, const struct owner *owner)
{
	WITH_PRIVILEGES;
	struct process_stat stat;
	struct reading reading = open_owner(owner, &stat);
	bool holds = reading.process >= 0 && began_then(&stat, identity->lineage.start_ns) &&
		     goes_by_name(&reading, owner->comm);

	cleanup_close(&reading.process);
	return holds;
}
