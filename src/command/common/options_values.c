// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "log.h"
#include "options_internal.h"
#include "parse.h"

/* The largest ring size that can be given, in bytes: half of the largest ring that the kernel makes. */
#define MAX_RING (1ULL << 30)

void options_fail(const char *format, ...)
{
	char *message;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&message, format, args);
	va_end(args);
	log_error("%s", length < 0 ? strerror(ENOMEM) : message);
	if (length >= 0)
		free(message);
	exit(STATUS_WRONG_USE);
}

uint64_t option_duration(const char *option, const char *value)
{
	uint64_t ns;
	int err = parse_duration(value, &ns);

	if (err == -ERANGE)
		options_fail("%s %s: out of range: give more than 0 and at most 36500d", option, ESCAPED(value));
	if (err)
		options_fail("%s %s: no length of time: give seconds, or 250ms, 10s, 5m, 2h, 1d", option,
			     ESCAPED(value));
	return ns;
}

uint64_t option_count(const char *option, const char *value)
{
	uint64_t count;

	if (parse_u64(value, 1, INT64_MAX, &count))
		options_fail("%s %s: no count: give a whole number, 1 or more", option, ESCAPED(value));
	return count;
}

int option_choice(const char *option, const char *value, const char *const *words, int count)
{
	char all[128] = "";

	for (int i = 0; i < count; i++) {
		if (!strcmp(value, words[i]))
			return i;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
			 !i              ? ""
			 : i + 1 < count ? ", "
					 : " or ",
			 words[i]);
	}
	options_fail("%s %s: give %s", option, ESCAPED(value), all);
}

/* Rounds the size up to a power of two of pages: the kernel takes no other. */
uint64_t option_ring_size(const char *option, const char *value)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), wanted, bytes = page;
	int err = parse_size(value, &wanted);

	if (err == -ERANGE || (!err && wanted > MAX_RING))
		options_fail("%s %s: out of range: give 1 to 1G", option, ESCAPED(value));
	if (err)
		options_fail("%s %s: no size: give bytes, or 256K, 16M, 1G", option, ESCAPED(value));
	while (bytes < wanted)
		bytes *= 2;
	if (bytes != wanted)
		log_warning("%s %s: rounded up to %llu bytes, the next power of two of pages", option, ESCAPED(value),
			    (unsigned long long)bytes);
	return bytes;
}

static enum color parse_color(const char *value)
{
	static const char *const words[] = {[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};

	return option_choice("--color", value, words, 3);
}

error_t option_output(int key, const char *value, struct output_options *output)
{
	switch (key) {
	case KEY_JSON:
		output->json = true;
		break;
	case KEY_COLOR:
		output->color = parse_color(value);
		break;
	case KEY_NO_CMDLINE:
		output->no_cmdline = true;
		break;
	case 'v':
		log_set_level(log_level() + 1);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}
