// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "baseline.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "grow.h"
#include "index.h"
#include "parse.h"

enum { WORDS = 9 };

struct remembered {
	struct link by_port;
	struct listener listener;
	bool found;
};

struct baseline {
	struct remembered **all;
	size_t count, room;
	struct index by_port;
};

static uint64_t make_port_key(const struct listener *listener)
{
	return (uint64_t)listener->protocol << 16 | listener->port;
}

/* ---- writing ---- */

static char *append_name_word(char *at, const char *name)
{
	static const char hex[] = "0123456789abcdef";

	if (!*name || !strcmp(name, "-"))
		return stpcpy(at, *name ? " %2d" : " -");
	*at++ = ' ';
	for (; *name; name++) {
		unsigned char byte = (unsigned char)*name;

		if (byte < 0x80 && (isalnum(byte) || strchr("._:@+-", byte))) {
			*at++ = (char)byte;
			continue;
		}
		*at++ = '%';
		*at++ = hex[byte >> 4];
		*at++ = hex[byte & 15];
	}
	return at;
}

size_t baseline_line(const struct listener *listener, char *out)
{
	char *at = out, address[ADDRESS_TEXT_MAX];

	address_text(&listener->address, listener->family, address);
	at += sprintf(at, "%s %s %u %s", protocol_name(listener->protocol), address, listener->port,
		      reach_word(listener->reach));
	at = listener->interface_unknown ? stpcpy(at, " ?") : append_name_word(at, listener->interface);
	at = append_name_word(at, listener->process);
	at = append_name_word(at, listener->user);
	at = append_name_word(at, listener->container);
	at = append_name_word(at, listener->netns);
	*at++ = '\n';
	return (size_t)(at - out);
}

/* ---- reading ---- */

__attribute__((format(printf, 2, 3))) static int fail_baseline(struct baseline_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return -EINVAL;
}

static int parse_name_word(const char *word, const char *what, char *out, size_t size, struct baseline_error *error)
{
	size_t used = 0;

	for (const char *at = strcmp(word, "-") ? word : ""; *at; at++) {
		int byte;

		if (used + 1 >= size)
			return fail_baseline(error, "the %s is too long: at most %zu bytes", what, size - 1);
		if (*at != '%') {
			out[used++] = *at;
			continue;
		}
		byte = parse_hex_byte(at + 1);
		if (byte <= 0)
			return fail_baseline(
				error, "the %s '%s' is not spelled right: after %% come two of 0-9 and a-f, and not 00",
				what, ESCAPED(word));
		out[used++] = (char)byte;
		at += 2;
	}
	out[used] = '\0';
	return 0;
}

static int parse_name_words(char *const words[WORDS], struct listener *listener, struct baseline_error *error)
{
	int err = 0;

	listener->interface_unknown = strcmp(words[4], "?") == 0;
	if (!listener->interface_unknown)
		err = parse_name_word(words[4], "interface", listener->interface, sizeof(listener->interface), error);
	if (!err)
		err = parse_name_word(words[5], "process", listener->process, sizeof(listener->process), error);
	if (!err)
		err = parse_name_word(words[6], "user", listener->user, sizeof(listener->user), error);
	if (!err)
		err = parse_name_word(words[7], "container", listener->container, sizeof(listener->container), error);
	if (!err)
		err = parse_name_word(words[8], "network namespace", listener->netns, sizeof(listener->netns), error);
	return err;
}

static int parse_listener_words(char *const words[WORDS], struct listener *listener, struct baseline_error *error)
{
	uint32_t port;

	if (!strcmp(words[0], "tcp"))
		listener->protocol = PROTOCOL_TCP;
	else if (!strcmp(words[0], "udp"))
		listener->protocol = PROTOCOL_UDP;
	else
		return fail_baseline(error, "'%s' is no protocol: tcp or udp is right", ESCAPED(words[0]));
	listener->family = address_parse(words[1], &listener->address);
	if (!listener->family)
		return fail_baseline(error, "'%s' is no address", ESCAPED(words[1]));
	if (parse_u32(words[2], 1, UINT16_MAX, &port))
		return fail_baseline(error, "'%s' is no port: 1 to 65535 is right", ESCAPED(words[2]));
	listener->port = (uint16_t)port;
	listener->reach = reach_of_word(words[3]);
	if (listener->reach == REACH_COUNT)
		return fail_baseline(error, "'%s' is no reach: host, private, address, ipv4, ipv6, %s or all is right",
				     ESCAPED(words[3]), reach_word(REACH_IPV6_OR_ALL));
	return parse_name_words(words, listener, error);
}

