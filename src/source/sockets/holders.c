// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "holders.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capability.h"
#include "cleanup.h"
#include "grow.h"
#include "holders.skel.h"
#include "holding.h"
#include "libbpf_log.h"
#include "log.h"
#include "privileges.h"
#include "proc_fd.h"
#include "process.h"
#include "process_dir.h"
#include "trial.h"

enum { RECORDS_AT_ONCE = 1024 };

/* One descriptor. */
struct holding {
	uint32_t inode;
	struct owner owner;
};

struct holders {
	struct holding *found; /* as they come, until they are put in order */
	size_t room;
	uint32_t *inodes; /* in ascending order; the owners of one by pid and descriptor */
	struct owner *owners;
	size_t count;
	size_t denied;
	bool unseen; /* not all processes are shown */
};

static int add(void *context, uint32_t inode, const struct owner *owner)
{
	struct holders *holders = context;

	if (!GROW(holders->found, holders->count, holders->room, 256))
		return -ENOMEM;
	holders->found[holders->count++] = (struct holding){.inode = inode, .owner = *owner};
	return 0;
}

/* ---- by the iterator ---- */

static int take_record(struct holders *holders, const struct holding_record *record)
{
	struct owner owner = {.pid = record->pid, .fd = record->fd};

	memcpy(owner.comm, record->comm, sizeof(owner.comm));
	owner.comm[COMM_LEN - 1] = '\0';
	return add(holders, record->inode, &owner);
}

/* A read gives whole records: each was written at once. */
static int read_records(struct holders *holders, int fd)
{
	struct holding_record records[RECORDS_AT_ONCE];
	ssize_t got;
	int err = 0;

	while (!err && (got = read(fd, records, sizeof(records))) != 0) {
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		for (size_t i = 0; !err && got > 0 && i < (size_t)got / sizeof(*records); i++)
			err = take_record(holders, &records[i]);
	}
	return err;
}

static int iterate(struct holders *holders, struct holders_bpf *skeleton)
{
	CLEANUP(cleanup_close) int fd = -1;
	int err = holders_bpf__load(skeleton);

	if (!err)
		err = holders_bpf__attach(skeleton);
	if (err)
		return err;
	fd = bpf_iter_create(bpf_link__fd(skeleton->links.on_descriptor));
	return fd < 0 ? -errno : read_records(holders, fd);
}

static int find_by_iterator(struct holders *holders)
{
	struct holders_bpf *skeleton;
	int err;

	if (!process_numbers_are_ours())
		return -EOPNOTSUPP;
	if (trial_bpf_kills())
		return -ESHUTDOWN;
	libbpf_log_take_over();
	skeleton = holders_bpf__open();
	if (!skeleton)
		return -errno;
	err = iterate(holders, skeleton);
	holders_bpf__destroy(skeleton);
	return err;
}

/* ---- from /proc ---- */

static int find_in_proc(struct holders *holders)
{
	const struct proc_fd_visitor visitor = {.holds = add, .context = holders};

	if (access("/proc/self/fd", F_OK)) /* it is not mounted */
		return -errno;
	holders->unseen = !process_all_are_shown();
	return proc_fd_each(&visitor, &holders->denied);
}

/* ---- both ---- */

static int compare(const void *a, const void *b)
{
	const struct holding *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	if (x->owner.pid != y->owner.pid)
		return x->owner.pid < y->owner.pid ? -1 : 1;
	return x->owner.fd < y->owner.fd ? -1 : x->owner.fd > y->owner.fd;
}

static int put_in_order(struct holders *holders)
{
	size_t count = holders->count;

	holders->inodes = calloc(count + 1, sizeof(*holders->inodes));
	holders->owners = calloc(count + 1, sizeof(*holders->owners));
	if (!holders->inodes || !holders->owners)
		return -ENOMEM;
	if (count)
		qsort(holders->found, count, sizeof(*holders->found), compare);
	holders->count = 0;
	for (size_t i = 0; i < count; i++) { /* a thread with a table of its own may have the same in it */
		if (i && compare(&holders->found[i], &holders->found[i - 1]) == 0)
			continue;
		holders->inodes[holders->count] = holders->found[i].inode;
		holders->owners[holders->count++] = holders->found[i].owner;
	}
	free(holders->found);
	holders->found = NULL;
	return 0;
}

static int find(struct holders *holders, enum holder_source source)
{
	int err = -EOPNOTSUPP;

	if (source != HOLDERS_BY_PROC)
		err = find_by_iterator(holders);
	if (err && source == HOLDERS_BY_ITER)
		log_error(
			"--holder-source=iter: this kernel has no BPF iterator over descriptors, or does not allow it (%s). Give auto or proc",
			trial_error_text(err));
	if (err && source != HOLDERS_BY_ITER) {
		holders->count = 0;
		err = find_in_proc(holders);
	}
	return err ? err : put_in_order(holders);
}

int holders_find(enum holder_source source, struct holders **out)
{
	WITH_PRIVILEGES;
	struct holders *holders = calloc(1, sizeof(*holders));
	int err = holders ? find(holders, source) : -ENOMEM;

	if (err) {
		holders_free(holders);
		return err;
	}
	*out = holders;
	return 0;
}

void holders_free(struct holders *holders)
{
	if (!holders)
		return;
	free(holders->found);
	free(holders->inodes);
	free(holders->owners);
	free(holders);
}

/* The first of all that are not less than `inode`. */
static size_t lower_bound(const struct holders *holders, uint32_t inode)
{
	size_t low = 0, high = holders->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (holders->inodes[middle] < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct owner *holders_of(const struct holders *holders, uint32_t inode, size_t *count)
{
	size_t first = lower_bound(holders, inode), end = first;

	while (inode && end < holders->count && holders->inodes[end] == inode)
		end++;
	*count = end - first;
	return *count ? &holders->owners[first] : NULL;
}

bool holders_may_hide(const struct holders *holders)
{
	return holders->denied || holders->unseen;
}

size_t holders_denied(const struct holders *holders)
{
	return holders->denied;
}

const char *holders_remedy(const struct holders *holders)
{
	if (holders && !holders->denied && !process_numbers_are_ours())
		return "run in the host's PID namespace";
	return capabilities_owners_remedy();
}
