/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The run of a command that follows the live table: the table, the output with its sink, chosen by the options, and the
 * end.
 */
#include "live.h"
#include "options.h"
#include "sink.h"

struct report_task;

struct report {
	const struct report_task *task;
	struct live *live;
	struct output *output;
	struct sink *sink;
	struct netns_names *names; /* used by the sink, as the next is */
	struct interface_names *interfaces;
};

/* What one command makes of the live table. `context` is handed to both functions. */
struct report_task {
	bool wide;         /* room for IPv6 addresses from the start */
	bool wide_owner;   /* lines say who the owner is */
	bool line_by_line; /* the columns are chosen before the first row is known */
	/* Receives the transitions that pass the filter. NULL: they are not wanted. */
	void (*change)(void *context, struct report *report, const struct change *change);
	/* Prints until the end. 0 or a negative errno. */
	int (*print)(void *context, struct report *report);
	void *context;
};

/* Opens the live table and the output, and does the task. Prints lost transitions as they become known. Then ends the
 * trace and prints the summary, which goes into the output where the sink has a place for it, else to stderr. Frees the
 * filter of the options. Returns the exit status. */
int report_run(struct follow_options *options, const struct report_task *task);
