/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Runs a command of tcpledger by its command line, and keeps all that it prints.
 */
#include <fcntl.h>
#include <signal.h>

#include "command.h"
#include "shown.h"

enum { RUN_WORDS = 32 };

struct run {
	int status;
	char *out, *err;
};

/* Returns the descriptor of a file in memory: none of the small ones, which are those of the command. */
static inline int open_memory(void)
{
	int small = memfd_create("run", MFD_CLOEXEC), fd = fcntl(small, F_DUPFD_CLOEXEC, 100);

	assert_true(fd >= 0);
	close(small);
	return fd;
}

/* Returns what a file in memory has, and closes it; "" of another file. The caller frees the text. */
static inline char *close_memory(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, size > 0 ? (size_t)size + 1 : 1);

	assert_non_null(text);
	if (size > 0)
		assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	close(fd);
	return text;
}

/* Puts `fd` in the place of `standard`. Returns a copy of that, for the way back. */
static inline int redirect_to(int fd, int standard)
{
	int kept = fcntl(standard, F_DUPFD_CLOEXEC, 100);

	assert_true(kept >= 0);
	assert_int_equal(dup2(fd, standard), standard);
	return kept;
}

static inline void restore_from(int kept, int standard)
{
	dup2(kept, standard);
	close(kept);
}

/* Runs the command with the words of `line`, between which there is one space, and with `out` as its standard output,
 * which is closed then. Freed with free_run(). */
static inline struct run run_into(int out, const struct command *command, const char *line)
{
	char *words = strdup(line), *argv[RUN_WORDS], *rest = NULL;
	void *options = calloc(1, command->options_size);
	struct run run;
	int argc = 0, err = open_memory(), kept_out, kept_err;

	assert_true(words && options);
	argv[argc++] = (char *)command->name;
	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		assert_true(argc < RUN_WORDS - 1);
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	options_read(command->argp, argc, argv, options);
	fflush(stdout);
	kept_out = redirect_to(out, STDOUT_FILENO);
	kept_err = redirect_to(err, STDERR_FILENO);
	run.status = command->run(options);
	restore_from(kept_out, STDOUT_FILENO);
	restore_from(kept_err, STDERR_FILENO);
	run.out = close_memory(out);
	run.err = close_memory(err);
	free(options);
	free(words);
	return run;
}

static inline struct run run_line(const struct command *command, const char *line)
{
	return run_into(open_memory(), command, line);
}

/* Opens a pipe whose reader has gone. */
static inline int open_abandoned_pipe(void)
{
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	return ends[1];
}

static inline void free_run(struct run *run)
{
	free(run->out);
	free(run->err);
}

/* Asserts all that a command line prints, and its exit status. */
static inline void assert_run(const struct command *command, const char *line, int status, const char *out,
			      const char *err)
{
	struct run run = run_line(command, line);

	assert_lines(run.err, err);
	assert_lines(run.out, out);
	assert_int_equal(run.status, status);
	free_run(&run);
}

/* The same for lines of JSON, in which ' stands for ". The times, which differ each time, are left out. */
static inline void assert_run_json(const struct command *command, const char *line, int status, const char *out,
				   const char *err)
{
	struct run run = run_line(command, line);
	struct capture capture = capture_open();

	for (char *at = run.out, *time; *at; at = time) {
		size_t length;

		time = strstr(at, "\"ts\":");
		length = time ? (size_t)(time - at) : strlen(at);
		output_bytes(capture.output, at, length);
		time = time ? strstr(time, "\"ts_ns\":") : at + length;
		assert_non_null(time);
		time += *time ? strcspn(time, ",") + 1 : 0;
	}
	assert_shown_json(&capture, out);
	assert_lines(run.err, err);
	assert_int_equal(run.status, status);
	capture_close(&capture);
	free_run(&run);
}
