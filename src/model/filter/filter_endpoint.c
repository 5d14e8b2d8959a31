// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "escape.h"
#include "filter_parser.h"
#include "parse.h"

static int read_port(struct parser *parser, size_t at, const char *word, uint16_t *port)
{
	char near[SERVICE_NAME_SIZE];
	uint32_t number;
	int err = parse_u32(word, 0, UINT16_MAX, &number);

	if (!err) {
		*port = (uint16_t)number;
		return 0;
	}
	if (err == -EINVAL && parser->names && !isdigit((unsigned char)word[0]) &&
	    parser->names->service(parser->names->context, word, port) == 0)
		return 0;
	if (parser->names && parser->names->near_service && !isdigit((unsigned char)word[0]) &&
	    parser->names->near_service(parser->names->context, word, near))
		fail_at(parser, at, "'%s' is no port, and no service; the nearest is '%s'", TYPED(word), ESCAPED(near));
	else
		fail_at(parser, at, "'%s' is no port: give 0 to 65535, or a service of /etc/services", TYPED(word));
	return -EINVAL;
}

static struct filter *make_port_leaf(struct parser *parser, enum side side, uint16_t low, uint16_t high)
{
	struct filter *node = parsed_leaf(parser, FILTER_PORT);

	if (node) {
		node->side = side;
		node->low = low;
		node->high = high;
	}
	return node;
}

struct filter *parsed_port(struct parser *parser, size_t at, char *word, enum side side, enum compare compare)
{
	char *dash = isdigit((unsigned char)word[0]) ? strchr(word, '-') : NULL;
	uint16_t low, high;

	if (dash)
		*dash = '\0';
	if (read_port(parser, at, word, &low))
		return NULL;
	high = low;
	if (dash && read_port(parser, at + (size_t)(dash + 1 - word), dash + 1, &high))
		return NULL;
	if (high < low)
		return fail_at(parser, at, "this range of ports runs backwards");
	if (dash && compare != COMPARE_EQ && compare != COMPARE_NE)
		return fail_at(parser, at, "a range of ports goes with = and != only");
	switch (compare) {
	case COMPARE_EQ:
		return make_port_leaf(parser, side, low, high);
	case COMPARE_NE:
		return parsed_not(parser, make_port_leaf(parser, side, low, high));
	case COMPARE_LT:
		return low == 0 ? fail_at(parser, at, "no port is less than 0")
				: make_port_leaf(parser, side, 0, (uint16_t)(low - 1));
	case COMPARE_LE:
		return make_port_leaf(parser, side, 0, low);
	case COMPARE_GT:
		return low == UINT16_MAX ? fail_at(parser, at, "no port is greater than 65535")
					 : make_port_leaf(parser, side, (uint16_t)(low + 1), UINT16_MAX);
	case COMPARE_GE:
		return make_port_leaf(parser, side, low, UINT16_MAX);
	}
	return NULL;
}

/* Cuts ":port" off an endpoint; for IPv6 only after a bracket. Returns the text after the colon, or NULL. */
static char *cut_port(char *word)
{
	char *bracket = strchr(word, ']');
	char *colon = bracket ? strchr(bracket, ':') : strchr(word, ':');

	if (!colon || (!bracket && strchr(colon + 1, ':')))
		return NULL;
	*colon = '\0';
	return colon + 1;
}

static char *strip_brackets(char *word)
{
	size_t length = strlen(word);

	if (word[0] != '[' || length < 2 || word[length - 1] != ']')
		return word;
	word[length - 1] = '\0';
	return word + 1;
}

/* Refuses a path or an interface, which ss's language and printed output may have where an address stands. */
static void refuse_what_is_no_address(struct parser *parser, size_t at, char *word)
{
	char *interface = strchr(word, '%');

	if (word[0] == '/' || word[0] == '@') {
		fail_at(parser, at, "'%s' is a path: unix sockets are known here by comm, pid and uid", TYPED(word));
	} else if (interface) {
		interface[strcspn(interface, "]/")] = '\0';
		fail_at(parser, at + (size_t)(interface - word), "an interface cannot be asked for: leave out '%s'",
			TYPED(interface));
	}
}

