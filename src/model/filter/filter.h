/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * FILTER: which connections a command is about. The part of ss's language that people use, plus shorthands:
 *
 *	state syn-sent          sport = :443       src 10.0.0.0/8      pid 123     comm nginx    uid 33
 *	exclude time-wait       dport != :22       dst [::1]:80        family 4    netns NAME
 *	:443 (either port)      10.0.0.0/8 (either side)
 *	and, or, not, ( ), also as &, |, !; `and` binds closer than `or`; side by side means and, but of states either
 *
 * A transition is in the states that it leaves and enters. A port or peer that is not known yet gives FILTER_MAYBE.
 */
#include "change.h"
#include "netns_known.h"

struct filter;

enum filter_answer { FILTER_NO, FILTER_MAYBE, FILTER_YES };

/* What the language cannot know by itself. Each returns 0 or a negative errno. */
enum { SERVICE_NAME_SIZE = 64 };

struct filter_names {
	int (*service)(void *context, const char *name, uint16_t *port);
	/* One that may have been meant, into `out`: hostile text. May be NULL. */
	bool (*near_service)(void *context, const char *name, char out[SERVICE_NAME_SIZE]);
	/* -ENOENT: there is none, or -ENOTUNIQ: several; and choice->why says what there is. */
	int (*netns)(void *context, const char *name, struct netns_choice *choice);
	void *context;
};

struct filter_error {
	size_t at; /* offset into the text */
	char message[NETNS_WHY_SIZE];
};

/* The caller frees *out. An empty text is the filter that lets everything pass. 0, -EINVAL with *error filled
 * in, or -ENOMEM. */
int filter_parse(const char *text, const struct filter_names *names, struct filter **out, struct filter_error *error);

/* What passes both. Takes both, which may be NULL (everything passes). NULL when both are, or (*err = -ENOMEM) when
 * memory is short. */
struct filter *filter_and(struct filter *a, struct filter *b, int *err);
void filter_free(struct filter *filter);

/* What a filter is asked about. Pointers are borrowed. */
struct filter_subject {
	const struct tuple *tuple; /* its namespace counts also where `has_endpoints` is false */
	bool has_endpoints;        /* false: a unix socket, which no address and no port fits */
	bool lacks_lport;          /* the local port is not chosen yet */
	bool lacks_peer;           /* the peer is not known yet */
	bool owner_is_open;        /* who holds it may turn out to be another */
	uint32_t states;           /* bits (1 << state) */
	uint32_t uid;              /* or UID_UNKNOWN */
	const struct owner *owner; /* NULL: none that counts beside `owners` */
	const struct owner *owners;
	size_t owner_count;
};

/* `filter` may be NULL. */
enum filter_answer filter_ask_about(const struct filter *filter, const struct filter_subject *subject);
enum filter_answer filter_ask(const struct filter *filter, const struct change *change);

/* What a filter may say something of. */
enum filter_topic { TOPIC_STATE = 1 << 0, TOPIC_OWNER = 1 << 1, TOPIC_NETNS = 1 << 2, TOPIC_USER = 1 << 3 };

/* The set of those that it does. */
uint32_t filter_topics(const struct filter *filter);

/* Whether anything in that network namespace may pass. */
bool filter_may_pass_in(const struct filter *filter, uint32_t netns);

/* The states (1 << state) of which something may pass: a superset. */
uint32_t filter_states(const struct filter *filter);
