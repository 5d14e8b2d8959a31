/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The options and the topic of explain.
 */
#include "options.h"

struct argp;

enum explain_topic { EXPLAIN_OVERVIEW, EXPLAIN_STATE, EXPLAIN_PORT };

struct explain_options {
	struct output_options output;
	enum explain_topic topic;
	uint8_t state; /* enum tcp_state */
	uint16_t port;
	uint32_t protocols; /* a set: the port is explained for these */
	bool numeric;
	uint32_t netns;         /* the inode of a network namespace; 0: our own */
	const char *netns_word; /* as it was typed */
};

extern const struct argp explain_argp;
