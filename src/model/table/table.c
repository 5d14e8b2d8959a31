// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "table.h"

#include <errno.h>
#include <stdlib.h>

#include "table_internal.h"

struct table *table_new(void)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	if (index_init(&table->by_sk) || index_init(&table->by_tuple) || index_init(&table->by_inode) ||
	    index_init(&table->dead)) {
		table_free(table);
		return NULL;
	}
	return table;
}

static void drop_visited(struct table_walker *walker, struct connection *conn)
{
	table_drop(walker->table, conn);
}

void table_free(struct table *table)
{
	struct table_walker walker = {.table = table, .visit = drop_visited};

	if (!table)
		return;
	if (table->dead.buckets) { /* the last index that table_new() makes */
		table_walk(&walker);
		table_tombstones_clear(table);
	}
	index_free(&table->by_sk);
	index_free(&table->by_tuple);
	index_free(&table->by_inode);
	index_free(&table->dead);
	free(table);
}

uint64_t table_repeats(const struct table *table)
{
	return table->repeats;
}

uint64_t table_strangers(const struct table *table)
{
	return table->strangers;
}

size_t table_doubtful(const struct table *table)
{
	return table->doubtful;
}

size_t table_unheld(const struct table *table)
{
	return table->unheld;
}

size_t table_untold(const struct table *table)
{
	return table->untold;
}

bool table_starved(const struct table *table)
{
	return table->starved;
}

size_t table_minis(const struct table *table, uint8_t state)
{
	return table->minis_in[state];
}

size_t table_count(const struct table *table)
{
	return table->count;
}

void table_each(const struct table *table, void (*visit)(void *context, struct connection *conn), void *context)
{
	struct link *link = NULL;
	size_t bucket;

	while ((link = index_each(&table->by_sk, link, &bucket)))
		visit(context, BY_SK(link));
	while ((link = index_each(&table->by_tuple, link, &bucket)))
		if (BY_TUPLE(link)->by_sk.key == 0)
			visit(context, BY_TUPLE(link));
}

void table_each_mini(const struct table *table, void (*visit)(void *context, struct connection *conn), void *context)
{
	struct link *link = NULL;
	size_t bucket;

	while ((link = index_each(&table->by_tuple, link, &bucket)))
		if (BY_TUPLE(link)->mini)
			visit(context, BY_TUPLE(link));
}

void table_forget(struct table *table, uint64_t sk)
{
	struct connection *conn = table_find_sk(table, sk);

	if (conn)
		table_drop(table, conn);
}

int table_apply(struct table *table, const struct event *event, change_handler *handler, void *context)
{
	const struct change_target target = {.handler = handler, .context = context};

	switch (event->kind) {
	case EVENT_TRANSITION:
		return table_transition(table, event, &target);
	case EVENT_ACCEPT:
		return table_accept(table, event, &target);
	case EVENT_SNAPSHOT_BEGIN:
		table_begin_snapshot(table, event);
		return 0;
	case EVENT_ROW:
		return table_row(table, event, &target);
	case EVENT_MINI:
		table_mini_answer(table, event, &target);
		return 0;
	case EVENT_HOLDER:
		return table_holder(table, event, &target);
	case EVENT_SNAPSHOT_END:
		table_end_snapshot(table, event, &target);
		return 0;
	}
	return -EINVAL;
}
