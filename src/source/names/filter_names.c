// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "filter_names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "log.h"
#include "netns.h"
#include "netns_finder.h"
#include "parse.h"
#include "services.h"

static int look_up_service(void *context, const char *name, uint16_t *port)
{
	const struct servent *entry = getservbyname(name, "tcp");

	(void)context;
	if (!entry)
		entry = getservbyname(name, NULL); /* of UDP alone */
	if (!entry)
		return -ENOENT;
	*port = ntohs((uint16_t)entry->s_port);
	return 0;
}

static bool find_near_service(void *context, const char *name, char out[SERVICE_NAME_SIZE])
{
	struct services *services = services_read();
	const char *near = services ? services_nearest(services, name) : NULL;

	(void)context;
	if (near)
		snprintf(out, SERVICE_NAME_SIZE, "%s", near);
	services_free(services);
	return near;
}

/* The name of a file, but not one that stands for something else as well. */
static bool is_file(const char *word, struct netns_choice *choice)
{
	char name[NETNS_NAME_MAX + 2];

	unescape(name, sizeof(name), word);
	if (!strcmp(name, NETNS_HOST_NAME) || netns_of_file(name, &choice->inodes[0]))
		return false;
	choice->count = 1;
	return true;
}

static bool is_known(uint32_t inode)
{
	struct netns_known *all = NULL;
	size_t count = 0;
	bool found = netns_know_all(&all, &count) != 0; /* who can tell? */

	for (size_t i = 0; i < count && !found; i++)
		found = all[i].inode == inode;
	free(all);
	return found;
}

/* There may be nothing but sockets in it, of which nothing tells before they do something. */
static bool is_inode(const char *word, struct netns_choice *choice)
{
	if (parse_u32(word, NETNS_SMALLEST_INODE, UINT32_MAX, &choice->inodes[0]))
		return false;
	choice->count = 1;
	if (!is_known(choice->inodes[0]))
		log_warning(
			"no process is in network namespace %u, and /run/netns has no name for it: it may have gone",
			choice->inodes[0]);
	return true;
}

static bool is_process(const char *word, struct netns_choice *choice, int *err)
{
	uint32_t pid;

	*err = parse_u32(word, 1, NETNS_SMALLEST_INODE - 1, &pid);
	if (!*err)
		*err = netns_of_process(pid, &choice->inodes[0]);
	if (*err)
		return false;
	choice->count = 1;
	return true;
}

/* `err`: why it is no process's number, where it looks like one. */
static void explain_process(int err, struct netns_choice *choice)
{
	char list[NETNS_LIST_SIZE], what[96];

	if (err == -ENOENT)
		snprintf(what, sizeof(what), "there is no process of this number, and ");
	else
		snprintf(what, sizeof(what), "the process may not be looked at (%.40s), and there is ", strerror(-err));
	snprintf(list, sizeof(list), "%.*s", NETNS_LIST_SIZE - 1, choice->why);
	snprintf(choice->why, sizeof(choice->why), "%s%s", what, list);
}

static int look_everywhere(const char *word, int process_err, struct netns_choice *choice)
{
	struct netns_known *all = NULL;
	size_t count = 0;
	int err = netns_know_all(&all, &count);

	if (!err)
		err = netns_choose(all, count, word, choice);
	free(all);
	if (err == -ENOENT && process_err != -EINVAL && process_err != -ERANGE)
		explain_process(process_err, choice);
	return err;
}

static int look_up_netns(void *context, const char *word, struct netns_choice *choice)
{
	int process_err;

	(void)context;
	if (is_file(word, choice) || is_inode(word, choice) || is_process(word, choice, &process_err))
		return 0;
	return look_everywhere(word, process_err, choice);
}

const struct filter_names host_names = {
	.service = look_up_service, .near_service = find_near_service, .netns = look_up_netns};
