// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "policy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "grow.h"
#include "nearest.h"
#include "parse.h"

enum {
	IPV4_AT = 96,       /* where in an address the bits of an IPv4 one begin */
	SHOWN_OF_LONG = 40, /* bytes of what is too long */
};

struct entry {
	char process[COMM_LEN]; /* empty: any */
	struct address prefix;
	uint8_t prefix_bits; /* 0: any address */
	bool ipv6;           /* the prefix is IPv6's: it has no IPv4 address in it */
	uint16_t first, last;
	uint32_t protocols; /* a set */
};

struct policy {
	struct entry *entries;
	size_t count, room;
};

/* One entry as it is read: the text is cut up. */
struct reading {
	const struct filter_names *names;
	struct policy_error *error;
	bool in_file;                         /* an entry on each line, and not in a list with commas */
	char shown[4 * POLICY_ENTRY_MAX + 1]; /* the whole, for messages */
	char text[POLICY_ENTRY_MAX + 1];
	struct entry entry;
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

/* ---- reading an entry ---- */

/* Returns -EINVAL, for the caller to return. */
__attribute__((format(printf, 2, 3))) static int fail(const struct reading *reading, const char *format, ...)
{
	char *out = reading->error->message;
	va_list args;
	int used = snprintf(out, POLICY_MESSAGE_SIZE, "'%s': ", reading->shown);

	va_start(args, format);
	vsnprintf(out + used, (size_t)(POLICY_MESSAGE_SIZE - used), format, args);
	va_end(args);
	return -EINVAL;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **text, size_t *length)
{
	while (*length && is_space(**text)) {
		(*text)++;
		(*length)--;
	}
	while (*length && is_space((*text)[*length - 1]))
		(*length)--;
}

/* The word without spaces around it, cut where they begin. */
static char *trimmed(char *word)
{
	size_t length;

	while (is_space(*word))
		word++;
	length = strlen(word);
	while (length && is_space(word[length - 1]))
		length--;
	word[length] = '\0';
	return word;
}

static bool is_number(const char *word)
{
	return *word && word[strspn(word, "0123456789")] == '\0';
}

static int fail_several(const struct reading *reading)
{
	return fail(reading, reading->in_file ? "these are several entries: give each a line of its own"
					      : "these are several entries: separate them with commas");
}

static int refuse_controls(const struct reading *reading, const char *word)
{
	for (; *word; word++)
		if ((unsigned char)*word < ' ' || *word == 0x7f)
			return fail(reading, "a control character has no place in it");
	return 0;
}

/* "8000", "8000-8100", "8000 - 8100", "8000-" */
static bool looks_like_range(const char *word)
{
	const char *dash = strchr(word, '-');

	if (!dash)
		return is_number(word);
	return word[strspn(word, "0123456789- \t")] == '\0' && word[strcspn(word, "0123456789")];
}

/* "80", "8000-8100/tcp", "http", "*" */
static bool is_ports(const struct reading *reading, const char *word)
{
	char name[POLICY_ENTRY_MAX + 1];
	uint16_t port;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "/"), word);
	return !strcmp(name, "*") || looks_like_range(name) ||
	       reading->names->service(reading->names->context, name, &port) == 0;
}

/* A name with a port in it would expect nothing: no process is called so. */
static int refuse_ports(const struct reading *reading, const char *name)
{
	bool one = !strpbrk(name, " \t");
	char words[POLICY_ENTRY_MAX + 1], *rest = words;

	snprintf(words, sizeof(words), "%s", name);
	for (char *word = strsep(&rest, " \t"); word; word = strsep(&rest, " \t")) {
		const char *colon = strrchr(word, ':');

		if (colon && is_ports(reading, colon + 1))
			return one ? fail(reading, "there are two ports in it: give %s, or another one", TYPED(name))
				   : fail_several(reading);
		if (!one && is_ports(reading, word))
			return fail_several(reading);
	}
	return 0;
}

