// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The options of the commands that follow the live table: trace and top.
 */
#include "options_internal.h"

static enum snapshot_source snapshot_source_of(const char *value)
{
	static const char *const words[] = {
		[SNAPSHOT_BY_AUTO] = "auto", [SNAPSHOT_BY_ITER] = "iter", [SNAPSHOT_BY_PROC] = "proc"};

	return option_choice("--snapshot-source", value, words, 3);
}

static enum accept_source accept_source_of(const char *value)
{
	static const char *const words[] = {
		[ACCEPT_BY_AUTO] = "auto", [ACCEPT_BY_FEXIT] = "fexit", [ACCEPT_BY_SCAN] = "scan"};

	return option_choice("--accept-source", value, words, 3);
}

static const struct argp_option common_options[] = {
	{0, 0, 0, 0, "Which connections:", 1},
	{"local", 'L', "PORTS", 0, "local port is one of PORTS (80 or 80,443 or https)", 0},
	{"remote", 'D', "PORTS", 0, "remote port is one of PORTS", 0},
	{"pid", 'p', "PID", 0, "held by process PID", 0},
	{"comm", KEY_COMM, "NAME", 0, "held by a process of this name (* and ? match any text, any character)", 0},
	{"state", KEY_STATE, "STATES", 0, "in one of STATES; a transition is in the states it leaves and enters", 0},
	{"netns", KEY_NETNS, "NETNS", 0,
	 "in this network namespace: of ip netns or of a container, a PID in it, or its inode", 0},
	{"ipv4", '4', 0, 0, "IPv4, v4-mapped IPv6 sockets included", 0},
	{"ipv6", '6', 0, 0, "IPv6 sockets", 0},
	{0, 0, 0, 0, "Output:", 3},
	{"json", KEY_JSON, 0, 0, "one JSON object per line", 0},
	{"color", KEY_COLOR, "WHEN", 0, "auto (on a terminal), always, never", 0},
	{0, 0, 0, 0, "End:", 4},
	{"duration", KEY_DURATION, "TIME", 0, "end after TIME: seconds, or 250ms, 10s, 5m, 2h, 1d", 0},
	{0, 0, 0, 0, "Other:", 5},
	{"ring-size", KEY_RING_SIZE, "SIZE", 0, "of the buffer between kernel and tcpledger: 16M, if not given", 0},
	{"snapshot-source", KEY_SNAPSHOT_SOURCE, "FROM", 0,
	 "how to find what is there already: auto, iter (BPF iterators, exact), proc (/proc)", 0},
	{"accept-source", KEY_ACCEPT_SOURCE, "FROM", 0,
	 "how to find who accepts connections: auto, fexit (at once, where the kernel allows it), scan (shortly after)",
	 0},
	{"verbose", 'v', 0, 0, "say more on stderr (-vv: still more)", 0},
	{0},
};

static error_t read_sources(int key, char *value, struct live_options *live)
{
	switch (key) {
	case KEY_RING_SIZE:
		live->ring_bytes = option_ring_size("--ring-size", value);
		break;
	case KEY_SNAPSHOT_SOURCE:
		live->snapshot_source = snapshot_source_of(value);
		break;
	case KEY_ACCEPT_SOURCE:
		live->accept_source = accept_source_of(value);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t read_common(int key, char *value, struct argp_state *state)
{
	struct reading *reading = state->input;
	struct options *options = reading->options;

	switch (key) {
	case 'L':
		option_filter_list(options, "-L", value, "sport = ");
		break;
	case 'D':
		option_filter_list(options, "-D", value, "dport = ");
		break;
	case 'p':
		option_filter_list(options, "-p", value, "pid ");
		break;
	case KEY_COMM:
		option_filter_quoted(options, "--comm", value, "comm");
		break;
	case KEY_STATE:
		option_filter_quoted(options, "--state", value, "state");
		break;
	case KEY_NETNS:
		option_filter_quoted(options, "--netns", value, "netns");
		break;
	case '4':
		reading->want_ipv4 = true;
		break;
	case '6':
		reading->want_ipv6 = true;
		break;
	case KEY_DURATION:
		options->live.duration_ns = option_duration("--duration", value);
		break;
	case ARGP_KEY_ARG:
		option_filter_word(reading, value);
		break;
	case ARGP_KEY_END:
		option_filter_families(reading);
		option_filter_end(reading);
		break;
	default:
		return option_output(key, value, options) ? read_sources(key, value, &options->live) : 0;
	}
	return 0;
}

static const struct argp common_argp = {.options = common_options, .parser = read_common};

static const struct argp_option trace_options[] = {
	{0, 0, 0, 0, "trace:", 2},
	{"snapshot", KEY_SNAPSHOT, 0, 0, "first print the sockets that are there already", 0},
	{"wide", 'w', 0, 0, "columns wide enough for IPv6 addresses", 0},
	{"timestamp", 'T', 0, 0, "as in tcpstates; the time is always shown", 0},
	{"count", KEY_COUNT, "N", 0, "end after N transitions were printed", 0},
	{0},
};

static error_t read_trace(int key, char *value, struct argp_state *state)
{
	struct reading *reading = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = reading;
		break;
	case KEY_SNAPSHOT:
		reading->options->snapshot = true;
		break;
	case 'w':
		reading->options->wide = true;
		break;
	case 'T':
		break;
	case KEY_COUNT:
		reading->options->count = option_count("--count", value);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};

const struct argp trace_argp = {
	.options = trace_options,
	.parser = read_trace,
	.args_doc = "[FILTER]",
	.doc = "Print each TCP state transition on this host as it happens, with the owner of the socket, the time spent in the old state, and why.\v" FILTER_HELP
	       "\n\nExit status: 0 done, 1 failed, 2 wrong use, 3 done but transitions were lost.",
	.children = children};

static const struct argp_option top_options[] = {
	{0, 0, 0, 0, "top:", 2},
	{"batch", 'b', 0, 0, "print the table again and again, for a file or another program", 0},
	{"delay", 'd', "TIME", 0, "time between two printings (3 seconds)", 0},
	{"iterations", 'n', "N", 0, "end after N printings", 0},
	{0},
};

static error_t read_top(int key, char *value, struct argp_state *state)
{
	struct reading *reading = state->input;
	struct options *options = reading->options;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = reading;
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

const struct argp top_argp = {
	.options = top_options,
	.parser = read_top,
	.args_doc = "[FILTER]",
	.doc = "Print the live table of TCP sockets, now and each few seconds.\v" FILTER_HELP
	       "\n\nExit status: 0 done, 1 failed, 2 wrong use, 3 done but transitions were lost.",
	.children = children};
