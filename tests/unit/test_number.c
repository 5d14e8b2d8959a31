// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the numbers of the hot paths against those of printf().
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "number.h"

/* Writes between two guards: no byte more than the digits is touched. */
static void assert_written(char *(*put)(char *at, uint64_t value), uint64_t value, const char *wanted)
{
	char text[DECIMAL_MAX + 2];

	memset(text, '#', sizeof(text));
	assert_ptr_equal(put(text + 1, value), text + 1 + strlen(wanted));
	assert_memory_equal(text + 1, wanted, strlen(wanted));
	assert_int_equal(text[0], '#');
	for (size_t i = 1 + strlen(wanted); i < sizeof(text); i++)
		assert_int_equal(text[i], '#');
}

static void assert_numbers(uint64_t value)
{
	char decimal[24], hex[24];

	snprintf(decimal, sizeof(decimal), "%" PRIu64, value);
	snprintf(hex, sizeof(hex), "%" PRIx64, value);
	assert_written(decimal_put, value, decimal);
	assert_written(hex_put, value, hex);
}

static void test_small_numbers(void **state)
{
	(void)state;
	for (uint64_t value = 0; value < 2000; value++)
		assert_numbers(value);
}

static void test_around_powers(void **state)
{
	(void)state;
	for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10)
		for (uint64_t value = power - 1; value <= power + 1; value++)
			assert_numbers(value);
	for (unsigned int bit = 0; bit < 64; bit++)
		for (uint64_t value = (1ULL << bit) - 1; value <= (1ULL << bit) + 1; value++)
			assert_numbers(value);
	assert_numbers(10000000000000000000ULL);
	assert_numbers(UINT64_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_numbers),
		cmocka_unit_test(test_around_powers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
