// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcpledger trace: prints every transition as it happens.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "report.h"
#include "trace_options.h"

struct trace {
	const struct trace_options *options;
	uint64_t printed;
};

static bool has_printed_enough(const struct trace *trace)
{
	return trace->options->count && trace->printed >= trace->options->count;
}

static void print_change(void *context, struct report *report, const struct change *change)
{
	struct trace *trace = context;

	if (has_printed_enough(trace))
		return;
	report->sink->ops->change(report->sink, change);
	trace->printed++;
}

static int print_snapshot(const struct report *report)
{
	struct sink *sink = report->sink;
	uint64_t now_ns = clock_monotonic_ns();
	struct connection **rows;
	size_t count;
	int err = live_rows(report->live, true, now_ns, &rows, &count);

	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		struct change change = change_of_socket(rows[i], now_ns);

		sink->ops->change(sink, &change);
	}
	free(rows);
	return 0;
}

static int print_trace(void *context, struct report *report)
{
	const struct trace *trace = context;
	int err;

	if (report->sink->ops->heading)
		report->sink->ops->heading(report->sink);
	err = output_flush(report->output);
	if (!err)
		err = live_join(report->live);
	if (!err && trace->options->snapshot)
		err = print_snapshot(report);
	if (!err)
		err = output_flush(report->output);
	while (!err && !has_printed_enough(trace) && !live_is_over(report->live)) {
		err = live_run(report->live, 0);
		if (!err)
			err = output_flush(report->output);
	}
	return err;
}

static int run_trace(void *given)
{
	struct trace_options *options = given;
	struct trace trace = {.options = options};
	const struct report_task task = {
		.wide = options->wide,
		.wide_owner = options->wide_owner,
		.line_by_line = true,
		.change = print_change,
		.print = print_trace,
		.context = &trace,
	};

	return report_run(&options->follow, &task);
}

const struct command trace_command = {
	.name = "trace",
	.summary = "print each state transition as it happens (the default)",
	.argp = &trace_argp,
	.options_size = sizeof(struct trace_options),
	.run = run_trace,
};
