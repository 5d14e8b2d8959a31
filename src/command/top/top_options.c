// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "top_options.h"

#include "clock.h"
#include "options_internal.h"

#define DEFAULT_INTERVAL (3 * NS_PER_SEC)

static const struct argp_option top_options[] = {
	{0, 0, 0, 0, "top:", 2},
	{"batch", 'b', 0, 0, "print the table again and again, for a file or another program", 0},
	{"delay", 'd', "TIME", 0, "time between two printings (3 seconds)", 0},
	{"iterations", 'n', "N", 0, "end after N printings", 0},
	{0},
};

static error_t read_top_option(int key, char *value, struct argp_state *state)
{
	struct top_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		options->interval_ns = DEFAULT_INTERVAL;
		state->child_inputs[0] = &options->follow;
		break;
	case 'b':
		options->batch = true;
		break;
	case 'd':
		options->interval_ns = option_duration("-d", value);
		break;
	case 'n':
		options->iterations = option_count("-n", value);
		break;
	case ARGP_KEY_END:
		if (!options->batch)
			options_fail(
				"top: there is no full screen yet: give -b, which prints the table each -d seconds");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = {{&follow_argp, 0, NULL, 0}, {0}};

const struct argp top_argp = {
	.options = top_options,
	.parser = read_top_option,
	.args_doc = "[FILTER]",
	.doc = "Print the live table of TCP sockets, now and each few seconds.\v" FILTER_HELP
	       "\n\nExit status: 0 done, 1 failed, 2 wrong use, 3 done but transitions were lost.",
	.children = children,
};
