// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "count_of.h"
#include "escape.h"
#include "filter_parser.h"
#include "parse.h"

static int look_up_service(const struct parser *parser, const char *word, struct service_ports *ports)
{
	ports->count = 0;
	return parser->names ? parser->names->service(parser->names->context, word, ports) : -ENOENT;
}

static int fail_unknown_port(struct parser *parser, size_t at, const char *word)
{
	const struct filter_names *names = parser->names;
	char near[SERVICE_NAME_SIZE];

	if (!is_digits(word) && names && names->near_service && names->near_service(names->context, word, near))
		fail_at(parser, at, "'%s' is no port, and no service; the nearest is '%s'", TYPED(word), SERVICE(near));
	else
		fail_at(parser, at, "'%s' is no port: give 0 to 65535, or a service of /etc/services", TYPED(word));
	return -EINVAL;
}

/* Reads a port: a number, or a service, which may have several. */
static int read_ports(struct parser *parser, size_t at, const char *word, struct service_ports *ports)
{
	uint32_t number;
	int err = parse_u32(word, 0, UINT16_MAX, &number);

	ports->count = 1;
	if (!err) {
		ports->all[0].port = (uint16_t)number;
		return 0;
	}
	if (err == -EINVAL && (err = look_up_service(parser, word, ports)) == 0)
		return 0;
	if (err != -E2BIG)
		return fail_unknown_port(parser, at, word);
	fail_at(parser, at, "'%s' is a service with more than %d ports: give their numbers", TYPED(word),
		SERVICE_PORTS_MAX);
	return -EINVAL;
}

