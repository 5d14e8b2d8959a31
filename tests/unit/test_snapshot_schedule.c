// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests when the next snapshot is taken: the earliest wish counts, parts that are due at about the same time go
 * together, and snapshots never take more than their share of the time.
 */
#include "check.h"
#include "clock.h"
#include "snapshot_schedule.h"

enum { SOCKETS = 1, MINIS = 2, HOLDERS = 4, ALL = 7 };

#define AT(ms) (1000 * NS_PER_SEC + (uint64_t)(ms)*NS_PER_MS)

static void test_nothing_is_wanted(void **state)
{
	struct snapshot_schedule schedule = {0};

	(void)state;
	assert_int_equal(schedule_next_ns(&schedule), 0);
	assert_int_equal(schedule_scope(&schedule, AT(0)), 0);
	schedule_end(&schedule, ALL, AT(100) - AT(0), AT(100));
	assert_int_equal(schedule_next_ns(&schedule), 0); /* a rest is no wish */
	schedule_want(&schedule, 0, AT(5));
	assert_int_equal(schedule_next_ns(&schedule), 0);
}

static void test_the_earliest_wish_counts(void **state)
{
	struct snapshot_schedule schedule = {0};

	(void)state;
	schedule_want(&schedule, HOLDERS, AT(500));
	schedule_want(&schedule, HOLDERS, AT(900));
	assert_int_equal(schedule_next_ns(&schedule), AT(500));
	schedule_want(&schedule, HOLDERS, AT(400));
	assert_int_equal(schedule_next_ns(&schedule), AT(400));
	schedule_want(&schedule, SOCKETS | MINIS, AT(300));
	assert_int_equal(schedule_next_ns(&schedule), AT(300));
	assert_int_equal(schedule.due_ns[2], AT(400));
}

static void test_what_is_due_goes_together(void **state)
{
	struct snapshot_schedule schedule = {0};

	(void)state;
	schedule_want(&schedule, SOCKETS, AT(1000));
	schedule_want(&schedule, MINIS, AT(1250));
	schedule_want(&schedule, HOLDERS, AT(1251));
	assert_int_equal(schedule_scope(&schedule, AT(700)), 0);
	assert_int_equal(schedule_scope(&schedule, AT(1000)), SOCKETS | MINIS);
	assert_int_equal(schedule_scope(&schedule, AT(1001)), ALL);
}

/* A snapshot that cannot be had is tried again half a second later, urgent or not, but no sooner than its cost allows.
 */
static void test_put_off(void **state)
{
	struct snapshot_schedule schedule = {0};

	(void)state;
	schedule_want_now(&schedule, AT(100));
	schedule_begin(&schedule, ALL);
	schedule_put_off(&schedule, ALL, AT(100));
	assert_int_equal(schedule_next_ns(&schedule), AT(600));
	assert_int_equal(schedule_scope(&schedule, AT(600)), ALL);
	schedule_want_now(&schedule, AT(200));
	assert_int_equal(schedule_next_ns(&schedule), AT(600));
	schedule_begin(&schedule, ALL);
	schedule_end(&schedule, ALL, AT(100) - AT(0), AT(700));
	schedule_put_off(&schedule, HOLDERS, AT(700));
	assert_int_equal(schedule_next_ns(&schedule), AT(2700));
	assert_int_equal(schedule_scope(&schedule, AT(2700)), HOLDERS);
}

static void test_begun_is_no_more_wanted(void **state)
{
	struct snapshot_schedule schedule = {0};

	(void)state;
	schedule_want(&schedule, ALL, AT(100));
	schedule_begin(&schedule, SOCKETS | HOLDERS);
	assert_int_equal(schedule_next_ns(&schedule), AT(100));
	assert_int_equal(schedule_scope(&schedule, AT(100)), MINIS);
	schedule_want(&schedule, HOLDERS, AT(200)); /* a new wish, while the snapshot is being taken */
	schedule_begin(&schedule, MINIS);
	assert_int_equal(schedule_next_ns(&schedule), AT(200));
	assert_int_equal(schedule_scope(&schedule, AT(200)), HOLDERS);
}

/* Snapshots take at most a twentieth of the time; those of minisockets alone another. */
static void test_rest(void **state)
{
	struct snapshot_schedule schedule = {0};

	(void)state;
	schedule_end(&schedule, ALL, AT(100) - AT(0), AT(100));
	schedule_want(&schedule, HOLDERS, AT(101));
	assert_int_equal(schedule_next_ns(&schedule), AT(2100));
	schedule_want(&schedule, SOCKETS, AT(3000));
	assert_int_equal(schedule_next_ns(&schedule), AT(2100));
	schedule_begin(&schedule, HOLDERS);
	assert_int_equal(schedule_next_ns(&schedule), AT(3000)); /* the rest is over by then */
	schedule_end(&schedule, HOLDERS, AT(2101) - AT(2100), AT(2101));
	schedule_want(&schedule, HOLDERS, AT(2102));
	assert_int_equal(schedule_next_ns(&schedule), AT(2121)); /* the snapshot was a quick one */
}

