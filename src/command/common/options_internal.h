/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the files that read the command line share, options*.c: the only ones that know argp. Nobody else's affair.
 * options_COMMAND.c has the options of a command, options_filter.c what becomes a filter, options_values.c what becomes
 * a number or a choice, options_check.c says what is near what is not known, options.c puts them together.
 */
#include <argp.h>

#include "options.h"

enum {
	EXIT_USAGE = 2,
	MAX_TEXT = 8192,
	/* options without a letter */
	KEY_COMM = 0x100,
	KEY_STATE,
	KEY_NETNS,
	KEY_ALL_NETNS,
	KEY_DURATION,
	KEY_INTERVAL,
	KEY_COUNT,
	KEY_JSON,
	KEY_COLOR,
	KEY_SNAPSHOT,
	KEY_RING_SIZE,
	KEY_SNAPSHOT_SOURCE,
	KEY_ACCEPT_SOURCE,
	KEY_SOCKET_SOURCE,
	KEY_HOLDER_SOURCE,
	KEY_ALLOW,
	KEY_POLICY,
	KEY_BASELINE,
	KEY_SAVE,
	KEY_PORTS,
};

/* What is gathered while the options are read; argp's input. */
struct reading {
	struct options *options;
	bool want_ipv4, want_ipv6;
	char filter[MAX_TEXT];       /* the trailing words, joined */
	const char *about_listeners; /* of audit: what was given that --ports has no use for; NULL: nothing */
};

extern const struct argp trace_argp;
extern const struct argp top_argp;
extern const struct argp list_argp;
extern const struct argp audit_argp;
extern const struct argp explain_argp;
extern const struct argp fds_argp;
extern const struct argp doctor_argp;

#define FILTER_HELP                                                                                                    \
	"FILTER is ss's language: state syn-sent, sport = :443, dport != :22, src 10.0.0.0/8, dst [::1], pid 123, comm nginx, netns NAME; and, or, not, ( ); :443 is either port, a bare address either side, a bare word a process's name. Quote what the shell would take for itself."

/* ---- options_values.c ---- */

/* Says what is wrong, and ends the program. */
__attribute__((noreturn, format(printf, 1, 2))) void options_fail(const char *format, ...);

/* Each fails where `value`, given to `option`, is none. */
uint64_t option_duration(const char *option, const char *value);
uint64_t option_count(const char *option, const char *value);
uint64_t option_ring_size(const char *option, const char *value);

/* The number of `value` among the `count` words. */
int option_choice(const char *option, const char *value, const char *const *words, int count);

/* The options of all commands' output: --json, --color, -v. ARGP_ERR_UNKNOWN for another. */
error_t option_output(int key, const char *value, struct options *options);

/* ---- list_options.c ---- */

/* The options that the commands share that list sockets, and those of option_output(). ARGP_ERR_UNKNOWN for another. */
error_t option_sockets(int key, const char *value, struct reading *reading);

/* Fails where options of these exclude each other. */
void option_sockets_end(const struct list_options *list);

/* ---- options_filter.c ---- */

/* Options that are sugar over the filter: "`predicate` `value`" with the value quoted, or with each of its items after
 * a comma. */
void option_filter_quoted(struct options *options, const char *option, const char *value, const char *predicate);
void option_filter_list(struct options *options, const char *option, const char *value, const char *predicate);

/* -4 and -6: one of them leaves out the other family. */
void option_filter_families(const struct reading *reading);

/* One more word of FILTER; and all of them, once they are there. */
void option_filter_word(struct reading *reading, const char *word);
void option_filter_end(const struct reading *reading);

/* ---- options_check.c ---- */

/* Fails at the first option that the command does not know, and says which is near it. */
void options_check(const struct argp *argp, int argc, char **argv);
