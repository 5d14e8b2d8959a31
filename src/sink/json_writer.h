/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Writes JSON piece by piece, and keeps track of where it is: commas come by themselves, and what would not be JSON (a
 * key in an array, an end without a beginning) stops the program. Built on output.h for the hot path; the well-kept
 * libraries build a tree first.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output.h"

enum { JSON_MAX_DEPTH = 8 };

struct json_writer {
	struct output *output;
	unsigned int depth;
	bool is_array[JSON_MAX_DEPTH];
	bool has_items[JSON_MAX_DEPTH];
};

/* One object per line: begins and ends the line. */
void json_line_begin(struct json_writer *json, struct output *output);
void json_line_end(struct json_writer *json);

/* `key` is NULL in an array. Keys are plain ASCII. */
void json_u64(struct json_writer *json, const char *key, uint64_t value);
/* As text, for numbers that readers should not calculate with. */
void json_decimal_text(struct json_writer *json, const char *key, uint64_t value);
void json_hex_text(struct json_writer *json, const char *key, uint64_t value);
void json_bool(struct json_writer *json, const char *key, bool value);
void json_null(struct json_writer *json, const char *key);
/* At most `length` bytes, less if there is a NUL. Controls become \uNNNN; bytes that are not UTF-8 become the text
 * \xNN. */
void json_text(struct json_writer *json, const char *key, const char *text, size_t length);
/* Text of our own, in which nothing needs escaping. */
void json_word(struct json_writer *json, const char *key, const char *word);
void json_array_begin(struct json_writer *json, const char *key);
void json_array_end(struct json_writer *json);
void json_object_begin(struct json_writer *json, const char *key);
void json_object_end(struct json_writer *json);
