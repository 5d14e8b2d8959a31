// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names of ports: whatever a source of names lists, what is shown of a port is understood where a port is typed, and
 * means that port. Input: lines "NAME PORT PROTOCOL", which the functions below hand out in place of the C library's
 * entries of /etc/services.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>

#include "filter.h"
#include "filter_socket.h"
#include "fuzz.h"
#include "services.h"

enum { ENTRIES_MAX = 64 };

/* ---- the source of names ---- */

static struct servent entries[ENTRIES_MAX];
static char *no_aliases[] = {NULL};
static size_t entry_count, next_entry;

void setservent(int stay_open)
{
	(void)stay_open;
	next_entry = 0;
}

void endservent(void)
{
}

struct servent *getservent(void)
{
	return next_entry < entry_count ? &entries[next_entry++] : NULL;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
	for (size_t i = 0; i < entry_count; i++)
		if (!strcmp(entries[i].s_name, name) && (!protocol || !strcmp(entries[i].s_proto, protocol)))
			return &entries[i];
	return NULL;
}

/* Cuts the text into entries. A name may hold anything but blanks and newlines, as in /etc/services. */
static void read_entries(char *text)
{
	char *rest = text;

	entry_count = 0;
	for (char *line = strsep(&rest, "\n"); line && entry_count < ENTRIES_MAX; line = strsep(&rest, "\n")) {
		char *name = strsep(&line, " \t"), *port = strsep(&line, " \t"), *protocol = strsep(&line, " \t");

		if (!protocol || !*name)
			continue;
		entries[entry_count++] = (struct servent){
			.s_name = name,
			.s_aliases = no_aliases,
			.s_port = htons((uint16_t)strtoul(port, NULL, 10)),
			.s_proto = protocol,
		};
	}
}

/* ---- what must hold ---- */

static bool is_entry(const char *name, enum protocol protocol, uint16_t port)
{
	for (size_t i = 0; i < entry_count; i++)
		if (ntohs((uint16_t)entries[i].s_port) == port &&
		    !strcmp(entries[i].s_proto, protocol_name(protocol)) && !strcmp(entries[i].s_name, name))
			return true;
	return false;
}

static int find_service(void *context, const char *typed, struct service_ports *ports)
{
	(void)context;
	return services_find(typed, ports);
}

/* A filter with the name in place of the port, as that stands in a line of `list`, finds that line's socket. */
static void check_filter(const char *shown, enum protocol protocol, uint16_t port)
{
	static const struct filter_names names = {.service = find_service};
	const struct socket socket = {
		.protocol = protocol, .state = STATE_CLOSE, .tuple = {.family = 4, .rport = port}, .uid = UID_UNKNOWN};
	static const char *const forms[] = {"dport = :%s", ":%s", "dst *:%s"};
	struct filter_error error;
	struct filter *filter;
	char *text;

	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		if (asprintf(&text, forms[i], shown) < 0)
			abort();
		MUST(filter_parse(text, &names, &filter, &error) == 0);
		MUST(socket_passes(&socket, filter) == FILTER_YES);
		filter_free(filter);
		free(text);
	}
}

static void check_name(const char *name, enum protocol protocol, uint16_t port)
{
	char shown[ESCAPE_LENGTH * SERVICE_NAME_SIZE];
	struct service_ports ports;
	bool found = false;
	int err;

	MUST(is_entry(name, protocol, port));
	escape_service(shown, sizeof(shown), name, strlen(name));
	err = services_find(shown, &ports);
	if (err == -E2BIG)
		return;
	MUST(err == 0);
	for (size_t i = 0; i < ports.count; i++)
		found |= ports.all[i].port == port && ports.all[i].protocols & 1u << protocol;
	MUST(found);
	check_filter(shown, protocol, port);
}

static void check_names(const struct services *services)
{
	for (size_t i = 0; i < entry_count; i++) {
		uint16_t port = ntohs((uint16_t)entries[i].s_port);

		for (int protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol++) {
			const char *name = services_name(services, protocol, port);

			if (name)
				check_name(name, protocol, port);
		}
	}
	MUST(!services_name(services, PROTOCOL_UNIX, 1));
}

/* Reads all names once again, which takes a while: for some inputs only. */
static void check_nearest(struct dice *dice)
{
	char near[SERVICE_NAME_SIZE];

	if (entry_count && roll(dice, 16) == 0 &&
	    services_find_nearest(entries[roll(dice, (uint32_t)entry_count)].s_name, near, sizeof(near)))
		must_be_terminated(near, sizeof(near));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy_text(data, size);
	struct dice dice = make_dice(data, size);
	struct services *services;

	read_entries(text);
	services = services_read();
	MUST(services);
	check_names(services);
	check_nearest(&dice);
	services_free(services);
	free(text);
	return 0;
}
