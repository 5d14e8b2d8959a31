// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The options of the commands that list sockets.
 */
#include "options_internal.h"

static enum socket_source parse_socket_source(const char *value)
{
	static const char *const words[] = {
		[SOCKETS_BY_AUTO] = "auto", [SOCKETS_BY_DIAG] = "diag", [SOCKETS_BY_PROC] = "proc"};

	return option_choice("--socket-source", value, words, 3);
}

static enum holder_source parse_holder_source(const char *value)
{
	static const char *const words[] = {
		[HOLDERS_BY_AUTO] = "auto", [HOLDERS_BY_ITER] = "iter", [HOLDERS_BY_PROC] = "proc"};

	return option_choice("--holder-source", value, words, 3);
}

static error_t read_netns_or_source(int key, const char *value, struct socket_options *sockets)
{
	switch (key) {
	case 'N':
		sockets->one_netns = true;
		option_filter_value(&sockets->filter, "--netns", value, "netns");
		break;
	case KEY_ALL_NETNS:
		sockets->all_netns = true;
		break;
	case KEY_SOCKET_SOURCE:
		sockets->socket_source = parse_socket_source(value);
		break;
	case KEY_HOLDER_SOURCE:
		sockets->holder_source = parse_holder_source(value);
		break;
	default:
		return option_output(key, value, &sockets->output);
	}
	return 0;
}

error_t option_sockets(int key, const char *value, struct socket_options *sockets)
{
	switch (key) {
	case 't':
		sockets->protocols |= 1u << PROTOCOL_TCP;
		break;
	case 'u':
		sockets->protocols |= 1u << PROTOCOL_UDP;
		break;
	case '4':
		sockets->ipv4 = true;
		break;
	case '6':
		sockets->ipv6 = true;
		break;
	case 'n':
		sockets->numeric = true;
		break;
	case 'H':
		sockets->no_heading = true;
		break;
	default:
		return read_netns_or_source(key, value, sockets);
	}
	return 0;
}

void option_sockets_end(const struct socket_options *sockets)
{
	if (sockets->one_netns && sockets->all_netns)
		options_fail("--netns and --all-netns: in one network namespace, or in all? Give one of them");
}
