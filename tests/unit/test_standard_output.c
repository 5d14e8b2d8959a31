// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests that a failed write to standard output is said at the exit, and makes the exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "standard_output.h"

static char said[256]; /* what the last program wrote to stderr */

/* Runs a program that writes `text` to `output`, and exits with 0. Its last write is that of the exit, unless it
 * `flushes` before. Returns the exit status. */
static int status_of_program(int output, const char *text, bool flushes)
{
	int ends[2], status;
	size_t used = 0;
	ssize_t length;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		dup2(output, STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		standard_output_check_at_exit();
		fputs(text, stdout);
		if (flushes)
			fflush(stdout);
		exit(0);
	}
	close(ends[1]);
	memset(said, 0, sizeof(said));
	while ((length = read(ends[0], said + used, sizeof(said) - 1 - used)) > 0)
		used += (size_t)length;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_all_is_written(void **state)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(status_of_program(null, "text\n", false), 0);
	assert_string_equal(said, "");
	close(null);
}

static void test_no_room(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	if (full < 0)
		skip();
	assert_int_equal(status_of_program(full, "text\n", false), 1);
	assert_string_equal(said, "tcpledger: standard output could not be written: No space left on device\n");
	assert_int_equal(status_of_program(full, "text\n", true), 1); /* the cause may be forgotten by then */
	assert_non_null(strstr(said, "tcpledger: standard output could not be written: "));
	assert_int_equal(status_of_program(full, "", false), 0);
	close(full);
}

static void test_reader_that_has_gone(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	assert_int_equal(status_of_program(ends[1], "text\n", false), 0);
	assert_string_equal(said, "");
	close(ends[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_written),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_reader_that_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
