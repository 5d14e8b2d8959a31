// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "nearest.h"

static void test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {
		{"", "", 0},      {"abc", "abc", 0},     {"abc", "ABC", 0},   {"", "abc", 3},
		{"abc", "", 3},   {"abc", "abd", 1},     {"abc", "acb", 1},   {"abc", "abcd", 1},
		{"abc", "bc", 1}, {"sprot", "sport", 1}, {"jsom", "json", 1}, {"kitten", "sitting", 3},
		{"ab", "ba", 1},  {"abcd", "dcba", 3},   {"a", "b", 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t there = word_distance(cases[i].a, cases[i].b), back = word_distance(cases[i].b, cases[i].a);

		if (there != cases[i].distance || back != there)
			fail_msg("\"%s\" and \"%s\": %zu and %zu, not %zu", cases[i].a, cases[i].b, there, back,
				 cases[i].distance);
	}
}

static void test_long_words_are_far(void **state)
{
	char longest[64], longer[65];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(word_distance(longest, longest), 0);
	assert_true(word_distance(longest, longer) == SIZE_MAX);
	assert_true(word_distance(longer, "x") == SIZE_MAX);
}

static void test_nearest(void **state)
{
	static const char *const words[] = {"json", "color", "netns", "all-netns", "socket-source", "u", "numeric"};
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{"jsom", "json"},     {"colour", "color"},
		{"COLOR", "color"},   {"all-nets", "all-netns"},
		{"nets", "netns"},    {"soket-sorce", "socket-source"},
		{"num", "numeric"},   {"nu", NULL},
		{"xyz", NULL},        {"", NULL},
		{"w", NULL},          {"nginx", NULL},
		{"all", "all-netns"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *got = nearest_word(cases[i].word, words, COUNT_OF(words));

		if (got != cases[i].nearest && (!got || !cases[i].nearest || strcmp(got, cases[i].nearest) != 0))
			fail_msg("\"%s\" is taken for %s", cases[i].word, got ? got : "nothing");
	}
	assert_null(nearest_word("json", NULL, 0));
}

/* One slip in three to five letters, two from six on, none in fewer. */
static void test_slips_that_are_allowed(void **state)
{
	static const struct {
		const char *word, *meant;
		bool found;
	} cases[] = {
		{"xy", "xz", false},         {"xyz", "xyw", true},         {"xyz", "xvw", false},
		{"vwxyz", "vwxya", true},    {"vwxyz", "vwxba", false},    {"uvwxyz", "uvwxba", true},
		{"uvwxyz", "uvwcba", false}, {"uvwxyz", "uvwxyzab", true}, {"xy", "xyz", false},
		{"xyz", "xyzabcdef", true}, /* its beginning */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(nearest_word(cases[i].word, &cases[i].meant, 1) != NULL, cases[i].found);
}

/* Of two that are equally near the first is taken, and a nearer one behind it. */
static void test_nearest_of_several(void **state)
{
	static const char *const words[] = {"abcdxy", "abcdyx", "abcdez"};

	(void)state;
	assert_string_equal(nearest_word("abcdef", words, 2), "abcdxy");
	assert_string_equal(nearest_word("abcdef", words, 3), "abcdez");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_long_words_are_far),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_slips_that_are_allowed),
		cmocka_unit_test(test_nearest_of_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
