/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The lexer: cuts a filter's text into tokens, and records where parsing failed. Part of the parser (filter_parser.h).
 */
#include "filter.h"

enum { FILTER_WORD_MAX = 1024 }; /* room for a name of 255 bytes, each as \xNN */

enum token_kind { TOKEN_END, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_AND, TOKEN_OR, TOKEN_NOT, TOKEN_COMPARE, TOKEN_WORD };

enum compare { COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE };

struct token {
	enum token_kind kind;
	size_t at; /* offset into the text */
	enum compare compare;
	bool quoted;
	char word[FILTER_WORD_MAX];
};

/* The text is the words of a command line, with a NUL after each but the last. A NUL separates tokens as a space does.
 */
struct lexer {
	const char *text;
	size_t length;
	size_t next; /* offset of what follows `token` */
	struct token token;
	struct filter_error *error;
	int err; /* 0, -EINVAL (then *error says why) or -ENOMEM: the first failure stays */
};

/* Goes to the next token; after a failure there is only TOKEN_END. */
void lexer_advance(struct lexer *lexer);

/* Like lexer_advance(), for a name to come. Where that is a word of the command line by itself, it is the name, whole,
 * whatever is in it; but a comparison with more behind it, or with the name joined to it, is read as one. */
void lexer_advance_to_name(struct lexer *lexer);

/* Returns the word of the command line that begins with the token; NULL: none begins there. */
const char *lexer_typed_word(const struct lexer *lexer);

/* Takes that whole word as the token. */
void lexer_take_typed_word(struct lexer *lexer);

/* Records the first failure, at offset `at` of the text. Returns NULL, for the caller to return. */
__attribute__((format(printf, 3, 4))) void *lexer_fail(struct lexer *lexer, size_t at, const char *format, ...);
