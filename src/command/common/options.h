/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the user asked for on the command line. Only options*.c know argp.
 */
#include <stdbool.h>
#include <stdint.h>

#include "holders.h"
#include "live.h"
#include "policy.h"
#include "sockets.h"

enum command {
	COMMAND_TRACE,
	COMMAND_TOP,
	COMMAND_LIST,
	COMMAND_FDS,
	COMMAND_AUDIT,
	COMMAND_EXPLAIN,
	COMMAND_DOCTOR,
};

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct list_options {
	uint32_t protocols; /* a set; 0: those that are shown if none is named */
	bool ipv4, ipv6;    /* neither: both */
	bool listening, all;
	bool numeric, resolve;
	bool owners, details, timers, internals;
	bool one_line, no_heading;
	bool totals;    /* no sockets, but how many there are */
	bool one_netns; /* the filter names it */
	bool all_netns;
	bool again;
	enum socket_source socket_source;
	enum holder_source holder_source;
};

struct audit_options {
	struct policy *policy; /* NULL: none was given */
	const char *baseline;  /* a file; NULL: none */
	bool save;
	bool ports; /* no listeners, but the ports that should not be public */
};

enum explain_topic { EXPLAIN_OVERVIEW, EXPLAIN_STATE, EXPLAIN_PORT };

struct explain_options {
	enum explain_topic topic;
	uint8_t state; /* enum tcp_state */
	uint16_t port;
	uint32_t protocols; /* a set: those that the port is explained of */
	bool numeric;
	uint32_t netns;         /* the inode of a network namespace; 0: the one that we are in */
	const char *netns_word; /* how it was called */
};

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
	uint64_t interval_ns; /* also of list */
	uint64_t iterations;  /* 0: no end */
	/* list, audit */
	struct list_options list;
	struct audit_options audit;
	/* explain */
	struct explain_options explain;
	/* fds */
	const char *process; /* its PID or its name, of the command line */
};

/* Reads the command line. Does not return when it is wrong (exit 2, with a message) or asks for help or the version
 * (exit 0). The caller frees with options_free(). */
void options_read(struct options *options, int argc, char **argv);
void options_free(struct options *options);
