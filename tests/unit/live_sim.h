/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A host for the tests of live/: the clock, the ring, the snapshots and the messages are the test's own. The engine
 * waits on real descriptors, but time passes only as it asks for time. The Makefile links these tests without what is
 * defined here.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "checkup.h"
#include "events.h"
#include "exact.h"
#include "host.h"
#include "live_internal.h"
#include "log.h"
#include "privileges.h"
#include "process.h"

enum { RING_ROOM = 64, ROWS_MAX = 16, SNAPSHOTS_MAX = 64, GAPS_MAX = 16, PIDS = 1024 };

struct snapshot {
	uint8_t scope;
	size_t minis; /* as the engine has counted them; 0: they must be read */
	uint64_t ready_ns;
	uint64_t began_ns; /* as announced */
	size_t taken;      /* out of the ring before it began */
	bool renewed;
	bool started, abandoned, freed;
	uint64_t abandoned_ns;
	int spoilt;
};

static struct {
	uint64_t now_ns;
	/* the ring: an event of it counts as one byte */
	struct event ring[RING_ROOM];
	size_t written, taken;
	size_t batch;                   /* events that are handed on at once */
	size_t unfinished;              /* records at the end that are not written to their end */
	unsigned int finishes_after_us; /* so long another one of them takes; 0: for ever */
	int consume_error, set_aside_error;
	struct bpf_counts counts;
	int ring_fd;
	unsigned int consumed, relieved, set_aside;
	bool sleeps;        /* the flag of the kernel side */
	unsigned int slept; /* how often it was set */
	void (*before_sleep)(void),
		(*asleep)(void); /* called once: before the flag is set, and while the engine waits */
	bool stopped;
	/* snapshots */
	bool exact, enters, finds_holders, partial;
	struct event rows[ROWS_MAX];
	size_t row_count;
	uint64_t lasts_ns; /* before it is done */
	uint64_t costs_ns; /* of processor time */
	int start_error;   /* of each that begins */
	int end_errors;    /* so many end with `end_error` */
	int end_error;
	struct snapshot snapshots[SNAPSHOTS_MAX];
	size_t snapshot_count;
	int done_fd;
	void (*meanwhile)(struct live *live);    /* called once, while a snapshot is running */
	void (*end_snapshot)(struct live *live); /* called once, before a snapshot ends */
	/* minisockets that are asked for */
	int ask_error;      /* as on a kernel that cannot be asked, unless a test sets it to 0 */
	uint8_t mini_state; /* the answer to each question */
	struct tuple asked[ROWS_MAX];
	size_t asked_count; /* questions, all in all */
	unsigned int asks;
	bool no_asker;
	/* the rest of the host */
	bool gone[PIDS];
	bool lacks_proc;
	int source_error, kit_error, hook_error, drop_error;
	enum snapshot_source kit_source;
	bool hook_is_open, hook_sleeps, checked_owners_of_proc, dropped_all_but_entering;
	unsigned int owner_checks, failures, asked_if_gone;
	struct identity *identities[PIDS]; /* by pid; NULL: cannot be read */
	unsigned int callers_asked, holders_asked;
	uint64_t round; /* the last one in which a holder was asked for */
	bool with_cmdline, no_identities;
	int nice, set_nice;
	/* the calls that make a descriptor, counted from 1 */
	int made, fails_at; /* the one that fails, with ENFILE */
	int low_at;         /* the one that gets the lowest descriptor, 0 */
	/* what was asked for and said */
	int last_timeout_ms;
	unsigned int waits, slept_us;
	char log[4096];
	char info[256]; /* the last message of that level */
	struct gap gaps[GAPS_MAX];
	size_t gap_count;
	struct recorder recorder;
} sim;

/* ---- clock, priority, messages ---- */

uint64_t clock_monotonic_ns(void)
{
	return sim.now_ns;
}

void wall_clock_refresh(struct wall_clock *clock, uint64_t monotonic_ns)
{
	clock->measured_ns = monotonic_ns;
}

int getpriority(__priority_which_t which, id_t who)
{
	assert_int_equal(which, PRIO_PROCESS);
	assert_int_equal(who, 0);
	return sim.nice;
}

