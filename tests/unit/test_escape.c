// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests escaping: text that another program chose is shown, and cannot control a terminal.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "encode_utf8.h"
#include "escape.h"

struct escaped {
	const char *raw;
	const char *shown;
};

static const struct escaped escapes[] = {
	{"", ""},
	{"nginx", "nginx"},
	{"kworker/0:1-ev", "kworker/0:1-ev"},
	{"x !\"#%&'()~", "x !\"#%&'()~"},
	/* spaces that would be invisible, or look like the gap between two columns */
	{" a", "\\x20a"},
	{"a ", "a\\x20"},
	{" ", "\\x20"},
	{"a  b   c", "a \\x20b \\x20\\x20c"},
	{"tmux: server", "tmux: server"},
	/* the backslash begins an escape: the four characters \xff are not the byte 0xff */
	{"\\", "\\x5c"},
	{"\\xff\xff", "\\x5cxff\\xff"},
	{"a\\x5cb", "a\\x5cx5cb"},
	/* C0 and DEL */
	{"a\nb", "a\\x0ab"},
	{"a\rb", "a\\x0db"},
	{"a\tb", "a\\x09b"},
	{"\033[2J", "\\x1b[2J"},
	{"\001\037", "\\x01\\x1f"},
	{"\a\b", "\\x07\\x08"},
	{"\177", "\\x7f"},
	/* C1, as UTF-8: CSI, NEL */
	{"\302\23331m", "\\xc2\\x9b31m"},
	{"\302\205", "\\xc2\\x85"},
	{"\302\200\302\237", "\\xc2\\x80\\xc2\\x9f"},
	{"\302\241", "\302\241"}, /* the first printable character after C1 */
	/* valid UTF-8 stays */
	{"caf\303\251", "caf\303\251"},
	{"\343\202\265\343\203\274", "\343\202\265\343\203\274"},
	{"\360\237\220\247", "\360\237\220\247"},
	{"\337\277\340\240\200\357\277\275\360\220\200\200", "\337\277\340\240\200\357\277\275\360\220\200\200"},
	/* bidirectional controls, line and paragraph separators, the byte order mark */
	{"\342\200\256evil", "\\xe2\\x80\\xaeevil"},
	{"\342\200\216\342\200\217", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f"},
	{"\342\200\250\342\200\251", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},
	{"\342\200\252\342\200\255", "\\xe2\\x80\\xaa\\xe2\\x80\\xad"},
	{"\342\201\246\342\201\251", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9"},
	{"\330\234", "\\xd8\\x9c"},
	{"\357\273\277", "\\xef\\xbb\\xbf"},
	{"\342\200\247\342\200\260", "\342\200\247\342\200\260"}, /* printable neighbours of the above */
	/* invisible: zero width, a tag, the last code point */
	{"ng\342\200\213inx", "ng\\xe2\\x80\\x8binx"},
	{"\363\240\201\201", "\\xf3\\xa0\\x81\\x81"},
	{"\364\217\277\277", "\\xf4\\x8f\\xbf\\xbf"},
	/* characters that look like a space */
	{"a b\302\240c", "a b\\xc2\\xa0c"},
	{"\343\200\200", "\\xe3\\x80\\x80"},
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
	{"\xed\x9f\xbb\xef\xa4\x80", "\xed\x9f\xbb\xef\xa4\x80"}, /* printable neighbours of the surrogates */
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

/* Escapes quotes in quoted text, and spaces in a word: neither seems to end early. */
static void test_words_and_quotes(void **state)
{
	static const char raw[] = "a \"b\\\"\n c\302\240";
	char out[4 * sizeof(raw)];

	(void)state;
	escape_text(out, sizeof(out), raw, strlen(raw));
	assert_string_equal(out, "a \"b\\x5c\"\\x0a c\\xc2\\xa0");
	escape_word(out, sizeof(out), raw, strlen(raw));
	assert_string_equal(out, "a\\x20\"b\\x5c\"\\x0a\\x20c\\xc2\\xa0");
	escape_quoted(out, sizeof(out), raw, strlen(raw));
	assert_string_equal(out, "a \\x22b\\x5c\\x22\\x0a c\\xc2\\xa0");
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

/* Writes only whole characters and whole escapes, whatever the size of the buffer, and nothing beyond the buffer. */
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

static void test_all_characters(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x120000; c++) {
		bool good = c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
		char bytes[4];
		size_t length = encode_utf8(c, bytes);
		int32_t got = 0;
		size_t taken = utf8_next(bytes, length, &got);

		if (taken != (good ? length : 1) || got != (good ? (int32_t)c : -1))
			fail_msg("U+%04X: %zu bytes, %d", c, taken, got);
		for (size_t cut = 1; cut < length; cut++) {
			assert_int_equal(utf8_next(bytes, cut, &got), 1);
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

/* ---- typed text ---- */

static void test_unescape(void **state)
{
	static const struct {
		const char *typed, *name;
	} words[] = {
		{"", ""},
		{"nginx", "nginx"},
		{"\\x6eginx", "nginx"},
		{"\\xff", "\xff"},
		{"\\xFf\\xfF", "\xff\xff"},
		{"\\x5cxff", "\\xff"},
		{"\\x5c\\x5C", "\\\\"},
		{"a\\x20b", "a b"},
		{"caf\303\251", "caf\303\251"},
		{"\342\200\213", "\342\200\213"}, /* as jq -r prints it */
		{"\\xe2\\x80\\x8b", "\342\200\213"},
		/* no escapes */
		{"\\", "\\"},
		{"\\x", "\\x"},
		{"\\xf", "\\xf"},
		{"\\xfg", "\\xfg"},
		{"\\xg0", "\\xg0"},
		{"\\X41", "\\X41"},
		{"\\u0041", "\\u0041"},
		{"\\n", "\\n"},
		{"\\\\x41", "\\A"},
		{"\\x-1", "\\x-1"},
		{"\\x 1", "\\x 1"},
		{"\\x00", "\\x00"},
		{"\\x@1\\x`1\\x/1\\x:1", "\\x@1\\x`1\\x/1\\x:1"},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		size_t length = unescape(out, sizeof(out), words[i].typed);

		assert_string_equal(out, words[i].name);
		assert_int_equal(length, strlen(words[i].name));
	}
	assert_int_equal(unescape(out, 3, "\\x61bcd"), 2);
	assert_string_equal(out, "ab");
	assert_int_equal(unescape(out, 1, "a"), 0);
	assert_string_equal(out, "");
}

/* A name that stands by itself does not begin as a sign, a quote or an option does, nor look like a number. */
static void test_names_by_themselves(void **state)
{
	static const struct {
		const char *name, *shown;
	} names[] = {
		{"", "\"\""},
		{"nginx", "nginx"},
		{"tmux: server", "tmux: server"},
		{"(sd-pam)", "(sd-pam)"},
		{"it's \"x\"", "it's \"x\""},
		{"\"\"", "\\x22\""},
		{"'x'", "\\x27x'"},
		{"-x", "\\x2dx"},
		{"-", "\\x2d"},
		{"=x", "\\x3dx"},
		{"!=", "\\x21="},
		{"<x>", "\\x3cx>"},
		{">x", "\\x3ex"},
		{"123", "\\x3123"},
		{"7z", "7z"},
		{"a ", "a\\x20"},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		escape_name(out, sizeof(out), names[i].name, 16);
		assert_string_equal(out, names[i].shown);
		assert_string_equal(NAMED(names[i].name), names[i].shown);
	}
	assert_string_equal(SERVICE("a(b),c:d"), "a\\x28b\\x29\\x2cc\\x3ad");
	assert_string_equal(SERVICE("-x"), "\\x2dx");
	assert_string_equal(SERVICE("914c/g"), "914c/g");
	assert_string_equal(SERVICE("4-tieropmgw"), "4-tieropmgw");
}

static void test_quoted_words(void **state)
{
	(void)state;
	assert_true(is_quoted_whole("\"\"", 2));
	assert_true(is_quoted_whole("'a \"b'", 6));
	assert_false(is_quoted_whole("\"", 1));
	assert_false(is_quoted_whole("", 0));
	assert_false(is_quoted_whole("\"a\" \"b\"", 7));
	assert_false(is_quoted_whole("\"a'", 3));
	assert_false(is_quoted_whole("a\"b\"", 4));
}

/* Any name can be typed as it is shown. Typed text, too, can be typed as it is shown, and still means the same. */
static void test_what_is_shown_can_be_typed(void **state)
{
	size_t (*const ways[])(char *, size_t, const char *, size_t) = {escape_text,    escape_word,      escape_quoted,
									escape_service, escape_name_word, escape_name};
	uint64_t seed = 271828;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		static const char frequent[] = "\\xx5cf0 \"*";
		char raw[16] = "", shown[64], typed[64], meant[64];
		size_t length = (size_t)round % sizeof(raw);

		for (size_t i = 0; i < length; i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			raw[i] = round % 3 ? frequent[(seed >> 40) % (sizeof(frequent) - 1)]
					   : (char)((seed >> 40) % 255 + 1);
		}
		for (size_t i = 0; i < COUNT_OF(ways); i++) {
			if (ways[i] == escape_name && !raw[0])
				continue;
			ways[i](shown, sizeof(shown), raw, sizeof(raw));
			unescape(meant, sizeof(meant), shown);
			assert_string_equal(meant, raw);
		}
		unescape(meant, sizeof(meant), raw);
		escape_typed(shown, sizeof(shown), raw, sizeof(raw));
		unescape(typed, sizeof(typed), shown);
		assert_string_equal(typed, meant);
	}
}

/* ---- printable characters ---- */

struct range {
	uint32_t first, last;
};

static bool is_in(uint32_t c, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* Ranges of Unicode's DerivedCoreProperties.txt and UnicodeData.txt. They will not change: ranges reserved there for
 * ignored characters stay reserved. */
static const struct range never_pass[] = {
	/* Cc; Cs; Co; code points that are no characters, and never will be (the last two of each plane: see the test)
	 */
	{0x0, 0x1f},
	{0x7f, 0x9f},
	{0xd800, 0xdfff},
	{0xe000, 0xf8ff},
	{0xf0000, 0xffffd},
	{0x100000, 0x10fffd},
	{0xfdd0, 0xfdef},
	/* Zl, Zp, Zs, and the blank of Braille */
	{0xa0, 0xa0},
	{0x1680, 0x1680},
	{0x2000, 0x200a},
	{0x2028, 0x2029},
	{0x202f, 0x202f},
	{0x205f, 0x205f},
	{0x3000, 0x3000},
	{0x2800, 0x2800},
	/* Default_Ignorable_Code_Point */
	{0xad, 0xad},
	{0x34f, 0x34f},
	{0x61c, 0x61c},
	{0x115f, 0x1160},
	{0x17b4, 0x17b5},
	{0x180b, 0x180f},
	{0x200b, 0x200f},
	{0x202a, 0x202e},
	{0x2060, 0x206f},
	{0x3164, 0x3164},
	{0xfe00, 0xfe0f},
	{0xfeff, 0xfeff},
	{0xffa0, 0xffa0},
	{0xfff0, 0xfff8},
	{0x1bca0, 0x1bca3},
	{0x1d173, 0x1d17a},
	{0xe0000, 0xe0fff},
	/* Cf, those that are not ignored: before numbers, in annotations, in hieroglyphs */
	{0x600, 0x605},
	{0x6dd, 0x6dd},
	{0x70f, 0x70f},
	{0x8e2, 0x8e2},
	{0xfff9, 0xfffb},
	{0x110bd, 0x110bd},
	{0x110cd, 0x110cd},
	{0x13430, 0x13438},
	/* Cn: some code points that are not assigned, and will not be soon */
	{0x378, 0x379},
	{0x40000, 0x4ffff},
};

static const struct range always_pass[] = {
	{0x20, 0x7e},       {0xa1, 0xac}, {0xae, 0x34e}, /* Latin, its accents */
	{0x391, 0x3a1},                                  /* Greek */
	{0x400, 0x52f},                                  /* Cyrillic */
	{0x5d0, 0x5ea},                                  /* Hebrew */
	{0x1100, 0x115e},                                /* up to the fillers */
	{0x2010, 0x2027},                                /* between the zero-width ones and the line separators */
	{0x2030, 0x205e},                                /* up to the mathematical space */
	{0x2070, 0x2071},                                /* after the invisible operators */
	{0x2190, 0x23ff},                                /* arrows, mathematics */
	{0x2500, 0x27ff},                                /* boxes, dingbats, up to the blank of Braille */
	{0x2801, 0x28ff},                                /* after the blank of Braille */
	{0x3001, 0x303f},                                /* after the ideographic space */
	{0x3041, 0x3096},                                /* Hiragana */
	{0x30a0, 0x30ff},                                /* Katakana */
	{0x4e00, 0x9fa5},                                /* CJK */
	{0xac00, 0xd7a3},                                /* Hangul */
	{0xf900, 0xfa6d},                                /* after private use */
	{0xfffc, 0xfffd},                                /* the replacement characters */
	{0x1f300, 0x1f64f},                              /* emoji */
	{0x20000, 0x2a6d6},                              /* CJK */
};

static bool is_no_character(uint32_t c)
{
	return (c & 0xfffe) == 0xfffe;
}

static void test_what_is_printable(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		bool unprintable = is_unprintable((int32_t)c);

		if (!unprintable && (is_no_character(c) || is_in(c, never_pass, COUNT_OF(never_pass))))
			fail_msg("U+%04X passes", c);
		if (unprintable && is_in(c, always_pass, COUNT_OF(always_pass)))
			fail_msg("U+%04X does not pass", c);
	}
}

/* Escapes each byte of an unprintable character, and of a backslash, and nothing else. */
static void test_what_is_not_printable_is_escaped(void **state)
{
	(void)state;
	for (uint32_t c = 1; c < 0x110000; c++) {
		bool unprintable = is_unprintable((int32_t)c) || c == '\\';
		char raw[8] = "a", shown[32] = "a", out[32];
		size_t length = encode_utf8(c, raw + 1);

		for (size_t i = 1; i <= length && unprintable; i++)
			sprintf(shown + strlen(shown), "\\x%02x", (unsigned char)raw[i]);
		if (!unprintable)
			memcpy(shown + 1, raw + 1, length);
		strcat(shown, "b");
		raw[length + 1] = 'b';
		escape_text(out, sizeof(out), raw, strlen(raw));
		if (strcmp(out, shown) != 0)
			fail_msg("U+%04X: %s, not %s", c, out, shown);
	}
}

/* Cuts text in a message where there is no room: visibly, and not within a character or a \xNN. */
static void test_cut_in_a_message(void **state)
{
	static const struct {
		const char *unit, *end;
		size_t size;
	} cuts[] = {{"\302\240", "\\xc2\\xa0", 9}, {"\342\202\254", "\342\202\254", 4}, {"\\", "\\x5c", 5}};
	char typed[] = "\\xe2\\x80\\x8b\\xe2\\x80\\x8b", out[17];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cuts); i++)
		for (size_t units = 1; units < 12; units++) {
			char text[64] = "", shown[200] = "", room[64];

			for (size_t j = 0; j < units; j++)
				strcat(text, cuts[i].unit);
			escape_text(shown, sizeof(shown), text, strlen(text));
			for (size_t size = 8; size <= sizeof(room); size++) {
				size_t length = strlen(escape_into(room, size, text)), kept = length - strlen("…");

				if (strlen(shown) < size) {
					assert_string_equal(room, shown);
					continue;
				}
				assert_true(length < size);
				assert_string_equal(room + kept, "…");
				assert_memory_equal(room, shown, kept);
				assert_true(kept == 0 || kept % strlen(cuts[i].end) == 0 ||
					    (i == 0 && kept % ESCAPE_LENGTH == 0));
			}
		}
	assert_string_equal(escape_typed_into(out, sizeof(out), typed), "\\xe2\\x80\\x8b…");
	assert_string_equal(escape_typed_into(out, sizeof(out), "0123456789abcdef"), "0123456789abcdef");
	assert_string_equal(escape_typed_into(out, sizeof(out), "0123456789abcdefg"), "0123456789abc…");
}

/* ---- exact limits ---- */

static void test_where_texts_are_cut(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *wanted;
	} cases[] = {
		{"abc", 3, "abc"},          {"abcd", 3, "abc"},
		{"ab\\x41c", 6, "ab\\x41"}, {"ab\\x41c", 5, "ab"},
		{"ab\\x41c", 3, "ab"},      {"ab\\x41c", 2, "ab"},
		{"\\x41", 4, "\\x41"},      {"\\x41", 3, ""},
		{"\\x41", 2, ""},           {"\\x41", 1, ""},
		{"\\x41", 0, ""},           {"ab\\", 3, "ab\\"},
		{"\\\\\\\\", 3, "\\\\"}, /* typed */
		{"a\303\251", 2, "a"},      {"a\303\251", 3, "a\303\251"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[16];

		strcpy(text, cases[i].text);
		escape_cut(text, cases[i].width);
		assert_string_equal(text, cases[i].wanted);
	}
}

static void test_cut_characters(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"a", "a"},
		{"a\303", "a"},
		{"a\303\251", "a\303\251"},
		{"a\342\202", "a"},
		{"a\360\237\230\200", "a\360\237\230\200"},
		{"a\360\237\230", "a"},
		{"a\200\200\200\200", "a"}, /* no character has more than three of these */
		{"\303", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[16];

		strcpy(text, cases[i][0]);
		drop_cut_character(text);
		assert_string_equal(text, cases[i][1]);
	}
}

/* No character begins with a byte from 0xf5 on, nor with one from 0x80 to 0xc1, whatever follows. */
static void test_bytes_that_begin_no_character(void **state)
{
	(void)state;
	for (unsigned int first = 0x80; first < 0x100; first++) {
		const char text[] = {(char)first, '\x90', '\x80', '\x80'};
		int32_t character;

		if (first >= 0xc2 && first < 0xf5 && first != 0xf4) /* 0xf4 0x90 is behind the last character */
			continue;
		assert_int_equal(utf8_next(text, sizeof(text), &character), 1);
		assert_int_equal(character, -1);
	}
}

/* Nothing but digits is a number, unless the first is escaped. */
static void test_names_of_digits(void **state)
{
	static const struct {
		const char *name;
		size_t length;
		const char *wanted;
	} cases[] =
		{
			{"0", 1, "\\x30"},   {"9", 1, "\\x39"}, {"10", 2, "\\x310"},
			{"89", 2, "\\x389"}, {"8:", 2, "8:"},   {"8/", 2, "8/"},
			{"9a", 2, "9a"},     {"a9", 2, "a9"},   {"123", 2, "\\x312"}, /* ends before its third digit */
		};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char out[16];

		assert_int_equal(escape_name(out, sizeof(out), cases[i].name, cases[i].length),
				 strlen(cases[i].wanted));
		assert_string_equal(out, cases[i].wanted);
	}
}

/* In a message, spaces at the ends can be seen. */
static void test_spaces_in_messages(void **state)
{
	(void)state;
	assert_string_equal(ESCAPED(" a  b "), "\\x20a \\x20b\\x20");
	assert_string_equal(NAMED(" a"), "\\x20a");
	assert_string_equal(TYPED(" a "), " a ");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_texts_are_cut),
		cmocka_unit_test(test_cut_characters),
		cmocka_unit_test(test_bytes_that_begin_no_character),
		cmocka_unit_test(test_names_of_digits),
		cmocka_unit_test(test_spaces_in_messages),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_words_and_quotes),
		cmocka_unit_test(test_ends_at_nul_or_length),
		cmocka_unit_test(test_short_buffers),
		cmocka_unit_test(test_all_characters),
		cmocka_unit_test(test_cut_character_is_dropped),
		cmocka_unit_test(test_cut_in_a_message),
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_names_by_themselves),
		cmocka_unit_test(test_quoted_words),
		cmocka_unit_test(test_what_is_shown_can_be_typed),
		cmocka_unit_test(test_what_is_printable),
		cmocka_unit_test(test_what_is_not_printable_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