/* Parses the address of a prefix. The end of an IPv4 address may be left out: 127/8. */
static uint8_t parse_prefix(const char *word, struct address *out)
{
	static const char *const rests[] = {".0.0.0", ".0.0", ".0", ""};
	char whole[FILTER_WORD_MAX + sizeof(".0.0.0")];
	size_t dots = 0;

	for (const char *at = word; *at; at++)
		dots += *at == '.';
	if (!isdigit((unsigned char)word[0]) || strchr(word, ':') || dots > 3)
		return address_parse(word, out);
	snprintf(whole, sizeof(whole), "%s%s", word, rests[dots]);
	return address_parse(whole, out);
}

static struct filter *parse_address_leaf(struct parser *parser, size_t at, char *word, enum side side)
{
	char *slash = strchr(word, '/');
	struct filter *node;
	uint32_t most, bits;

	refuse_what_is_no_address(parser, at, word);
	node = parsed_leaf(parser, FILTER_ADDRESS);
	if (!node)
		return NULL;
	if (slash)
		*slash = '\0';
	node->side = side;
	node->family = (slash ? parse_prefix : address_parse)(strip_brackets(word), &node->address);
	most = node->family == 4 ? 32 : 128;
	bits = most;
	if (!node->family)
		fail_at(parser, at,
			"'%s' is no address: give 10.0.0.1, 10.0.0.0/8, [::1] or fd00::/8 (host names are not looked up)",
			TYPED(word));
	else if (slash && parse_u32(slash + 1, 0, most, &bits))
		fail_at(parser, at + (size_t)(slash + 1 - word), "'%s' is no prefix length: give 0 to %u",
			TYPED(slash + 1), most);
	node->prefix_bits = (uint8_t)(128 - most + bits);
	if (parser->lexer.err) {
		filter_free(node);
		return NULL;
	}
	return node;
}

static struct filter *make_any_address_leaf(struct parser *parser, enum side side)
{
	struct filter *node = parsed_leaf(parser, FILTER_ADDRESS);

	if (node) {
		node->side = side;
		node->family = 4; /* matches IPv6 sockets too: none of the 128 bits is compared */
		node->prefix_bits = 0;
	}
	return node;
}

static bool is_any_address_word(const char *word)
{
	return !strcmp(word, "*") || !strcasecmp(word, "any") || !strcasecmp(word, "all");
}

static struct filter *parse_endpoint_side(struct parser *parser, size_t at, const char *word, enum side side)
{
	char copy[FILTER_WORD_MAX + 3];
	char *port, *slash;
	struct filter *address = NULL, *ports;

	snprintf(copy, sizeof(copy), "%s", word);
	port = cut_port(copy);
	slash = port ? strchr(port, '/') : NULL;
	if (slash) /* [::1]:80/64 has no meaning */
		return fail_at(parser, at, "the prefix length comes before the port: 10.0.0.0/8:80");
	if (port && !*copy)
		return parsed_port(parser, at + 1, port, side, COMPARE_EQ);
	if (!is_any_address_word(copy))
		address = parse_address_leaf(parser, at, copy, side);
	else if (!port)
		return make_any_address_leaf(parser, side);
	if (!port || parser->lexer.err)
		return address;
	if (strcmp(port, "*") == 0)
		return address ? address : make_port_leaf(parser, side, 0, UINT16_MAX);
	ports = parsed_port(parser, at + (size_t)(port - copy), port, side, COMPARE_EQ);
	return address ? parsed_pair(parser, FILTER_AND, address, ports) : ports;
}

struct filter *parsed_endpoint(struct parser *parser, const struct token *token, enum side side)
{
	if (side != SIDE_EITHER)
		return parse_endpoint_side(parser, token->at, token->word, side);
	if (token->word[0] == ':' && token->word[1] != ':')
		return parse_endpoint_side(parser, token->at, token->word, SIDE_EITHER);
	return parsed_pair(parser, FILTER_OR, parse_endpoint_side(parser, token->at, token->word, SIDE_LOCAL),
			   parser->lexer.err ? NULL : parse_endpoint_side(parser, token->at, token->word, SIDE_REMOTE));
}
