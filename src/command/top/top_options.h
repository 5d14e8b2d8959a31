/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The options of top.
 */
#include "options.h"

struct top_options {
	struct follow_options follow;
	bool batch;
	uint64_t interval_ns; /* between two printings */
	uint64_t iterations;  /* 0: no end */
};

struct argp;

extern const struct argp top_argp;
