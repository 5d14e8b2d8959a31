// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "container.h"

#include <stdio.h>
#include <string.h>

#include "count_of.h"

/* A piece of a path or of a name in it. */
struct part {
	const char *at;
	size_t length;
};

/* Position of a part in its path. */
struct part_position {
	struct part above; /* the part before this one; empty: this one is the first */
	size_t depth;
	bool in_kubepods; /* below a group that kubelet keeps its pods in */
};

static bool part_is(struct part part, const char *word)
{
	return part.length == strlen(word) && memcmp(part.at, word, part.length) == 0;
}

static bool part_contains(struct part part, const char *word)
{
	return memmem(part.at, part.length, word, strlen(word)) != NULL;
}

/* Takes `prefix` and `suffix` off; false when the part does not have both, or nothing between them. */
static bool strip_affixes(struct part *part, const char *prefix, const char *suffix)
{
	size_t before = strlen(prefix), after = strlen(suffix);

	if (part->length <= before + after || memcmp(part->at, prefix, before) != 0 ||
	    memcmp(part->at + part->length - after, suffix, after) != 0)
		return false;
	part->at += before;
	part->length -= before + after;
	return true;
}

static bool is_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!memchr("0123456789abcdef", text[i], 16))
			return false;
	return true;
}

static bool is_hex_id(struct part part)
{
	return part.length == CONTAINER_ID_MAX && is_hex(part.at, part.length);
}

static bool set_container(struct container *out, const char *runtime, struct part id)
{
	if (id.length == 0 || id.length > CONTAINER_ID_MAX || memchr(id.at, '\0', id.length))
		return false;
	out->runtime = runtime;
	memcpy(out->id, id.at, id.length);
	out->id[id.length] = '\0';
	return true;
}

/* Reads an id that follows the mark of a runtime: "docker-ID.scope" (by systemd), "crio-ID" (without systemd),
 * "kubepods-….slice:cri-containerd:ID" (containerd that was given a systemd path, but not set to use systemd). The
 * process that watches over a container ("libpod-conmon-ID.scope") is not in the container. */
