// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <string.h>

#include "count_of.h"

static bool ends_with(const char *name, size_t length, const char *suffix)
{
	size_t after = strlen(suffix);

	return length > after && memcmp(name + length - after, suffix, after) == 0;
}

static bool is_unit_name(const char *name, size_t length)
{
	static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};

	if (length >= UNIT_NAME_SIZE || memchr(name, '\0', length))
		return false;
	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (ends_with(name, length, suffixes[i]))
			return true;
	return false;
}

static bool find_unit_in_path(const char *path, size_t length, char out[UNIT_NAME_SIZE])
{
	const char *end = path + length, *next;
	bool found = false;

	for (; path < end; path = next + 1) {
		const char *slash = memchr(path, '/', (size_t)(end - path));

		next = slash ? slash : end;
		if (*path == '_') /* before a name that the kernel has in each group, or that begins so itself */
			path++;
		if (!is_unit_name(path, (size_t)(next - path)))
			continue;
		memcpy(out, path, (size_t)(next - path));
		out[next - path] = '\0';
		found = true;
	}
	return found;
}

bool unit_of_path(const char *path, char out[UNIT_NAME_SIZE])
{
	return find_unit_in_path(path, strlen(path), out);
}

/* Reads a line "0::/system.slice/web.service" or "1:name=systemd:/…". */
static bool find_unit_in_line(const char *line, size_t length, char out[UNIT_NAME_SIZE])
{
	static const char named[] = ":name=systemd:";
	const char *colon = memchr(line, ':', length), *end = line + length;
	size_t left = colon ? (size_t)(end - colon) : 0, skip = 0;

	if (left > 2 && colon[1] == ':')
		skip = 2;
	else if (left > sizeof(named) - 1 && memcmp(colon, named, sizeof(named) - 1) == 0)
		skip = sizeof(named) - 1;
	if (!skip)
		return false;
	length = left - skip;
	if (ends_with(colon + skip, length, " (deleted)"))
		length -= sizeof(" (deleted)") - 1;
	return find_unit_in_path(colon + skip, length, out);
}

bool unit_of_cgroup(const char *text, size_t length, char out[UNIT_NAME_SIZE])
{
	const char *end = text + length, *newline;

	for (; text < end && (newline = memchr(text, '\n', (size_t)(end - text))); text = newline + 1)
		if (find_unit_in_line(text, (size_t)(newline - text), out))
			return true;
	return false;
}
