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

/* ---- for those who print ---- */

struct visit {
	netns_name_visitor *name;
	netns_process_visitor *process;
	void *visitor;
};

static int visit_name(void *context, uint32_t inode, const char *name, int *fd)
{
	const struct visit *visit = context;

	(void)fd;
	visit->name(visit->visitor, inode, name);
	return 0;
}

static int visit_process(void *context, uint32_t inode, int pid)
{
	const struct visit *visit = context;

	visit->process(visit->visitor, inode, (uint32_t)pid);
	return 0;
}

static uint64_t now_ns(void *context)
{
	(void)context;
	return clock_monotonic_ns();
}

static uint32_t host(void *context)
{
	(void)context;
	return netns_host();
}

static void names(void *context, netns_name_visitor *visitor, void *its_context)
{
	struct visit visit = {.name = visitor, .visitor = its_context};

	(void)context;
	netns_each_file(visit_name, &visit);
}

/* A thread apart from its process is not worth looking at each: what it does is told under a number. */
static void processes(void *context, netns_process_visitor *visitor, void *its_context)
{
	struct visit visit = {.process = visitor, .visitor = its_context};

	(void)context;
	netns_each_task(false, visit_process, &visit);
}

static uint32_t of_process(void *context, uint32_t pid)
{
	uint32_t inode;

	(void)context;
	return netns_of_process(pid, &inode) ? 0 : inode;
}

static bool container(void *context, uint32_t pid, struct container *out)
{
	(void)context;
	return process_container(pid, out);
}

const struct netns_finder host_netns_finder = {
	.now_ns = now_ns,
	.host = host,
	.names = names,
	.processes = processes,
	.of_process = of_process,
	.container = container,
};

/* ---- for a word of the user's ---- */

struct knowledge {
	struct netns_known *all;
	size_t count, room;
};

static int add(struct knowledge *knowledge, const struct netns_known *known)
{
	for (size_t i = 0; i < knowledge->count; i++) {
		const struct netns_known *other = &knowledge->all[i];

		if (other->inode == known->inode && other->rank == known->rank && !strcmp(other->name, known->name) &&
		    !strcmp(other->container.id, known->container.id))
			return 0;
	}
	if (!GROW(knowledge->all, knowledge->count, knowledge->room, 8))
		return -ENOMEM;
	knowledge->all[knowledge->count++] = *known;
	return 0;
}

static int add_name(void *context, uint32_t inode, const char *name, int *fd)
{
	struct netns_known known = {.inode = inode, .rank = netns_rank_of(name)};

	(void)fd;
	snprintf(known.name, sizeof(known.name), "%s", name);
	return add(context, &known);
}

static int add_inode(void *context, uint32_t inode, int tid)
{
	struct netns_known known = {.inode = inode};

	(void)tid;
	return add(context, &known);
}

static int add_container(void *context, uint32_t inode, int pid)
{
	struct netns_known known = {.inode = inode, .rank = NETNS_BY_CONTAINER};

	if (!process_container((uint32_t)pid, &known.container))
		return 0;
	container_name(&known.container, known.name);
	return add(context, &known);
}

int netns_know_all(struct netns_known **all, size_t *count)
{
	struct knowledge knowledge = {0};
	struct netns_known host = {.inode = netns_host(), .rank = NETNS_HOST, .name = NETNS_HOST_NAME};
	int err = host.inode ? add(&knowledge, &host) : 0;

	if (!err)
		err = netns_each_file(add_name, &knowledge);
	if (!err)
		err = netns_each_task(true, add_inode, &knowledge);
	if (!err)
		err = netns_each_task(false, add_container, &knowledge);
	if (err == -ENOMEM) {
		free(knowledge.all);
		return err;
	}
	*all = knowledge.all; /* without /proc, what could be found all the same */
	*count = knowledge.count;
	return 0;
}
