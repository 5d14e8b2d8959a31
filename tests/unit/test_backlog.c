// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the backlog of records in memory: first in, first out, whatever their size. Little memory is kept when the
 * records are gone.
 */
#include "backlog.h"

#include <string.h>
#include <sys/resource.h>

#include "check.h"

enum { LONGEST = 200 };

/* Returns the size of the record of a number. */
static size_t size_of(uint64_t number)
{
	return sizeof(number) + number * 7 % (LONGEST - sizeof(number));
}

static void put_record(struct backlog *backlog, uint64_t number)
{
	char record[LONGEST];

	memset(record, (int)number, sizeof(record));
	memcpy(record, &number, sizeof(number));
	assert_true(backlog_make_room(backlog));
	backlog_put(backlog, number * 1000, record, size_of(number));
}

static void take_record(struct backlog *backlog, uint64_t expected)
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
		put_record(&backlog, 1);
		assert_false(backlog_is_empty(&backlog));
		take_record(&backlog, 1);
		assert_true(backlog_is_empty(&backlog));
	}
	backlog_free(&backlog);
}

/* Grows and shrinks by turns, across many borders between the allocated pieces. */
static void test_order(void **state)
{
	struct backlog backlog = {0};
	uint64_t in = 0, out = 0;

	(void)state;
	for (int turn = 1; turn <= 6; turn++) {
		for (int i = 0; i < turn * 20000; i++)
			put_record(&backlog, in++);
		for (int i = 0; i < turn * 10000; i++)
			take_record(&backlog, out++);
	}
	assert_int_equal(in - out, 210000);
	assert_true(backlog.bytes > 210000 * (sizeof(uint64_t) + LONGEST) / 2);
	while (out < in)
		take_record(&backlog, out++);
	assert_true(backlog_is_empty(&backlog));
	assert_ptr_equal(backlog.first, backlog.last);
	backlog_free(&backlog);
	assert_null(backlog.first);
}

static void test_freed_with_what_waits(void **state)
{
	struct backlog backlog = {0};

	(void)state;
	for (uint64_t i = 0; i < 20000; i++)
		put_record(&backlog, i);
	take_record(&backlog, 0);
	backlog_free(&backlog);
	assert_true(backlog_is_empty(&backlog));
	put_record(&backlog, 5);
	take_record(&backlog, 5);
	backlog_free(&backlog);
}

/* Makes room for the next record right after each put, as is done where there may be no memory for the next record. */
static void test_room_made_ahead(void **state)
{
	struct backlog backlog = {0};

	(void)state;
	for (uint64_t i = 0; i < 20000; i++) {
		put_record(&backlog, i);
		assert_true(backlog_make_room(&backlog));
		take_record(&backlog, i);
	}
	for (uint64_t i = 0; i < 20000; i++) {
		put_record(&backlog, i);
		assert_true(backlog_make_room(&backlog));
	}
	for (uint64_t i = 0; i < 20000; i++)
		take_record(&backlog, i);
	put_record(&backlog, 7);
	take_record(&backlog, 7);
	backlog_free(&backlog);
}

static void test_no_memory(void **state)
{
	struct rlimit before, now;
	struct backlog backlog = {0};
	uint64_t in = 0;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	now = before;
	now.rlim_cur = 1;
	put_record(&backlog, in++);
	assert_int_equal(setrlimit(RLIMIT_AS, &now), 0);
	while (backlog_make_room(&backlog))
		put_record(&backlog, in++);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	for (uint64_t out = 0; out < in; out++)
		take_record(&backlog, out);
	backlog_free(&backlog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_freed_with_what_waits),
		cmocka_unit_test(test_room_made_ahead),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
