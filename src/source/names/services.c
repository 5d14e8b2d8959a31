// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "services.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"

enum { PORTS = 1 << 16 };

/* Names by protocol and port. Most of this memory stays untouched: there are a few hundred services. */
struct services {
	char *names[PROTOCOL_UNIX][PORTS];
};

/* Keeps the first name of a port, which is the one that counts for getservbyport() too. */
static int add_service_name(struct services *services, enum protocol protocol, uint16_t port, const char *name)
{
	char **slot = &services->names[protocol][port];

	if (*slot)
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

int services_port(enum protocol protocol, const char *name, uint16_t *port)
{
	const struct servent *entry = getservbyname(name, protocol == PROTOCOL_COUNT ? NULL : protocol_name(protocol));

	if (!entry)
		return -ENOENT;
	*port = ntohs((uint16_t)entry->s_port);
	return 0;
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
