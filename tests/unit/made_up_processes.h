/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Processes that a test makes up, in place of those of this host (process_dir.h): on a host that is made up, too.
 */
#include <fcntl.h>

#include "descriptor.h"
#include "made_up_host.h"
#include "process_dir.h"

/* A process, or a thread where `of` is the pid of its process. */
struct made_up_task {
	uint32_t pid, of;
	char comm[COMM_LEN];
	bool exited;                        /* the process, or its main thread */
	bool vanishes;                      /* exits once its name was read */
	bool own_table;                     /* a thread with descriptors of its own */
	bool threads_denied;                /* its threads may have tables that may not be inspected */
	int open_err, facts_err, table_err; /* negative errnos */
	struct descriptor descriptors[4];
	size_t count;
};

enum { TASKS_MAX = 8, FDS_MAX = 64 };

static struct made_up_processes {
	struct made_up_task all[TASKS_MAX];
	size_t count;
	uint32_t opened[FDS_MAX]; /* the pid behind a descriptor of ours */
	enum process_view view;
	size_t nameless;
	bool incomparable;                /* the tables of threads */
	size_t hidden_pipes, hidden_ends; /* processes that may hold the other ends */
	int pipes_err, ends_err;
	unsigned int names_read, names_fail_at; /* so far; the reading that fails, 0: none does */
	bool leave_0; /* threads are not opened as descriptor 0, where that is free: it is left to their processes */
} processes;

static int renew_processes(void **state)
{
	processes = (struct made_up_processes){0};
	return renew_host(state);
}

/* Adds a process with one file. */
static struct made_up_task *add_process(uint32_t pid, const char *comm)
{
	static char path[] = "/x";
	struct made_up_task *task = &processes.all[processes.count++];

	assert_true(processes.count <= TASKS_MAX);
	*task = (struct made_up_task){.pid = pid, .count = 1};
	snprintf(task->comm, sizeof(task->comm), "%s", comm);
	task->descriptors[0] =
		(struct descriptor){.fd = 3, .kind = KIND_FILE, .access = ACCESS_READ, .name = path, .position = -1};
	return task;
}

static struct made_up_task *add_thread(uint32_t tid, uint32_t of, const char *comm)
{
	struct made_up_task *thread = add_process(tid, comm);

	thread->of = of;
	thread->own_table = true;
	return thread;
}

static struct made_up_task *find_task(uint32_t pid)
{
	for (size_t i = 0; i < processes.count; i++)
		if (processes.all[i].pid == pid)
			return &processes.all[i];
	return NULL;
}

static struct made_up_task *opened_task(int fd)
{
	assert_true(fd >= 0 && fd < FDS_MAX);
	return find_task(processes.opened[fd]);
}

int process_open(uint32_t pid)
{
	const struct made_up_task *task = find_task(pid);
	int fd;

	if (!task || task->open_err)
		return task ? task->open_err : -ENOENT;
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd == 0 && processes.leave_0 && task->of) {
		fd = fcntl(0, F_DUPFD_CLOEXEC, 1);
		close(0);
	}
	assert_true(fd >= 0 && fd < FDS_MAX);
	processes.opened[fd] = pid;
	return fd;
}

int process_comm(int process, char comm[COMM_LEN])
{
	const struct made_up_task *task = opened_task(process);

	memcpy(comm, task->comm, COMM_LEN);
	if (++processes.names_read == processes.names_fail_at)
		return -EMFILE;
	return !task->vanishes;
}

char *process_text(int process, const char *path)
{
	(void)process;
	(void)path;
	return NULL;
}

int process_facts_read(int process, uint32_t pid, struct process_facts *facts)
{
	const struct made_up_task *task = opened_task(process);

	assert_int_equal(task->pid, pid);
	*facts = (struct process_facts){.pid = task->of ? task->of : pid, .uid = 0, .limit = 1024, .netns = NETNS_HOME};
	facts->exited = task->exited;
	memcpy(facts->comm, task->comm, COMM_LEN);
	return task->facts_err;
}

bool process_has_threads(int dir, const char *path)
{
	(void)dir;
	(void)path;
	return true;
}

enum process_view process_view(void)
{
	return processes.view;
}

int process_each(process_handler *handler, void *context, size_t *hidden)
{
	int result = 0;

	*hidden = processes.nameless;
	for (size_t i = 0; i < processes.count && !result; i++) {
		int fd = processes.all[i].of ? -1 : process_open(processes.all[i].pid);

		if (fd < 0)
			continue;
		result = handler(context, processes.all[i].pid, fd);
		close(fd);
	}
	return result;
}
