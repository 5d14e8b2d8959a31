/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The tree of a parsed filter, for the code that walks it: the evaluator (filter.c), the parser (filter_parser.h) and
 * the derivation of the kernel filter (kernel_filter.c).
 */
#include "filter.h"

enum side { SIDE_LOCAL, SIDE_REMOTE, SIDE_EITHER };

enum filter_kind {
	FILTER_AND,
	FILTER_OR,
	FILTER_NOT, /* left only */
	FILTER_STATE,
	FILTER_PORT,
	FILTER_ADDRESS,
	FILTER_PID,
	FILTER_UID,
	FILTER_COMM,
	FILTER_UNIT,
	FILTER_CONTAINER,
	FILTER_EXE,
	FILTER_PCOMM,
	FILTER_NETNS,
	FILTER_FAMILY,
	FILTER_PATH,
	FILTER_INTERFACE,
};

struct filter {
	enum filter_kind kind;
	enum side side;
	struct filter *left;
	struct filter *right;
	/* FILTER_STATE: a set (1 << state); FILTER_INTERFACE: the index, 0: it is known by name; else pid, uid, inode
	 * of the namespace, family (4, 6) */
	uint32_t number;
	uint16_t low, high; /* FILTER_PORT: the range, both included */
	struct address address;
	uint8_t prefix_bits; /* of the address's 128 */
	uint8_t family;      /* of the address as it was written */
	char *pattern; /* FILTER_COMM to FILTER_PCOMM, FILTER_PATH: of fnmatch(); FILTER_INTERFACE: the name; owned */
	struct interface_names *interfaces; /* FILTER_INTERFACE: to know names by; NULL: by index only; owned */
};

/* filter_interface.c: the answer of a FILTER_INTERFACE. */
enum filter_answer filter_ask_interface(const struct filter *filter, const struct filter_subject *subject);

/* filter_identity.c: true where the identity is one that a FILTER_UNIT, CONTAINER, EXE or PCOMM asks for; never where
 * it is NULL, not known. */
bool filter_matches_identity(const struct filter *filter, const struct identity *identity);

/* Makes a node that owns both children. Returns NULL when memory is short, and frees them then. */
struct filter *filter_node(enum filter_kind kind, struct filter *left, struct filter *right);
