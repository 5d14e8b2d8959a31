// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What another program chose is shown, and steers no terminal.
 */
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "escape.h"

struct escaped {
	const char *raw;
	const char *shown;
};

static const struct escaped escapes[] = {
	{"", ""},
	{"nginx", "nginx"},
	{"kworker/0:1-ev", "kworker/0:1-ev"},
	{" !\"#%&'()~", " !\"#%&'()~"},
	/* C0 and DEL */
	{"a\nb", "a\\x0ab"},
	{"a\rb", "a\\x0db"},
	{"a\tb", "a\\x09b"},
	{"\033[2J", "\\x1b[2J"},
	{"\001\037", "\\x01\\x1f"},
	{"\a\b", "\\x07\\x08"},
	{"\177", "\\x7f"},
	/* C1, as UTF-8: CSI, NEL */
	{"\302\233"
	 "31m",
	 "\\xc2\\x9b31m"},
	{"\302\205", "\\xc2\\x85"},
	{"\302\200\302\237", "\\xc2\\x80\\xc2\\x9f"},
	{"\302\240", "\302\240"}, /* the first character after them */
	/* what is good UTF-8 stays */
	{"caf\303\251", "caf\303\251"},
	{"\343\202\265\343\203\274", "\343\202\265\343\203\274"},
	{"\360\237\220\247", "\360\237\220\247"},
	{"\337\277\340\240\200\357\277\275\360\220\200\200\364\217\277\277",
	 "\337\277\340\240\200\357\277\275\360\220\200\200\364\217\277\277"},
	/* bidirectional controls, line and paragraph separators, the byte order mark */
	{"\342\200\256evil", "\\xe2\\x80\\xaeevil"},
	{"\342\200\216\342\200\217", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f"},
	{"\342\200\250\342\200\251", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},
	{"\342\200\252\342\200\255", "\\xe2\\x80\\xaa\\xe2\\x80\\xad"},
	{"\342\201\246\342\201\251", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9"},
	{"\330\234", "\\xd8\\x9c"},
	{"\357\273\277", "\\xef\\xbb\\xbf"},
	{"\342\200\247\342\200\257", "\342\200\247\342\200\257"}, /* their neighbours */
	/* invalid UTF-8 */
	{"\x80", "\\x80"},
	{"\xbf\xbf", "\\xbf\\xbf"},
	{"\xff\xfe", "\\xff\\xfe"},
	{"\xc3", "\\xc3"},
	{"\xc3(", "\\xc3("},
	{"\xe2\x82", "\\xe2\\x82"},
	{"\xe2\x82x", "\\xe2\\x82x"},
	{"\xf0\x9f\x90", "\\xf0\\x9f\\x90"},
	{"\xf0\x9f\x90z", "\\xf0\\x9f\\x90z"},
	{"\xc3\xc3\xa9", "\\xc3\xc3\xa9"},
	/* overlong */
	{"\xc0\xaf", "\\xc0\\xaf"},
	{"\xc1\xbf", "\\xc1\\xbf"},
	{"\xc0\x9b", "\\xc0\\x9b"},
	{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
	{"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},
	{"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
	{"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},
	/* surrogates, too large, too long */
	{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
	{"\xed\xbf\xbf", "\\xed\\xbf\\xbf"},
	{"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"},
	{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
	{"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
	{"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
	{"\xfc\x84\x80\x80\x80\x80", "\\xfc\\x84\\x80\\x80\\x80\\x80"},
};

static void test_escapes(void **state)
{
	char out[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(escapes); i++) {
		size_t length = strlen(escapes[i].raw);

		assert_true(4 * length + 1 <= sizeof(out));
		assert_int_equal(escape_text(out, 4 * length + 1, escapes[i].raw, length), strlen(escapes[i].shown));
		assert_string_equal(out, escapes[i].shown);
	}
}

static void test_ends_at_nul_or_length(void **state)
{
	static const char comm[16] = {'a', 'b', '\0', '\033', 'x'};
	static const char full[4] = {'a', 'b', 'c', 'd'};
	char out[65];

	(void)state;
	assert_int_equal(escape_text(out, sizeof(out), comm, sizeof(comm)), 2);
	assert_string_equal(out, "ab");
	assert_int_equal(escape_text(out, sizeof(out), full, sizeof(full)), 4);
	assert_string_equal(out, "abcd");
	assert_int_equal(escape_text(out, sizeof(out), "\303\251", 1), 4); /* cut within a character */
	assert_string_equal(out, "\\xc3");
	assert_int_equal(escape_text(out, sizeof(out), "x", 0), 0);
	assert_string_equal(out, "");
}

/* Whatever the room, what fits is whole characters and whole escapes, and nothing is written beyond. */
static void test_short_buffers(void **state)
{
	static const char raw[] = "a\033\303\251\342\200\256\360\237\220\247z";
	static const char shown[] = "a\\x1b\303\251\\xe2\\x80\\xae\360\237\220\247z";
	static const size_t ends[] = {0, 1, 5, 7, 19, 23, 24};

	(void)state;
	for (size_t size = 1; size <= sizeof(shown) + 3; size++) {
		char out[64];
		size_t fitting = 0;

		memset(out, '#', sizeof(out));
		for (size_t i = 0; i < COUNT_OF(ends); i++)
			if (ends[i] < size)
				fitting = ends[i];
		assert_int_equal(escape_text(out, size, raw, sizeof(raw) - 1), fitting);
		assert_memory_equal(out, shown, fitting);
		assert_int_equal(out[fitting], '\0');
		for (size_t i = size; i < sizeof(out); i++)
			assert_int_equal(out[i], '#');
	}
}

/* An encoder of our own, to hold the decoder against. */
static size_t encode(uint32_t c, unsigned char out[4])
{
	if (c < 0x80) {
		out[0] = (unsigned char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (unsigned char)(0xc0 | c >> 6);
		out[1] = (unsigned char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (unsigned char)(0xe0 | c >> 12);
		out[1] = (unsigned char)(0x80 | (c >> 6 & 63));
		out[2] = (unsigned char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (unsigned char)(0xf0 | c >> 18);
	out[1] = (unsigned char)(0x80 | (c >> 12 & 63));
	out[2] = (unsigned char)(0x80 | (c >> 6 & 63));
	out[3] = (unsigned char)(0x80 | (c & 63));
	return 4;
}

static void test_all_characters(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x120000; c++) {
		bool good = c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
		unsigned char bytes[4];
		size_t length = encode(c, bytes);
		int32_t got = 0;
		size_t taken = utf8_next((const char *)bytes, length, &got);

		if (taken != (good ? length : 1) || got != (good ? (int32_t)c : -1))
			fail_msg("U+%04X: %zu bytes, %d", c, taken, got);
		for (size_t cut = 1; cut < length; cut++) {
			assert_int_equal(utf8_next((const char *)bytes, cut, &got), 1);
			assert_int_equal(got, -1);
		}
	}
}

/* A text cut at any byte loses the character that was cut, and nothing else. */
static void test_cut_character_is_dropped(void **state)
{
	static const char text[] = "a\303\251\342\202\254z\360\237\220\247";
	static const size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 7, 7, 7, 7, 11};

	(void)state;
	assert_int_equal(COUNT_OF(ends), sizeof(text));
	for (size_t length = 0; length < sizeof(text); length++) {
		char cut[sizeof(text)] = "";

		memcpy(cut, text, length);
		drop_cut_character(cut);
		assert_int_equal(strlen(cut), ends[length]);
		assert_memory_equal(cut, text, ends[length]);
	}
}

static void test_steering(void **state)
{
	static const int32_t steering[] = {0x00,   0x1b,   0x1f,   0x7f,   0x80,   0x9f,   0x061c, 0x200e,
					   0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff};
	static const int32_t plain[] = {0x20,   0x7e,   0xa0,   0x061b, 0x061d, 0x200d,  0x2010,
					0x2027, 0x202f, 0x2065, 0x206a, 0xfefe, 0x1f427, 0x10ffff};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steering); i++)
		assert_true(is_steering(steering[i]));
	for (size_t i = 0; i < COUNT_OF(plain); i++)
		assert_false(is_steering(plain[i]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_ends_at_nul_or_length),
		cmocka_unit_test(test_short_buffers),
		cmocka_unit_test(test_all_characters),
		cmocka_unit_test(test_cut_character_is_dropped),
		cmocka_unit_test(test_steering),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
