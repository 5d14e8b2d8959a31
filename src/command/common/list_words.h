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
#include "socket_words.h"

struct list_words {
	struct socket_words words;           /* for the sinks */
	struct services *services;           /* NULL: ports are numbers */
	struct resolver *resolver;           /* NULL: addresses are numbers */
	struct cgroups *cgroups;             /* NULL: groups are not told */
	const struct netns_list *namespaces; /* whose interfaces are named, beside our own; NULL: none */
	uint32_t interface_netns;            /* what `interface_name` is of */
	uint32_t interface;                  /* 0: of nothing yet */
	char interface_name[IF_NAMESIZE];    /* empty: it has none that we know */
};

struct list_wishes {
	bool services, hosts, cgroups;
	const struct netns_list *namespaces; /* borrowed; may be filled later */
};

/* 0 or -ENOMEM. */
int list_words_open(struct list_words *words, const struct list_wishes *wishes);
void list_words_close(struct list_words *words);

/* Whose names will be wanted. */
void list_words_expect(struct list_words *words, const struct socket *socket);

/* Before another listing: what may be called otherwise by now is read again. */
void list_words_renew(struct list_words *words);

/* Says which were not to be had. */
void list_words_warn(const struct list_words *words);
