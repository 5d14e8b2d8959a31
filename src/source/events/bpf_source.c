// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf_source.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "backlog.h"
#include "clock.h"
#include "count_of.h"
#include "host.h"
#include "libbpf_log.h"
#include "log.h"
#include "privileges.h"
#include "process.h"
#include "record.h"
#include "seccomp.h"
#include "time_namespace.h"
#include "transition.skel.h"
#include "trial.h"

/* A wake-up costs as much as many events: one for each WAKE_BYTES, or for a quarter of a small ring. Powers of two. */
enum { WAKE_BYTES = 256 * 1024, WAKE_PART = 4 };

/* Most bytes that wait in memory; more stays in the ring. */
enum { ASIDE_MAX = 256 << 20 };

/* Relief of the ring while a slow output keeps us from it: where an eighth of the ring is full, its records are set
 * aside, as long as no more than twice the ring's size waits in memory. More would be late rather than lost, and a
 * snapshot needs some of ASIDE_MAX for itself. */
enum { RELIEF_PART = 8, RELIEF_TIMES = 2, RELIEF_MAX = ASIDE_MAX / 2 };

/* Records handed on at a time, and set aside at a time: records that come faster than they are taken must not keep the
 * rest of the program waiting. What is handed on is printed after that. */
enum { BATCH = 8192, ASIDE_BATCH = 65536 };

/* Records taken out of the ring at a time to be handed on: few enough to be still in the processor's cache. */
enum { PIECE = 64 };

/* Returned by the callback of libbpf's ring once its batch is complete. */
enum { BATCH_DONE = -ECANCELED };

/* Pages at the beginning of a ring: the first has the consumer's position, the second the producer's, in bytes since
 * the ring was made (kernel/bpf/ringbuf.c). */
enum { POSITIONS = 2 };

struct bpf_source {
	struct transition_bpf *skeleton;
	struct ring_buffer *ring;
	struct bpf_ring shared;
	const char *positions; /* the ring's first two pages */
	int cpus;
	size_t left; /* records still to be taken out of the ring in this batch */
	struct backlog backlog;
	uint64_t received;
	uint64_t skipped; /* valid once stopped */
};

_Static_assert((int)RECORD_MAX_NETNS == (int)KERNEL_FILTER_NETNS_MAX, "one form of filter");
_Static_assert((int)BACKLOG_RECORD_MAX >= (int)(sizeof(struct call_record) + sizeof(struct record_binding)),
	       "the longest");
_Static_assert(sizeof(struct record_port_set) == sizeof(struct port_set), "one form of filter");

/* ---- the ring ---- */

static uint64_t read_consumer_position(const struct bpf_source *source)
{
	return __atomic_load_n((const unsigned long *)source->positions, __ATOMIC_RELAXED);
}

/* Moves one record into the backlog. Called by libbpf for each record in the ring. A record that is none ends the
 * reading: no transition may be lost without a word. */
static int take_ring_record(void *context, void *data, size_t size)
{
	struct bpf_source *source = context;

	if (!record_is_whole(data, size))
		return -EBADMSG;
	backlog_put(&source->backlog, read_consumer_position(source), data, size);
	source->received += record_is_transition(data);
	return --source->left == 0 || !backlog_make_room(&source->backlog) ? BATCH_DONE : 0;
}

/* ---- loading ---- */

static void set_record_filter(struct record_filter *filter, const struct kernel_filter *kernel_filter)
{
	filter->by_family = kernel_filter->by_family;
	filter->by_netns = kernel_filter->by_netns;
	filter->by_lport = kernel_filter->by_lport;
	filter->by_rport = kernel_filter->by_rport;
	filter->by_either = kernel_filter->by_either;
	filter->want_ipv4 = kernel_filter->want_ipv4;
	filter->want_ipv6 = kernel_filter->want_ipv6;
	filter->netns_count = kernel_filter->netns_count;
	memcpy(filter->netns, kernel_filter->netns, sizeof(filter->netns));
	memcpy(&filter->lports, &kernel_filter->lports, sizeof(filter->lports));
	memcpy(&filter->rports, &kernel_filter->rports, sizeof(filter->rports));
	memcpy(&filter->either, &kernel_filter->either, sizeof(filter->either));
}

/* Abilities that this kernel may lack. */
struct abilities {
	bool make_cookies; /* bpf_get_socket_cookie() in tracing programs came with Linux 5.12 */
	bool may_probe; /* bpf_probe_read_kernel() is forbidden where the kernel is locked down for confidentiality */
};

