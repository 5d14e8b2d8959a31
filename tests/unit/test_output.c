// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the buffered output: what reaches a descriptor that takes little, nothing or fails, in what pieces, and how
 * long the output waits for its reader. A scripted write() and poll() stand for the reader: no time passes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "output.h"

enum { TAKEN_MAX = 4 * OUTPUT_BYTES, WAITS_FOR_EVER = INT_MAX };

/* How one write() ends: with an error, or with at most `most` bytes taken. */
struct step {
	int error;
	size_t most;
};

static struct {
	int fd, cancel_fd; /* the script is about these */
	const struct step *steps;
	size_t step_count; /* after these, each write() takes all */
	int silent_polls;  /* polls before the descriptor is writable */
	int poll_error;    /* of the next poll */
	bool cancelled, reader_gone;
	short trouble; /* what poll() says of the descriptor without being asked */
	/* what was done */
	char taken[TAKEN_MAX];
	size_t used, largest;
	int writes, polls, waited_ms, meanwhiles;
} script;

/* Takes the place of the C library's. */
ssize_t write(int fd, const void *bytes, size_t length)
{
	struct step step = {.most = SIZE_MAX};

	if (fd != script.fd)
		return syscall(SYS_write, fd, bytes, length);
	script.writes++;
	if (script.step_count) {
		step = *script.steps++;
		script.step_count--;
	}
	if (step.error) {
		errno = step.error;
		return -1;
	}
	if (length > script.largest)
		script.largest = length;
	if (length > step.most)
		length = step.most;
	assert_true(script.used + length <= TAKEN_MAX);
	memcpy(script.taken + script.used, bytes, length);
	script.used += length;
	return (ssize_t)length;
}

/* Takes the place of the C library's. (Under the name itself, gcc takes `wait` for write-only.) */
int poll_script(struct pollfd *wait, nfds_t count, int timeout_ms) __asm__("poll");
int poll_script(struct pollfd *wait, nfds_t count, int timeout_ms)
{
	int ready = 0;

	script.polls++;
	if (script.poll_error) {
		errno = script.poll_error;
		script.poll_error = 0;
		return -1;
	}
	for (nfds_t i = 0; i < count; i++) {
		bool writable = wait[i].events & POLLOUT && script.silent_polls == 0;

		wait[i].revents = 0;
		if (wait[i].fd == script.fd)
			wait[i].revents = script.reader_gone ? POLLERR : writable ? POLLOUT : script.trouble;
		else if (wait[i].fd == script.cancel_fd && script.cancelled)
			wait[i].revents = POLLIN;
		ready += wait[i].revents != 0;
	}
	if (script.silent_polls && script.silent_polls != WAITS_FOR_EVER)
		script.silent_polls--;
	script.waited_ms += ready ? 0 : timeout_ms;
	return ready;
}

static void count_meanwhile(void *context)
{
	assert_ptr_equal(context, &script);
	script.meanwhiles++;
}

/* Returns an output to the descriptor of the script, which has nothing in it yet. */
static struct output *open_output(int fd, int cancel_fd)
{
	struct output *output = output_new(fd, cancel_fd);

	assert_non_null(output);
	memset(&script, 0, sizeof(script));
	script.fd = fd;
	script.cancel_fd = cancel_fd;
	output_set_meanwhile(output, count_meanwhile, &script);
	return output;
}

static void set_steps(const struct step *steps, size_t count)
{
	script.steps = steps;
	script.step_count = count;
}

static void assert_taken(const char *wanted)
{
	assert_int_equal(script.used, strlen(wanted));
	assert_memory_equal(script.taken, wanted, script.used);
}

/* Two ends of a pipe, for what depends on the kind of the descriptor. */
static int ends[2], file;

static int open_descriptors(void **state)
{
	(void)state;
	file = memfd_create("output", MFD_CLOEXEC);
	return file < 0 || pipe2(ends, O_CLOEXEC) ? -1 : 0;
}

