/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A command of tcpledger. Each has a folder here, which defines its `struct command`, and a line in main.c.
 */
#include <stddef.h>

struct argp;

/* Exit statuses of the program. */
enum {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,
	STATUS_WRONG_USE = 2, /* the command line is wrong, or what it names is not there */
	STATUS_FINDINGS =
		3, /* done, but something was found or is missing: a listener that nobody expects, lost transitions */
};

struct command {
	const char *name;        /* as it is typed */
	const char *summary;     /* its line in `tcpledger --help` */
	const struct argp *argp; /* reads its options into a struct of `options_size` bytes, all zero before */
	size_t options_size;
	/* Does what the options ask for, and frees what they own. Returns the exit status. */
	int (*run)(void *options);
};

/* Reads the command line into `options`, the input of argp's parser. Ends the program when the command line is wrong
 * (exit status 2, with a message), or asks for help or the version (exit status 0). Defined in common/options.c. */
void options_read(const struct argp *argp, int argc, char **argv, void *options);
