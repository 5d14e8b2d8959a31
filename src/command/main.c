// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Finds the command that the command line names, and runs it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cleanup.h"
#include "command.h"
#include "count_of.h"
#include "escape.h"
#include "log.h"
#include "nearest.h"
#include "privileges.h"
#include "standard_output.h"

/* All commands, in the order of `tcpledger --help`. The first one runs when none is named. */
#define COMMANDS(COMMAND)                                                                                              \
	COMMAND(trace)                                                                                                 \
	COMMAND(top)                                                                                                   \
	COMMAND(list)                                                                                                  \
	COMMAND(fds)                                                                                                   \
	COMMAND(audit)                                                                                                 \
	COMMAND(explain)                                                                                               \
	COMMAND(doctor)

#define DECLARE(name) extern const struct command name##_command;
#define ADDRESS(name) &name##_command,

COMMANDS(DECLARE)

static const struct command *const commands[] = {COMMANDS(ADDRESS)};

enum { COMMAND_COUNT = COUNT_OF(commands) };

static int measure_longest_name(void)
{
	size_t longest = 0;

	for (int i = 0; i < COMMAND_COUNT; i++)
		if (strlen(commands[i]->name) > longest)
			longest = strlen(commands[i]->name);
	return (int)longest;
}

static void print_overview(void)
{
	int width = measure_longest_name();

	puts("Usage: tcpledger [COMMAND] [OPTION...] [FILTER]\n"
	     "An exact, live account of the TCP connections of this host.\n");
	for (int i = 0; i < COMMAND_COUNT; i++)
		printf("  %-*s %s\n", width, commands[i]->name, commands[i]->summary);
	puts("\n'tcpledger COMMAND --help' tells the rest of each; 'tcpledger --version' the version.");
}

/* Finds a command by its name. Returns NULL, with a message, when there is no command of that name. */
static const struct command *find_command(const char *word)
{
	const char *names[COMMAND_COUNT], *near;
	char all[256] = "";

	for (int i = 0; i < COMMAND_COUNT; i++) {
		names[i] = commands[i]->name;
		if (!strcmp(word, names[i]))
			return commands[i];
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
			 i == 0                   ? ""
			 : i + 1 == COMMAND_COUNT ? " and "
						  : ", ",
			 names[i]);
	}
	near = nearest_word(word, names, COMMAND_COUNT);
	log_error("'%s' is no command%s%s: there are %s (see tcpledger --help)", ESCAPED(word),
		  near ? "; the nearest is " : "", near ? near : "", all);
	return NULL;
}

static bool is_listed_word(const char *word, const char *const *words)
{
	while (*words && strcmp(word, *words) != 0)
		words++;
	return *words != NULL;
}

/* Reads the command line, whose argv[0] is "tcpledger NAME", and runs the command. */
static int run_command(const struct command *command, int argc, char **argv)
{
	CLEANUP(cleanup_free) void *options = calloc(1, command->options_size);

	if (!options) {
		log_error("out of memory");
		return STATUS_FAILED;
	}
	options_read(command->argp, argc, argv, options);
	return command->run(options);
}

/* Runs what the first word asks for: a command, help, the version. Runs the first command of the table where the first
 * word is an option, or missing. */
static int run_command_line(int argc, char **argv)
{
	static const char *const help[] = {"--help", "-?", "-h", NULL}, *const version[] = {"--version", "-V", NULL};
	const struct command *command = commands[0];
	char name[64] = "tcpledger";

	if (argc > 1 && is_listed_word(argv[1], help)) {
		print_overview();
		return STATUS_DONE;
	}
	if (argc > 1 && is_listed_word(argv[1], version)) {
		puts("tcpledger " TCPLEDGER_VERSION);
		return STATUS_DONE;
	}
	if (argc > 1 && argv[1][0] != '-') {
		command = find_command(argv[1]);
		if (!command)
			return STATUS_WRONG_USE;
		snprintf(name, sizeof(name), "tcpledger %s", command->name);
		argv++;
		argc--;
	}
	argv[0] = name;
	return run_command(command, argc, argv);
}

/* Opens /dev/null in place of each standard file that is closed: else the next file opened here would take its number.
 * Returns false when standard output was closed, or cannot be written to. (Where the file of the program gave it
 * rights, the C library has already opened something there that can only be read.) */
static bool open_standard_files(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	bool has_output = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return has_output;
}

/* Raises the limit of descriptors: each network namespace, process and thread takes one while it is read. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Ignores SIGPIPE and SIGXFSZ: write() fails instead, when the reader has gone or the file has reached its limit. */
static void ignore_write_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

int main(int argc, char **argv)
{
	int err = privileges_begin();

	if (err) {
		log_error("privileges cannot be laid aside: %s", strerror(-err));
		return STATUS_FAILED;
	}
	ignore_write_signals();
	if (!open_standard_files()) {
		log_error("standard output is closed, or open only to read: there is nowhere to print to");
		return STATUS_FAILED;
	}
	standard_output_check_at_exit();
	raise_descriptor_limit();
	return run_command_line(argc, argv);
}
