// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cgroup_tree.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "count_of.h"
#include "privileges.h"

#define CGROUP2_MAGIC 0x63677270 /* CGROUP2_SUPER_MAGIC, linux/magic.h */

enum { FILEID_KERNFS = 0xfe }; /* include/linux/exportfs.h: the handle of a file is its inode number */

const char *cgroup_tree(void)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	struct statfs tree;

	for (size_t i = 0; i < COUNT_OF(places); i++)
		if (statfs(places[i], &tree) == 0 && tree.f_type == CGROUP2_MAGIC)
			return places[i];
	return NULL;
}

/* A file handle as name_to_handle_at() gives it of a control group. */
union group_handle {
	struct file_handle handle;
	char bytes[sizeof(struct file_handle) + sizeof(uint64_t)];
};

static int open_group(const char *tree, uint64_t id)
{
	CLEANUP(cleanup_close) int root = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union group_handle of = {.handle = {.handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS}};

	memcpy(of.handle.f_handle, &id, sizeof(id));
	return root < 0 ? -1 : open_by_handle_at(root, &of.handle, O_PATH | O_CLOEXEC);
}

/* A directory that was removed while it was open is shown with " (deleted)" behind it. */
bool cgroup_path_of(uint64_t id, char *out, size_t size)
{
	WITH_PRIVILEGES;
	const char *tree = cgroup_tree();
	CLEANUP(cleanup_close) int group = tree ? open_group(tree, id) : -1;
	char link[64], path[PATH_MAX];
	ssize_t length;
	size_t skip;

	if (group < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", group);
	length = readlink(link, path, sizeof(path) - 1);
	skip = strlen(tree);
	if (length < 0 || (size_t)length < skip || memcmp(path, tree, skip) != 0)
		return false;
	path[length] = '\0';
	return (size_t)snprintf(out, size, "%s", path[skip] ? path + skip : "/") < size;
}
