/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Sockets as text, in ss's columns: Netid State Recv-Q Send-Q, with several network namespaces NETNS, then both
 * endpoints, and what other options ask for.
 */
#include "clock.h"
#include "netns_view.h"
#include "output.h"
#include "socket_namer.h"

struct list_style {
	bool color;
	bool heading;
	bool owners;    /* the column Process */
	bool timers;    /* the timer that runs, and when it fires */
	bool details;   /* user, inode, cookie, control group, who holds it */
	bool internals; /* of TCP */
	bool one_line;  /* the internals do not get a line of their own */
	bool netns;     /* the column NETNS */
	bool age;       /* the column IN-STATE */
};

struct list_text;

/* All pointers are borrowed. NULL when memory is short. */
struct list_text *list_text_new(struct output *output, const struct list_style *style, const struct socket_namer *namer,
				const struct netns_view *netns);
void list_text_free(struct list_text *text);

/* Puts the rows. The columns are as wide as these rows need, and no narrower than those before. The first call prints
 * the heading, also for no rows. `now_ns`: CLOCK_MONOTONIC. */
void list_text_put(struct list_text *text, const struct socket *rows, size_t count, uint64_t now_ns);

/* Begins a new listing: the next rows get a heading, and columns of their own width. */
void list_text_restart(struct list_text *text, bool shows_netns);
