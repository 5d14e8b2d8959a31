// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pipe_holders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "grow.h"
#include "pipe_end.h"
#include "privileges.h"
#include "proc_fd.h"
#include "process_dir.h"

/* A descriptor of one of the pipes. */
struct holding {
	uint64_t inode;
	dev_t device; /* 0: a pipe, and no FIFO */
	struct other_holder holder;
};

struct scan {
	uint64_t *wanted; /* inodes, in ascending order; of FIFOs on any device */
	size_t wanted_count;
	bool wants_fifos;
	struct holding *found;
	size_t count;
	size_t room;
};

static int compare_inodes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_wanted(const struct scan *scan, uint64_t inode)
{
	return inode && scan->wanted_count &&
	       bsearch(&inode, scan->wanted, scan->wanted_count, sizeof(inode), compare_inodes);
}

/* The inode of a FIFO, and the device that it is on; 0 for anything else. The server of a network file system, which
 * may be dead, is not asked. */
static uint64_t fifo_inode(const struct proc_link *link, dev_t *device)
{
	struct statx file;

	if (link->target[0] != '/' ||
	    statx(link->dir, link->name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO, &file))
		return 0;
	*device = makedev(file.stx_dev_major, file.stx_dev_minor);
	return S_ISFIFO(file.stx_mode) ? file.stx_ino : 0;
}

/* The link itself may be read where the file may be, and so on. */
static enum access_mode access_of(const struct proc_link *link)
{
	struct stat file;
	bool reads, writes;

	if (fstatat(link->dir, link->name, &file, AT_SYMLINK_NOFOLLOW))
		return ACCESS_UNKNOWN;
	reads = file.st_mode & S_IRUSR;
	writes = file.st_mode & S_IWUSR;
	return reads && writes ? ACCESS_BOTH : reads ? ACCESS_READ : writes ? ACCESS_WRITE : ACCESS_NONE;
}

static int append(struct scan *scan, const struct holding *holding)
{
	if (!GROW(scan->found, scan->count, scan->room, 64))
		return -ENOMEM;
	scan->found[scan->count++] = *holding;
	return 0;
}

static int take_link(void *context, struct proc_link *link)
{
	struct scan *scan = context;
	struct holding holding = {.inode = proc_link_inode(link, "pipe")};
	int err;

	if (link->owner.pid == (uint32_t)getpid())
		return 0;
	if (!holding.inode && scan->wants_fifos)
		holding.inode = fifo_inode(link, &holding.device);
	if (!is_wanted(scan, holding.inode))
		return 0;
	holding.holder.access = access_of(link);
	holding.holder.tid = link->tid;
	err = proc_link_name(link);
	holding.holder.owner = link->owner;
	return err ? err : append(scan, &holding);
}

/* By inode; those of one in the order of processes, tables and descriptors. */
static int compare_holdings(const void *a, const void *b)
{
	const struct holding *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	if (x->holder.owner.pid != y->holder.owner.pid)
		return x->holder.owner.pid < y->holder.owner.pid ? -1 : 1;
	if (x->holder.tid != y->holder.tid)
		return x->holder.tid < y->holder.tid ? -1 : 1;
	return x->holder.owner.fd < y->holder.owner.fd ? -1 : x->holder.owner.fd > y->holder.owner.fd;
}

static size_t first_of(const struct scan *scan, uint64_t inode)
{
	size_t low = 0, high = scan->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scan->found[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of(const struct holding *holding, const struct descriptor *pipe)
{
	const struct other_holder *holder = &holding->holder;

	if (pipe->kind == KIND_PIPE ? holding->device != 0 : holding->device != pipe->device)
		return false;
	return holder->owner.pid != pipe->holder || holder->tid != pipe->tid || holder->owner.fd != pipe->fd;
}

static int assign(const struct scan *scan, struct descriptor *pipe, bool complete)
{
	size_t first = first_of(scan, pipe->inode), end = first;

	while (end < scan->count && scan->found[end].inode == pipe->inode)
		end++;
	pipe->others = calloc(end - first + 1, sizeof(*pipe->others));
	if (!pipe->others)
		return -ENOMEM;
	for (size_t i = first; i < end; i++)
		if (is_of(&scan->found[i], pipe))
			pipe->others[pipe->other_count++] = scan->found[i].holder;
	pipe->others_complete = complete;
	if (!descriptor_other_end_is_held(pipe))
		pipe->other_end = pipe_end_ask(pipe);
	return 0;
}

static bool is_pipe(const struct descriptor *descriptor)
{
	return descriptor->inode && (descriptor->kind == KIND_PIPE || descriptor->kind == KIND_FIFO);
}

static int scan_for(struct scan *scan, struct descriptor *const *all, size_t count, size_t *hidden)
{
	int err;

	scan->wanted = calloc(count + 1, sizeof(*scan->wanted));
	if (!scan->wanted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (is_pipe(all[i]))
			scan->wanted[scan->wanted_count++] = all[i]->inode;
		scan->wants_fifos = scan->wants_fifos || all[i]->kind == KIND_FIFO;
	}
	if (!scan->wanted_count)
		return 0;
	qsort(scan->wanted, scan->wanted_count, sizeof(*scan->wanted), compare_inodes);
	err = proc_fd_each_link(take_link, scan, hidden);
	if (!err && scan->count)
		qsort(scan->found, scan->count, sizeof(*scan->found), compare_holdings);
	return err;
}

int pipe_holders_find(struct descriptor *const *all, size_t count, size_t *hidden)
{
	WITH_PRIVILEGES;
	struct scan scan = {0};
	bool complete;
	int err;

	*hidden = 0;
	err = scan_for(&scan, all, count, hidden);
	complete = !*hidden && process_all_are_shown();
	for (size_t i = 0; !err && i < count; i++)
		if (is_pipe(all[i]))
			err = assign(&scan, all[i], complete);
	free(scan.wanted);
	free(scan.found);
	return err;
}
