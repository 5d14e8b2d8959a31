// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "json_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void begin_item(struct json_writer *json, const char *key)
{
	unsigned int level = json->depth - 1;

	must(json->depth > 0 && json->is_array[level] == !key);
	if (json->has_items[level])
		output_char(json->output, ',');
	json->has_items[level] = true;
	if (key) {
		output_char(json->output, '"');
		output_text(json->output, key);
		output_bytes(json->output, "\":", 2);
	}
}

static void enter(struct json_writer *json, bool is_array)
{
	must(json->depth < JSON_MAX_DEPTH);
	json->is_array[json->depth] = is_array;
	json->has_items[json->depth] = false;
	json->depth++;
	output_char(json->output, is_array ? '[' : '{');
}

static void leave(struct json_writer *json, bool is_array)
{
	must(json->depth > 0 && json->is_array[json->depth - 1] == is_array);
	json->depth--;
	output_char(json->output, is_array ? ']' : '}');
}

void json_line_begin(struct json_writer *json, struct output *output)
{
	json->output = output;
	json->depth = 0;
	enter(json, false);
}

void json_line_end(struct json_writer *json)
{
	leave(json, false);
	must(json->depth == 0);
	output_char(json->output, '\n');
}

void json_u64(struct json_writer *json, const char *key, uint64_t value)
{
	begin_item(json, key);
	output_u64(json->output, value);
}

void json_decimal_text(struct json_writer *json, const char *key, uint64_t value)
{
	begin_item(json, key);
	output_char(json->output, '"');
	output_u64(json->output, value);
	output_char(json->output, '"');
}

void json_hex_text(struct json_writer *json, const char *key, uint64_t value)
{
	begin_item(json, key);
	output_char(json->output, '"');
	output_hex(json->output, value);
	output_char(json->output, '"');
}

void json_bool(struct json_writer *json, const char *key, bool value)
{
	begin_item(json, key);
	output_text(json->output, value ? "true" : "false");
}

void json_null(struct json_writer *json, const char *key)
{
	begin_item(json, key);
	output_bytes(json->output, "null", 4);
}

void json_word(struct json_writer *json, const char *key, const char *word)
{
	begin_item(json, key);
	output_char(json->output, '"');
	output_text(json->output, word);
	output_char(json->output, '"');
}

static void put_character(struct output *output, const char *bytes, size_t length, int32_t character)
{
	char escaped[16];

	if (character < 0)
		snprintf(escaped, sizeof(escaped), "\\\\x%02x", (unsigned char)*bytes);
	else if (character == '"' || character == '\\')
		snprintf(escaped, sizeof(escaped), "\\%c", character);
	else if (is_steering(character))
		snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned int)character);
	else {
		output_bytes(output, bytes, length);
		return;
	}
	output_text(output, escaped);
}

void json_text(struct json_writer *json, const char *key, const char *text, size_t length)
{
	begin_item(json, key);
	output_char(json->output, '"');
	length = strnlen(text, length);
	for (size_t at = 0; at < length;) {
		int32_t character;
		size_t bytes = utf8_next(text + at, length - at, &character);

		put_character(json->output, text + at, bytes, character);
		at += bytes;
	}
	output_char(json->output, '"');
}

void json_array_begin(struct json_writer *json, const char *key)
{
	begin_item(json, key);
	enter(json, true);
}

void json_array_end(struct json_writer *json)
{
	leave(json, true);
}

void json_object_begin(struct json_writer *json, const char *key)
{
	begin_item(json, key);
	enter(json, false);
}

void json_object_end(struct json_writer *json)
{
	leave(json, false);
}
