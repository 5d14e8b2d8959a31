// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "proc_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dir.h"
#include "number.h"
#include "parse.h"

/* The inode in "socket:[12345]"; 0 for anything else. */
static uint32_t socket_inode(char *target, ssize_t length)
{
	static const char prefix[] = "socket:[";
	uint32_t inode;

	if (length <= (ssize_t)sizeof(prefix) || memcmp(target, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	target[length - 1] = '\0'; /* the closing bracket */
	return parse_u32(target + sizeof(prefix) - 1, 1, UINT32_MAX, &inode) ? 0 : inode;
}

static void read_comm(int process, char comm[COMM_LEN])
{
	CLEANUP(cleanup_close) int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	char text[COMM_LEN + 1];
	ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text));

	if (got > 0 && text[got - 1] == '\n')
		got--;
	if (got < 0)
		got = 0;
	if (got >= COMM_LEN)
		got = COMM_LEN - 1;
	memcpy(comm, text, (size_t)got);
	comm[got] = '\0';
}

static int visit_process(const struct proc_fd_visitor *visitor, int process, uint32_t pid, size_t *denied)
{
	CLEANUP(cleanup_closedir) DIR *fds = dir_open_at(process, "fd");
	struct owner owner = {.pid = pid};
	int64_t fd;
	int err = 0;

	*denied += !fds && errno == EACCES;
	while (fds && !err && (fd = dir_next_number(fds)) >= 0) {
		char name[16], target[64];
		ssize_t length;
		uint32_t inode;

		*decimal_put(name, (uint64_t)fd) = '\0';
		length = readlinkat(dirfd(fds), name, target, sizeof(target));
		inode = socket_inode(target, length);
		if (!inode || (visitor->wants && !visitor->wants(visitor->context, inode)))
			continue;
		if (!owner.comm[0])
			read_comm(process, owner.comm);
		owner.fd = (int32_t)fd;
		err = visitor->holds(visitor->context, inode, &owner);
	}
	return err;
}

int proc_fd_each(const struct proc_fd_visitor *visitor, size_t *denied)
{
	CLEANUP(cleanup_closedir) DIR *proc = opendir("/proc");
	int64_t pid;
	int err = 0;

	*denied = 0;
	if (!proc)
		return -errno;
	while (!err && (pid = dir_next_number(proc)) >= 0) {
		CLEANUP(cleanup_close) int process = -1;
		char name[16];

		*decimal_put(name, (uint64_t)pid) = '\0';
		process = openat(dirfd(proc), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process >= 0)
			err = visit_process(visitor, process, (uint32_t)pid, denied);
	}
	return err;
}

/* ---- the holders of rows ---- */

/* One descriptor of one process, and the row of the socket behind it. */
struct holding {
	uint32_t row;
	struct owner owner;
};

struct scan {
	struct proc_rows *rows;
	struct index by_inode;
	struct holding *holdings;
	size_t count;
	size_t room;
};

static int append(struct scan *scan, const struct holding *holding)
{
	if (scan->count == scan->room) {
		size_t room = scan->room ? scan->room * 2 : 64;
		struct holding *grown = realloc(scan->holdings, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		scan->holdings = grown;
		scan->room = room;
	}
	scan->holdings[scan->count++] = *holding;
	return 0;
}

static bool has_row(void *context, uint32_t inode)
{
	return index_find(&((struct scan *)context)->by_inode, inode);
}

/* All rows of one inode: a row may have come twice. */
static int note_holder(void *context, uint32_t inode, const struct owner *owner)
{
	struct scan *scan = context;
	struct link *link;
	int err = 0;

	for (link = index_find(&scan->by_inode, inode); link && !err; link = index_find_next(link)) {
		struct proc_row *row = LINK_OWNER(link, struct proc_row, by_inode);
		struct holding holding = {.row = (uint32_t)(row - scan->rows->rows), .owner = *owner};

		err = append(scan, &holding);
	}
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct holding *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->owner.pid != y->owner.pid)
		return x->owner.pid < y->owner.pid ? -1 : 1;
	return x->owner.fd < y->owner.fd ? -1 : x->owner.fd > y->owner.fd;
}

static int assign(struct scan *scan, struct owner **out)
{
	struct owner *owners = calloc(scan->count + 1, sizeof(*owners));

	if (!owners)
		return -ENOMEM;
	if (scan->count)
		qsort(scan->holdings, scan->count, sizeof(*scan->holdings), compare);
	for (size_t i = 0; i < scan->count; i++) {
		struct proc_row *row = &scan->rows->rows[scan->holdings[i].row];

		if (row->owner_count++ == 0)
			row->first_owner = (uint32_t)i;
		owners[i] = scan->holdings[i].owner;
	}
	*out = owners;
	return 0;
}

int proc_fd_scan(struct proc_rows *rows, struct owner **owners)
{
	struct scan scan = {.rows = rows};
	const struct proc_fd_visitor visitor = {.wants = has_row, .holds = note_holder, .context = &scan};
	int err = index_init(&scan.by_inode);
	size_t denied;

	if (err)
		return err;
	for (size_t i = 0; i < rows->count; i++)
		if (rows->rows[i].inode)
			index_insert(&scan.by_inode, &rows->rows[i].by_inode, rows->rows[i].inode);
	err = proc_fd_each(&visitor, &denied);
	if (!err)
		err = assign(&scan, owners);
	index_free(&scan.by_inode);
	free(scan.holdings);
	return err;
}
