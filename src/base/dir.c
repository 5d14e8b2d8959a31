// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dir.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "parse.h"

DIR *dir_open_at(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

/* readdir() tells its end and an error apart by errno alone. */
int dir_next(DIR *dir, const struct dirent **entry)
{
	errno = 0;
	*entry = readdir(dir);
	if (*entry)
		return 1;
	return errno == ENOENT || errno == ESRCH ? 0 : -errno;
}

int dir_next_number(DIR *dir, uint32_t *number)
{
	const struct dirent *entry;
	int got;

	while ((got = dir_next(dir, &entry)) > 0)
		if (parse_u32(entry->d_name, 0, INT32_MAX, number) == 0)
			break;
	return got;
}
