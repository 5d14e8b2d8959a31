// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "host.h"
#include "interface_finder.h"
#include "kernel_filter.h"
#include "log.h"
#include "netns.h"
#include "netns_finder.h"
#include "wanted_processes.h"

static bool fixes_netns(const struct filter *filter)
{
	struct kernel_filter *kernel_filter = kernel_filter_of(filter);
	bool fixes = kernel_filter && kernel_filter_fixes_netns(kernel_filter);

	free(kernel_filter);
	return fixes;
}

/* Prepares the names of network namespaces and interfaces. Counts the namespaces only where their number decides on the
 * columns of the first line: counting takes a walk over /proc. 0, or -ENOMEM. */
static int open_names(struct report *report, const struct follow_options *options)
{
	struct netns_view *netns = &report->sink->netns;

	report->names = netns_names_new(&host_netns_finder);
	report->interfaces = interface_names_new(&host_interface_finder, true);
	if (!report->names || !report->interfaces)
		return -ENOMEM;
	*netns = (struct netns_view){.names = report->names,
				     .interfaces = report->interfaces,
				     .home = netns_home(),
				     .fixed = fixes_netns(options->filter.filter)};
	if (report->task->line_by_line && !options->output.json && !netns->fixed)
		netns->several = netns_names_discover(report->names) > 1;
	return 0;
}

static void relieve_while_writing(void *live)
{
	live_relieve(live);
}

/* Opens the output and the sink. 0, or -ENOMEM. Freed with free_report() in either case. */
static int open_report_output(struct report *report, const struct follow_options *options)
{
	const struct text_style style = {
		.color = output_wants_color(&options->output),
		.wide = report->task->wide,
		.wide_owner = report->task->wide_owner,
		.terminal_fd = isatty(STDOUT_FILENO) ? STDOUT_FILENO : -1,
	};

	report->output = output_new(STDOUT_FILENO, live_stop_fd(report->live));
	if (!report->output)
		return -ENOMEM;
	output_set_meanwhile(report->output, relieve_while_writing, report->live);
	report->sink = options->output.json ? json_sink_new(report->output, live_clock(report->live))
					    : text_sink_new(report->output, live_clock(report->live), &style);
	return report->sink ? open_names(report, options) : -ENOMEM;
}

static void free_report(struct report *report)
{
	output_free(report->output);
	free(report->sink);
	netns_names_free(report->names);
	interface_names_free(report->interfaces);
	live_free(report->live);
}

static void log_summary(const struct summary *s)
{
	log_write(LOG_ERROR, "seen %llu, received %llu, dropped %llu, missed %llu, resyncs %llu, healed %llu",
		  (unsigned long long)s->seen, (unsigned long long)s->received, (unsigned long long)s->dropped,
		  (unsigned long long)s->missed, (unsigned long long)s->resyncs, (unsigned long long)s->healed);
	if (s->dropped > s->forgotten)
		log_warning("%llu transitions were lost, because they came faster than the output took them",
			    (unsigned long long)(s->dropped - s->forgotten));
	if (s->forgotten)
		log_warning("%llu transitions were lost, because memory was short", (unsigned long long)s->forgotten);
}

/* Ends the trace, prints the summary, and returns the exit status. `err` is what ended the trace: 0 or a negative
 * errno. What was traced until then is printed in any case. -EPIPE is no failure: the output's reader wants no more. */
static int finish_report(struct report *report, int err)
{
	int finish_err = live_finish(report->live), flush_err;
	struct summary summary = live_summary(report->live);

	if (report->sink->ops->summary)
		report->sink->ops->summary(report->sink, &summary);
	flush_err = output_flush(report->output);
	if (!err)
		err = finish_err ? finish_err : flush_err;
	if (err == -EPIPE)
		return STATUS_DONE;
	if (!report->sink->ops->summary)
		log_summary(&summary);
	if (err == -ECANCELED) {
		log_error("the reader of the output stands still: it did not get the last lines");
		return STATUS_FINDINGS;
	}
	if (err) {
		host_log_failure("stopped", err);
		return STATUS_FAILED;
	}
	return summary.dropped || summary.missed || summary.incomplete ? STATUS_FINDINGS : STATUS_DONE;
}

static void hand_change_on(void *context, const struct change *change)
{
	struct report *report = context;

	report->task->change(report->task->context, report, change);
}

static void print_gap(void *context, const struct gap *gap)
{
	struct report *report = context;

	report->sink->ops->gap(report->sink, gap);
}

static int write_out(void *context)
{
	struct report *report = context;

	return output_flush(report->output);
}

static int open_live_table(struct report *report, const struct follow_options *options)
{
	struct live_options live = options->live;

	live.filter = options->filter.filter;
	live.identify = options->output.json || report->task->wide_owner || filter_topics(live.filter) & TOPIC_IDENTITY;
	live.no_cmdline = options->output.no_cmdline;
	live.on_change = report->task->change ? hand_change_on : NULL;
	live.on_gap = print_gap;
	live.on_pause = report->task->change ? write_out : NULL;
	live.context = report;
	return live_open(&live, &report->live);
}

int report_run(struct follow_options *options, const struct report_task *task)
{
	struct report report = {.task = task};
	int status = STATUS_FAILED;

	if (open_live_table(&report, options) == 0) {
		wanted_processes_warn(options->filter.filter, true);
		if (open_report_output(&report, options))
			log_error("out of memory");
		else
			status = finish_report(&report, task->print(task->context, &report));
		free_report(&report);
	}
	filter_free(options->filter.filter);
	return status;
}
