// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "live.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "cleanup.h"
#include "gate.h"
#include "host.h"
#include "log.h"
#include "push_down.h"
#include "snapshot.h"
#include "table.h"

/* The kernel side wakes us when much has gathered; for a little we look this often. */
enum { LOOK_MS = 30, EAGER_NICE = -10 };

/* How long a new listener is left to settle; and of how much time one looking into /proc may take its part. */
#define SETTLE_NS (500 * NS_PER_MS)
enum { JOIN_SHARE = 20 };

struct live {
	struct bpf_source *source;
	struct snapshot *snapshot;
	struct table *table;
	struct push_down *push_down;
	struct gate gate;
	struct wall_clock clock;
	uint64_t attached_ns; /* since when transitions are gathered */
	uint64_t deadline_ns; /* 0: none */
	int epoll_fd;
	int signal_fd;
	int stop_fd; /* an epoll of the two: readable when it is time to end */
	int deadline_fd;
	bool signalled;
	bool explained;         /* why it could not begin */
	bool joined;            /* once */
	uint64_t join_next_ns;  /* when to look into /proc again; 0: no need */
	uint64_t join_least_ns; /* and not before: its share of a processor is bounded */
};

/* ---- start and end ---- */

static void ignore_change(void *context, const struct change *change)
{
	(void)context;
	(void)change;
}

