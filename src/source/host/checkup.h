/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the facts of this host mean for tcpledger: can it trace, what does it have to do without, and what to do about
 * that. Pure: from facts (host_facts.h) to words.
 */
#include <stdbool.h>
#include <stddef.h>

#include "host_facts.h"

enum check_state { CHECK_NO, CHECK_PARTLY, CHECK_YES };

enum { CHECK_TEXT = 1024, CHECKUP_MAX = 20 };

/* Texts may hold what others chose (a release, a device): not escaped. */
struct check {
	const char *name; /* a name in JSON: never changes */
	enum check_state state;
	bool needed;            /* where it says no, nothing can be traced */
	char found[CHECK_TEXT]; /* without a full stop, as the other two; a sentence or several */
	char cost[CHECK_TEXT];  /* "" when there is none */
	char remedy[CHECK_TEXT];
};

struct checkup {
	struct check checks[CHECKUP_MAX]; /* what others depend on comes first */
	size_t count;
};

/* How tracing goes on this host. */
struct outlook {
	bool runs;
	/* 1: with iterators and programs at a function's exit; 2: with iterators; 3: with /proc alone. 0: not at all.
	 */
	unsigned int tier;
	bool exact_snapshot;  /* by iterators; else from /proc */
	bool owner_at_accept; /* told by the kernel; else found by a scan soon after */
};

/* Said at each start too. */
#define COST_OF_HIDDEN_OWNERS "owners of sockets that other users' processes opened before stay unknown (-)"
#define COST_OF_HIDDEN_NETNS  "network namespaces that only other users' processes are in are not looked into"
#define COST_OF_PID_NAMESPACE                                                                                          \
	"events name processes by the host's numbers, and only those of this namespace are found in /proc"

void checkup_judge(const struct host_facts *facts, struct checkup *checkup);

/* Adds what came of loading and attaching the real programs: 0 or a negative errno. */
void checkup_add_program(struct checkup *checkup, const struct host_facts *facts, int err);

struct outlook checkup_outlook(const struct checkup *checkup, const struct host_facts *facts);

/* The first that nothing can be traced for; NULL: there is none. */
const struct check *checkup_obstacle(const struct checkup *checkup);

/* What to do where something was refused with `err` (a negative errno) for want of descriptors or of memory; NULL: it
 * was not for that. */
const char *checkup_remedy_of_shortage(int err);

const char *check_state_name(enum check_state state);
