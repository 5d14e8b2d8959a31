/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A hash index over structs that carry their own links. An entry takes 16 bytes, where a general hash table takes three
 * to four times that: this keeps a million connections affordable. Several entries may have the same key; the caller
 * decides what a key means.
 *
 * A stranger may choose the keys. Each index draws secrets of its own, so that any two different keys share a bucket
 * with the probability 1 / buckets. A key that stands for something longer is its hash under the index's secret
 * (hash.h). The order of the entries differs from index to index.
 */
#include <stddef.h>
#include <stdint.h>

#include "hash.h"

struct link {
	struct link *next;
	uint64_t key;
};

struct index {
	struct link **buckets; /* 1 << bits of them */
	unsigned int bits;
	size_t count;
	struct hash_secret secret;        /* for the caller's keys that are hashes */
	struct hash_secret bucket_secret; /* from key to bucket: independent of the other */
};

/* Returns 0, -ENOMEM, or the error of hash_secret_init(). After an error index_free() may be called. */
int index_init(struct index *index);
void index_free(struct index *index); /* the entries are the caller's */

/* Adds an entry, which must be in no index yet. Cannot fail: where memory for more buckets is short, chains grow. */
void index_insert(struct index *index, struct link *link, uint64_t key);
void index_remove(struct index *index, struct link *link);

/* Gives back buckets that a much smaller index no longer needs. */
void index_fit(struct index *index);

/* Return the first and the next entry with the same key, in no particular order; NULL at the end. */
struct link *index_find(const struct index *index, uint64_t key);
struct link *index_find_next(const struct link *link);

/* Walks all entries: index_each(index, NULL, &bucket) returns the first, and `last` gives the next; NULL at the end.
 * The next entry must be taken before the last one is removed. During the walk nothing may be inserted, and index_fit()
 * may not be called. */
struct link *index_each(const struct index *index, const struct link *last, size_t *bucket);

#define LINK_OWNER(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))
