// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "count_of.h"
#include "escape.h"
#include "filter_parser.h"
#include "nearest.h"
#include "parse.h"

enum { MAX_DEPTH = 64 };

static void advance_token(struct parser *parser)
{
	lexer_advance(&parser->lexer);
}

/* ---- the predicates ---- */

static struct filter *parse_number_leaf(struct parser *parser, const struct token *token, enum filter_kind kind,
					uint32_t min, uint32_t max, const char *what)
{
	struct filter *node;
	uint32_t number;

	if (parse_u32(token->word, min, max, &number))
		return fail_at(parser, token->at, "'%s' is no %s: give a number from %u to %u", TYPED(token->word),
			       what, min, max);
	node = parsed_leaf(parser, kind);
	if (node)
		node->number = number;
	return node;
}

static struct filter *parse_state_leaf(struct parser *parser, const struct token *token)
{
	const char *word = token->word;
	struct filter *node;
	uint32_t set = 0;

	do {
		size_t length = strcspn(word, ",");
		uint32_t one = tcp_state_set(word, length);
		char name[FILTER_WORD_MAX];

		snprintf(name, sizeof(name), "%.*s", (int)length, word);
		if (!one && tcp_state_nearest(name))
			return fail_at(parser, token->at + (size_t)(word - token->word),
				       "'%s' is no TCP state; the nearest is '%s'", TYPED(name),
				       tcp_state_nearest(name));
		if (!one)
			return fail_at(
				parser, token->at + (size_t)(word - token->word),
				"'%s' is no TCP state: give one of established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, time-wait, close, close-wait, last-ack, listen, closing",
				TYPED(name));
		set |= one;
		word += length;
	} while (*word++ == ',');
	node = parsed_leaf(parser, FILTER_STATE);
	if (node)
		node->number = set;
	return node;
}

static struct filter *parse_comm_leaf(struct parser *parser, const struct token *token)
{
	return parsed_pattern(parser, FILTER_COMM, token->word);
}

/* Parses a user: the number, or the name. */
static struct filter *parse_uid_leaf(struct parser *parser, const struct token *token)
{
	const struct filter_names *names = parser->names;
	const char *word = token->word;
	struct filter *node;
	uint32_t uid;

	if (!word[0] || is_digits(word))
		return parse_number_leaf(parser, token, FILTER_UID, 0, UINT32_MAX, "user id");
	if (!names || !names->user || names->user(names->context, word, &uid))
		return fail_at(parser, token->at, "'%s' is no user: give the name of one, or a number from 0 to %u",
			       TYPED(word), UINT32_MAX);
	node = parsed_leaf(parser, FILTER_UID);
	if (node)
		node->number = uid;
	return node;
}

/* Parses the name of a network namespace. A container's name may stand for several namespaces. */
static struct filter *parse_netns_leaf(struct parser *parser, const struct token *token)
{
	struct netns_choice choice = {.why = "no such network namespace"};
	struct filter *all = NULL;
	int err = parser->names ? parser->names->netns(parser->names->context, token->word, &choice) : -EINVAL;

	if (err == -ENOMEM)
		return parsed_nothing(parser);
	if (err || !choice.count)
		return fail_at(parser, token->at, "%s", choice.why);
	for (size_t i = 0; i < choice.count; i++) {
		struct filter *one = parsed_leaf(parser, FILTER_NETNS);

		if (one)
			one->number = choice.inodes[i];
		all = i ? parsed_pair(parser, FILTER_OR, all, one) : one;
	}
	return all;
}

static struct filter *parse_family_leaf(struct parser *parser, const struct token *token)
{
	const char *word = token->word;
	uint32_t family = 0;
	struct filter *node;

	if (!strcmp(word, "4") || !strcasecmp(word, "inet") || !strcasecmp(word, "ipv4"))
		family = 4;
	else if (!strcmp(word, "6") || !strcasecmp(word, "inet6") || !strcasecmp(word, "ipv6"))
		family = 6;
	if (!family)
		return fail_at(parser, token->at, "'%s' is no address family: give 4 or 6", TYPED(word));
	node = parsed_leaf(parser, FILTER_FAMILY);
	if (node)
		node->number = family;
	return node;
}

enum predicate {
	P_STATE,
	P_EXCLUDE,
	P_SPORT,
	P_DPORT,
	P_SRC,
	P_DST,
	P_PID,
	P_UID,
	P_COMM,
	P_UNIT,
	P_CONTAINER,
	P_EXE,
	P_PCOMM,
	P_NETNS,
	P_FAMILY,
	P_DEV,
};

