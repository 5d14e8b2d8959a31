// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads a command line with argp, and derives what the shared options mean.
 */
#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options_internal.h"

void options_read(const struct argp *argp, int argc, char **argv, void *options)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "-h")) /* as in ss and netstat */
			argv[i] = "--help";
	options_check(argp, argc, argv);
	argp_program_version = "tcpledger " TCPLEDGER_VERSION;
	argp_err_exit_status = STATUS_WRONG_USE;
	if (argp_parse(argp, argc, argv, 0, NULL, options))
		exit(STATUS_WRONG_USE);
}

bool output_wants_color(const struct output_options *options)
{
	const char *no_color = getenv("NO_COLOR");

	if (options->color != COLOR_AUTO)
		return options->color == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

struct socket_query socket_options_query(const struct socket_options *options, uint32_t otherwise, uint32_t states)
{
	return (struct socket_query){
		.protocols = options->protocols ? options->protocols : otherwise,
		.states = states,
		.ipv4 = options->ipv4 || !options->ipv6,
		.ipv6 = options->ipv6 || !options->ipv4,
	};
}
