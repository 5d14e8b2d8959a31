/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the files of live.h share: live.c (begin, go on, end), live_wait.c (what wakes us), live_events.c (what comes
 * out of the ring), live_snapshots.c (when to look at the host again, and the joining). Nobody else's affair.
 */
#include "accept_hook.h"
#include "gate.h"
#include "kernel_filter.h"
#include "live.h"
#include "snapshot_schedule.h"
#include "table.h"

/* The kernel side wakes us when much has gathered; for a little we look this often. */
enum { LOOK_MS = 30 };

enum { SCOPE_ALL = SNAPSHOT_SOCKETS | SNAPSHOT_MINIS | SNAPSHOT_HOLDERS };

struct live {
	struct bpf_source *source;
	struct accept_hook *accept_hook; /* NULL: not here */
	struct snapshot_kit *kit;
	struct table *table;
	struct kernel_filter *kernel_filter;
	struct gate gate;
	struct snapshot_schedule schedule;
	struct wall_clock clock;
	void (*on_gap)(void *context, const struct gap *gap);
	bool wants_changes;
	uint64_t attached_ns; /* since when transitions are gathered */
	uint64_t deadline_ns; /* 0: none */
	uint64_t round_ns;    /* when to make the next round */
	uint64_t whole_ns;    /* when everything was last looked at, */
	uint64_t whole_seen;  /* and how many transitions had been seen by then */
	uint64_t looked_ns;   /* when minisockets were last looked at, and not only counted */
	uint64_t patience_ns; /* with what is not accepted yet */
	int epoll_fd;
	int signal_fd;
	int stop_fd; /* an epoll of the two: readable when it is time to end */
	int deadline_fd;
	bool signalled;
	bool explained; /* why it could not begin */
	bool joined;    /* once */
	bool more;      /* has come than was handed on */
	/* losses */
	struct bpf_counts counts; /* at the last look */
	uint64_t counted_ns;
	uint64_t missed;
	uint64_t strangers;
	uint64_t resyncs;
	bool incomplete;  /* the last snapshot lost rows */
	bool out_of_step; /* something was lost since the last snapshot of everything began */
};

/* ---- live_wait.c: 0 or a negative errno ---- */

/* What ends it: a signal or, unless 0, the time. */
int live_watch_stops(struct live *live, uint64_t duration_ns);

/* Edge-triggered, for the ring is readable as soon as it holds anything; its level is what we look at by the timer. */
int live_watch_sources(struct live *live);

/* Waits for a signal, a full ring, `fd` of whoever watches one, or the timer. 1 when it was `fd`. */
int live_wait(struct live *live, int timeout_ms);
int live_watch(const struct live *live, int fd, uint32_t events);

/* ---- live_events.c: 0 or a negative errno ---- */

/* A batch of what has come, or all that has come by now; and whether anything was lost. Of the latter -EAGAIN:
 * what is in the way has not moved for 100 ms. */
int live_consume(struct live *live);
int live_consume_all(struct live *live);
void live_count_losses(struct live *live);

/* An event_handler; its context is the struct live. */
int live_handle_event(void *live, const struct event *event);

/* ---- live_snapshots.c: 0 or a negative errno ---- */

int live_look(struct live *live, uint8_t scope);

/* What no event tells is looked after now and then. */
void live_make_round(struct live *live, uint64_t now_ns);
