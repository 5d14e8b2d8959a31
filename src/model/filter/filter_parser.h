/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The parser of filters: filter_parse.c (the language), filter_endpoint.c (its addresses and ports),
 * filter_interface.c (its interfaces), filter_identity.c (units, containers, programs) and filter_parser.c (makes the
 * nodes). Internal to filter_*.c.
 *
 * Each function returns the node that it has parsed, which the caller then owns, or NULL on failure: then lexer.err is
 * set.
 */
#include "filter_node.h"
#include "filter_token.h"

struct parser {
	struct lexer lexer;
	const struct filter_names *names;
	int depth;
};

/* fail_at(parser, offset, "format", …) records an error, and is NULL, for the parsing function to return. */
#define fail_at(parser, ...) lexer_fail(&(parser)->lexer, __VA_ARGS__)

/* ---- filter_parser.c: each function takes ownership of its nodes, and passes a failure on ---- */

struct filter *parsed_nothing(struct parser *parser); /* records that memory is short */
struct filter *parsed_leaf(struct parser *parser, enum filter_kind kind);
struct filter *parsed_not(struct parser *parser, struct filter *node);
struct filter *parsed_pair(struct parser *parser, enum filter_kind kind, struct filter *left, struct filter *right);

/* Makes a leaf with a pattern for fnmatch() of the name that was typed. */
struct filter *parsed_pattern(struct parser *parser, enum filter_kind kind, const char *word);

/* ---- filter_endpoint.c ---- */

/* Parses 443, https, or 1000-2000, without the colon before it. `at` is the offset of `word` in the filter's text. */
struct filter *parsed_port(struct parser *parser, size_t at, char *word, enum side side, enum compare compare);

/* True for a word that can only be the path of a unix socket. */
bool is_path_word(const char *word);

/* True for a word that is made as an address, an endpoint or a port is. Not every such word is one. */
bool looks_like_endpoint(const char *word);

/* Parses an address, a prefix, an endpoint, a port or a path, an address also with its interface. With SIDE_EITHER,
 * address and port must match on one side. */
struct filter *parsed_endpoint(struct parser *parser, const struct token *token, enum side side);

/* ---- filter_identity.c ---- */

/* Parse the name of a systemd unit, that of a container or its id, and the path of a program or its last part. */
struct filter *parsed_unit(struct parser *parser, const char *word);
struct filter *parsed_container(struct parser *parser, const char *word);
struct filter *parsed_exe(struct parser *parser, const char *word);

/* ---- filter_interface.c ---- */

/* Parses the name of an interface as it was typed, or its index. */
struct filter *parsed_interface(struct parser *parser, size_t at, const char *typed);

/* Cuts "%eth0" out of an endpoint, and writes "eth0" into `name`. Returns how many bytes were cut, and in *where the
 * offset at which; 0: there was none. */
size_t cut_interface(char *word, char name[FILTER_WORD_MAX], size_t *where);
