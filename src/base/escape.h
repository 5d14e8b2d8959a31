/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Escapes text that another program chose (a process's name, a host name, a file's content), which must neither steer
 * the reader's terminal nor look like another text. Each byte of an unprintable character, and each byte that is not
 * UTF-8, is shown as \xNN; a backslash, which begins an escape, is shown as \x5c. So no two texts are shown alike, and
 * the escaped text says which bytes the text has. Escaped text must not be escaped again.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads one character of UTF-8 from at most `length` bytes at `text`; `length` > 0. Returns how many bytes the
 * character has, and the character in *character; for a byte that is not valid UTF-8 there, returns 1, and -1 in
 * *character. */
size_t utf8_next(const char *text, size_t length, int32_t *character);

/* True for a character that shows nothing, looks like a space and is none, or moves what other characters show. These
 * are the characters of Unicode's categories Cc, Cf, Cs, Co, Cn, Zl, Zp and Zs (but for the space itself), those with
 * the property Default_Ignorable_Code_Point (zero-width joiners, variation selectors, fillers), and U+2800, the blank
 * among the Braille patterns. A character that is younger than the utf8proc in use counts as Cn. */
bool is_unprintable(int32_t character);

enum { ESCAPE_LENGTH = 4 }; /* of \xNN */

/* Copies at most `length` bytes of `text` (fewer if it has a NUL) into `out`. Each byte of a backslash, of an
 * unprintable character and of invalid UTF-8 becomes \xNN, and so does a space at either end or after another space.
 * `size` is that of `out`; 4 * length + 1 is always enough. A character that does not fit is left out whole, with all
 * that follows. Returns the length written, NUL not counted. */
size_t escape_text(char *out, size_t size, const char *text, size_t length);

/* Like escape_text(), for a word among words: each space, which would look like the word's end, becomes \x20. */
size_t escape_word(char *out, size_t size, const char *text, size_t length);

/* Like escape_text(), for the name of a process or user that stands by itself, so that a command line that asks for it
 * reads it as that name: a quote or a sign ("'-=!<>) at its beginning is escaped too, and so is the first of nothing
 * but digits. No name at all is shown as two double quotes. */
size_t escape_name(char *out, size_t size, const char *name, size_t length);

/* Like escape_word(), with quotes and signs at the beginning as in escape_name(). */
size_t escape_name_word(char *out, size_t size, const char *name, size_t length);

/* Like escape_text(), for the name of a service or of an interface: all that means something in an endpoint, in a
 * filter or in a list is escaped. */
size_t escape_service(char *out, size_t size, const char *name, size_t length);

/* Like escape_text(), for text in double quotes: a double quote in it, which would look like its end, becomes \x22.
 * Spaces stay. */
size_t escape_quoted(char *out, size_t size, const char *text, size_t length);

/* Like escape_text(), for text that was typed in the form that unescape() reads: backslashes and spaces stay, so that
 * the text shown means the same when it is typed again. */
size_t escape_typed(char *out, size_t size, const char *text, size_t length);

/* Cuts escaped text to at most `width` bytes, never within a character or a \xNN. */
void escape_cut(char *text, size_t width);

/* Escape a text for a message: a name, or what was typed. Return `out`. A text that has no room is cut, and ends with
 * "…". The macros bring a buffer of 256 bytes. */
const char *escape_into(char *out, size_t size, const char *text);
const char *escape_name_into(char *out, size_t size, const char *name);
const char *escape_service_into(char *out, size_t size, const char *name);
const char *escape_typed_into(char *out, size_t size, const char *text);
#define ESCAPED(text) escape_into((char[256]){0}, 256, text)
#define NAMED(name)   escape_name_into((char[256]){0}, 256, name)
#define SERVICE(name) escape_service_into((char[256]){0}, 256, name)
#define TYPED(text)   escape_typed_into((char[256]){0}, 256, text)

/* Reads one byte of a name that was typed, either escaped as it was shown or as it is. \xNN, with two hex digits in
 * either case, stands for that byte; \x00 is no escape, since no name has a NUL in it; all else stands for itself.
 * Returns how many bytes were read, 4 or 1. `typed` must not be at its end. */
size_t unescape_next(const char *typed, char *byte);

/* Writes the name that was typed into `out`, cut to `size` - 1 bytes. Returns the length. */
size_t unescape(char *out, size_t size, const char *typed);

/* True for a word that begins and ends with a quote, double or single, and has no other such quote in it. What stands
 * between them is a name then. */
bool is_quoted_whole(const char *word, size_t length);

/* Number of characters in an escaped text. */
size_t text_width(const char *text);

/* Removes the beginning of a character from the end of `text`, where a cut has left it without its rest. */
void drop_cut_character(char *text);
