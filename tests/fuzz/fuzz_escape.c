// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Escaping: what is shown of any bytes is harmless, and when it is typed again it means the same bytes. Input: a byte
 * that gives the size of a small buffer, and the bytes.
 */
#include "fuzz.h"

typedef size_t escape(char *out, size_t size, const char *text, size_t length);

static void must_be_harmless(const char *shown, size_t length)
{
	int32_t character;

	MUST(strlen(shown) == length);
	for (size_t at = 0; at < length;) {
		at += utf8_next(shown + at, length - at, &character);
		MUST(character >= 0 && !is_unprintable(character));
	}
	MUST(text_width(shown) <= length);
}

/* A small buffer gets the beginning of the same. */
static void check_small_buffer(escape *escape, const char *text, const char *whole, size_t size)
{
	char *out = malloc(size);
	size_t length;

	MUST(out);
	length = escape(out, size, text, strlen(text));
	MUST(length < size && strlen(out) == length && strncmp(out, whole, length) == 0);
	MUST(strlen(whole) - length == 0 || length + 4 * (size_t)ESCAPE_LENGTH >= size);
	free(out);
}

static void check_cut(const char *shown, size_t width)
{
	char *cut = strdup(shown);
	size_t length;

	MUST(cut);
	escape_cut(cut, width);
	length = strlen(cut);
	MUST(length <= width && strncmp(cut, shown, length) == 0);
	must_be_harmless(cut, length);
	free(cut);
}

/* Of a text of whole characters that is cut anywhere, the whole characters stay. */
static void check_cut_character(const char *shown, size_t at)
{
	char *cut = strndup(shown, at);
	size_t before, after;

	MUST(cut);
	before = strlen(cut);
	drop_cut_character(cut);
	after = strlen(cut);
	MUST(strncmp(cut, shown, after) == 0 && before - after < 4);
	must_be_harmless(cut, after);
	free(cut);
}

static void check_escape(escape *escape, const char *text, size_t small)
{
	size_t length = strlen(text), size = ESCAPE_LENGTH * length + 1, shown_length;
	char *shown = malloc(size), *typed = malloc(length + 1);

	MUST(shown && typed);
	shown_length = escape(shown, size, text, length);
	must_be_harmless(shown, shown_length);
	MUST(unescape(typed, length + 1, shown) == length && strcmp(typed, text) == 0);
	check_small_buffer(escape, text, shown, small);
	check_cut(shown, small);
	check_cut_character(shown, small);
	free(typed);
	free(shown);
}

/* What was typed is shown in a message as it can be typed again. */
static void check_typed(const char *text)
{
	size_t length = strlen(text), size = ESCAPE_LENGTH * length + 1;
	char *shown = malloc(size), *meant = malloc(length + 1), *again = malloc(length + 1);

	MUST(shown && meant && again);
	must_be_harmless(shown, escape_typed(shown, size, text, length));
	unescape(meant, length + 1, text);
	unescape(again, length + 1, shown);
	MUST(strcmp(meant, again) == 0);
	free(again);
	free(meant);
	free(shown);
}

static void check_messages(const char *text)
{
	const char *escaped = ESCAPED(text), *typed = TYPED(text);

	must_be_harmless(escaped, strnlen(escaped, 256));
	must_be_harmless(typed, strnlen(typed, 256));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t small = 1 + (size_t)take_byte(&data, &size);
	char *text = copy_text(data, size);

	check_escape(escape_text, text, small);
	check_escape(escape_word, text, small);
	check_escape(escape_quoted, text, small);
	check_typed(text);
	check_messages(text);
	free(text);
	return 0;
}
