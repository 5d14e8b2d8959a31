// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "port_facts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "parse.h"
#include "port_set.h"
#include "privileges.h"
#include "sysctl.h"

/* The kernel's default. */
enum { FIRST_UNPRIVILEGED = 1024 };

/* ---- settings ---- */

void port_facts_range(uint16_t *low, uint16_t *high)
{
	CLEANUP(cleanup_free) char *text = sysctl_read("net.ipv4.ip_local_port_range");

	*low = DEFAULT_EPHEMERAL_LOW;
	*high = DEFAULT_EPHEMERAL_HIGH;
	if (text)
		sscanf(text, "%hu %hu", low, high);
}

static uint32_t read_unprivileged_start(void)
{
	CLEANUP(cleanup_free) char *text = sysctl_read("net.ipv4.ip_unprivileged_port_start");
	uint32_t start;

	return text && !parse_u32(text, 0, UINT16_MAX + 1, &start) ? start : FIRST_UNPRIVILEGED;
}

static struct port_set read_reserved_ports(void)
{
	CLEANUP(cleanup_free) char *text = sysctl_read("net.ipv4.ip_local_reserved_ports");
	struct port_set reserved = {{0}};

	if (text)
		port_set_parse(&reserved, text);
	return reserved;
}

static bool is_port_reserved(uint16_t port)
{
	const struct port_set reserved = read_reserved_ports();

	return port_set_has(&reserved, port);
}

uint32_t port_facts_choice(uint16_t low, uint16_t high)
{
	const struct port_set reserved = read_reserved_ports();
	uint32_t count = 0;

	for (uint32_t port = low; port <= high; port++)
		count += !port_set_has(&reserved, (uint16_t)port);
	return count;
}

void port_facts_gather(uint16_t port, struct port_facts *out)
{
	*out = (struct port_facts){
		.unprivileged_start = read_unprivileged_start(),
		.may_bind_privileged = privileges_of_user() >> CAP_NET_BIND_SERVICE & 1,
		.reserved = is_port_reserved(port),
	};
	port_facts_range(&out->ephemeral_low, &out->ephemeral_high);
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++)
		for (unsigned int way = 0; way < PORT_WAYS; way++)
			out->trials[protocol][way] = (struct bind_trial){BIND_UNTRIED, BIND_UNTRIED};
}

/* ---- trials ---- */

/* Bind to any address, or with `nobodys` to an address that nobody has: 240.0.0.1, of the reserved range, or 100::1, of
 * the prefix for traffic to be discarded. */
static int bind_ipv4(int fd, uint16_t port, bool nobodys)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(nobodys ? 0xf0000001 : 0)};
	const int yes = nobodys;

	if (setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &yes, sizeof(yes)))
		return -1;
	return bind(fd, (const struct sockaddr *)&address, sizeof(address));
}

static int bind_ipv6(int fd, uint16_t port, bool only, bool nobodys)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const int yes = only, free = nobodys;

	if (nobodys)
		memcpy(&address.sin6_addr, (const uint8_t[16]){0x01, [15] = 1}, sizeof(address.sin6_addr));
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &free, sizeof(free)))
		return -1;
	return bind(fd, (const struct sockaddr *)&address, sizeof(address));
}

struct bind_attempt {
	enum protocol protocol;
	unsigned int way; /* enum port_family, or PORT_DUAL */
	bool reuse;
	bool nobodys; /* to an address that this host does not have */
};

/* Binds a socket and closes it. 0, or a positive errno. */
static int try_bind(const struct bind_attempt *attempt, uint16_t port)
{
	int type = attempt->protocol == PROTOCOL_TCP ? SOCK_STREAM : SOCK_DGRAM;
	bool ipv4 = attempt->way == PORT_IPV4;
	CLEANUP(cleanup_close) int fd = socket(ipv4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);
	const int yes = 1;
	int err;

	if (fd < 0)
		return errno;
	if (attempt->reuse && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)))
		return errno;
	err = ipv4 ? bind_ipv4(fd, port, attempt->nobodys)
		   : bind_ipv6(fd, port, attempt->way == PORT_IPV6, attempt->nobodys);
	return err ? errno : 0;
}

static void try_tcp_binds(uint16_t port, struct bind_trial trials[PORT_WAYS])
{
	for (unsigned int way = 0; way < PORT_WAYS; way++) {
		struct bind_attempt attempt = {.protocol = PROTOCOL_TCP, .way = way};

		trials[way].plain = try_bind(&attempt, port);
		attempt.reuse = true;
		trials[way].reuse = try_bind(&attempt, port);
	}
}

/* Tries SO_REUSEADDR at nobody's address. An error other than the plain trial's may be about that address: it says
 * nothing about the port, and counts as not tried. */
static int try_udp_reuse(const struct bind_attempt *attempt, uint16_t port, int plain)
{
	const struct bind_attempt elsewhere = {
		.protocol = PROTOCOL_UDP, .way = attempt->way, .reuse = true, .nobodys = true};
	int err = try_bind(&elsewhere, port);

	return err && err != plain ? BIND_UNTRIED : err;
}

/* Tries each family, and both at once. Nobody's address is of one family: with SO_REUSEADDR both at once are free where
 * each is. */
static void try_udp_binds(uint16_t port, unsigned int reuse, struct bind_trial trials[PORT_WAYS])
{
	for (unsigned int way = 0; way < PORT_WAYS; way++) {
		const struct bind_attempt attempt = {.protocol = PROTOCOL_UDP, .way = way};

		trials[way].plain = try_bind(&attempt, port);
		if (way != PORT_DUAL && reuse & 1u << way)
			trials[way].reuse = try_udp_reuse(&attempt, port, trials[way].plain);
	}
	if (reuse == PORT_BOTH)
		trials[PORT_DUAL].reuse = trials[PORT_IPV4].reuse ? trials[PORT_IPV4].reuse : trials[PORT_IPV6].reuse;
}

void port_facts_try(uint16_t port, uint32_t protocols, unsigned int udp_reuse, struct port_facts *facts)
{
	AS_USER;
	if (protocols & 1u << PROTOCOL_TCP)
		try_tcp_binds(port, facts->trials[PROTOCOL_TCP]);
	if (protocols & 1u << PROTOCOL_UDP)
		try_udp_binds(port, udp_reuse, facts->trials[PROTOCOL_UDP]);
}
