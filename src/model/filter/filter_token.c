// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "filter_token.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "count_of.h"
#include "escape.h"

void *lexer_fail(struct lexer *lexer, size_t at, const char *format, ...)
{
	va_list args;

	if (lexer->err)
		return NULL;
	lexer->err = -EINVAL;
	lexer->error->at = at;
	va_start(args, format);
	vsnprintf(lexer->error->message, sizeof(lexer->error->message), format, args);
	va_end(args);
	drop_cut_character(lexer->error->message);
	return NULL;
}

static const struct {
	const char *sign;
	enum token_kind kind;
	enum compare compare;
} signs[] = {
	/* longer signs come before the shorter ones that they begin with */
	{"==", TOKEN_COMPARE, COMPARE_EQ},
	{"=", TOKEN_COMPARE, COMPARE_EQ},
	{"!=", TOKEN_COMPARE, COMPARE_NE},
	{"<=", TOKEN_COMPARE, COMPARE_LE},
	{"<", TOKEN_COMPARE, COMPARE_LT},
	{">=", TOKEN_COMPARE, COMPARE_GE},
	{">", TOKEN_COMPARE, COMPARE_GT},
	{"(", TOKEN_OPEN, 0},
	{")", TOKEN_CLOSE, 0},
	{"&&", TOKEN_AND, 0},
	{"&", TOKEN_AND, 0},
	{"||", TOKEN_OR, 0},
	{"|", TOKEN_OR, 0},
	{"!", TOKEN_NOT, 0},
};

static const struct {
	const char *word;
	enum token_kind kind;
	enum compare compare;
} reserved[] = {
	{"and", TOKEN_AND, 0},
	{"or", TOKEN_OR, 0},
	{"not", TOKEN_NOT, 0},
	{"eq", TOKEN_COMPARE, COMPARE_EQ},
	{"ne", TOKEN_COMPARE, COMPARE_NE},
	{"neq", TOKEN_COMPARE, COMPARE_NE},
	{"lt", TOKEN_COMPARE, COMPARE_LT},
	{"le", TOKEN_COMPARE, COMPARE_LE},
	{"leq", TOKEN_COMPARE, COMPARE_LE},
	{"gt", TOKEN_COMPARE, COMPARE_GT},
	{"ge", TOKEN_COMPARE, COMPARE_GE},
	{"geq", TOKEN_COMPARE, COMPARE_GE},
};

static bool read_sign_token(struct lexer *lexer)
{
	for (size_t i = 0; i < COUNT_OF(signs); i++) {
		size_t length = strlen(signs[i].sign);

		if (strncmp(lexer->text + lexer->next, signs[i].sign, length) != 0)
			continue;
		lexer->token.kind = signs[i].kind;
		lexer->token.compare = signs[i].compare;
		lexer->next += length;
		return true;
	}
	return false;
}

static void read_word_token(struct lexer *lexer)
{
	const char *text = lexer->text;
	struct token *token = &lexer->token;
	size_t start = lexer->next, length;
	char quote = text[start];

	if (quote == '"' || quote == '\'') {
		const char *end = strchr(text + start + 1, quote);

		if (!end) {
			lexer_fail(lexer, start, "this quote is not closed");
			return;
		}
		token->quoted = true;
		length = (size_t)(end - text) - start - 1;
		lexer->next = (size_t)(end - text) + 1;
		start++;
	} else {
		length = strcspn(text + start, " \t\n()=!<>&|\"'");
		lexer->next = start + length;
	}
	if (length >= FILTER_WORD_MAX) {
		lexer_fail(lexer, start, "this word is longer than %d characters", FILTER_WORD_MAX - 1);
		return;
	}
	memcpy(token->word, text + start, length);
	token->word[length] = '\0';
	token->kind = TOKEN_WORD;
	for (size_t i = 0; !token->quoted && i < COUNT_OF(reserved); i++) {
		if (strcasecmp(token->word, reserved[i].word) != 0)
			continue;
		token->kind = reserved[i].kind;
		token->compare = reserved[i].compare;
	}
}

void lexer_advance(struct lexer *lexer)
{
	while (lexer->next < lexer->length && strchr(" \t\n", lexer->text[lexer->next])) /* or a NUL between words */
		lexer->next++;
	memset(&lexer->token, 0, sizeof(lexer->token));
	lexer->token.at = lexer->next;
	if (lexer->err || lexer->next == lexer->length)
		return;
	if (!read_sign_token(lexer))
		read_word_token(lexer);
}

/* ---- words of the command line ---- */

const char *lexer_typed_word(const struct lexer *lexer)
{
	size_t at = lexer->token.at;

	return at < lexer->length && (at == 0 || !lexer->text[at - 1]) ? lexer->text + at : NULL;
}

static void take_word_at(struct lexer *lexer, size_t start)
{
	struct token *token = &lexer->token;
	const char *word = lexer->text + start;
	size_t length = strlen(word);

	memset(token, 0, sizeof(*token));
	token->at = start;
	lexer->next = start + length;
	token->quoted = is_quoted_whole(word, length);
	if (token->quoted) {
		word++;
		length -= 2;
	}
	if (length >= FILTER_WORD_MAX) {
		lexer_fail(lexer, start, "this word is longer than %d characters", FILTER_WORD_MAX - 1);
		return;
	}
	memcpy(token->word, word, length);
	token->kind = TOKEN_WORD;
}

void lexer_take_typed_word(struct lexer *lexer)
{
	take_word_at(lexer, lexer->token.at);
}

/* True for a word that is a comparison, if more follows, or that begins with the sign of one. */
static bool begins_comparison(const char *word, bool more)
{
	for (size_t i = 0; i < COUNT_OF(signs); i++) {
		size_t length = strlen(signs[i].sign);

		if (signs[i].kind == TOKEN_COMPARE && strncmp(word, signs[i].sign, length) == 0)
			return word[length] || more;
	}
	for (size_t i = 0; more && i < COUNT_OF(reserved); i++)
		if (reserved[i].kind == TOKEN_COMPARE && strcasecmp(word, reserved[i].word) == 0)
			return true;
	return false;
}

void lexer_advance_to_name(struct lexer *lexer)
{
	const char *text = lexer->text;
	size_t end = lexer->next + strspn(text + lexer->next, " \t\n"), start = end + 1;
	bool more;

	if (lexer->err || text[end] || end == lexer->length) {
		lexer_advance(lexer);
		return;
	}
	more = start + strlen(text + start) < lexer->length;
	if (lexer->token.kind != TOKEN_COMPARE && begins_comparison(text + start, more))
		lexer_advance(lexer);
	else
		take_word_at(lexer, start);
}