static int read_protocol(struct reading *reading, const char *word)
{
	static const char *const words[] = {"tcp", "udp"};
	const char *near;

	if (!strcasecmp(word, "tcp"))
		reading->entry.protocols = 1u << PROTOCOL_TCP;
	else if (!strcasecmp(word, "udp"))
		reading->entry.protocols = 1u << PROTOCOL_UDP;
	else if (strpbrk(word, " \t"))
		return fail_several(reading);
	else if ((near = nearest_word(word, words, 2)))
		return fail(reading, "'/%s' is no protocol; the nearest is /%s", TYPED(word), near);
	else
		return fail(reading, "'/%s' is no protocol: give /tcp, /udp, or neither for both", TYPED(word));
	return 0;
}

static int read_number(struct reading *reading, const char *word, uint16_t *out)
{
	uint32_t port;
	int err = parse_u32(word, 1, UINT16_MAX, &port);

	if (err == -ERANGE)
		return fail(reading, "port %s is out of range: give 1 to 65535", TYPED(word));
	if (err)
		return fail(reading, "'%s' is no port: give a number, a range as 8000-8100, a service, or *",
			    TYPED(word));
	*out = (uint16_t)port;
	return 0;
}

static int read_range(struct reading *reading, char *word)
{
	struct entry *entry = &reading->entry;
	char *dash = strchr(word, '-');
	int err;

	if (dash) {
		*dash = '\0';
		dash = trimmed(dash + 1);
	}
	word = trimmed(word);
	if (dash && !*word && is_number(dash))
		return fail(reading, "the range has no beginning: give 1-%s", dash);
	err = read_number(reading, word, &entry->first);
	entry->last = entry->first;
	if (!err && dash && !*dash)
		return fail(reading, "the range has no end: give %u-65535", entry->first);
	if (!err && dash)
		err = read_number(reading, dash, &entry->last);
	if (!err && entry->last < entry->first)
		err = fail(reading, "the range ends before it begins: give %u-%u", entry->last, entry->first);
	return err;
}

/* Who is not said yet where the word stands alone: then it may have been meant for that. */
static int read_service(struct reading *reading, const char *word, bool alone)
{
	struct entry *entry = &reading->entry;
	struct address address;

	if (reading->names->service(reading->names->context, word, &entry->first) == 0) {
		entry->last = entry->first;
		return 0;
	}
	if (strpbrk(word, " \t") && refuse_ports(reading, word))
		return -EINVAL;
	if (!alone)
		return fail(reading, "'%s' is no service: give the number of a port, a range, or *", TYPED(word));
	if (address_parse(word, &address) == 4)
		return fail(reading, "an address needs a port: give %s:80, or %s:* for all ports", word, word);
	return fail(reading,
		    "there is no such service; for a process of that name give %s:80, or %s:* for all its ports",
		    TYPED(word), TYPED(word));
}

static bool looks_like_ipv4(const char *word)
{
	return strchr(word, '.') && word[strspn(word, "0123456789./")] == '\0';
}

static int read_ports(struct reading *reading, char *word, bool alone)
{
	struct entry *entry = &reading->entry;
	char *slash = strchr(word, '/');
	int err = 0;

	if (slash)
		*slash++ = '\0';
	word = trimmed(word);
	if (slash) {
		if (alone && looks_like_ipv4(word))
			return fail(reading, "an address needs a port: give %s:80, or %s:* for all ports",
				    reading->shown, reading->shown);
		err = read_protocol(reading, trimmed(slash));
	}
	if (!err)
		err = refuse_controls(reading, word);
	if (err)
		return err;
	if (!*word)
		return fail(reading, "a port is missing: give a number, a range, a service, or *");
	if (!strcmp(word, "*")) {
		if (alone && !slash)
			return fail(reading, "this would expect everything: name a port, a process or an address");
		entry->first = 1;
		entry->last = UINT16_MAX;
		return 0;
	}
	if (looks_like_range(word))
		return read_range(reading, word);
	return read_service(reading, word, alone);
}

