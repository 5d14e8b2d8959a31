// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "socket_names.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "interface_finder.h"
#include "log.h"
#include "netns_finder.h"

#define PATIENCE_NS (2 * NS_PER_SEC)

static const char *find_service_name(void *context, enum protocol protocol, uint16_t port)
{
	return services_name(((struct socket_names *)context)->services, protocol, port);
}

static const char *find_host_name(void *context, const struct address *address, uint8_t family)
{
	return resolver_name(((struct socket_names *)context)->resolver, address, family);
}

static const char *find_cgroup_path(void *context, uint64_t id)
{
	return cgroups_path(((struct socket_names *)context)->cgroups, id);
}

/* 0 or a negative errno. */
static int read_interface_name(struct socket_names *names)
{
	const struct netns home = {.inode = netns_home(), .fd = -1}, *netns = NULL;

	if (names->interface_netns == home.inode)
		netns = &home;
	else if (names->namespaces)
		netns = netns_list_find(names->namespaces, names->interface_netns);
	return netns ? interface_read_name(netns, names->interface, names->interface_name) : -ENOENT;
}

static const char *find_interface_name(void *context, uint32_t netns, uint32_t index)
{
	struct socket_names *names = context;

	if (names->interface != index || names->interface_netns != netns) {
		names->interface = index;
		names->interface_netns = netns;
		if (read_interface_name(names))
			names->interface_name[0] = '\0';
	}
	return names->interface_name[0] ? names->interface_name : NULL;
}

int socket_names_open(struct socket_names *names, const struct socket_names_wanted *wanted)
{
	int err = 0;

	*names = (struct socket_names){.namespaces = wanted->namespaces};
	names->netns = (struct netns_view){.names = netns_names_new(&host_netns_finder), .home = netns_home()};
	names->namer = (struct socket_namer){.interface = find_interface_name, .context = names};
	if (wanted->services) {
		names->services = services_read();
		names->namer.service = find_service_name;
	}
	if (wanted->hosts) {
		names->resolver = resolver_new(PATIENCE_NS);
		names->namer.host = find_host_name;
	}
	if (wanted->cgroups) {
		names->cgroups = cgroups_read();
		err = names->cgroups ? 0 : -errno;
		names->namer.cgroup = find_cgroup_path;
	}
	if (!names->netns.names || (wanted->services && !names->services) || (wanted->hosts && !names->resolver))
		err = -ENOMEM;
	if (err)
		socket_names_close(names);
	return err;
}

void socket_names_close(struct socket_names *names)
{
	netns_names_free(names->netns.names);
	services_free(names->services);
	resolver_free(names->resolver);
	cgroups_free(names->cgroups);
	memset(names, 0, sizeof(*names));
}

void socket_names_expect(struct socket_names *names, const struct socket *socket)
{
	const struct tuple *tuple = &socket->tuple;

	if (!names->resolver || socket->protocol == PROTOCOL_UNIX)
		return;
	if (!address_is_any(&tuple->laddr))
		resolver_ask(names->resolver, &tuple->laddr, tuple->family);
	if (!address_is_any(&tuple->raddr))
		resolver_ask(names->resolver, &tuple->raddr, tuple->family);
}

void socket_names_renew(struct socket_names *names)
{
	struct cgroups *now = names->cgroups ? cgroups_read() : NULL;

	names->interface = 0;
	if (!now)
		return;
	cgroups_free(names->cgroups);
	names->cgroups = now;
}

void socket_names_warn(const struct socket_names *names)
{
	size_t count = names->resolver ? resolver_unanswered(names->resolver) : 0;

	if (count)
		log_warning("%zu %s had no name within 2 seconds: the name server does not answer, or not in time",
			    count, count == 1 ? "address" : "addresses");
}
