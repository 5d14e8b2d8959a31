// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the hash index against a model too simple to be wrong: a list of the entries in the index.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "index.h"

enum { MANY = 5000 };

struct entry {
	int number;
	struct link link;
	uint64_t key;
	bool in;
	int seen;
};

#define ENTRY(found) LINK_OWNER(found, struct entry, link)

struct model {
	struct index index;
	struct entry all[MANY];
	size_t count;
};

static int open_model(void **state)
{
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	assert_int_equal(index_init(&model->index), 0);
	for (int i = 0; i < MANY; i++)
		model->all[i].number = i;
	*state = model;
	return 0;
}

static int close_model(void **state)
{
	struct model *model = *state;

	index_free(&model->index);
	assert_null(model->index.buckets);
	free(model);
	return 0;
}

static void insert_entry(struct model *model, int number, uint64_t key)
{
	struct entry *entry = &model->all[number];

	index_insert(&model->index, &entry->link, key);
	entry->key = key;
	entry->in = true;
	model->count++;
	assert_int_equal(model->index.count, model->count);
}

static void remove_entry(struct model *model, int number)
{
	index_remove(&model->index, &model->all[number].link);
	model->all[number].in = false;
	model->count--;
	assert_int_equal(model->index.count, model->count);
}

/* Asserts that the index finds exactly the entries of this key, each once. */
static void assert_key(struct model *model, uint64_t key)
{
	size_t found = 0, wanted = 0;

	for (struct link *link = index_find(&model->index, key); link; link = index_find_next(link)) {
		assert_true(ENTRY(link)->in && ENTRY(link)->key == key && link->key == key);
		ENTRY(link)->seen++;
		found++;
	}
	for (int i = 0; i < MANY; i++) {
		wanted += model->all[i].in && model->all[i].key == key;
		assert_true(model->all[i].seen <= 1);
		model->all[i].seen = 0;
	}
	assert_int_equal(found, wanted);
}

static void assert_walk(struct model *model)
{
	struct link *link = NULL;
	size_t bucket, walked = 0;

	while ((link = index_each(&model->index, link, &bucket))) {
		assert_true(ENTRY(link)->in);
		ENTRY(link)->seen++;
		walked++;
	}
	assert_int_equal(walked, model->count);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(model->all[i].seen, model->all[i].in ? 1 : 0);
		model->all[i].seen = 0;
	}
}

static void test_empty(void **state)
{
	struct model *model = *state;

	assert_null(index_find(&model->index, 0));
	assert_null(index_find(&model->index, UINT64_MAX));
	assert_walk(model);
	index_fit(&model->index);
	assert_walk(model);
}

static void test_duplicates(void **state)
{
	struct model *model = *state;

	for (int i = 0; i < 10; i++)
		insert_entry(model, i, i % 2 ? 7 : 8);
	assert_key(model, 7);
	assert_key(model, 8);
	remove_entry(model, 0);
	remove_entry(model, 9);
	remove_entry(model, 4);
	assert_key(model, 7);
	assert_key(model, 8);
	assert_key(model, 9);
	insert_entry(model, 4, 7);
	assert_key(model, 7);
	assert_walk(model);
}

static void test_one_key_for_all(void **state)
{
	struct model *model = *state;

	for (int i = 0; i < 1000; i++)
		insert_entry(model, i, 42);
	assert_key(model, 42);
	for (int i = 999; i >= 0; i -= 2)
		remove_entry(model, i);
	assert_key(model, 42);
	assert_walk(model);
}

/* Inserts keys as in real use: addresses, a few hundred bytes apart. Chains must stay short, however the keys are
 * aligned. */
static void test_growth_keeps_chains_short(void **state)
{
	static const uint64_t strides[] = {1, 64, 2368, 4096, 1ULL << 32};
	struct model *model = *state;

	for (size_t s = 0; s < COUNT_OF(strides); s++) {
		size_t longest = 0;

		for (int i = 0; i < MANY; i++)
			insert_entry(model, i, 0xffff888000000000ULL + strides[s] * (uint64_t)i);
		assert_true((size_t)1 << model->index.bits >= model->count);
		assert_true((size_t)1 << model->index.bits <= 2 * model->count);
		for (size_t bucket = 0; bucket < (size_t)1 << model->index.bits; bucket++) {
			size_t length = 0;

			for (struct link *link = model->index.buckets[bucket]; link; link = link->next)
				length++;
			longest = length > longest ? length : longest;
		}
		assert_true(longest <= 16);
		assert_walk(model);
		for (int i = 0; i < MANY; i++)
			remove_entry(model, i);
	}
}