int setpriority(__priority_which_t which, id_t who, int nice)
{
	(void)which;
	(void)who;
	sim.set_nice = nice;
	return 0;
}

void log_set_patience(int patience_ms)
{
	(void)patience_ms;
}

void log_write(enum log_level level, const char *format, ...)
{
	size_t used = strlen(sim.log);
	va_list arguments;

	if (level == LOG_INFO) {
		va_start(arguments, format);
		vsnprintf(sim.info, sizeof(sim.info), format, arguments);
		va_end(arguments);
	}
	if (level > LOG_WARNING)
		return;
	va_start(arguments, format);
	vsnprintf(sim.log + used, sizeof(sim.log) - used, format, arguments);
	va_end(arguments);
	assert_true(strlen(sim.log) + 2 < sizeof(sim.log));
	strcat(sim.log, "\n");
}

uint64_t privileges_raise(void)
{
	return 0;
}

void privileges_restore(const uint64_t *before)
{
	(void)before;
}

int privileges_drop(bool enters_namespaces)
{
	sim.dropped_all_but_entering = enters_namespaces;
	return sim.drop_error;
}

/* ---- waiting ---- */

static void finish_running_snapshot(void)
{
	struct snapshot *last = sim.snapshot_count ? &sim.snapshots[sim.snapshot_count - 1] : NULL;

	if (last && last->started && !last->freed && last->ready_ns && last->ready_ns <= sim.now_ns) {
		last->ready_ns = 0;
		assert_int_equal(eventfd_write(sim.done_fd, 1), 0);
	}
}

static void call_once(void (**work)(void))
{
	void (*now)(void) = *work;

	*work = NULL;
	if (now)
		now();
}

/* Takes the place of the C library's: where nothing is ready, the time passes at once. */
int epoll_wait_here(int fd, struct epoll_event *events, int most, int timeout_ms) __asm__("epoll_wait");
int epoll_wait_here(int fd, struct epoll_event *events, int most, int timeout_ms)
{
	int ready;

	sim.waits++;
	sim.last_timeout_ms = timeout_ms;
	if (sim.sleeps)
		call_once(&sim.asleep);
	assert_true(sim.waits < 1000000); /* else the engine would wait for ever */
	finish_running_snapshot();
	ready = (int)syscall(SYS_epoll_pwait, fd, events, most, 0, NULL, 8);
	if (ready == 0 && timeout_ms > 0)
		sim.now_ns += (uint64_t)timeout_ms * NS_PER_MS;
	return ready;
}

int usleep(useconds_t us)
{
	sim.slept_us += us;
	assert_true(sim.slept_us < 100000000); /* else the engine would sleep for ever */
	if (sim.unfinished && sim.finishes_after_us && sim.slept_us % sim.finishes_after_us == 0)
		sim.unfinished--;
	sim.now_ns += us * 1000ULL;
	return 0;
}

/* ---- descriptors ---- */

static inline int make_descriptor(int fd)
{
	assert_true(fd >= 0);
	if (++sim.made == sim.fails_at) {
		close(fd);
		errno = ENFILE;
		return -1;
	}
	if (sim.made != sim.low_at)
		return fd;
	dup2(fd, STDIN_FILENO);
	close(fd);
	return STDIN_FILENO;
}

/* These take the places of the C library's. */

int signalfd(int fd, const sigset_t *signals, int flags)
{
	return make_descriptor((int)syscall(SYS_signalfd4, fd, signals, 8, flags));
}

int timerfd_create(int clock, int flags)
{
	return make_descriptor((int)syscall(SYS_timerfd_create, clock, flags));
}

int epoll_create1(int flags)
{
	return make_descriptor((int)syscall(SYS_epoll_create1, flags));
}

int eventfd(unsigned int value, int flags)
{
	return make_descriptor((int)syscall(SYS_eventfd2, value, flags));
}

/* ---- the ring ---- */

static void push_event(const struct event *event)
{
	assert_true(sim.written < RING_ROOM);
	sim.ring[sim.written++] = *event;
}

