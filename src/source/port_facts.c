// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "port_facts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "capability.h"
#include "cleanup.h"
#include "parse.h"
#include "port_set.h"
#include "sysctl.h"

/* What a kernel has that was told nothing else. */
enum { FIRST_UNPRIVILEGED = 1024, FIRST_EPHEMERAL = 32768, LAST_EPHEMERAL = 60999 };

/* ---- what is set ---- */

void port_facts_range(uint16_t *low, uint16_t *high)
{
	CLEANUP(cleanup_free) char *text = sysctl_read("net.ipv4.ip_local_port_range");

	*low = FIRST_EPHEMERAL;
	*high = LAST_EPHEMERAL;
	if (text)
		sscanf(text, "%hu %hu", low, high);
}

static uint32_t unprivileged_start(void)
{
	CLEANUP(cleanup_free) char *text = sysctl_read("net.ipv4.ip_unprivileged_port_start");
	uint32_t start;

	return text && !parse_u32(text, 0, UINT16_MAX + 1, &start) ? start : FIRST_UNPRIVILEGED;
}

static bool is_reserved(uint16_t port)
{
	CLEANUP(cleanup_free) char *text = sysctl_read("net.ipv4.ip_local_reserved_ports");
	struct port_set reserved = {{0}};

	if (text)
		port_set_parse(&reserved, text);
	return port_set_has(&reserved, port);
}

void port_facts_gather(uint16_t port, struct port_facts *out)
{
	*out = (struct port_facts){
		.unprivileged_start = unprivileged_start(),
		.may_bind_privileged = capabilities_held() >> CAP_NET_BIND_SERVICE & 1,
		.reserved = is_reserved(port),
	};
	port_facts_range(&out->ephemeral_low, &out->ephemeral_high);
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++)
		for (unsigned int family = 0; family < PORT_FAMILIES; family++)
			out->trials[protocol][family] = (struct bind_trial){BIND_UNTRIED, BIND_UNTRIED};
}

/* ---- what the kernel says ---- */

static int bind_ipv4(int fd, uint16_t port)
{
	const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};

	return bind(fd, (const struct sockaddr *)&any, sizeof(any));
}

static int bind_ipv6(int fd, uint16_t port)
{
	const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const int yes = 1;

	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)))
		return -1;
	return bind(fd, (const struct sockaddr *)&any, sizeof(any));
}

/* 0, or a positive errno. */
static int try_bind(enum protocol protocol, enum port_family family, bool reuse, uint16_t port)
{
	int type = protocol == PROTOCOL_TCP ? SOCK_STREAM : SOCK_DGRAM;
	CLEANUP(cleanup_close) int fd = socket(family == PORT_IPV6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
	const int yes = 1;

	if (fd < 0)
		return errno;
	if (reuse && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)))
		return errno;
	return (family == PORT_IPV6 ? bind_ipv6(fd, port) : bind_ipv4(fd, port)) ? errno : 0;
}

void port_facts_try(uint16_t port, uint32_t protocols, struct port_facts *facts)
{
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++) {
		for (unsigned int family = 0; family < PORT_FAMILIES; family++) {
			struct bind_trial *trial = &facts->trials[protocol][family];

			if (!(protocols & 1u << protocol))
				continue;
			trial->plain = try_bind(protocol, family, false, port);
			if (protocol == PROTOCOL_TCP)
				trial->reuse = try_bind(protocol, family, true, port);
		}
	}
}
