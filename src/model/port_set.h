/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Sets of ports, and their lists as the kernel writes them.
 */
#include <stdbool.h>
#include <stdint.h>

enum { PORT_WORDS = (UINT16_MAX + 1) / 64 };

struct port_set {
	uint64_t words[PORT_WORDS]; /* one bit a port */
};

static inline void port_set_add(struct port_set *set, uint16_t port)
{
	set->words[port / 64] |= 1ULL << port % 64;
}

static inline bool port_set_has(const struct port_set *set, uint16_t port)
{
	return set->words[port / 64] >> port % 64 & 1;
}

/* Adds the ports of a list like "8080,9148-9150", as in ip_local_reserved_ports. 0, or -EINVAL when the text is no such
 * list; the ports before the error have then been added. */
int port_set_parse(struct port_set *set, const char *list);
