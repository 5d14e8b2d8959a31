/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names of the network namespaces in the output: a name for each inode, remembered, and searched for again as
 * namespaces come and go. The kernel gives the number of a namespace that has gone to the next one made, so no name is
 * believed for long. A namespace that has gone keeps its name for a while, for the last lines of its connections. The
 * cost of searching is bounded: a twentieth of the time, where there is much to search for.
 *
 * The finder does the searching (source/netns_finder.h).
 */
#include "netns_known.h"

typedef void netns_name_visitor(void *context, uint32_t inode, const char *name);
typedef void netns_process_visitor(void *context, uint32_t inode, uint32_t pid);

struct netns_finder {
	/* CLOCK_MONOTONIC */
	uint64_t (*now_ns)(void *context);
	/* The host's own namespace; 0: not known. */
	uint32_t (*host)(void *context);
	/* Hands over each name under /run/netns, in any order. False: not all could be read. */
	bool (*names)(void *context, netns_name_visitor *visit, void *visitor);
	/* Hands over each process, with the namespace that it is in. */
	void (*processes)(void *context, netns_process_visitor *visit, void *visitor);
	/* The namespace of one process; 0: the process has gone, or may not be looked at. */
	uint32_t (*of_process)(void *context, uint32_t pid);
	/* Finds the container that a process is in; false: none is known. */
	bool (*container)(void *context, uint32_t pid, struct container *out);
	void *context;
};

struct netns_label {
	const char *name;  /* hostile text; NULL: no name is known */
	size_t length;     /* of the name */
	bool plain;        /* letters, digits, and "-._:" */
	const char *shown; /* for people: the name, escaped; or the number of the inode */
	char number[12];   /* the inode */
	size_t number_length;
};

struct netns_names;

/* `finder` is borrowed. NULL when index_init() fails, or memory is short. */
struct netns_names *netns_names_new(const struct netns_finder *finder);
void netns_names_free(struct netns_names *names);

/* Searches all names and processes, whatever it costs. Returns how many namespaces there are. */
size_t netns_names_discover(struct netns_names *names);

/* Width, in characters, of the longest name that is known. */
size_t netns_names_widest(const struct netns_names *names);

/* Finds the label of a namespace; never NULL. `pid` is a process that may be in the namespace, 0 if none is known.
 * `ts_ns` is the time of the event that is printed, not later than now. The label is valid until the next call. */
const struct netns_label *netns_names_find(struct netns_names *names, uint32_t inode, uint32_t pid, uint64_t ts_ns);
