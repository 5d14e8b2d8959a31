// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"

enum { FIRST_ROOM = 1 << 12 };

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* U+FEFF, with which some editors begin a file */

/* Doubles the room, to at most `most` + 1 bytes, so that too long a text is noticed. One more byte is for the NUL. */
static int grow_text(char **text, size_t *room, size_t most)
{
	size_t wanted = *room ? 2 * *room : FIRST_ROOM;
	char *grown;

	if (wanted > most + 1)
		wanted = most + 1;
	grown = realloc(*text, wanted + 1);
	if (!grown)
		return -ENOMEM;
	*text = grown;
	*room = wanted;
	return 0;
}

/* Refuses a file of /proc: where a process has rights from its file, /proc shows it more of itself than its user may
 * know. */
static int refuse_proc(int fd)
{
	struct statfs system;

	if (fstatfs(fd, &system))
		return -errno;
	return system.f_type == PROC_SUPER_MAGIC ? -EACCES : 0;
}

int text_file_read(const char *path, size_t most, char **out, size_t *length)
{
	CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	CLEANUP(cleanup_free) char *text = NULL;
	size_t used = 0, room = 0;
	ssize_t got = 1;
	int err;

	if (fd < 0 || fcntl(fd, F_SETFL, 0)) /* O_NONBLOCK was for open() only: not to wait for a pipe's writer */
		return -errno;
	err = refuse_proc(fd);
	while (got) {
		if (!err && used == room)
			err = grow_text(&text, &room, most);
		if (err)
			return err;
		got = read(fd, text + used, room - used);
		if (got < 0 && errno != EINTR)
			return -errno;
		used += got > 0 ? (size_t)got : 0;
		if (used > most)
			return -EFBIG;
	}
	text[used] = '\0';
	if (used >= strlen(BYTE_ORDER_MARK) && memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
		used -= strlen(BYTE_ORDER_MARK);
		memmove(text, text + strlen(BYTE_ORDER_MARK), used + 1);
	}
	*out = text;
	*length = used;
	text = NULL;
	return 0;
}

/* Gives the new file the owner, group and mode of the old one. Where the group stays another, it gets no rights. */
static int copy_mode_and_owner(int fd, const struct stat *old)
{
	mode_t mode = old->st_mode & 0777;

	if (fchown(fd, old->st_uid, old->st_gid) && fchown(fd, (uid_t)-1, old->st_gid))
		mode &= ~(mode_t)0070;
	return fchmod(fd, mode) ? -errno : 0;
}

int text_file_begin(const char *path, char **name)
{
	struct stat old;
	bool is_there = lstat(path, &old) == 0;
	int fd, err;

	*name = NULL;
	if (is_there && S_ISLNK(old.st_mode))
		return -ELOOP;
	if (asprintf(name, "%s.XXXXXX", path) < 0) {
		*name = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(*name, O_CLOEXEC | O_NOFOLLOW); /* with O_EXCL, and mode 0600 */
	if (fd < 0)
		return -errno;
	err = is_there ? copy_mode_and_owner(fd, &old) : 0;
	return err ? text_file_end(path, *name, fd, err) : fd;
}

/* Makes the new name last: after a crash the folder could still have the old one. A file system that cannot do that, or
 * a folder that we may not read, is no failure. */
static int sync_folder_of(const char *path)
{
	CLEANUP(cleanup_close) int folder = -1;
	const char *slash = strrchr(path, '/');
	CLEANUP(cleanup_free) char *name = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

	if (!name)
		return -ENOMEM;
	folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno == EACCES ? 0 : -errno;
	return fsync(folder) && errno != EINVAL ? -errno : 0;
}

int text_file_end(const char *path, const char *name, int fd, int err)
{
	if (!err && fsync(fd) && errno != EINVAL)
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(name, path))
		err = -errno;
	if (err) {
		unlink(name);
		return err;
	}
	return sync_folder_of(path);
}
