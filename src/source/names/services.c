// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "services.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "nearest.h"

enum { PORTS = 1 << 16 };

/* Names by protocol and port. Most of this memory stays untouched: there are a few hundred services. */
struct services {
	char *names[PROTOCOL_UNIX][PORTS];
};

/* True for a name that is read as itself where it stands for a port: not for "443", "80-90", "*". */
static bool is_readable_name(const char *name)
{
	size_t digits = strspn(name, "0123456789"), length = strlen(name);

	if (!length || length >= SERVICE_NAME_SIZE || !strcmp(name, "*"))
		return false;
	if (digits && name[digits] == '-')
		digits += 1 + strspn(name + digits + 1, "0123456789");
	return name[digits];
}

/* Keeps the first name of a port, which is the one that counts for getservbyport() too. */
static int add_service_name(struct services *services, enum protocol protocol, uint16_t port, const char *name)
{
	char **slot = &services->names[protocol][port];

	if (*slot || !is_readable_name(name))
		return 0;
	*slot = strdup(name);
	return *slot ? 0 : -ENOMEM;
}

static int read_service_names(struct services *services)
{
	const struct servent *entry;
	int err = 0;

	setservent(1);
	while (!err && (entry = getservent())) {
		uint16_t port = ntohs((uint16_t)entry->s_port);

		if (strcmp(entry->s_proto, "tcp") == 0)
			err = add_service_name(services, PROTOCOL_TCP, port, entry->s_name);
		else if (strcmp(entry->s_proto, "udp") == 0)
			err = add_service_name(services, PROTOCOL_UDP, port, entry->s_name);
	}
	endservent();
	return err;
}

static int read_protocol_names(struct services *services)
{
	const struct protoent *entry;
	int err = 0;

	setprotoent(1);
	while (!err && (entry = getprotoent()))
		if (entry->p_proto >= 0 && entry->p_proto < PORTS)
			err = add_service_name(services, PROTOCOL_RAW, (uint16_t)entry->p_proto, entry->p_name);
	endprotoent();
	return err;
}

struct services *services_read(void)
{
	struct services *services = calloc(1, sizeof(*services));

	if (!services)
		return NULL;
	if (read_service_names(services) || read_protocol_names(services)) {
		services_free(services);
		return NULL;
	}
	return services;
}

void services_free(struct services *services)
{
	if (!services)
		return;
	for (unsigned int protocol = 0; protocol < PROTOCOL_UNIX; protocol++)
		for (unsigned int port = 0; port < PORTS; port++)
			free(services->names[protocol][port]);
	free(services);
}

const char *services_name(const struct services *services, enum protocol protocol, uint16_t port)
{
	return protocol < PROTOCOL_UNIX ? services->names[protocol][port] : NULL;
}

/* ---- ports by name ---- */

static int add_service_port(struct service_ports *ports, uint16_t port, uint32_t protocols)
{
	for (size_t i = 0; i < ports->count; i++) {
		if (ports->all[i].port != port)
			continue;
		ports->all[i].protocols |= protocols;
		return 0;
	}
	if (ports->count == SERVICE_PORTS_MAX)
		return -E2BIG;
	ports->all[ports->count].port = port;
	ports->all[ports->count++].protocols = protocols;
	return 0;
}

static bool has_alias(char *const *aliases, const char *name)
{
	for (; *aliases; aliases++)
		if (!strcmp(*aliases, name))
			return true;
	return false;
}

/* Returns 0 for another protocol than TCP and UDP. */
static uint32_t find_port_protocol(const char *name)
{
	for (unsigned int protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol++)
		if (!strcmp(name, protocol_name(protocol)))
			return 1u << protocol;
	return 0;
}

static int add_named_ports(const char *name, bool by_alias, struct service_ports *ports)
{
	const struct servent *entry;
	int err = 0;

	setservent(1);
	while (!err && (entry = getservent())) {
		uint32_t protocol = find_port_protocol(entry->s_proto);

		if (protocol && (by_alias ? has_alias(entry->s_aliases, name) : !strcmp(entry->s_name, name)))
			err = add_service_port(ports, ntohs((uint16_t)entry->s_port), protocol);
	}
	endservent();
	return err;
}

/* Asks for the name alone: not every source of names lists all that it knows. */
static int add_port_by_lookup(const char *name, struct service_ports *ports)
{
	const struct servent *entry = getservbyname(name, "tcp");

	if (!entry)
		entry = getservbyname(name, NULL);
	if (!entry)
		return -ENOENT;
	return add_service_port(ports, ntohs((uint16_t)entry->s_port), 1u << PROTOCOL_TCP | 1u << PROTOCOL_UDP);
}

enum { TYPED_NAME_SIZE = 256 };

int services_find(const char *typed, struct service_ports *ports)
{
	char name[TYPED_NAME_SIZE];
	int err;

	ports->count = 0;
	unescape(name, sizeof(name), typed);
	err = add_named_ports(name, false, ports);
	if (!err && !ports->count)
		err = add_named_ports(name, true, ports);
	return err || ports->count ? err : add_port_by_lookup(name, ports);
}

int services_find_protocol(const char *typed, struct service_ports *ports)
{
	char name[TYPED_NAME_SIZE];
	const struct protoent *entry;

	unescape(name, sizeof(name), typed);
	entry = getprotobyname(name);
	if (!entry || entry->p_proto < 0 || entry->p_proto >= PORTS)
		return -ENOENT;
	return add_service_port(ports, (uint16_t)entry->p_proto, 1u << PROTOCOL_RAW);
}

static const char *find_nearest_name(const struct services *services, const char *word)
{
	const char *best = NULL;

	for (unsigned int i = 0; i < 2 * PORTS; i++) {
		const char *const both[] = {best, services->names[i % 2 ? PROTOCOL_UDP : PROTOCOL_TCP][i / 2]};
		bool first = !best;

		if (both[1])
			best = first ? nearest_word(word, both + 1, 1) : nearest_word(word, both, 2);
	}
	return best;
}

bool services_find_nearest(const char *word, char *out, size_t size)
{
	struct services *services = services_read();
	const char *near = services ? find_nearest_name(services, word) : NULL;

	if (near)
		snprintf(out, size, "%s", near);
	services_free(services);
	return near;
}