static int close_descriptors(void **state)
{
	(void)state;
	close(file);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* ---- when, and in what pieces ---- */

static void test_nothing_is_written_before_the_flush(void **state)
{
	struct output *output = open_output(ends[1], -1);

	(void)state;
	output_text(output, "one ");
	output_u64(output, 2);
	output_char(output, '\n');
	assert_int_equal(script.writes, 0);
	assert_int_equal(output_flush(output), 0);
	assert_taken("one 2\n");
	assert_int_equal(output_flush(output), 0); /* and nothing is written twice */
	assert_int_equal(script.writes, 1);
	output_free(output);
}

static void test_full_buffer_is_written_in_order(void **state)
{
	enum { LENGTH = 3 * OUTPUT_BYTES + 1 };
	static char sent[LENGTH];
	struct output *output = open_output(ends[1], -1);

	(void)state;
	for (size_t i = 0; i < LENGTH; i++)
		sent[i] = (char)(i * 31 >> 3);
	output_bytes(output, sent, OUTPUT_BYTES);
	assert_int_equal(script.writes, 0); /* it is full, and nothing more has come */
	output_bytes(output, sent + OUTPUT_BYTES, LENGTH - OUTPUT_BYTES);
	assert_true(script.writes > 0);
	assert_int_equal(output_flush(output), 0);
	assert_int_equal(script.used, LENGTH);
	assert_memory_equal(script.taken, sent, LENGTH);
	output_free(output);
}

/* A write that could block for ever is made only where poll() has found room for it, which a pipe has for PIPE_BUF
 * bytes. */
static void test_size_of_one_write(void **state)
{
	const struct {
		int fd, cancel_fd;
		size_t largest;
		bool polls;
	} cases[] = {
		{ends[1], -1, 3 * PIPE_BUF, false},      {ends[1], ends[0], PIPE_BUF, true},
		{ends[1], STDIN_FILENO, PIPE_BUF, true}, {file, ends[0], 3 * PIPE_BUF, false},
		{-7, ends[0], PIPE_BUF, true}, /* nobody knows what that is */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct output *output = open_output(cases[i].fd, cases[i].cancel_fd);
		static const char zeros[3 * PIPE_BUF];

		output_bytes(output, zeros, sizeof(zeros));
		assert_int_equal(output_flush(output), 0);
		assert_int_equal(script.used, sizeof(zeros));
		assert_int_equal(script.largest, cases[i].largest);
		assert_int_equal(script.polls > 0, cases[i].polls);
		output_free(output);
	}
}

/* ---- a descriptor that takes little ---- */

static void test_partial_writes(void **state)
{
	static const struct step steps[] = {{.most = 0}, {.most = 1}, {.most = 3}, {.error = EINTR}, {.most = 2}};
	struct output *output = open_output(ends[1], -1);

	(void)state;
	output_text(output, "abcdefghij");
	set_steps(steps, COUNT_OF(steps));
	errno = EIO; /* of an earlier call: a write of no bytes is no error */
	assert_int_equal(output_flush(output), 0);
	assert_taken("abcdefghij");
	assert_int_equal(script.writes, 6);
	assert_int_equal(script.polls, 0);
	assert_int_equal(script.meanwhiles, 6);
	output_free(output);
}

/* Where standard output does not block, the output waits for its reader all the same. */
static void test_waits_where_a_write_would_block(void **state)
{
	static const struct step steps[] = {{.most = 4}, {.error = EAGAIN}, {.most = 0}, {.most = 4}};
	struct output *output = open_output(ends[1], -1);

	(void)state;
	output_text(output, "abcdefghij");
	set_steps(steps, COUNT_OF(steps));
	script.silent_polls = 3;
	assert_int_equal(output_flush(output), 0);
	assert_taken("abcdefghij");
	assert_int_equal(script.polls, 4);
	assert_int_equal(script.waited_ms, 30);
	assert_int_equal(script.meanwhiles, 3 + 5); /* while it waits, and after each write */
	output_free(output);
}

/* ---- errors ---- */

static void test_first_error_is_kept(void **state)
{
	static const int errors[] = {EPIPE, ENOSPC, EIO, EBADF};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		const struct step steps[] = {{.most = 2}, {.error = errors[i]}};
		struct output *output = open_output(ends[1], -1);

		output_text(output, "abcdef");
		set_steps(steps, COUNT_OF(steps));
		assert_int_equal(output_flush(output), -errors[i]);
		assert_taken("ab");
		output_text(output, "ghi"); /* thrown away, as is what was left */
		assert_int_equal(output_flush(output), -errors[i]);
		assert_taken("ab");
		assert_int_equal(script.writes, 2);
		script.reader_gone = true; /* no other error takes its place */
		assert_int_equal(output_flush(output), -errors[i]);
		output_free(output);
	}
}

