/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The names of this host that a list of sockets may show: services, hosts, interfaces, control groups.
 */
#include <net/if.h>

#include "cgroups.h"
#include "netns.h"
#include "resolver.h"
#include "services.h"
#include "socket_namer.h"

struct socket_names {
	struct socket_namer namer;           /* for the sinks */
	struct services *services;           /* NULL: ports are numbers */
	struct resolver *resolver;           /* NULL: addresses are numbers */
	struct cgroups *cgroups;             /* NULL: groups are not told */
	const struct netns_list *namespaces; /* whose interfaces are named, beside our own; NULL: none */
	uint32_t interface_netns;            /* what `interface_name` is of */
	uint32_t interface;                  /* 0: of nothing yet */
	char interface_name[IF_NAMESIZE];    /* empty: it has none that we know */
};

struct socket_names_wanted {
	bool services, hosts, cgroups;
	const struct netns_list *namespaces; /* borrowed; may be filled later */
};

/* 0 or -ENOMEM. */
int socket_names_open(struct socket_names *names, const struct socket_names_wanted *wanted);
void socket_names_close(struct socket_names *names);

/* Whose names will be wanted. */
void socket_names_expect(struct socket_names *names, const struct socket *socket);

/* Before another listing: what may be called otherwise by now is read again. */
void socket_names_renew(struct socket_names *names);

/* Says which were not to be had. */
void socket_names_warn(const struct socket_names *names);