static void test_fit_gives_back(void **state)
{
	struct model *model = *state;
	unsigned int bits = model->index.bits, grown;

	for (int i = 0; i < MANY; i++)
		insert_entry(model, i, (uint64_t)i * 64);
	grown = model->index.bits;
	assert_true(grown > bits);
	index_fit(&model->index);
	assert_int_equal(model->index.bits, grown); /* all buckets are needed */
	for (int i = 100; i < MANY; i++)
		remove_entry(model, i);
	assert_int_equal(model->index.bits, grown);
	index_fit(&model->index);
	assert_true(model->index.bits < grown);
	assert_true((size_t)1 << model->index.bits >= model->count);
	assert_walk(model);
	for (uint64_t i = 0; i < 200; i++)
		assert_key(model, i * 64);
	for (int i = 0; i < 100; i++)
		remove_entry(model, i);
	index_fit(&model->index);
	assert_int_equal(model->index.bits, bits);
}

static void test_fit_does_not_fight_growth(void **state)
{
	struct model *model = *state;
	unsigned int bits;

	for (int i = 0; i < 1025; i++)
		insert_entry(model, i, (uint64_t)i);
	bits = model->index.bits;
	for (int i = 0; i < 100; i++) { /* at the edge, again and again */
		remove_entry(model, 1024);
		index_fit(&model->index);
		insert_entry(model, 1024, 1024);
		assert_int_equal(model->index.bits, bits);
	}
}

static void test_removal_while_walking(void **state)
{
	struct model *model = *state;
	struct link *link, *next;
	size_t bucket;

	for (int i = 0; i < MANY; i++)
		insert_entry(model, i, (uint64_t)(i % 900) * 64);
	for (link = index_each(&model->index, NULL, &bucket); link; link = next) {
		next = index_each(&model->index, link, &bucket);
		if (ENTRY(link)->number % 3)
			remove_entry(model, ENTRY(link)->number);
	}
	for (int i = 0; i < MANY; i++)
		assert_int_equal(model->all[i].in, i % 3 == 0);
	assert_walk(model);
}

static void test_against_the_model(void **state)
{
	struct model *model = *state;
	uint64_t seed = 20240501;

	print_message("    seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 60000; round++) {
		int number;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		/* the part in use swells and shrinks */
		number = (int)((seed >> 33) % (round % 20000 < 10000 ? MANY : 200));
		if (!model->all[number].in)
			insert_entry(model, number, (seed >> 20) % 2000);
		else
			remove_entry(model, number);
		if (round % 100 == 0)
			assert_key(model, (seed >> 20) % 2000);
		if (round % 1000 == 0)
			index_fit(&model->index);
		if (round % 5000 == 0)
			assert_walk(model);
	}
	assert_walk(model);
}

/* There are as many buckets as entries, or up to eight times as many once there have been more. */
static void test_number_of_buckets(void **state)
{
	struct model *model = *state;

	for (int i = 0; i < 256; i++)
		insert_entry(model, i, (uint64_t)i);
	assert_int_equal(model->index.bits, 8);
	insert_entry(model, 256, 256);
	assert_int_equal(model->index.bits, 9);
	for (int i = 257; i < 2049; i++)
		insert_entry(model, i, (uint64_t)i);
	assert_int_equal(model->index.bits, 12);
	for (int i = 2048; i >= 512; i--)
		remove_entry(model, i);
	index_fit(&model->index);
	assert_int_equal(model->index.bits, 12); /* 512 of 4096 */
	remove_entry(model, 511);
	index_fit(&model->index);
	assert_int_equal(model->index.bits, 11);
	for (int i = 510; i >= 0; i--)
		remove_entry(model, i);
	index_fit(&model->index);
	assert_int_equal(model->index.bits, 8);
}

#define MODEL_TEST(test) cmocka_unit_test_setup_teardown(test, open_model, close_model)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		MODEL_TEST(test_empty),
		MODEL_TEST(test_duplicates),
		MODEL_TEST(test_one_key_for_all),
		MODEL_TEST(test_growth_keeps_chains_short),
		MODEL_TEST(test_fit_gives_back),
		MODEL_TEST(test_fit_does_not_fight_growth),
		MODEL_TEST(test_number_of_buckets),
		MODEL_TEST(test_removal_while_walking),
		MODEL_TEST(test_against_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
