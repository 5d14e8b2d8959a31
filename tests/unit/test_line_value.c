// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the search for a line of /proc by its name: only the beginning of a line counts.
 */
#include "check.h"
#include "line_value.h"

static void test_the_line_of_that_name(void **state)
{
	const char *text = "Name:\tsh\nTgid:\t12\nUid:\t 0\t1\nempty:\n";

	(void)state;
	assert_ptr_equal(line_value(text, "Name:"), text + 6);
	assert_ptr_equal(line_value(text, "Tgid:"), text + 15);
	assert_string_equal(line_value(text, "Uid:"), "0\t1\nempty:\n");
	assert_string_equal(line_value(text, "empty:"), "\n");
}

static void test_no_such_line(void **state)
{
	(void)state;
	assert_null(line_value("", "Uid:"));
	assert_null(line_value("Ui", "Uid:"));
	assert_null(line_value("\n\n", "Uid:"));
	assert_null(line_value("Name:\tUid:\t7\n uid:\t7\n Uid:\t7\nGUid:\t7", "Uid:"));
}

static void test_a_name_in_a_value(void **state)
{
	(void)state;
	assert_string_equal(line_value("Name:\tUid:\nUid:\t7", "Uid:"), "7");
	assert_string_equal(line_value("Name:\tName:\\nUid:\t0\nUid:\t7", "Uid:"), "7");
	assert_string_equal(line_value("Uid\nUid:\t7", "Uid:"), "7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_line_of_that_name),
		cmocka_unit_test(test_no_such_line),
		cmocka_unit_test(test_a_name_in_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
