// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "name_glob.h"

#include <stdlib.h>
#include <string.h>

#include "escape.h"

char *glob_of(const char *word)
{
	char *glob = malloc(2 * strlen(word) + 1), *end = glob;

	while (glob && *word) {
		size_t length = unescape_next(word, end);

		if (strchr(length == 1 ? "[]\\" : "*?[]\\", *end)) {
			end[1] = *end;
			*end++ = '\\';
		}
		end++;
		word += length;
	}
	if (glob)
		*end = '\0';
	return glob;
}

bool glob_name(const char *glob, char *out, size_t size)
{
	bool plain = true;
	size_t used = 0;

	for (; *glob && used + 1 < size; glob++) {
		if (*glob == '\\')
			glob++;
		else if (*glob == '*' || *glob == '?')
			plain = false;
		out[used++] = *glob;
	}
	out[used] = '\0';
	return plain;
}
