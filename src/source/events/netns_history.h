/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Which network namespaces were there, look by look: so that one that is gone can be told from one that cannot be
 * found.
 */
#include "netns.h"

struct netns_past {
	uint32_t inode;
	unsigned int missed; /* looks in a row */
	uint64_t busy_ns;    /* when it was last found to have sockets (CLOCK_MONOTONIC); 0: never */
};

struct netns_history {
	struct netns_past *all;
	size_t count;
	size_t room;
};

/* What is there now. 0 or -ENOMEM. One that is missed for some looks is forgotten. */
int netns_history_note(struct netns_history *history, const struct netns_list *now);

/* Those that the last look missed, in ascending order, into `out` of at least history->count. How many. */
size_t netns_history_gone(const struct netns_history *history, uint32_t *out);

/* One that the last look found; NULL: it is not known. */
struct netns_past *netns_history_find(const struct netns_history *history, uint32_t inode);

void netns_history_free(struct netns_history *history);

/* For qsort() and bsearch() of inodes. */
int netns_compare(const void *a, const void *b);
