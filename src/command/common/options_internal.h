/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Functions that read options with argp. Only common/options*.c and each command's COMMAND_options.c include this
 * header: nothing else knows argp.
 *
 * options.c reads a command line (command.h), options_check.c names the option nearest to one that is unknown,
 * options_values.c reads numbers and choices, options_filter.c builds the filter. options_follow.c and
 * options_sockets.c read the options that several commands share.
 */
#include <argp.h>

#include "command.h"
#include "options.h"

/* Options without a letter. */
enum {
	KEY_COMM = 0x100,
	KEY_STATE,
	KEY_NETNS,
	KEY_ALL_NETNS,
	KEY_DURATION,
	KEY_JSON,
	KEY_COLOR,
	KEY_NO_CMDLINE,
	KEY_RING_SIZE,
	KEY_SNAPSHOT_SOURCE,
	KEY_ACCEPT_SOURCE,
	KEY_SOCKET_SOURCE,
	KEY_HOLDER_SOURCE,
	KEY_OF_COMMAND = 0x200, /* this key and greater ones: options of one command only */
};

/* Rows of struct argp_option. */
#define OPTION_JSON                                                                                                    \
	{                                                                                                              \
		"json", KEY_JSON, 0, 0, "one JSON object per line", 0                                                  \
	}
#define OPTION_COLOR                                                                                                   \
	{                                                                                                              \
		"color", KEY_COLOR, "WHEN", 0, "auto (on a terminal), always, never", 0                                \
	}
#define OPTION_NO_CMDLINE                                                                                              \
	{                                                                                                              \
		"no-cmdline", KEY_NO_CMDLINE, 0, 0, "no command lines of processes: they may hold passwords", 0        \
	}
#define OPTION_VERBOSE                                                                                                 \
	{                                                                                                              \
		"verbose", 'v', 0, 0, "say more on stderr", 0                                                          \
	}
#define OPTION_NETNS(key)                                                                                              \
	{                                                                                                              \
		"netns", key, "NETNS", 0,                                                                              \
			"in this network namespace: of ip netns or of a container, a PID in it, or its inode", 0       \
	}
#define OPTION_ALL_NETNS                                                                                               \
	{                                                                                                              \
		"all-netns", KEY_ALL_NETNS, 0, 0, "in all network namespaces", 0                                       \
	}
#define OPTION_SOCKET_SOURCE                                                                                           \
	{                                                                                                              \
		"socket-source", KEY_SOCKET_SOURCE, "FROM", 0, "auto, diag (netlink), proc (/proc/net)", 0             \
	}
#define OPTION_HOLDER_SOURCE                                                                                           \
	{                                                                                                              \
		"holder-source", KEY_HOLDER_SOURCE, "FROM", 0, "auto, iter (BPF iterator), proc (/proc/PID/fd)", 0     \
	}

#define FILTER_HELP                                                                                                    \
	"FILTER is ss's language: state syn-sent, sport = :443, dport != :22, src 10.0.0.0/8, dst [::1], pid 123, uid root, comm nginx, unit nginx.service, container NAME, exe /usr/sbin/nginx, pcomm systemd (the parent's name), netns NAME; and, or, not, ( ); :443 is either port, a bare address either side, a bare word a process's name. A name with a space is one word of the shell: comm 'tmux: server'. Quote what the shell would take for itself."

/* ---- options_values.c ---- */

/* Reports what is wrong with the command line, and ends the program with exit status 2. */
__attribute__((noreturn, format(printf, 1, 2))) void options_fail(const char *format, ...);

/* Read the `value` that was given to `option`: a duration in nanoseconds, a count, a ring size in bytes. Each calls
 * options_fail() where the value cannot be read as that. */
uint64_t option_duration(const char *option, const char *value);
uint64_t option_count(const char *option, const char *value);
uint64_t option_ring_size(const char *option, const char *value);

/* Returns the number, from 0, of `value` among the `count` words. Calls options_fail() where it is none of them. */
int option_choice(const char *option, const char *value, const char *const *words, int count);

/* Reads --json, --color, --no-cmdline and -v. ARGP_ERR_UNKNOWN for another option. */
error_t option_output(int key, const char *value, struct output_options *output);

/* ---- options_follow.c ---- */

/* The shared options of trace and top: a child of the argp of each. Its input is a struct follow_options. */
extern const struct argp follow_argp;

/* ---- options_sockets.c ---- */

/* Reads an option of struct socket_options; those of option_output() are among them. ARGP_ERR_UNKNOWN for another
 * option. */
error_t option_sockets(int key, const char *value, struct socket_options *sockets);

/* Calls options_fail() where options of struct socket_options exclude each other. */
void option_sockets_end(const struct socket_options *sockets);

/* ---- options_filter.c ---- */

/* Add "`predicate` `value`" to the filter: with the value as one word, or for each item of a list with commas. */
void option_filter_value(struct filter_options *filter, const char *option, const char *value, const char *predicate);
void option_filter_list(struct filter_options *filter, const char *option, const char *value, const char *predicate);

/* Adds to the filter what -4 and -6 mean: only one of them leaves out the other family. */
void option_filter_families(struct filter_options *filter, bool ipv4, bool ipv6);

/* The first appends a word of FILTER; the second reads all words together, and adds them to the filter. */
void option_filter_word(struct filter_options *filter, const char *word);
void option_filter_end(struct filter_options *filter);

/* ---- options_check.c ---- */

/* Calls options_fail() at the first option that the command does not know, and names the option nearest to that. */
void options_check(const struct argp *argp, int argc, char **argv);
