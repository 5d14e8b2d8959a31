// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests directories that cannot be opened or read: nothing stays open, and only a process that has gone is an end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "check.h"
#include "dir.h"

static int open_errno, read_errno, opened_fd;

/* These take the places of the C library's. The streams here are none. */

DIR *fdopendir(int fd)
{
	opened_fd = fd;
	errno = open_errno;
	return open_errno ? NULL : (DIR *)&opened_fd;
}

struct dirent *readdir(DIR *dir)
{
	assert_ptr_equal(dir, &opened_fd);
	errno = read_errno ? read_errno : errno;
	return NULL;
}

static void test_ends_and_errors(void **state)
{
	static const struct {
		int error, wanted;
	} cases[] = {{0, 0}, {ENOENT, 0}, {ESRCH, 0}, {EIO, -EIO}, {EACCES, -EACCES}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct dirent *entry;
		uint32_t number;

		read_errno = cases[i].error;
		errno = EBUSY; /* an error of before says nothing */
		assert_int_equal(dir_next((DIR *)&opened_fd, &entry), cases[i].wanted);
		assert_null(entry);
		errno = EBUSY;
		assert_int_equal(dir_next_number((DIR *)&opened_fd, &number), cases[i].wanted);
	}
}

/* Also where it is the lowest of all descriptors. */
static void test_descriptor_is_kept_or_closed(void **state)
{
	(void)state;
	for (int low = 0; low < 2; low++) {
		int kept = low ? dup(STDIN_FILENO) : -1;

		if (low)
			close(STDIN_FILENO);
		open_errno = 0;
		assert_non_null(dir_open_at(AT_FDCWD, "/"));
		assert_true(fcntl(opened_fd, F_GETFD) & FD_CLOEXEC);
		assert_int_equal(opened_fd == STDIN_FILENO, low);
		close(opened_fd);
		open_errno = ENOMEM;
		assert_null(dir_open_at(AT_FDCWD, "/"));
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(fcntl(opened_fd, F_GETFD), -1);
		opened_fd = -1;
		assert_null(dir_open_at(AT_FDCWD, "/nonexistent"));
		assert_int_equal(opened_fd, -1);
		if (kept >= 0)
			dup2(kept, STDIN_FILENO);
		close(kept);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_and_errors),
		cmocka_unit_test(test_descriptor_is_kept_or_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
