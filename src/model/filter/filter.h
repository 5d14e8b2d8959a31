/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * FILTER selects the connections that a command is about. Its language is the part of ss's language that people use,
 * plus shorthands:
 *
 *	state syn-sent          sport = :443       src 10.0.0.0/8      pid 123     comm nginx    uid 33
 *	exclude time-wait       dport != :22       dst [::1]:80        family 4    netns NAME
 *	:443 (either port)      10.0.0.0/8 (either side)   dev eth0    [fe80::1]%eth0:80
 *	src /run/x.sock (a unix socket)
 *	unit nginx.service      container docker:0123456789ab    exe /usr/sbin/nginx    pcomm systemd
 *	and, or, not, ( ), also as &, |, !
 *
 * `and` binds closer than `or`. Terms side by side mean `and`, but `state` terms side by side mean `or`.
 * A transition is in both states: the one that it leaves and the one that it enters. A test of a port or peer that is
 * not known yet gives FILTER_MAYBE. Of a process, only what is known matches: the identity where the caller has
 * looked it up (TOPIC_IDENTITY).
 */
#include "change.h"
#include "interface_names.h"
#include "netns_known.h"

struct filter;

enum filter_answer { FILTER_NO, FILTER_MAYBE, FILTER_YES };

enum { SERVICE_NAME_SIZE = 64, SERVICE_PORTS_MAX = 32 };

/* The ports of a service: mostly one, but a name may stand for one port of TCP and another of UDP. */
struct service_ports {
	size_t count;
	struct {
		uint16_t port;
		uint32_t protocols; /* a set: 1 << enum protocol */
	} all[SERVICE_PORTS_MAX];
};

/* Looks up names that the language does not know by itself, as they were typed (escape.h). service(), user() and
 * netns() return 0 or a negative errno. */
struct filter_names {
	/* -ENOENT: there is no such service; -E2BIG: it has too many ports. */
	int (*service)(void *context, const char *name, struct service_ports *ports);
	int (*user)(void *context, const char *name, uint32_t *uid); /* may be NULL */
	bool has_unix_sockets; /* the filter is asked about unix sockets too: their paths are understood */
	/* Writes the service that may have been meant into `out`: hostile text. False: there is none. May be NULL. */
	bool (*near_service)(void *context, const char *name, char out[SERVICE_NAME_SIZE]);
	/* -ENOENT: no namespace has that name; -ENOTUNIQ: several have. Then choice->why says which ones there are. */
	int (*netns)(void *context, const char *name, struct netns_choice *choice);
	/* To know interfaces by name; NULL: they are known by index. Borrowed, as long as the filter lives. */
	const struct interface_finder *interfaces;
	/* Warns of a name that no interface has. May be NULL. */
	void (*check_interface)(void *context, const char *name);
	void *context;
};

struct filter_error {
	size_t at; /* offset into the text */
	char message[NETNS_WHY_SIZE];
};

enum { FILTER_TEXT_MAX = 4096 }; /* characters that filter_parse() takes */

/* Parses the words of a command line into *out, which the caller frees: `length` bytes at `words`, with a NUL between
 * two words and one behind all. Words that do not hold anything give NULL, the filter that passes everything. Returns
 * 0, -EINVAL with *error filled in, or -ENOMEM. A word is read as any part of the language, but is one name whole:
 *
 * - after comm, pcomm, unit, container, exe, uid and netns, whatever is in it; and so is a path after src and dst;
 * - where it holds a space, and nothing of the language: no word or sign of it, no quote, address or port. */
int filter_parse_words(const char *words, size_t length, const struct filter_names *names, struct filter **out,
		       struct filter_error *error);

/* Does the same with one word. */
int filter_parse(const char *text, const struct filter_names *names, struct filter **out, struct filter_error *error);

/* Makes the filter that passes what both pass, and takes ownership of both. Each may be NULL (everything passes).
 * Returns NULL when both are NULL, or, with *err = -ENOMEM, when memory is short. */
struct filter *filter_and(struct filter *a, struct filter *b, int *err);
void filter_free(struct filter *filter);

/* The connection or socket that a filter is asked about. Pointers are borrowed. */
struct filter_subject {
	const struct tuple *tuple; /* its netns is valid also where `has_endpoints` is false */
	bool has_endpoints;        /* false: a unix socket, which matches no address and no port */
	bool lacks_lport;          /* the local port is not chosen yet */
	bool lacks_peer;           /* the peer is not known yet */
	bool owner_is_open;        /* another process may turn out to hold it */
	uint32_t states;           /* bits (1 << state) */
	uint32_t uid;              /* or UID_UNKNOWN */
	uint64_t ts_ns;            /* CLOCK_MONOTONIC, not later than now; 0: now */
	const struct owner *owner; /* NULL: only `owners` count */
	const struct owner *owners;
	size_t owner_count;
	const char *path; /* of a unix socket, as it is shown; NULL: none */
};

/* Asks the filter about a subject, or about a change. `filter` may be NULL: everything passes. */
enum filter_answer filter_ask_about(const struct filter *filter, const struct filter_subject *subject);
enum filter_answer filter_ask(const struct filter *filter, const struct change *change);

/* Aspects that a filter may test. */
enum filter_topic {
	TOPIC_STATE = 1 << 0,
	TOPIC_OWNER = 1 << 1,
	TOPIC_NETNS = 1 << 2,
	TOPIC_USER = 1 << 3,
	TOPIC_INTERFACE = 1 << 4,
	TOPIC_IDENTITY = 1 << 5, /* of owners: always with TOPIC_OWNER */
};

/* The set (TOPIC_…) of the aspects that `filter` tests. */
uint32_t filter_topics(const struct filter *filter);

/* Calls the handler for each process that the filter asks for, by its number or by a pattern for its name (then `pid`
 * is 0; name_glob.h), but for those that it leaves out. */
typedef void filter_process_handler(void *context, uint32_t pid, const char *pattern);
void filter_each_process(const struct filter *filter, filter_process_handler *handler, void *context);

/* True if anything in that network namespace may pass. */
bool filter_may_pass_in(const struct filter *filter, uint32_t netns);

/* The set (1 << state) of the states in which something may pass. It may be too large, never too small. */
uint32_t filter_states(const struct filter *filter);
