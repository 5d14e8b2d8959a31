// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The options of list: the letters of ss and netstat.
 */
#include "list_options.h"

#include "clock.h"
#include "filter_names.h"
#include "options_internal.h"

enum { KEY_INTERVAL = KEY_OF_COMMAND, KEY_AGE };

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
	{"extended", 'e', 0, 0,
	 "user, inode, cookie, control group, and of who holds it parent, unit, container, program, command line", 0},
	{"options", 'o', 0, 0, "which timer runs, when it fires, how often it did", 0},
	{"info", 'i', 0, 0, "TCP's internals: round-trip time, window, what was sent again …", 0},
	{"age", KEY_AGE, 0, 0, "how long a TCP connection has been in its state, at least", 0},
	{"oneline", 'O', 0, 0, "one line for each socket, also with -i", 0},
	{"no-header", 'H', 0, 0, "no heading", 0},
	{"summary", 's', 0, 0, "only how many there are, by protocol and state", 0},
	{0, 0, 0, 0, "Where and when:", 4},
	OPTION_NETNS('N'),
	OPTION_ALL_NETNS,
	{"continuous", 'c', 0, 0, "again and again, each second", 0},
	{"interval", KEY_INTERVAL, "TIME", 0, "with -c: the time between two lists", 0},
	{0, 0, 0, 0, "Output:", 5},
	OPTION_JSON,
	OPTION_COLOR,
	OPTION_NO_CMDLINE,
	{0, 0, 0, 0, "Other:", 6},
	OPTION_SOCKET_SOURCE,
	OPTION_HOLDER_SOURCE,
	OPTION_VERBOSE,
	{0},
};

static error_t read_which_sockets(int key, struct list_options *list)
{
	switch (key) {
	case 'w':
		list->sockets.protocols |= 1u << PROTOCOL_RAW;
		break;
	case 'x':
		list->sockets.protocols |= 1u << PROTOCOL_UNIX;
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

static error_t read_shown_parts(int key, struct list_options *list)
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
	case KEY_AGE:
		list->age = true;
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

static error_t read_repetition(int key, const char *value, struct list_options *list)
{
	switch (key) {
	case 'c':
		list->again = true;
		break;
	case KEY_INTERVAL:
		list->interval_ns = option_duration("--interval", value);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void check_list_options(struct list_options *list)
{
	if (list->interval_ns && !list->again)
		options_fail("--interval: between which lists? Give -c, too");
	if (!list->interval_ns)
		list->interval_ns = NS_PER_SEC;
	option_sockets_end(&list->sockets);
}

/* Paths have a place in the filter where unix sockets are listed: -4 and -6 ask for others, unless -x is given too. */
static void choose_filter_names(struct list_options *list)
{
	struct socket_options *sockets = &list->sockets;
	bool by_family = sockets->ipv4 || sockets->ipv6;

	list->names = host_names_of_all;
	if (list->again)
		list->names.check_interface = host_names_waiting.check_interface;
	list->names.has_unix_sockets = sockets->protocols ? sockets->protocols & 1u << PROTOCOL_UNIX : !by_family;
	sockets->filter.names = &list->names;
}

static error_t read_list_option(int key, char *value, struct argp_state *state)
{
	struct list_options *list = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		option_filter_word(&list->sockets.filter, value);
		return 0;
	case ARGP_KEY_END:
		check_list_options(list);
		choose_filter_names(list);
		option_filter_end(&list->sockets.filter);
		return 0;
	default:
		if (!read_which_sockets(key, list) || !read_shown_parts(key, list) ||
		    !read_repetition(key, value, list))
			return 0;
		return option_sockets(key, value, &list->sockets);
	}
}

const struct argp list_argp = {
	.options = list_options,
	.parser = read_list_option,
	.args_doc = "[FILTER]",
	.doc = "Print the sockets that there are now: state, queues, both ends, and who holds them. The letters are those of ss and netstat, and may be joined: -tulnp is what listens on TCP and UDP, with numbers and processes; -at is all of TCP.\v" FILTER_HELP
	       "\n\nExit status: 0 done, 1 failed, 2 wrong use.",
};
