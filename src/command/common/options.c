// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "escape.h"
#include "nearest.h"
#include "options_internal.h"

/* Memory that the kernel sets aside. */
#define DEFAULT_RING (16ULL << 20)

static const struct {
	const char *name;
	enum command command;
	const struct argp *argp;
} commands[] = {
	{"trace", COMMAND_TRACE, &trace_argp},    {"top", COMMAND_TOP, &top_argp},
	{"list", COMMAND_LIST, &list_argp},       {"fds", COMMAND_FDS, &fds_argp},
	{"audit", COMMAND_AUDIT, &audit_argp},    {"explain", COMMAND_EXPLAIN, &explain_argp},
	{"doctor", COMMAND_DOCTOR, &doctor_argp},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static const char overview[] =
	"Usage: tcpledger [COMMAND] [OPTION...] [FILTER]\n"
	"An exact, live account of the TCP connections of this host.\n\n"
	"  trace   print each state transition as it happens (the default)\n"
	"  top     print the live table: -b [-d SECONDS] [-n COUNT]\n"
	"  list    print the sockets now, with the letters of ss and netstat: -tulnp, -at\n"
	"  fds     print the open descriptors of a process, and who holds the other ends: PID or NAME\n"
	"  audit   say what listens, who can reach it, and which of that nobody expects\n"
	"  explain say what a state means, or who has a port: explain CLOSE_WAIT, explain 80\n"
	"  doctor  say whether this host can run it, and what to do if not\n\n"
	"'tcpledger COMMAND --help' tells the rest of each; 'tcpledger --version' the version.\n";

static int command_named(const char *word)
{
	const char *names[COMMAND_COUNT], *near;

	for (int i = 0; i < COMMAND_COUNT; i++) {
		names[i] = commands[i].name;
		if (!strcmp(word, names[i]))
			return i;
	}
	near = nearest_word(word, names, COMMAND_COUNT);
	options_fail(
		"'%s' is no command%s%s: there are trace, top, list, fds, audit, explain and doctor (see tcpledger --help)",
		ESCAPED(word), near ? "; the nearest is " : "", near ? near : "");
}

void options_read(struct options *options, int argc, char **argv)
{
	struct reading reading = {.options = options};
	char name[64] = "tcpledger";
	int chosen = 0;

	if (argc > 1 && argv[1][0] != '-') {
		chosen = command_named(argv[1]);
		snprintf(name, sizeof(name), "tcpledger %s", argv[1]);
		argv++;
		argc--;
	} else if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?") || !strcmp(argv[1], "-h"))) {
		fputs(overview, stdout);
		exit(EXIT_SUCCESS);
	} else if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		puts("tcpledger " TCPLEDGER_VERSION);
		exit(EXIT_SUCCESS);
	}
	argv[0] = name;
	*options = (struct options){
		.command = commands[chosen].command,
		.interval_ns = 3 * NS_PER_SEC,
		.live = {.ring_bytes = DEFAULT_RING},
	};
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "-h")) /* as in ss and netstat */
			argv[i] = "--help";
	options_check(commands[chosen].argp, argc, argv);
	argp_program_version = "tcpledger " TCPLEDGER_VERSION;
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(commands[chosen].argp, argc, argv, 0, NULL, &reading))
		exit(EXIT_USAGE);
}

void options_free(struct options *options)
{
	filter_free(options->filter);
	options->filter = NULL;
	policy_free(options->audit.policy);
	options->audit.policy = NULL;
}
