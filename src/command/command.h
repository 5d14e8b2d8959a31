/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A command of tcpledger. Each has a folder here, which defines its `struct command`, and a line in main.c.
 */
struct argp;

/* Exit statuses of the program. */
enum {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,
	STATUS_WRONG_USE = 2, /* the command line is wrong, or what it names is not there */
	STATUS_FINDINGS = 3,  /* done, but something was found: lost transitions, a listener that nobody expects */
};

struct command {
	const char *name;        /* as it is typed */
	const char *summary;     /* its line in `tcpledger --help` */
	const struct argp *argp; /* its options */
	/* Reads the command line, whose argv[0] is "tcpledger NAME", and does what it asks for. Returns the exit
	 * status; ends the program itself when the command line is wrong or asks for help. */
	int (*run)(int argc, char **argv);
};
