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
#include "snapshot.h"

struct live;

enum accept_source { ACCEPT_BY_AUTO, ACCEPT_BY_FEXIT, ACCEPT_BY_SCAN };

struct live_options {
	const struct filter *filter; /* borrowed */
	uint64_t duration_ns;        /* 0: no end */
	uint64_t ring_bytes;
	enum snapshot_source snapshot_source;
	enum accept_source accept_source;
	bool identify;             /* who the owners are is wanted (identity.h) */
	bool no_cmdline;           /* but not their command lines */
	change_handler *on_change; /* receives the transitions that pass the filter; NULL: they are not wanted */
	void (*on_gap)(void *context, const struct gap *gap);
	int (*on_pause)(void *context); /* NULL, or writes out what there is: 0, or the negative errno to end with */
	void *context;                  /* of the three handlers */
};

/* Attaches the BPF programs, and takes SIGINT, SIGTERM and SIGHUP over. On failure logs the reason, and returns a
 * negative errno. */
int live_open(const struct live_options *options, struct live **out);
void live_free(struct live *live);

/* Takes a snapshot of everything, or a few where one leaves doubt, and joins it with the table. Returns when that is
 * done, or soon after it is time to end: 0 or a negative errno. */
int live_join(struct live *live);

/* Waits for transitions, until `until_ns` at the latest (monotonic; 0: no such moment): for 30 ms while they come, and
 * where it is quiet until the next one comes or something else is to be done. Then handles one batch of those that have
 * come, which the caller can write out. Takes a snapshot where one is due, and calls on_pause() after each batch that
 * is handled meanwhile. 0, or a negative errno. */
int live_run(struct live *live, uint64_t until_ns);

/* Empties a ring that is filling up into memory, within limits, so that nothing is lost while a slow output is written.
 * May be called at any time. */
void live_relieve(struct live *live);

/* True once a signal came or the duration is over. */
bool live_is_over(const struct live *live);

/* Detaches the BPF programs, and handles the events that are left. 0 or a negative errno. */
int live_finish(struct live *live);

/* The account so far. */
struct summary live_summary(const struct live *live);

/* The sockets that pass the filter. `found_only`: only those that were found by a snapshot, and have made no transition
 * since; a handshake among them is told when it ends. The caller frees *rows. */
int live_rows(const struct live *live, bool found_only, uint64_t now_ns, struct connection ***rows, size_t *count);

/* Both are borrowed: a clock, which live_run() keeps up to date, and a descriptor that is readable when a signal has
 * come or the duration is over. */
const struct wall_clock *live_clock(const struct live *live);
int live_stop_fd(const struct live *live);
