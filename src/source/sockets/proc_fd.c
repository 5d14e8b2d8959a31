// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "proc_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dir.h"
#include "errno_kind.h"
#include "grow.h"
#include "number.h"
#include "parse.h"
#include "privileges.h"
#include "process_dir.h"
#include "registered_files.h"
#include "thread_tables.h"

/* The pass over all descriptors. */
struct proc_link_walk {
	proc_link_handler *handler;
	void *context;
	bool comparable; /* thread_tables.h */
	struct proc_fd_gaps *gaps;
};

uint64_t proc_link_inode(const char *target, const char *kind)
{
	size_t length = strlen(kind);
	const char *number = target + length + 2;
	size_t digits = 0;
	char text[DECIMAL_MAX + 1];
	uint64_t inode;

	if (strncmp(target, kind, length) == 0 && strncmp(target + length, ":[", 2) == 0)
		digits = strcspn(number, "]");
	if (!digits || digits > DECIMAL_MAX)
		return 0;
	memcpy(text, number, digits);
	text[digits] = '\0';
	return parse_u64(text, 1, UINT32_MAX, &inode) ? 0 : inode;
}

/* One process in the pass. */
struct process_visit {
	struct proc_link_walk *walk;
	uint32_t pid;
	int process;
	bool denied; /* some of its descriptors may not be looked at */
};

/* An io_uring in the pass. */
struct ring_visit {
	struct proc_link_walk *walk;
	struct proc_link link; /* of a file that is registered with it */
	uint32_t fd;
};

static int visit_registered_file(void *context, uint32_t slot, const char *path)
{
	struct ring_visit *ring = context;

	ring->link.owner.fd = registered_fd(ring->fd, slot);
	snprintf(ring->link.target, sizeof(ring->link.target), "%s", path);
	return ring->walk->handler(ring->walk->context, &ring->link);
}

/* Visits the files that are registered with a ring. `link`: that of its descriptor. */
static int visit_ring(struct process_visit *visit, int task, const struct proc_link *link)
{
	struct ring_visit ring = {.walk = visit->walk, .link = *link, .fd = (uint32_t)link->owner.fd};
	struct registered_files files;
	char path[32];
	int err;

	snprintf(path, sizeof(path), "fdinfo/%s", link->name);
	err = registered_files_each(task, path, visit_registered_file, &ring, &files);
	if (process_has_exited(err)) /* or closed the ring */
		return 0;
	if (err == -EACCES || err == -EPERM)
		visit->denied = true;
	else
		visit->walk->gaps->rings += !files.whole;
	return errno_is_resource(err) ? err : 0;
}

/* Visits the descriptors of one table. `task`: open directory of the process, or of the thread `tid`. */
static int visit_fd_table(void *context, uint32_t tid, int task)
{
	struct process_visit *visit = context;
	CLEANUP(cleanup_closedir) DIR *fds = dir_open_at(task, "fd");
	struct proc_link link = {.process = visit->process, .tid = tid, .owner = {.pid = visit->pid}};
	uint32_t fd;
	int err = 0;

	if (!fds && errno_is_resource(-errno))
		return -errno;
	visit->denied = visit->denied || (!fds && !process_has_exited(-errno));
	while (fds && !err && (err = dir_next_number(fds, &fd)) > 0) {
		ssize_t length;

		err = 0;
		*decimal_put(link.name, fd) = '\0';
		length = readlinkat(dirfd(fds), link.name, link.target, sizeof(link.target) - 1);
		if (length < 0 &&
		    (errno == EACCES || errno == EPERM)) { /* the directory may be readable, its links not */
			visit->denied = true;
			break;
		}
		if (length <= 0)
			continue;
		link.target[length] = '\0';
		link.dir = dirfd(fds);
		link.owner.fd = (int32_t)fd;
		err = visit->walk->handler(visit->walk->context, &link);
		if (!err && strcmp(link.target, RING_LINK) == 0)
			err = visit_ring(visit, task, &link);
	}
	return err;
}

static int visit_process_fds(void *context, uint32_t pid, int process)
{
	struct process_visit visit = {.walk = context, .pid = pid, .process = process};
	int err = visit_fd_table(&visit, 0, process);

	if (!err && !visit.denied)
		err = thread_tables_each(pid, process, visit.walk->comparable, visit_fd_table, &visit, &visit.denied);
	visit.walk->gaps->denied += visit.denied;
	return err;
}

