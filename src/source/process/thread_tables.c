// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "thread_tables.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "dir.h"
#include "errno_kind.h"
#include "grow.h"
#include "number.h"
#include "privileges.h"
#include "process_dir.h"

/* A directory has two links, and /proc/PID/task one more for each thread (proc_task_getattr(), fs/proc/base.c). */
enum { LINKS_OF_ONE_THREAD = 3 };

/* One thread for each table that was met, in the kernel's order of tables. */
struct tables {
	uint32_t *tids;
	size_t count;
	size_t room;
};

static bool has_further_threads(int process)
{
	struct stat task;

	return fstatat(process, "task", &task, 0) == 0 && task.st_nlink > LINKS_OF_ONE_THREAD;
}

/* 0: they have the same table; 1, 2: less, greater; or a negative errno. */
static int compare(uint32_t tid, uint32_t other)
{
	int order = (int)syscall(SYS_kcmp, (pid_t)tid, (pid_t)other, KCMP_FILES, 0UL, 0UL);

	return order < 0 ? -errno : order;
}

/* Whether that thread's table is new: 1, and where it belongs; 0, and where it is; or a negative errno. */
static int find(const struct tables *tables, uint32_t tid, size_t *place)
{
	size_t low = 0, high = tables->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(tid, tables->tids[middle]);

		*place = middle;
		if (order <= 0)
			return order;
		if (order == 1)
			high = middle;
		else
			low = middle + 1;
	}
	*place = low;
	return 1;
}

static int insert(struct tables *tables, uint32_t tid, size_t place)
{
	if (!GROW(tables->tids, tables->count, tables->room, 4))
		return -ENOMEM;
	memmove(&tables->tids[place + 1], &tables->tids[place], (tables->count - place) * sizeof(*tables->tids));
	tables->tids[place] = tid;
	tables->count++;
	return 0;
}

/* 0 where that is no error of ours. */
static int cannot_open(int err, bool *denied)
{
	if (errno_is_resource(err))
		return err;
	*denied = *denied || !process_has_exited(err);
	return 0;
}

/* 0 also where it has exited meanwhile. */
static int hand_on(int tasks, uint32_t tid, thread_table_handler *handler, void *context, bool *denied)
{
	char name[16];
	CLEANUP(cleanup_close) int thread = -1;

	*decimal_put(name, tid) = '\0';
	thread = openat(tasks, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (thread >= 0)
		return handler(context, tid, thread);
	return cannot_open(-errno, denied);
}

static int each_thread(struct tables *tables, DIR *tasks, thread_table_handler *handler, void *context, bool *denied)
{
	int64_t number;
	int err = 0;

	while (!err && (number = dir_next_number(tasks)) >= 0) {
		uint32_t tid = (uint32_t)number;
		size_t place;
		int found = find(tables, tid, &place);

		*denied = *denied || found == -EPERM;
		if (found == 1)
			err = insert(tables, tid, place);
		if (!err && (found == 1 || found == -ESRCH)) /* itself, or one that was met: then it counts twice */
			err = hand_on(dirfd(tasks), tid, handler, context, denied);
	}
	return err;
}

int thread_tables_each(uint32_t pid, int process, thread_table_handler *handler, void *context, bool *denied)
{
	WITH_PRIVILEGES;
	CLEANUP(cleanup_closedir) DIR *tasks = NULL;
	struct tables tables = {0};
	int err;

	if (!has_further_threads(process))
		return 0;
	err = compare(pid, pid); /* -ENOSYS; -ESRCH: it has exited, or /proc numbers another way than kcmp() */
	*denied = *denied || err == -EPERM;
	if (err)
		return 0;
	tasks = dir_open_at(process, "task");
	if (!tasks)
		return cannot_open(-errno, denied);
	err = insert(&tables, pid, 0);
	if (!err)
		err = each_thread(&tables, tasks, handler, context, denied);
	free(tables.tids);
	return err;
}

struct quest {
	uint32_t tid;
	uint32_t found;
};

static int note_if_same(void *context, uint32_t tid, int thread)
{
	struct quest *quest = context;

	(void)thread;
	if (compare(quest->tid, tid) == 0)
		quest->found = tid;
	return quest->found != 0;
}

uint32_t thread_table_of(uint32_t pid, int process, uint32_t tid)
{
	struct quest quest = {.tid = tid};
	bool denied = false;

	thread_tables_each(pid, process, note_if_same, &quest, &denied);
	return quest.found;
}
