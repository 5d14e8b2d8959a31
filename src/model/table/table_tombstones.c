// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Deaths while an exact snapshot is taken: no row of such an address, which may be on its way, counts any more. */
#include <errno.h>
#include <stdlib.h>

#include "table_internal.h"

struct burial {
	struct link by_sk;
};

int table_bury(struct table *table, uint64_t sk)
{
	struct burial *burial;

	if (!table->burying || index_find(&table->dead, sk))
		return 0;
	burial = calloc(1, sizeof(*burial));
	if (!burial)
		return -ENOMEM;
	index_insert(&table->dead, &burial->by_sk, sk);
	return 0;
}

void table_unbury(struct table *table, uint64_t sk)
{
	struct link *link = table->burying ? index_find(&table->dead, sk) : NULL;

	if (!link)
		return;
	index_remove(&table->dead, link);
	free(LINK_OWNER(link, struct burial, by_sk));
}

void table_unbury_all(struct table *table)
{
	struct link *link, *next;
	size_t bucket;

	for (link = index_each(&table->dead, NULL, &bucket); link; link = next) {
		next = index_each(&table->dead, link, &bucket);
		index_remove(&table->dead, link);
		free(LINK_OWNER(link, struct burial, by_sk));
	}
	index_fit(&table->dead);
	table->burying = false;
}
