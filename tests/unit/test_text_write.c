// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the replacing of small files: whose the new file is, and that the old one stays where anything fails. Some
 * system calls fail on demand.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "text_file.h"

static char folder[] = "/tmp/test_text_write.XXXXXX", path[sizeof(folder) + 16];

static struct {
	int owner, group; /* of giving the new file both, or the group alone */
	int sync, close, rename, open_folder;
} errors; /* 0: the call succeeds */

static bool renames_nothing;
static char opened_folder[256];

static int end_call(int error)
{
	errno = error;
	return error ? -1 : 0;
}

/* These functions take the places of the C library's. */

int fchown(int fd, uid_t owner, gid_t group)
{
	struct stat old;

	(void)fd;
	assert_int_equal(stat(path, &old), 0);
	assert_int_equal(group, old.st_gid);
	assert_true(owner == old.st_uid || owner == (uid_t)-1);
	return end_call(owner == (uid_t)-1 ? errors.group : errors.owner);
}

int fsync(int fd)
{
	struct stat file;

	assert_int_equal(fstat(fd, &file), 0);
	return end_call(S_ISREG(file.st_mode) ? errors.sync : 0);
}

int close(int fd)
{
	syscall(SYS_close, fd);
	return end_call(errors.close);
}

int rename(const char *from, const char *to)
{
	if (errors.rename || renames_nothing)
		return end_call(errors.rename);
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int open(const char *name, int flags, ...)
{
	assert_true(flags & O_DIRECTORY); /* nothing else is opened by its name here */
	snprintf(opened_folder, sizeof(opened_folder), "%s", name);
	return errors.open_folder ? end_call(errors.open_folder) : (int)syscall(SYS_openat, AT_FDCWD, name, flags);
}

/* ---- the file ---- */

static void write_old_file(mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs("old", file) >= 0);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static int make_folder(void **state)
{
	(void)state;
	memset(&errors, 0, sizeof(errors));
	renames_nothing = false;
	umask(022);
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/baseline", folder);
	write_old_file(0644);
	return 0;
}

/* Fails where a new file was left behind. */
static int remove_folder(void **state)
{
	(void)state;
	memset(&errors, 0, sizeof(errors));
	unlink(path);
	return rmdir(folder);
}

static int replace_text(int err)
{
	char *name;
	int fd = text_file_begin(path, &name);

	assert_true(fd >= 0);
	assert_int_equal(strncmp(name, path, strlen(path)), 0);
	assert_int_equal(write(fd, "new", 3), 3);
	err = text_file_end(path, name, fd, err);
	free(name);
	return err;
}

static void assert_file(const char *wanted, mode_t mode)
{
	FILE *file = fopen(path, "r");
	char text[8] = "";
	struct stat found;

	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_string_equal(text, wanted);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 07777, mode);
}

/* ---- whose it is ---- */

/* Where the new file's group is not the old one's, the group gets no rights. */
static void test_mode(void **state)
{
	static const struct {
		mode_t old;
		int owner, group;
		mode_t wanted;
	} cases[] = {
		{0644, 0, 0, 0644},         {0600, 0, 0, 0600},  {0660, EPERM, 0, 0660},
		{0664, EPERM, EPERM, 0604}, {04755, 0, 0, 0755}, /* a text is no program */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		write_old_file(cases[i].old);
		errors.owner = cases[i].owner;
		errors.group = cases[i].group;
		assert_int_equal(replace_text(0), 0);
		assert_file("new", cases[i].wanted);
	}
}

static void test_new_file_is_its_owners_alone(void **state)
{
	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(replace_text(0), 0);
	assert_file("new", 0600);
}

static void test_what_is_not_replaced(void **state)
{
	char *name = NULL, other[sizeof(path) + 8];

	(void)state;
	assert_int_equal(text_file_begin("/nonexistent/folder/file", &name), -ENOENT);
	free(name);
	snprintf(other, sizeof(other), "%s.old", path);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(text_file_begin(path, &name), -ELOOP);
	assert_null(name);
	unlink(other);
}

/* ---- failures ---- */

static void test_old_file_stays(void **state)
{
	static const struct {
		int given, sync, close, rename, wanted;
	} cases[] = {
		{.given = -ENOSPC, .wanted = -ENOSPC},
		{.sync = EIO, .wanted = -EIO},
		{.close = EDQUOT, .wanted = -EDQUOT},
		{.rename = EACCES, .wanted = -EACCES},
		{.given = -ENOSPC, .sync = EIO, .close = EDQUOT, .rename = EACCES, .wanted = -ENOSPC}, /* the first */
		{.sync = EIO, .close = EDQUOT, .wanted = -EIO},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *name;
		int fd = text_file_begin(path, &name);

		errors.sync = cases[i].sync;
		errors.close = cases[i].close;
		errors.rename = cases[i].rename;
		assert_int_equal(text_file_end(path, name, fd, cases[i].given), cases[i].wanted);
		memset(&errors, 0, sizeof(errors));
		assert_int_equal(access(name, F_OK), -1);
		assert_file("old", 0644);
		free(name);
	}
}

static void test_what_cannot_be_synced(void **state)
{
	(void)state;
	errors.sync = EINVAL; /* a file system that has no need of it */
	assert_int_equal(replace_text(0), 0);
	assert_file("new", 0644);
	errors.sync = 0;
	errors.open_folder = EACCES; /* we may write there, and not read */
	assert_int_equal(replace_text(0), 0);
	errors.open_folder = EMFILE;
	assert_int_equal(replace_text(0), -EMFILE);
}

static void test_folder_that_is_synced(void **state)
{
	static const struct {
		const char *path, *folder;
	} cases[] = {{"/file", "/"}, {"/tmp/file", "/tmp/"}, {"file", "."}, {"./file", "./"}};

	(void)state;
	renames_nothing = true;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *name;
		int fd = text_file_begin(path, &name);

		assert_int_equal(text_file_end(cases[i].path, name, fd, 0), 0);
		assert_string_equal(opened_folder, cases[i].folder);
		unlink(name);
		free(name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mode, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_new_file_is_its_owners_alone, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_what_is_not_replaced, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_old_file_stays, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_synced, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_folder_that_is_synced, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
