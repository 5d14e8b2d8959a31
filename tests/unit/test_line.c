// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests lines that are put together in columns: their widths, in characters; and their room, in bytes.
 */
#include <stdlib.h>

#include "capture.h"
#include "json_writer.h"
#include "line.h"

static struct line line; /* too large for a stack frame */

static void assert_put(const char *wanted)
{
	struct capture capture = capture_open();
	char *text;

	line_put(&line, capture.output);
	text = capture_take(&capture);
	assert_string_equal(text, wanted);
	free(text);
	capture_close(&capture);
}

static void test_columns(void **state)
{
	(void)state;
	line_clear(&line);
	line_left(&line, "ab", 4);
	assert_int_equal(line.column, 5);
	line_right(&line, "cd", 4);
	assert_int_equal(line.column, 10);
	line_left(&line, "wider", 3); /* moves what follows */
	line_right(&line, "wider", 5);
	line_u64(&line, 12);
	assert_put("ab     cd wider wider 12\n");
}

/* A character of several bytes takes one column, and a colour none. */
static void test_characters_and_colors(void **state)
{
	(void)state;
	line_clear(&line);
	line_left(&line, "caf\303\251", 5);
	assert_int_equal(line.column, 6);
	line_color(&line, "\033[31m");
	assert_int_equal(line.column, 6);
	line_right(&line, "\303\251", 2);
	line_text(&line, "x");
	assert_int_equal(line.column, 10);
	assert_put("caf\303\251  \033[31m \303\251 x\n");
}

static void test_spaces_at_the_end_are_left_out(void **state)
{
	(void)state;
	line_clear(&line);
	assert_put("\n");
	line_pad_to(&line, 3);
	line_pad_to(&line, 2); /* is there already */
	assert_int_equal(line.column, 3);
	assert_put("\n");
	line_left(&line, "a b", 8);
	assert_put("   a b\n");
}

static void test_appended_line(void **state)
{
	static struct line other;

	(void)state;
	line_clear(&line);
	line_clear(&other);
	line_text(&other, "\303\251!");
	line_text(&line, "a");
	line_append(&line, &other);
	assert_int_equal(line.column, 3);
	assert_put("a\303\251!\n");
}

static void test_widths(void **state)
{
	size_t width = 3;

	(void)state;
	line_widen(&width, "ab");
	assert_int_equal(width, 3);
	line_widen(&width, "abc\303\251");
	assert_int_equal(width, 4);
}

/* What has no room is left out, whatever adds it. */
static void test_full_line(void **state)
{
	static struct line full;
	char *text = malloc(LINE_MAX_BYTES + 2);

	(void)state;
	memset(text, 'x', LINE_MAX_BYTES + 1);
	text[LINE_MAX_BYTES + 1] = '\0';
	line_clear(&line);
	line_text(&line, text + 2);
	assert_int_equal(line.used, LINE_MAX_BYTES - 1);
	line_text(&line, "y");
	assert_int_equal(line.used, LINE_MAX_BYTES);
	line_text(&line, "z");
	line_color(&line, "z");
	line_pad_to(&line, 2 * LINE_MAX_BYTES);
	assert_int_equal(line.used, LINE_MAX_BYTES);
	assert_int_equal(line.column, 2 * LINE_MAX_BYTES);
	assert_int_equal(line.bytes[LINE_MAX_BYTES - 1], 'y');
	line_clear(&full);
	line_text(&full, text);
	assert_int_equal(full.used, LINE_MAX_BYTES);
	line_append(&full, &line);
	assert_int_equal(full.used, LINE_MAX_BYTES);
	line_clear(&full);
	line_pad_to(&full, LINE_MAX_BYTES + 1);
	assert_int_equal(full.used, LINE_MAX_BYTES);
	free(text);
}

static void test_two_digits(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{69, "1m09s"}, {70, "1m10s"}, {71, "1m11s"}, {36000, "10h00m"}, {86400 * 10 + 3600 * 10, "10d10h"}};
	char out[32];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct span span = {.us = cases[i].seconds * 1000000, .known = SPAN_EXACT};

		assert_string_equal(span_text(span, out), cases[i].text);
	}
}

/* Of a text without a NUL only its length is written. */
static void test_json_of_a_part_of_a_text(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *wanted;
	} cases[] = {
		{"abcdef", 3, "{\"k\":\"abc\"}\n"},
		{"abcdef", 0, "{\"k\":\"\"}\n"},
		{"ab", 9, "{\"k\":\"ab\"}\n"},
		{"a\"bcd", 3, "{\"k\":\"a\\\"b\"}\n"},
		{"a b", 3, "{\"k\":\"a b\"}\n"},
		{"a\303\251b", 2, "{\"k\":\"a\\\\xc3\"}\n"}, /* half a character */
		{"a\177\037", 3, "{\"k\":\"a\\u007f\\u001f\"}\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct capture capture = capture_open();
		struct json_writer json;
		char *text;

		json_line_begin(&json, capture.output);
		json_text(&json, "k", cases[i].text, cases[i].length);
		json_line_end(&json);
		text = capture_take(&capture);
		assert_string_equal(text, cases[i].wanted);
		free(text);
		capture_close(&capture);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_characters_and_colors),
		cmocka_unit_test(test_spaces_at_the_end_are_left_out),
		cmocka_unit_test(test_appended_line),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_full_line),
		cmocka_unit_test(test_two_digits),
		cmocka_unit_test(test_json_of_a_part_of_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