static int read_prefix(struct reading *reading, char *word, const char *bits_word, uint8_t family)
{
	struct entry *entry = &reading->entry;
	uint32_t most = family == 4 ? 32 : 128, bits = most;

	if (address_parse(word, &entry->prefix) != family)
		return fail(reading, "'%s' is no IPv%u address", TYPED(word), family);
	if (bits_word && parse_u32(bits_word, 0, most, &bits))
		return fail(reading, "'/%s' is no prefix length: give 0 to %u", TYPED(bits_word), most);
	entry->prefix_bits = (uint8_t)(family == 4 ? IPV4_AT + bits : bits);
	entry->ipv6 = family == 6;
	return 0;
}

/* "[::1]:631", "[fc00::]/7:80", "[fc00::/7]:80" */
static int read_bracketed(struct reading *reading)
{
	char *word = reading->text + 1, *end = strchr(word, ']'), *colon = end ? strchr(end, ':') : NULL, *slash, *rest;
	int err;

	if (!end)
		return fail(reading, "the bracket does not end: give [::1]:80");
	*end = '\0';
	rest = end + 1 + strspn(end + 1, " \t");
	if (*rest && *rest != ':' && *rest != '/')
		return fail(reading, "after the bracket comes a colon and the port: give [%s]:%s", TYPED(word),
			    is_number(rest) ? rest : "80");
	if (!colon)
		return fail(reading, "an address needs a port: give %s:80, or %s:* for all ports", reading->shown,
			    reading->shown);
	*colon = '\0';
	slash = *rest == '/' ? rest : strchr(word, '/');
	if (slash)
		*slash++ = '\0';
	err = read_prefix(reading, trimmed(word), slash ? trimmed(slash) : NULL, 6);
	return err ? err : read_ports(reading, colon + 1, false);
}

/* What stands before the last colon. */
static int read_who(struct reading *reading, char *word)
{
	struct address address;
	char *slash;
	int err;

	if (!*word)
		return fail(
			reading,
			"a process or an address is missing before the colon: for the port alone leave the colon out");
	if (!strcmp(word, "*"))
		return 0;
	if (looks_like_ipv4(word)) {
		slash = strchr(word, '/');
		if (slash)
			*slash++ = '\0';
		return read_prefix(reading, word, slash, 4);
	}
	if (address_parse(word, &address) == 6)
		return fail(reading, "an IPv6 address stands in brackets: give [%s]:80", word);
	err = refuse_controls(reading, word);
	if (!err)
		err = refuse_ports(reading, word);
	if (err)
		return err;
	unescape(reading->entry.process, sizeof(reading->entry.process), word);
	return 0;
}

/* "::1:631" may be meant for an address and a port, or for another address. */
static int fail_unbracketed(struct reading *reading, char *colon)
{
	struct address address;
	bool with_port;

	*colon = '\0';
	with_port = is_number(colon + 1) && address_parse(reading->text, &address) == 6;
	*colon = ':';
	if (with_port)
		return fail(reading,
			    "an IPv6 address stands in brackets: give [%.*s]:%s, or if the address is %s, [%s]:80",
			    (int)(colon - reading->text), reading->text, colon + 1, reading->text, reading->text);
	return fail(reading, "an IPv6 address stands in brackets, and needs a port: give [%s]:80, or [%s]:*",
		    reading->text, reading->text);
}

static int read_entry(struct reading *reading)
{
	struct address address;
	char *colon = strrchr(reading->text, ':');
	int err;

	if (*reading->text == '[')
		return read_bracketed(reading);
	if (!colon)
		return read_ports(reading, reading->text, true);
	if (address_parse(reading->text, &address) == 6)
		return fail_unbracketed(reading, colon);
	*colon = '\0';
	err = read_who(reading, trimmed(reading->text));
	return err ? err : read_ports(reading, colon + 1, false);
}

static int keep(struct policy *policy, const struct entry *entry)
{
	if (!GROW(policy->entries, policy->count, policy->room, 8))
		return -ENOMEM;
	policy->entries[policy->count++] = *entry;
	return 0;
}