static int load_with_abilities(struct bpf_source *source, const struct kernel_filter *kernel_filter,
			       const struct abilities *abilities)
{
	struct transition_bpf *skeleton = transition_bpf__open();
	int err;

	if (!skeleton)
		return -errno;
	/* const volatile is for the BPF side; user space writes the filter until it is loaded */
	set_record_filter((struct record_filter *)&skeleton->rodata->filter, kernel_filter);
	skeleton->rodata->own_pid = process_self();
	skeleton->rodata->pid_namespace = source->shared.pid_namespace;
	skeleton->rodata->make_cookies = abilities->make_cookies;
	skeleton->rodata->may_probe = abilities->may_probe;
	skeleton->rodata->wake_mask = source->shared.wake_mask;
	skeleton->rodata->clock_offset_ns = source->shared.clock_offset_ns;
	err = bpf_map__set_max_entries(skeleton->maps.ring, (__u32)source->shared.bytes);
	if (!err)
		err = transition_bpf__load(skeleton);
	if (err) {
		transition_bpf__destroy(skeleton);
		return err;
	}
	source->skeleton = skeleton;
	source->shared.fd = bpf_map__fd(skeleton->maps.ring);
	source->shared.may_probe = abilities->may_probe;
	return 0;
}

static int load_transition_programs(struct bpf_source *source, const struct kernel_filter *kernel_filter)
{
	static const struct abilities all[] = {{true, true}, {true, false}, {false, true}, {false, false}};
	int err = -EINVAL;

	for (size_t i = 0; err && i < COUNT_OF(all); i++)
		err = load_with_abilities(source, kernel_filter, &all[i]);
	return err;
}

/* Attaches both programs. The order matters: the second asks what the first has done. */
static int attach_transition_programs(struct transition_bpf *skeleton)
{
	skeleton->links.on_transition = bpf_program__attach(skeleton->progs.on_transition);
	if (!skeleton->links.on_transition)
		return -errno;
	skeleton->links.on_transition_missed = bpf_program__attach(skeleton->progs.on_transition_missed);
	return skeleton->links.on_transition_missed ? 0 : -errno;
}

static int map_ring(struct bpf_source *source)
{
	void *positions;

	source->ring = ring_buffer__new(source->shared.fd, take_ring_record, source, NULL);
	if (!source->ring)
		return -errno;
	positions = mmap(NULL, POSITIONS * (size_t)getpagesize(), PROT_READ, MAP_SHARED, source->shared.fd, 0);
	if (positions == MAP_FAILED)
		return -errno;
	source->positions = positions;
	return 0;
}

static int64_t find_clock_offset(void)
{
	struct time_offsets offsets = time_namespace_offsets();

	if (!offsets.known)
		log_warning("this time namespace has offsets that /proc does not show: times may be off");
	return offsets.monotonic_ns;
}

int bpf_source_open(const struct kernel_filter *kernel_filter, uint64_t ring_bytes, struct bpf_source **out)
{
	WITH_PRIVILEGES;
	struct bpf_source *source = calloc(1, sizeof(*source));
	int err;

	if (!source)
		return -ENOMEM;
	libbpf_log_take_over();
	source->cpus = libbpf_num_possible_cpus();
	source->shared.bytes = ring_bytes;
	source->shared.clock_offset_ns = find_clock_offset();
	source->shared.pid_namespace = process_numbers_are_kernels() ? 0 : process_namespace();
	source->shared.wake_mask =
		(ring_bytes / WAKE_PART < WAKE_BYTES ? (uint32_t)ring_bytes / WAKE_PART : WAKE_BYTES) - 1;
	if (source->cpus > RECORD_MAX_CPUS) {
		log_error("this host may have %d processors; tcpledger counts on at most %d", source->cpus,
			  RECORD_MAX_CPUS);
		err = -E2BIG;
		goto fail;
	}
	err = trial_bpf_kills() ? -ESHUTDOWN : load_transition_programs(source, kernel_filter);
	if (!err)
		err = attach_transition_programs(source->skeleton);
	if (err) {
		host_explain_failure(err);
		goto fail;
	}
	err = map_ring(source);
	if (err) {
		host_log_failure("the ring buffer cannot be mapped", err);
		goto fail;
	}
	*out = source;
	return 0;
fail:
	bpf_source_free(source);
	return err;
}

void bpf_source_free(struct bpf_source *source)
{
	if (!source)
		return;
	if (source->positions)
		munmap((void *)source->positions, POSITIONS * (size_t)getpagesize());
	ring_buffer__free(source->ring);
	transition_bpf__destroy(source->skeleton);
	backlog_free(&source->backlog);
	free(source);
}

/* ---- running ---- */

const struct bpf_ring *bpf_source_ring(const struct bpf_source *source)
{
	return &source->shared;
}

uint64_t bpf_source_written(const struct bpf_source *source)
{
	return __atomic_load_n((const unsigned long *)(source->positions + getpagesize()), __ATOMIC_ACQUIRE);
}

