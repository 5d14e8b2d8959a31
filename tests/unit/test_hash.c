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
		cmocka_unit_test(test_halves_reckon_the_same),
		cmocka_unit_test(test_known_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
