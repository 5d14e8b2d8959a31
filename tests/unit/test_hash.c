// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Hashes of keys that a stranger chooses, under secrets drawn anew in each run. By chance alone, fewer than one run in
 * 10^11 fails; each bound states its share. An event of probability p happens in at least t of n independent trials
 * with a probability of at most (n choose t) * p^t.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hash.h"
#include "index.h"

enum { SECRETS = 1000, TUPLE_WORDS = 5, INDEXES = 16 };

/* Ports and network namespace, then both addresses: all bits of these words make different tuples. */
struct words {
	uint64_t all[TUPLE_WORDS];
};

static const struct words base = {{
	0x1f900401f0000000,
	0x00000000aaaa00fd,
	0x0100000000000000,
	0x00000000aaaa00fd,
	0x123456789abcdef1,
}};

static struct hash_secret *draw_secrets(void)
{
	struct hash_secret *secrets = calloc(SECRETS, sizeof(*secrets));

	assert_non_null(secrets);
	for (int i = 0; i < SECRETS; i++)
		assert_int_equal(hash_secret_init(&secrets[i]), 0);
	return secrets;
}

/* ---- two keys under the secrets of many indexes ---- */

struct key_trial {
	struct index indexes[SECRETS];
	struct link base[SECRETS];
};

/* Probability of a failure: (1,000 choose 44) * 2^-352 < 2^-94; 4 are to be expected. */
static void try_key(struct key_trial *trial, uint64_t key)
{
	enum { ENOUGH = 44 };
	unsigned int count = 0;

	for (int i = 0; i < SECRETS; i++) {
		struct link link;

		index_insert(&trial->indexes[i], &link, key);
		count += link.next == &trial->base[i];
		index_remove(&trial->indexes[i], &link);
	}
	if (count >= ENOUGH)
		fail_msg("%llx shares a bucket in %u of %d indexes", (unsigned long long)key, count, SECRETS);
}

static void test_bits_and_sums_of_keys(void **state)
{
	static const uint64_t base_key = 4026531840;
	struct key_trial *trial = calloc(1, sizeof(*trial));

	(void)state;
	assert_non_null(trial);
	for (int i = 0; i < SECRETS; i++) {
		assert_int_equal(index_init(&trial->indexes[i]), 0);
		assert_int_equal(trial->indexes[i].bits, 8);
		index_insert(&trial->indexes[i], &trial->base[i], base_key);
	}
	for (int bit = 0; bit < 64; bit++) {
		try_key(trial, base_key ^ 1ULL << bit);
		for (int other = 0; other < bit; other++)
			try_key(trial, base_key ^ 1ULL << bit ^ 1ULL << other);
	}
	for (uint64_t step = 1; step <= 256; step++) {
		try_key(trial, base_key + step);
		try_key(trial, base_key - step);
	}
	for (int i = 0; i < SECRETS; i++)
		index_free(&trial->indexes[i]);
	free(trial);
}

/* ---- many keys in one index ---- */

/* Pairs of entries that share a bucket, as a multiple of what chance makes of them. */
static double crowding(const struct index *index)
{
	double buckets = (double)((size_t)1 << index->bits), count = (double)index->count, pairs = 0;

	for (size_t i = 0; i < (size_t)1 << index->bits; i++) {
		double length = 0;

		for (const struct link *link = index->buckets[i]; link; link = link->next)
			length++;
		pairs += length * (length - 1) / 2;
	}
	return pairs / (count * (count - 1) / 2 / buckets);
}

static double least(const double *all, size_t count)
{
	double least = all[0];

	for (size_t i = 1; i < count; i++)
		least = all[i] < least ? all[i] : least;
	return least;
}

/* An index exceeds 16 times chance with a probability of at most 1/16 (Markov), and each of 16 with 2^-64. Keys that
 * were crafted against a hash without a secret crowd alike in all. */
enum { CROWDING_MAX = 16 };

/* Inodes that all fell into the first of up to 2^13 buckets. */
static void test_crafted_inodes(void **state)
{
	enum { COUNT = 5000, BITS = 13 };
	uint64_t *inodes = calloc(COUNT, sizeof(*inodes)), inode = 0;
	struct link *links = calloc(COUNT, sizeof(*links));
	double crowdings[INDEXES];

	(void)state;
	assert_true(inodes && links);
	for (size_t i = 0; i < COUNT; i++) {
		do
			inode++;
		while (inode * 0x9e3779b97f4a7c15ULL >> (64 - BITS));
		inodes[i] = inode;
	}
	assert_true(inode <= UINT32_MAX);
	for (int i = 0; i < INDEXES; i++) {
		struct index index;

		assert_int_equal(index_init(&index), 0);
		for (size_t j = 0; j < COUNT; j++)
			index_insert(&index, &links[j], inodes[j]);
		crowdings[i] = crowding(&index);
		index_free(&index);
	}
	print_message("    %.2f times chance\n", least(crowdings, INDEXES));
	assert_true(least(crowdings, INDEXES) <= CROWDING_MAX);
	free(inodes);
	free(links);
}

