// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dir.h"

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

int64_t dir_next_number(DIR *dir)
{
	const struct dirent *entry;
	uint32_t number;

	while ((entry = readdir(dir)))
		if (parse_u32(entry->d_name, 0, INT32_MAX, &number) == 0)
			return number;
	return -1;
}
