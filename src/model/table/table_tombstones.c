// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tombstones: addresses of sockets that died while an exact snapshot is taken. A row of such an address may still be on
 * its way, and does not count any more. */
#include <errno.h>
#include <stdlib.h>

#include "table_internal.h"

struct tombstone {
	struct link by_sk;
};

int table_tombstone_add(struct table *table, uint64_t sk)
{
	struct tombstone *tombstone;

	if (!table->keeps_tombstones || index_find(&table->dead, sk))
		return 0;
	tombstone = calloc(1, sizeof(*tombstone));
	if (!tombstone)
		return -ENOMEM;
	index_insert(&table->dead, &tombstone->by_sk, sk);
	return 0;
}

void table_tombstone_remove(struct table *table, uint64_t sk)
{
	struct link *link = table->keeps_tombstones ? index_find(&table->dead, sk) : NULL;

	if (!link)
		return;
	index_remove(&table->dead, link);
	free(LINK_OWNER(link, struct tombstone, by_sk));
}

void table_tombstones_clear(struct table *table)
{
	struct link *link, *next;
	size_t bucket;

	for (link = index_each(&table->dead, NULL, &bucket); link; link = next) {
		next = index_each(&table->dead, link, &bucket);
		index_remove(&table->dead, link);
		free(LINK_OWNER(link, struct tombstone, by_sk));
	}
	index_fit(&table->dead);
	table->keeps_tombstones = false;
}