static bool read_marked_id(struct part part, struct container *out)
{
	static const struct {
		const char *mark, *runtime;
	} marks[] = {{"docker", "docker"}, {"cri-containerd", "containerd"}, {"crio", "crio"},
		     {"libpod", "podman"}, {"nerdctl", "containerd"},        {"containerd", "containerd"}};
	struct part id = part, mark;

	strip_affixes(&id, "", ".scope");
	if (id.length <= CONTAINER_ID_MAX + 1)
		return false;
	mark = (struct part){id.at, id.length - CONTAINER_ID_MAX - 1};
	id = (struct part){id.at + mark.length + 1, CONTAINER_ID_MAX};
	if (!is_hex_id(id))
		return false;
	if (id.at[-1] == ':') {
		const char *colon = memrchr(mark.at, ':', mark.length);

		if (!colon)
			return false;
		mark = (struct part){colon + 1, (size_t)(mark.at + mark.length - colon) - 1};
	} else if (id.at[-1] != '-') {
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (part_is(mark, marks[i].mark))
			return set_container(out, marks[i].runtime, id);
	return false;
}

/* Reads an id without a mark: the parts above it show the runtime. */
static bool read_bare_id(struct part part, const struct part_position *position, struct container *out)
{
	if (!is_hex_id(part))
		return false;
	if (part_is(position->above, "docker"))
		return set_container(out, "docker", part);
	if (position->in_kubepods)
		return set_container(out, "kubepods", part);
	if (position->depth == 1 && (part_is(position->above, "default") || part_is(position->above, "k8s.io")))
		return set_container(out, "containerd", part);
	return set_container(out, "container", part);
}

/* Undoes the escapes of systemd in the name of a unit, where "a-b" is "a\x2db". */
static struct part unescape_unit_name(struct part part, char out[CONTAINER_ID_MAX + 1])
{
	static const char digits[] = "0123456789abcdef";
	size_t used = 0;

	for (size_t i = 0; i < part.length && used <= CONTAINER_ID_MAX; i++) {
		char c = part.at[i];

		if (c == '\\' && part.length - i > 3 && part.at[i + 1] == 'x' && is_hex(part.at + i + 2, 2)) {
			c = (char)((strchr(digits, part.at[i + 2]) - digits) << 4 |
				   (strchr(digits, part.at[i + 3]) - digits));
			i += 3;
		}
		out[used++] = c;
	}
	return (struct part){out, used};
}

/* Reads the name that machinectl shows. A virtual machine has one too ("machine-qemu\x2d1\x2dNAME.scope"), but is no
 * container. */
static bool read_machine(struct part part, struct container *out)
{
	char name[CONTAINER_ID_MAX + 1];

	if (!strip_affixes(&part, "machine-", ".scope") && !strip_affixes(&part, "systemd-nspawn@", ".service"))
		return false;
	part = unescape_unit_name(part, name);
	if (part.length > 5 && memcmp(part.at, "qemu-", 5) == 0)
		return false;
	return set_container(out, "machine", part);
}

static bool read_lxc(struct part part, const struct part_position *position, struct container *out)
{
	bool below =
		position->depth == 1 && (part_is(position->above, "lxc") || part_is(position->above, "lxc.payload"));

	if (!strip_affixes(&part, "lxc.payload.", "") && !below)
		return false;
	return set_container(out, "lxc", part);
}

/* Reads a group of ctr run, which names the group after containerd's namespace and the name of the container. Of these
 * namespaces only those are accepted that every containerd has: any service may have a group /A/B. */
static bool read_containerd(struct part part, const struct part_position *position, struct container *out)
{
	if (position->depth != 1 || !(part_is(position->above, "default") || part_is(position->above, "k8s.io")))
		return false;
	return set_container(out, "containerd", part);
}

static bool read_cgroup_part(struct part part, const struct part_position *position, struct container *out)
{
	return read_marked_id(part, out) || read_lxc(part, position, out) || read_bare_id(part, position, out) ||
	       read_machine(part, out) || read_containerd(part, position, out);
}

/* Reads a path "/a/b/c": the last part that names a container is the innermost container. */
static bool read_cgroup_path(struct part path, struct container *out)
{
	const char *end = path.at + path.length;
	struct part_position position = {0};
	bool found = false;

	while (path.at < end) {
		const char *slash = memchr(path.at, '/', (size_t)(end - path.at));
		struct part part = {path.at, (size_t)((slash ? slash : end) - path.at)};

		path.at += part.length + 1;
		if (part.length == 0 || part_is(part, ".."))
			continue; /* "..": the path is seen from a cgroup namespace beside the group */
		found |= read_cgroup_part(part, &position, out);
		position.in_kubepods |= part_contains(part, "kubepods");
		position.above = part;
		position.depth++;
	}
	return found;
}

/* Reads a line "4:memory:/a/b" or "0::/a/b (deleted)". */
static bool read_cgroup_line(struct part line, struct container *out)
{
	const char *end = line.at + line.length;
	const char *colon = memchr(line.at, ':', line.length);
	const char *second = colon ? memchr(colon + 1, ':', (size_t)(end - colon - 1)) : NULL;
	struct part path;

	if (!second)
		return false;
	path = (struct part){second + 1, (size_t)(end - second - 1)};
	strip_affixes(&path, "", " (deleted)");
	return read_cgroup_path(path, out);
}

bool container_of_cgroup(const char *text, size_t length, struct container *out)
{
	const char *end = text + length, *newline;

	for (; text < end && (newline = memchr(text, '\n', (size_t)(end - text))); text = newline + 1)
		if (read_cgroup_line((struct part){text, (size_t)(newline - text)}, out))
			return true;
	return false;
}

bool container_of_path(const char *path, struct container *out)
{
	return read_cgroup_path((struct part){path, strlen(path)}, out);
}

bool container_has_hex_id(const struct container *container)
{
	return strlen(container->id) == CONTAINER_ID_MAX && is_hex(container->id, CONTAINER_ID_MAX);
}

const char *container_name(const struct container *container, char *out)
{
	int shown = container_has_hex_id(container) ? CONTAINER_SHORT_ID : CONTAINER_ID_MAX;

	snprintf(out, CONTAINER_NAME_SIZE, "%s:%.*s", container->runtime, shown, container->id);
	return out;
}
