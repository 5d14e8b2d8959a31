// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The processes that events have named as holders of sockets. When one of them is gone, another one may hold its
 * sockets; no event tells that.
 */
#include <stdlib.h>

#include "live_internal.h"
#include "process.h"

struct known_owner {
	struct link by_pid;
};

static void note_owner(struct live *live, const struct owner *owner)
{
	struct known_owner *known;

	if (owner->pid == live->last_owner || !owner_has_number(owner))
		return;
	if (!index_find(&live->owners, owner->pid)) {
		known = malloc(sizeof(*known));
		if (!known)
			return;
		index_insert(&live->owners, &known->by_pid, owner->pid);
	}
	live->last_owner = owner->pid;
}

void live_note_owners(struct live *live, const struct event *event)
{
	for (size_t i = 0; i < event->owner_count; i++)
		note_owner(live, &event->owners[i]);
	for (size_t i = 0; i < event->held_count; i++)
		note_owner(live, &event->held[i].owner);
}

/* Forgets the owners of whom `is_over` is true. Returns how many. */
static size_t forget_owners(struct live *live, bool (*is_over)(uint32_t pid))
{
	struct link *link, *next;
	size_t bucket, forgotten = 0;

	if (!live->owners.buckets)
		return 0;
	for (link = index_each(&live->owners, NULL, &bucket); link; link = next) {
		next = index_each(&live->owners, link, &bucket);
		if (!is_over((uint32_t)link->key))
			continue;
		index_remove(&live->owners, link);
		free(LINK_OWNER(link, struct known_owner, by_pid));
		forgotten++;
	}
	index_fit(&live->owners);
	live->last_owner = 0;
	return forgotten;
}

bool live_has_lost_owner(struct live *live)
{
	return forget_owners(live, process_is_gone) > 0;
}

static bool is_over_for_all(uint32_t pid)
{
	(void)pid;
	return true;
}

void live_forget_owners(struct live *live)
{
	forget_owners(live, is_over_for_all);
	index_free(&live->owners);
}
