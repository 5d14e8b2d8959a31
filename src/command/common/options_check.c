// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * argp says of an option that it does not know only that; here it is said which one may have been meant.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "nearest.h"
#include "options_internal.h"

enum {
	MAX_OPTIONS = 64,
	OF_ALL = 2, /* letters that every command has, -? and -V */
};

/* All options of a command. */
struct known {
	const char *names[MAX_OPTIONS]; /* long ones */
	bool name_takes_value[MAX_OPTIONS];
	size_t name_count;
	char letters[MAX_OPTIONS];
	bool letter_takes_value[MAX_OPTIONS];
	size_t letter_count;
};

static void add_name(struct known *known, const char *name, bool takes_value)
{
	if (known->name_count == MAX_OPTIONS)
		return;
	known->names[known->name_count] = name;
	known->name_takes_value[known->name_count++] = takes_value;
}

static void add_letter(struct known *known, int letter, bool takes_value)
{
	if (known->letter_count == MAX_OPTIONS - 1)
		return;
	known->letters[known->letter_count] = (char)letter;
	known->letter_takes_value[known->letter_count++] = takes_value;
}

static void gather(struct known *known, const struct argp *argp)
{
	for (const struct argp_option *option = argp->options; option->name || option->key || option->doc; option++) {
		if (option->name)
			add_name(known, option->name, option->arg);
		if (option->key > 0 && option->key < 0x80 && isprint(option->key))
			add_letter(known, option->key, option->arg);
	}
	for (const struct argp_child *child = argp->children; child && child->argp; child++)
		gather(known, child->argp);
}

/* True when it takes the next word of the command line. */
static bool check_name(const struct known *known, const char *command, const char *word)
{
	size_t length = strcspn(word, "=");
	char name[64];
	const char *near;

	snprintf(name, sizeof(name), "%.*s", (int)length, word);
	for (size_t i = 0; i < known->name_count; i++)
		if (!strcmp(name, known->names[i]))
			return known->name_takes_value[i] && !word[length];
	for (size_t i = 0; i < known->name_count; i++)
		if (!strncmp(name, known->names[i], length))
			return known->name_takes_value[i] && !word[length]; /* argp knows whether it is enough */
	near = nearest_word(name, known->names, known->name_count);
	if (near)
		options_fail("--%s: there is no such option; the nearest is --%s (see %s --help)", ESCAPED(name), near,
			     command);
	options_fail("--%s: there is no such option (see %s --help)", ESCAPED(name), command);
}

static const char *find_letter(const struct known *known, char letter)
{
	return letter ? memchr(known->letters, letter, known->letter_count) : NULL;
}

__attribute__((noreturn)) static void fail_letter(const struct known *known, const char *command, char letter,
						  const char *word)
{
	char text[2] = {letter, '\0'};
	char other = (char)(isupper((unsigned char)letter) ? tolower((unsigned char)letter)
							   : toupper((unsigned char)letter));
	char all[2 * MAX_OPTIONS] = "";

	if (find_letter(known, other))
		options_fail("%s: there is no letter '%s'; the nearest is -%c (see %s --help)", ESCAPED(word),
			     ESCAPED(text), other, command);
	for (size_t i = OF_ALL; i < known->letter_count; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%c", i > OF_ALL ? " " : "",
			 known->letters[i]);
	options_fail("%s: there is no letter '%s'; there are %s (see %s --help)", ESCAPED(word), ESCAPED(text), all,
		     command);
}

/* Letters that are joined, as in -tulnp. True when the last takes the next word. */
static bool check_letters(const struct known *known, const char *command, const char *word)
{
	for (const char *at = word + 1; *at; at++) {
		const char *letter = find_letter(known, *at);

		if (!letter)
			fail_letter(known, command, *at, word);
		if (known->letter_takes_value[letter - known->letters])
			return !at[1];
	}
	return false;
}

void options_check(const struct argp *argp, int argc, char **argv)
{
	struct known known = {
		.names = {"help", "usage", "version"},
		.name_count = 3,
		.letters = {'?', 'V'},
		.letter_count = OF_ALL,
	};

	gather(&known, argp);
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strncmp(argv[i], "--", 2))
			i += check_name(&known, argv[0], argv[i] + 2);
		else if (argv[i][0] == '-' && argv[i][1])
			i += check_letters(&known, argv[0], argv[i]);
	}
}
