// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iterators.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "privileges.h"
#include "snapshot.skel.h"

/* An iterator goes on while no more waits in the ring than so many wake-ups (wake_mask) are given for: transitions wait
 * behind its rows. Where others have filled the ring further for CROWDED_NS, it goes on while half of the ring is free.
 * That may never be, where transitions come faster than they are taken out: WAIT_MAX_NS. */
enum { QUEUE_WAKES = 2 };
#define CROWDED_NS  (100 * NS_PER_MS)
#define WAIT_MAX_NS (2 * NS_PER_SEC)

enum { RECORDS_AT_ONCE = 64 };

struct iterators {
	struct snapshot_bpf *skeleton;
	const struct bpf_ring *ring;
};

/* Length of a jiffy: the kernel's coarse clocks tick with it. */
static uint32_t find_tick_ns(void)
{
	struct timespec resolution;

	return clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) ? 0 : (uint32_t)resolution.tv_nsec;
}

int iterators_open(const struct bpf_ring *ring, bool sockets, struct iterators **out)
{
	WITH_PRIVILEGES;
	struct iterators *iterators = calloc(1, sizeof(*iterators));
	int err = -ENOMEM;

	if (!iterators)
		return err;
	iterators->ring = ring;
	iterators->skeleton = snapshot_bpf__open();
	if (!iterators->skeleton) {
		err = -errno;
		goto fail;
	}
	bpf_program__set_autoload(iterators->skeleton->progs.on_socket, sockets);
	iterators->skeleton->rodata->wake_mask = ring->wake_mask;
	iterators->skeleton->rodata->may_probe = ring->may_probe;
	iterators->skeleton->rodata->clock_offset_ns = ring->clock_offset_ns;
	iterators->skeleton->rodata->tick_ns = find_tick_ns();
	iterators->skeleton->rodata->pid_namespace = ring->pid_namespace;
	err = bpf_map__reuse_fd(iterators->skeleton->maps.ring, ring->fd);
	if (!err)
		err = snapshot_bpf__load(iterators->skeleton);
	if (!err)
		err = snapshot_bpf__attach(iterators->skeleton);
	if (err)
		goto fail;
	*out = iterators;
	return 0;
fail:
	iterators_free(iterators);
	return err;
}

void iterators_free(struct iterators *iterators)
{
	if (!iterators)
		return;
	snapshot_bpf__destroy(iterators->skeleton);
	free(iterators);
}

struct room_wait {
	uint64_t put_off;  /* what the programs had put off when read() last returned */
	uint64_t passed;   /* the iterator's progress when the wait began */
	uint64_t since_ns; /* 0: no wait yet */
};

/* Waits a while after EAGAIN, where the programs caused it, since too much is in the ring. The kernel too ends a read()
 * with EAGAIN, after a million objects without output (MAX_ITER_OBJECTS, kernel/bpf/bpf_iter.c): that is progress.
 * False: that has lasted for too long, without progress. */
static bool wait_for_room(const struct iterators *iterators, struct room_wait *wait)
{
	const struct timespec pause = {.tv_nsec = NS_PER_MS};
	struct snapshot_bpf__bss *programs = iterators->skeleton->bss;
	uint64_t put_off = programs->put_off, passed = programs->passed, now_ns = clock_monotonic_ns();
	bool must_wait = put_off != wait->put_off;

	if (!must_wait || !wait->since_ns || passed != wait->passed)
		*wait = (struct room_wait){.passed = passed, .since_ns = must_wait ? now_ns : 0};
	wait->put_off = put_off;
	if (!must_wait)
		return true;
	if (now_ns > wait->since_ns + WAIT_MAX_NS)
		return false;
	if (now_ns > wait->since_ns + CROWDED_NS)
		programs->queue_max = iterators->ring->bytes / 2;
	nanosleep(&pause, NULL);
	return true;
}

/* Takes what the programs have written into the iterator's own file: each read() returns whole records. */
static int take_rings(struct ring_holders *rings, const struct holding_record *records, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = ring_holders_add(rings, &records[i]);
	return err;
}

static int read_iterator(const struct iterators *iterators, const struct bpf_link *link, const atomic_bool *stop,
			 struct ring_holders *rings)
{
	WITH_PRIVILEGES;
	CLEANUP(cleanup_close) int fd = bpf_iter_create(bpf_link__fd(link));
	struct room_wait wait = {.put_off = iterators->skeleton->bss->put_off};
	struct holding_record records[RECORDS_AT_ONCE];
	ssize_t got;
	int err = 0;

	if (fd < 0)
		return -errno;
	while (!err && (got = read(fd, records, sizeof(records))) != 0) {
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got < 0 && errno == EAGAIN && (atomic_load(stop) || !wait_for_room(iterators, &wait)))
			return -ENOBUFS;
		if (got > 0)
			err = take_rings(rings, records, (size_t)got / sizeof(*records));
	}
	return err;
}

static int run_iterator(struct iterators *iterators, const struct bpf_link *link, const atomic_bool *stop,
			struct ring_holders *rings)
{
	int err;

	iterators->skeleton->bss->lost = 0;
	iterators->skeleton->bss->queue_max = QUEUE_WAKES * (iterators->ring->wake_mask + 1ULL);
	err = read_iterator(iterators, link, stop, rings);
	return !err && iterators->skeleton->bss->lost ? -ENOBUFS : err;
}

int iterators_sockets(struct iterators *iterators, bool minis_only, const atomic_bool *stop)
{
	iterators->skeleton->bss->minis_only = minis_only;
	iterators->skeleton->bss->last_slot = UINT32_MAX;
	return run_iterator(iterators, iterators->skeleton->links.on_socket, stop, NULL);
}

int iterators_descriptors(struct iterators *iterators, const atomic_bool *stop, struct ring_holders *rings)
{
	return run_iterator(iterators, iterators->skeleton->links.on_descriptor, stop, rings);
}
