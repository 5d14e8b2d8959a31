// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "live_internal.h"
#include "log.h"

enum { STDERR_PATIENCE_MS = 2000 };

/* The delay before the ring is looked at again that has just got a record, which may be unfinished. */
enum { UNFINISHED_MS = 1 };

static int take_over_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (signal(SIGHUP, SIG_DFL) == SIG_IGN) /* under nohup: stays ignored */
		signal(SIGHUP, SIG_IGN);
	else
		sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int add_to_epoll(int epoll_fd, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int live_watch_stops(struct live *live, uint64_t duration_ns)
{
	const struct itimerspec deadline = {.it_value = {.tv_sec = (time_t)(duration_ns / NS_PER_SEC),
							 .tv_nsec = (long)(duration_ns % NS_PER_SEC)}};
	int err;

	live->signal_fd = take_over_signals();
	log_set_patience(STDERR_PATIENCE_MS); /* the signals are blocked: none ends a write any more */
	live->deadline_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	live->stop_fd = epoll_create1(EPOLL_CLOEXEC);
	if (live->signal_fd < 0 || live->deadline_fd < 0 || live->stop_fd < 0 ||
	    timerfd_settime(live->deadline_fd, 0, &deadline, NULL))
		return -errno;
	err = add_to_epoll(live->stop_fd, live->signal_fd, EPOLLIN);
	return err ? err : add_to_epoll(live->stop_fd, live->deadline_fd, EPOLLIN);
}

int live_watch_sources(struct live *live)
{
	int err;

	live->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	live->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (live->epoll_fd < 0 || live->done_fd < 0)
		return -errno;
	err = add_to_epoll(live->epoll_fd, live->signal_fd, EPOLLIN);
	if (!err)
		err = add_to_epoll(live->epoll_fd, live->done_fd, EPOLLIN);
	return err ? err : add_to_epoll(live->epoll_fd, bpf_source_ring(live->source)->fd, EPOLLIN | EPOLLET);
}

/* True once for each snapshot that is done. */
static bool take_done_signal(const struct live *live)
{
	eventfd_t done;

	return eventfd_read(live->done_fd, &done) == 0;
}

int live_wait(struct live *live, int timeout_ms)
{
	struct epoll_event events[4];
	int count = epoll_wait(live->epoll_fd, events, 4, timeout_ms), done = 0;

	if (count < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < count; i++) {
		if (events[i].data.fd == live->signal_fd)
			live->signalled = true;
		else if (events[i].data.fd == live->done_fd)
			done = take_done_signal(live);
	}
	return done;
}

static uint64_t choose_earlier(uint64_t a_ns, uint64_t b_ns)
{
	return b_ns == 0 || (a_ns && a_ns < b_ns) ? a_ns : b_ns;
}

/* Returns the time until `until_ns`, rounded up: not before it; -1 where there is no such moment. */
static int compute_wait_ms(uint64_t now_ns, uint64_t until_ns)
{
	uint64_t left_ms;

	if (until_ns == 0)
		return -1;
	if (until_ns <= now_ns)
		return 0;
	left_ms = (until_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

/* Waits as long as nothing comes and nothing is to be done. */
static int sleep_until_due(struct live *live, uint64_t now_ns, uint64_t until_ns)
{
	int waited;

	until_ns = choose_earlier(until_ns, live->round_ns);
	until_ns = choose_earlier(until_ns, schedule_next_ns(&live->schedule));
	accept_hook_set_sleep(live->accept_hook, true);
	waited = live_wait(live, bpf_source_sleep(live->source) ? compute_wait_ms(now_ns, until_ns) : UNFINISHED_MS);
	bpf_source_wake(live->source);
	accept_hook_set_sleep(live->accept_hook, false);
	return waited;
}

int live_await_events(struct live *live, uint64_t until_ns)
{
	uint64_t now_ns = clock_monotonic_ns();
	int wait_ms;

	until_ns = choose_earlier(until_ns, live->deadline_ns);
	if (live->more)
		return live_wait(live, 0);
	if (live->quiet)
		return sleep_until_due(live, now_ns, until_ns);
	wait_ms = compute_wait_ms(now_ns, until_ns);
	return live_wait(live, wait_ms < 0 || wait_ms > RING_POLL_MS ? RING_POLL_MS : wait_ms);
}

bool live_is_over(const struct live *live)
{
	return live->signalled || (live->deadline_ns && clock_monotonic_ns() >= live->deadline_ns);
}