/* Parses a line, and cuts it up in place. */
static int parse_listener_line(char *line, struct listener *listener, struct baseline_error *error)
{
	char *words[WORDS], *rest = line;
	size_t count = 0;

	for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " ")) {
		if (count == WORDS || !*word)
			return fail_baseline(error, "there must be %d words with one space between them", WORDS);
		words[count++] = word;
	}
	if (count < WORDS)
		return fail_baseline(error, "there are %zu words, and must be %d", count, WORDS);
	return parse_listener_words(words, listener, error);
}

static int remember_listener(struct baseline *baseline, const struct listener *listener)
{
	struct remembered *one;

	if (!GROW(baseline->all, baseline->count, baseline->room, 64))
		return -ENOMEM;
	one = calloc(1, sizeof(*one));
	if (!one)
		return -ENOMEM;
	one->listener = *listener;
	baseline->all[baseline->count++] = one;
	index_insert(&baseline->by_port, &one->by_port, make_port_key(listener));
	return 0;
}

static int take_baseline_line(struct baseline *baseline, const char *text, size_t length, struct baseline_error *error)
{
	struct listener listener = {0};
	char line[BASELINE_LINE_SIZE];
	int err;

	if (length >= sizeof(line))
		return fail_baseline(error, "the line is too long: at most %zu bytes", sizeof(line) - 1);
	if (memchr(text, '\0', length))
		return fail_baseline(error, "it holds a NUL: this is no text");
	length -= length && text[length - 1] == '\r';
	if (length == 0 || *text == '#')
		return 0;
	memcpy(line, text, length);
	line[length] = '\0';
	err = parse_listener_line(line, &listener, error);
	return err ? err : remember_listener(baseline, &listener);
}

/* Returns the length of the first line, with its end; 0: it is not the first line of a baseline. */
static size_t measure_header(const char *text, size_t length)
{
	size_t words = strlen(BASELINE_HEADER) - 1, end = words;

	if (length <= words || memcmp(text, BASELINE_HEADER, words) != 0)
		return 0;
	end += text[end] == '\r';
	return end < length && text[end] == '\n' ? end + 1 : 0;
}

static int take_baseline_text(struct baseline *baseline, const char *text, size_t length, struct baseline_error *error)
{
	size_t header = measure_header(text, length);
	int err = 0;

	error->line = 1;
	if (!header)
		return fail_baseline(error, "this is no baseline: the first line of one is \"%.*s\"",
				     (int)strlen(BASELINE_HEADER) - 1, BASELINE_HEADER);
	text += header;
	length -= header;
	while (length && !err) {
		const char *newline = memchr(text, '\n', length);

		error->line++;
		if (!newline)
			return fail_baseline(error, "the line has no end: the file was cut");
		err = take_baseline_line(baseline, text, (size_t)(newline - text), error);
		length -= (size_t)(newline + 1 - text);
		text = newline + 1;
	}
	return err;
}

int baseline_read(const char *text, size_t length, struct baseline **out, struct baseline_error *error)
{
	struct baseline *baseline = calloc(1, sizeof(*baseline));
	int err = baseline ? index_init(&baseline->by_port) : -ENOMEM;

	if (!err)
		err = take_baseline_text(baseline, text, length, error);
	if (err) {
		baseline_free(baseline);
		return err;
	}
	*out = baseline;
	return 0;
}

void baseline_free(struct baseline *baseline)
{
	if (!baseline)
		return;
	for (size_t i = 0; i < baseline->count; i++)
		free(baseline->all[i]);
	free(baseline->all);
	index_free(&baseline->by_port);
	free(baseline);
}

/* ---- comparing ---- */

/* True if both names may be the same. An empty name is unknown, and fits any. */
static bool names_may_equal(const char *a, const char *b)
{
	return !*a || !*b || strcmp(a, b) == 0;
}

static bool is_same_place(const struct listener *a, const struct listener *b)
{
	return address_equal(&a->address, &b->address) && a->family == b->family && listener_interfaces_may_equal(a, b);
}

static bool is_same_listener(const struct listener *before, const struct listener *now)
{
	return is_same_place(before, now) && listener_reaches_may_equal(before, now) &&
	       names_may_equal(before->process, now->process) && names_may_equal(before->user, now->user) &&
	       !listener_containers_differ(before, now);
}

static bool is_same_process(const struct listener *before, const struct listener *now)
{
	return names_may_equal(before->process, now->process);
}

static bool is_same_client(const struct listener *before, const struct listener *now)
{
	return is_same_place(before, now) && *before->process && strcmp(before->process, now->process) == 0;
}

static bool is_ephemeral_udp(const struct listener *listener, const struct port_range *range)
{
	return listener->protocol == PROTOCOL_UDP && listener->port >= range->first && listener->port <= range->last;
}

