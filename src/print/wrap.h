/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Running text within the width of a terminal.
 */
#include <stddef.h>

#include "output.h"

struct wrap {
	struct output *output;
	size_t width;  /* of a line; 0: no limit */
	size_t indent; /* of the lines that follow */
	size_t column; /* where we are */
};

/* How many columns a text takes: characters of escaped UTF-8, each taken for one column. */
size_t wrap_width_of(const char *text);

/* Puts `text` from the current column on, going on to the next line between words where one would not fit. A word that
 * is longer than a line is not cut, and a command between ` and ` is one word: it can be copied whole. A text that
 * begins or ends with a space is apart from what is around it. */
void wrap_text(struct wrap *wrap, const char *text);

/* Ends the line, and begins the next at the indent. */
void wrap_break(struct wrap *wrap);
