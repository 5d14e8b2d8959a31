// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "address.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct address address_from_ipv4(const uint8_t bytes[4])
{
	struct address address;

	memcpy(address.bytes, mapped, sizeof(mapped));
	memcpy(address.bytes + sizeof(mapped), bytes, 4);
	return address;
}

bool address_is_ipv4(const struct address *address)
{
	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

bool address_is_any(const struct address *address)
{
	static const struct address any_ipv6;
	static const uint8_t zeros[4];
	const struct address any_ipv4 = address_from_ipv4(zeros);

	return address_equal(address, &any_ipv6) || address_equal(address, &any_ipv4);
}

bool address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, ADDRESS_LEN) == 0;
}

bool address_in_prefix(const struct address *address, const struct address *prefix, unsigned int prefix_bits)
{
	unsigned int whole = prefix_bits / 8, rest = prefix_bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (memcmp(address->bytes, prefix->bytes, whole) != 0)
		return false;
	return rest == 0 || ((address->bytes[whole] ^ prefix->bytes[whole]) & mask) == 0;
}

static char *put_byte(char *out, unsigned int value)
{
	if (value >= 100)
		*out++ = (char)('0' + value / 100);
	if (value >= 10)
		*out++ = (char)('0' + value / 10 % 10);
	*out++ = (char)('0' + value % 10);
	return out;
}

/* Avoids inet_ntop(), which goes through sprintf(): nearly all addresses are IPv4, and this is on the hot path. */
static size_t ipv4_text(const uint8_t *bytes, char *out)
{
	char *end = out;

	for (int i = 0; i < 4; i++) {
		if (i)
			*end++ = '.';
		end = put_byte(end, bytes[i]);
	}
	*end = '\0';
	return (size_t)(end - out);
}

size_t address_text(const struct address *address, uint8_t family, char *out)
{
	if (family == 4)
		return ipv4_text(address->bytes + sizeof(mapped), out);
	inet_ntop(AF_INET6, address->bytes, out, ADDRESS_TEXT_MAX);
	return strlen(out);
}

uint8_t address_parse(const char *text, struct address *out)
{
	uint8_t ipv4[4];
	struct address ipv6;

	if (inet_pton(AF_INET, text, ipv4) == 1) {
		*out = address_from_ipv4(ipv4);
		return 4;
	}
	if (inet_pton(AF_INET6, text, ipv6.bytes) == 1) {
		*out = ipv6;
		return 6;
	}
	return 0;
}

bool tuple_ends_equal(const struct tuple *a, const struct tuple *b)
{
	return a->lport == b->lport && a->rport == b->rport && a->netns == b->netns && a->family == b->family &&
	       address_equal(&a->laddr, &b->laddr) && address_equal(&a->raddr, &b->raddr);
}

bool tuple_equal(const struct tuple *a, const struct tuple *b)
{
	return a->interface == b->interface && tuple_ends_equal(a, b);
}

bool tuple_may_equal(const struct tuple *a, const struct tuple *b)
{
	return (a->interface == b->interface || a->interface == INTERFACE_UNKNOWN ||
		b->interface == INTERFACE_UNKNOWN) &&
	       tuple_ends_equal(a, b);
}

uint64_t tuple_hash(const struct hash_secret *secret, const struct tuple *tuple)
{
	enum { WORDS = 6 };
	uint64_t words[WORDS];

	_Static_assert((int)WORDS <= (int)HASH_WORDS_MAX, "a secret has so many keys");
	memcpy(words, tuple->laddr.bytes, ADDRESS_LEN);
	memcpy(words + 2, tuple->raddr.bytes, ADDRESS_LEN);
	words[4] = (uint64_t)tuple->lport << 48 | (uint64_t)tuple->rport << 32 | tuple->netns;
	words[5] = tuple->family;
	return hash_words(secret, words, WORDS);
}
