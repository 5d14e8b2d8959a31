// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "escape.h"

#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "parse.h"

enum { BRAILLE_BLANK = 0x2800 }; /* its category says symbol, yet it shows nothing */

static int is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t utf8_next(const char *text, size_t length, int32_t *character)
{
	static const int32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = text[0];
	size_t bytes = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	int32_t value = bytes == 1 ? first : first & (0x7f >> bytes);

	*character = -1;
	if (first >= 0xf8 || (first >= 0x80 && first < 0xc2) || bytes > length)
		return 1;
	for (size_t i = 1; i < bytes; i++) {
		if (!is_continuation(text[i]))
			return 1;
		value = value << 6 | ((unsigned char)text[i] & 0x3f);
	}
	if (value < smallest[bytes] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 1;
	*character = value;
	return bytes;
}

bool is_unprintable(int32_t c)
{
	const utf8proc_property_t *property;

	if (c < 0x7f)
		return c < 0x20;
	if (c == BRAILLE_BLANK)
		return true;
	property = utf8proc_get_property(c);
	if (property->ignorable)
		return true;
	switch (property->category) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
	case UTF8PROC_CATEGORY_ZS:
		return true;
	default:
		return false;
	}
}

/* Characters that are escaped besides the unprintable ones. */
struct escape_rules {
	const char *but;   /* printable characters */
	const char *first; /* printable characters at the beginning; NULL: none */
	bool outer_spaces; /* spaces that a reader may miss: at either end, and after another space */
};

#define SIGNS "\"'-=!<>" /* mean something at the beginning of a word: to the reader of options, or to a filter's */

static bool is_one_of(unsigned char byte, const char *characters)
{
	while (*characters && (unsigned char)*characters != byte)
		characters++;
	return *characters;
}

static bool is_plain_ascii(unsigned char byte, bool first, const struct escape_rules *rules)
{
	return byte >= 0x20 && byte < 0x7f && !is_one_of(byte, rules->but) &&
	       !(first && rules->first && is_one_of(byte, rules->first));
}

static bool is_outer_space(const char *text, size_t length, size_t at)
{
	return text[at] == ' ' && (at == 0 || at + 1 == length || text[at - 1] == ' ');
}

static char *put_hex_escape(char *at, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";

	*at++ = '\\';
	*at++ = 'x';
	*at++ = hex[byte >> 4];
	*at++ = hex[byte & 15];
	return at;
}

/* Escapes `text` into `out` and returns the length written. *whole: all of `text` had room. */
static size_t escape_bytes(char *out, size_t size, const char *text, size_t length, struct escape_rules rules,
			   bool *whole)
{
	size_t used = 0, at = 0;

	length = strnlen(text, length);
	while (at < length) {
		int32_t character = (unsigned char)text[at];
		size_t bytes = 1;
		bool plain = is_plain_ascii((unsigned char)character, at == 0, &rules) &&
			     !(rules.outer_spaces && is_outer_space(text, length, at));

		if (!plain && character >= 0x80) {
			bytes = utf8_next(text + at, length - at, &character);
			plain = character >= 0 && !is_unprintable(character);
		}
		if (used + (plain ? bytes : ESCAPE_LENGTH * bytes) >= size)
			break;
		for (size_t i = 0; i < bytes; i++) {
			if (plain)
				out[used++] = text[at + i];
			else
				used = (size_t)(put_hex_escape(out + used, (unsigned char)text[at + i]) - out);
		}
		at += bytes;
	}
	out[used] = '\0';
	*whole = at == length;
	return used;
}

size_t escape_text(char *out, size_t size, const char *text, size_t length)
{
	bool whole;

	return escape_bytes(out, size, text, length, (struct escape_rules){.but = "\\", .outer_spaces = true}, &whole);
}

size_t escape_word(char *out, size_t size, const char *text, size_t length)
{
	bool whole;

	return escape_bytes(out, size, text, length, (struct escape_rules){.but = "\\ "}, &whole);
}

static struct escape_rules make_name_rules(const char *name, size_t length)
{
	size_t digits = 0;

