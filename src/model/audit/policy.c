// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "grow.h"
#include "policy_entry.h"

struct policy {
	struct policy_entry *entries;
	size_t count, room;
};

struct policy *policy_new(void)
{
	return calloc(1, sizeof(struct policy));
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	free(policy->entries);
	free(policy);
}

/* ---- lists ---- */

static int keep_policy_entry(struct policy *policy, const struct policy_entry *entry)
{
	if (!GROW(policy->entries, policy->count, policy->room, 8))
		return -ENOMEM;
	policy->entries[policy->count++] = *entry;
	return 0;
}

/* Adds the entry for each port of its service. A service with one port may be expected on it by either protocol, also
 * where it is known for the other one only; of several ports, each is that of its protocol, if there is one of that. */
static int keep_policy_entries(struct policy *policy, const struct policy_entry_parse *parse)
{
	const struct service_ports *ports = &parse->ports;
	struct policy_entry entry = parse->entry;
	uint32_t known = 0;
	int err = ports->count ? 0 : keep_policy_entry(policy, &entry);

	for (size_t i = 0; i < ports->count; i++)
		known |= ports->all[i].protocols & entry.protocols;
	for (size_t i = 0; i < ports->count && !err; i++) {
		entry.first = entry.last = ports->all[i].port;
		if (ports->count > 1 && known)
			entry.protocols = parse->entry.protocols & ports->all[i].protocols;
		err = keep_policy_entry(policy, &entry);
	}
	return err;
}

/* Adds one entry. The caller has filled in names, error and in_file of `parse`. */
static int add_policy_entry(struct policy *policy, const char *text, size_t length, struct policy_entry_parse *parse)
{
	int err = policy_entry_read(parse, text, length);

	return err ? err : keep_policy_entries(policy, parse);
}

static int fail_empty_entry(const char *list, struct policy_error *error)
{
	snprintf(error->message, sizeof(error->message),
		 strchr(list, ',') ? "'%s': an entry of the list is empty: leave out the comma beside it"
				   : "'%s': there is no entry: give a port, or who may have which, as nginx:80",
		 TYPED(list));
	return -EINVAL;
}

static void trim_span(const char **text, size_t *length)
{
	while (*length && policy_is_space(**text)) {
		(*text)++;
		(*length)--;
	}
	while (*length && policy_is_space((*text)[*length - 1]))
		(*length)--;
}

/* Returns the length up to the first `end` that is not in quotes, where the text begins with quotes. "#" is an end only
 * at the beginning and after a space. `length`: there is no end. */
static size_t measure_entry(const char *text, size_t length, char end)
{
	size_t at = 0;

	while (at < length && policy_is_space(text[at]))
		at++;
	if (at < length && text[at] == '"') {
		const char *quote = memchr(text + at + 1, '"', length - at - 1);

		at = quote ? (size_t)(quote - text) : length;
	}
	while (at < length && !(text[at] == end && (end != '#' || at == 0 || policy_is_space(text[at - 1]))))
		at++;
	return at;
}

int policy_add_list(struct policy *policy, const char *list, const struct filter_names *names,
		    struct policy_error *error)
{
	const char *rest = list;
	int err = 0;

	while (!err && rest) {
		size_t length = measure_entry(rest, strlen(rest), ',');
		const char *item = rest;

		rest = rest[length] ? rest + length + 1 : NULL;
		trim_span(&item, &length);
		if (length == 0)
			return fail_empty_entry(list, error);
		err = add_policy_entry(policy, item, length,
				       &(struct policy_entry_parse){.names = names, .error = error});
	}
	return err;
}

/* ---- files ---- */

static int add_policy_line(struct policy *policy, const char *line, size_t length, const struct filter_names *names,
			   struct policy_error *error)
{
	if (memchr(line, '\0', length)) {
		snprintf(error->message, sizeof(error->message), "it holds a NUL: this is no text");
		return -EINVAL;
	}
	length = measure_entry(line, length, '#');
	trim_span(&line, &length);
	if (measure_entry(line, length, ',') < length) {
		snprintf(error->message, sizeof(error->message),
			 "a comma has no place here: give each entry a line of its own");
		return -EINVAL;
	}
	if (!length)
		return 0;
	return add_policy_entry(policy, line, length,
				&(struct policy_entry_parse){.names = names, .error = error, .in_file = true});
}

int policy_add_text(struct policy *policy, const char *text, size_t length, const struct filter_names *names,
		    struct policy_error *error)
{
	int err = 0;

	error->line = 0;
	while (length && !err) {
		const char *newline = memchr(text, '\n', length);
		size_t line = newline ? (size_t)(newline - text) : length;

		error->line++;
		err = add_policy_line(policy, text, line, names, error);
		text += line + !!newline;
		length -= line + !!newline;
	}
	return err;
}

/* ---- matching a socket ---- */

static enum tristate check_holder_name(const struct socket *socket, const char *process, bool owners_whole)
{
	for (size_t i = 0; i < socket->owner_count; i++)
		if (strncmp(socket->owners[i].comm, process, COMM_LEN - 1) == 0)
			return TRISTATE_YES;
	return owners_whole ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

static enum tristate entry_expects_socket(const struct policy_entry *entry, const struct socket *socket,
					  bool owners_whole)
{
	const struct tuple *tuple = &socket->tuple;

	if (!(entry->protocols & 1u << socket->protocol) || tuple->lport < entry->first || tuple->lport > entry->last)
		return TRISTATE_NO;
	if (entry->ipv6 && tuple->family != 6)
		return TRISTATE_NO;
	if (!address_in_prefix(&tuple->laddr, &entry->prefix, entry->prefix_bits))
		return TRISTATE_NO;
	return entry->of_process ? check_holder_name(socket, entry->process, owners_whole) : TRISTATE_YES;
}

enum tristate policy_expects(const struct policy *policy, const struct socket *socket, bool owners_whole)
{
	enum tristate answer = TRISTATE_NO;

	for (size_t i = 0; i < policy->count; i++) {
		enum tristate one = entry_expects_socket(&policy->entries[i], socket, owners_whole);

		if (one == TRISTATE_YES)
			return one;
		if (one == TRISTATE_UNKNOWN)
			answer = one;
	}
	return answer;
}
