// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "namespaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ending.h"
#include "log.h"

int namespaces_find(const struct socket_options *options, struct netns_list *out)
{
	struct netns *here;

	if (options->all_netns || filter_topics(options->filter.filter) & TOPIC_NETNS) {
		int err = netns_discover(out);

		if (!err && out->err) { /* some would be left out */
			err = out->err;
			netns_list_free(out);
		}
		if (err != -ENOENT)
			return err;
		log_error(
			"/proc is not mounted: the network namespaces of this host cannot be found. Mount it: mount -t proc proc /proc");
		return ERR_REPORTED;
	}
	here = calloc(1, sizeof(*here));
	if (!here)
		return -ENOMEM;
	*here = sockets_here();
	*out = (struct netns_list){.all = here, .count = 1, .room = 1};
	return 0;
}

/* True for an error that ends the whole listing, and not only that of one namespace. */
static bool ends_whole_listing(int err)
{
	return err == -EPIPE || err == -ENOMEM || err == -ENOSPC;
}

static void report_unreadable_netns(const struct netns *netns, enum protocol which, int err)
{
	log_error("the %s%ssockets of network namespace %u cannot be read: %s",
		  which < PROTOCOL_COUNT ? protocol_name(which) : "", which < PROTOCOL_COUNT ? " " : "", netns->inode,
		  strerror(-err));
}

int namespaces_each_socket(const struct netns_list *namespaces, const struct socket_options *options,
			   const struct socket_query *query, socket_handler *handler, void *context)
{
	bool reported = false;

	for (size_t i = 0; i < namespaces->count; i++) {
		const struct netns *netns = &namespaces->all[i];
		enum protocol which;
		int err;

		if (!filter_may_pass_in(options->filter.filter, netns->inode))
			continue;
		err = sockets_each(netns, options->socket_source, query, handler, context, &which);
		if (ends_whole_listing(err))
			return err;
		if (!err || (err == -ESRCH && namespaces->count > 1)) /* -ESRCH: the namespace has gone meanwhile */
			continue;
		report_unreadable_netns(netns, which, err);
		reported = true;
	}
	return reported ? ERR_REPORTED : 0;
}
