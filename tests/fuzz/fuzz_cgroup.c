// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /proc/PID/cgroup: a container has a runtime and an id that fits, a unit a name that is in the text. Lines after the
 * one that names it change nothing. Input: the text, whose groups anybody may have named.
 */
#include "container.h"
#include "fuzz.h"
#include "unit.h"

static void check_container(const struct container *container)
{
	char name[CONTAINER_NAME_SIZE];

	must_be_terminated(container->id, sizeof(container->id));
	MUST(container->runtime && *container->runtime && *container->id);
	MUST(!container_has_hex_id(container) || strspn(container->id, "0123456789abcdef") == CONTAINER_ID_MAX);
	MUST(container_name(container, name) == name);
	must_be_terminated(name, sizeof(name));
	MUST(strncmp(name, container->runtime, strlen(container->runtime)) == 0);
}

static bool is_same_container(const struct container *a, const struct container *b)
{
	return strcmp(a->runtime, b->runtime) == 0 && strcmp(a->id, b->id) == 0;
}

static void check_more_lines(const char *text, size_t size, const struct container *found)
{
	static const char more[] = "0::/system.slice/docker-"
				   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope\n";
	struct container again = {0};
	char *longer = malloc(size + strlen(more));

	MUST(longer);
	memcpy(longer, text, size);
	memcpy(longer + size, more, strlen(more));
	MUST(container_of_cgroup(longer, size + strlen(more), &again) && is_same_container(&again, found));
	free(longer);
}

/* The path alone tells what the line does. */
static void check_path(const uint8_t *data, size_t size)
{
	struct container by_path = {0}, by_line = {0};
	char *path = copy_text(data, size), *line;
	int length;
	bool found;

	path[strcspn(path, "\n")] = '\0';
	found = container_of_path(path, &by_path);
	length = asprintf(&line, "12:cpu,cpuacct:%s\n", path);
	MUST(length > 0);
	if (found)
		check_container(&by_path);
	if (!strstr(path, " (deleted)")) {
		MUST(container_of_cgroup(line, (size_t)length, &by_line) == found);
		MUST(!found || is_same_container(&by_path, &by_line));
	}
	free(line);
	free(path);
}

/* ---- units ---- */

static void check_unit(const char *unit, const char *text, size_t size)
{
	must_be_terminated(unit, UNIT_NAME_SIZE);
	MUST(*unit && !strchr(unit, '/') && strrchr(unit, '.') > unit);
	MUST(memmem(text, size, unit, strlen(unit)));
}

/* The path alone tells what the line does; lines after it change nothing. */
static void check_unit_of_path(const uint8_t *data, size_t size)
{
	char by_path[UNIT_NAME_SIZE] = "", by_line[UNIT_NAME_SIZE] = "", *path = copy_text(data, size), *line;
	int length;
	bool found;

	path[strcspn(path, "\n")] = '\0';
	found = unit_of_path(path, by_path);
	MUST(found == (*by_path != '\0'));
	if (found)
		check_unit(by_path, path, strlen(path));
	length = asprintf(&line, "0::%s\n1:name=systemd:/other.service\n", path);
	MUST(length > 0);
	MUST(unit_of_cgroup(line, (size_t)length, by_line));
	if (!strstr(path, " (deleted)"))
		MUST(strcmp(by_line, found ? by_path : "other.service") == 0);
	free(line);
	free(path);
}

static void check_unit_of_text(const char *text, size_t size)
{
	char unit[UNIT_NAME_SIZE] = "";

	if (unit_of_cgroup(text, size, unit))
		check_unit(unit, text, size);
	else
		MUST(!*unit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct container found = {.runtime = NULL};
	char *text = copy_bytes(data, size);

	if (container_of_cgroup(text, size, &found)) {
		check_container(&found);
		check_more_lines(text, size, &found);
	} else {
		MUST(!found.runtime && !*found.id);
	}
	check_path(data, size);
	check_unit_of_text(text, size);
	check_unit_of_path(data, size);
	free(text);
	return 0;
}
