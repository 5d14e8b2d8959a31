// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcpledger top: prints the live table, again and again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "log.h"
#include "report.h"
#include "top_options.h"

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static uint8_t rank_state(uint8_t state)
{
	return state == STATE_LISTEN ? 0 : state;
}

/* Orders listeners first, then by state; within a state by namespace and endpoints. */
static int compare_connections(const void *a, const void *b)
{
	const struct connection *x = *(struct connection *const *)a, *y = *(struct connection *const *)b;
	int result = compare_numbers(rank_state(x->state), rank_state(y->state));

	if (!result)
		result = compare_numbers(x->tuple.netns, y->tuple.netns);
	if (!result)
		result = compare_numbers(x->tuple.lport, y->tuple.lport);
	if (!result)
		result = memcmp(&x->tuple.laddr, &y->tuple.laddr, sizeof(x->tuple.laddr));
	if (!result)
		result = compare_numbers(x->tuple.rport, y->tuple.rport);
	if (!result)
		result = memcmp(&x->tuple.raddr, &y->tuple.raddr, sizeof(x->tuple.raddr));
	if (!result)
		result = compare_numbers(x->tuple.interface, y->tuple.interface);
	return result ? result : compare_numbers(x->id, y->id);
}

static int print_table(const struct report *report, uint64_t iteration)
{
	const struct live *live = report->live;
	struct table_view view = {.iteration = iteration, .ts_ns = clock_monotonic_ns(), .summary = live_summary(live)};
	int err = live_rows(live, false, view.ts_ns, &view.rows, &view.count);

	if (err)
		return err;
	qsort(view.rows, view.count, sizeof(struct connection *), compare_connections);
	report->sink->ops->table(report->sink, &view);
	free(view.rows);
	return output_flush(report->output);
}

struct printings {
	uint64_t count; /* so far */
	bool starved;   /* memory was too short for the next one; it was said */
};

/* Returns when the table after one that was due at `due_ns` is due. Printings that were missed, while the program was
 * stopped or held up, are not made up for. */
static uint64_t find_next_time(uint64_t due_ns, uint64_t interval_ns, uint64_t now_ns)
{
	uint64_t next_ns = due_ns + interval_ns;

	return next_ns > now_ns ? next_ns : now_ns + interval_ns;
}

/* Prints the table that is next. Where memory is short, says so once, and that table is the next one still. 0 or a
 * negative errno. */
static int print_next_table(const struct report *report, struct printings *printings)
{
	int err = print_table(report, printings->count + 1);

	if (err == -ENOMEM && printings->count) {
		if (!printings->starved)
			log_warning("a table cannot be printed now, and is put off: %s", strerror(-err));
		printings->starved = true;
		return 0;
	}
	printings->count++;
	printings->starved = false;
	return err;
}

static int print_table_repeatedly(void *context, struct report *report)
{
	const struct top_options *options = context;
	struct printings printings = {0};
	struct live *live = report->live;
	uint64_t next_ns = clock_monotonic_ns();
	int err = 0;

	while (!err) {
		err = live_join(live);
		if (!err && !live_is_over(live))
			err = print_next_table(report, &printings);
		if ((options->iterations && printings.count == options->iterations) || live_is_over(live))
			break;
		next_ns = find_next_time(next_ns, options->interval_ns, clock_monotonic_ns());
		while (!err && !live_is_over(live) && clock_monotonic_ns() < next_ns) {
			err = live_run(live, next_ns);
			if (!err)
				err = output_flush(report->output);
		}
		if (live_is_over(live))
			break;
	}
	return err;
}

static int run_top(void *given)
{
	struct top_options *options = given;
	const struct report_task task = {.print = print_table_repeatedly, .context = options};

	return report_run(&options->follow, &task);
}

const struct command top_command = {
	.name = "top",
	.summary = "print the live table: -b [-d SECONDS] [-n COUNT]",
	.argp = &top_argp,
	.options_size = sizeof(struct top_options),
	.run = run_top,
};