/* Under a secret whose key is small, the hashes of a series are close together: the buckets must not be. The secret is
 * fixed: nothing is left to chance. */
static void test_series_under_a_weak_secret(void **state)
{
	enum { COUNT = 5000 };
	struct link *links = calloc(COUNT, sizeof(*links));

	(void)state;
	assert_non_null(links);
	for (int shift = 0; shift < 52; shift += 4) {
		struct index index;

		assert_int_equal(index_init(&index), 0);
		index.bucket_secret = (struct hash_secret){.keys = {{1, 0x0123456789abcdef}, {1, 1ULL << shift}}};
		for (size_t i = 0; i < COUNT; i++)
			index_insert(&index, &links[i], i);
		print_message("    2^%d: %.2f times chance\n", shift, crowding(&index));
		assert_true(crowding(&index) <= 2);
		index_free(&index);
	}
	free(links);
}

/* ---- secrets ---- */

static void test_each_index_has_its_own(void **state)
{
	struct index indexes[2];
	struct hash_key keys[4 * COUNT_OF(indexes->secret.keys)];
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(indexes); i++) {
		assert_int_equal(index_init(&indexes[i]), 0);
		for (size_t j = 0; j < COUNT_OF(indexes->secret.keys); j++) {
			keys[count++] = indexes[i].secret.keys[j];
			keys[count++] = indexes[i].bucket_secret.keys[j];
		}
		index_free(&indexes[i]);
	}
	assert_int_equal(count, COUNT_OF(keys));
	for (size_t i = 0; i < count; i++) /* 2 * 378 * 2^-64 < 2^-54 */
		for (size_t j = 0; j < i; j++)
			assert_true(keys[i].low != keys[j].low && keys[i].high != keys[j].high);
}

static void test_growth_keeps_the_secrets(void **state)
{
	enum { COUNT = 1000 };
	struct link *links = calloc(COUNT, sizeof(*links));
	struct hash_secret secret;
	struct index index;

	(void)state;
	assert_non_null(links);
	assert_int_equal(index_init(&index), 0);
	secret = index.secret;
	for (uint64_t i = 0; i < COUNT; i++)
		index_insert(&index, &links[i], hash_words(&index.secret, &i, 1));
	assert_memory_equal(&secret, &index.secret, sizeof(secret));
	for (uint64_t i = 0; i < COUNT; i++)
		assert_non_null(index_find(&index, hash_words(&index.secret, &i, 1)));
	index_free(&index);
	free(links);
}

/* The arithmetic for 32-bit machines, at the edges and in between. */
static void test_halves_reckon_the_same(void **state)
{
	static const uint64_t edges[] = {0,
					 1,
					 2,
					 UINT32_MAX,
					 1ULL << 32,
					 (1ULL << 32) + 1,
					 1ULL << 63,
					 INT64_MAX,
					 UINT64_MAX - 1,
					 UINT64_MAX,
					 UINT64_MAX << 32};
	struct hash_secret *secrets = draw_secrets();

	(void)state;
	for (size_t a = 0; a < COUNT_OF(edges); a++)
		for (size_t b = 0; b < COUNT_OF(edges); b++)
			for (size_t c = 0; c < COUNT_OF(edges); c++) {
				const struct hash_secret secret = {
					.keys = {{edges[c], edges[a]}, {edges[a], edges[b]}, {edges[b], edges[c]}}};
				const uint64_t words[] = {edges[c], edges[b]};

				assert_int_equal(hash_words(&secret, words, 2),
						 hash_words_by_halves(&secret, words, 2));
			}
	for (int i = 0; i < SECRETS; i++)
		assert_int_equal(hash_words(&secrets[i], base.all, TUPLE_WORDS),
				 hash_words_by_halves(&secrets[i], base.all, TUPLE_WORDS));
	free(secrets);
}

/* By hand: (3 + 5 * 2^64) + (2^64 - 1) * 2 + (2^127) * 3, the last modulo 2^128. */
static void test_known_value(void **state)
{
	static const struct hash_secret secret = {.keys = {{3, 5}, {UINT64_MAX, 0}, {0, 1ULL << 63}}};
	static const uint64_t words[] = {2, 3};

	(void)state;
	assert_int_equal(hash_words(&secret, words, 2), 7 + (1ULL << 63));
	assert_int_equal(hash_words_by_halves(&secret, words, 2), 7 + (1ULL << 63));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits_and_sums_of_keys),
		cmocka_unit_test(test_crafted_inodes),
		cmocka_unit_test(test_series_under_a_weak_secret),
		cmocka_unit_test(test_each_index_has_its_own),
		cmocka_unit_test(test_growth_keeps_the_secrets),
		cmocka_unit_test(test_halves_reckon_the_same),
		cmocka_unit_test(test_known_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
