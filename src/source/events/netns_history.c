// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns_history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "grow.h"

/* Snapshots in a row that miss a namespace before it is forgotten. By then the table has ended everything that was in
 * the namespace, for which two are enough. */
enum { FORGET_AFTER = 8 };

static int append_netns_past(struct netns_history *history, uint32_t inode)
{
	if (!GROW(history->all, history->count, history->room, 16))
		return -ENOMEM;
	history->all[history->count++] = (struct netns_past){.inode = inode};
	return 0;
}

struct netns_past *netns_history_find(const struct netns_history *history, uint32_t inode)
{
	for (size_t i = 0; i < history->count; i++)
		if (history->all[i].inode == inode)
			return &history->all[i];
	return NULL;
}

static void forget_long_gone(struct netns_history *history)
{
	size_t kept = 0;

	for (size_t i = 0; i < history->count; i++)
		if (history->all[i].missed < FORGET_AFTER)
			history->all[kept++] = history->all[i];
	history->count = kept;
}

int netns_history_note(struct netns_history *history, const struct netns_list *now)
{
	int err = 0;

	for (size_t i = 0; i < history->count; i++)
		history->all[i].missed++;
	for (size_t i = 0; i < now->count && !err; i++) {
		struct netns_past *past = netns_history_find(history, now->all[i].inode);

		if (past)
			past->missed = 0;
		else
			err = append_netns_past(history, now->all[i].inode);
	}
	forget_long_gone(history);
	return err;
}

size_t netns_history_gone(const struct netns_history *history, uint32_t *out)
{
	size_t count = 0;

	for (size_t i = 0; i < history->count; i++)
		if (history->all[i].missed)
			out[count++] = history->all[i].inode;
	qsort(out, count, sizeof(*out), event_compare_netns);
	return count;
}

void netns_history_free(struct netns_history *history)
{
	free(history->all);
	memset(history, 0, sizeof(*history));
}
