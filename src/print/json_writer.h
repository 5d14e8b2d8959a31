/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Writes JSON piece by piece. The writer keeps track of the nesting: it adds the commas, and a call that would not give
 * JSON (a key in an array, an end without a beginning) aborts the program. The well-maintained libraries build a tree
 * first, which costs many times as much as all else on the hot path. So the small steps are inline here, and keys,
 * being literals, are copied as a few machine words.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

enum {
	JSON_MAX_DEPTH = 8,
	JSON_KEY_MAX = 64, /* bytes, with the comma, the quotes and the colon around it */
	JSON_WORD_MAX = 256,
};

struct json_writer {
	struct output *output;
	unsigned int depth;
	bool is_array[JSON_MAX_DEPTH];
	bool has_items[JSON_MAX_DEPTH];
};

#define JSON_INLINE static inline __attribute__((always_inline))

/* Begin and end a line, which is one object. */
void json_line_begin(struct json_writer *json, struct output *output);
void json_line_end(struct json_writer *json);

/* Writes text that another program chose: at most `length` bytes, fewer if there is a NUL. A character that is not
 * printable is written as \uNNNN, which a JSON parser undoes. A byte that is not UTF-8 becomes the text \xNN, and a
 * backslash the text \x5c: replacing these by their bytes gives the original text again. */
void json_text(struct json_writer *json, const char *key, const char *text, size_t length);

void json_array_begin(struct json_writer *json, const char *key);
void json_array_end(struct json_writer *json);
void json_object_begin(struct json_writer *json, const char *key);
void json_object_end(struct json_writer *json);

/* Puts the comma and the key into the output's buffer. Returns the place behind them, with room for `most` bytes; the
 * caller writes there, and calls output_used(). `key` is NULL in an array, and plain ASCII elsewhere. */
JSON_INLINE char *json_item(struct json_writer *json, const char *key, size_t most)
{
	char *at = output_room(json->output, JSON_KEY_MAX + most);
	unsigned int level = json->depth - 1;

	if (json->depth == 0 || json->is_array[level] != !key)
		abort();
	if (json->has_items[level])
		*at++ = ',';
	json->has_items[level] = true;
	if (key) {
		size_t length = strlen(key);

		*at++ = '"';
		memcpy(at, key, length);
		at += length;
		*at++ = '"';
		*at++ = ':';
	}
	return at;
}

/* Writes members of an object that are text already, a literal: "a":null,"b":true. */
JSON_INLINE void json_members(struct json_writer *json, const char *members)
{
	size_t length = strlen(members);
	char *at = output_room(json->output, length + 1);
	unsigned int level = json->depth - 1;

	if (json->depth == 0 || json->is_array[level])
		abort();
	if (json->has_items[level])
		*at++ = ',';
	json->has_items[level] = true;
	memcpy(at, members, length);
	output_used(json->output, at + length);
}

JSON_INLINE void json_u64(struct json_writer *json, const char *key, uint64_t value)
{
	char *at = json_item(json, key, DECIMAL_MAX);

	output_used(json->output, decimal_put(at, value));
}

/* Writes a number that is text already, of at most DECIMAL_MAX digits. */
JSON_INLINE void json_digits(struct json_writer *json, const char *key, const char *digits, size_t length)
{
	char *at = json_item(json, key, DECIMAL_MAX);

	memcpy(at, digits, length);
	output_used(json->output, at + length);
}

/* Writes text of the program's own, in which nothing needs escaping: `length` bytes, with the quotes at most
 * JSON_WORD_MAX. */
JSON_INLINE void json_word_of(struct json_writer *json, const char *key, const char *word, size_t length)
{
	char *at = json_item(json, key, JSON_WORD_MAX);

	*at++ = '"';
	memcpy(at, word, length);
	at += length;
	*at++ = '"';
	output_used(json->output, at);
}

JSON_INLINE void json_word(struct json_writer *json, const char *key, const char *word)
{
	json_word_of(json, key, word, strlen(word));
}

/* Write a number as a string, where readers should not calculate with the number. */
JSON_INLINE void json_decimal_word(struct json_writer *json, const char *key, uint64_t value)
{
	char *at = json_item(json, key, DECIMAL_MAX + 2);

	*at++ = '"';
	at = decimal_put(at, value);
	*at++ = '"';
	output_used(json->output, at);
}

JSON_INLINE void json_hex_word(struct json_writer *json, const char *key, uint64_t value)
{
	char *at = json_item(json, key, DECIMAL_MAX + 2);

	*at++ = '"';
	at = hex_put(at, value);
	*at++ = '"';
	output_used(json->output, at);
}

JSON_INLINE void json_bool(struct json_writer *json, const char *key, bool value)
{
	char *at = json_item(json, key, 8);

	memcpy(at, value ? "true\0" : "false", 5);
	output_used(json->output, at + (value ? 4 : 5));
}

JSON_INLINE void json_null(struct json_writer *json, const char *key)
{
	char *at = json_item(json, key, 4);

	memcpy(at, "null", 4);
	output_used(json->output, at + 4);
}
