/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The options that several commands share, as they are once the command line is read. They come in groups, a struct for
 * each group. A command's own struct of options contains the groups that the command takes. The functions that read
 * options: options_internal.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "filter.h"
#include "holders.h"
#include "live.h"
#include "sockets.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* The form of the output. */
struct output_options {
	bool json;
	enum color color;
	bool no_cmdline; /* leave out the command lines of processes, which may hold passwords */
};

/* True when the output is to be coloured: by --color, NO_COLOR, and whether standard output is a terminal. */
bool output_wants_color(const struct output_options *options);

/* Room for a filter as it is typed, which may be longer than the filter language takes (FILTER_TEXT_MAX). */
enum { FILTER_WORDS_MAX = 8192 };

/* FILTER, and the options that are short for a part of a FILTER. */
struct filter_options {
	struct filter *filter;            /* owned: freed with filter_free(); NULL: everything passes */
	const struct filter_names *names; /* NULL: host_names */
	char words[FILTER_WORDS_MAX];     /* the words of FILTER that are read so far, with a NUL behind each */
	size_t length;                    /* of all of them, without the last NUL */
};

/* The options of the commands that follow the live table: trace and top. */
struct follow_options {
	struct output_options output;
	struct filter_options filter;
	bool ipv4, ipv6;          /* where only one is set, the other family is left out */
	struct live_options live; /* its filter and handlers are not set here */
};

/* The options of the commands that list sockets. */
struct socket_options {
	struct output_options output;
	struct filter_options filter;
	uint32_t protocols; /* a set: 1 << enum protocol; 0: none is named */
	bool ipv4, ipv6;    /* where neither is set, both families are meant */
	bool numeric;
	bool no_heading;
	bool one_netns; /* --netns was given: the filter names the namespace */
	bool all_netns;
	enum socket_source socket_source;
	enum holder_source holder_source;
};

/* Makes the query for the sockets in `states`, of the protocols and families that the options name; of the protocols
 * `otherwise` where none is named. */
struct socket_query socket_options_query(const struct socket_options *options, uint32_t otherwise, uint32_t states);
