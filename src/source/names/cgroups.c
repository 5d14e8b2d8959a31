// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cgroups.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup_tree.h"
#include "errno_kind.h"
#include "index.h"
#include "privileges.h"

struct group {
	struct link by_id;
	char path[];
};

struct cgroups {
	struct index by_id;
};

static int add_cgroup(struct cgroups *cgroups, uint64_t id, const char *path)
{
	size_t size = strlen(path) + 1;
	struct group *group = malloc(sizeof(*group) + size);

	if (!group)
		return -ENOMEM;
	memcpy(group->path, path, size);
	index_insert(&cgroups->by_id, &group->by_id, id);
	return 0;
}

static int read_cgroup_tree(struct cgroups *cgroups, const char *root)
{
	char *paths[] = {(char *)root, NULL};
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	size_t skip = strlen(root);
	const FTSENT *entry;
	int err = 0;

	while (tree && !err && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_D)
			err = add_cgroup(cgroups, entry->fts_statp->st_ino,
					 entry->fts_path[skip] ? entry->fts_path + skip : "/");
		else if (entry->fts_info != FTS_DP && errno_is_resource(-entry->fts_errno))
			err = -entry->fts_errno;
	}
	if (!err && errno_is_resource(-errno)) /* fts_open() and fts_read() set it, to 0 at the end of the tree */
		err = -errno;
	if (tree)
		fts_close(tree);
	return err;
}

struct cgroups *cgroups_read(void)
{
	WITH_PRIVILEGES;
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));
	const char *root = cgroup_tree();
	int err;

	if (!cgroups)
		return NULL;
	err = index_init(&cgroups->by_id);
	if (!err && root)
		err = read_cgroup_tree(cgroups, root);
	if (err) {
		cgroups_free(cgroups);
		errno = -err;
		return NULL;
	}
	return cgroups;
}

void cgroups_free(struct cgroups *cgroups)
{
	struct link *link, *next;
	size_t bucket;

	if (!cgroups)
		return;
	for (link = cgroups->by_id.buckets ? index_each(&cgroups->by_id, NULL, &bucket) : NULL; link; link = next) {
		next = index_each(&cgroups->by_id, link, &bucket);
		free(LINK_OWNER(link, struct group, by_id));
	}
	index_free(&cgroups->by_id);
	free(cgroups);
}

const char *cgroups_path(const struct cgroups *cgroups, uint64_t id)
{
	const struct link *link = index_find(&cgroups->by_id, id);

	return link ? LINK_OWNER(link, struct group, by_id)->path : NULL;
}
