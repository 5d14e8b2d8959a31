// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the reading of /proc/PID/status, /proc/PID/limits and /proc/PID/stat.
 */
#include <stdio.h>

#include "check.h"
#include "process_status.h"

enum { PID_BEFORE = 7 };

static struct process_facts read_facts(const char *status)
{
	struct process_facts facts = {.pid = PID_BEFORE, .uid = UID_UNKNOWN};

	process_status_read(status, &facts);
	return facts;
}

static void test_status(void **state)
{
	struct process_facts facts = read_facts("Name:\tcat\nUmask:\t0022\nState:\tR (running)\nTgid:\t42\nPid:\t43\n"
						"Uid:\t1000\t1001\t1002\t1003\nGid:\t5\t5\t5\t5\n");

	(void)state;
	assert_int_equal(facts.pid, 42);
	assert_int_equal(facts.uid, 1001);
	assert_false(facts.exited);
	assert_true(read_facts("State:\tZ (zombie)\n").exited);
	assert_true(read_facts("State:\tX (dead)\n").exited);
}

static void test_names_that_look_like_lines(void **state)
{
	struct process_facts facts =
		read_facts("Name:\tUid:\t0\t0\\nTgid:\t1\nState:\tS (sleeping)\nTgid:\t42\nUid:\t5\t6\t7\t8\n");

	(void)state;
	assert_int_equal(facts.pid, 42);
	assert_int_equal(facts.uid, 6);
}

static void test_what_is_no_number(void **state)
{
	static const char *const texts[] = {"",
					    "Tgid:",
					    "Tgid:\t\nUid:\t\n",
					    "Tgid:\t-1\nUid:\t1\t-1\n",
					    "Tgid:\t2147483648\nUid:\t1\t4294967296\n",
					    "Tgid:\t4x\nUid:\t1\t4x\n",
					    "Tgid:\t99999999999999999999\nUid:\t5\n7\n"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct process_facts facts = read_facts(texts[i]);

		assert_int_equal(facts.pid, PID_BEFORE);
		assert_int_equal(facts.uid, UID_UNKNOWN);
	}
}

static void test_limits(void **state)
{
	static const char heading[] =
		"Limit                     Soft Limit           Hard Limit           Units     \n";
	char text[256];

	(void)state;
	snprintf(text, sizeof(text),
		 "%sMax open files            1024                 4096                 files     \n", heading);
	assert_int_equal(process_limit_read(text), 1024);
	snprintf(text, sizeof(text),
		 "%sMax open files            unlimited            unlimited            files     \n", heading);
	assert_int_equal(process_limit_read(text), LIMIT_NONE);
	assert_int_equal(process_limit_read(heading), LIMIT_UNKNOWN);
	assert_int_equal(process_limit_read("Max open files            -5\n"), LIMIT_UNKNOWN);
	assert_int_equal(process_limit_read("Max open files            99999999999999999999\n"), LIMIT_UNKNOWN);
}

/* ---- stat ---- */

/* What follows the name up to the time of the beginning, as proc_pid_stat(5) has it. */
#define STAT_REST(ppid, start)                                                                                         \
	" S " ppid " 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 " start " 1000 1 18446744073709551615\n"

static void test_stat(void **state)
{
	static const struct {
		const char *text;
		uint32_t ppid;
		uint64_t start_ticks;
	} cases[] = {
		{"42 (cat)" STAT_REST("41", "12345"), 41, 12345},
		{"42 (a b)" STAT_REST("0", "0"), 0, 0},
		{"42 ()" STAT_REST("2147483647", "18446744073709551615"), INT32_MAX, UINT64_MAX},
		{"42 (x) R 1 2 3)" STAT_REST("41", "12345"), 41, 12345},
		{"42 (\n) Z 9 9)" STAT_REST("41", "12345"), 41, 12345},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct process_stat stat = {.ppid = 7};

		if (!process_stat_read(cases[i].text, &stat))
			fail_msg("%s is not understood", cases[i].text);
		assert_int_equal(stat.ppid, cases[i].ppid);
		assert_int_equal(stat.start_ticks, cases[i].start_ticks);
	}
}

static void test_stat_that_is_none(void **state)
{
	static const char *const cases[] = {
		"",
		"42",
		"42 (cat",
		"42 (cat)",
		"42 (cat) S",
		"42 (cat) S 41",
		"42 (cat) S 41 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0",
		"42 (cat) S 41 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ",
		"42 (cat)" STAT_REST("-1", "5"),
		"42 (cat)" STAT_REST("x", "5"),
		"42 (cat)" STAT_REST("2147483648", "5"),
		"42 (cat)" STAT_REST("1", "-5"),
		"42 (cat)" STAT_REST("1", "18446744073709551616"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct process_stat stat = {.ppid = 7, .start_ticks = 8};

		if (process_stat_read(cases[i], &stat))
			fail_msg("%s is understood", cases[i]);
		assert_int_equal(stat.ppid, 7);
		assert_int_equal(stat.start_ticks, 8);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_names_that_look_like_lines),
		cmocka_unit_test(test_what_is_no_number),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_stat_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
