/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Where changes go. A sink writes into an output (base/output.h), and never flushes it: its user does, once for all
 * that came together.
 */
#include "change.h"
#include "clock.h"
#include "netns_names.h"
#include "output.h"

/* The account, so far or at the end. */
struct summary {
	uint64_t seen, received, dropped, missed, resyncs;
	bool incomplete; /* the last look at what is there was not told in whole */
};

enum gap_reason {
	GAP_RING_FULL, /* they came faster than they were taken out of the ring */
	GAP_SKIPPED,   /* the kernel did not run the program for them */
};

/* Transitions that were lost, at some time between from_ns and to_ns (CLOCK_MONOTONIC). */
struct gap {
	uint64_t lost;
	uint64_t from_ns, to_ns;
	enum gap_reason reason;
};

/* One printing of the live table. */
struct table_view {
	uint64_t iteration;       /* from 1 */
	uint64_t ts_ns;           /* CLOCK_MONOTONIC */
	struct connection **rows; /* in the order to print them */
	size_t count;
	struct summary summary;
};

/* What an output tells of network namespaces: their names, and as text a column of them when there are several. */
struct netns_view {
	struct netns_names *names; /* borrowed; NULL: they are only numbers */
	uint32_t home;             /* the namespace that we are in; 0: not known */
	bool fixed;                /* it is about one only, and who asked for it knows which */
	bool several;              /* the host has more than one, so that a column is there from the start */
};

struct sink;

struct sink_ops {
	/* Before all else; may be NULL. */
	void (*heading)(struct sink *sink);
	/* A transition, or a socket that was there before. */
	void (*change)(struct sink *sink, const struct change *change);
	void (*table)(struct sink *sink, const struct table_view *view);
	void (*gap)(struct sink *sink, const struct gap *gap);
	/* The end. NULL: the summary is not part of this output. */
	void (*summary)(struct sink *sink, const struct summary *summary);
};

/* Begins each kind of sink. All pointers are borrowed. */
struct sink {
	const struct sink_ops *ops;
	struct output *output;
	const struct wall_clock *clock;
	struct netns_view netns; /* to be set before the sink is used, or left empty */
};

/* The caller frees them with free(). NULL when memory is short. */
struct sink *json_sink_new(struct output *output, const struct wall_clock *clock);

struct text_style {
	bool color;
	bool wide;       /* room for IPv6 addresses from the start */
	int terminal_fd; /* whose width is fitted; -1: none, nothing is cut */
};

struct sink *text_sink_new(struct output *output, const struct wall_clock *clock, const struct text_style *style);
