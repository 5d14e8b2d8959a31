// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the table at the exact times at which a report is a second one, or a socket is gone.
 */
#include "events.h"

static struct tuple web_tuple(void)
{
	return tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443);
}

enum { MS = 1000 };

/* Within ten milliseconds what may be a second report is one. A repeated transition makes no change. */
static void test_second_report_of_a_transition(void **state)
{
	static const struct {
		unsigned int after_us;
		bool repeats;
	} cases[] = {{0, true}, {10 * MS - 1, true}, {10 * MS, false}, {11 * MS, false}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bench *bench;
		struct event event = transition_of(SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, MS, web_tuple());

		bench_open(state);
		bench = *state;
		bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, web_tuple());
		bench_apply(bench, &event);
		event.ts_ns += cases[i].after_us * 1000ULL;
		event.again = true;
		bench_apply(bench, &event);
		assert_int_equal(table_repeats(bench->table), cases[i].repeats);
		bench_close(state);
	}
}

/* The same of an end: later it is the end of another socket at the same address. */
static void test_second_report_of_an_end(void **state)
{
	static const struct {
		unsigned int after_us;
		uint64_t sk;
		bool repeats;
	} cases[] = {{0, SK(1), true}, {10 * MS - 1, SK(1), true}, {10 * MS, SK(1), false}, {0, SK(2), false}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct closing closing = {.sent = true};
		struct event end = transition_of(SK(1), STATE_SYN_SENT, STATE_CLOSE, MS, web_tuple());
		struct bench *bench;

		bench_open(state);
		bench = *state;
		bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, web_tuple());
		end.closing = &closing;
		bench_apply(bench, &end);
		end.ts_ns += cases[i].after_us * 1000ULL;
		end.sk = cases[i].sk;
		end.again = true;
		bench_apply(bench, &end);
		assert_int_equal(table_repeats(bench->table), cases[i].repeats);
		bench_close(state);
	}
}

/* A reading of /proc that began when the socket was last heard of may be older than that. */
static void test_heard_of_as_the_reading_began(void **state)
{
	static const struct {
		unsigned int heard_us, snapshots; /* the snapshots that miss it before it is gone */
	} cases[] = {{1000, 3}, {999, 2}, {1001, 3}, {2000, 4}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bench *bench;

		bench_open(state);
		bench = *state;
		bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, cases[i].heard_us, web_tuple());
		for (unsigned int snapshot = 1; snapshot <= cases[i].snapshots; snapshot++) {
			assert_int_equal(table_count(bench->table), 1);
			bench_begin_snapshot(bench, 1000 * snapshot);
			bench_end_snapshot_here(bench);
		}
		assert_int_equal(table_count(bench->table), 0);
		bench_close(state);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second_report_of_a_transition),
		cmocka_unit_test(test_second_report_of_an_end),
		cmocka_unit_test(test_heard_of_as_the_reading_began),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