/* What it is read by is in `reading`: names, error, in_file. */
static int add_entry(struct policy *policy, const char *text, size_t length, struct reading *reading)
{
	int err;

	if (length > POLICY_ENTRY_MAX) {
		escape_typed(reading->shown, sizeof(reading->shown), text, SHOWN_OF_LONG);
		snprintf(reading->error->message, sizeof(reading->error->message),
			 "'%s…': an entry has at most %d characters, and this has %zu", reading->shown,
			 POLICY_ENTRY_MAX, length);
		return -EINVAL;
	}
	reading->entry.protocols = 1u << PROTOCOL_TCP | 1u << PROTOCOL_UDP;
	memcpy(reading->text, text, length);
	reading->text[length] = '\0';
	escape_typed(reading->shown, sizeof(reading->shown), reading->text, length);
	err = read_entry(reading);
	return err ? err : keep(policy, &reading->entry);
}

static int fail_empty(const char *list, struct policy_error *error)
{
	snprintf(error->message, sizeof(error->message),
		 strchr(list, ',') ? "'%s': an entry of the list is empty: leave out the comma beside it"
				   : "'%s': there is no entry: give a port, or who may have which, as nginx:80",
		 TYPED(list));
	return -EINVAL;
}

int policy_add_list(struct policy *policy, const char *list, const struct filter_names *names,
		    struct policy_error *error)
{
	const char *rest = list;
	int err = 0;

	while (!err && rest) {
		size_t length = strcspn(rest, ",");
		const char *item = rest;

		rest = rest[length] ? rest + length + 1 : NULL;
		trim(&item, &length);
		if (length == 0)
			return fail_empty(list, error);
		err = add_entry(policy, item, length, &(struct reading){.names = names, .error = error});
	}
	return err;
}

/* ---- files ---- */

static size_t without_comment(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (line[i] == '#' && (i == 0 || is_space(line[i - 1])))
			return i;
	return length;
}

static int add_line(struct policy *policy, const char *line, size_t length, const struct filter_names *names,
		    struct policy_error *error)
{
	if (memchr(line, '\0', length)) {
		snprintf(error->message, sizeof(error->message), "it holds a NUL: this is no text");
		return -EINVAL;
	}
	length = without_comment(line, length);
	trim(&line, &length);
	if (length && memchr(line, ',', length)) {
		snprintf(error->message, sizeof(error->message),
			 "a comma has no place here: give each entry a line of its own");
		return -EINVAL;
	}
	if (!length)
		return 0;
	return add_entry(policy, line, length, &(struct reading){.names = names, .error = error, .in_file = true});
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
		err = add_line(policy, text, line, names, error);
		text += line + !!newline;
		length -= line + !!newline;
	}
	return err;
}

/* ---- asking ---- */

static enum tristate is_held_by(const struct socket *socket, const char *process, bool owners_whole)
{
	for (size_t i = 0; i < socket->owner_count; i++)
		if (strncmp(socket->owners[i].comm, process, COMM_LEN - 1) == 0)
			return TRISTATE_YES;
	return owners_whole ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

static enum tristate entry_expects(const struct entry *entry, const struct socket *socket, bool owners_whole)
{
	const struct tuple *tuple = &socket->tuple;

	if (!(entry->protocols & 1u << socket->protocol) || tuple->lport < entry->first || tuple->lport > entry->last)
		return TRISTATE_NO;
	if (entry->ipv6 && tuple->family != 6)
		return TRISTATE_NO;
	if (!address_in_prefix(&tuple->laddr, &entry->prefix, entry->prefix_bits))
		return TRISTATE_NO;
	return *entry->process ? is_held_by(socket, entry->process, owners_whole) : TRISTATE_YES;
}

enum tristate policy_expects(const struct policy *policy, const struct socket *socket, bool owners_whole)
{
	enum tristate answer = TRISTATE_NO;

	for (size_t i = 0; i < policy->count; i++) {
		enum tristate one = entry_expects(&policy->entries[i], socket, owners_whole);

		if (one == TRISTATE_YES)
			return one;
		if (one == TRISTATE_UNKNOWN)
			answer = one;
	}
	return answer;
}
