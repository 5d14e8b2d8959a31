// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct tally_entry {
	struct link link;
	struct tally_count seen;
};

static struct tally_entry *tally_entry_of(struct link *link)
{
	return LINK_OWNER(link, struct tally_entry, link);
}

int tally_init(struct tally *tally)
{
	*tally = (struct tally){0};
	return index_init(&tally->index);
}

void tally_free(struct tally *tally)
{
	size_t bucket;

	if (!tally->index.buckets)
		return;
	for (struct link *link = index_each(&tally->index, NULL, &bucket), *next; link; link = next) {
		next = index_each(&tally->index, link, &bucket);
		free(tally_entry_of(link));
	}
	index_free(&tally->index);
}

static int compare_tally_keys(const struct tally_key *a, const struct tally_key *b)
{
	int order = strncmp(a->name, b->name, COMM_LEN);

	if (!order)
		order = memcmp(a->address.bytes, b->address.bytes, ADDRESS_LEN);
	if (!order)
		order = (a->family > b->family) - (a->family < b->family);
	return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* Hashes the members that compare_tally_keys() compares. */
static uint64_t hash_tally_key(const struct hash_secret *secret, const struct tally_key *key)
{
	uint64_t words[5] = {(uint64_t)key->number << 8 | key->family};

	_Static_assert(ADDRESS_LEN == 16 && COMM_LEN == 16, "two words each");
	memcpy(words + 1, key->address.bytes, ADDRESS_LEN);
	memcpy(words + 3, key->name, strnlen(key->name, COMM_LEN));
	return hash_words(secret, words, 5);
}

int tally_add(struct tally *tally, const struct tally_key *key)
{
	uint64_t hashed = hash_tally_key(&tally->index.secret, key);
	struct link *link = index_find(&tally->index, hashed);
	struct tally_entry *entry;

	while (link && compare_tally_keys(&tally_entry_of(link)->seen.key, key) != 0)
		link = index_find_next(link);
	if (link) {
		entry = tally_entry_of(link);
	} else {
		entry = calloc(1, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		entry->seen.key = *key;
		index_insert(&tally->index, &entry->link, hashed);
	}
	entry->seen.count++;
	tally->total++;
	return 0;
}

int tally_add_owners(struct tally *tally, const struct owner *owners, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		struct tally_key key = {.number = owners[i].pid};

		if (i && owners[i].pid == owners[i - 1].pid)
			continue;
		memcpy(key.name, owners[i].comm, sizeof(key.name));
		err = tally_add(tally, &key);
	}
	return err;
}

struct owner tally_owner(const struct tally_key *key)
{
	struct owner owner = {.pid = key->number, .fd = FD_UNKNOWN};

	memcpy(owner.comm, key->name, sizeof(owner.comm));
	return owner;
}

static bool is_count_before(const struct tally_count *a, const struct tally_count *b)
{
	return a->count != b->count ? a->count > b->count : compare_tally_keys(&a->key, &b->key) < 0;
}

size_t tally_top(const struct tally *tally, struct tally_count *out, size_t most)
{
	size_t count = 0, bucket;

	for (struct link *link = index_each(&tally->index, NULL, &bucket); link;
	     link = index_each(&tally->index, link, &bucket)) {
		const struct tally_count *seen = &tally_entry_of(link)->seen;
		size_t at = count;

		while (at && is_count_before(seen, &out[at - 1]))
			at--;
		if (at == most)
			continue;
		count += count < most;
		memmove(&out[at + 1], &out[at], (count - at - 1) * sizeof(*out));
		out[at] = *seen;
	}
	return count;
}
