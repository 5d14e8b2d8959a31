// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests hashes of keys that a stranger chooses, under secrets drawn anew in each run. By chance alone, fewer than one
 * run in 10^9 fails; each bound states its share. An event of probability p happens in at least t of n independent
 * trials with a probability of at most (n choose t) * p^t.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "check.h"
#include "hash.h"
#include "index.h"
#include "tally.h"

enum { SECRETS = 1000, TUPLE_WORDS = 5, INDEXES = 16 };

/* The words of a tuple: ports and network namespace, then both addresses. Any different bit makes a different tuple. */
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

static struct tuple tuple_of(const struct words *words)
{
	struct tuple tuple = {
		.lport = (uint16_t)(words->all[0] >> 48),
		.rport = (uint16_t)(words->all[0] >> 32),
		.netns = (uint32_t)words->all[0],
		.family = 6,
	};

	memcpy(tuple.laddr.bytes, &words->all[1], ADDRESS_LEN);
	memcpy(tuple.raddr.bytes, &words->all[3], ADDRESS_LEN);
	return tuple;
}

static struct hash_secret *draw_secrets(void)
{
	struct hash_secret *secrets = calloc(SECRETS, sizeof(*secrets));

	assert_non_null(secrets);
	for (int i = 0; i < SECRETS; i++)
		assert_int_equal(hash_secret_init(&secrets[i]), 0);
	return secrets;
}

/* ---- two tuples under many secrets ---- */

struct hash_trial {
	struct hash_secret *secrets;
	uint64_t base_hashes[SECRETS];
	struct tuple base;
	size_t differences;
};

static void open_trial(struct hash_trial *trial)
{
	trial->secrets = draw_secrets();
	trial->base = tuple_of(&base);
	trial->differences = 0;
	for (int i = 0; i < SECRETS; i++)
		trial->base_hashes[i] = tuple_hash(&trial->secrets[i], &trial->base);
}

/* The upper `bits` agree under fewer than `enough` of 1,000 secrets. Probability of a failure, for 25,000 differences:
 * 64 bits: 25,000 * 1,000 * 2^-64 < 2^-39
 * 16 bits: 25,000 * (1,000 choose 12) * 2^-192 < 2^-86
 *  8 bits: 25,000 * (1,000 choose 44) * 2^-352 < 2^-79; 4 are to be expected */
static const struct {
	unsigned int bits, enough;
} agreement[] = {{64, 1}, {16, 12}, {8, 44}};

enum { DIFFERENCES_MAX = 25000 };

static void try_tuple(struct hash_trial *trial, const struct tuple *tuple)
{
	unsigned int counts[COUNT_OF(agreement)] = {0};

	assert_false(tuple_equal(tuple, &trial->base));
	for (int i = 0; i < SECRETS; i++) {
		uint64_t difference = tuple_hash(&trial->secrets[i], tuple) ^ trial->base_hashes[i];

		for (size_t a = 0; a < COUNT_OF(agreement); a++)
			counts[a] += difference >> (64 - agreement[a].bits) == 0;
	}
	for (size_t a = 0; a < COUNT_OF(agreement); a++)
		if (counts[a] >= agreement[a].enough)
			fail_msg("difference %zu: %u bits agree under %u of %d secrets", trial->differences,
				 agreement[a].bits, counts[a], SECRETS);
	trial->differences++;
}

static void try_words(struct hash_trial *trial, const struct words *words)
{
	const struct tuple tuple = tuple_of(words);

	try_tuple(trial, &tuple);
}

static void close_trial(struct hash_trial *trial)
{
	print_message("    %zu differences\n", trial->differences);
	assert_true(trial->differences && trial->differences <= DIFFERENCES_MAX);
	free(trial->secrets);
}

/* Bit 63 of a word and bits 63 and 31 of the next cancelled out in the former hash, whatever its start value. */
static void test_bits_of_neighbouring_words(void **state)
{
	static const uint64_t masks[] = {1ULL << 63, 1ULL << 31, 1ULL << 63 | 1ULL << 31};
	struct hash_trial trial;

	(void)state;
	open_trial(&trial);
	for (int i = 0; i + 1 < TUPLE_WORDS; i++)
		for (size_t a = 0; a < COUNT_OF(masks); a++)
			for (size_t b = 0; b < COUNT_OF(masks); b++) {
				struct words words = base;

				words.all[i] ^= masks[a];
				words.all[i + 1] ^= masks[b];
				try_words(&trial, &words);
			}
	close_trial(&trial);
}

