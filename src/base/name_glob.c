// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "name_glob.h"

#include <stdlib.h>
#include <string.h>

char *glob_of(const char *word)
{
	char *glob = malloc(2 * strlen(word) + 1), *end = glob;

	for (; glob && *word; word++) {
		if (strchr("[]\\", *word))
			*end++ = '\\';
		*end++ = *word;
	}
	if (glob)
		*end = '\0';
	return glob;
}
