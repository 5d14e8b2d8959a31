// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "policy_entry.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "nearest.h"
#include "parse.h"

enum { SHOWN_OF_LONG = 40 }; /* bytes shown of an entry that is too long */

/* Writes the message. Returns -EINVAL, for the caller to return. */
__attribute__((format(printf, 2, 3))) static int fail_entry(const struct policy_entry_parse *parse, const char *format,
							    ...)
{
	char *out = parse->error->message;
	va_list args;
	int used = snprintf(out, POLICY_MESSAGE_SIZE, "'%s': ", parse->shown);

	va_start(args, format);
	vsnprintf(out + used, (size_t)(POLICY_MESSAGE_SIZE - used), format, args);
	va_end(args);
	return -EINVAL;
}

/* Returns the word without spaces around it. Cuts off those at its end in place. */
static char *trim_word(char *word)
{
	size_t length;

	while (policy_is_space(*word))
		word++;
	length = strlen(word);
	while (length && policy_is_space(word[length - 1]))
		length--;
	word[length] = '\0';
	return word;
}

static int fail_several_entries(const struct policy_entry_parse *parse)
{
	return fail_entry(parse, parse->in_file ? "these are several entries: give each a line of its own"
						: "these are several entries: separate them with commas");
}

static int refuse_controls(const struct policy_entry_parse *parse, const char *word)
{
	for (; *word; word++)
		if ((unsigned char)*word < ' ' || *word == 0x7f)
			return fail_entry(parse, "a control character has no place in it");
	return 0;
}

/* True for "8000", "8000-8100", "8000 - 8100", "8000-" */
static bool looks_like_range(const char *word)
{
	const char *dash = strchr(word, '-');

	if (!dash)
		return is_digits(word);
	return word[strspn(word, "0123456789- \t")] == '\0' && word[strcspn(word, "0123456789")];
}

static int look_up_ports(const struct policy_entry_parse *parse, const char *name, struct service_ports *ports)
{
	ports->count = 0;
	return parse->names->service(parse->names->context, name, ports);
}

/* Returns the slash before the protocol of a port; NULL: there is none. A service may have a slash in its name. */
static char *find_protocol_slash(const struct policy_entry_parse *parse, char *word)
{
	char *slash = strrchr(word, '/');
	struct service_ports ports;

	return slash && look_up_ports(parse, word, &ports) == 0 ? NULL : slash;
}

/* True for "80", "8000-8100/tcp", "http", "*" */
static bool is_port_word(const struct policy_entry_parse *parse, const char *word)
{
	char name[POLICY_ENTRY_MAX + 1], *slash;
	struct service_ports ports;

	snprintf(name, sizeof(name), "%s", word);
	slash = find_protocol_slash(parse, name);
	if (slash)
		*slash = '\0';
	return !strcmp(name, "*") || looks_like_range(name) || look_up_ports(parse, name, &ports) == 0;
}

/* Refuses a name with a port in it. No process is called so, and the entry would expect nothing. */
static int refuse_ports(const struct policy_entry_parse *parse, const char *name)
{
	bool one = !strpbrk(name, " \t");
	char words[POLICY_ENTRY_MAX + 1], *rest = words;

	snprintf(words, sizeof(words), "%s", name);
	for (char *word = strsep(&rest, " \t"); word; word = strsep(&rest, " \t")) {
		const char *colon = strrchr(word, ':');

		if (colon && is_port_word(parse, colon + 1))
			return one ? fail_entry(parse, "there are two ports in it: give %s, or another one",
						TYPED(name))
				   : fail_several_entries(parse);
		if (!one && is_port_word(parse, word))
			return fail_several_entries(parse);
	}
	return 0;
}

static int read_entry_protocol(struct policy_entry_parse *parse, const char *word)
{
	static const char *const words[] = {"tcp", "udp"};
	const char *near;

	if (!strcasecmp(word, "tcp"))
		parse->entry.protocols = 1u << PROTOCOL_TCP;
	else if (!strcasecmp(word, "udp"))
		parse->entry.protocols = 1u << PROTOCOL_UDP;
	else if (strpbrk(word, " \t"))
		return fail_several_entries(parse);
	else if ((near = nearest_word(word, words, 2)))
		return fail_entry(parse, "'/%s' is no protocol; the nearest is /%s", TYPED(word), near);
	else
		return fail_entry(parse, "'/%s' is no protocol: give /tcp, /udp, or neither for both", TYPED(word));
	return 0;
}

static int read_port_number(struct policy_entry_parse *parse, const char *word, uint16_t *out)
{
	uint32_t port;
	int err = parse_u32(word, 1, UINT16_MAX, &port);

	if (err == -ERANGE)
		return fail_entry(parse, "port %s is out of range: give 1 to 65535", TYPED(word));
	if (err)
		return fail_entry(parse, "'%s' is no port: give a number, a range as 8000-8100, a service, or *",
				  TYPED(word));
	*out = (uint16_t)port;
	return 0;
}

