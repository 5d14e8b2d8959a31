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
#include "process.h"
#include "process_dir.h"

/* One descriptor of one of the wanted pipes or FIFOs. */
struct pipe_holder {
	uint64_t inode;
	dev_t device; /* of a FIFO; 0: a pipe */
	struct other_holder holder;
};

/* The search for all holders. */
struct pipe_scan {
	uint64_t *wanted; /* inodes, in ascending order; those of FIFOs match on any device */
	size_t wanted_count;
	bool wants_fifos;
	bool may_ask;  /* pipe_end.h */
	uint32_t self; /* our own pid */
	struct pipe_holder *found;
	size_t count;
	size_t room;
	struct proc_fd_gaps gaps;
	bool unclear; /* a registered file may be a wanted FIFO: only its path is known */
};

static int compare_pipe_inodes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_wanted_inode(const struct pipe_scan *scan, uint64_t inode)
{
	return inode && scan->wanted_count &&
	       bsearch(&inode, scan->wanted, scan->wanted_count, sizeof(inode), compare_pipe_inodes);
}

/* Returns the inode of a FIFO, and sets the device that it is on; 0 for any other file. The server of a network file
 * system, which may be dead, is not asked. */
static uint64_t read_fifo_inode(const struct proc_link *link, dev_t *device)
{
	struct statx file;

	if (fd_is_registered(link->owner.fd) || link->target[0] != '/' ||
	    statx(link->dir, link->name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO, &file))
		return 0;
	*device = makedev(file.stx_dev_major, file.stx_dev_minor);
	return S_ISFIFO(file.stx_mode) ? file.stx_ino : 0;
}

/* Reads the access mode off the link's own permissions: the link is readable where the file is open for reading, and
 * writable where it is open for writing. */
static enum access_mode read_link_access(const struct proc_link *link)
{
	struct stat file;
	bool reads, writes;

	if (fd_is_registered(link->owner.fd) || fstatat(link->dir, link->name, &file, AT_SYMLINK_NOFOLLOW))
		return ACCESS_UNKNOWN;
	reads = file.st_mode & S_IRUSR;
	writes = file.st_mode & S_IWUSR;
	return reads && writes ? ACCESS_BOTH : reads ? ACCESS_READ : writes ? ACCESS_WRITE : ACCESS_NONE;
}

static int append_pipe_holder(struct pipe_scan *scan, const struct pipe_holder *held)
{
	if (!GROW(scan->found, scan->count, scan->room, 64))
		return -ENOMEM;
	scan->found[scan->count++] = *held;
	return 0;
}

static int take_pipe_link(void *context, struct proc_link *link)
{
	struct pipe_scan *scan = context;
	struct pipe_holder held = {.inode = proc_link_inode(link->target, "pipe")};
	int err;

	if (link->owner.pid == scan->self)
		return 0;
	scan->unclear |= fd_is_registered(link->owner.fd) && link->target[0] == '/' && scan->wants_fifos;
	if (!held.inode && scan->wants_fifos)
		held.inode = read_fifo_inode(link, &held.device);
	if (!is_wanted_inode(scan, held.inode))
		return 0;
	held.holder.access = read_link_access(link);
	held.holder.tid = link->tid;
	err = proc_link_name(link);
	held.holder.owner = link->owner;
	return err ? err : append_pipe_holder(scan, &held);
}

/* Orders by inode, then by process, table and descriptor. */
static int compare_pipe_holders(const void *a, const void *b)
{
	const struct pipe_holder *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	if (x->holder.owner.pid != y->holder.owner.pid)
		return x->holder.owner.pid < y->holder.owner.pid ? -1 : 1;
	if (x->holder.tid != y->holder.tid)
		return x->holder.tid < y->holder.tid ? -1 : 1;
	return owner_compare(&x->holder.owner, &y->holder.owner);
}

static size_t find_first_pipe_holder(const struct pipe_scan *scan, uint64_t inode)
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

static bool is_other_holder(const struct pipe_holder *held, const struct descriptor *pipe)
{
	const struct other_holder *holder = &held->holder;

	if (pipe->kind == KIND_PIPE ? held->device != 0 : held->device != pipe->device)
		return false;
	return holder->owner.pid != pipe->holder || holder->tid != pipe->tid ||
	       holder->owner.fd != descriptor_holder_fd(pipe);
}

static int assign_pipe_holders(const struct pipe_scan *scan, struct descriptor *pipe, bool complete)
{
	size_t first = find_first_pipe_holder(scan, pipe->inode), end = first;

	while (end < scan->count && scan->found[end].inode == pipe->inode)
		end++;
	pipe->others = calloc(end - first + 1, sizeof(*pipe->others));
	if (!pipe->others)
		return -ENOMEM;
	for (size_t i = first; i < end; i++)
		if (is_other_holder(&scan->found[i], pipe))
			pipe->others[pipe->other_count++] = scan->found[i].holder;
	pipe->others_complete = complete;
	if (scan->may_ask && !descriptor_other_end_is_held(pipe))
		pipe->other_end = pipe_end_ask(pipe);
	return 0;
}

static bool is_pipe_or_fifo(const struct descriptor *descriptor)
{
	return descriptor->inode && (descriptor->kind == KIND_PIPE || descriptor->kind == KIND_FIFO);
}

static int scan_for_pipes(struct pipe_scan *scan, struct descriptor *const *all, size_t count)
{
	int err;

	scan->wanted = calloc(count + 1, sizeof(*scan->wanted));
	if (!scan->wanted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (is_pipe_or_fifo(all[i]))
			scan->wanted[scan->wanted_count++] = all[i]->inode;
		scan->wants_fifos = scan->wants_fifos || all[i]->kind == KIND_FIFO;
	}
	if (!scan->wanted_count)
		return 0;
	qsort(scan->wanted, scan->wanted_count, sizeof(*scan->wanted), compare_pipe_inodes);
	err = proc_fd_each_link(take_pipe_link, scan, &scan->gaps);
	if (!err && scan->count)
		qsort(scan->found, scan->count, sizeof(*scan->found), compare_pipe_holders);
	return err;
}

int pipe_holders_find(struct descriptor *const *all, size_t count, size_t *hidden)
{
	WITH_PRIVILEGES;
	struct pipe_scan scan = {.self = process_self()};
	bool complete;
	int err;

	err = scan_for_pipes(&scan, all, count);
	*hidden = scan.gaps.denied;
	scan.may_ask = scan.wanted_count && pipe_end_may_be_asked();
	complete = !scan.gaps.denied && !scan.gaps.rings && !scan.unclear && process_view() == PROCESSES_ALL;
	for (size_t i = 0; !err && i < count; i++)
		if (is_pipe_or_fifo(all[i]))
			err = assign_pipe_holders(&scan, all[i], complete);
	free(scan.wanted);
	free(scan.found);
	return err;
}