/* Flips each single bit, alone and together with each bit of the next word. */
static void test_one_bit_and_two(void **state)
{
	struct hash_trial trial;

	(void)state;
	open_trial(&trial);
	for (int bit = 0; bit < TUPLE_WORDS * 64; bit++) {
		struct words words = base;

		words.all[bit / 64] ^= 1ULL << bit % 64;
		try_words(&trial, &words);
		for (int other = 0; other < 64 && bit / 64 + 1 < TUPLE_WORDS; other++) {
			struct words more = words;

			more.all[bit / 64 + 1] ^= 1ULL << other;
			try_words(&trial, &more);
		}
	}
	close_trial(&trial);
}

static void test_family(void **state)
{
	struct hash_trial trial;
	struct tuple tuple;

	(void)state;
	open_trial(&trial);
	tuple = trial.base;
	for (tuple.family = 0; tuple.family < UINT8_MAX; tuple.family++)
		if (tuple.family != trial.base.family)
			try_tuple(&trial, &tuple);
	close_trial(&trial);
}

/* Tries differences that a sum or an exclusive or of the two addresses would lose. */
static void test_both_addresses(void **state)
{
	struct hash_trial trial;
	struct tuple swapped;

	(void)state;
	open_trial(&trial);
	swapped = trial.base;
	swapped.laddr = trial.base.raddr;
	swapped.raddr = trial.base.laddr;
	try_tuple(&trial, &swapped);
	for (int bit = 0; bit < 128; bit++) {
		struct words flipped = base, moved = base;

		flipped.all[1 + bit / 64] ^= 1ULL << bit % 64;
		flipped.all[3 + bit / 64] ^= 1ULL << bit % 64;
		try_words(&trial, &flipped);
		moved.all[1 + bit / 64] += 1ULL << bit % 64;
		moved.all[3 + bit / 64] -= 1ULL << bit % 64;
		try_words(&trial, &moved);
	}
	close_trial(&trial);
}

static void test_small_sums(void **state)
{
	struct hash_trial trial;

	(void)state;
	open_trial(&trial);
	for (int i = 0; i < TUPLE_WORDS; i++)
		for (uint64_t step = 1; step <= 64; step++) {
			struct words more = base, less = base;

			more.all[i] += step;
			try_words(&trial, &more);
			less.all[i] -= step;
			try_words(&trial, &less);
			for (int j = i + 1; j < TUPLE_WORDS; j++) {
				struct words moved = more;

				moved.all[j] -= step;
				try_words(&trial, &moved);
				moved.all[j] += 2 * step;
				try_words(&trial, &moved);
			}
		}
	close_trial(&trial);
}

/* ---- two keys under the secrets of many indexes ---- */

struct key_trial {
	struct index indexes[SECRETS];
	struct link base[SECRETS];
};

/* Compares another key with the base key. The bound is that for 8 bits of tuples. */
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

/* Returns the number of pairs of entries that share a bucket, as a multiple of the number expected by chance. */
static double measure_crowding(const struct index *index)
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

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *all, size_t count)
{
	qsort(all, count, sizeof(*all), compare_doubles);
	return all[count / 2];
}

/* An index exceeds 64 times chance with a probability of at most 1/64 (Markov). Half of 16 indexes
 * do so with a probability of at most (16 choose 8) * 64^-8 < 2^-34. Keys that were crafted against a hash without a
 * secret crowd alike in all indexes. */
enum { CROWDING_MAX = 64 };

static uint64_t former_mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

static uint64_t former_hash(const struct words *words, int count)
{
	uint64_t hash = words->all[0];

	for (int i = 1; i < count; i++)
		hash = former_mix(hash, words->all[i]);
	return hash;
}

