// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { WORD_MAX = 63 };

static bool is_same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t pick_smaller_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Computes the distance of optimal string alignment, row by row. */
size_t word_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], a_length = strlen(a), b_length = strlen(b);
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	if (a_length > WORD_MAX || b_length > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *free_row = before;

		before = last;
		last = row;
		row = free_row;
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = pick_smaller_size(pick_smaller_size(last[j] + 1, row[j - 1] + 1),
						   last[j - 1] + !is_same_letter(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && is_same_letter(a[i - 1], b[j - 2]) && is_same_letter(a[i - 2], b[j - 1]))
				row[j] = pick_smaller_size(row[j], before[j - 2] + 1);
		}
	}
	return row[b_length];
}

/* Allows one slip in a word of three to five bytes, two in a longer one, none in a shorter one. A word of three bytes
 * or more that is the beginning of one of `words` means that one. */
const char *nearest_word(const char *word, const char *const *words, size_t count)
{
	size_t length = strlen(word), best_distance = length < 3 ? 1 : length < 6 ? 2 : 3;
	const char *best = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t distance = word_distance(word, words[i]);

		if (length >= 3 && strncmp(word, words[i], length) == 0)
			return words[i];
		if (distance < best_distance) {
			best_distance = distance;
			best = words[i];
		}
	}
	return best;
}
