// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sysctl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

/* Bytes: room for the longest list of ports, which has every second one. */
enum { VALUE_BYTES = 1 << 18 };

static void squeeze_blanks(char *text)
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

/* Reads once: the kernel returns the whole value to the first read, and nothing to the next. */
char *sysctl_read(const char *name)
{
	CLEANUP(cleanup_close) int fd = -1;
	char path[128], *text;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	for (char *at = path + sizeof("/proc/sys/") - 1; *at; at++)
		if (*at == '.')
			*at = '/';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	text = fd < 0 ? NULL : malloc(VALUE_BYTES);
	length = text ? read(fd, text, VALUE_BYTES - 1) : -1;
	if (length < 0) {
		free(text);
		return NULL;
	}
	text[length] = '\0';
	squeeze_blanks(text);
	return text;
}
