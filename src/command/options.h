/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the user asked for on the command line. The only file that knows argp is options.c.
 */
#include <stdbool.h>
#include <stdint.h>

#include "live.h"

enum command { COMMAND_TRACE, COMMAND_TOP, COMMAND_DOCTOR };

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	enum command command;
	struct filter *filter; /* FILTER and the options that are sugar over it; NULL: everything */
	bool json;
	enum color color;
	struct live_options live; /* but for the filter and who is told */
	/* trace */
	bool snapshot;
	bool wide;
	uint64_t count; /* transitions to print; 0: no end */
	/* top */
	bool batch;
	uint64_t interval_ns;
	uint64_t iterations; /* 0: no end */
};

/* Reads the command line. Does not return when it is wrong (exit 2, with a message) or asks for help or the version
 * (exit 0). The caller frees with options_free(). */
void options_read(struct options *options, int argc, char **argv);
void options_free(struct options *options);
