/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A line of text that is being put together, in columns. A text that is wider than its column moves the next columns to
 * the right.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connection.h"
#include "interface_text.h"
#include "output.h"

enum { LINE_MAX_BYTES = 8192 }; /* the names in a line of `audit` may take 2,000, its note as many */

struct line {
	char bytes[LINE_MAX_BYTES];
	size_t used;   /* bytes */
	size_t column; /* characters on the screen, colours not counted */
};

void line_clear(struct line *line);
void line_text(struct line *line, const char *text);
void line_u64(struct line *line, uint64_t value);
void line_append(struct line *line, const struct line *other);
void line_pad_to(struct line *line, size_t column);

/* Put `text` within `width` columns, then a space. line_left() pads behind the text, line_right() before it. */
void line_left(struct line *line, const char *text, size_t width);
void line_right(struct line *line, const char *text, size_t width);

/* Widens a column so that `text` fits into it. */
void line_widen(size_t *width, const char *text);

/* Appends an escape sequence, which takes no column on the screen. */
void line_color(struct line *line, const char *sequence);

void line_put(const struct line *line, struct output *output);

/* ---- values as text for people: each function may write into `out`, of 32 bytes, and returns the text ---- */

/* In milliseconds: "12.345", ">12.345" for SPAN_AT_LEAST, "-" for SPAN_UNKNOWN. */
const char *span_ms_text(struct span span, char *out);
/* "850us", "12.3ms", "4.2s", "3m05s", "2h10m", "5d03h". */
const char *span_text(struct span span, char *out);
/* 999, 1.2K, 3.4M … (powers of 1024). */
const char *size_text(uint64_t bytes, char *out);
/* Decimal, or "-" when `known` is false. */
const char *number_text(uint64_t value, bool known, char *out);

enum { STATE_COUNTS_MAX = STATE_COUNT * 36 };

/* "3 ESTABLISHED, 12 TIME_WAIT"; "" for none. `name` names a state. `out` has room for STATE_COUNTS_MAX bytes. */
const char *state_counts_text(const uint64_t counts[STATE_COUNT], const char *(*name)(unsigned int state), char *out);

enum { ENDPOINT_TEXT_MAX = 64 + INTERFACE_TEXT_MAX };

/* "127.0.0.1:80", "[::1]:80" or "[fe80::1]%eth0:80" (`interface`: a name; NULL: none is known), with "*" for the peer
 * port of a listener and "-" for a port that is not known. `out` has room for ENDPOINT_TEXT_MAX bytes. */
const char *local_text(const struct connection *conn, const char *interface, char *out);
const char *remote_text(const struct connection *conn, char *out);
