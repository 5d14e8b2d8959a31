/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What trace and top have in common: the kernel's transitions and snapshots of what is there, joined in the
 * connection table; the filter; losses and how they are healed; time, signals and the end.
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
	change_handler *on_change; /* the transitions that pass the filter; NULL: nobody wants them */
	void (*on_gap)(void *context, const struct gap *gap);
	void *context; /* of both */
};

/* Attaches, and takes SIGINT, SIGTERM and SIGHUP over. Messages itself; returns a negative errno on failure. */
int live_open(const struct live_options *options, struct live **out);
void live_free(struct live *live);

/* Takes a snapshot of everything and joins it with the table, which takes as long as it takes. 0 or a negative errno.
 */
int live_join(struct live *live);

/* Handles transitions as they come, until `until_ns` (monotonic; 0: no such moment) or until one batch was handled and
 * can be written out; looks at the host again where that is due. 0, or a negative errno. */
int live_run(struct live *live, uint64_t until_ns);

/* For whoever is slow with what it was told, at any time: what comes meanwhile is kept from being lost. */
void live_relieve(struct live *live);

/* True once a signal came or the duration is over. */
bool live_is_over(const struct live *live);

/* Detaches and handles what is left. 0 or a negative errno. */
int live_finish(struct live *live);

/* The account so far. */
struct summary live_summary(const struct live *live);

/* The sockets that pass the filter. `found_only`: that were there before, and have not moved since. The caller frees
 * *rows. */
int live_rows(const struct live *live, bool found_only, uint64_t now_ns, struct connection ***rows, size_t *count);

/* Borrowed: kept up to date by live_run(), and a descriptor that is readable when a signal has come or the duration is
 * over. */
const struct wall_clock *live_clock(const struct live *live);
int live_stop_fd(const struct live *live);
