// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "json_writer.h"

#include <stdio.h>

#include "escape.h"

static void open_json_level(struct json_writer *json, char *at, bool is_array)
{
	if (json->depth >= JSON_MAX_DEPTH)
		abort();
	json->is_array[json->depth] = is_array;
	json->has_items[json->depth] = false;
	json->depth++;
	*at++ = is_array ? '[' : '{';
	output_used(json->output, at);
}

static void close_json_level(struct json_writer *json, bool is_array)
{
	if (json->depth == 0 || json->is_array[json->depth - 1] != is_array)
		abort();
	json->depth--;
	output_char(json->output, is_array ? ']' : '}');
}

void json_line_begin(struct json_writer *json, struct output *output)
{
	json->output = output;
	json->depth = 0;
	open_json_level(json, output_room(output, 1), false);
}

void json_line_end(struct json_writer *json)
{
	close_json_level(json, false);
	if (json->depth != 0)
		abort();
	output_char(json->output, '\n');
}

static void put_escaped_character(struct output *output, const char *bytes, size_t length, int32_t character)
{
	unsigned int code = (unsigned int)character, beyond = code - 0x10000;
	char escaped[16];

	if (character < 0 || character == '\\')
		snprintf(escaped, sizeof(escaped), "\\\\x%02x", (unsigned char)*bytes);
	else if (character == '"')
		snprintf(escaped, sizeof(escaped), "\\\"");
	else if (is_unprintable(character) && code < 0x10000)
		snprintf(escaped, sizeof(escaped), "\\u%04x", code);
	else if (is_unprintable(character)) /* a surrogate pair */
		snprintf(escaped, sizeof(escaped), "\\u%04x\\u%04x", 0xd800 + (beyond >> 10),
			 0xdc00 + (beyond & 0x3ff));
	else {
		output_bytes(output, bytes, length);
		return;
	}
	output_text(output, escaped);
}

static bool is_plain_in_json(char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

void json_text(struct json_writer *json, const char *key, const char *text, size_t length)
{
	struct output *output = json->output;
	size_t plain = 0;

	length = strnlen(text, length);
	while (plain < length && is_plain_in_json(text[plain]))
		plain++;
	output_used(output, json_item(json, key, 0));
	output_char(output, '"');
	output_bytes(output, text, plain);
	for (size_t at = plain; at < length;) {
		int32_t character;
		size_t bytes = utf8_next(text + at, length - at, &character);

		put_escaped_character(output, text + at, bytes, character);
		at += bytes;
	}
	output_char(output, '"');
}

void json_array_begin(struct json_writer *json, const char *key)
{
	open_json_level(json, json_item(json, key, 1), true);
}

void json_array_end(struct json_writer *json)
{
	close_json_level(json, true);
}

void json_object_begin(struct json_writer *json, const char *key)
{
	open_json_level(json, json_item(json, key, 1), false);
}

void json_object_end(struct json_writer *json)
{
	close_json_level(json, false);
}
