// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests that a file that was replaced would outlast a crash: first its text is on the disk, then its name.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "text_file.h"

enum { SYNCS_MAX = 4 };

/* One call of fsync(), and what `path` was at that moment. */
struct sync {
	ino_t inode;
	bool is_folder;
	bool is_new;
};

static char folder[] = "/tmp/test_text_file.XXXXXX", path[sizeof(folder) + 16];
static struct sync syncs[SYNCS_MAX];
static size_t sync_count;
static int sync_errno; /* of a folder */

static bool has_new_text(void)
{
	CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[3] = "";

	return fd >= 0 && read(fd, text, sizeof(text)) == sizeof(text) && memcmp(text, "new", sizeof(text)) == 0;
}

/* Takes the place of the C library's. */
int fsync(int fd)
{
	struct stat file;

	assert_int_equal(fstat(fd, &file), 0);
	assert_true(sync_count < SYNCS_MAX);
	syncs[sync_count++] = (struct sync){file.st_ino, S_ISDIR(file.st_mode), has_new_text()};
	errno = sync_errno;
	return S_ISDIR(file.st_mode) && sync_errno ? -1 : 0;
}

static int replace_text(const char *at, const char *text)
{
	CLEANUP(cleanup_free) char *name = NULL;
	int fd = text_file_begin(at, &name), err;

	assert_true(fd >= 0);
	err = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -EIO;
	return text_file_end(at, name, fd, err);
}

static int prepare_folder(void **state)
{
	(void)state;
	sync_count = 0;
	sync_errno = 0;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/baseline", folder);
	return replace_text(path, "old") ? -1 : 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void assert_both_synced(void)
{
	struct stat file, its_folder;

	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(stat(folder, &its_folder), 0);
	assert_int_equal(sync_count, 4); /* the first two are those of the old text */
	assert_true(syncs[2].inode == file.st_ino && !syncs[2].is_folder && !syncs[2].is_new);
	assert_true(syncs[3].inode == its_folder.st_ino && syncs[3].is_folder && syncs[3].is_new);
}

static void test_text_and_name_outlast_a_crash(void **state)
{
	(void)state;
	assert_int_equal(replace_text(path, "new"), 0);
	assert_both_synced();
}

static void test_name_without_a_folder(void **state)
{
	char *here = getcwd(NULL, 0);

	(void)state;
	assert_non_null(here);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(replace_text("baseline", "new"), 0);
	assert_int_equal(chdir(here), 0);
	free(here);
	assert_both_synced();
}

/* The new text is there all the same. */
static void test_folder_that_cannot_be_synced(void **state)
{
	(void)state;
	sync_errno = EIO;
	assert_int_equal(replace_text(path, "new"), -EIO);
	assert_true(has_new_text());
	sync_errno = EINVAL; /* the file system cannot do that */
	sync_count = 0;
	assert_int_equal(replace_text(path, "new"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_text_and_name_outlast_a_crash, prepare_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_name_without_a_folder, prepare_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_folder_that_cannot_be_synced, prepare_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
