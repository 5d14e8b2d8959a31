/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The output of a command that follows the live table: its sink, chosen by the options, and its end.
 */
#include "live.h"
#include "options.h"
#include "sink.h"

struct report {
	struct output *output;
	struct sink *sink;
	struct netns_names *names; /* which the sink uses */
};

/* By --color, NO_COLOR, and whether standard output is a terminal. */
bool report_wants_color(const struct options *options);

/* 0, or -ENOMEM. Freed with report_free(). */
int report_open(struct report *report, const struct options *options, struct live *live);
void report_free(struct report *report);

/* Prints that transitions were lost. */
void report_gap(struct report *report, const struct gap *gap);

/* Ends the trace, prints the summary where it belongs, and says how it went as an exit status. `err`: what ended
 * it, or 0. A reader that has gone (-EPIPE) is no failure. */
int report_finish(struct report *report, struct live *live, int err);
