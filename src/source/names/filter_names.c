// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "filter_names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "interface_finder.h"
#include "log.h"
#include "netns.h"
#include "netns_finder.h"
#include "parse.h"
#include "services.h"
#include "users.h"

static int look_up_service(void *context, const char *name, struct service_ports *ports)
{
	(void)context;
	return services_find(name, ports);
}

/* Looks up what stands where the port does: of a raw socket, that is an IP protocol. */
static int look_up_service_or_protocol(void *context, const char *name, struct service_ports *ports)
{
	int err = look_up_service(context, name, ports), protocol_err = -ENOENT;

	if (!err || err == -ENOENT)
		protocol_err = services_find_protocol(name, ports);
	return protocol_err == -ENOENT ? err : protocol_err;
}

static int look_up_user(void *context, const char *name, uint32_t *uid)
{
	(void)context;
	return users_find(name, uid);
}

static bool find_nearest_service(void *context, const char *name, char out[SERVICE_NAME_SIZE])
{
	(void)context;
	return services_find_nearest(name, out, SERVICE_NAME_SIZE);
}

/* Takes the word for the name or the path of a file under /run/netns. */
static bool choose_netns_by_file(const char *word, struct netns_choice *choice)
{
	char name[sizeof(NETNS_FOLDER) + NETNS_NAME_MAX + 1];
	const char *file;

	unescape(name, sizeof(name), word);
	file = netns_file_of_name(name);
	if (!file || netns_of_file(file, &choice->inodes[0]))
		return false;
	choice->count = 1;
	return true;
}

static bool is_known_netns(uint32_t inode)
{
	struct netns_known *all = NULL;
	size_t count = 0;
	bool found = netns_know_all(&all, &count) != 0; /* after an error the inode is taken for known: no warning */

	for (size_t i = 0; i < count && !found; i++)
		found = all[i].inode == inode;
	free(all);
	return found;
}

/* Takes the word for an inode. An unknown inode gets a warning only: there may be nothing but sockets in the namespace,
 * and nothing shows sockets there before they do something. */
static bool choose_netns_by_inode(const char *word, struct netns_choice *choice)
{
	if (parse_u32(word, NETNS_SMALLEST_INODE, UINT32_MAX, &choice->inodes[0]))
		return false;
	choice->count = 1;
	if (!is_known_netns(choice->inodes[0]))
		log_warning(
			"no process is in network namespace %u, and /run/netns has no name for it: it may have gone",
			choice->inodes[0]);
	return true;
}

static bool choose_netns_by_pid(const char *word, struct netns_choice *choice, int *err)
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

/* Adds, at the beginning of choice->why, the reason why a word that looks like a pid means no process. `err`: that
 * reason, a negative errno. */
static void explain_missing_process(int err, struct netns_choice *choice)
{
	char list[NETNS_LIST_SIZE], what[96];

	if (err == -ENOENT)
		snprintf(what, sizeof(what), "there is no process of this number, and ");
	else
		snprintf(what, sizeof(what), "the process may not be looked at (%.40s), and there is ", strerror(-err));
	snprintf(list, sizeof(list), "%.*s", NETNS_LIST_SIZE - 1, choice->why);
	snprintf(choice->why, sizeof(choice->why), "%s%s", what, list);
}

static int search_all_netns(const char *word, int process_err, struct netns_choice *choice)
{
	struct netns_known *all = NULL;
	size_t count = 0;
	int err = netns_know_all(&all, &count);

	if (err) {
		snprintf(choice->why, sizeof(choice->why), "the network namespaces of this host cannot be read: %s",
			 strerror(-err));
		return err;
	}
	err = netns_choose(all, count, word, choice);
	free(all);
	if (err == -ENOENT && process_err != -EINVAL && process_err != -ERANGE)
		explain_missing_process(process_err, choice);
	return err;
}

static int look_up_netns(void *context, const char *word, struct netns_choice *choice)
{
	int process_err;

	(void)context;
	if (choose_netns_by_file(word, choice) || choose_netns_by_inode(word, choice) ||
	    choose_netns_by_pid(word, choice, &process_err))
		return 0;
	return search_all_netns(word, process_err, choice);
}

static void warn_of_unknown_interface(void *context, const char *name)
{
	(void)context;
	if (!interface_may_exist(name))
		log_warning("there is no interface '%s', in any network namespace", SERVICE(name));
}

static void warn_of_missing_interface(void *context, const char *name)
{
	(void)context;
	if (!interface_may_exist(name))
		log_warning("there is no interface '%s' now, in any network namespace, but one may come",
			    SERVICE(name));
}

const struct filter_names host_names = {.service = look_up_service,
					.near_service = find_nearest_service,
					.user = look_up_user,
					.netns = look_up_netns,
					.interfaces = &host_interface_finder,
					.check_interface = warn_of_unknown_interface};

const struct filter_names host_names_waiting = {.service = look_up_service,
						.near_service = find_nearest_service,
						.user = look_up_user,
						.netns = look_up_netns,
						.interfaces = &host_interface_finder,
						.check_interface = warn_of_missing_interface};

const struct filter_names host_names_of_all = {.service = look_up_service_or_protocol,
					       .near_service = find_nearest_service,
					       .user = look_up_user,
					       .has_unix_sockets = true,
					       .netns = look_up_netns,
					       .interfaces = &host_interface_finder,
					       .check_interface = warn_of_unknown_interface};
