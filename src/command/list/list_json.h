/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Sockets, as lines of JSON of the type "socket". The fields have the same names as those of the live table's sockets;
 * some are known only to `list`.
 */
#include "clock.h"
#include "netns_view.h"
#include "output.h"
#include "socket_namer.h"

struct list_json;

struct list_json_style {
	bool details;   /* who the holders are */
	bool internals; /* TCP's internals, where the kernel reports them */
	bool age;       /* how long each socket has existed at least */
};

/* All pointers are borrowed. NULL when memory is short. */
struct list_json *list_json_new(struct output *output, const struct wall_clock *clock, const struct socket_namer *namer,
				const struct netns_view *netns, struct list_json_style style);
void list_json_free(struct list_json *json);

/* Puts a line for each row. `now_ns`: CLOCK_MONOTONIC. */
void list_json_put(struct list_json *json, const struct socket *rows, size_t count, uint64_t now_ns);
