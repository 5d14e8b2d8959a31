/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A sink receives the changes and prints them. It writes into an output (base/output.h), and never flushes that: the
 * sink's user flushes, once for all changes that came together.
 */
#include "account.h"
#include "change.h"
#include "clock.h"
#include "netns_view.h"
#include "output.h"

/* One printing of the live table. */
struct table_view {
	uint64_t iteration;       /* from 1 */
	uint64_t ts_ns;           /* CLOCK_MONOTONIC */
	struct connection **rows; /* in the order to print them */
	size_t count;
	struct summary summary;
};

struct sink;

struct sink_ops {
	/* Called before all others; may be NULL. */
	void (*heading)(struct sink *sink);
	/* A transition, or a socket that was there before. */
	void (*change)(struct sink *sink, const struct change *change);
	void (*table)(struct sink *sink, const struct table_view *view);
	void (*gap)(struct sink *sink, const struct gap *gap);
	/* Called at the end. NULL: the summary is not part of this output. */
	void (*summary)(struct sink *sink, const struct summary *summary);
};

/* The first member of each kind of sink. All pointers are borrowed. */
struct sink {
	const struct sink_ops *ops;
	struct output *output;
	const struct wall_clock *clock;
	struct netns_view netns; /* to be set before the sink is used, or left empty */
};

/* The two kinds of sink. The caller frees a sink with free(). NULL when memory is short. */
struct sink *json_sink_new(struct output *output, const struct wall_clock *clock);

struct text_style {
	bool color;
	bool wide;       /* room for IPv6 addresses from the start */
	bool wide_owner; /* lines say who the owner is (identity_text.h) */
	int terminal_fd; /* the lines fit its width; -1: no terminal, nothing is cut */
};

struct sink *text_sink_new(struct output *output, const struct wall_clock *clock, const struct text_style *style);
