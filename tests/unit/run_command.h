/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Runs a command of tcpledger by its command line, and keeps all that it prints.
 */
#include <fcntl.h>

#include "command.h"
#include "shown.h"

enum { RUN_WORDS = 32 };

struct run {
	int status;
	char *out, *err;
};

/* Puts a file in memory in the place of a descriptor. Returns a copy of the old one. */
static inline int redirect_fd(int fd)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, 10), file = memfd_create("redirected", MFD_CLOEXEC);

	assert_true(kept >= 0 && file >= 0);
	assert_int_equal(dup2(file, fd), fd);
	close(file);
	return kept;
}

/* Puts the old descriptor back. Returns what was written meanwhile; the caller frees it. */
static inline char *restore_fd(int fd, int kept)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);
	ssize_t length = text ? pread(fd, text, (size_t)size, 0) : -1;

	dup2(kept, fd);
	close(kept);
	assert_int_equal(length, size);
	return text;
}

/* Runs the command with the words of `line`, between which there is one space. Freed with free_run(). */
static inline struct run run_line(const struct command *command, const char *line)
{
	char *words = strdup(line), *argv[RUN_WORDS], *rest = NULL;
	void *options = calloc(1, command->options_size);
	struct run run;
	int argc = 0, out, err;

	assert_true(words && options);
	argv[argc++] = (char *)command->name;
	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		assert_true(argc < RUN_WORDS - 1);
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	options_read(command->argp, argc, argv, options);
	fflush(stdout);
	out = redirect_fd(STDOUT_FILENO);
	err = redirect_fd(STDERR_FILENO);
	run.status = command->run(options);
	run.out = restore_fd(STDOUT_FILENO, out);
	run.err = restore_fd(STDERR_FILENO, err);
	free(options);
	free(words);
	return run;
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
