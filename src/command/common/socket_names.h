/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The names of this host that a list of sockets may show: network namespaces, services, hosts, interfaces, control
 * groups.
 */
#include <net/if.h>

#include "cgroups.h"
#include "netns.h"
#include "netns_view.h"
#include "resolver.h"
#include "services.h"
#include "socket_namer.h"

struct socket_names {
	struct netns_view netns;             /* its names are owned */
	struct socket_namer namer;           /* looks the names up in this struct */
	struct services *services;           /* NULL: ports are numbers */
	struct resolver *resolver;           /* NULL: addresses are numbers */
	struct cgroups *cgroups;             /* NULL: control groups are not shown */
	const struct netns_list *namespaces; /* to name interfaces of, beside our own; NULL: none */
	uint32_t interface_netns;            /* the inode of the namespace of `interface` */
	uint32_t interface;                  /* the one looked up last; 0: none yet */
	char interface_name[IF_NAMESIZE];    /* its name; empty: no name is known */
};

struct socket_names_wanted {
	bool services, hosts, cgroups;
	const struct netns_list *namespaces; /* borrowed; may be filled later */
};

/* Reads the names that are wanted; those of network namespaces are found when they are asked for. 0 or -ENOMEM. */
int socket_names_open(struct socket_names *names, const struct socket_names_wanted *wanted);
void socket_names_close(struct socket_names *names);

/* Asks for the host names of the socket's addresses, which will be wanted later. */
void socket_names_expect(struct socket_names *names, const struct socket *socket);

/* Called before another listing: forgets the interface, and reads the control groups again, since names may have
 * changed. */
void socket_names_renew(struct socket_names *names);

/* Warns that addresses had no name in time, and says how many. */
void socket_names_warn(const struct socket_names *names);
