// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "reach.h"

#include <string.h>

#include "count_of.h"

/* LOOPBACK_IFINDEX, include/net/flow.h: "the loopback device is always ifindex 1", in each network namespace. */
enum { LOOPBACK_INDEX = 1 };

struct network {
	struct address prefix;
	unsigned int bits;
};

#define IPV4(a, b, c, d, length)                                                                                       \
	{                                                                                                              \
		.prefix = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}}, .bits = ADDRESS_IPV4_AT + (length) \
	}
#define IPV6(a, b, length)                                                                                             \
	{                                                                                                              \
		.prefix = {{a, b}}, .bits = (length)                                                                   \
	}

static const struct network loopback[] = {
	IPV4(127, 0, 0, 0, 8), {.prefix = {{[15] = 1}}, .bits = 128}, /* ::1 */
};

static const struct network private[] = {
	IPV4(10, 0, 0, 0, 8),     IPV4(172, 16, 0, 0, 12),
	IPV4(192, 168, 0, 0, 16), IPV4(100, 64, 0, 0, 10),      /* RFC 6598, behind a provider's NAT */
	IPV4(169, 254, 0, 0, 16), IPV4(224, 0, 0, 0, 24),       /* link-local */
	IPV4(239, 0, 0, 0, 8),    IPV4(255, 255, 255, 255, 32), /* multicast groups of a site; broadcast */
	IPV6(0xfc, 0x00, 7),      IPV6(0xfe, 0x80, 10),
};

/* Scopes of an IPv6 multicast group: the low half of its second byte (RFC 4291 2.7), whatever the flags in the high
 * half. */
enum { SCOPE_RESERVED, SCOPE_INTERFACE, SCOPE_ORGANIZATION = 8 };

/* Groups of peers. Each reach has a set of those reached for sure, and one of those reached perhaps. */
enum { SITE = 1 << 0, SOME = 1 << 1, IPV4_ALL = 1 << 2, IPV6_ALL = 1 << 3 };

static const struct {
	const char *name, *word;
	unsigned int surely, perhaps;
} reaches[REACH_COUNT] = {
	[REACH_HOST] = {"this host only", "host", 0, 0},
	[REACH_PRIVATE] = {"private network", "private", SITE, SITE},
	[REACH_ADDRESS] = {"one address", "address", SITE | SOME, SITE | SOME},
	[REACH_IPV4] = {"all IPv4", "ipv4", SITE | SOME | IPV4_ALL, SITE | SOME | IPV4_ALL},
	[REACH_IPV6] = {"all IPv6", "ipv6", SITE | SOME | IPV6_ALL, SITE | SOME | IPV6_ALL},
	[REACH_IPV6_OR_ALL] = {"all IPv6, perhaps IPv4", "ipv6_perhaps_ipv4", SITE | SOME | IPV6_ALL,
			       SITE | SOME | IPV6_ALL | IPV4_ALL},
	[REACH_ALL] = {"all IPv4 and IPv6", "all", SITE | SOME | IPV6_ALL | IPV4_ALL,
		       SITE | SOME | IPV6_ALL | IPV4_ALL},
};

static bool is_in_networks(const struct address *address, const struct network *networks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (address_in_prefix(address, &networks[i].prefix, networks[i].bits))
			return true;
	return false;
}

static bool is_ipv6_group(const struct address *address)
{
	return address->bytes[0] == 0xff;
}

static enum reach classify_ipv6_group(const struct address *address)
{
	unsigned int scope = address->bytes[1] & 0x0f;

	if (scope == SCOPE_INTERFACE)
		return REACH_HOST;
	return scope > SCOPE_RESERVED && scope <= SCOPE_ORGANIZATION ? REACH_PRIVATE : REACH_ADDRESS;
}

enum reach reach_of(const struct socket *socket)
{
	static const struct network any_ipv4 = IPV4(0, 0, 0, 0, 32), any_ipv6 = IPV6(0, 0, 128);
	const struct address *address = &socket->tuple.laddr;

	if (socket->tuple.interface == LOOPBACK_INDEX || is_in_networks(address, loopback, COUNT_OF(loopback)))
		return REACH_HOST;
	if (is_ipv6_group(address))
		return classify_ipv6_group(address);
	if (address_equal(address, &any_ipv4.prefix))
		return REACH_IPV4;
	if (address_equal(address, &any_ipv6.prefix))
		return socket->v6only == TRISTATE_YES  ? REACH_IPV6
		       : socket->v6only == TRISTATE_NO ? REACH_ALL
						       : REACH_IPV6_OR_ALL;
	return is_in_networks(address, private, COUNT_OF(private)) ? REACH_PRIVATE : REACH_ADDRESS;
}

bool reach_is_wide(enum reach reach)
{
	return reach >= REACH_IPV4;
}

const char *reach_name(enum reach reach)
{
	return reaches[reach].name;
}

const char *reach_word(enum reach reach)
{
	return reaches[reach].word;
}

enum reach reach_of_word(const char *word)
{
	enum reach reach = REACH_HOST;

	while (reach < REACH_COUNT && strcmp(word, reaches[reach].word) != 0)
		reach++;
	return reach;
}

bool reach_goes_further(enum reach before, enum reach now)
{
	return reaches[now].surely & ~reaches[before].perhaps;
}

bool reach_may_equal(enum reach a, enum reach b)
{
	return (reaches[a].surely & ~reaches[b].perhaps) == 0 && (reaches[b].surely & ~reaches[a].perhaps) == 0;
}
