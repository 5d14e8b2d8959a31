// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The options of the commands that follow the live table.
 */
#include "filter_names.h"
#include "options_internal.h"

/* The ring size where no option gives one, in bytes: memory that the kernel sets aside. */
#define DEFAULT_RING (16ULL << 20)

static enum snapshot_source parse_snapshot_source(const char *value)
{
	static const char *const words[] = {
		[SNAPSHOT_BY_AUTO] = "auto", [SNAPSHOT_BY_ITER] = "iter", [SNAPSHOT_BY_PROC] = "proc"};

	return option_choice("--snapshot-source", value, words, 3);
}

static enum accept_source parse_accept_source(const char *value)
{
	static const char *const words[] = {
		[ACCEPT_BY_AUTO] = "auto", [ACCEPT_BY_FEXIT] = "fexit", [ACCEPT_BY_SCAN] = "scan"};

	return option_choice("--accept-source", value, words, 3);
}

static const struct argp_option follow_options[] = {
	{0, 0, 0, 0, "Which connections:", 1},
	{"local", 'L', "PORTS", 0, "local port is one of PORTS (80 or 80,443 or https)", 0},
	{"remote", 'D', "PORTS", 0, "remote port is one of PORTS", 0},
	{"pid", 'p', "PID", 0, "held by process PID", 0},
	{"comm", KEY_COMM, "NAME", 0, "held by a process of this name (* and ? match any text, any character)", 0},
	{"state", KEY_STATE, "STATES", 0, "in one of STATES; a transition is in the states it leaves and enters", 0},
	OPTION_NETNS(KEY_NETNS),
	{"ipv4", '4', 0, 0, "IPv4, v4-mapped IPv6 sockets included", 0},
	{"ipv6", '6', 0, 0, "IPv6 sockets", 0},
	{0, 0, 0, 0, "Output:", 3},
	OPTION_JSON,
	OPTION_NO_CMDLINE,
	OPTION_COLOR,
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

static error_t read_live_option(int key, char *value, struct live_options *live)
{
	switch (key) {
	case KEY_RING_SIZE:
		live->ring_bytes = option_ring_size("--ring-size", value);
		break;
	case KEY_SNAPSHOT_SOURCE:
		live->snapshot_source = parse_snapshot_source(value);
		break;
	case KEY_ACCEPT_SOURCE:
		live->accept_source = parse_accept_source(value);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t read_follow_option(int key, char *value, struct argp_state *state)
{
	struct follow_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		options->live.ring_bytes = DEFAULT_RING;
		options->filter.names = &host_names_waiting;
		break;
	case 'L':
		option_filter_list(&options->filter, "-L", value, "sport = ");
		break;
	case 'D':
		option_filter_list(&options->filter, "-D", value, "dport = ");
		break;
	case 'p':
		option_filter_list(&options->filter, "-p", value, "pid ");
		break;
	case KEY_COMM:
		option_filter_value(&options->filter, "--comm", value, "comm");
		break;
	case KEY_STATE:
		option_filter_list(&options->filter, "--state", value, "state ");
		break;
	case KEY_NETNS:
		option_filter_value(&options->filter, "--netns", value, "netns");
		break;
	case '4':
		options->ipv4 = true;
		break;
	case '6':
		options->ipv6 = true;
		break;
	case KEY_DURATION:
		options->live.duration_ns = option_duration("--duration", value);
		break;
	case ARGP_KEY_ARG:
		option_filter_word(&options->filter, value);
		break;
	case ARGP_KEY_END:
		option_filter_families(&options->filter, options->ipv4, options->ipv6);
		option_filter_end(&options->filter);
		break;
	default:
		return option_output(key, value, &options->output) ? read_live_option(key, value, &options->live) : 0;
	}
	return 0;
}

const struct argp follow_argp = {.options = follow_options, .parser = read_follow_option};
