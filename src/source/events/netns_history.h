/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The network namespaces that each snapshot found, so that a namespace that is gone can be distinguished from one that
 * cannot be found.
 */
#include "netns.h"

struct netns_past {
	uint32_t inode;
	unsigned int missed; /* snapshots in a row that did not find it */
	uint64_t busy_ns;    /* when it was last seen with sockets (CLOCK_MONOTONIC); 0: never */
};

struct netns_history {
	struct netns_past *all;
	size_t count;
	size_t room;
};

/* Notes the namespaces that exist now. A namespace missed by several snapshots in a row is forgotten. Returns 0 or
 * -ENOMEM. */
int netns_history_note(struct netns_history *history, const struct netns_list *now);

/* Lists the namespaces that the last snapshot missed, in ascending order, in `out`, which has room for history->count.
 * Returns their number. */
size_t netns_history_gone(const struct netns_history *history, uint32_t *out);

/* Returns the entry of that namespace; NULL: not known. */
struct netns_past *netns_history_find(const struct netns_history *history, uint32_t inode);

void netns_history_free(struct netns_history *history);
