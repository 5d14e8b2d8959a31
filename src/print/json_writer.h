/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Writes JSON piece by piece, and keeps track of where it is: commas come by themselves, and what would not be JSON (a
 * key in an array, an end without a beginning) stops the program. The well-kept libraries build a tree first, which is
 * many times the cost of all else on the hot path; so the small steps are inline here, and keys, being literals, are
 * copied as a few machine words.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

enum {
	JSON_MAX_DEPTH = 8,
	JSON_KEY_MAX = 64, /* bytes, with what stands around it */
	JSON_WORD_MAX = 256,
};

struct json_writer {
	struct output *output;
	unsigned int depth;
	bool is_array[JSON_MAX_DEPTH];
	bool has_items[JSON_MAX_DEPTH];
};

#define JSON_INLINE static inline __attribute__((always_inline))

/* One object per line: begins and ends the line. */
void json_line_begin(struct json_writer *json, struct output *output);
void json_line_end(struct json_writer *json);

/* Text that others chose: at most `length` bytes, less if there is a NUL. What is not printable is written as \uNNNN,
 * which a reader of JSON undoes; bytes that are not UTF-8 become the text \xNN, and a backslash \x5c: whoever puts the
 * bytes in place of these has the text again. */
void json_text(struct json_writer *json, const char *key, const char *text, size_t length);

void json_array_begin(struct json_writer *json, const char *key);
void json_array_end(struct json_writer *json);
void json_object_begin(struct json_writer *json, const char *key);
void json_object_end(struct json_writer *json);

/* Room for `most` bytes after the comma and the key. `key` is NULL in an array, and plain ASCII elsewhere. */
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

JSON_INLINE void json_u64(struct json_writer *json, const char *key, uint64_t value)
{
	char *at = json_item(json, key, DECIMAL_MAX);

	output_used(json->output, decimal_put(at, value));
}

/* A number that is text already; at most DECIMAL_MAX digits. */
JSON_INLINE void json_digits(struct json_writer *json, const char *key, const char *digits, size_t length)
{
	char *at = json_item(json, key, DECIMAL_MAX);

	memcpy(at, digits, length);
	output_used(json->output, at + length);
}

/* Text of our own, in which nothing needs escaping; `length` bytes of it, at most JSON_WORD_MAX. */
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

/* Numbers as text, for those that readers should not calculate with. */
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
