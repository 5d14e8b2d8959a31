// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the time that searching may take: a twentieth of what passes, within limits.
 */
#include "check.h"
#include "clock.h"
#include "search_credit.h"

static void test_credit(void **state)
{
	struct search_credit credit = search_credit_new(1000, 50);

	(void)state;
	assert_true(search_credit_is_left(&credit, 1000));
	search_credit_charge(&credit, 49);
	assert_true(search_credit_is_left(&credit, 1000));
	search_credit_charge(&credit, 1);
	assert_false(search_credit_is_left(&credit, 1000)); /* nothing is left */
	assert_false(search_credit_is_left(&credit, 1019));
	assert_true(search_credit_is_left(&credit, 1039)); /* a twentieth of 20 */
	search_credit_charge(&credit, 3);
	assert_false(search_credit_is_left(&credit, 1079)); /* two of three are paid */
	assert_false(search_credit_is_left(&credit, 1080));
}

/* A long rest gives no more than the most; a long stop counts as a second at most. */
static void test_limits(void **state)
{
	struct search_credit credit = search_credit_new(0, 50);

	(void)state;
	assert_true(search_credit_is_left(&credit, 3600 * NS_PER_SEC));
	assert_int_equal(credit.left_ns, 50);
	search_credit_charge(&credit, 50 + NS_PER_SEC);
	assert_int_equal(credit.left_ns, -(int64_t)NS_PER_SEC);
	search_credit_charge(&credit, 1);
	assert_int_equal(credit.left_ns, -(int64_t)NS_PER_SEC);
	assert_false(search_credit_is_left(&credit, 3620 * NS_PER_SEC));
	assert_true(search_credit_is_left(&credit, 3621 * NS_PER_SEC));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_credit),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
