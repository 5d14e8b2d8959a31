/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * One entry of a policy, and how it is read.
 */
#include "policy.h"

struct policy_entry {
	bool of_process; /* false: of any */
	char process[COMM_LEN];
	struct address prefix;
	uint8_t prefix_bits; /* 0: any address */
	bool ipv6;           /* the prefix is IPv6's: IPv4 sockets do not match */
	uint16_t first, last;
	uint32_t protocols; /* a set */
};

/* State of parsing one entry. The parser cuts `text` up. */
struct policy_entry_parse {
	const struct filter_names *names;
	struct policy_error *error;
	bool in_file;                         /* entries stand on lines of their own, not in a list with commas */
	char shown[4 * POLICY_ENTRY_MAX + 1]; /* the whole entry, for messages */
	char text[POLICY_ENTRY_MAX + 1];
	struct policy_entry entry;
	struct service_ports ports; /* of the service that is named; count 0: none is */
};

static inline bool policy_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Reads one entry into parse->entry and parse->ports. The caller has filled in names, error and in_file. Returns 0, or
 * -EINVAL with the message of the error filled in. */
int policy_entry_read(struct policy_entry_parse *parse, const char *text, size_t length);
