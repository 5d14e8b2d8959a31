/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What somebody may have meant who mistyped a word.
 */
#include <stddef.h>

/* How many letters must be put in, left out, changed, or swapped with their neighbour to make one of the other; upper
 * and lower case are the same. Words of at most 63 bytes; longer ones are far from all. */
size_t word_distance(const char *a, const char *b);

/* The one of `words` that is nearest, if it is near enough to be meant; else NULL. */
const char *nearest_word(const char *word, const char *const *words, size_t count);
