// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "dir.h"
#include "parse.h"

#define RUN_NETNS "/run/netns"

/* PROC_DYNAMIC_FIRST, include/linux/proc_ns.h: no namespace has a smaller inode, and no process a PID as great. */
#define SMALLEST_INODE 0xf0000000u

static struct netns *find_or_add(struct netns_list *list, uint32_t inode)
{
	struct netns *grown;

	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].inode == inode)
			return &list->all[i];
	grown = realloc(list->all, (list->count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	list->all = grown;
	grown[list->count] = (struct netns){.inode = inode, .fd = -1};
	return &grown[list->count++];
}

static int add_witness(struct netns_list *list, int proc, int tid)
{
	char path[64];
	struct stat file;
	struct netns *netns;

	snprintf(path, sizeof(path), "%d/ns/net", tid);
	if (fstatat(proc, path, &file, 0))
		return 0; /* gone, or not ours to look at */
	netns = find_or_add(list, (uint32_t)file.st_ino);
	if (!netns)
		return -ENOMEM;
	if (netns->witness_count < NETNS_WITNESSES)
		netns->witnesses[netns->witness_count++] = tid;
	return 0;
}

/* The threads of a process may each be in a namespace of their own. */
static int add_threads(struct netns_list *list, int proc, int pid)
{
	CLEANUP(cleanup_closedir) DIR *tasks = NULL;
	char path[64];
	struct stat dir;
	int64_t tid;
	int err = 0;

	snprintf(path, sizeof(path), "%d/task", pid);
	if (fstatat(proc, path, &dir, 0) || dir.st_nlink <= 3) /* ".", ".." and one thread */
		return 0;
	tasks = dir_open_at(proc, path);
	while (tasks && !err && (tid = dir_next_number(tasks)) >= 0)
		if (tid != pid)
			err = add_witness(list, proc, (int)tid);
	return err;
}

static int add_processes(struct netns_list *list)
{
	CLEANUP(cleanup_closedir) DIR *proc = opendir("/proc");
	int64_t pid;
	int err = 0;

	if (!proc)
		return -errno;
	while (!err && (pid = dir_next_number(proc)) >= 0) {
		err = add_witness(list, dirfd(proc), (int)pid);
		if (!err)
			err = add_threads(list, dirfd(proc), (int)pid);
	}
	return err;
}

static int add_named(struct netns_list *list)
{
	CLEANUP(cleanup_closedir) DIR *dir = opendir(RUN_NETNS);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		CLEANUP(cleanup_close) int fd = -1;
		struct netns *netns;
		struct stat file;

		if (entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &file) || file.st_ino < SMALLEST_INODE)
			continue; /* being made or unmade: not mounted on */
		netns = find_or_add(list, (uint32_t)file.st_ino);
		if (!netns)
			return -ENOMEM;
		if (netns->fd < 0)
			netns->fd = TAKE_FD(fd);
	}
	return 0;
}

int netns_discover(struct netns_list *list)
{
	struct netns_list found = {0};
	int err = add_processes(&found);

	if (!err)
		err = add_named(&found);
	if (err) {
		netns_list_free(&found);
		return err;
	}
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

/* A file of /proc/net of the namespace that a witness is in; -ESRCH when the witness is there no more. */
static int open_by_witness(const struct netns *netns, int witness, const char *table)
{
	char path[64];
	struct stat file;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", witness, table);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	/* It may have moved, or its number may be another process's by now. */
	snprintf(path, sizeof(path), "/proc/%d/ns/net", witness);
	if (stat(path, &file) == 0 && file.st_ino == netns->inode)
		return fd;
	cleanup_close(&fd);
	return -ESRCH;
}

static int open_by_entering(int netns_fd, const char *table)
{
	CLEANUP(cleanup_close) int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	char path[64];
	int fd;

	if (home < 0 || setns(netns_fd, CLONE_NEWNET))
		return -errno;
	snprintf(path, sizeof(path), "/proc/thread-self/net/%s", table);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	if (setns(home, CLONE_NEWNET))
		abort(); /* everything read from here on would be of the wrong namespace */
	return fd;
}

int netns_open_table(const struct netns *netns, const char *table)
{
	for (int i = 0; i < netns->witness_count; i++) {
		int fd = open_by_witness(netns, netns->witnesses[i], table);

		if (fd != -ESRCH)
			return fd;
	}
	return netns->fd < 0 ? -ESRCH : open_by_entering(netns->fd, table);
}

int netns_lookup(const char *name, uint32_t *inode)
{
	char path[320];
	struct stat file;
	uint32_t number;

	if (!*name || strchr(name, '/') || name[0] == '.')
		return -ENOENT;
	snprintf(path, sizeof(path), RUN_NETNS "/%s", name);
	if (stat(path, &file) == 0 && file.st_ino >= SMALLEST_INODE) {
		*inode = (uint32_t)file.st_ino;
		return 0;
	}
	if (parse_u32(name, 1, UINT32_MAX, &number))
		return -ENOENT;
	if (number >= SMALLEST_INODE) {
		*inode = number;
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/%u/ns/net", number);
	if (stat(path, &file))
		return -ENOENT;
	*inode = (uint32_t)file.st_ino;
	return 0;
}