static bool can_match_listener(const struct remembered *one, const struct listener *now,
			       bool (*fits)(const struct listener *before, const struct listener *now))
{
	return names_may_equal(one->listener.netns, now->netns) && fits(&one->listener, now);
}

static void settle_row(struct audit_row *row, struct remembered *one, enum audit_since since)
{
	one->found = true;
	row->before = one->listener;
	row->since = since;
}

static void match_unchanged_row(const struct baseline *baseline, struct audit_row *row)
{
	struct link *link = index_find(&baseline->by_port, make_port_key(&row->listener));

	for (; link; link = index_find_next(link)) {
		struct remembered *one = LINK_OWNER(link, struct remembered, by_port);

		if (can_match_listener(one, &row->listener, is_same_listener))
			settle_row(row, one, SINCE_SAME);
	}
}

/* Matches a row that has changed with a listener of the baseline that no other row is matched with. */
static void match_changed_row(const struct baseline *baseline, struct audit_row *row,
			      bool (*fits)(const struct listener *before, const struct listener *now))
{
	struct link *link = index_find(&baseline->by_port, make_port_key(&row->listener));

	for (; link && row->since == SINCE_NEW; link = index_find_next(link)) {
		struct remembered *one = LINK_OWNER(link, struct remembered, by_port);

		if (!one->found && can_match_listener(one, &row->listener, fits))
			settle_row(row, one, SINCE_CHANGED);
	}
}

static void match_client_row(const struct baseline *baseline, const struct port_range *ephemeral, struct audit_row *row)
{
	if (!is_ephemeral_udp(&row->listener, ephemeral))
		return;
	for (size_t i = 0; i < baseline->count; i++) {
		struct remembered *one = baseline->all[i];

		if (is_ephemeral_udp(&one->listener, ephemeral) &&
		    can_match_listener(one, &row->listener, is_same_client))
			settle_row(row, one, SINCE_SAME);
	}
}

void baseline_compare(struct baseline *baseline, const struct port_range *ephemeral, struct audit_row *rows,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		rows[i].since = SINCE_NEW;
		match_unchanged_row(baseline, &rows[i]);
	}
	for (size_t i = 0; i < count; i++)
		if (rows[i].since == SINCE_NEW)
			match_changed_row(baseline, &rows[i], is_same_place);
	for (size_t i = 0; i < count; i++)
		if (rows[i].since == SINCE_NEW)
			match_changed_row(baseline, &rows[i], is_same_process);
	for (size_t i = 0; i < count; i++)
		if (rows[i].since == SINCE_NEW)
			match_client_row(baseline, ephemeral, &rows[i]);
}

/* ---- saving again ---- */

static struct listener merge_listeners(const struct listener *now, const struct listener *before)
{
	struct listener merged = *now;

	if (!*now->process) {
		memcpy(merged.process, before->process, sizeof(merged.process));
		memcpy(merged.container, before->container, sizeof(merged.container));
	}
	if (!*now->user)
		memcpy(merged.user, before->user, sizeof(merged.user));
	if (!*now->netns)
		memcpy(merged.netns, before->netns, sizeof(merged.netns));
	if (!is_same_place(before, now))
		return merged;
	if ((now->reach == REACH_IPV6_OR_ALL || now->interface_unknown) && listener_reaches_may_equal(before, now))
		merged.reach = before->reach;
	if (now->interface_unknown) {
		memcpy(merged.interface, before->interface, sizeof(merged.interface));
		merged.interface_unknown = before->interface_unknown;
	}
	return merged;
}

int baseline_renew(const struct baseline *baseline, const struct audit_row *row, listener_handler *handler,
		   void *context)
{
	const struct listener *now = &row->listener;
	struct link *link = row->since == SINCE_SAME ? index_find(&baseline->by_port, make_port_key(now)) : NULL;
	struct listener merged = *now;
	size_t given = 0;
	int err = 0;

	for (; link && !err; link = index_find_next(link)) {
		const struct remembered *one = LINK_OWNER(link, struct remembered, by_port);

		if (!can_match_listener(one, now, is_same_listener))
			continue;
		merged = merge_listeners(now, &one->listener);
		err = handler(context, &merged);
		given++;
	}
	if (given)
		return err;
	if (row->since == SINCE_SAME || row->since == SINCE_CHANGED)
		merged = merge_listeners(now, &row->before);
	return handler(context, &merged);
}

const struct listener *baseline_next_gone(const struct baseline *baseline, size_t *at)
{
	while (*at < baseline->count) {
		const struct remembered *one = baseline->all[(*at)++];

		if (!one->found)
			return &one->listener;
	}
	return NULL;
}
