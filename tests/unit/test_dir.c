// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the reading of directories: numbers, the end, and an error, which is no end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "dir.h"

static void test_numbers(void **state)
{
	char path[] = "/tmp/test_dir.XXXXXX";
	static const char *const names[] = {"0", "17", "x", "-1", "12x", "4294967296"};
	uint32_t number, sum = 0;
	int count = 0;
	DIR *dir;

	(void)state;
	assert_non_null(mkdtemp(path));
	dir = dir_open_at(AT_FDCWD, path);
	assert_non_null(dir);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_int_equal(mkdirat(dirfd(dir), names[i], 0700), 0);
	errno = EIO; /* an error of before says nothing */
	for (; dir_next_number(dir, &number) == 1; count++)
		sum += number;
	assert_int_equal(dir_next_number(dir, &number), 0);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		unlinkat(dirfd(dir), names[i], AT_REMOVEDIR);
	closedir(dir);
	rmdir(path);
	assert_int_equal(count, 2);
	assert_int_equal(sum, 17);
}

static void test_an_error_is_no_end(void **state)
{
	const struct dirent *entry;
	DIR *dir = opendir("/");
	int file = open("/dev/null", O_RDONLY);
	uint32_t number;

	(void)state;
	assert_non_null(dir);
	assert_int_equal(dup2(file, dirfd(dir)), dirfd(dir));
	close(file);
	assert_int_equal(dir_next(dir, &entry), -ENOTDIR);
	assert_int_equal(dir_next_number(dir, &number), -ENOTDIR);
	closedir(dir);
}

static void test_a_process_that_has_exited(void **state)
{
	char path[32];
	pid_t pid = fork();
	uint32_t number;
	DIR *dir;

	(void)state;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(dir_next_number(dir, &number), 0);
	closedir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_an_error_is_no_end),
		cmocka_unit_test(test_a_process_that_has_exited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
