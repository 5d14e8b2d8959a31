// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>

#include "netns.h"

static int look_up_service(void *context, const char *name, uint16_t *port)
{
	const struct servent *entry = getservbyname(name, "tcp");

	(void)context;
	if (!entry)
		return -ENOENT;
	*port = ntohs((uint16_t)entry->s_port);
	return 0;
}

static int look_up_netns(void *context, const char *name, uint32_t *inode)
{
	(void)context;
	return netns_lookup(name, inode);
}

const struct filter_names host_names = {.service = look_up_service, .netns = look_up_netns};
