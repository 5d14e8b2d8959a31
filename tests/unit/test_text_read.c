// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the reading of small files as a whole: of every length, up to a limit, and of what is no file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "text_file.h"

static char folder[] = "/tmp/test_text_read.XXXXXX", path[sizeof(folder) + 16];
static int read_error;    /* of the next read(); 0: none */
static size_t read_most;  /* bytes that one read() gives; 0: as many as are asked for */
static bool read_blocked; /* the descriptor of the last read() waits for a pipe's writer */

/* Takes the place of the C library's. The end leaves the errno of an earlier call. */
ssize_t read(int fd, void *bytes, size_t length)
{
	ssize_t got;

	read_blocked = !(fcntl(fd, F_GETFL) & O_NONBLOCK);
	errno = read_error;
	read_error = 0;
	if (errno)
		return -1;
	got = syscall(SYS_read, fd, bytes, read_most && read_most < length ? read_most : length);
	errno = got < 0 ? errno : EIO;
	return got;
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void write_file(const char *bytes, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* Reads the file; it must have these bytes, and a NUL behind them. */
static void assert_read(size_t most, const char *wanted, size_t wanted_length)
{
	char *text = NULL;
	size_t length = 0;

	assert_int_equal(text_file_read(path, most, &text, &length), 0);
	assert_int_equal(length, wanted_length);
	assert_memory_equal(text, wanted, length);
	assert_int_equal(text[length], '\0');
	free(text);
}

static void assert_refused(const char *name, size_t most, int wanted)
{
	char *text = NULL;
	size_t length = 7;

	assert_int_equal(text_file_read(name, most, &text, &length), wanted);
	assert_null(text);
	assert_int_equal(length, 7);
}

static void test_lengths(void **state)
{
	static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 8191, 8192, 8193, 20000};
	static char bytes[20001];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		write_file(bytes, lengths[i]);
		assert_read(1 << 20, bytes, lengths[i]);
		assert_read(lengths[i], bytes, lengths[i]); /* no more than may be */
		write_file(bytes, lengths[i] + 1);
		assert_refused(path, lengths[i], -EFBIG);
	}
}

/* A signal, or a pipe, may give a part. */
static void test_parts(void **state)
{
	(void)state;
	write_file("0123456789", 10);
	read_most = 3;
	assert_read(10, "0123456789", 10);
	read_most = 0;
	read_error = EINTR;
	assert_read(10, "0123456789", 10);
	read_error = EIO;
	assert_refused(path, 10, -EIO);
}

static void test_byte_order_mark(void **state)
{
	static const struct {
		const char *bytes, *wanted;
	} cases[] = {
		{"\xef\xbb\xbf"
		 "abc",
		 "abc"},
		{"\xef\xbb\xbf", ""},
		{"\xef\xbb", "\xef\xbb"},
		{"\xef\xbb"
		 "abc",
		 "\xef\xbb"
		 "abc"},
		{"abc\xef\xbb\xbf", "abc\xef\xbb\xbf"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		write_file(cases[i].bytes, strlen(cases[i].bytes));
		assert_read(100, cases[i].wanted, strlen(cases[i].wanted));
	}
}

static void test_no_text(void **state)
{
	(void)state;
	assert_refused("/nonexistent/file", 100, -ENOENT);
	assert_refused(folder, 100, -EISDIR);
	assert_refused("/proc/self/status", 100000, -EACCES);
}

/* A pipe's writer is waited for, as `--policy <(command)` needs. */
static void test_pipe(void **state)
{
	char name[32];
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "from a pipe", 11), 11);
	snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
	close(ends[1]);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(name, path), 0);
	assert_read(100, "from a pipe", 11);
	assert_true(read_blocked);
	close(ends[0]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_parts), cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_no_text), cmocka_unit_test(test_pipe),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
