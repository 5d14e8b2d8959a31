// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "dir.h"
#include "errno_kind.h"
#include "grow.h"
#include "netns_known.h"
#include "privileges.h"
#include "process.h"
#include "process_dir.h"
#include "seccomp.h"

enum { INIT_PID = 1, KTHREADD_PID = 2 };

/* ---- one by one ---- */

struct task_walk {
	netns_task_handler *handler;
	void *context;
	size_t denied; /* tasks that we may not inspect, but for PID 1, which not even root may inspect everywhere */
};

static int report_task_netns(struct task_walk *walk, int proc, int pid)
{
	char path[64];
	struct stat file;

	snprintf(path, sizeof(path), "%d/ns/net", pid);
	if (fstatat(proc, path, &file, 0) == 0)
		return walk->handler(walk->context, (uint32_t)file.st_ino, pid);
	walk->denied += errno == EACCES || errno == EPERM;
	return errno_is_resource(-errno) ? -errno : 0;
}

/* Reports all threads but the main one: each thread of a process may be in a namespace of its own. */
static int walk_other_threads(struct task_walk *walk, int proc, int pid)
{
	CLEANUP(cleanup_closedir) DIR *tasks = NULL;
	char path[64];
	uint32_t tid;
	int err = 0;

	snprintf(path, sizeof(path), "%d/task", pid);
	if (!process_has_threads(proc, path))
		return 0;
	tasks = dir_open_at(proc, path);
	if (!tasks && errno_is_resource(-errno))
		return -errno;
	while (tasks && !err && (err = dir_next_number(tasks, &tid)) > 0)
		err = tid == (uint32_t)pid ? 0 : report_task_netns(walk, proc, (int)tid);
	return err;
}

static int walk_tasks(struct task_walk *walk, bool threads)
{
	CLEANUP(cleanup_closedir) DIR *proc = opendir("/proc");
	uint32_t pid;
	int err = 0;

	if (!proc)
		return -errno;
	while (!err && (err = dir_next_number(proc, &pid)) > 0) {
		size_t denied = walk->denied;

		err = report_task_netns(walk, dirfd(proc), (int)pid);
		if (!err && threads)
			err = walk_other_threads(walk, dirfd(proc), (int)pid);
		if (pid == INIT_PID)
			walk->denied = denied;
	}
	return err;
}

int netns_each_task(bool threads, netns_task_handler *handler, void *context)
{
	WITH_PRIVILEGES;
	struct task_walk walk = {.handler = handler, .context = context};

	return walk_tasks(&walk, threads);
}

/* Opens the file of a network namespace under /run/netns. Returns a descriptor, or a negative errno. Anything may be
 * there: a file that is being made or removed, with no namespace mounted on it, a pipe at which an open() would wait, a
 * namespace of another type. */
static int open_netns_file(int dir, const char *name, uint32_t *inode)
{
	CLEANUP(cleanup_close) int fd = -1;
	struct stat file;

	if (fstatat(dir, name, &file, 0))
		return -errno;
	if (!S_ISREG(file.st_mode))
		return -EINVAL;
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &file))
		return -errno;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return -EINVAL;
	*inode = (uint32_t)file.st_ino;
	return TAKE_FD(fd);
}

int netns_each_file(netns_file_handler *handler, void *context)
{
	WITH_PRIVILEGES;
	CLEANUP(cleanup_closedir) DIR *dir = opendir(NETNS_FOLDER);
	const struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while (!err && (err = dir_next(dir, &entry)) > 0) {
		CLEANUP(cleanup_close) int fd = -1;
		uint32_t inode;

		err = 0;
		if (entry->d_name[0] == '.')
			continue;
		fd = open_netns_file(dirfd(dir), entry->d_name, &inode);
		if (fd >= 0)
			err = handler(context, inode, entry->d_name, &fd);
		else if (errno_is_resource(fd))
			err = fd;
	}
	return err;
}

int netns_of_file(const char *name, uint32_t *inode)
{
	CLEANUP(cleanup_close) int dir = open(NETNS_FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(cleanup_close) int fd = -1;

	if (dir < 0 || !*name || name[0] == '.' || strchr(name, '/'))
		return -ENOENT;
	fd = open_netns_file(dir, name, inode);
	return fd < 0 ? fd : 0;
}

int netns_of_process(uint32_t pid, uint32_t *inode)
{
	WITH_PRIVILEGES;
	char path[64];
	struct stat file;

	snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
	if (stat(path, &file))
		return -errno;
	*inode = (uint32_t)file.st_ino;
	return 0;
}

uint32_t netns_home(void)
{
	struct stat file;

	return stat("/proc/thread-self/ns/net", &file) ? 0 : (uint32_t)file.st_ino;
}

/* Recognizes the network namespace in which the kernel began: only there are settings that hold for all of them. */
static bool is_first_netns(void)
{
	return access("/proc/sys/net/core/netdev_max_backlog", F_OK) == 0;
}

/* In the first PID namespace the processes that the kernel itself started show the host's network namespace. In another
 * one any process may have these pids. */
uint32_t netns_host(void)
{
	WITH_PRIVILEGES;
	uint32_t inode;

	if (is_first_netns())
		return netns_home();
	if (process_numbers_are_kernels() &&
	    (netns_of_process(INIT_PID, &inode) == 0 || netns_of_process(KTHREADD_PID, &inode) == 0))
		return inode;
	return 0;
}

/* ---- all of them ---- */

struct netns *netns_list_find(const struct netns_list *list, uint32_t inode)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].inode == inode)
			return &list->all[i];
	return NULL;
}

