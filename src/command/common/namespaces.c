// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "namespaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

int namespaces_find(const struct options *options, struct netns_list *out)
{
	struct netns *here;

	if (options->list.all_netns || filter_topics(options->filter) & TOPIC_NETNS) {
		int err = netns_discover(out);

		if (err == -ENOENT)
			log_error(
				"/proc is not mounted: the network namespaces of this host cannot be found. Mount it: mount -t proc proc /proc");
		return err;
	}
	here = calloc(1, sizeof(*here));
	if (!here)
		return -ENOMEM;
	*here = sockets_here();
	*out = (struct netns_list){.all = here, .count = 1, .room = 1};
	return 0;
}

/* What ends the whole listing, and not only that of a namespace. */
static bool is_end(int err)
{
	return err == -EPIPE || err == -ENOMEM || err == -ENOSPC;
}

int namespaces_each_socket(const struct netns_list *namespaces, const struct options *options,
			   const struct socket_query *query, socket_handler *handler, void *context, bool *told)
{
	int err = 0;

	for (size_t i = 0; i < namespaces->count && !is_end(err); i++) {
		const struct netns *netns = &namespaces->all[i];
		enum protocol which;
		int failed;

		if (!filter_may_pass_in(options->filter, netns->inode))
			continue;
		failed = sockets_each(netns, options->list.socket_source, query, handler, context, &which);
		if (failed == -ESRCH && namespaces->count > 1) /* it went away meanwhile */
			continue;
		if (failed && !is_end(failed)) {
			log_error("the %s%ssockets of network namespace %u cannot be read: %s",
				  which < PROTOCOL_COUNT ? protocol_name(which) : "", which < PROTOCOL_COUNT ? " " : "",
				  netns->inode, strerror(-failed));
			*told = true;
		}
		err = failed ? failed : err;
	}
	return err;
}
