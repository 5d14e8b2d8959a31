/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What trace and top have in common: the kernel's transitions and a snapshot of what was there before, joined in the
 * connection table; the filter; time, signals and the end.
 */
#include "bpf_source.h"
#include "clock.h"
#include "filter.h"
#include "output.h"
#include "sink.h"

struct live;

/* Attaches, starts the snapshot, and takes SIGINT, SIGTERM and SIGHUP over. Messages itself; returns a negative errno
 * on failure. `filter` is borrowed. `handler` is given the transitions that pass it; NULL for none. */
int live_open(const struct filter *filter, uint64_t duration_ns, change_handler *handler, void *context,
	      struct live **out);
void live_free(struct live *live);

/* Takes the snapshot (again) and joins it with the table, which takes as long as it takes; transitions are handled
 * after it. 0 or a negative errno. */
int live_join(struct live *live);

/* Handles transitions as they come, until `until_ns` (monotonic; 0: no such moment) or until one batch was handled and
 * can be written out. 0, or a negative errno. */
int live_run(struct live *live, uint64_t until_ns);

/* True once a signal came or the duration is over. */
bool live_is_over(const struct live *live);

/* Detaches and handles what is left; the account of it all goes to *summary. */
int live_finish(struct live *live, struct summary *summary);

/* The sockets that pass the filter. `found_only`: that were there before, and have not moved since. The caller frees
 * *rows. */
int live_rows(const struct live *live, bool found_only, uint64_t now_ns, struct connection ***rows, size_t *count);

/* Borrowed: kept up to date by live_run(), and a descriptor that is readable when a signal has come or the duration is
 * over. */
const struct wall_clock *live_clock(const struct live *live);
int live_stop_fd(const struct live *live);
