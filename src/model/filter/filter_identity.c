// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tests of who a process is: unit, container, exe, pcomm.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "container.h"
#include "count_of.h"
#include "filter_parser.h"
#include "identity.h"
#include "name_glob.h"

#define DELETED " (deleted)"

enum { NAME_SIZE = FILTER_WORD_MAX + sizeof(".service") };

/* ---- parsing ---- */

static bool has_unit_suffix(const char *name)
{
	static const char *const suffixes[] = {".service", ".socket", ".device", ".mount", ".automount", ".swap",
					       ".target",  ".path",   ".timer",  ".slice", ".scope"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < COUNT_OF(suffixes); i++)
		if (!strcmp(dot, suffixes[i]))
			return true;
	return false;
}

/* Like systemctl, takes a name without a suffix for that of a service. */
struct filter *parsed_unit(struct parser *parser, const char *word)
{
	char name[NAME_SIZE];
	struct filter *node = parsed_pattern(parser, FILTER_UNIT, word);

	if (!node || !glob_name(node->pattern, name, sizeof(name)) || !*name || has_unit_suffix(name))
		return node;
	filter_free(node);
	snprintf(name, sizeof(name), "%s.service", word);
	return parsed_pattern(parser, FILTER_UNIT, name);
}

/* Returns how many digits of a container's id the word ends with, if it has more than are shown; else 0. A runtime may
 * stand before them. */
static size_t measure_long_id(const char *word)
{
	const char *colon = strrchr(word, ':'), *id = colon ? colon + 1 : word;
	size_t length = strlen(id);

	if (length <= CONTAINER_SHORT_ID || length > CONTAINER_ID_MAX || id[strspn(id, "0123456789abcdef")])
		return 0;
	return length;
}

/* Of a container's id so many digits are known as are shown. A word of more digits may be a name, too. */
struct filter *parsed_container(struct parser *parser, const char *word)
{
	struct filter *node = parsed_pattern(parser, FILTER_CONTAINER, word);
	size_t digits = measure_long_id(word);
	char shown[NAME_SIZE];

	if (!node || !digits)
		return node;
	snprintf(shown, sizeof(shown), "%.*s", (int)(strlen(word) - digits + CONTAINER_SHORT_ID), word);
	return parsed_pair(parser, FILTER_OR, node, parsed_pattern(parser, FILTER_CONTAINER, shown));
}

/* The program may have been deleted or replaced since: then /proc has that behind its path. */
struct filter *parsed_exe(struct parser *parser, const char *word)
{
	struct filter *node = parsed_pattern(parser, FILTER_EXE, word);
	char deleted[NAME_SIZE + sizeof(DELETED)];

	if (!node)
		return NULL;
	snprintf(deleted, sizeof(deleted), "%s" DELETED, word);
	return parsed_pair(parser, FILTER_OR, node, parsed_pattern(parser, FILTER_EXE, deleted));
}

/* ---- answers ---- */

static bool matches_text(const char *pattern, const char *text)
{
	return text && fnmatch(pattern, text, 0) == 0;
}

/* A pattern without a colon is one of the id alone. An id may have colons, too. */
static bool matches_container(const char *pattern, const char *container)
{
	const char *colon = container ? strchr(container, ':') : NULL;

	return matches_text(pattern, container) || (colon && matches_text(pattern, colon + 1));
}

/* A pattern without a slash is one of the last part alone. */
static bool matches_exe(const char *pattern, const char *exe)
{
	const char *slash = exe && !strchr(pattern, '/') ? strrchr(exe, '/') : NULL;

	return matches_text(pattern, slash ? slash + 1 : exe);
}

bool filter_matches_identity(const struct filter *filter, const struct identity *identity)
{
	if (!identity)
		return false;
	switch (filter->kind) {
	case FILTER_UNIT:
		return matches_text(filter->pattern, identity->unit);
	case FILTER_CONTAINER:
		return matches_container(filter->pattern, identity->container);
	case FILTER_EXE:
		return matches_exe(filter->pattern, identity->exe);
	case FILTER_PCOMM:
		return identity->lineage.ppid && matches_text(filter->pattern, identity->lineage.pcomm);
	default:
		return false;
	}
}
