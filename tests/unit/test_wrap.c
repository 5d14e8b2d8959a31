// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests running text on a terminal: broken between words, never cut.
 */
#include "capture.h"
#include "check.h"
#include "wrap.h"

static void assert_wrapped(size_t width, size_t indent, const char *text, const char *wanted)
{
	struct capture capture = capture_open();
	struct wrap wrap = {.output = capture.output, .width = width, .indent = indent};
	char *got;

	wrap_text(&wrap, text);
	got = capture_take(&capture);
	assert_string_equal(got, wanted);
	free(got);
	capture_close(&capture);
}

static void test_breaks_between_words(void **state)
{
	(void)state;
	assert_wrapped(10, 2, "", "");
	assert_wrapped(10, 2, "1234 67890", "1234 67890");
	assert_wrapped(10, 2, "1234 678901", "1234\n  678901");
	assert_wrapped(10, 2, "a b c d e f g h i", "a b c d e\n  f g h i");
	assert_wrapped(10, 2, "a  b", "a  b");
	assert_wrapped(0, 2, "no limit is no limit is no limit", "no limit is no limit is no limit");
}

static void test_long_words_are_not_cut(void **state)
{
	(void)state;
	assert_wrapped(10, 2, "a 123456789012345 b", "a\n  123456789012345\n  b");
	assert_wrapped(10, 2, "run `sudo setcap x=ep y` now", "run\n  `sudo setcap x=ep y`\n  now");
	assert_wrapped(10, 2, "a lone ` is a character", "a lone `\n  is a\n  character");
	assert_wrapped(4, 8, "a bb ccc", "a bb\n        ccc");
}

static void test_counts_characters(void **state)
{
	(void)state;
	assert_int_equal(wrap_width_of("Ä→…"), 3);
	assert_wrapped(10, 2, "ÄÄÄÄ ÖÖÖÖÖ", "ÄÄÄÄ ÖÖÖÖÖ");
	assert_wrapped(10, 2, "ÄÄÄÄ ÖÖÖÖÖÖ", "ÄÄÄÄ\n  ÖÖÖÖÖÖ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_breaks_between_words),
		cmocka_unit_test(test_long_words_are_not_cut),
		cmocka_unit_test(test_counts_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
