// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcpledger trace: prints every transition as it happens.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "log.h"
#include "report.h"
#include "trace_options.h"

struct trace {
	const struct trace_options *options;
	struct live *live;
	struct report report;
	uint64_t printed;
};

static bool has_printed_enough(const struct trace *trace)
{
	return trace->options->count && trace->printed >= trace->options->count;
}

static void print_change(void *context, const struct change *change)
{
	struct trace *trace = context;

	if (has_printed_enough(trace))
		return;
	trace->report.sink->ops->change(trace->report.sink, change);
	trace->printed++;
}

static void print_trace_gap(void *context, const struct gap *gap)
{
	struct trace *trace = context;

	report_gap(&trace->report, gap);
}

static int print_snapshot(struct trace *trace)
{
	struct sink *sink = trace->report.sink;
	uint64_t now_ns = clock_monotonic_ns();
	struct connection **rows;
	size_t count;
	int err = live_rows(trace->live, true, now_ns, &rows, &count);

	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		struct change change = change_of_socket(rows[i], now_ns);

		sink->ops->change(sink, &change);
	}
	free(rows);
	return 0;
}

static int print_trace(struct trace *trace)
{
	struct report *report = &trace->report;
	int err;

	if (report->sink->ops->heading)
		report->sink->ops->heading(report->sink);
	err = output_flush(report->output);
	if (!err)
		err = live_join(trace->live);
	if (!err && trace->options->snapshot)
		err = print_snapshot(trace);
	if (!err)
		err = output_flush(report->output);
	while (!err && !has_printed_enough(trace) && !live_is_over(trace->live)) {
		err = live_run(trace->live, 0);
		if (!err)
			err = output_flush(report->output);
	}
	return err;
}

static int trace_connections(const struct trace_options *options)
{
	struct trace trace = {.options = options};
	const struct report_layout layout = {.wide = options->wide, .line_by_line = true};
	struct live_options live_options = options->follow.live;
	int status = STATUS_FAILED;

	live_options.filter = options->follow.filter.filter;
	live_options.on_change = print_change;
	live_options.on_gap = print_trace_gap;
	live_options.context = &trace;
	if (live_open(&live_options, &trace.live))
		return STATUS_FAILED;
	if (report_open(&trace.report, &options->follow, &layout, trace.live))
		log_error("out of memory");
	else
		status = report_finish(&trace.report, trace.live, print_trace(&trace));
	report_free(&trace.report);
	live_free(trace.live);
	return status;
}

static int run_trace(int argc, char **argv)
{
	struct trace_options options;
	int status;

	trace_options_read(&options, argc, argv);
	status = trace_connections(&options);
	filter_free(options.follow.filter.filter);
	return status;
}

const struct command trace_command = {
	.name = "trace",
	.summary = "print each state transition as it happens (the default)",
	.argp = &trace_argp,
	.run = run_trace,
};
