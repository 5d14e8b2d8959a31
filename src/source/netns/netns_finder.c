// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns_finder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "grow.h"
#include "netns.h"
#include "process.h"

/* ---- for the names in the output ---- */

/* A visitor of names or of processes, while a walk goes on. */
struct finder_visit {
	netns_name_visitor *name;
	netns_process_visitor *process;
	void *visitor; /* the context of `name` or `process` */
};

static int pass_on_netns_name(void *context, uint32_t inode, const char *name, int *fd)
{
	const struct finder_visit *visit = context;

	(void)fd;
	visit->name(visit->visitor, inode, name);
	return 0;
}

static int pass_on_netns_process(void *context, uint32_t inode, int pid)
{
	const struct finder_visit *visit = context;

	visit->process(visit->visitor, inode, (uint32_t)pid);
	return 0;
}

static uint64_t read_finder_clock(void *context)
{
	(void)context;
	return clock_monotonic_ns();
}

static uint32_t find_host_netns(void *context)
{
	(void)context;
	return netns_host();
}

static bool visit_netns_names(void *context, netns_name_visitor *visitor, void *its_context)
{
	struct finder_visit visit = {.name = visitor, .visitor = its_context};

	(void)context;
	return netns_each_file(pass_on_netns_name, &visit) == 0;
}

/* Visits processes, but not each of their threads: a thread in another namespace than its process is not worth that.
 * The output shows such a namespace by its number. */
static void visit_netns_processes(void *context, netns_process_visitor *visitor, void *its_context)
{
	struct finder_visit visit = {.process = visitor, .visitor = its_context};

	(void)context;
	netns_each_task(false, pass_on_netns_process, &visit);
}

static uint32_t find_process_netns(void *context, uint32_t pid)
{
	uint32_t inode;

	(void)context;
	return netns_of_process(pid, &inode) ? 0 : inode;
}

static bool find_process_container(void *context, uint32_t pid, struct container *out)
{
	(void)context;
	return process_container(pid, out);
}

const struct netns_finder host_netns_finder = {
	.now_ns = read_finder_clock,
	.host = find_host_netns,
	.names = visit_netns_names,
	.processes = visit_netns_processes,
	.of_process = find_process_netns,
	.container = find_process_container,
};

/* ---- for a word that the user gave ---- */

struct known_netns_list {
	struct netns_known *all;
	size_t count, room;
};

static int add_known_netns(struct known_netns_list *list, const struct netns_known *known)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct netns_known *other = &list->all[i];

		if (other->inode == known->inode && other->rank == known->rank && !strcmp(other->name, known->name) &&
		    !strcmp(other->container.id, known->container.id))
			return 0;
	}
	if (!GROW(list->all, list->count, list->room, 8))
		return -ENOMEM;
	list->all[list->count++] = *known;
	return 0;
}

static int add_netns_name(void *context, uint32_t inode, const char *file, int *fd)
{
	struct netns_known known = {.inode = inode, .rank = netns_rank_of(file)};
	char path[NETNS_NAME_MAX + 1];

	(void)fd;
	snprintf(known.name, sizeof(known.name), "%s", netns_name_of_file(file, path));
	return add_known_netns(context, &known);
}

static int add_netns_inode(void *context, uint32_t inode, int tid)
{
	struct netns_known known = {.inode = inode};

	(void)tid;
	return add_known_netns(context, &known);
}

static int add_netns_container(void *context, uint32_t inode, int pid)
{
	struct netns_known known = {.inode = inode, .rank = NETNS_BY_CONTAINER};

	if (!process_container((uint32_t)pid, &known.container))
		return 0;
	container_name(&known.container, known.name);
	return add_known_netns(context, &known);
}

/* Passes over a directory that is not there (/proc is not mounted), or may not be read: what can be found all the same
 * is worth knowing. */
static int pass_over_closed_dir(int err)
{
	return err == -ENOENT || err == -EACCES ? 0 : err;
}

int netns_know_all(struct netns_known **all, size_t *count)
{
	struct known_netns_list list = {0};
	struct netns_known host = {.inode = netns_host(), .rank = NETNS_HOST, .name = NETNS_HOST_NAME};
	int err = host.inode ? add_known_netns(&list, &host) : 0;

	if (!err)
		err = pass_over_closed_dir(netns_each_file(add_netns_name, &list));
	if (!err)
		err = pass_over_closed_dir(netns_each_task(true, add_netns_inode, &list));
	if (!err)
		err = pass_over_closed_dir(netns_each_task(false, add_netns_container, &list));
	if (err) {
		free(list.all);
		return err;
	}
	*all = list.all;
	*count = list.count;
	return 0;
}
