// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "identity_reader.h"

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
#include "privileges.h"
#include "process_dir.h"
#include "process_status.h"
#include "time_namespace.h"
#include "unit.h"

enum {
	STAT_TEXT = 1024,
	CGROUP_TEXT = 1 << 14, /* a line of at most PATH_MAX and a little for each hierarchy; a few lines suffice */
};

/* Reads the beginning of a file of a process's directory, and puts a NUL behind it. Returns its length, 0 where it
 * cannot be read. */
static size_t read_head(int process, const char *file, char *out, size_t size)
{
	CLEANUP(cleanup_close) int fd = openat(process, file, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;

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
	int64_t ahead = (int64_t)(read_boottime_ns() - clock_monotonic_ns());

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

static bool read_process_stat(int process, struct process_stat *stat)
{
	char text[STAT_TEXT];

	return read_head(process, "stat", text, sizeof(text)) && process_stat_read(text, stat);
}

/* ---- what /proc tells ---- */

static void read_lineage(const struct process_stat *stat, struct lineage *lineage)
{
	CLEANUP(cleanup_close) int parent = stat->ppid ? process_open(stat->ppid) : -1;

	*lineage = (struct lineage){.start_ns = beginning_of(stat->start_ticks).latest_ns, .ppid = stat->ppid};
	if (parent >= 0)
		process_comm(parent, lineage->pcomm);
}

static bool read_exe(int process, char out[PATH_MAX])
{
	ssize_t length = readlinkat(process, "exe", out, PATH_MAX - 1);

	out[length < 0 ? 0 : length] = '\0';
	return length > 0;
}

/* Reads the arguments, between which /proc has NULs. */
static bool read_cmdline(int process, char out[CMDLINE_MAX + 1])
{
	size_t length = read_head(process, "cmdline", out, CMDLINE_MAX + 1);

	while (length && !out[length - 1])
		length--;
	for (size_t i = 0; i < length; i++)
		if (!out[i])
			out[i] = ' ';
	return length > 0;
}

/* The names that the control group gives. */
struct group_names {
	char unit[UNIT_NAME_SIZE], container[CONTAINER_NAME_SIZE];
};

static void name_groups_of_process(int process, struct group_names *names)
{
	char text[CGROUP_TEXT];
	size_t length = read_head(process, "cgroup", text, sizeof(text));
	struct container container;

	unit_of_cgroup(text, length, names->unit);
	if (container_of_cgroup(text, length, &container))
		container_name(&container, names->container);
}

/* Finds the names of a process that is gone: its control group is there mostly. */
static void name_group_of_id(uint64_t id, struct group_names *names)
{
	struct container container;
	char path[PATH_MAX];

	if (!id || !cgroup_path_of(id, path, sizeof(path)))
		return;
	unit_of_path(path, names->unit);
	if (container_of_path(path, &container))
		container_name(&container, names->container);
}

static const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}

/* Opens the process that `owner` names, and reads when it began. Returns a descriptor; -1: it is gone, or in a PID
 * namespace that /proc does not show. */
static int open_owner(const struct owner *owner, struct process_stat *stat)
{
	CLEANUP(cleanup_close) int process = owner_has_number(owner) ? process_open(owner->pid) : -1;

	return process >= 0 && read_process_stat(process, stat) ? TAKE_FD(process) : -1;
}

static bool goes_by_name(int process, const char *name)
{
	char comm[COMM_LEN];

	return process_comm(process, comm) > 0 && strcmp(comm, name) == 0;
}

struct identity *identity_read(const struct owner *owner, const struct lineage *lineage, bool with_cmdline)
{
	WITH_PRIVILEGES;
	char exe[PATH_MAX] = "", cmdline[CMDLINE_MAX + 1] = "";
	struct lineage own = {0};
	struct group_names names = {0};
	struct identity_texts texts = {0};
	struct process_stat stat;
	CLEANUP(cleanup_close) int process = open_owner(owner, &stat);
	bool there = process >= 0 && (!lineage || began_then(&stat, lineage->start_ns));

	if (there && !lineage)
		read_lineage(&stat, &own);
	if (there)
		name_groups_of_process(process, &names);
	else if (lineage)
		name_group_of_id(lineage->cgroup, &names);
	if (there && goes_by_name(process, owner->comm) && read_exe(process, exe) && with_cmdline)
		read_cmdline(process, cmdline);
	if (there && !goes_by_name(process, owner->comm)) /* it has called execve() while it was read */
		exe[0] = cmdline[0] = '\0';
	texts = (struct identity_texts){text_or_null(exe), text_or_null(cmdline), text_or_null(names.unit),
					text_or_null(names.container)};
	return identity_new(lineage ? lineage : &own, &texts);
}

bool identity_holds(const struct identity *identity, const struct owner *owner)
{
	struct process_stat stat;
	CLEANUP(cleanup_close) int process = open_owner(owner, &stat);

	return process >= 0 && began_then(&stat, identity->lineage.start_ns) && goes_by_name(process, owner->comm);
}
