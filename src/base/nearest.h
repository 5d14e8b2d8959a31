/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Finds the word that a person may have meant who mistyped one.
 */
#include <stddef.h>

/* Number of letters that must be put in, left out, changed, or swapped with their neighbour to turn one word into the
 * other; upper and lower case are the same. SIZE_MAX where a word has more than 63 bytes. */
size_t word_distance(const char *a, const char *b);

/* Returns the nearest of `words`, if it is near enough to be meant; else NULL. */
const char *nearest_word(const char *word, const char *const *words, size_t count);
