// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the parsing of /proc/self/timens_offsets.
 */
#include "check.h"

#include "clock.h"
#include "time_namespace.h"

static void assert_offsets(const char *text, int64_t monotonic_ns, int64_t boottime_ns)
{
	struct time_offsets offsets = time_offsets_of(text);

	assert_true(offsets.known);
	assert_true(offsets.monotonic_ns == monotonic_ns);
	assert_true(offsets.boottime_ns == boottime_ns);
}

static void test_offsets(void **state)
{
	const int64_t second = (int64_t)NS_PER_SEC;

	(void)state;
	assert_offsets("monotonic           0         0\nboottime            0         0\n", 0, 0);
	assert_offsets("monotonic      100000         5\nboottime         -300         0\n", 100000 * second + 5,
		       -300 * second);
	assert_offsets("monotonic          -2 500000000\nboottime           -1 999999999\n", -3 * second / 2, -1);
	assert_offsets("boottime 7 0\nmonotonic 8 0", 8 * second, 7 * second);
	assert_offsets("", 0, 0);
	assert_offsets("monotonic\nboottime 1\n", 0, 0);
	assert_offsets("xmonotonic 1 0\nraw 3 0\nboottime 2 0\n", 0, 2 * second);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
