/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names of the interfaces that sockets are bound to: each network namespace numbers its interfaces by itself. A name is
 * remembered, and looked up again once a second where it is used: interfaces come, go, and are renamed. One that has
 * gone keeps its name for a while, for the last lines of its connections.
 *
 * The finder does the looking up (source/netns/interface_finder.h).
 */
#include <stdbool.h>
#include <stdint.h>

#include "address.h"

struct interface_finder {
	/* CLOCK_MONOTONIC */
	uint64_t (*now_ns)(void *context);
	/* Processor time that this program has taken so far. */
	uint64_t (*spent_ns)(void *context);
	/* Reads the name of an interface in its namespace. `pid`: a process that may be in the namespace; 0: none is
	 * known. False: there is no such interface, or the namespace cannot be entered. */
	bool (*name)(void *context, uint32_t netns, uint32_t index, uint32_t pid, char name[INTERFACE_NAME_SIZE]);
	void *context;
};

struct interface_names;

/* `finder` is borrowed. `thrifty`: the time that looking up takes is bounded (search_credit.h), and a name that
 * is not found within it is looked up again later. NULL when index_init() fails, or memory is short. */
struct interface_names *interface_names_new(const struct interface_finder *finder, bool thrifty);
void interface_names_free(struct interface_names *names);

/* Finds the name of interface `index` in the namespace `netns`; NULL: none is known. `pid` as above. `ts_ns` is the
 * time of the event that it is asked for, not later than now; 0: now. The name is hostile text, and valid until the
 * next call. */
const char *interface_names_find(struct interface_names *names, uint32_t netns, uint32_t index, uint32_t pid,
				 uint64_t ts_ns);
