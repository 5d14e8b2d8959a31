/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The output of a command that follows the live table: its sink, chosen by the options, and the end of the command.
 */
#include "live.h"
#include "options.h"
#include "sink.h"

struct report {
	struct output *output;
	struct sink *sink;
	struct netns_names *names; /* used by the sink */
};

struct report_layout {
	bool wide;         /* room for IPv6 addresses from the start */
	bool line_by_line; /* the columns are chosen before the first row is known */
};

/* Opens the output and the sink. 0, or -ENOMEM. Freed with report_free() in either case. */
int report_open(struct report *report, const struct follow_options *options, const struct report_layout *layout,
		struct live *live);
void report_free(struct report *report);

/* Prints that transitions were lost. */
void report_gap(struct report *report, const struct gap *gap);

/* Ends the trace, prints the summary, and returns the exit status. The summary goes into the output where the sink has
 * a place for it, else to stderr. `err` is what ended the trace: 0 or a negative errno. -EPIPE is no failure: the
 * output's reader wants no more. */
int report_finish(struct report *report, struct live *live, int err);
