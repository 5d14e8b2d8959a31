// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "wrap.h"

#include <stdbool.h>
#include <string.h>

static size_t measure_width(const char *text, size_t length)
{
	size_t width = 0;

	for (size_t i = 0; i < length; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80; /* a byte that begins a character */
	return width;
}

size_t wrap_width_of(const char *text)
{
	return measure_width(text, strlen(text));
}

/* Returns the bytes up to the next space that is not within a command between ` and `. */
static size_t measure_word(const char *text)
{
	size_t length = 0;
	bool in_command = false;

	for (; text[length] && (in_command || text[length] != ' '); length++)
		if (text[length] == '`')
			in_command = !in_command && strchr(text + length + 1, '`');
	return length;
}

void wrap_break(struct wrap *wrap)
{
	output_char(wrap->output, '\n');
	for (wrap->column = 0; wrap->column < wrap->indent; wrap->column++)
		output_char(wrap->output, ' ');
}

void wrap_text(struct wrap *wrap, const char *text)
{
	while (*text) {
		size_t spaces = strspn(text, " "), length = measure_word(text + spaces);
		size_t width = measure_width(text + spaces, length);

		if (wrap->width && spaces && wrap->column + spaces + width > wrap->width)
			wrap_break(wrap);
		else
			for (size_t i = 0; i < spaces; i++, wrap->column++)
				output_char(wrap->output, ' ');
		output_bytes(wrap->output, text + spaces, length);
		wrap->column += width;
		text += spaces + length;
	}
}