/* The step from FIN_WAIT2 to TIME_WAIT is promised within a second or two. So a snapshot of minisockets does not wait
 * for the rest after one that cost a hundred times as much. */
static void test_minisockets_do_not_wait_for_the_rest_of_others(void **state)
{
	struct snapshot_schedule schedule = {0};

	(void)state;
	schedule_end(&schedule, ALL, AT(500) - AT(0), AT(500));
	schedule_want(&schedule, ALL, AT(1000));
	assert_int_equal(schedule_next_ns(&schedule), AT(1000));
	assert_int_equal(schedule_scope(&schedule, AT(1000)), MINIS);
	schedule_begin(&schedule, MINIS);
	schedule_end(&schedule, MINIS, AT(5) - AT(0), AT(1005));
	schedule_want(&schedule, MINIS, AT(1010));
	assert_int_equal(schedule_next_ns(&schedule), AT(1105));
	assert_int_equal(schedule_scope(&schedule, AT(1104)), 0);
	schedule_begin(&schedule, MINIS);
	assert_int_equal(schedule_next_ns(&schedule), AT(10500));
	assert_int_equal(schedule_scope(&schedule, AT(10500)), SOCKETS | HOLDERS);
}

/* All others wait for the rest after minisockets too, and are then of one snapshot with them: each walks the table. */
static void test_others_wait_for_the_rest_of_minisockets(void **state)
{
	struct snapshot_schedule schedule = {0};

	(void)state;
	schedule_end(&schedule, MINIS, AT(100) - AT(0), AT(100));
	schedule_want(&schedule, HOLDERS, AT(200));
	schedule_want(&schedule, MINIS, AT(1100));
	assert_int_equal(schedule_next_ns(&schedule), AT(2100));
	assert_int_equal(schedule_scope(&schedule, AT(2099)), 0);
	assert_int_equal(schedule_scope(&schedule, AT(2100)), MINIS | HOLDERS);
}

/* When the table is known to be wrong, the snapshot comes sooner, but snapshots do not take all the time either; and
 * once is enough. */
static void test_urgent(void **state)
{
	struct snapshot_schedule schedule = {0};

	(void)state;
	schedule_end(&schedule, ALL, AT(100) - AT(0), AT(100));
	schedule_want(&schedule, SOCKETS, AT(50));
	assert_int_equal(schedule_next_ns(&schedule), AT(2100));
	schedule_want_now(&schedule, AT(150));
	assert_int_equal(schedule_next_ns(&schedule), AT(400));
	assert_int_equal(schedule_scope(&schedule, AT(400)), ALL);
	schedule_begin(&schedule, ALL);
	assert_int_equal(schedule_next_ns(&schedule), 0);
	schedule_want(&schedule, SOCKETS, AT(450));
	assert_int_equal(schedule_next_ns(&schedule), AT(2100));
	schedule_end(&schedule, ALL, AT(500) - AT(400), AT(500));
	schedule_want_now(&schedule, AT(5000));
	assert_int_equal(schedule_next_ns(&schedule), AT(800)); /* long due: as soon as the rest allows */
}

/* With wishes at random, snapshots take no more than their share of the time, and no wish is forgotten. */
static void test_share(void **state)
{
	struct snapshot_schedule schedule = {0};
	uint64_t seed = 4711, now = AT(0), busy[2] = {0}, wished[3] = {0};

	(void)state;
	print_message("    seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 20000; round++) {
		uint64_t next, took;
		uint8_t scope;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		for (int bit = 0; bit < 3; bit++) {
			if (!(seed >> (40 + bit) & 1))
				continue;
			schedule_want(&schedule, (uint8_t)(1 << bit), now + (seed >> 50) * NS_PER_MS);
			wished[bit] = wished[bit] ? wished[bit] : now;
		}
		next = schedule_next_ns(&schedule);
		now += (seed >> 33) % 50 * NS_PER_MS;
		if (!next || next > now)
			continue;
		scope = schedule_scope(&schedule, now);
		for (int bit = 0; bit < 3; bit++)
			if (scope >> bit & 1)
				wished[bit] = 0;
		assert_int_not_equal(scope, 0);
		schedule_begin(&schedule, scope);
		took = (seed >> 20) % 10 * NS_PER_MS;
		schedule_end(&schedule, scope, took, now + took);
		now += took;
		busy[scope == MINIS] += took;
		for (int bit = 0; bit < 3; bit++)
			assert_true(!wished[bit] || now - wished[bit] < 30 * NS_PER_SEC);
	}
	for (int i = 0; i < 2; i++)
		assert_true(busy[i] > 0 && busy[i] <= (now - AT(0)) / 20 + 10 * NS_PER_MS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_wanted),
		cmocka_unit_test(test_the_earliest_wish_counts),
		cmocka_unit_test(test_what_is_due_goes_together),
		cmocka_unit_test(test_begun_is_no_more_wanted),
		cmocka_unit_test(test_put_off),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_minisockets_do_not_wait_for_the_rest_of_others),
		cmocka_unit_test(test_others_wait_for_the_rest_of_minisockets),
		cmocka_unit_test(test_urgent),
		cmocka_unit_test(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