/* A reader that has gone is noticed also where there is nothing to write to it. */
static void test_reader_that_has_gone(void **state)
{
	struct output *output = open_output(ends[1], ends[0]);

	(void)state;
	assert_int_equal(output_flush(output), 0);
	script.cancelled = true; /* the end of the trace is no end of the reader */
	assert_int_equal(output_flush(output), 0);
	script.trouble = POLLHUP; /* of a terminal, for one */
	assert_int_equal(output_flush(output), 0);
	script.reader_gone = true;
	assert_int_equal(output_flush(output), -EPIPE);
	assert_int_equal(script.writes, 0);
	output_free(output);
}

static void test_poll_that_fails(void **state)
{
	struct output *output = open_output(ends[1], ends[0]);

	(void)state;
	output_text(output, "abc");
	script.poll_error = EINTR; /* no reason to give up */
	assert_int_equal(output_flush(output), 0);
	assert_taken("abc");
	output_text(output, "def");
	script.poll_error = ENOMEM;
	assert_int_equal(output_flush(output), -ENOMEM);
	assert_taken("abc");
	output_free(output);
}

/* ---- a reader that stands still ---- */

static void test_slow_reader_gets_its_time(void **state)
{
	struct output *output = open_output(ends[1], ends[0]);

	(void)state;
	output_text(output, "abc");
	script.silent_polls = 100000; /* longer than it would be waited for at the end */
	assert_int_equal(output_flush(output), 0);
	assert_taken("abc");
	assert_int_equal(script.waited_ms, 1000000);
	output_free(output);
}

/* Once the trace is to end, the reader has two seconds more. */
static void test_reader_that_stands_still_at_the_end(void **state)
{
	static const struct {
		int silent_polls, wanted;
	} cases[] = {{200, 0}, {201, -ECANCELED}, {WAITS_FOR_EVER, -ECANCELED}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct output *output = open_output(ends[1], ends[0]);

		output_text(output, "abc");
		script.cancelled = true;
		script.silent_polls = cases[i].silent_polls;
		errno = 0;
		assert_int_equal(output_flush(output), cases[i].wanted);
		assert_taken(cases[i].wanted ? "" : "abc");
		if (cases[i].wanted)
			assert_int_equal(script.waited_ms, 2000);
		output_free(output);
	}
}

/* ---- on the kernel ---- */

static void test_full_device(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct output *output;

	(void)state;
	if (full < 0)
		skip();
	output = open_output(-1, -1);
	output->fd = full;
	output_text(output, "abc");
	assert_int_equal(output_flush(output), -ENOSPC);
	output_free(output);
	close(full);
}

static void test_pipe_without_reader(void **state)
{
	int pipes[2];
	struct output *output;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	close(pipes[0]);
	output = open_output(-1, -1);
	output->fd = pipes[1];
	output_text(output, "abc");
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(output_flush(output), -EPIPE);
	output_free(output);
	close(pipes[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_written_before_the_flush),
		cmocka_unit_test(test_full_buffer_is_written_in_order),
		cmocka_unit_test(test_size_of_one_write),
		cmocka_unit_test(test_partial_writes),
		cmocka_unit_test(test_waits_where_a_write_would_block),
		cmocka_unit_test(test_first_error_is_kept),
		cmocka_unit_test(test_reader_that_has_gone),
		cmocka_unit_test(test_poll_that_fails),
		cmocka_unit_test(test_slow_reader_gets_its_time),
		cmocka_unit_test(test_reader_that_stands_still_at_the_end),
		cmocka_unit_test(test_full_device),
		cmocka_unit_test(test_pipe_without_reader),
	};

	return cmocka_run_group_tests(tests, open_descriptors, close_descriptors);
}