	while (digits < length && name[digits] >= '0' && name[digits] <= '9')
		digits++;
	return (struct escape_rules){.but = "\\",
				     .first = digits == strnlen(name, length) ? SIGNS "0123456789" : SIGNS,
				     .outer_spaces = true};
}

size_t escape_name(char *out, size_t size, const char *name, size_t length)
{
	bool whole;

	if (!length || !*name)
		return (size_t)snprintf(out, size, "\"\"");
	return escape_bytes(out, size, name, length, make_name_rules(name, length), &whole);
}

size_t escape_name_word(char *out, size_t size, const char *name, size_t length)
{
	bool whole;

	return escape_bytes(out, size, name, length, (struct escape_rules){.but = "\\ ", .first = SIGNS}, &whole);
}

static const struct escape_rules service_rules = {.but = "\\ ()]=!<>&|\"',:%#", .first = "-["};

size_t escape_service(char *out, size_t size, const char *name, size_t length)
{
	bool whole;

	return escape_bytes(out, size, name, length, service_rules, &whole);
}

size_t escape_quoted(char *out, size_t size, const char *text, size_t length)
{
	bool whole;

	return escape_bytes(out, size, text, length, (struct escape_rules){.but = "\\\""}, &whole);
}

size_t escape_typed(char *out, size_t size, const char *text, size_t length)
{
	bool whole;

	return escape_bytes(out, size, text, length, (struct escape_rules){.but = ""}, &whole);
}

void escape_cut(char *text, size_t width)
{
	if (strlen(text) <= width)
		return;
	while (width && is_continuation(text[width]))
		width--;
	for (size_t back = 1; back < ESCAPE_LENGTH && back <= width; back++) {
		if (text[width - back] != '\\')
			continue;
		width -= back;
		break;
	}
	text[width] = '\0';
}

static const char *escape_or_cut_text(char *out, size_t size, const char *text, struct escape_rules rules)
{
	static const char more[] = "\xe2\x80\xa6"; /* … */
	bool whole;

	escape_bytes(out, size, text, strlen(text), rules, &whole);
	if (!whole) {
		escape_cut(out, size - sizeof(more));
		strcat(out, more);
	}
	return out;
}

const char *escape_into(char *out, size_t size, const char *text)
{
	return escape_or_cut_text(out, size, text, (struct escape_rules){.but = "\\", .outer_spaces = true});
}

const char *escape_name_into(char *out, size_t size, const char *name)
{
	return *name ? escape_or_cut_text(out, size, name, make_name_rules(name, strlen(name))) : strcpy(out, "\"\"");
}

const char *escape_service_into(char *out, size_t size, const char *name)
{
	return escape_or_cut_text(out, size, name, service_rules);
}

const char *escape_typed_into(char *out, size_t size, const char *text)
{
	return escape_or_cut_text(out, size, text, (struct escape_rules){.but = ""});
}

size_t unescape_next(const char *typed, char *byte)
{
	int value = typed[0] == '\\' && typed[1] == 'x' ? parse_hex_byte(typed + 2) : -1;

	if (value <= 0) {
		*byte = typed[0];
		return 1;
	}
	*byte = (char)value;
	return 4;
}

size_t unescape(char *out, size_t size, const char *typed)
{
	size_t used = 0;

	while (*typed && used + 1 < size)
		typed += unescape_next(typed, &out[used++]);
	out[used] = '\0';
	return used;
}

bool is_quoted_whole(const char *word, size_t length)
{
	return length >= 2 && (word[0] == '"' || word[0] == '\'') &&
	       memchr(word + 1, word[0], length - 1) == word + length - 1;
}

size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += !is_continuation(*text);
	return width;
}

void drop_cut_character(char *text)
{
	size_t length = strlen(text), start = length;
	int32_t character;

	while (start && length - start < 3 && is_continuation(text[start - 1]))
		start--;
	if (start == 0)
		return;
	start--;
	if (utf8_next(text + start, length - start, &character) != length - start || character < 0)
		text[start] = '\0';
}
