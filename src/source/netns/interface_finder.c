// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interface_finder.h"

#include <errno.h>
#include <net/if.h>

#include "cleanup.h"
#include "clock.h"

_Static_assert((int)INTERFACE_NAME_SIZE == (int)IF_NAMESIZE, "one form of name");

/* ---- in one namespace ---- */

struct name_reading {
	uint32_t index;
	char *name;
};

static int read_name_here(void *context)
{
	const struct name_reading *reading = context;

	return if_indextoname(reading->index, reading->name) ? 0 : -errno;
}

int interface_read_name(const struct netns *netns, uint32_t index, char name[INTERFACE_NAME_SIZE])
{
	struct name_reading reading = {.index = index, .name = name};

	return netns_run_inside(netns, read_name_here, &reading);
}

static int find_index_here(void *name)
{
	return if_nametoindex(name) ? 0 : -errno;
}

bool interface_may_exist(const char *name)
{
	struct netns_list namespaces;
	bool may = false;

	if (if_nametoindex(name) || netns_discover(&namespaces))
		return true;
	for (size_t i = 0; i < namespaces.count && !may; i++)
		may = netns_run_inside(&namespaces.all[i], find_index_here, (void *)name) != -ENODEV;
	may = may || !namespaces.whole;
	netns_list_free(&namespaces);
	return may;
}

/* ---- the namespace of an inode ---- */

static int take_netns_file(void *context, uint32_t inode, const char *name, int *fd)
{
	struct netns *wanted = context;

	(void)name;
	if (inode != wanted->inode)
		return 0;
	wanted->fd = TAKE_FD(*fd);
	return -EEXIST; /* ends the walk */
}

static int take_netns_task(void *context, uint32_t inode, int tid)
{
	struct netns *wanted = context;

	if (inode != wanted->inode)
		return 0;
	wanted->witnesses[0] = tid;
	wanted->witness_count = 1;
	return -EEXIST;
}

/* Looks for the name by a process that is probably in the namespace; then by the file under /run/netns, or by any
 * process. */
static bool find_interface_name(void *context, uint32_t inode, uint32_t index, uint32_t pid,
				char name[INTERFACE_NAME_SIZE])
{
	struct netns netns = {.inode = inode, .witnesses = {(int)pid}, .witness_count = pid != 0, .fd = -1};
	int err = pid || inode == netns_home() ? interface_read_name(&netns, index, name) : -ESRCH;

	(void)context;
	if (err != -ESRCH)
		return !err;
	if (!netns_each_file(take_netns_file, &netns) && !netns_each_task(true, take_netns_task, &netns))
		return false;
	err = interface_read_name(&netns, index, name);
	cleanup_close(&netns.fd);
	return !err;
}

static uint64_t read_finder_clock(void *context)
{
	(void)context;
	return clock_monotonic_ns();
}

static uint64_t read_finder_cost(void *context)
{
	(void)context;
	return clock_process_ns();
}

const struct interface_finder host_interface_finder = {
	.now_ns = read_finder_clock, .spent_ns = read_finder_cost, .name = find_interface_name};
