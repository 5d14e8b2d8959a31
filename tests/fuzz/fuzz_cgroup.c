// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /proc/PID/cgroup: a container has a runtime and an id that fits. Lines after the one that names it change nothing.
 * Input: the text, whose groups anybody may have named.
 */
#include "container.h"
#include "fuzz.h"

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
	free(text);
	return 0;
}
