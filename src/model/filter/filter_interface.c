// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Interfaces in a filter: dev eth0, dev 2, and behind an address, as it is printed: [fe80::1]%eth0:80.
 */
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "filter_parser.h"
#include "parse.h"

/* ---- parsing ---- */

/* Makes the leaf of an interface by its name, and by its index, which is shown where no name is known. */
static struct filter *make_interface_leaf(struct parser *parser, const char *name)
{
	const struct filter_names *names = parser->names;
	struct filter *node = parsed_leaf(parser, FILTER_INTERFACE);
	uint32_t index;

	if (!node)
		return NULL;
	node->pattern = strdup(name);
	if (names && names->interfaces)
		node->interfaces = interface_names_new(names->interfaces, false);
	if (!node->pattern || (names && names->interfaces && !node->interfaces)) {
		filter_free(node);
		return parsed_nothing(parser);
	}
	if (parse_u32(name, 1, INT32_MAX, &index) == 0)
		node->number = index;
	else if (names && names->check_interface)
		names->check_interface(names->context, name);
	return node;
}

struct filter *parsed_interface(struct parser *parser, size_t at, const char *typed)
{
	char name[FILTER_WORD_MAX];
	size_t length = unescape(name, sizeof(name), typed);

	if (length == 0)
		return fail_at(parser, at, "the name of an interface is missing");
	if (length >= INTERFACE_NAME_SIZE)
		return fail_at(parser, at, "'%s' is no interface: their names have at most %d bytes", TYPED(typed),
			       INTERFACE_NAME_SIZE - 1);
	return make_interface_leaf(parser, name);
}

/* Finds the % behind an address, or within its brackets; NULL: there is none. (One behind the colon of a port is part
 * of a service's name.) */
static char *find_interface_sign(char *word)
{
	size_t length = strspn(word, "[]*.:0123456789abcdefABCDEF");
	char *first = memchr(word, ':', length);
	bool one_colon = first && !memchr(first + 1, ':', length - (size_t)(first + 1 - word));

	return word[length] == '%' && length && !one_colon ? word + length : NULL;
}

size_t cut_interface(char *word, char name[FILTER_WORD_MAX], size_t *where)
{
	char *sign = find_interface_sign(word);
	bool within = sign && word[0] == '[' && !memchr(word, ']', (size_t)(sign - word));
	size_t length = sign ? strcspn(sign, within ? "]" : ":/") : 0;

	if (!sign)
		return 0;
	memcpy(name, sign + 1, length - 1);
	name[length - 1] = '\0';
	memmove(sign, sign + length, strlen(sign + length) + 1);
	*where = (size_t)(sign - word);
	return length;
}

/* ---- asking ---- */

static uint32_t find_subject_pid(const struct filter_subject *subject)
{
	if (subject->owner)
		return subject->owner->pid;
	return subject->owner_count ? subject->owners[0].pid : 0;
}

enum filter_answer filter_ask_interface(const struct filter *filter, const struct filter_subject *subject)
{
	uint32_t index = subject->tuple->interface, netns = subject->tuple->netns;
	const char *name = NULL;

	if (!subject->has_endpoints)
		return FILTER_NO;
	if (subject->lacks_peer || index == INTERFACE_UNKNOWN)
		return FILTER_MAYBE;
	if (index == 0)
		return FILTER_NO;
	if (index == filter->number)
		return FILTER_YES;
	if (filter->interfaces)
		name = interface_names_find(filter->interfaces, netns, index, find_subject_pid(subject),
					    subject->ts_ns);
	return name && strcmp(name, filter->pattern) == 0 ? FILTER_YES : FILTER_NO;
}
