// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sysctl.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"

static void tidy(char *text)
{
	char *out = text;

	for (const char *at = strtok(text, " \t\n"); at; at = strtok(NULL, " \t\n")) {
		size_t length = strlen(at);

		if (out != text)
			*out++ = ' ';
		memmove(out, at, length);
		out += length;
	}
	*out = '\0';
}

char *sysctl_read(const char *name)
{
	CLEANUP(cleanup_fclose) FILE *file = NULL;
	char path[128], *text = NULL;
	size_t room = 0;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	for (char *at = path + sizeof("/proc/sys/") - 1; *at; at++)
		if (*at == '.')
			*at = '/';
	file = fopen(path, "re");
	if (!file)
		return NULL;
	if (getline(&text, &room, file) < 0) {
		free(text);
		return NULL;
	}
	tidy(text);
	return text;
}
