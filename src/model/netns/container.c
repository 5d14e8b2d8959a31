// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "container.h"

#include <stdio.h>
#include <string.h>

/* A piece of a path or of a name in it. */
struct part {
	const char *at;
	size_t length;
};

/* Where in a path a part stands. */
struct place {
	struct part above; /* the part before it; empty: it is the first */
	size_t depth;
	bool in_kubepods; /* below a group that kubelet keeps its pods in */
};

static bool is(struct part part, const char *word)
{
	return part.length == strlen(word) && memcmp(part.at, word, part.length) == 0;
}

static bool contains(struct part part, const char *word)
{
	return memmem(part.at, part.length, word, strlen(word)) != NULL;
}

/* Takes `prefix` and `suffix` off; false when it does not have both, or there is nothing between them. */
static bool strip(struct part *part, const char *prefix, const char *suffix)
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

static bool take(struct container *out, const char *runtime, struct part id)
{
	if (id.length == 0 || id.length > CONTAINER_ID_MAX || memchr(id.at, '\0', id.length))
		return false;
	out->runtime = runtime;
	memcpy(out->id, id.at, id.length);
	out->id[id.length] = '\0';
	return true;
}

/* "docker-ID.scope" (by systemd), "crio-ID" (without it), "kubepods-….slice:cri-containerd:ID" (containerd that was
 * told a systemd path, but not to use systemd). What watches over a container ("libpod-conmon-ID.scope") is not in it.
 */
static bool read_marked_id(struct part part, struct container *out)
{
	static const struct {
		const char *mark, *runtime;
	} marks[] = {{"docker", "docker"}, {"cri-containerd", "containerd"}, {"crio", "crio"},
		     {"libpod", "podman"}, {"nerdctl", "containerd"},        {"containerd", "containerd"}};
	struct part id = part, mark;

	strip(&id, "", ".scope");
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
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (is(mark, marks[i].mark))
			return take(out, marks[i].runtime, id);
	return false;
}

/* An id alone: what it is below says whose it is. */
static bool read_bare_id(struct part part, const struct place *place, struct container *out)
{
	if (!is_hex_id(part))
		return false;
	if (is(place->above, "docker"))
		return take(out, "docker", part);
	if (place->in_kubepods)
		return take(out, "kubepods", part);
	if (place->depth == 1 && (is(place->above, "default") || is(place->above, "k8s.io")))
		return take(out, "containerd", part);
	return take(out, "container", part);
}

/* "a\x2db" as systemd writes "a-b" in the name of a unit. */
static struct part unescape(struct part part, char out[CONTAINER_ID_MAX + 1])
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

/* As machinectl names it. A virtual machine is there too ("machine-qemu\x2d1\x2dNAME.scope"), and is no container. */
static bool read_machine(struct part part, struct container *out)
{
	char name[CONTAINER_ID_MAX + 1];

	if (!strip(&part, "machine-", ".scope") && !strip(&part, "systemd-nspawn@", ".service"))
		return false;
	part = unescape(part, name);
	if (part.length > 5 && memcmp(part.at, "qemu-", 5) == 0)
		return false;
	return take(out, "machine", part);
}

static bool read_lxc(struct part part, const struct place *place, struct container *out)
{
	bool below = place->depth == 1 && (is(place->above, "lxc") || is(place->above, "lxc.payload"));

	if (!strip(&part, "lxc.payload.", "") && !below)
		return false;
	return take(out, "lxc", part);
}

/* ctr run names the group after containerd's namespace and the name that it was given. Of these namespaces only those
 * are taken that every containerd has: any service may have a group /A/B. */
static bool read_containerd(struct part part, const struct place *place, struct container *out)
{
	if (place->depth != 1 || !(is(place->above, "default") || is(place->above, "k8s.io")))
		return false;
	return take(out, "containerd", part);
}

static bool read_part(struct part part, const struct place *place, struct container *out)
{
	return read_marked_id(part, out) || read_lxc(part, place, out) || read_bare_id(part, place, out) ||
	       read_machine(part, out) || read_containerd(part, place, out);
}

/* "/a/b/c": the last part that tells is the innermost container. */
static bool read_path(struct part path, struct container *out)
{
	const char *end = path.at + path.length;
	struct place place = {0};
	bool told = false;

	while (path.at < end) {
		const char *slash = memchr(path.at, '/', (size_t)(end - path.at));
		struct part part = {path.at, (size_t)((slash ? slash : end) - path.at)};

		path.at += part.length + 1;
		if (part.length == 0 || is(part, ".."))
			continue; /* seen from a cgroup namespace beside it */
		told |= read_part(part, &place, out);
		place.in_kubepods |= contains(part, "kubepods");
		place.above = part;
		place.depth++;
	}
	return told;
}

/* "4:memory:/a/b", "0::/a/b (deleted)" */
static bool read_line(struct part line, struct container *out)
{
	const char *end = line.at + line.length;
	const char *colon = memchr(line.at, ':', line.length);
	const char *second = colon ? memchr(colon + 1, ':', (size_t)(end - colon - 1)) : NULL;
	struct part path;

	if (!second)
		return false;
	path = (struct part){second + 1, (size_t)(end - second - 1)};
	strip(&path, "", " (deleted)");
	return read_path(path, out);
}

bool container_of_cgroup(const char *text, size_t length, struct container *out)
{
	const char *end = text + length, *newline;

	for (; text < end && (newline = memchr(text, '\n', (size_t)(end - text))); text = newline + 1)
		if (read_line((struct part){text, (size_t)(newline - text)}, out))
			return true;
	return false;
}

bool container_of_path(const char *path, struct container *out)
{
	return read_path((struct part){path, strlen(path)}, out);
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
