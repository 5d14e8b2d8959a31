/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Text that another program chose (a process's name, a host name, a file's content) must neither steer the reader's
 * terminal nor look like another text: of what is not printable and of what is not UTF-8 each byte is told as \xNN, and
 * a backslash, which begins that, as \x5c. So no two texts are told the same, and what is shown says which bytes there
 * are. It must not be escaped again.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One step of reading UTF-8: at most `length` bytes at `text`. Returns how many bytes the character
 * has, and the character; or 1 and -1 for a byte that is not valid UTF-8 there. `length` > 0. */
size_t utf8_next(const char *text, size_t length, int32_t *character);

/* True for a character that does not show itself, or looks like a space and is none, or moves what others show: of
 * Unicode's categories Cc, Cf, Cs, Co, Cn, Zl, Zp and Zs (but for the space itself), with the property
 * Default_Ignorable_Code_Point (zero-width joiners, variation selectors, fillers), and U+2800, the blank among the
 * Braille patterns. A character that is younger than the utf8proc in use counts as Cn. */
bool is_unprintable(int32_t character);

enum { ESCAPE_LENGTH = 4 }; /* of \xNN */

/* Copies at most `length` bytes of `text` (less if it has a NUL) into `out`; of a backslash, of what is not printable,
 * of what is not UTF-8, and of spaces at either end or after another each byte is \xNN. `size` is that of `out`, 4 *
 * length + 1 is always enough; what does not fit is left out whole. Returns the length written, NUL not counted. */
size_t escape_text(char *out, size_t size, const char *text, size_t length);

/* The same, for a word among words: a space, which would look like its end, is \x20. */
size_t escape_word(char *out, size_t size, const char *text, size_t length);

/* The same, for what stands in double quotes: one in it, which would look like its end, is \x22. */
size_t escape_quoted(char *out, size_t size, const char *text, size_t length);

/* The same, for what was typed as unescape() reads it: its backslashes are as they were, so that what is shown means
 * the same when it is typed again. */
size_t escape_typed(char *out, size_t size, const char *text, size_t length);

/* Cuts what was escaped to at most `width` bytes, and not within a character or a \xNN. */
void escape_cut(char *text, size_t width);

/* A text for a message, on the spot: a name, or what was typed. What has no room is cut, and ends with "…". */
const char *escape_into(char *out, size_t size, const char *text);
const char *escape_typed_into(char *out, size_t size, const char *text);
#define ESCAPED(text) escape_into((char[256]){0}, 256, text)
#define TYPED(text)   escape_typed_into((char[256]){0}, 256, text)

/* One step of reading a name that was typed, as it was shown or as it is: \xNN, of two hex digits in either case, is
 * that byte (but no name has \x00 in it: that is no escape), and all else is itself. Returns how many bytes were read,
 * 4 or 1. `typed` has not ended. */
size_t unescape_next(const char *typed, char *byte);

/* Writes the name that was typed into `out`, cut to `size` - 1 bytes. Returns the length. */
size_t unescape(char *out, size_t size, const char *typed);

/* How many characters of a text that was escaped. */
size_t text_width(const char *text);

/* Takes off the beginning of a character that a cut at the end of `text` has left without its rest. */
void drop_cut_character(char *text);
