/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The names of this host that a list of sockets may show: services, hosts, interfaces, control groups.
 */
#include <net/if.h>

#include "cgroups.h"
#include "resolver.h"
#include "services.h"
#include "socket_words.h"

struct list_words {
	struct socket_words words; /* for the sinks */
	struct services *services; /* NULL: ports are numbers */
	struct resolver *resolver; /* NULL: addresses are numbers */
	struct cgroups *cgroups;   /* NULL: groups are not told */
	uint32_t home;             /* the network namespace whose interfaces we can name */
	uint32_t interface;        /* the one that `interface_name` is of; 0: none */
	char interface_name[IF_NAMESIZE];
};

struct list_wishes {
	bool services, hosts, cgroups;
};

/* 0 or -ENOMEM. */
int list_words_open(struct list_words *words, const struct list_wishes *wishes);
void list_words_close(struct list_words *words);

/* Whose names will be wanted. */
void list_words_expect(struct list_words *words, const struct socket *socket);

/* Says which were not to be had. */
void list_words_warn(const struct list_words *words);
