// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What waits in memory: first in, first out, whatever its size, and nothing of it is kept when it is gone.
 */
#include "backlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { LONGEST = 200 };

/* Of a number: its record. */
static size_t size_of(uint64_t number)
{
	return sizeof(number) + number * 7 % (LONGEST - sizeof(number));
}

static void put(struct backlog *backlog, uint64_t number)
{
	char record[LONGEST];

	memset(record, (int)number, sizeof(record));
	memcpy(record, &number, sizeof(number));
	assert_int_equal(backlog_put(backlog, number * 1000, record, size_of(number)), 0);
}

static void take(struct backlog *backlog, uint64_t expected)
{
	const char *record = backlog_first(backlog);
	uint64_t number;

	assert_int_equal((uintptr_t)record % 8, 0);
	assert_int_equal(backlog_position(backlog), expected * 1000);
	memcpy(&number, record, sizeof(number));
	assert_int_equal(number, expected);
	for (size_t i = sizeof(number); i < size_of(number); i++)
		assert_int_equal((unsigned char)record[i], (unsigned char)number);
	backlog_drop_first(backlog);
}

static void test_empty(void **state)
{
	struct backlog backlog = {0};

	(void)state;
	assert_true(backlog_is_empty(&backlog));
	for (int i = 0; i < 3; i++) {
		put(&backlog, 1);
		assert_false(backlog_is_empty(&backlog));
		take(&backlog, 1);
		assert_true(backlog_is_empty(&backlog));
		assert_null(backlog.first);
	}
	backlog_free(&backlog);
}

/* Grows and shrinks by turns, over many borders of what is allocated at a time. */
static void test_order(void **state)
{
	struct backlog backlog = {0};
	uint64_t in = 0, out = 0;

	(void)state;
	for (int turn = 1; turn <= 6; turn++) {
		for (int i = 0; i < turn * 20000; i++)
			put(&backlog, in++);
		for (int i = 0; i < turn * 10000; i++)
			take(&backlog, out++);
	}
	assert_int_equal(in - out, 210000);
	assert_true(backlog.bytes > 210000 * (sizeof(uint64_t) + LONGEST) / 2);
	while (out < in)
		take(&backlog, out++);
	assert_true(backlog_is_empty(&backlog));
	assert_null(backlog.first);
	assert_null(backlog.last);
}

static void test_freed_with_what_waits(void **state)
{
	struct backlog backlog = {0};

	(void)state;
	for (uint64_t i = 0; i < 20000; i++)
		put(&backlog, i);
	take(&backlog, 0);
	backlog_free(&backlog);
	assert_true(backlog_is_empty(&backlog));
	put(&backlog, 5);
	take(&backlog, 5);
}

static void test_too_long(void **state)
{
	struct backlog backlog = {0};
	char *record = calloc(1, 2 << 20);

	(void)state;
	assert_non_null(record);
	assert_int_equal(backlog_put(&backlog, 0, record, 2 << 20), -ENOMEM);
	assert_true(backlog_is_empty(&backlog));
	free(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_freed_with_what_waits),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
