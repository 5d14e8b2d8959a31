// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "trace_options.h"

#include "options_internal.h"

enum { KEY_SNAPSHOT = KEY_OF_COMMAND, KEY_COUNT, KEY_WIDE_OWNER };

static const struct argp_option trace_options[] = {
	{0, 0, 0, 0, "trace:", 2},
	{"snapshot", KEY_SNAPSHOT, 0, 0, "first print the sockets that are there already", 0},
	{"wide", 'w', 0, 0, "columns wide enough for IPv6 addresses", 0},
	{"wide-owner", KEY_WIDE_OWNER, 0, 0, "who the owner is: parent, unit, container, program, command line", 0},
	{"timestamp", 'T', 0, 0, "as in tcpstates; the time is always shown", 0},
	{"count", KEY_COUNT, "N", 0, "end after N transitions were printed", 0},
	{0},
};

static error_t read_trace_option(int key, char *value, struct argp_state *state)
{
	struct trace_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->follow;
		break;
	case KEY_SNAPSHOT:
		options->snapshot = true;
		break;
	case 'w':
		options->wide = true;
		break;
	case KEY_WIDE_OWNER:
		options->wide_owner = true;
		break;
	case 'T':
		break;
	case KEY_COUNT:
		options->count = option_count("--count", value);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = {{&follow_argp, 0, NULL, 0}, {0}};

const struct argp trace_argp = {
	.options = trace_options,
	.parser = read_trace_option,
	.args_doc = "[FILTER]",
	.doc = "Print each TCP state transition on this host as it happens, with the owner of the socket, the time spent in the old state, and why.\v" FILTER_HELP
	       "\n\nExit status: 0 done, 1 failed, 2 wrong use, 3 done but transitions were lost.",
	.children = children,
};