int bpf_source_open(const struct kernel_filter *kernel_filter, uint64_t ring_bytes, struct bpf_source **out)
{
	assert_non_null(kernel_filter);
	assert_int_equal(ring_bytes, 1 << 20);
	if (sim.source_error)
		return sim.source_error;
	sim.ring_fd = (int)syscall(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(sim.ring_fd >= 0);
	*out = (struct bpf_source *)&sim;
	return 0;
}

void bpf_source_free(struct bpf_source *source)
{
	if (source)
		close(sim.ring_fd);
}

const struct bpf_ring *bpf_source_ring(const struct bpf_source *source)
{
	static struct bpf_ring ring;

	assert_ptr_equal(source, &sim);
	ring = (struct bpf_ring){.fd = sim.ring_fd, .bytes = 1 << 20};
	return &ring;
}

int bpf_source_consume(struct bpf_source *source, event_handler *handler, void *context, bool *more)
{
	size_t end = sim.written - sim.unfinished;

	assert_ptr_equal(source, &sim);
	assert_true(++sim.consumed < 1000000); /* else the engine would try for ever */
	if (sim.consume_error)
		return sim.consume_error;
	for (size_t i = 0; i < sim.batch && sim.taken < end; i++) {
		int err = handler(context, &sim.ring[sim.taken++]);

		if (err)
			return err;
	}
	*more = sim.taken < end;
	return 0;
}

bool bpf_source_sleep(struct bpf_source *source)
{
	assert_ptr_equal(source, &sim);
	call_once(&sim.before_sleep);
	sim.sleeps = sim.taken == sim.written;
	sim.slept += sim.sleeps;
	return sim.sleeps;
}

void bpf_source_wake(struct bpf_source *source)
{
	assert_ptr_equal(source, &sim);
	sim.sleeps = false;
}

int bpf_source_set_aside(struct bpf_source *source)
{
	assert_ptr_equal(source, &sim);
	sim.set_aside++;
	return sim.set_aside_error;
}

void bpf_source_relieve(struct bpf_source *source)
{
	assert_ptr_equal(source, &sim);
	sim.relieved++;
}

uint64_t bpf_source_written(const struct bpf_source *source)
{
	assert_ptr_equal(source, &sim);
	return sim.written;
}

uint64_t bpf_source_taken(const struct bpf_source *source)
{
	assert_ptr_equal(source, &sim);
	return sim.taken;
}

void bpf_source_stop(struct bpf_source *source)
{
	assert_ptr_equal(source, &sim);
	sim.stopped = true;
}

struct bpf_counts bpf_source_counts(const struct bpf_source *source)
{
	assert_ptr_equal(source, &sim);
	return sim.counts;
}

void accept_hook_set_sleep(struct accept_hook *hook, bool sleeps)
{
	assert_int_equal(hook != NULL, sim.hook_is_open);
	sim.hook_sleeps = sleeps;
}

int accept_hook_open(const struct bpf_ring *ring, struct accept_hook **out)
{
	assert_int_equal(ring->fd, sim.ring_fd);
	sim.hook_is_open = !sim.hook_error;
	*out = sim.hook_error ? NULL : (struct accept_hook *)&sim;
	return sim.hook_error;
}

void accept_hook_free(struct accept_hook *hook)
{
	if (hook)
		sim.hook_is_open = false;
}

/* ---- snapshots ---- */

int snapshot_kit_open(const struct bpf_ring *ring, enum snapshot_source source, struct snapshot_kit **out)
{
	assert_int_equal(ring->fd, sim.ring_fd);
	sim.kit_source = source;
	*out = sim.kit_error ? NULL : (struct snapshot_kit *)&sim;
	return sim.kit_error;
}

void snapshot_kit_free(struct snapshot_kit *kit)
{
	(void)kit;
}

bool snapshot_kit_is_exact(const struct snapshot_kit *kit)
{
	assert_ptr_equal(kit, &sim);
	return sim.exact;
}

bool snapshot_kit_finds_holders(const struct snapshot_kit *kit)
{
	assert_ptr_equal(kit, &sim);
	return sim.finds_holders;
}

bool snapshot_kit_enters(const struct snapshot_kit *kit)
{
	assert_ptr_equal(kit, &sim);
	return sim.enters;
}

int snapshot_start(struct snapshot_kit *kit, uint8_t scope, size_t minis, int done_fd, struct snapshot **out)
{
	struct snapshot *snapshot = &sim.snapshots[sim.snapshot_count];

	assert_ptr_equal(kit, &sim);
	assert_true(sim.snapshot_count < SNAPSHOTS_MAX);
	if (sim.start_error)
		return sim.start_error;
	sim.snapshot_count++;
	*snapshot = (struct snapshot){.scope = scope,
				      .minis = minis,
				      .started = true,
				      .taken = sim.taken,
				      .ready_ns = sim.now_ns + sim.lasts_ns};
	sim.done_fd = done_fd;
	finish_running_snapshot();
	*out = snapshot;
	return 0;
}

int snapshot_announce(const struct snapshot *snapshot, uint64_t began_ns, bool renewed, event_handler *handler,
		      void *context)
{
	struct event begin = {.kind = EVENT_SNAPSHOT_BEGIN,
			      .ts_ns = began_ns,
			      .scope = snapshot->scope,
			      .exact = sim.exact,
			      .renewed = renewed};
	struct snapshot *last = &sim.snapshots[sim.snapshot_count - 1];
	void (*meanwhile)(struct live * live) = sim.meanwhile;

	assert_ptr_equal(snapshot, last);
	last->began_ns = began_ns;
	last->renewed = renewed;
	sim.meanwhile = NULL;
	if (meanwhile)
		meanwhile(context);
	for (size_t i = 0; sim.exact && i < sim.row_count; i++)
		push_event(&sim.rows[i]);
	return handler(context, &begin);
}

int snapshot_rows(struct snapshot *snapshot, uint64_t began_ns, event_handler *handler, void *context)
{
	int err = 0;

	(void)snapshot;
	for (size_t i = 0; !sim.exact && i < sim.row_count && !err; i++) {
		struct event row = sim.rows[i];

		row.ts_ns = began_ns;
		err = handler(context, &row);
	}
	return err;
}

int snapshot_end(struct snapshot *snapshot, uint64_t began_ns, event_handler *handler, void *context)
{
	static const uint32_t here = NETNS_HERE;
	bool fails = snapshot->spoilt || snapshot->abandoned || sim.end_errors;
	struct event end = {.kind = EVENT_SNAPSHOT_END,
			    .ts_ns = began_ns,
			    .ended_ns = sim.now_ns,
			    .scope = fails ? 0 : snapshot->scope,
			    .exact = sim.exact,
			    .all_holders = !fails && snapshot->scope & SNAPSHOT_HOLDERS,
			    .orphans = COUNT_UNKNOWN,
			    .netns = &here,
			    .netns_count = 1};
	void (*end_snapshot)(struct live * live) = sim.end_snapshot;
	int err;

	sim.end_snapshot = NULL;
	if (end_snapshot)
		end_snapshot(context);
	err = handler(context, &end);
	if (err)
		return err;
	if (sim.end_errors) {
		sim.end_errors--;
		return sim.end_error;
	}
	return snapshot->abandoned ? -ENOBUFS : snapshot->spoilt;
}

void snapshot_abandon(struct snapshot *snapshot)
{
	if (!snapshot->abandoned)
		snapshot->ready_ns = snapshot->abandoned_ns = sim.now_ns;
	snapshot->abandoned = true;
}

void snapshot_spoil(struct snapshot *snapshot, int err)
{
	snapshot->spoilt = err;
}

bool snapshot_is_partial(const struct snapshot *snapshot)
{
	(void)snapshot;
	return sim.partial;
}

uint64_t snapshot_cost_ns(const struct snapshot *snapshot)
{
	(void)snapshot;
	return sim.costs_ns;
}

void snapshot_free(struct snapshot *snapshot)
{
	assert_false(snapshot->freed);
	snapshot->freed = true;
}

/* ---- minisockets that are asked for ---- */

struct mini_asker *mini_asker_new(void)
{
	return sim.no_asker ? NULL : (struct mini_asker *)&sim;
}

void mini_asker_free(struct mini_asker *asker)
{
	assert_true(!asker || asker == (struct mini_asker *)&sim);
}

int mini_asker_ask(struct mini_asker *asker, struct mini_question *questions, size_t count)
{
	assert_ptr_equal(asker, &sim);
	sim.asks++;
	for (size_t i = 0; i < count; i++) {
		sim.asked[sim.asked_count++ % ROWS_MAX] = questions[i].tuple;
		questions[i].state = sim.ask_error ? STATE_UNKNOWN : sim.mini_state;
	}
	return sim.ask_error;
}

/* ---- the host ---- */

bool process_is_gone(uint32_t pid)
{
	assert_true(pid > 0 && pid < PIDS);
	sim.asked_if_gone++;
	return sim.gone[pid];
}

struct identities {
	int dummy;
};

struct identities *identities_new(bool with_cmdline)
{
	sim.with_cmdline = with_cmdline;
	return sim.no_identities ? NULL : calloc(1, sizeof(struct identities));
}

void identities_free(struct identities *identities)
{
	free(identities);
}

struct identity *identities_of_caller(struct identities *identities, const struct owner *owner,
				      const struct lineage *lineage)
{
	(void)identities;
	assert_non_null(lineage);
	sim.callers_asked++;
	return sim.identities[owner->pid];
}

struct identity *identities_of_holder(struct identities *identities, const struct owner *owner, uint64_t round)
{
	(void)identities;
	assert_true(round > 0);
	sim.holders_asked++;
	sim.round = round;
	return sim.identities[owner->pid];
}

bool host_check_proc(void)
{
	return !sim.lacks_proc;
}

void host_log_failure(const char *what, int err)
{
	assert_string_equal(what, "tracing cannot begin");
	assert_true(err < 0);
	sim.failures++;
}

void host_check_owners(bool holders_from_proc)
{
	sim.owner_checks++;
	sim.checked_owners_of_proc = holders_from_proc;
}

const char *checkup_remedy_of_errno(int err)
{
	return err == -EMFILE ? "Raise the limit" : NULL;
}

/* ---- the engine under test ---- */

static inline void sim_gap(void *context, const struct gap *gap)
{
	assert_ptr_equal(context, &sim.recorder);
	assert_true(sim.gap_count < GAPS_MAX);
	sim.gaps[sim.gap_count++] = *gap;
}

static inline struct live_options sim_options(void)
{
	return (struct live_options){
		.ring_bytes = 1 << 20, .on_change = record_change, .on_gap = sim_gap, .context = &sim.recorder};
}

/* A host on which everything works, and exact snapshots take no time. */
static inline int sim_reset(void **state)
{
	(void)state;
	memset(&sim, 0, sizeof(sim));
	signal(SIGHUP, SIG_DFL); /* the tests may run under nohup */
	sim.now_ns = START_NS;
	sim.batch = RING_ROOM;
	sim.ask_error = -EOPNOTSUPP;
	sim.mini_state = STATE_TIME_WAIT;
	sim.exact = sim.enters = sim.finds_holders = true;
	return 0;
}

static inline struct live *sim_open(struct live_options options)
{
	struct live *live = NULL;

	assert_int_equal(live_open(&options, &live), 0);
	return live;
}

/* Opens the engine, and joins it with what is there: the rows of the sim. */
static inline struct live *sim_join(struct live_options options)
{
	struct live *live = sim_open(options);

	assert_int_equal(live_join(live), 0);
	return live;
}

static inline void add_sim_row(const struct event *row)
{
	assert_true(sim.row_count < ROWS_MAX);
	sim.rows[sim.row_count++] = *row;
}

static inline void close_live(struct live *live)
{
	const struct timespec at_once = {0};
	sigset_t signals;

	live_free(live);
	sigemptyset(&signals); /* a signal that is still pending would end the engine of the next test */
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	while (sigtimedwait(&signals, NULL, &at_once) > 0)
		;
}

static inline struct tuple sim_tuple(uint16_t lport)
{
	return tuple_of(4, "10.0.0.1", lport, "10.0.0.2", 443);
}

static inline const struct snapshot *last_snapshot(void)
{
	assert_true(sim.snapshot_count > 0);
	return &sim.snapshots[sim.snapshot_count - 1];
}
