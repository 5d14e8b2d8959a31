/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A small strict reader of JSON (RFC 8259), written independently of the writer under test. Knows objects, arrays,
 * strings, whole numbers that are not negative, true, false and null: nothing else may come.
 */
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "escape.h"

enum { MAX_MEMBERS = 64, MAX_VALUE = 512 };

/* A member of the outermost object: its key, its type ('s', 'n', 'b', '0' for null, '[', '{') and its value. A string
 * is decoded; any other value stands as in the text. */
struct member {
	char key[64];
	char type;
	char value[MAX_VALUE];
};

struct members {
	struct member all[MAX_MEMBERS];
	size_t count;
};

struct reader {
	const char *at;
	bool bad;
};

static inline bool take(struct reader *reader, char c)
{
	if (*reader->at != c)
		return false;
	reader->at++;
	return true;
}

static inline uint32_t take_hex4(struct reader *reader)
{
	uint32_t value = 0;

	for (int i = 0; i < 4 && !reader->bad; i++) {
		const char *digits = "0123456789abcdef",
			   *digit = *reader->at ? strchr(digits, *reader->at | 0x20) : NULL;

		if (!digit)
			reader->bad = true;
		else
			value = value << 4 | (uint32_t)(digit - digits);
		reader->at++;
	}
	return value;
}

/* Reads four hex digits, or two times four for a pair of surrogates; half a pair is bad. */
static inline uint32_t take_code_point(struct reader *reader)
{
	uint32_t c = take_hex4(reader), low;

	if (c < 0xd800 || c > 0xdfff)
		return c;
	low = take(reader, '\\') && take(reader, 'u') ? take_hex4(reader) : 0;
	reader->bad = reader->bad || c > 0xdbff || low < 0xdc00 || low > 0xdfff;
	return 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
}

/* Reads one character or escape. An unprintable character that is not escaped is bad. */
static inline void take_character(struct reader *reader, char *out, size_t *used)
{
	int32_t character;
	size_t bytes = utf8_next(reader->at, strlen(reader->at), &character);

	if (character < 0 || is_unprintable(character)) {
		reader->bad = true;
		return;
	}
	if (character != '\\') {
		memcpy(out + *used, reader->at, bytes);
		*used += bytes;
		reader->at += bytes;
		return;
	}
	reader->at++;
	if (take(reader, 'u')) {
		*used += (size_t)sprintf(out + *used, "<U+%04X>", take_code_point(reader));
		return;
	}
	reader->bad = reader->bad || !*reader->at || !strchr("\"\\/bfnrt", *reader->at);
	out[(*used)++] = *reader->at;
	reader->at += !reader->bad;
}

static inline void take_string(struct reader *reader, char *out)
{
	size_t used = 0;

	reader->bad = reader->bad || !take(reader, '"');
	while (!reader->bad && *reader->at && *reader->at != '"') {
		take_character(reader, out, &used);
		reader->bad = reader->bad || used > MAX_VALUE - 16;
	}
	reader->bad = reader->bad || !take(reader, '"');
	out[used] = '\0';
}

static inline bool take_word(struct reader *reader, const char *word)
{
	if (strncmp(reader->at, word, strlen(word)) != 0)
		return false;
	reader->at += strlen(word);
	return true;
}

static inline char take_number(struct reader *reader)
{
	size_t digits = strspn(reader->at, "0123456789");

	reader->bad = reader->bad || digits == 0 || digits > 20 || (digits > 1 && *reader->at == '0');
	reader->at += digits;
	return 'n';
}

static inline char take_value(struct reader *reader, char *out, int depth);

static inline void take_array(struct reader *reader, int depth)
{
	char ignored[MAX_VALUE];

	if (take(reader, ']'))
		return;
	do
		take_value(reader, ignored, depth + 1);
	while (!reader->bad && take(reader, ','));
	reader->bad = reader->bad || !take(reader, ']');
}

/* Reads an object after its '{'. `members` may be NULL. No key may come twice. */
static inline void take_object(struct reader *reader, struct members *members, int depth)
{
	if (take(reader, '}'))
		return;
	do {
		struct member member;

		take_string(reader, member.value);
		reader->bad = reader->bad || strlen(member.value) >= sizeof(member.key) || !take(reader, ':');
		if (reader->bad)
			return;
		strcpy(member.key, member.value);
		member.type = take_value(reader, member.value, depth + 1);
		for (size_t i = 0; members && i < members->count; i++)
			reader->bad = reader->bad || !strcmp(members->all[i].key, member.key);
		if (members && members->count < MAX_MEMBERS)
			members->all[members->count++] = member;
	} while (!reader->bad && take(reader, ','));
	reader->bad = reader->bad || !take(reader, '}');
}

static inline char take_value(struct reader *reader, char *out, int depth)
{
	const char *start = reader->at;
	char type = *start;

	if (depth > 8) {
		reader->bad = true;
		return '?';
	}
	if (type == '"') {
		take_string(reader, out);
		return 's';
	}
	if (take(reader, '{'))
		take_object(reader, NULL, depth);
	else if (take(reader, '['))
		take_array(reader, depth);
	else if (take_word(reader, "null"))
		type = '0';
	else if (take_word(reader, "true") || take_word(reader, "false"))
		type = 'b';
	else
		type = take_number(reader);
	snprintf(out, MAX_VALUE, "%.*s", (int)(reader->at - start), start);
	return type;
}

/* Reads the one object of a line. Fails the test unless the line is JSON to the letter. Returns what follows the line.
 */
static inline const char *json_read_line(const char *line, struct members *members)
{
	struct reader reader = {.at = line};

	members->count = 0;
	reader.bad = !take(&reader, '{');
	if (!reader.bad)
		take_object(&reader, members, 0);
	reader.bad = reader.bad || !take(&reader, '\n');
	if (reader.bad)
		fail_msg("no JSON, at \"%.40s\" of %.1000s", reader.at, line);
	return reader.at;
}

static inline const struct member *json_member(const struct members *members, const char *key)
{
	for (size_t i = 0; i < members->count; i++)
		if (!strcmp(members->all[i].key, key))
			return &members->all[i];
	fail_msg("no key %s", key);
	return NULL;
}

static inline void assert_member(const struct members *members, const char *key, char type, const char *value)
{
	const struct member *member = json_member(members, key);

	if (member->type != type || strcmp(member->value, value) != 0)
		fail_msg("%s is %c %s, not %c %s", key, member->type, member->value, type, value);
}
