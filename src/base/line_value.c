// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "line_value.h"

#include <string.h>

const char *line_value(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (strncmp(text, name, length) != 0) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	return text + length + strspn(text + length, " \t");
}