static int read_port_range(struct policy_entry_parse *parse, char *word)
{
	struct policy_entry *entry = &parse->entry;
	char *dash = strchr(word, '-');
	int err;

	if (dash) {
		*dash = '\0';
		dash = trim_word(dash + 1);
	}
	word = trim_word(word);
	if (dash && !*word && is_digits(dash))
		return fail_entry(parse, "the range has no beginning: give 1-%s", dash);
	err = read_port_number(parse, word, &entry->first);
	entry->last = entry->first;
	if (!err && dash && !*dash)
		return fail_entry(parse, "the range has no end: give %u-65535", entry->first);
	if (!err && dash)
		err = read_port_number(parse, dash, &entry->last);
	if (!err && entry->last < entry->first)
		err = fail_entry(parse, "the range ends before it begins: give %u-%u", entry->last, entry->first);
	return err;
}

/* Parses the name of a service. A word that stands `alone`, with no process or address before a colon, may have been
 * meant as one: the messages say so. */
static int read_service(struct policy_entry_parse *parse, const char *word, bool alone)
{
	struct address address;
	int err = look_up_ports(parse, word, &parse->ports);

	if (!err)
		return 0;
	if (err == -E2BIG)
		return fail_entry(parse, "'%s' is a service with more than %d ports: give their numbers", TYPED(word),
				  SERVICE_PORTS_MAX);
	if (strpbrk(word, " \t") && refuse_ports(parse, word))
		return -EINVAL;
	if (!alone)
		return fail_entry(parse, "'%s' is no service: give the number of a port, a range, or *", TYPED(word));
	if (address_parse(word, &address) == 4)
		return fail_entry(parse, "an address needs a port: give %s:80, or %s:* for all ports", word, word);
	return fail_entry(parse,
			  "there is no such service; for a process of that name give %s:80, or %s:* for all its ports",
			  TYPED(word), TYPED(word));
}

static bool looks_like_ipv4(const char *word)
{
	return strchr(word, '.') && word[strspn(word, "0123456789./")] == '\0';
}

static int read_ports(struct policy_entry_parse *parse, char *word, bool alone)
{
	struct policy_entry *entry = &parse->entry;
	char *slash;
	int err = 0;

	word = trim_word(word);
	slash = find_protocol_slash(parse, word);
	if (slash) {
		*slash++ = '\0';
		word = trim_word(word);
		if (alone && looks_like_ipv4(word))
			return fail_entry(parse, "an address needs a port: give %s:80, or %s:* for all ports",
					  parse->shown, parse->shown);
		err = read_entry_protocol(parse, trim_word(slash));
	}
	if (!err)
		err = refuse_controls(parse, word);
	if (err)
		return err;
	if (!*word)
		return fail_entry(parse, "a port is missing: give a number, a range, a service, or *");
	if (!strcmp(word, "*")) {
		if (alone && !slash)
			return fail_entry(parse, "this would expect everything: name a port, a process or an address");
		entry->first = 1;
		entry->last = UINT16_MAX;
		return 0;
	}
	if (looks_like_range(word))
		return read_port_range(parse, word);
	return read_service(parse, word, alone);
}

static int read_prefix(struct policy_entry_parse *parse, char *word, const char *bits_word, uint8_t family)
{
	struct policy_entry *entry = &parse->entry;
	uint32_t most = family == 4 ? 32 : 128, bits = most;

	if (address_parse(word, &entry->prefix) != family)
		return fail_entry(parse, "'%s' is no IPv%u address", TYPED(word), family);
	if (bits_word && parse_u32(bits_word, 0, most, &bits))
		return fail_entry(parse, "'/%s' is no prefix length: give 0 to %u", TYPED(bits_word), most);
	entry->prefix_bits = (uint8_t)(family == 4 ? ADDRESS_IPV4_AT + bits : bits);
	entry->ipv6 = family == 6;
	return 0;
}

static int fail_interface(const struct policy_entry_parse *parse)
{
	return fail_entry(
		parse,
		"an entry is for all interfaces: leave out what stands from the %% to the colon. (A process of that name is given in double quotes)");
}

/* True for what is printed of a socket that is bound to an interface: "10.0.0.1%eth0", "*%eth0" */
static bool looks_like_bound_address(const char *word)
{
	size_t length = *word == '*' ? 1 : strspn(word, "0123456789.");

	return word[length] == '%' && (*word == '*' || memchr(word, '.', length));
}

