/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The options of trace.
 */
#include "options.h"

struct trace_options {
	struct follow_options follow;
	bool snapshot; /* first print the sockets that are there already */
	bool wide;
	bool wide_owner;
	uint64_t count; /* transitions to print; 0: no end */
};

struct argp;

extern const struct argp trace_argp;
