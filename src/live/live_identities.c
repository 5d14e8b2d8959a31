// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who the processes are that events name. A process may be gone within milliseconds, so its identity is read as the
 * event comes in, and goes into the table with it.
 */
#include <stdlib.h>

#include "grow.h"
#include "live_internal.h"

static struct identity *find_identity(struct live *live, const struct event *event, const struct owner *owner)
{
	if (event->lineage)
		return identities_of_caller(live->identities, owner, event->lineage);
	return identities_of_holder(live->identities, owner, live->identity_round);
}

static void identify_owner(struct live *live, const struct event *event, struct owner *owner)
{
	owner->identity = find_identity(live, event, owner);
	live->unidentified = live->unidentified || !owner->identity;
	identity_ref(owner->identity);
}

/* Copies the owners of the event, each with its identity. Where memory is short, they stay as they are. */
static void identify_owners(struct live *live, struct event *event)
{
	struct live_named *named = &live->named;

	for (size_t i = 0; i < event->owner_count; i++) {
		if (!GROW(named->owners, i, named->room, 4))
			return;
		named->owners[i] = event->owners[i];
		identify_owner(live, event, &named->owners[i]);
		named->count = i + 1;
	}
	event->owners = named->owners;
}

/* Does the same for holders that are known by the inode only. */
static void identify_held_sockets(struct live *live, struct event *event)
{
	struct live_named *named = &live->named;

	named->held = reallocarray(NULL, event->held_count, sizeof(*named->held));
	if (!named->held)
		return;
	for (size_t i = 0; i < event->held_count; i++) {
		named->held[i] = event->held[i];
		identify_owner(live, event, &named->held[i].owner);
	}
	named->held_count = event->held_count;
	event->held = named->held;
}

void live_identify(struct live *live, struct event *event)
{
	if (event->kind == EVENT_SNAPSHOT_BEGIN)
		live->identity_round++;
	if (event->owner_count)
		identify_owners(live, event);
	if (event->held_count)
		identify_held_sockets(live, event);
}

void live_release_identities(struct live *live)
{
	struct live_named *named = &live->named;

	for (size_t i = 0; i < named->count; i++)
		identity_unref(named->owners[i].identity);
	for (size_t i = 0; i < named->held_count; i++)
		identity_unref(named->held[i].owner.identity);
	free(named->held);
	named->held = NULL;
	named->held_count = 0;
	named->count = 0;
}