static struct netns *find_or_add_netns(struct netns_list *list, uint32_t inode)
{
	struct netns *listed = netns_list_find(list, inode);

	if (listed)
		return listed;
	if (!GROW(list->all, list->count, list->room, 4))
		return NULL;
	list->all[list->count] = (struct netns){.inode = inode, .fd = -1};
	return &list->all[list->count++];
}

static int add_witness(void *context, uint32_t inode, int tid)
{
	struct netns *netns = find_or_add_netns(context, inode);

	if (!netns)
		return -ENOMEM;
	if (netns->witness_count < NETNS_WITNESSES)
		netns->witnesses[netns->witness_count++] = tid;
	return 0;
}

static int keep_netns_file(void *context, uint32_t inode, const char *name, int *fd)
{
	struct netns *netns = find_or_add_netns(context, inode);

	(void)name;
	if (!netns)
		return -ENOMEM;
	if (netns->fd < 0)
		netns->fd = TAKE_FD(*fd);
	return 0;
}

int netns_discover(struct netns_list *list)
{
	WITH_PRIVILEGES;
	struct netns_list found = {0};
	struct task_walk walk = {.handler = add_witness, .context = &found};
	int err = netns_home() ? walk_tasks(&walk, true) : -ENOENT; /* /proc is not mounted */
	int file_err = err ? 0 : netns_each_file(keep_netns_file, &found);

	if (err || file_err) {
		netns_list_free(&found);
		return err ? err : file_err;
	}
	found.whole = process_view() == PROCESSES_ALL && !walk.denied && !file_err;
	found.err = file_err;
	*list = found;
	return 0;
}

void netns_list_free(struct netns_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		cleanup_close(&list->all[i].fd);
	free(list->all);
	memset(list, 0, sizeof(*list));
}

void netns_list_keep(struct netns_list *list, uint32_t inode)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (list->all[i].inode == inode)
			list->all[kept++] = list->all[i];
		else
			cleanup_close(&list->all[i].fd);
	}
	list->count = kept;
}

/* Opens a file of /proc/net of the namespace that a witness is in. -ESRCH: the witness is not there any more. */
static int open_table_by_witness(const struct netns *netns, int witness, const char *table)
{
	char path[64];
	struct stat file;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", witness, table);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	/* The witness may have moved to another namespace, or its pid may be another process's by now. */
	snprintf(path, sizeof(path), "/proc/%d/ns/net", witness);
	if (stat(path, &file) == 0 && file.st_ino == netns->inode)
		return fd;
	cleanup_close(&fd);
	return -ESRCH;
}

/* Returns a descriptor of the namespace; -ESRCH: the witness is not there any more; or what of ours ran out. */
static int open_netns_of_witness(const struct netns *netns, int witness)
{
	char path[64];
	struct stat file;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", witness);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno_is_resource(-errno) ? -errno : -ESRCH;
	if (fstat(fd, &file) == 0 && file.st_ino == netns->inode)
		return fd;
	close(fd);
	return -ESRCH;
}

static int open_netns(const struct netns *netns)
{
	int fd = -ESRCH;

	if (netns->fd >= 0) {
		fd = fcntl(netns->fd, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	for (int i = 0; i < netns->witness_count && fd == -ESRCH; i++)
		fd = open_netns_of_witness(netns, netns->witnesses[i]);
	return fd;
}

/* ---- inside of one ---- */

/* A thread's visit to a namespace. */
struct netns_visit {
	const struct netns *netns;
	netns_work *work;
	void *context;
	int result;
};

/* Moves this thread into the namespace, for the rest of its life. */
static int enter_netns(const struct netns *netns)
{
	WITH_PRIVILEGES;
	CLEANUP(cleanup_close) int there = open_netns(netns);

	if (there < 0)
		return there;
	return setns(there, CLONE_NEWNET) ? -errno : 0;
}

static void *run_visit_thread(void *argument)
{
	struct netns_visit *visit = argument;

	visit->result = enter_netns(visit->netns);
	if (!visit->result)
		visit->result = visit->work(visit->context);
	return NULL;
}

int netns_run_inside(const struct netns *netns, netns_work *work, void *context)
{
	struct netns_visit visit = {.netns = netns, .work = work, .context = context};
	pthread_t thread;
	int err;

	if (netns->inode == netns_home()) /* without /proc both are 0 */
		return work(context);
	err = pthread_create(&thread, NULL, run_visit_thread, &visit);
	if (err)
		return -err;
	pthread_join(thread, NULL);
	return visit.result;
}

static int enter_own_netns(void)
{
	CLEANUP(cleanup_close) int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return here < 0 || setns(here, CLONE_NEWNET) ? -errno : 0;
}

bool netns_may_enter(void)
{
	WITH_PRIVILEGES;

	return seccomp_try(enter_own_netns) == 0;
}

/* Opens a file of /proc/net of the namespace that this thread is in. */
static int open_table_here(void *table)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/thread-self/net/%s", (const char *)table);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int netns_open_table(const struct netns *netns, const char *table)
{
	WITH_PRIVILEGES;

	for (int i = 0; i < netns->witness_count; i++) {
		int fd = open_table_by_witness(netns, netns->witnesses[i], table);

		if (fd != -ESRCH)
			return fd;
	}
	return netns->fd < 0 ? -ESRCH : netns_run_inside(netns, open_table_here, (void *)table);
}
