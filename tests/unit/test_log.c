// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the messages on stderr: which are written, how they begin, and that a reader who stands still does not hold the
 * program up.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "log.h"

static bool stands_still;
static int polls, last_timeout_ms;

/* Takes the place of the C library's: the reader of stderr takes messages, or takes none. */
int poll_stderr(struct pollfd *wait, nfds_t count, int timeout_ms) __asm__("poll");
int poll_stderr(struct pollfd *wait, nfds_t count, int timeout_ms)
{
	assert_int_equal(count, 1);
	assert_int_equal(wait->fd, STDERR_FILENO);
	polls++;
	last_timeout_ms = timeout_ms;
	wait->revents = stands_still ? 0 : POLLOUT;
	return stands_still ? 0 : 1;
}

/* Writes a message to a stderr of its own, and returns what has come there. The text holds until the next call. */
static const char *message_of(enum log_level level, const char *text)
{
	static char written[256];
	int kept = dup(STDERR_FILENO), file = memfd_create("stderr", MFD_CLOEXEC);
	ssize_t length;

	assert_true(kept >= 0 && file >= 0);
	dup2(file, STDERR_FILENO);
	log_write(level, "%s, %d", text, 12);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	length = pread(file, written, sizeof(written) - 1, 0);
	assert_true(length >= 0);
	written[length] = '\0';
	close(kept);
	close(file);
	return written;
}

static void test_levels(void **state)
{
	static const char *const wanted[] = {
		[LOG_ERROR] = "tcpledger: text, 12\n",
		[LOG_WARNING] = "tcpledger: warning: text, 12\n",
		[LOG_INFO] = "tcpledger: text, 12\n",
		[LOG_DEBUG] = "tcpledger: debug: text, 12\n",
	};

	(void)state;
	assert_int_equal(log_level(), LOG_WARNING); /* to begin with */
	for (enum log_level threshold = LOG_ERROR; threshold <= LOG_DEBUG; threshold++) {
		log_set_level(threshold);
		assert_int_equal(log_level(), threshold);
		for (enum log_level level = LOG_ERROR; level <= LOG_DEBUG; level++)
			assert_string_equal(message_of(level, "text"), level <= threshold ? wanted[level] : "");
	}
}

static void test_reader_that_stands_still(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	stands_still = true;
	assert_string_equal(message_of(LOG_ERROR, "waited for"), "tcpledger: waited for, 12\n");
	assert_int_equal(polls, 0); /* write() itself waits */

	log_set_patience(2000);
	assert_string_equal(message_of(LOG_ERROR, "lost"), "");
	assert_int_equal(last_timeout_ms, 2000);
	assert_string_equal(message_of(LOG_ERROR, "lost too"), "");
	assert_int_equal(last_timeout_ms, 0); /* it has had its time */
	assert_int_equal(polls, 2);
	stands_still = false;
	assert_string_equal(message_of(LOG_ERROR, "read again"), "tcpledger: read again, 12\n");
	stands_still = true;
	message_of(LOG_ERROR, "lost");
	assert_int_equal(last_timeout_ms, 2000);

	log_set_patience(0);
	stands_still = false;
	assert_string_equal(message_of(LOG_ERROR, "taken"), "tcpledger: taken, 12\n");
	stands_still = true;
	assert_string_equal(message_of(LOG_ERROR, "lost"), "");
	assert_int_equal(last_timeout_ms, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_reader_that_stands_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
