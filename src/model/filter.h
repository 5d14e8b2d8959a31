/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * FILTER: which connections a command is about. The part of ss's language that people use, plus shorthands:
 *
 *	state syn-sent          sport = :443       src 10.0.0.0/8      pid 123     comm nginx    uid 33
 *	exclude time-wait       dport != :22       dst [::1]:80        family 4    netns NAME
 *	:443 (either port)      10.0.0.0/8 (either side)
 *	and, or, not, ( ), also as &, |, !; side by side means and
 *
 * A transition is in the states that it leaves and enters. A port or peer that is not known yet gives FILTER_MAYBE.
 */
#include "change.h"
#include "netns_known.h"

struct filter;

enum filter_answer { FILTER_NO, FILTER_MAYBE, FILTER_YES };

/* What the language cannot know by itself. Each returns 0 or a negative errno. */
struct filter_names {
	int (*service)(void *context, const char *name, uint16_t *port);
	/* -ENOENT: there is none, and choice->why says what there is. */
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

/* `filter` may be NULL. */
enum filter_answer filter_ask(const struct filter *filter, const struct change *change);
