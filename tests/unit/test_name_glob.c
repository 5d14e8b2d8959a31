// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests patterns for names: which characters are wildcards, and that each name can be typed as it is printed.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "escape.h"
#include "name_glob.h"

static void test_words(void **state)
{
	static const struct {
		const char *typed, *glob, *name;
		bool plain;
	} cases[] = {
		{"nginx", "nginx", "nginx", true},
		{"", "", "", true},
		{"ng*", "ng*", "ng*", false},
		{"*", "*", "*", false},
		{"a?c", "a?c", "a?c", false},
		{"a\\x2ac", "a\\*c", "a*c", true}, /* typed as an escape, it is a star */
		{"a\\x3fc", "a\\?c", "a?c", true},
		{"[a]", "\\[a\\]", "[a]", true},
		{"\\x5ba\\x5d", "\\[a\\]", "[a]", true},
		{"a\\b", "a\\\\b", "a\\b", true},
		{"a\\x5cb*", "a\\\\b*", "a\\b*", false},
		{"\\x2a?", "\\*?", "*?", false},
		{"*\\x2a", "*\\*", "**", false},
		{"\\xff", "\xff", "\xff", true},
		{"a-b", "a-b", "a-b", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *glob = glob_of(cases[i].typed), name[32];

		assert_string_equal(glob, cases[i].glob);
		assert_int_equal(glob_name(glob, name, sizeof(name)), cases[i].plain);
		assert_string_equal(name, cases[i].name);
		assert_int_equal(fnmatch(glob, name, 0), 0);
		free(glob);
	}
}

/* All of a name that was printed is taken literally. */
static void test_every_byte(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		char name[] = {'a', (char)byte, 'b', '\0'}, shown[16], out[8], *glob;

		escape_text(shown, sizeof(shown), name, sizeof(name));
		glob = glob_of(shown);
		assert_int_equal(glob_name(glob, out, sizeof(out)), byte != '*' && byte != '?');
		assert_string_equal(out, name);
		free(glob);
	}
}

/* The name is cut to the room for it, and nothing is written behind that. */
static void test_room(void **state)
{
	static const struct {
		size_t size;
		const char *wanted;
	} cases[] = {{1, ""}, {2, "a"}, {6, "ab*de"}, {7, "ab*def"}, {8, "ab*def"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char out[10];

		memset(out, '#', sizeof(out));
		assert_true(glob_name("ab\\*def", out, cases[i].size));
		assert_string_equal(out, cases[i].wanted);
		assert_int_equal(out[cases[i].size], '#');
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
