/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Judges the facts of this host: can tcpledger trace, what does it have to do without, and what can be done about that.
 * Pure: turns facts (host_facts.h) into words.
 */
#include <stdbool.h>
#include <stddef.h>

#include "host_facts.h"

enum check_state { CHECK_NO, CHECK_PARTLY, CHECK_YES };

enum { CHECK_TEXT = 1024, CHECKUP_MAX = 20 };

/* Texts may hold names that others chose (a release, a device). They are not escaped. */
struct check {
	const char *name; /* a name in JSON: never changes */
	enum check_state state;
	bool needed;            /* where `state` is CHECK_NO, nothing can be traced */
	char found[CHECK_TEXT]; /* a sentence or several, without a full stop at the end, as the other two texts */
	char cost[CHECK_TEXT];  /* "" when there is none */
	char remedy[CHECK_TEXT];
};

struct checkup {
	struct check checks[CHECKUP_MAX]; /* checks that others depend on come first */
	size_t count;
};

/* How tcpledger can trace on this host. */
struct outlook {
	bool runs;
	/* 1: with iterators and programs at a function's exit; 2: with iterators; 3: with /proc alone; 0: not at all */
	unsigned int tier;
	bool exact_snapshot;  /* by iterators; else from /proc */
	bool owner_at_accept; /* reported by the kernel; else found by a scan soon after */
};

/* Logged at each start too. */
#define COST_OF_HIDDEN_OWNERS "owners of sockets that other users' processes opened before stay unknown (-)"
#define COST_OF_HIDDEN_NETNS  "network namespaces that only other users' processes are in are not looked into"
#define COST_OF_PID_NAMESPACE                                                                                          \
	"processes of other PID namespaces have no number here, and are not found among the holders of sockets"

void checkup_judge(const struct host_facts *facts, struct checkup *checkup);

/* Adds the check of the real programs. `err`: the result of loading and attaching them, 0 or a negative errno. */
void checkup_add_program(struct checkup *checkup, const struct host_facts *facts, int err);

struct outlook checkup_outlook(const struct checkup *checkup, const struct host_facts *facts);

/* Returns the first check because of which nothing can be traced; NULL: there is none. */
const struct check *checkup_obstacle(const struct checkup *checkup);

/* Returns advice where something was refused with `err` (a negative errno) for want of descriptors or of memory; NULL:
 * it was refused for another reason. */
const char *checkup_remedy_of_errno(int err);

const char *check_state_name(enum check_state state);
