/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The options of list.
 */
#include "options.h"

struct argp;

struct list_options {
	struct socket_options sockets;
	struct filter_names names; /* of its filter */
	bool listening, all;
	bool resolve;
	bool owners, details, timers, internals;
	bool age; /* how long each has been in its state */
	bool one_line;
	bool totals;          /* print no sockets, but how many there are */
	bool again;           /* list them each interval */
	uint64_t interval_ns; /* between two lists */
};

extern const struct argp list_argp;