static const char *const predicates[] = {
	[P_STATE] = "state",
	[P_EXCLUDE] = "exclude",
	[P_SPORT] = "sport",
	[P_DPORT] = "dport",
	[P_SRC] = "src",
	[P_DST] = "dst",
	[P_PID] = "pid",
	[P_UID] = "uid",
	[P_COMM] = "comm",
	[P_UNIT] = "unit",
	[P_CONTAINER] = "container",
	[P_EXE] = "exe",
	[P_PCOMM] = "pcomm",
	[P_NETNS] = "netns",
	[P_FAMILY] = "family",
	[P_DEV] = "dev",
};

enum { PREDICATE_COUNT = COUNT_OF(predicates) };

static bool is_predicate(const struct token *token, enum predicate predicate)
{
	return token->kind == TOKEN_WORD && !token->quoted && strcasecmp(token->word, predicates[predicate]) == 0;
}

static struct filter *parse_predicate_value(struct parser *parser, enum predicate predicate, struct token *value)
{
	switch (predicate) {
	case P_STATE:
		return parse_state_leaf(parser, value);
	case P_EXCLUDE:
		return parsed_not(parser, parse_state_leaf(parser, value));
	case P_SRC:
		return parsed_endpoint(parser, value, SIDE_LOCAL);
	case P_DST:
		return parsed_endpoint(parser, value, SIDE_REMOTE);
	case P_PID:
		return parse_number_leaf(parser, value, FILTER_PID, 1, INT32_MAX, "process id");
	case P_UID:
		return parse_uid_leaf(parser, value);
	case P_COMM:
		return parse_comm_leaf(parser, value);
	case P_UNIT:
		return parsed_unit(parser, value->word);
	case P_CONTAINER:
		return parsed_container(parser, value->word);
	case P_EXE:
		return parsed_exe(parser, value->word);
	case P_PCOMM:
		return parsed_pattern(parser, FILTER_PCOMM, value->word);
	case P_NETNS:
		return parse_netns_leaf(parser, value);
	case P_FAMILY:
		return parse_family_leaf(parser, value);
	case P_DEV:
		return parsed_interface(parser, value->at, value->word);
	case P_SPORT:
	case P_DPORT:
		break;
	}
	return NULL;
}

static struct filter *parse_port_predicate(struct parser *parser, struct token *value, enum side side,
					   enum compare compare)
{
	bool colon = value->word[0] == ':';

	return parsed_port(parser, value->at + colon, value->word + colon, side, compare);
}

static bool takes_name(enum predicate predicate)
{
	return predicate == P_DEV || (predicate >= P_UID && predicate <= P_NETNS);
}

/* Goes to the value of a predicate, or to the comparison before it. A name or path that is a word of the command line
 * by itself is taken whole. Behind a comparison "and" is no word of the language, but may be a service. */
static void advance_to_value(struct parser *parser, enum predicate predicate)
{
	struct lexer *lexer = &parser->lexer;
	bool compared;

	if (takes_name(predicate)) {
		lexer_advance_to_name(lexer);
		return;
	}
	compared = lexer->token.kind == TOKEN_COMPARE;
	advance_token(parser);
	if (!lexer_typed_word(lexer) || lexer->token.quoted)
		return;
	if (lexer->token.kind == TOKEN_WORD
		    ? (predicate == P_SRC || predicate == P_DST) && is_path_word(lexer->token.word)
		    : compared && lexer->token.word[0])
		lexer_take_typed_word(lexer);
}

static struct filter *parse_predicate(struct parser *parser, enum predicate predicate)
{
	const char *name = predicates[predicate];
	enum compare compare = COMPARE_EQ;
	struct filter *node;
	struct token value;

	advance_to_value(parser, predicate);
	if (parser->lexer.token.kind == TOKEN_COMPARE) {
		compare = parser->lexer.token.compare;
		if (compare > COMPARE_NE && predicate != P_SPORT && predicate != P_DPORT)
			return fail_at(parser, parser->lexer.token.at, "%s can be compared with = and != only", name);
		advance_to_value(parser, predicate);
	}
	value = parser->lexer.token;
	if (value.kind != TOKEN_WORD)
		return fail_at(parser, value.at, "a value for '%s' is missing", name);
	advance_token(parser);
	if (predicate == P_SPORT || predicate == P_DPORT)
		return parse_port_predicate(parser, &value, predicate == P_SPORT ? SIDE_LOCAL : SIDE_REMOTE, compare);
	node = parse_predicate_value(parser, predicate, &value);
	return compare == COMPARE_NE ? parsed_not(parser, node) : node;
}