uint64_t bpf_source_taken(const struct bpf_source *source)
{
	return backlog_is_empty(&source->backlog) ? read_consumer_position(source) : backlog_position(&source->backlog);
}

/* The flag is set before the ring is looked at: see submit_record() of the kernel side. */
bool bpf_source_sleep(struct bpf_source *source)
{
	__atomic_exchange_n(&source->skeleton->bss->reader_sleeps, 1, __ATOMIC_SEQ_CST);
	if (bpf_source_taken(source) == bpf_source_written(source))
		return true;
	bpf_source_wake(source);
	return false;
}

void bpf_source_wake(struct bpf_source *source)
{
	__atomic_store_n(&source->skeleton->bss->reader_sleeps, 0, __ATOMIC_RELAXED);
}

/* Moves up to `most` records out of the ring into the backlog. Returns 0, -ENOMEM where there is memory for none, or
 * libbpf's error. */
static int set_records_aside(struct bpf_source *source, size_t most)
{
	int taken;

	if (!backlog_make_room(&source->backlog))
		return -ENOMEM;
	source->left = most;
	taken = ring_buffer__consume(source->ring);
	return taken < 0 && taken != BATCH_DONE ? taken : 0;
}

int bpf_source_set_aside(struct bpf_source *source)
{
	int err = source->backlog.bytes < ASIDE_MAX ? set_records_aside(source, ASIDE_BATCH) : -ENOBUFS;

	return err == -ENOMEM ? -ENOBUFS : err;
}

void bpf_source_relieve(struct bpf_source *source)
{
	uint64_t ring_bytes = source->shared.bytes;
	uint64_t most = ring_bytes < RELIEF_MAX / RELIEF_TIMES ? ring_bytes * RELIEF_TIMES : RELIEF_MAX;

	if (bpf_source_written(source) - read_consumer_position(source) > ring_bytes / RELIEF_PART &&
	    source->backlog.bytes < most)
		set_records_aside(source, ASIDE_BATCH);
}

/* Hands on up to `most` waiting records. The handler may relieve the ring, which adds to the waiting records. */
static int hand_on_records(struct bpf_source *source, size_t most, event_handler *handler, void *context)
{
	int err = 0;

	for (size_t i = 0; i < most && !err && !backlog_is_empty(&source->backlog); i++) {
		err = record_hand_on(backlog_first(&source->backlog), handler, context);
		backlog_drop_first(&source->backlog);
	}
	return err;
}

int bpf_source_consume(struct bpf_source *source, event_handler *handler, void *context, bool *more)
{
	size_t left = BATCH;
	int err = 0;

	for (; left && !err; left -= PIECE) {
		if (backlog_is_empty(&source->backlog))
			err = set_records_aside(source, PIECE);
		if (backlog_is_empty(&source->backlog))
			break;
		if (!err)
			err = hand_on_records(source, PIECE, handler, context);
		bpf_source_relieve(source);
	}
	*more = left == 0;
	return err;
}

static uint64_t count_recursion_misses(const struct bpf_program *program)
{
	WITH_PRIVILEGES;
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) ? 0 : info.recursion_misses;
}

struct bpf_counts bpf_source_counts(const struct bpf_source *source)
{
	const struct cpu_counters *counters = source->skeleton->bss->counters;
	struct bpf_counts counts = {.received = source->received};

	for (int cpu = 0; cpu < source->cpus; cpu++) {
		counts.seen += __atomic_load_n(&counters[cpu].seen, __ATOMIC_RELAXED);
		counts.dropped += __atomic_load_n(&counters[cpu].dropped, __ATOMIC_RELAXED);
		counts.recovered += __atomic_load_n(&counters[cpu].recovered, __ATOMIC_RELAXED);
	}
	counts.skipped = source->skeleton->links.on_transition
				 ? count_recursion_misses(source->skeleton->progs.on_transition)
				 : source->skipped;
	return counts;
}

static int await_grace_period(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) ? -errno : 0;
}

/* Detaching does not wait for a program that is running on another CPU; membarrier() waits for an RCU grace
 * period, which no running program outlasts. */
void bpf_source_stop(struct bpf_source *source)
{
	const struct timespec instead = {.tv_nsec = 20 * NS_PER_MS};

	/* Detach the second program first: without the first it would take every transition for skipped. */
	source->skipped = count_recursion_misses(source->skeleton->progs.on_transition);
	bpf_link__destroy(source->skeleton->links.on_transition_missed);
	source->skeleton->links.on_transition_missed = NULL;
	bpf_link__destroy(source->skeleton->links.on_transition);
	source->skeleton->links.on_transition = NULL;
	if (seccomp_try(await_grace_period)) /* refused where nohz_full is in use; a child waits as long as we would */
		nanosleep(&instead, NULL);
}
