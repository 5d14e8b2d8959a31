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
#include "identities.h"
#include "libbpf_log.h"
#include "log.h"
#include "privileges.h"
#include "proc_fd.h"
#include "process.h"
#include "process_dir.h"
#include "ring_holders.h"
#include "trial.h"

enum { RECORDS_AT_ONCE = 1024 };

/* One descriptor of a socket. */
struct socket_holder {
	uint32_t inode;
	struct owner owner;
};

struct holders {
	struct socket_holder *found; /* in the order found; NULL once sorted into the two arrays below */
	size_t room;
	uint32_t *inodes;     /* in ascending order; entries of one inode by pid and descriptor */
	struct owner *owners; /* of the descriptor with the same index in `inodes` */
	size_t count;
	struct proc_fd_gaps gaps;
	enum process_view view;        /* the processes that were looked for */
	struct identities *identities; /* NULL: who the holders are is not asked for */
	uint64_t round;
};

static int add_socket_holder(void *context, uint32_t inode, const struct owner *owner)
{
	struct holders *holders = context;

	if (!GROW(holders->found, holders->count, holders->room, 256))
		return -ENOMEM;
	holders->found[holders->count++] = (struct socket_holder){.inode = inode, .owner = *owner};
	return 0;
}

/* ---- by the iterator ---- */

static int take_holding_record(struct holders *holders, const struct holding_record *record)
{
	const struct owner owner = ring_holders_owner(record);

	return add_socket_holder(holders, record->inode, &owner);
}

/* Reads all records of the iterator. A read() returns whole records: each was written in one piece. */
static int read_holding_records(struct holders *holders, struct ring_holders *rings, int fd)
{
	struct holding_record records[RECORDS_AT_ONCE];
	ssize_t got;
	int err = 0;

	while (!err && (got = read(fd, records, sizeof(records))) != 0) {
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		for (size_t i = 0; !err && got > 0 && i < (size_t)got / sizeof(*records); i++)
			err = records[i].inode ? take_holding_record(holders, &records[i])
					       : ring_holders_add(rings, &records[i]);
	}
	return err;
}

static int run_holder_iterator(struct holders *holders, struct ring_holders *rings, struct holders_bpf *skeleton)
{
	CLEANUP(cleanup_close) int fd = -1;
	int err = holders_bpf__load(skeleton);

	if (!err)
		err = holders_bpf__attach(skeleton);
	if (err)
		return err;
	fd = bpf_iter_create(bpf_link__fd(skeleton->links.on_descriptor));
	return fd < 0 ? -errno : read_holding_records(holders, rings, fd);
}

static int find_holders_by_iterator(struct holders *holders)
{
	struct holders_bpf *skeleton;
	struct ring_holders rings = {0};
	int err;

	if (!process_is_in_first_namespace())
		return -EOPNOTSUPP;
	if (trial_bpf_kills())
		return -ESHUTDOWN;
	libbpf_log_take_over();
	skeleton = holders_bpf__open();
	if (!skeleton)
		return -errno;
	err = run_holder_iterator(holders, &rings, skeleton);
	holders_bpf__destroy(skeleton);
	if (!err)
		err = ring_holders_each(&rings, add_socket_holder, holders, &holders->gaps.rings);
	ring_holders_free(&rings);
	return err;
}

/* ---- from /proc ---- */

static int find_holders_in_proc(struct holders *holders)
{
	const struct proc_fd_visitor visitor = {.holds = add_socket_holder, .context = holders};

	if (access("/proc/self/fd", F_OK)) /* /proc is not mounted */
		return -errno;
	holders->view = process_view();
	return proc_fd_each(&visitor, &holders->gaps);
}

/* ---- both ---- */

static int compare_socket_holders(const void *a, const void *b)
{
	const struct socket_holder *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return owner_compare(&x->owner, &y->owner);
}