static int read_one_port(struct parser *parser, size_t at, const char *word, uint16_t *port)
{
	struct service_ports ports;
	int err = read_ports(parser, at, word, &ports);

	if (err)
		return err;
	*port = ports.all[0].port;
	if (ports.count == 1)
		return 0;
	fail_at(parser, at, "'%s' is a service with several ports, as %u and %u: give one of them", TYPED(word), *port,
		ports.all[1].port);
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

static struct filter *make_ports_node(struct parser *parser, enum side side, const struct service_ports *ports)
{
	struct filter *node = make_port_leaf(parser, side, ports->all[0].port, ports->all[0].port);

	for (size_t i = 1; node && i < ports->count; i++)
		node = parsed_pair(parser, FILTER_OR, node,
				   make_port_leaf(parser, side, ports->all[i].port, ports->all[i].port));
	return node;
}

static struct filter *parse_compared_port(struct parser *parser, size_t at, const char *word, enum side side,
					  enum compare compare)
{
	uint16_t port;

	if (read_one_port(parser, at, word, &port))
		return NULL;
	switch (compare) {
	case COMPARE_LT:
		return port == 0 ? fail_at(parser, at, "no port is less than 0")
				 : make_port_leaf(parser, side, 0, (uint16_t)(port - 1));
	case COMPARE_LE:
		return make_port_leaf(parser, side, 0, port);
	case COMPARE_GT:
		return port == UINT16_MAX ? fail_at(parser, at, "no port is greater than 65535")
					  : make_port_leaf(parser, side, (uint16_t)(port + 1), UINT16_MAX);
	default:
		return make_port_leaf(parser, side, port, UINT16_MAX);
	}
}

/* Returns the dash of a range of ports, as 80-90 or 80-https; NULL: there is none. A service may look so, as 4-tier. */
static char *find_range_dash(const struct parser *parser, char *word)
{
	size_t digits = strspn(word, "0123456789");
	struct service_ports ports;

	if (!digits || word[digits] != '-')
		return NULL;
	if (!is_digits(word + digits + 1) && look_up_service(parser, word, &ports) == 0)
		return NULL;
	return word + digits;
}

static struct filter *parse_port_range(struct parser *parser, size_t at, char *word, char *dash, enum side side)
{
	uint16_t low, high;

	*dash = '\0';
	if (read_one_port(parser, at, word, &low) ||
	    read_one_port(parser, at + (size_t)(dash + 1 - word), dash + 1, &high))
		return NULL;
	if (high < low)
		return fail_at(parser, at, "this range of ports runs backwards");
	return make_port_leaf(parser, side, low, high);
}

struct filter *parsed_port(struct parser *parser, size_t at, char *word, enum side side, enum compare compare)
{
	char *dash = find_range_dash(parser, word);
	struct service_ports ports;
	struct filter *node;

	if (compare != COMPARE_EQ && compare != COMPARE_NE)
		return dash ? fail_at(parser, at, "a range of ports goes with = and != only")
			    : parse_compared_port(parser, at, word, side, compare);
	if (dash)
		node = parse_port_range(parser, at, word, dash, side);
	else
		node = read_ports(parser, at, word, &ports) ? NULL : make_ports_node(parser, side, &ports);
	return compare == COMPARE_NE ? parsed_not(parser, node) : node;
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
			"'%s' is no address: give 10.0.0.1, 10.0.0.0/8, [::1] or fd00::/8 (host names are not looked up%s)",
			TYPED(word),
			side == SIDE_LOCAL && parser->names && parser->names->has_unix_sockets
				? "; a unix socket that is called so is src unix:NAME"
				: "");
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
	struct service_ports service;

	snprintf(copy, sizeof(copy), "%s", word);
	port = cut_port(copy);
	slash = port ? strchr(port, '/') : NULL;
	if (slash && is_digits(slash + 1) && look_up_service(parser, port, &service)) /* [::1]:80/64 has no meaning */
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

/* ---- paths of unix sockets ---- */

static const char path_prefix[] = "unix:"; /* as in ss, for a path that does not begin as one */

bool is_path_word(const char *word)
{
	return word[0] == '/' || word[0] == '@' || !strncmp(word, path_prefix, sizeof(path_prefix) - 1);
}

static struct filter *parse_path_leaf(struct parser *parser, const struct token *token, enum side side)
{
	const char *path = token->word;

	if (!strncmp(path, path_prefix, sizeof(path_prefix) - 1))
		path += sizeof(path_prefix) - 1;
	if (!parser->names || !parser->names->has_unix_sockets)
		return fail_at(parser, token->at,
			       "'%s' is a path, and this is not about unix sockets: 'tcpledger list -x' is",
			       TYPED(token->word));
	if (side == SIDE_REMOTE)
		return fail_at(parser, token->at,
			       "'%s' is a path: of its peer a unix socket has the inode only: give 'src %s'",
			       TYPED(token->word), TYPED(token->word));
	return parsed_pattern(parser, FILTER_PATH, path);
}

/* ---- endpoints ---- */

bool looks_like_endpoint(const char *word)
{
	static const char *const beginnings[] = {":", "[", "*:", "any:", "all:"};
	size_t digits = strspn(word, "0123456789");

	for (size_t i = 0; i < COUNT_OF(beginnings); i++)
		if (!strncasecmp(word, beginnings[i], strlen(beginnings[i])))
			return true;
	if (digits)
		return word[digits] && strchr(".:/", word[digits]);
	return strchr(word, ':') && strchr(".:/%", word[strspn(word, "0123456789abcdefABCDEF:")]);
}

static struct filter *parse_plain_endpoint(struct parser *parser, const struct token *token, enum side side)
{
	if (side != SIDE_EITHER)
		return parse_endpoint_side(parser, token->at, token->word, side);
	if (token->word[0] == ':' && token->word[1] != ':')
		return parse_endpoint_side(parser, token->at, token->word, SIDE_EITHER);
	return parsed_pair(parser, FILTER_OR, parse_endpoint_side(parser, token->at, token->word, SIDE_LOCAL),
			   parser->lexer.err ? NULL : parse_endpoint_side(parser, token->at, token->word, SIDE_REMOTE));
}

struct filter *parsed_endpoint(struct parser *parser, const struct token *token, enum side side)
{
	struct token rest = *token;
	char name[FILTER_WORD_MAX];
	struct filter *node;
	size_t where, cut;

	if (is_path_word(token->word))
		return parse_path_leaf(parser, token, side);
	cut = cut_interface(rest.word, name, &where);
	node = parse_plain_endpoint(parser, &rest, side);
	if (!cut)
		return node;
	if (node)
		return parsed_pair(parser, FILTER_AND, node, parsed_interface(parser, token->at + where + 1, name));
	if (parser->lexer.err == -EINVAL &&
	    parser->lexer.error->at > token->at + where) /* the error is of what stands behind the interface */
		parser->lexer.error->at += cut;
	return NULL;
}
