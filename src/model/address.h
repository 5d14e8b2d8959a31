/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Addresses and the tuple that names a connection on the wire. An address is 16 bytes in network order; IPv4 is
 * ::ffff:a.b.c.d, and the family of the tuple says whether the socket is an IPv4 one or an IPv6 one
 * that talks IPv4 (v4-mapped). Ports are in host order.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "unknown.h"

enum { ADDRESS_LEN = 16, ADDRESS_TEXT_MAX = 46, INTERFACE_NAME_SIZE = 16 /* IFNAMSIZ */ };
enum { ADDRESS_IPV4_AT = 96 }; /* the bit at which the IPv4 part begins */

struct address {
	uint8_t bytes[ADDRESS_LEN];
};

struct tuple {
	struct address laddr;
	struct address raddr;
	uint16_t lport; /* 0: not chosen yet, or none */
	uint16_t rport; /* 0: none (a listener), or not known yet */
	uint32_t netns; /* inode number of the network namespace */
	/* Index of the interface that the socket is bound to, by SO_BINDTODEVICE or a link-local address; 0: none; or
	 * INTERFACE_UNKNOWN. The kernel keeps connections apart that differ in nothing else. */
	uint32_t interface;
	uint8_t family; /* 4 or 6 */
};

struct address address_from_ipv4(const uint8_t bytes[4]);
bool address_is_ipv4(const struct address *address); /* ::ffff:0:0/96 */
bool address_is_any(const struct address *address);  /* 0.0.0.0 or :: */
bool address_equal(const struct address *a, const struct address *b);

/* True when the first `prefix_bits` (0 to 128) bits are the same. */
bool address_in_prefix(const struct address *address, const struct address *prefix, unsigned int prefix_bits);

/* Writes the address as people do: 127.0.0.1 for family 4, ::1 or ::ffff:127.0.0.1 for family 6. `out` takes
 * ADDRESS_TEXT_MAX bytes. Returns the length. */
size_t address_text(const struct address *address, uint8_t family, char *out);

/* Reads 127.0.0.1 or ::1, without brackets, scope or prefix. Returns the family (4, 6), or 0. */
uint8_t address_parse(const char *text, struct address *out);

/* Returns the index of the interface; 0: none, or not known. */
static inline uint32_t tuple_known_interface(const struct tuple *tuple)
{
	return tuple->interface == INTERFACE_UNKNOWN ? 0 : tuple->interface;
}

bool tuple_equal(const struct tuple *a, const struct tuple *b);

/* The same, but the interfaces may differ. */
bool tuple_ends_equal(const struct tuple *a, const struct tuple *b);

/* The same, but an interface that is not known may be any. */
bool tuple_may_equal(const struct tuple *a, const struct tuple *b);

/* Leaves the interface out, as the kernel's own hash of connections does: a tuple whose interface is not known has the
 * hash of the one that it may be. */
uint64_t tuple_hash(const struct hash_secret *secret, const struct tuple *tuple);