/* Crafts tuples of one server with its peers, all with the same former hash. */
static void craft_tuples(struct tuple *tuples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct words words = base;

		words.all[0] += i << 32; /* the peer's port */
		words.all[TUPLE_WORDS - 1] = former_hash(&words, TUPLE_WORDS - 1) ^ base.all[TUPLE_WORDS - 1];
		assert_int_equal(former_hash(&words, TUPLE_WORDS), former_mix(0, base.all[TUPLE_WORDS - 1]));
		tuples[i] = tuple_of(&words);
	}
}

static void test_crafted_tuples(void **state)
{
	enum { COUNT = 20000 };
	struct tuple *tuples = calloc(COUNT, sizeof(*tuples));
	struct link *links = calloc(COUNT, sizeof(*links));
	double crowdings[INDEXES];

	(void)state;
	assert_true(tuples && links);
	craft_tuples(tuples, COUNT);
	for (int i = 0; i < INDEXES; i++) {
		struct index index;

		assert_int_equal(index_init(&index), 0);
		for (size_t j = 0; j < COUNT; j++)
			index_insert(&index, &links[j], tuple_hash(&index.secret, &tuples[j]));
		crowdings[i] = measure_crowding(&index);
		index_free(&index);
	}
	print_message("    %.2f times chance\n", median(crowdings, INDEXES));
	assert_true(median(crowdings, INDEXES) <= CROWDING_MAX);
	free(tuples);
	free(links);
}

/* Crafts inodes that the former hash put all into the first of up to 2^13 buckets. */
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
		crowdings[i] = measure_crowding(&index);
		index_free(&index);
	}
	print_message("    %.2f times chance\n", median(crowdings, INDEXES));
	assert_true(median(crowdings, INDEXES) <= CROWDING_MAX);
	free(inodes);
	free(links);
}

/* A process may call itself anything. */
static void test_names_of_one_process(void **state)
{
	double crowdings[INDEXES];

	(void)state;
	for (int i = 0; i < INDEXES; i++) {
		struct tally_key key = {.number = 4711};
		struct tally tally;

		assert_int_equal(tally_init(&tally), 0);
		for (int name = 0; name < 2000; name++) {
			snprintf(key.name, sizeof(key.name), "w%d", name);
			assert_int_equal(tally_add(&tally, &key), 0);
		}
		assert_int_equal(tally.index.count, 2000);
		crowdings[i] = measure_crowding(&tally.index);
		tally_free(&tally);
	}
	print_message("    %.2f times chance\n", median(crowdings, INDEXES));
	assert_true(median(crowdings, INDEXES) <= CROWDING_MAX);
}

static void test_nothing_counts_after_a_name(void **state)
{
	const struct tally_key clean = {.number = 1, .name = "sshd"}, dirty = {.number = 1, .name = "sshd\0rest"};
	struct tally tally;

	(void)state;
	assert_int_equal(tally_init(&tally), 0);
	assert_int_equal(tally_add(&tally, &clean), 0);
	assert_int_equal(tally_add(&tally, &dirty), 0);
	assert_int_equal(tally.index.count, 1);
	tally_free(&tally);
}

/* Under a secret whose key is small, the hashes of a series are close together: their buckets must not be. The secret
 * is fixed: nothing is left to chance. */
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
		print_message("    2^%d: %.2f times chance\n", shift, measure_crowding(&index));
		assert_true(measure_crowding(&index) <= 2);
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

/* Checks the arithmetic for 32-bit machines, at the edges and in between. */
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

/* The value was computed by hand: (3 + 5 * 2^64) + (2^64 - 1) * 2 + (2^127) * 3, the last product modulo 2^128. */
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
		cmocka_unit_test(test_bits_of_neighbouring_words),
		cmocka_unit_test(test_one_bit_and_two),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_both_addresses),
		cmocka_unit_test(test_small_sums),
		cmocka_unit_test(test_bits_and_sums_of_keys),
		cmocka_unit_test(test_crafted_tuples),
		cmocka_unit_test(test_crafted_inodes),
		cmocka_unit_test(test_names_of_one_process),
		cmocka_unit_test(test_nothing_counts_after_a_name),
		cmocka_unit_test(test_series_under_a_weak_secret),
		cmocka_unit_test(test_each_index_has_its_own),
		cmocka_unit_test(test_growth_keeps_the_secrets),
		cmocka_unit_test(test_halves_reckon_the_same),
		cmocka_unit_test(test_known_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
