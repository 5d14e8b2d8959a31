/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the files that read a filter share: filter_parse.c (the language), filter_endpoint.c (its addresses and ports)
 * and filter_parser.c (what they put together). Nobody else's affair.
 *
 * Each function returns what it has read, which the caller then owns, or NULL when that failed: then lexer.err is set.
 */
#include "filter_node.h"
#include "filter_token.h"

struct parser {
	struct lexer lexer;
	const struct filter_names *names;
	int depth;
};

/* fail_at(parser, offset, "format", …): what a parsing function returns then. */
#define fail_at(parser, ...) lexer_fail(&(parser)->lexer, __VA_ARGS__)

/* ---- filter_parser.c; they take over what they are given, and pass a failure on ---- */

struct filter *parsed_nothing(struct parser *parser); /* memory is short */
struct filter *parsed_leaf(struct parser *parser, enum filter_kind kind);
struct filter *parsed_not(struct parser *parser, struct filter *node);
struct filter *parsed_pair(struct parser *parser, enum filter_kind kind, struct filter *left, struct filter *right);

/* ---- filter_endpoint.c ---- */

/* `word` is 443, https, or 1000-2000; a colon before it is gone. `at` is where it stands in the filter. */
struct filter *parsed_port(struct parser *parser, size_t at, char *word, enum side side, enum compare compare);

/* An address, a prefix, an endpoint or a port; on either side, both parts on the same side. */
struct filter *parsed_endpoint(struct parser *parser, const struct token *token, enum side side);
