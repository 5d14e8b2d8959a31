// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests growing arrays: they keep their elements, and stay unchanged when memory is short.
 */
#include "check.h"

#include <stdint.h>

#include "grow.h"

static void test_doubles_and_keeps(void **state)
{
	uint32_t *numbers = NULL;
	size_t count = 0, room = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		assert_true(GROW(numbers, count, room, 3));
		numbers[count++] = i;
	}
	assert_int_equal(room, 1536);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], i);
	free(numbers);
}

static void test_room_that_is_there_is_used(void **state)
{
	char *text = malloc(4), *before = text;
	size_t room = 4;

	(void)state;
	assert_true(GROW(text, 3, room, 64));
	assert_ptr_equal(text, before);
	assert_int_equal(room, 4);
	free(text);
}

const char *__asan_default_options(void);

/* AddressSanitizer, in a build that has it, asks this: an allocation that cannot succeed returns NULL, as without it.
 */
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void test_unchanged_without_memory(void **state)
{
	uint64_t *numbers = malloc(8), *before = numbers;
	const volatile size_t most = SIZE_MAX / 4; /* volatile, or else the compiler refuses the size */
	size_t room = most;

	(void)state;
	assert_false(GROW(numbers, most, room, 1)); /* the size in bytes overflows */
	assert_ptr_equal(numbers, before);
	assert_int_equal(room, most);
	free(numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubles_and_keeps),
		cmocka_unit_test(test_room_that_is_there_is_used),
		cmocka_unit_test(test_unchanged_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