static int sort_socket_holders(struct holders *holders)
{
	size_t count = holders->count;

	holders->inodes = calloc(count + 1, sizeof(*holders->inodes));
	holders->owners = calloc(count + 1, sizeof(*holders->owners));
	if (!holders->inodes || !holders->owners)
		return -ENOMEM;
	if (count)
		qsort(holders->found, count, sizeof(*holders->found), compare_socket_holders);
	holders->count = 0;
	for (size_t i = 0; i < count; i++) { /* a thread's own table of descriptors may repeat an entry */
		if (i && compare_socket_holders(&holders->found[i], &holders->found[i - 1]) == 0)
			continue;
		holders->inodes[holders->count] = holders->found[i].inode;
		holders->owners[holders->count++] = holders->found[i].owner;
	}
	free(holders->found);
	holders->found = NULL;
	return 0;
}

static int find_holders_by_source(struct holders *holders, enum holder_source source)
{
	int err = -EOPNOTSUPP;

	if (source != HOLDERS_BY_PROC)
		err = find_holders_by_iterator(holders);
	if (err && source == HOLDERS_BY_ITER)
		log_error(
			"--holder-source=iter: this kernel has no BPF iterator over descriptors, or does not allow it (%s). Give auto or proc",
			trial_error_text(err));
	if (err && source != HOLDERS_BY_ITER) {
		holders->count = 0;
		err = find_holders_in_proc(holders);
	}
	return err ? err : sort_socket_holders(holders);
}

int holders_find(enum holder_source source, struct holders **out)
{
	WITH_PRIVILEGES;
	struct holders *holders = calloc(1, sizeof(*holders));
	int err = holders ? find_holders_by_source(holders, source) : -ENOMEM;

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
	for (size_t i = 0; holders->identities && i < holders->count; i++)
		identity_unref(holders->owners[i].identity);
	free(holders->found);
	free(holders->inodes);
	free(holders->owners);
	free(holders);
}

void holders_identify(struct holders *holders, struct identities *identities, uint64_t round)
{
	holders->identities = identities;
	holders->round = round;
}

/* Returns the index of the first entry that is not less than `inode`. */
static size_t find_first_holder(const struct holders *holders, uint32_t inode)
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

static void identify_owners(const struct holders *holders, struct owner *owners, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (owners[i].identity)
			continue;
		owners[i].identity = identities_of_holder(holders->identities, &owners[i], holders->round);
		identity_ref(owners[i].identity);
	}
}

const struct owner *holders_of(const struct holders *holders, uint32_t inode, size_t *count)
{
	size_t first = find_first_holder(holders, inode), end = first;

	while (inode && end < holders->count && holders->inodes[end] == inode)
		end++;
	*count = end - first;
	if (holders->identities)
		identify_owners(holders, &holders->owners[first], *count);
	return *count ? &holders->owners[first] : NULL;
}

enum holder_gap holders_gap(const struct holders *holders)
{
	static const enum holder_gap gaps[] = {[PROCESSES_ALL] = HOLDERS_WHOLE,
					       [PROCESSES_VISIBLE] = HOLDERS_HIDDEN,
					       [PROCESSES_INSIDE] = HOLDERS_ELSEWHERE};

	if (holders->gaps.denied)
		return HOLDERS_DENIED;
	if (holders->gaps.rings && holders->view == PROCESSES_ALL)
		return HOLDERS_UNTOLD;
	return gaps[holders->view];
}

size_t holders_denied(const struct holders *holders)
{
	return holders->gaps.denied;
}

const char *holders_remedy(enum holder_gap gap)
{
	char missing[CAPABILITIES_TEXT];

	if (gap == HOLDERS_ELSEWHERE)
		return "run in the host's PID namespace";
	if (gap == HOLDERS_UNTOLD)
		return "this kernel does not tell which files are registered with an io_uring, or has it locked";
	if (gap != HOLDERS_HIDDEN)
		return capabilities_owners_remedy();
	if (*capabilities_missing(capabilities_held(), CAPABILITY_OWNERS, missing))
		return "/proc hides the processes of others (hidepid): run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH";
	return "/proc hides processes (hidepid): `mount -o remount,hidepid=0 /proc`";
}
