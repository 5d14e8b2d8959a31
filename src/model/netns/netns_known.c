// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns_known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count_of.h"
#include "escape.h"
#include "parse.h"

enum {
	PREFIX_MIN = 4,
	SHOWN_SIZE = 4 * NETNS_NAME_MAX + 32,
	LIST_ROOM = 32, /* left free in a list: for ", and 12345 more" */
};

/* ---- names ---- */

/* True for 8-4-4-4-12 hex digits. */
static bool is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == 'x' ? !strchr("0123456789abcdef", text[i]) : text[i] != '-')
			return false;
	return true;
}

/* Recognises the names that container managers make up for their namespaces under /run/netns, which people do not know:
 * containerd "cni-" and a UUID, podman "netns-" and a UUID, cri-o a UUID. */
enum netns_rank netns_rank_of(const char *name)
{
	static const char *const prefixes[] = {"cni-", "netns-", ""};

	for (size_t i = 0; i < COUNT_OF(prefixes); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return is_uuid(name + strlen(prefixes[i])) ? NETNS_BY_MACHINE : NETNS_BY_NAME;
	return NETNS_BY_NAME;
}

/* True for a word that means another namespace than that of the file of this name. */
static bool is_reserved_name(const char *name)
{
	uint32_t inode;

	return !strcmp(name, NETNS_HOST_NAME) || !parse_u32(name, NETNS_SMALLEST_INODE, UINT32_MAX, &inode);
}

const char *netns_name_of_file(const char *file, char path[NETNS_NAME_MAX + 1])
{
	if (!is_reserved_name(file))
		return file;
	snprintf(path, NETNS_NAME_MAX + 1, NETNS_FOLDER "%s", file);
	return path;
}

const char *netns_file_of_name(const char *name)
{
	size_t length = strlen(NETNS_FOLDER);

	if (!strncmp(name, NETNS_FOLDER, length))
		return name + length;
	return is_reserved_name(name) ? NULL : name;
}

/* Sorts the host first, then names, then containers; of one namespace its best name first. */
static int compare_netns_known(const void *a, const void *b)
{
	const struct netns_known *x = a, *y = b;
	int difference = (int)y->rank - (int)x->rank;

	if (!difference)
		difference = strcmp(x->name, y->name);
	return difference ? difference : (x->inode > y->inode) - (x->inode < y->inode);
}

/* Writes a namespace as it is shown: "blue", "docker:0123456789ab (4026532345)", "4026532999". */
static void write_shown_name(const struct netns_known *known, bool with_inode, char out[SHOWN_SIZE])
{
	size_t used = escape_name_word(out, SHOWN_SIZE, known->name, sizeof(known->name));

	if (!used)
		snprintf(out, SHOWN_SIZE, "%u", known->inode);
	else if (with_inode || known->rank == NETNS_BY_CONTAINER)
		snprintf(out + used, SHOWN_SIZE - used, " (%u)", known->inode);
}

/* ---- the meaning of a word ---- */

static bool is_named(const struct netns_known *known, const char *name)
{
	return known->name[0] && !strcmp(known->name, name);
}

/* True when the word means the container: "docker:0123", "0123", or the container's name alone. */
static bool is_of_container(const struct netns_known *known, const char *word)
{
	const struct container *container = &known->container;
	size_t length;

	if (known->rank != NETNS_BY_CONTAINER)
		return false;
	length = strlen(container->runtime);
	if (!strncmp(word, container->runtime, length) && word[length] == ':')
		word += length + 1;
	if (!container_has_hex_id(container))
		return !strcmp(container->id, word);
	return strlen(word) >= PREFIX_MIN && !strncmp(container->id, word, strlen(word));
}

/* Moves the entries that fit to the front; returns how many. */
static size_t move_fitting_first(struct netns_known *all, size_t count, const char *word,
				 bool (*fits)(const struct netns_known *known, const char *word))
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct netns_known known = all[i];

		if (!fits(&known, word))
			continue;
		all[i] = all[kept];
		all[kept++] = known;
	}
	return kept;
}

static bool is_same_netns(const struct netns_known *a, const struct netns_known *b)
{
	if (a->rank != NETNS_BY_CONTAINER || b->rank != NETNS_BY_CONTAINER)
		return a->inode == b->inode;
	return a->container.runtime == b->container.runtime && !strcmp(a->container.id, b->container.id);
}

static bool is_inode_listed_before(const struct netns_known *all, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (all[i].inode == all[at].inode)
			return true;
	return false;
}

/* Chooses the inodes, but leaves the host's namespace out when there is another. A container's process that looks at
 * the host's network (or was started with it) does not count if the container has a network of its own. */
static void choose_inodes(const struct netns_known *all, size_t count, uint32_t host, struct netns_choice *choice)
{
	for (size_t i = 0; i < count && choice->count < NETNS_CHOICE_MAX; i++)
		if (!is_inode_listed_before(all, i) && all[i].inode != host)
			choice->inodes[choice->count++] = all[i].inode;
	if (!choice->count)
		choice->inodes[choice->count++] = all[0].inode;
}

/* ---- lists of names, and the choice ---- */

/* Writes "a, b, c, and 12 more": each namespace once, or with `every` under each of its names. */
static void list_netns_names(const struct netns_known *all, size_t count, bool every, char *out, size_t size)
{
	size_t used = 0, left_out = 0;

	*out = '\0';
	for (size_t i = 0; i < count; i++) {
		char shown[SHOWN_SIZE];

		if (!every && is_inode_listed_before(all, i))
			continue;
		write_shown_name(&all[i], every, shown);
		if (left_out || used + strlen(shown) + LIST_ROOM >= size)
			left_out++;
		else
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", shown);
	}
	if (left_out)
		snprintf(out + used, size - used, "%s%zu more", used ? ", and " : "", left_out);
}

static void explain_with_list(const char *what, const struct netns_known *all, size_t count, bool every, char *why)
{
	int used = snprintf(why, NETNS_LIST_SIZE, "%s", what);

	list_netns_names(all, count, every, why + used, NETNS_LIST_SIZE - (size_t)used);
}

static void explain_none(const struct netns_known *all, size_t count, char *why)
{
	bool one = true;

	for (size_t i = 1; i < count; i++)
		one = one && all[i].inode == all[0].inode;
	if (!count)
		explain_with_list("no such network namespace", all, count, false, why);
	else if (one)
		explain_with_list("no such network namespace: there is only ", all, count, false, why);
	else
		explain_with_list("no such network namespace: there are ", all, count, false, why);
}

int netns_choose(struct netns_known *all, size_t count, const char *word, struct netns_choice *choice)
{
	char name[NETNS_NAME_MAX + 2]; /* a word longer than any name is cut, and still longer */
	uint32_t host = 0;
	size_t kept;

	unescape(name, sizeof(name), word);
	choice->count = 0;
	if (count)
		qsort(all, count, sizeof(*all), compare_netns_known);
	if (count && all[0].rank == NETNS_HOST)
		host = all[0].inode;
	kept = move_fitting_first(all, count, name, is_named);
	if (!kept)
		kept = move_fitting_first(all, count, name, is_of_container);
	if (!kept) {
		explain_none(all, count, choice->why);
		return -ENOENT;
	}
	for (size_t i = 1; i < kept; i++) {
		if (is_same_netns(&all[0], &all[i]))
			continue;
		explain_with_list("it may mean any of ", all, kept, true, choice->why);
		return -ENOTUNIQ;
	}
	choose_inodes(all, kept, host, choice);
	return 0;
}
