/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The engine of trace and top. It joins the kernel's transitions with snapshots of the existing sockets in the
 * connection table, applies the filter, counts losses and makes up for them with snapshots, and watches time, signals
 * and the end.
 */
#include "account.h"
#include "bpf_source.h"
#include "change.h"
#include "clock.h"
#include "filter.h"
#include "output.h"
#include "snapshot.h"

struct live;

enum accept_source { ACCEPT_BY_AUTO, ACCEPT_BY_FEXIT, ACCEPT_BY_SCAN };

struct live_options {
	const struct filter *filter; /* borrowed */
	uint64_t duration_ns;        /* 0: no end */
	uint64_t ring_bytes;
	enum snapshot_source snapshot_source;
	enum accept_source accept_source;
	change_handler *on_change; /* receives the transitions that pass the filter; NULL: they are not wanted */
	void (*on_gap)(void *context, const struct gap *gap);
	void *context; /* of both handlers */
};

/* Attaches the BPF programs, and takes SIGINT, SIGTERM and SIGHUP over. On failure logs the reason, and returns a
 * negative errno. */
int live_open(const struct live_options *options, struct live **out);
void live_free(struct live *live);

/* Takes a snapshot of everything and joins it with the table. Returns when that is done, however long it lasts: 0 or a
 * negative errno. */
int live_join(struct live *live);

/* Handles transitions as they come, until `until_ns` (monotonic; 0: no such moment) or until one batch was handled and
 * can be written out. Takes a snapshot where one is due. 0, or a negative errno. */
int live_run(struct live *live, uint64_t until_ns);

/* Keeps the transitions from being lost that come while a slow output writes those it has received. May be called at
 * any time. */
void live_relieve(struct live *live);

/* True once a signal came or the duration is over. */
bool live_is_over(const struct live *live);

/* Detaches the BPF programs, and handles the events that are left. 0 or a negative errno. */
int live_finish(struct live *live);

/* The account so far. */
struct summary live_summary(const struct live *live);

/* The sockets that pass the filter. `found_only`: only those that were there before, and have made no transition since.
 * The caller frees *rows. */
int live_rows(const struct live *live, bool found_only, uint64_t now_ns, struct connection ***rows, size_t *count);

/* Both are borrowed: a clock, which live_run() keeps up to date, and a descriptor that is readable when a signal has
 * come or the duration is over. */
const struct wall_clock *live_clock(const struct live *live);
int live_stop_fd(const struct live *live);
