// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "escape.h"

enum { VALUE_TEXT = 32 };

void line_clear(struct line *line)
{
	line->used = 0;
	line->column = 0;
}

static void append_line_bytes(struct line *line, const char *bytes, size_t length)
{
	size_t room = sizeof(line->bytes) - line->used;

	if (length > room)
		length = room;
	memcpy(line->bytes + line->used, bytes, length);
	line->used += length;
}

/* All texts here are ASCII or escaped UTF-8: each byte that is no continuation byte begins a character. */
static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

/* Copies and counts in one pass: most texts are too short for calls of strlen() and memcpy() to pay off. */
void line_text(struct line *line, const char *text)
{
	size_t used = line->used, column = line->column;

	for (; *text; text++) {
		if (used < sizeof(line->bytes))
			line->bytes[used++] = *text;
		column += begins_character(*text);
	}
	line->used = used;
	line->column = column;
}

void line_u64(struct line *line, uint64_t value)
{
	char text[VALUE_TEXT];

	line_text(line, number_text(value, true, text));
}

void line_append(struct line *line, const struct line *other)
{
	append_line_bytes(line, other->bytes, other->used);
	line->column += other->column;
}

void line_pad_to(struct line *line, size_t column)
{
	size_t used = line->used;

	for (; line->column < column; line->column++)
		if (used < sizeof(line->bytes))
			line->bytes[used++] = ' ';
	line->used = used;
}

void line_left(struct line *line, const char *text, size_t width)
{
	size_t end = line->column + width;

	line_text(line, text);
	line_pad_to(line, end);
	line_text(line, " ");
}

void line_right(struct line *line, const char *text, size_t width)
{
	size_t length = text_width(text);

	if (length < width)
		line_pad_to(line, line->column + width - length);
	line_text(line, text);
	line_text(line, " ");
}

void line_widen(size_t *width, const char *text)
{
	size_t columns = text_width(text);

	if (columns > *width)
		*width = columns;
}

void line_color(struct line *line, const char *sequence)
{
	append_line_bytes(line, sequence, strlen(sequence));
}

void line_put(const struct line *line, struct output *output)
{
	size_t used = line->used;

	while (used && line->bytes[used - 1] == ' ')
		used--;
	output_bytes(output, line->bytes, used);
	output_char(output, '\n');
}

const char *number_text(uint64_t value, bool known, char *out)
{
	if (!known)
		return "-";
	*decimal_put(out, value) = '\0';
	return out;
}

const char *state_counts_text(const uint64_t counts[STATE_COUNT], const char *(*name)(unsigned int state), char *out)
{
	size_t used = 0;

	*out = '\0';
	for (unsigned int state = 0; state < STATE_COUNT; state++)
		if (counts[state])
			used += (size_t)snprintf(out + used, STATE_COUNTS_MAX - used, "%s%" PRIu64 " %s",
						 used ? ", " : "", counts[state], name(state));
	return out;
}

const char *span_ms_text(struct span span, char *out)
{
	char *end = out;
	uint64_t us = span.us;

	if (span.known == SPAN_UNKNOWN)
		return "-";
	if (span.known == SPAN_AT_LEAST)
		*end++ = '>';
	number_text(us / 1000, true, end);
	end += strlen(end);
	*end++ = '.';
	*end++ = (char)('0' + us / 100 % 10);
	*end++ = (char)('0' + us / 10 % 10);
	*end++ = (char)('0' + us % 10);
	*end = '\0';
	return out;
}

static char *put_amount(char *at, uint64_t whole, const char *unit)
{
	at = decimal_put(at, whole);
	while (*unit)
		*at++ = *unit++;
	return at;
}

static char *put_tenths(char *at, uint64_t whole, uint64_t tenths, const char *unit)
{
	at = decimal_put(at, whole);
	*at++ = '.';
	return put_amount(at, tenths, unit);
}

static char *put_two_digits(char *at, uint64_t value, const char *unit)
{
	if (value < 10)
		*at++ = '0';
	return put_amount(at, value, unit);
}

const char *span_text(struct span span, char *out)
{
	uint64_t us = span.us, seconds = us / 1000000;
	char *at = out;

	if (span.known == SPAN_UNKNOWN)
		return "-";
	if (span.known == SPAN_AT_LEAST)
		*at++ = '>';
	if (us < 1000)
		at = put_amount(at, us, "us");
	else if (seconds == 0)
		at = put_tenths(at, us / 1000, us / 100 % 10, "ms");
	else if (seconds < 60)
		at = put_tenths(at, seconds, us / 100000 % 10, "s");
	else if (seconds < 3600)
		at = put_two_digits(put_amount(at, seconds / 60, "m"), seconds % 60, "s");
	else if (seconds < 86400)
		at = put_two_digits(put_amount(at, seconds / 3600, "h"), seconds / 60 % 60, "m");
	else
		at = put_two_digits(put_amount(at, seconds / 86400, "d"), seconds / 3600 % 24, "h");
	*at = '\0';
	return out;
}

const char *size_text(uint64_t bytes, char *out)
{
	static const char *const units[] = {"K", "M", "G", "T", "P", "E"};
	uint64_t scaled = bytes, tenths = 0;
	int unit = -1;

	while (scaled >= 1024) {
		tenths = scaled % 1024 * 10 / 1024;
		scaled /= 1024;
		unit++;
	}
	if (unit < 0)
		return number_text(bytes, true, out);
	*put_tenths(out, scaled, tenths, units[unit]) = '\0';
	return out;
}

static char *put_bracketed_address(char *at, const struct address *address, uint8_t family)
{
	if (family == 6)
		*at++ = '[';
	at += address_text(address, family, at);
	if (family == 6)
		*at++ = ']';
	return at;
}

const char *local_text(const struct connection *conn, const char *interface, char *out)
{
	const struct tuple *tuple = &conn->tuple;
	char port[VALUE_TEXT], *end = put_bracketed_address(out, &tuple->laddr, tuple->family);

	end = interface_suffix_put(end, tuple, interface);
	*end++ = ':';
	strcpy(end, number_text(tuple->lport, tuple->lport != 0, port));
	return out;
}

const char *remote_text(const struct connection *conn, char *out)
{
	const struct tuple *tuple = &conn->tuple;
	char port[VALUE_TEXT], *end;

	if (connection_lacks_peer(conn))
		return "-";
	end = put_bracketed_address(out, &tuple->raddr, tuple->family);
	*end++ = ':';
	strcpy(end, conn->state == STATE_LISTEN ? "*" : number_text(tuple->rport, true, port));
	return out;
}
