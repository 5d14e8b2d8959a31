// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "filter_parser.h"

#include <errno.h>

#include "name_glob.h"

struct filter *parsed_nothing(struct parser *parser)
{
	if (!parser->lexer.err)
		parser->lexer.err = -ENOMEM;
	return NULL;
}

struct filter *parsed_leaf(struct parser *parser, enum filter_kind kind)
{
	struct filter *node = parser->lexer.err ? NULL : filter_node(kind, NULL, NULL);

	return node || parser->lexer.err ? node : parsed_nothing(parser);
}

struct filter *parsed_not(struct parser *parser, struct filter *node)
{
	struct filter *not = node ? filter_node(FILTER_NOT, node, NULL) : NULL;

	return not || !node ? not : parsed_nothing(parser);
}

struct filter *parsed_pair(struct parser *parser, enum filter_kind kind, struct filter *left, struct filter *right)
{
	struct filter *node;

	if (!left || !right) {
		filter_free(left);
		filter_free(right);
		return NULL;
	}
	node = filter_node(kind, left, right);
	return node ? node : parsed_nothing(parser);
}

struct filter *parsed_pattern(struct parser *parser, enum filter_kind kind, const char *word)
{
	struct filter *node = parsed_leaf(parser, kind);

	if (!node)
		return NULL;
	node->pattern = glob_of(word);
	if (!node->pattern) {
		filter_free(node);
		return parsed_nothing(parser);
	}
	return node;
}
