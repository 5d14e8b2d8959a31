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
	size_t indent; /* of the lines after the first */
	size_t column; /* the current one */
};

/* Returns how many columns a text takes. The text is escaped UTF-8; each character counts as one column. */
size_t wrap_width_of(const char *text);

/* Puts `text` from the current column on. A word that does not fit begins the next line; a word that is longer than a
 * line is not cut. A command between ` and ` is one word, so that it can be copied whole. A space at the beginning or
 * the end of `text` separates it from the text around it. */
void wrap_text(struct wrap *wrap, const char *text);

/* Ends the line, and begins the next at the indent. */
void wrap_break(struct wrap *wrap);