static struct filter *parse_comm_word(struct parser *parser, const struct token *token)
{
	advance_token(parser);
	return parse_comm_leaf(parser, token);
}

static bool is_word_of_ss(const char *word)
{
	static const char *const words[] = {"fwmark", "cgroup", "autobound"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(word, words[i]) == 0)
			return true;
	return false;
}

/* Returns the word of the language that was meant by a near miss of it; NULL: none. */
static const char *find_meant_word(const char *word)
{
	const char *near = nearest_word(word, predicates, PREDICATE_COUNT);

	if (!strcmp(word, "init")) /* nearly "unit", but the name of the first process of many a host */
		return NULL;
	return near ? near : tcp_state_nearest(word);
}

/* Takes a word alone as the name of a process. Refuses a near miss of a word of the language: that was meant. */
static struct filter *parse_bare_word(struct parser *parser, const struct token *token)
{
	const char *word = token->word, *near;

	if (is_word_of_ss(word))
		return fail_at(
			parser, token->at,
			"'%s' is understood by ss, but not here: give state, exclude, sport, dport, src, dst, pid, uid, comm, unit, container, exe, pcomm, netns, family or dev. (A process of that name is 'comm %s')",
			word, word);
	if (tcp_state_set(word, strlen(word)))
		return fail_at(parser, token->at, "'%s' alone says nothing: 'state %s' is a state, 'comm %s' a process",
			       TYPED(word), TYPED(word), TYPED(word));
	near = find_meant_word(word);
	if (near)
		return fail_at(
			parser, token->at,
			"'%s' is not understood here; the nearest is '%s'. (A process of that name is 'comm %s')",
			TYPED(word), near, TYPED(word));
	return parse_comm_word(parser, token);
}

/* True for a token that is nothing but a part of a name. */
static bool is_part_of_name(const struct token *token)
{
	const char *word = token->word;

	if (token->kind != TOKEN_WORD || token->quoted || is_word_of_ss(word) || looks_like_endpoint(word) ||
	    is_path_word(word))
		return false;
	for (int i = 0; i < PREDICATE_COUNT; i++)
		if (is_predicate(token, i))
			return false;
	return !tcp_state_set(word, strlen(word)) && !find_meant_word(word);
}

/* True for a word of the command line that holds a space, and nothing of the language: it is a name. A quote that does
 * not end is a character of the name. */
static bool is_name_with_space(const char *word)
{
	struct filter_error error;
	struct lexer lexer = {.text = word, .length = strlen(word), .error = &error};
	bool is_name = word[strcspn(word, " \t\n")];

	lexer_advance(&lexer);
	while (is_name && !lexer.err && lexer.token.kind != TOKEN_END) {
		is_name = is_part_of_name(&lexer.token);
		lexer_advance(&lexer);
	}
	return is_name;
}

/* Takes the whole word of the command line that begins here as one token, where it is a name with a space, or a path.
 */
static void take_whole_name(struct parser *parser)
{
	const char *word = lexer_typed_word(&parser->lexer);

	if (!word || parser->lexer.token.quoted)
		return;
	if (is_name_with_space(word)) {
		lexer_take_typed_word(&parser->lexer);
		parser->lexer.token.quoted = true;
	} else if (is_path_word(word) && !word[strcspn(word, " \t\n")]) {
		lexer_take_typed_word(&parser->lexer);
	}
}

/* Adds to the message about a word that is no endpoint how a process of that name is asked for. */
static void suggest_comm(struct parser *parser, const char *word)
{
	char *message = parser->lexer.error->message;
	size_t used = strlen(message);

	snprintf(message + used, sizeof(parser->lexer.error->message) - used, ". (A process of that name is 'comm %s')",
		 TYPED(word));
	drop_cut_character(message);
}

static struct filter *parse_endpoint_word(struct parser *parser, const struct token *token)
{
	struct filter *node;

	advance_token(parser);
	if (parser->lexer.err)
		return NULL;
	node = parsed_endpoint(parser, token, SIDE_EITHER);
	if (parser->lexer.err == -EINVAL && !looks_like_endpoint(token->word) && !is_path_word(token->word))
		suggest_comm(parser, token->word);
	return node;
}

