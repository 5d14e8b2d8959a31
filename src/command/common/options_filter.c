// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "filter_names.h"
#include "options_internal.h"

static void add_filter(struct filter_options *options, struct filter *filter)
{
	int err;

	options->filter = filter_and(options->filter, filter, &err);
	if (err)
		options_fail("out of memory");
}

static int parse_filter(const struct filter_options *options, const char *words, size_t length, struct filter **filter,
			struct filter_error *error)
{
	int err = filter_parse_words(words, length, options->names ? options->names : &host_names, filter, error);

	if (err == -ENOMEM)
		options_fail("out of memory");
	return err;
}

/* Adds a filter of `length` bytes. The user gave `option` and `value` for it, and an error message names these. */
static void add_filter_words(struct filter_options *options, const char *option, const char *value, const char *words,
			     size_t length)
{
	struct filter *filter = NULL;
	struct filter_error error;

	if (parse_filter(options, words, length, &filter, &error))
		options_fail("%s %s: %s", option, TYPED(value), error.message);
	add_filter(options, filter);
}

static void add_filter_text(struct filter_options *options, const char *option, const char *value, const char *text)
{
	add_filter_words(options, option, value, text, strlen(text));
}

/* Makes of the list "80,443" and the predicate "sport = " the filter `sport = "80" or sport = "443"`. */
void option_filter_list(struct filter_options *options, const char *option, const char *value, const char *predicate)
{
	char text[FILTER_WORDS_MAX] = "";
	size_t used = 0;
	const char *item = value;

	for (;;) {
		size_t length = strcspn(item, ",");

		if (length == 0)
			options_fail("%s %s: an item of the list is empty", option, TYPED(value));
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s\"%.*s\"", used ? " or " : "",
					 predicate, (int)length, item);
		if (used >= sizeof(text))
			options_fail("%s: the list is too long (at most about 500 items)", option);
		if (!item[length])
			break;
		item += length + 1;
	}
	if (strchr(value, '"'))
		options_fail("%s %s: a quote has no place here", option, TYPED(value));
	add_filter_text(options, option, value, text);
}

void option_filter_value(struct filter_options *options, const char *option, const char *value, const char *predicate)
{
	char words[FILTER_WORDS_MAX];
	int length = snprintf(words, sizeof(words), "%s =%c%s", predicate, '\0', value);

	if (length >= (int)sizeof(words))
		options_fail("%s: the value is too long", option);
	add_filter_words(options, option, value, words, (size_t)length);
}

void option_filter_families(struct filter_options *options, bool ipv4, bool ipv6)
{
	if (ipv4 && !ipv6)
		add_filter_text(options, "-4", "", "family 4");
	if (ipv6 && !ipv4)
		add_filter_text(options, "-6", "", "family 6");
}

/* Shows the words as they were typed, with a caret below the place of the error. */
__attribute__((noreturn)) static void fail_filter(const struct filter_options *options,
						  const struct filter_error *error)
{
	char joined[FILTER_WORDS_MAX], text[4 * FILTER_WORDS_MAX + 1];
	size_t caret;

	for (size_t i = 0; i < options->length; i++)
		joined[i] = (char)(options->words[i] ? options->words[i] : ' ');
	escape_typed(text, sizeof(text), joined, error->at);
	caret = text_width(text);
	escape_typed(text, sizeof(text), joined, options->length);
	options_fail("FILTER: %s\n    %s\n    %*s^", error->message, text, (int)caret, "");
}

void option_filter_end(struct filter_options *options)
{
	struct filter *filter = NULL;
	struct filter_error error;

	if (parse_filter(options, options->words, options->length, &filter, &error))
		fail_filter(options, &error);
	add_filter(options, filter);
}

void option_filter_word(struct filter_options *options, const char *word)
{
	size_t used = options->length + (options->length > 0);
	int length = snprintf(options->words + used, sizeof(options->words) - used, "%s", word);

	if (length >= (int)(sizeof(options->words) - used))
		options_fail("FILTER: it is too long (at most %d characters)", FILTER_TEXT_MAX);
	options->length = used + (size_t)length;
}