static int take_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (signal(SIGHUP, SIG_DFL) == SIG_IGN) /* under nohup */
		signal(SIGHUP, SIG_IGN);
	else
		sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN); /* a write tells */
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int watch(int epoll_fd, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Whatever makes the events competes with us for the processors, and the more of it there is the less we would get.
 * Where we may (CAP_SYS_NICE) and the user has not chosen otherwise, go before it: our need is bounded by the events.
 */
static void go_first(void)
{
	if (getpriority(PRIO_PROCESS, 0) == 0)
		setpriority(PRIO_PROCESS, 0, EAGER_NICE);
}

/* Edge-triggered, for the ring is readable as soon as it holds anything; and the level is what we look at by the timer.
 */
static int watch_sources(struct live *live)
{
	int err;

	live->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (live->epoll_fd < 0)
		return -errno;
	err = watch(live->epoll_fd, live->signal_fd, EPOLLIN);
	return err ? err : watch(live->epoll_fd, bpf_source_fd(live->source), EPOLLIN | EPOLLET);
}

/* Each network namespace takes a descriptor while it is read. */
static void take_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int watch_stops(struct live *live, uint64_t duration_ns)
{
	const struct itimerspec deadline = {.it_value = {.tv_sec = (time_t)(duration_ns / NS_PER_SEC),
							 .tv_nsec = (long)(duration_ns % NS_PER_SEC)}};
	int err;

	live->signal_fd = take_signals();
	live->deadline_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	live->stop_fd = epoll_create1(EPOLL_CLOEXEC);
	if (live->signal_fd < 0 || live->deadline_fd < 0 || live->stop_fd < 0 ||
	    timerfd_settime(live->deadline_fd, 0, &deadline, NULL))
		return -errno;
	err = watch(live->stop_fd, live->signal_fd, EPOLLIN);
	return err ? err : watch(live->stop_fd, live->deadline_fd, EPOLLIN);
}

static int start(struct live *live, const struct filter *filter, uint64_t duration_ns)
{
	int err;

	take_descriptors();

	live->table = table_new();
	live->push_down = push_down_of(filter);
	if (!live->table || !live->push_down)
		return -ENOMEM;
	err = watch_stops(live, duration_ns);
	if (err)
		return err;
	err = bpf_source_open(live->push_down, &live->source);
	live->explained = err != 0;
	if (err)
		return err;
	live->attached_ns = clock_monotonic_ns();
	go_first();
	log_info("tracing");
	wall_clock_refresh(&live->clock, live->attached_ns);
	host_check_owners();
	err = watch_sources(live);
	return err ? err : snapshot_start(&live->snapshot);
}

int live_open(const struct filter *filter, uint64_t duration_ns, change_handler *handler, void *context,
	      struct live **out)
{
	struct live *live = calloc(1, sizeof(*live));
	int err;

	if (!live)
		return -ENOMEM;
	live->epoll_fd = -1;
	live->signal_fd = -1;
	live->deadline_fd = -1;
	live->stop_fd = -1;
	live->gate = (struct gate){.filter = filter, .next = handler ? handler : ignore_change, .context = context};
	err = start(live, filter, duration_ns);
	if (err) {
		if (!live->explained)
			log_error("tracing cannot begin: %s", strerror(-err));
		live_free(live);
		return err;
	}
	if (duration_ns)
		live->deadline_ns = live->attached_ns + duration_ns;
	*out = live;
	return 0;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	snapshot_free(live->snapshot);
	bpf_source_free(live->source);
	table_free(live->table);
	free(live->push_down);
	cleanup_close(&live->epoll_fd);
	cleanup_close(&live->signal_fd);
	cleanup_close(&live->deadline_fd);
	cleanup_close(&live->stop_fd);
	free(live);
}

/* ---- events ---- */

/*
 * Some things only /proc tells: the port of a listen() without bind(), who holds a listener once its program has forked
 * itself into the background, the port of a connect that the filter asks for and that hangs.
 */
static void want_join(struct live *live, uint64_t at_ns)
{
	if (at_ns < live->join_least_ns)
		at_ns = live->join_least_ns;
	if (live->join_next_ns == 0 || at_ns < live->join_next_ns)
		live->join_next_ns = at_ns;
}

/* The kernel side lets each connect through until its local port is known; of those that turn out not to be wanted it
 * tells nothing more, so they must go from the table here. */
static int handle_event(void *context, const struct event *event)
{
	struct live *live = context;
	uint64_t held = live->gate.held;
	bool told_further = push_down_passes(live->push_down, &event->tuple, event->newstate);
	int err;

	if (event->kind == EVENT_ROW && !told_further)
		return 0;
	err = table_apply(live->table, event, gate_handle, &live->gate);
	if (event->kind == EVENT_TRANSITION && !told_further)
		table_forget(live->table, event->sk);
	if (event->kind == EVENT_TRANSITION && (event->newstate == STATE_LISTEN || live->gate.held != held))
		want_join(live, event->ts_ns + SETTLE_NS);
	return err;
}

static int consume(struct live *live)
{
	int handled;

	wall_clock_refresh(&live->clock, clock_monotonic_ns());
	handled = bpf_source_consume(live->source, handle_event, live);
	return handled < 0 ? handled : 0;
}

static int wait_ms(uint64_t now_ns, uint64_t until_ns)
{
	uint64_t left_ms;

	if (until_ns == 0)
		return LOOK_MS;
	if (until_ns <= now_ns)
		return 0;
	left_ms = (until_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
	return left_ms < LOOK_MS ? (int)left_ms : LOOK_MS;
}

/* Waits for a signal, a full ring, `fd` (-1: none) or the timer. 1 when it was `fd`. */
static int wait_for(struct live *live, int timeout_ms)
{
	struct epoll_event events[4];
	int count = epoll_wait(live->epoll_fd, events, 4, timeout_ms), other = 0;

	if (count < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < count; i++) {
		if (events[i].data.fd == live->signal_fd)
			live->signalled = true;
		else if (events[i].data.fd != bpf_source_fd(live->source))
			other = 1;
	}
	return other;
}

int live_run(struct live *live, uint64_t until_ns)
{
	uint64_t now_ns = clock_monotonic_ns();
	int waited;

	if (live->deadline_ns && (until_ns == 0 || live->deadline_ns < until_ns))
		until_ns = live->deadline_ns;
	waited = wait_for(live, wait_ms(now_ns, until_ns));
	if (waited < 0)
		return waited;
	if (live->join_next_ns && live->join_next_ns <= now_ns)
		return live_join(live);
	return consume(live);
}

bool live_is_over(const struct live *live)
{
	return live->signalled || (live->deadline_ns && clock_monotonic_ns() >= live->deadline_ns);
}

/* ---- snapshots ---- */

static int await_snapshot(struct live *live)
{
	int fd = snapshot_fd(live->snapshot), done = 0, err;

	err = watch(live->epoll_fd, fd, EPOLLIN);
	while (!err && !done) {
		done = wait_for(live, LOOK_MS);
		err = done < 0 ? done : bpf_source_set_aside(live->source);
		if (live->signalled) /* it is seen through all the same: it will not be long */
			usleep(1000);
	}
	epoll_ctl(live->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	return err;
}

static void release_birth(void *context, struct connection *conn)
{
	const struct live *live = context;

	gate_release(&live->gate, conn);
}

int live_join(struct live *live)
{
	uint64_t began_ns = live->joined ? clock_monotonic_ns() : live->attached_ns;
	uint64_t ended_ns;
	int err = live->snapshot ? 0 : consume(live);

	if (!err && !live->snapshot)
		err = snapshot_start(&live->snapshot);
	if (!err)
		err = await_snapshot(live);
	if (!err)
		err = snapshot_replay(live->snapshot, began_ns, handle_event, live);
	snapshot_free(live->snapshot);
	live->snapshot = NULL;
	live->joined = true;
	live->join_next_ns = 0;
	if (!err)
		err = consume(live);
	if (!err)
		table_each(live->table, release_birth, live);
	ended_ns = clock_monotonic_ns();
	live->join_least_ns = ended_ns + JOIN_SHARE * (ended_ns - began_ns);
	if (!err)
		log_info("joined with what is there: %zu sockets", table_count(live->table));
	if (err && err != -EPIPE)
		log_error("the snapshot of existing sockets failed: %s", strerror(-err));
	return err;
}

/* ---- what there is ---- */

struct selection {
	const struct live *live;
	bool found_only;
	uint64_t now_ns;
	struct connection **rows;
	size_t count;
};

static void select_row(void *context, struct connection *conn)
{
	struct selection *selection = context;
	struct change change = change_of_socket(conn, selection->now_ns);

	if (selection->found_only && conn->heard_ns)
		return;
	if (filter_ask(selection->live->gate.filter, &change) == FILTER_YES)
		selection->rows[selection->count++] = conn;
}

int live_rows(const struct live *live, bool found_only, uint64_t now_ns, struct connection ***rows, size_t *count)
{
	struct selection selection = {.live = live, .found_only = found_only, .now_ns = now_ns};

	selection.rows = calloc(table_count(live->table) + 1, sizeof(*selection.rows));
	if (!selection.rows)
		return -ENOMEM;
	table_each(live->table, select_row, &selection);
	*rows = selection.rows;
	*count = selection.count;
	return 0;
}

int live_finish(struct live *live, struct summary *summary)
{
	struct bpf_counts counts;
	uint64_t caught;
	int err;

	bpf_source_stop(live->source);
	err = consume(live);
	counts = bpf_source_counts(live->source);
	caught = counts.recovered - table_repeats(live->table);
	log_info("skipped by the kernel %llu, caught %llu, of these told twice %llu",
		 (unsigned long long)counts.skipped, (unsigned long long)counts.recovered,
		 (unsigned long long)table_repeats(live->table));
	*summary = (struct summary){
		.seen = counts.seen,
		.received = counts.received,
		.dropped = counts.dropped,
		.missed = counts.skipped > caught ? counts.skipped - caught : 0,
	};
	return err;
}

const struct wall_clock *live_clock(const struct live *live)
{
	return &live->clock;
}

int live_stop_fd(const struct live *live)
{
	return live->stop_fd;
}