/* Parses "[::1]:631", "[fc00::]/7:80", "[fc00::/7]:80" */
static int read_bracketed_address(struct policy_entry_parse *parse)
{
	char *word = parse->text + 1, *end = strchr(word, ']'), *colon = end ? strchr(end, ':') : NULL, *slash, *rest;
	int err;

	if (!end)
		return fail_entry(parse, "the bracket does not end: give [::1]:80");
	*end = '\0';
	rest = end + 1 + strspn(end + 1, " \t");
	if (*rest == '%' || strchr(word, '%'))
		return fail_interface(parse);
	if (*rest && *rest != ':' && *rest != '/')
		return fail_entry(parse, "after the bracket comes a colon and the port: give [%s]:%s", TYPED(word),
				  is_digits(rest) ? rest : "80");
	if (!colon)
		return fail_entry(parse, "an address needs a port: give %s:80, or %s:* for all ports", parse->shown,
				  parse->shown);
	*colon = '\0';
	slash = *rest == '/' ? rest : strchr(word, '/');
	if (slash)
		*slash++ = '\0';
	err = read_prefix(parse, trim_word(word), slash ? trim_word(slash) : NULL, 6);
	return err ? err : read_ports(parse, colon + 1, false);
}

/* Parses what stands before the last colon: a process, an IPv4 address or prefix, or *. */
static int read_process_or_address(struct policy_entry_parse *parse, char *word)
{
	struct address address;
	char *slash;
	int err;

	if (!*word)
		return fail_entry(
			parse,
			"a process or an address is missing before the colon: for the port alone leave the colon out");
	if (!strcmp(word, "*"))
		return 0;
	if (looks_like_bound_address(word))
		return fail_interface(parse);
	if (looks_like_ipv4(word)) {
		slash = strchr(word, '/');
		if (slash)
			*slash++ = '\0';
		return read_prefix(parse, word, slash, 4);
	}
	if (address_parse(word, &address) == 6)
		return fail_entry(parse, "an IPv6 address stands in brackets: give [%s]:80", word);
	err = refuse_controls(parse, word);
	if (!err)
		err = refuse_ports(parse, word);
	if (err)
		return err;
	unescape(parse->entry.process, sizeof(parse->entry.process), word);
	parse->entry.of_process = true;
	return 0;
}

/* Parses "NAME":80. In quotes nothing but a quote has a meaning. */
static int read_quoted_process(struct policy_entry_parse *parse)
{
	char *name = parse->text + 1, *end = strchr(name, '"'), *rest;
	int err;

	if (!end)
		return fail_entry(parse, "the quote does not end: give \"NAME\":80");
	*end = '\0';
	rest = trim_word(end + 1);
	if (*rest != ':')
		return fail_entry(parse, "after the name come a colon and the port: give \"%s\":80", TYPED(name));
	err = refuse_controls(parse, name);
	if (err)
		return err;
	unescape(parse->entry.process, sizeof(parse->entry.process), name);
	parse->entry.of_process = true;
	return read_ports(parse, rest + 1, false);
}

/* Refuses an IPv6 address without brackets. "::1:631" may mean an address and a port, or another address. */
static int fail_unbracketed_ipv6(struct policy_entry_parse *parse, char *colon)
{
	struct address address;
	bool with_port;

	*colon = '\0';
	with_port = is_digits(colon + 1) && address_parse(parse->text, &address) == 6;
	*colon = ':';
	if (with_port)
		return fail_entry(
			parse, "an IPv6 address stands in brackets: give [%.*s]:%s, or if the address is %s, [%s]:80",
			(int)(colon - parse->text), parse->text, colon + 1, parse->text, parse->text);
	return fail_entry(parse, "an IPv6 address stands in brackets, and needs a port: give [%s]:80, or [%s]:*",
			  parse->text, parse->text);
}

static int read_policy_entry(struct policy_entry_parse *parse)
{
	struct address address;
	char *colon = strrchr(parse->text, ':');
	int err;

	if (*parse->text == '[')
		return read_bracketed_address(parse);
	if (*parse->text == '"')
		return read_quoted_process(parse);
	if (!colon)
		return read_ports(parse, parse->text, true);
	if (address_parse(parse->text, &address) == 6)
		return fail_unbracketed_ipv6(parse, colon);
	*colon = '\0';
	err = read_process_or_address(parse, trim_word(parse->text));
	return err ? err : read_ports(parse, colon + 1, false);
}

int policy_entry_read(struct policy_entry_parse *parse, const char *text, size_t length)
{
	if (length > POLICY_ENTRY_MAX) {
		escape_typed(parse->shown, sizeof(parse->shown), text, SHOWN_OF_LONG);
		snprintf(parse->error->message, sizeof(parse->error->message),
			 "'%s…': an entry has at most %d characters, and this has %zu", parse->shown, POLICY_ENTRY_MAX,
			 length);
		return -EINVAL;
	}
	parse->entry.protocols = 1u << PROTOCOL_TCP | 1u << PROTOCOL_UDP;
	memcpy(parse->text, text, length);
	parse->text[length] = '\0';
	escape_typed(parse->shown, sizeof(parse->shown), parse->text, length);
	return read_policy_entry(parse);
}

bool policy_name_needs_quotes(const char *name)
{
	return !*name || is_digits(name) || !strcmp(name, "*") || looks_like_ipv4(name) ||
	       looks_like_bound_address(name) || *name == '[' || *name == '#' || strpbrk(name, " ,:");
}
