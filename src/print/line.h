/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A line of text in the making, in columns. What does not fit into a column pushes the next ones aside.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connection.h"
#include "output.h"

enum { LINE_MAX_BYTES = 8192 }; /* the names that `audit` tells of may have 2,000, its note as many */

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

/* Within `width` columns, then a space; the left form pads behind, the right form before. */
void line_left(struct line *line, const char *text, size_t width);
void line_right(struct line *line, const char *text, size_t width);

/* An escape sequence, which takes no room on the screen. */
void line_color(struct line *line, const char *sequence);

void line_put(const struct line *line, struct output *output);

/* ---- values as people read them; each writes into `out`, of 32 bytes, and returns it ---- */

/* 12.345, with ">" before "at least" and "-" for unknown. */
const char *span_ms_text(struct span span, char *out);
/* "850us", "12.3ms", "4.2s", "3m05s", "2h10m", "5d03h". */
const char *span_text(struct span span, char *out);
/* 999, 1.2K, 3.4M … (powers of 1024). */
const char *size_text(uint64_t bytes, char *out);
/* Decimal, or "-" when `known` is false. */
const char *number_text(uint64_t value, bool known, char *out);

enum { ENDPOINT_TEXT_MAX = 64 };

/* 127.0.0.1:80, [::1]:80, with "*" for a listener's peer port and "-" for a port not known. `out` takes
 * ENDPOINT_TEXT_MAX bytes. */
const char *local_text(const struct connection *conn, char *out);
const char *remote_text(const struct connection *conn, char *out);
