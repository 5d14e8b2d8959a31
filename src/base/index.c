// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "index.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_BITS = 8 };

/* Keys at equal distances have hashes at equal distances, which under one secret in eight crowd into few buckets.
 * Folding the hash breaks that series. Folding maps different hashes to different values, so keys collide no more
 * often. */
static size_t find_bucket(const struct index *index, uint64_t key)
{
	uint64_t hash = hash_words(&index->bucket_secret, &key, 1);

	return (size_t)((hash ^ hash >> 32) * 0x9e3779b97f4a7c15ULL >> (64 - index->bits));
}

int index_init(struct index *index)
{
	int err;

	*index = (struct index){.bits = FIRST_BITS};
	err = hash_secret_init(&index->secret);
	if (!err)
		err = hash_secret_init(&index->bucket_secret);
	if (err)
		return err;
	index->buckets = calloc(1u << FIRST_BITS, sizeof(*index->buckets));
	return index->buckets ? 0 : -ENOMEM;
}

void index_free(struct index *index)
{
	free(index->buckets);
	index->buckets = NULL;
}

static void push_link(struct index *index, struct link *link)
{
	struct link **head = &index->buckets[find_bucket(index, link->key)];

	link->next = *head;
	*head = link;
}

static void resize_buckets(struct index *index, unsigned int bits)
{
	struct index grown = *index;

	grown.bits = bits;
	grown.buckets = calloc((size_t)1 << bits, sizeof(*grown.buckets));
	if (!grown.buckets)
		return;
	for (size_t i = 0; i < (size_t)1 << index->bits; i++) {
		struct link *next;

		for (struct link *link = index->buckets[i]; link; link = next) {
			next = link->next;
			push_link(&grown, link);
		}
	}
	free(index->buckets);
	*index = grown;
}

void index_insert(struct index *index, struct link *link, uint64_t key)
{
	if (index->count >= (size_t)1 << index->bits)
		resize_buckets(index, index->bits + 1);
	link->key = key;
	push_link(index, link);
	index->count++;
}

void index_remove(struct index *index, struct link *link)
{
	struct link **at = &index->buckets[find_bucket(index, link->key)];

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	index->count--;
}

void index_fit(struct index *index)
{
	unsigned int bits = index->bits;

	while (bits > FIRST_BITS && index->count < (size_t)1 << (bits - 3))
		bits--;
	if (bits != index->bits)
		resize_buckets(index, bits);
}

struct link *index_find(const struct index *index, uint64_t key)
{
	struct link *link = index->buckets[find_bucket(index, key)];

	while (link && link->key != key)
		link = link->next;
	return link;
}

struct link *index_find_next(const struct link *link)
{
	uint64_t key = link->key;
	struct link *next = link->next;

	while (next && next->key != key)
		next = next->next;
	return next;
}

struct link *index_each(const struct index *index, const struct link *last, size_t *bucket)
{
	if (!last)
		*bucket = 0;
	else if (last->next)
		return last->next;
	else
		++*bucket;
	for (; *bucket < (size_t)1 << index->bits; ++*bucket)
		if (index->buckets[*bucket])
			return index->buckets[*bucket];
	return NULL;
}
