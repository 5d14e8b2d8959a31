// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Finds unknown options before argp does, and reports which option may have been meant. argp reports only that an
 * option is unknown.
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
	COMMON_LETTERS = 2, /* the number of letters that every command has: -? and -V */
};

/* All options of a command. */
struct known_options {
	const char *names[MAX_OPTIONS]; /* of long options, without the dashes */
	bool name_takes_value[MAX_OPTIONS];
	size_t name_count;
	char letters[MAX_OPTIONS];
	bool letter_takes_value[MAX_OPTIONS];
	size_t letter_count;
};

static void add_long_name(struct known_options *known, const char *name, bool takes_value)
{
	if (known->name_count == MAX_OPTIONS)
		return;
	known->names[known->name_count] = name;
	known->name_takes_value[known->name_count++] = takes_value;
}

static void add_option_letter(struct known_options *known, int letter, bool takes_value)
{
	if (known->letter_count == MAX_OPTIONS - 1)
		return;
	known->letters[known->letter_count] = (char)letter;
	known->letter_takes_value[known->letter_count++] = takes_value;
}

static void gather_options(struct known_options *known, const struct argp *argp)
{
	for (const struct argp_option *option = argp->options; option->name || option->key || option->doc; option++) {
		if (option->name)
			add_long_name(known, option->name, option->arg);
		if (option->key > 0 && option->key < 0x80 && isprint(option->key))
			add_option_letter(known, option->key, option->arg);
	}
	for (const struct argp_child *child = argp->children; child && child->argp; child++)
		gather_options(known, child->argp);
}

/* Checks a long option; `word` begins after its dashes. True when the option takes the next word of the command
 * line. */
static bool check_long_option(const struct known_options *known, const char *command, const char *word)
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
			return known->name_takes_value[i] &&
			       !word[length]; /* argp finds out whether the beginning is enough */
	near = nearest_word(name, known->names, known->name_count);
	if (near)
		options_fail("--%s: there is no such option; the nearest is --%s (see %s --help)", ESCAPED(name), near,
			     command);
	options_fail("--%s: there is no such option (see %s --help)", ESCAPED(name), command);
}

static const char *find_option_letter(const struct known_options *known, char letter)
{
	return letter ? memchr(known->letters, letter, known->letter_count) : NULL;
}

__attribute__((noreturn)) static void fail_unknown_letter(const struct known_options *known, const char *command,
							  char letter, const char *word)
{
	char text[2] = {letter, '\0'};
	char other = (char)(isupper((unsigned char)letter) ? tolower((unsigned char)letter)
							   : toupper((unsigned char)letter));
	char all[2 * MAX_OPTIONS] = "";

	if (find_option_letter(known, other))
		options_fail("%s: there is no letter '%s'; the nearest is -%c (see %s --help)", ESCAPED(word),
			     ESCAPED(text), other, command);
	for (size_t i = COMMON_LETTERS; i < known->letter_count; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%c", i > COMMON_LETTERS ? " " : "",
			 known->letters[i]);
	options_fail("%s: there is no letter '%s'; there are %s (see %s --help)", ESCAPED(word), ESCAPED(text), all,
		     command);
}

/* Checks letters that are joined, as in -tulnp. True when the last one takes the next word of the command line. */
static bool check_letters(const struct known_options *known, const char *command, const char *word)
{
	for (const char *at = word + 1; *at; at++) {
		const char *letter = find_option_letter(known, *at);

		if (!letter)
			fail_unknown_letter(known, command, *at, word);
		if (known->letter_takes_value[letter - known->letters])
			return !at[1];
	}
	return false;
}

void options_check(const struct argp *argp, int argc, char **argv)
{
	struct known_options known = {
		.names = {"help", "usage", "version"},
		.name_count = 3,
		.letters = {'?', 'V'},
		.letter_count = COMMON_LETTERS,
	};

	gather_options(&known, argp);
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strncmp(argv[i], "--", 2))
			i += check_long_option(&known, argv[0], argv[i] + 2);
		else if (argv[i][0] == '-' && argv[i][1])
			i += check_letters(&known, argv[0], argv[i]);
	}
}