static struct filter *parse_word(struct parser *parser)
{
	struct token token;
	const char *word = token.word;

	take_whole_name(parser);
	token = parser->lexer.token;
	for (int i = 0; !token.quoted && i < PREDICATE_COUNT; i++)
		if (is_predicate(&token, i))
			return parse_predicate(parser, i);
	if (token.quoted)
		return parse_comm_word(parser, &token);
	if (is_digits(word))
		return fail_at(parser, token.at, "'%s' alone says nothing: :%s is a port, 'pid %s' a process",
			       TYPED(word), TYPED(word), TYPED(word));
	if (looks_like_endpoint(word) || is_path_word(word) || strpbrk(word, ":[/"))
		return parse_endpoint_word(parser, &token);
	return parse_bare_word(parser, &token);
}

/* ---- and, or, not ---- */

static struct filter *parse_or(struct parser *parser);

static struct filter *parse_unary(struct parser *parser)
{
	size_t at = parser->lexer.token.at;
	struct filter *node;

	if (++parser->depth > MAX_DEPTH)
		return fail_at(parser, at, "nested more than %d deep", MAX_DEPTH);
	switch (parser->lexer.token.kind) {
	case TOKEN_NOT:
		advance_token(parser);
		node = parsed_not(parser, parse_unary(parser));
		break;
	case TOKEN_OPEN:
		advance_token(parser);
		node = parse_or(parser);
		if (node && parser->lexer.token.kind != TOKEN_CLOSE) {
			filter_free(node);
			node = fail_at(parser, at, "this ( is not closed");
		} else {
			advance_token(parser);
		}
		break;
	case TOKEN_WORD:
		node = parse_word(parser);
		break;
	case TOKEN_END:
		node = fail_at(parser, at, "something is missing here");
		break;
	default:
		node = fail_at(parser, at, "this is out of place here");
	}
	parser->depth--;
	return node;
}

/* Reads `state A state B`, side by side, as either state, as ss does: no socket is in both. */
static struct filter *parse_states(struct parser *parser)
{
	struct filter *node = parse_unary(parser), *next;

	while (node && node->kind == FILTER_STATE && is_predicate(&parser->lexer.token, P_STATE)) {
		next = parse_unary(parser);
		if (!next || next->kind != FILTER_STATE)
			return parsed_pair(parser, FILTER_AND, node, next);
		node->number |= next->number;
		filter_free(next);
	}
	return node;
}

static struct filter *parse_and(struct parser *parser)
{
	struct filter *node = parse_states(parser);

	while (node) {
		enum token_kind kind = parser->lexer.token.kind;

		if (kind == TOKEN_AND)
			advance_token(parser);
		else if (kind != TOKEN_WORD && kind != TOKEN_NOT && kind != TOKEN_OPEN)
			break;
		node = parsed_pair(parser, FILTER_AND, node, parse_states(parser));
	}
	return node;
}

static struct filter *parse_or(struct parser *parser)
{
	struct filter *node = parse_and(parser);

	while (node && parser->lexer.token.kind == TOKEN_OR) {
		advance_token(parser);
		node = parsed_pair(parser, FILTER_OR, node, parse_and(parser));
	}
	return node;
}

int filter_parse_words(const char *words, size_t length, const struct filter_names *names, struct filter **out,
		       struct filter_error *error)
{
	struct parser parser = {.lexer = {.text = words, .length = length, .error = error}, .names = names};
	struct filter *filter = NULL;

	if (length > FILTER_TEXT_MAX)
		fail_at(&parser, FILTER_TEXT_MAX, "a filter has at most %d characters", FILTER_TEXT_MAX);
	advance_token(&parser);
	if (!parser.lexer.err && parser.lexer.token.kind != TOKEN_END)
		filter = parse_or(&parser);
	if (filter && parser.lexer.token.kind == TOKEN_CLOSE)
		fail_at(&parser, parser.lexer.token.at, "this ) closes nothing");
	else if (filter && parser.lexer.token.kind != TOKEN_END)
		fail_at(&parser, parser.lexer.token.at, "this is out of place here");
	if (parser.lexer.err) {
		filter_free(filter);
		return parser.lexer.err;
	}
	*out = filter;
	return 0;
}

int filter_parse(const char *text, const struct filter_names *names, struct filter **out, struct filter_error *error)
{
	return filter_parse_words(text, strlen(text), names, out, error);
}