int proc_fd_each_link(proc_link_handler *handler, void *context, struct proc_fd_gaps *gaps)
{
	WITH_PRIVILEGES;
	struct proc_link_walk walk = {
		.handler = handler, .context = context, .comparable = thread_tables_are_comparable(), .gaps = gaps};
	size_t hidden;
	int err;

	*gaps = (struct proc_fd_gaps){0};
	err = process_each(visit_process_fds, &walk, &hidden);
	gaps->denied += hidden;
	return err;
}

int proc_link_name(struct proc_link *link)
{
	int read = link->owner.comm[0] ? 0 : process_comm(link->process, link->owner.comm);

	return read < 0 ? read : 0;
}

/* ---- sockets ---- */

static int visit_socket_link(void *context, struct proc_link *link)
{
	const struct proc_fd_visitor *visitor = context;
	uint32_t inode = (uint32_t)proc_link_inode(link->target, "socket");
	int err;

	if (!inode || (visitor->wants && !visitor->wants(visitor->context, inode)))
		return 0;
	err = proc_link_name(link);
	return err ? err : visitor->holds(visitor->context, inode, &link->owner);
}

int proc_fd_each(const struct proc_fd_visitor *visitor, struct proc_fd_gaps *gaps)
{
	return proc_fd_each_link(visit_socket_link, (void *)visitor, gaps);
}

/* ---- the holders of rows ---- */

/* One descriptor of one process, and the index of its socket's row. */
struct row_holder {
	uint32_t row;
	struct owner owner;
};

/* The search for the holders of all rows. */
struct row_scan {
	struct proc_rows *rows;
	struct index by_inode;
	struct row_holder *holders;
	size_t count;
	size_t room;
};

static int append_row_holder(struct row_scan *scan, const struct row_holder *holder)
{
	if (!GROW(scan->holders, scan->count, scan->room, 64))
		return -ENOMEM;
	scan->holders[scan->count++] = *holder;
	return 0;
}

static bool is_inode_of_row(void *context, uint32_t inode)
{
	return index_find(&((struct row_scan *)context)->by_inode, inode);
}

/* Notes the holder for every row of that inode: the kernel may have shown a row twice. */
static int note_row_holder(void *context, uint32_t inode, const struct owner *owner)
{
	struct row_scan *scan = context;
	struct link *link;
	int err = 0;

	for (link = index_find(&scan->by_inode, inode); link && !err; link = index_find_next(link)) {
		struct proc_row *row = LINK_OWNER(link, struct proc_row, by_inode);
		struct row_holder holder = {.row = (uint32_t)(row - scan->rows->rows), .owner = *owner};

		err = append_row_holder(scan, &holder);
	}
	return err;
}

static int compare_row_holders(const void *a, const void *b)
{
	const struct row_holder *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return owner_compare(&x->owner, &y->owner);
}

static int assign_row_owners(struct row_scan *scan, struct owner **out)
{
	struct owner *owners = calloc(scan->count + 1, sizeof(*owners));
	size_t count = 0;

	if (!owners)
		return -ENOMEM;
	if (scan->count)
		qsort(scan->holders, scan->count, sizeof(*scan->holders), compare_row_holders);
	for (size_t i = 0; i < scan->count; i++) {
		struct proc_row *row = &scan->rows->rows[scan->holders[i].row];

		if (i && compare_row_holders(&scan->holders[i], &scan->holders[i - 1]) == 0)
			continue; /* found in two tables of one process */
		if (row->owner_count++ == 0)
			row->first_owner = (uint32_t)count;
		owners[count++] = scan->holders[i].owner;
	}
	*out = owners;
	return 0;
}

int proc_fd_scan(struct proc_rows *rows, struct owner **owners, struct proc_fd_gaps *gaps)
{
	struct row_scan scan = {.rows = rows};
	const struct proc_fd_visitor visitor = {.wants = is_inode_of_row, .holds = note_row_holder, .context = &scan};
	int err = index_init(&scan.by_inode);

	if (err)
		return err;
	for (size_t i = 0; i < rows->count; i++)
		if (rows->rows[i].inode)
			index_insert(&scan.by_inode, &rows->rows[i].by_inode, rows->rows[i].inode);
	err = proc_fd_each(&visitor, gaps);
	if (!err)
		err = assign_row_owners(&scan, owners);
	index_free(&scan.by_inode);
	free(scan.holders);
	return err;
}
