// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "thread_tables.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "dir.h"
#include "errno_kind.h"
#include "grow.h"
#include "number.h"
#include "privileges.h"
#include "process.h"
#include "process_dir.h"
#include "seccomp.h"

/* The distinct descriptor tables that were found, each by one of its threads, in the kernel's order of tables. */
struct fd_tables {
	uint32_t *tids;
	size_t count;
	size_t room;
};

/* Compares the descriptor tables of two threads. 0: the same table; 1, 2: less, greater; or a negative errno. */
static int compare_fd_tables(uint32_t tid, uint32_t other)
{
	int order = (int)syscall(SYS_kcmp, (pid_t)tid, (pid_t)other, KCMP_FILES, 0UL, 0UL);

	return order < 0 ? -errno : order;
}

static int compare_own_table(void)
{
	uint32_t pid = (uint32_t)getpid();

	return compare_fd_tables(pid, pid);
}

bool thread_tables_are_comparable(void)
{
	return seccomp_try(compare_own_table) == 0;
}

/* Looks up the table of a thread. 1: the table is new, and *place is where it belongs; 0: the table is at *place; or a
 * negative errno. */
static int find_fd_table(const struct fd_tables *tables, uint32_t tid, size_t *place)
{
	size_t low = 0, high = tables->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_fd_tables(tid, tables->tids[middle]);

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

static int insert_fd_table(struct fd_tables *tables, uint32_t tid, size_t place)
{
	if (!GROW(tables->tids, tables->count, tables->room, 4))
		return -ENOMEM;
	memmove(&tables->tids[place + 1], &tables->tids[place], (tables->count - place) * sizeof(*tables->tids));
	tables->tids[place] = tid;
	tables->count++;
	return 0;
}

/* Returns `err` where descriptors or memory ran out. Else returns 0, and sets *denied unless the process or thread has
 * exited. */
static int classify_open_error(int err, bool *denied)
{
	if (errno_is_resource(err))
		return err;
	*denied = *denied || !process_has_exited(err);
	return 0;
}

/* Opens the directory of a thread and calls the handler. 0 also where the thread has exited meanwhile. */
static int hand_over_thread_table(int tasks, uint32_t tid, thread_table_handler *handler, void *context, bool *denied)
{
	char name[16];
	CLEANUP(cleanup_close) int thread = -1;

	*decimal_put(name, tid) = '\0';
	thread = openat(tasks, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (thread >= 0)
		return handler(context, tid, thread);
	return classify_open_error(-errno, denied);
}

static int visit_thread_tables(struct fd_tables *tables, DIR *tasks, thread_table_handler *handler, void *context,
			       bool *denied)
{
	uint32_t tid;
	int err = 0;

	while (!err && (err = dir_next_number(tasks, &tid)) > 0) {
		size_t place;
		int found = find_fd_table(tables, tid, &place);

		*denied = *denied || found == -EPERM;
		err = 0;
		if (found == 1)
			err = insert_fd_table(tables, tid, place);
		/* -ESRCH: this thread has exited, or one that was found before: then its table counts twice */
		if (!err && (found == 1 || found == -ESRCH))
			err = hand_over_thread_table(dirfd(tasks), tid, handler, context, denied);
	}
	return err;
}

int thread_tables_each(uint32_t pid, int process, bool comparable, thread_table_handler *handler, void *context,
		       bool *denied)
{
	WITH_PRIVILEGES;
	CLEANUP(cleanup_closedir) DIR *tasks = NULL;
	struct fd_tables tables = {0};
	int err;

	if (!process_has_threads(process, "task"))
		return 0;
	if (!process_numbers_are_for_calls()) {
		*denied = true;
		return 0;
	}
	err = comparable ? compare_fd_tables(pid, pid) : -ENOSYS;
	if (err) {
		/* -ESRCH: the process has exited */
		*denied = *denied || err != -ESRCH || process_has_threads(process, "task");
		return 0;
	}
	tasks = dir_open_at(process, "task");
	if (!tasks)
		return classify_open_error(-errno, denied);
	err = insert_fd_table(&tables, pid, 0);
	if (!err)
		err = visit_thread_tables(&tables, tasks, handler, context, denied);
	free(tables.tids);
	return err;
}

struct table_search {
	uint32_t tid;   /* the thread whose table is searched for */
	uint32_t found; /* the thread by which the table is reported; 0: none yet */
};

static int note_same_table(void *context, uint32_t tid, int thread)
{
	struct table_search *search = context;

	(void)thread;
	if (compare_fd_tables(search->tid, tid) == 0)
		search->found = tid;
	return search->found != 0;
}

uint32_t thread_table_of(uint32_t pid, int process, bool comparable, uint32_t tid)
{
	struct table_search search = {.tid = tid};
	bool denied = false;

	thread_tables_each(pid, process, comparable, note_same_table, &search, &denied);
	return search.found;
}
