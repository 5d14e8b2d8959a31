// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The options of list: the letters of ss and netstat.
 */
#include "options_internal.h"

#include "clock.h"

static const struct argp_option list_options[] = {
	{0, 0, 0, 0, "Which sockets (of all these kinds, if none is named):", 1},
	{"tcp", 't', 0, 0, "TCP", 0},
	{"udp", 'u', 0, 0, "UDP", 0},
	{"raw", 'w', 0, 0, "raw IP", 0},
	{"unix", 'x', 0, 0, "unix domain", 0},
	{"ipv4", '4', 0, 0, "IPv4 sockets", 0},
	{"ipv6", '6', 0, 0, "IPv6 sockets", 0},
	{0, 0, 0, 0, "In which state (the connected ones, if none is named):", 2},
	{"listening", 'l', 0, 0, "those that wait for others", 0},
	{"all", 'a', 0, 0, "all", 0},
	{0, 0, 0, 0, "What is told of each:", 3},
	{"numeric", 'n', 0, 0, "ports as numbers, not as services", 0},
	{"resolve", 'r', 0, 0, "addresses as host names, as far as they are found within 2 seconds", 0},
	{"processes", 'p', 0, 0, "who holds it: name, process and descriptor", 0},
	{"extended", 'e', 0, 0, "user, inode, cookie, control group and container", 0},
	{"options", 'o', 0, 0, "which timer runs, when it fires, how often it did", 0},
	{"info", 'i', 0, 0, "TCP's internals: round-trip time, window, what was sent again …", 0},
	{"oneline", 'O', 0, 0, "one line for each socket, also with -i", 0},
	{"no-header", 'H', 0, 0, "no heading", 0},
	{"summary", 's', 0, 0, "only how many there are, by protocol and state", 0},
	{0, 0, 0, 0, "Where and when:", 4},
	{"netns", 'N', "NETNS", 0,
	 "in this network namespace: of ip netns or of a container, a PID in it, or its inode", 0},
	{"all-netns", KEY_ALL_NETNS, 0, 0, "in all network namespaces", 0},
	{"continuous", 'c', 0, 0, "again and again, each second", 0},
	{"interval", KEY_INTERVAL, "TIME", 0, "with -c: the time between two lists", 0},
	{0, 0, 0, 0, "Output:", 5},
	{"json", KEY_JSON, 0, 0, "one JSON object per line", 0},
	{"color", KEY_COLOR, "WHEN", 0, "auto (on a terminal), always, never", 0},
	{0, 0, 0, 0, "Other:", 6},
	{"socket-source", KEY_SOCKET_SOURCE, "FROM", 0, "auto, diag (netlink), proc (/proc/net)", 0},
	{"holder-source", KEY_HOLDER_SOURCE, "FROM", 0, "auto, iter (BPF iterator), proc (/proc/PID/fd)", 0},
	{"verbose", 'v', 0, 0, "say more on stderr", 0},
	{0},
};

static enum socket_source socket_source_of(const char *value)
{
	static const char *const words[] = {
		[SOCKETS_BY_AUTO] = "auto", [SOCKETS_BY_DIAG] = "diag", [SOCKETS_BY_PROC] = "proc"};

	return option_choice("--socket-source", value, words, 3);
}

static enum holder_source holder_source_of(const char *value)
{
	static const char *const words[] = {
		[HOLDERS_BY_AUTO] = "auto", [HOLDERS_BY_ITER] = "iter", [HOLDERS_BY_PROC] = "proc"};

	return option_choice("--holder-source", value, words, 3);
}

static error_t read_where(int key, const char *value, struct reading *reading)
{
	struct list_options *list = &reading->options->list;

	switch (key) {
	case 'N':
		list->one_netns = true;
		option_filter_quoted(reading->options, "--netns", value, "netns");
		break;
	case KEY_ALL_NETNS:
		list->all_netns = true;
		break;
	case KEY_SOCKET_SOURCE:
		list->socket_source = socket_source_of(value);
		break;
	case KEY_HOLDER_SOURCE:
		list->holder_source = holder_source_of(value);
		break;
	default:
		return option_output(key, value, reading->options);
	}
	return 0;
}

error_t option_sockets(int key, const char *value, struct reading *reading)
{
	struct list_options *list = &reading->options->list;

	switch (key) {
	case 't':
		list->protocols |= 1u << PROTOCOL_TCP;
		break;
	case 'u':
		list->protocols |= 1u << PROTOCOL_UDP;
		break;
	case '4':
		list->ipv4 = true;
		break;
	case '6':
		list->ipv6 = true;
		break;
	case 'n':
		list->numeric = true;
		break;
	case 'H':
		list->no_heading = true;
		break;
	default:
		return read_where(key, value, reading);
	}
	return 0;
}

void option_sockets_end(const struct list_options *list)
{
	if (list->one_netns && list->all_netns)
		options_fail("--netns and --all-netns: in one network namespace, or in all? Give one of them");
}

static error_t read_which(int key, struct list_options *list)
{
	switch (key) {
	case 'w':
		list->protocols |= 1u << PROTOCOL_RAW;
		break;
	case 'x':
		list->protocols |= 1u << PROTOCOL_UNIX;
		break;
	case 'l':
		list->listening = true;
		break;
	case 'a':
		list->all = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t read_what(int key, struct list_options *list)
{
	switch (key) {
	case 'r':
		list->resolve = true;
		break;
	case 'p':
		list->owners = true;
		break;
	case 'e':
		list->details = true;
		break;
	case 'o':
		list->timers = true;
		break;
	case 'i':
		list->internals = true;
		break;
	case 'O':
		list->one_line = true;
		break;
	case 's':
		list->totals = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t read_when(int key, const char *value, struct options *options)
{
	switch (key) {
	case 'c':
		options->list.again = true;
		break;
	case KEY_INTERVAL:
		options->interval_ns = option_duration("--interval", value);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void end_list(struct options *options)
{
	if (options->interval_ns && !options->list.again)
		options_fail("--interval: between which lists? Give -c, too");
	if (!options->interval_ns)
		options->interval_ns = NS_PER_SEC;
	option_sockets_end(&options->list);
}

static error_t read_list(int key, char *value, struct argp_state *state)
{
	struct reading *reading = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		reading->options->interval_ns = 0;
		return 0;
	case ARGP_KEY_ARG:
		option_filter_word(reading, value);
		return 0;
	case ARGP_KEY_END:
		end_list(reading->options);
		option_filter_end(reading);
		return 0;
	default:
		if (!read_which(key, &reading->options->list) || !read_what(key, &reading->options->list) ||
		    !read_when(key, value, reading->options))
			return 0;
		return option_sockets(key, value, reading);
	}
}

const struct argp list_argp = {
	.options = list_options,
	.parser = read_list,
	.args_doc = "[FILTER]",
	.doc = "Print the sockets that there are now: state, queues, both ends, and who holds them. The letters are those of ss and netstat, and may be joined: -tulnp is what listens on TCP and UDP, with numbers and processes; -at is all of TCP.\v" FILTER_HELP
	       "\n\nExit status: 0 done, 1 failed, 2 wrong use.",
};
