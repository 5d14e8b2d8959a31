/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The numbers of sockets, by protocol, family and state.
 */
#include "clock.h"
#include "output.h"
#include "socket.h"

struct list_totals {
	uint64_t ipv4[PROTOCOL_COUNT][STATE_COUNT]; /* unix sockets are counted here, too */
	uint64_t ipv6[PROTOCOL_COUNT][STATE_COUNT];
};

void list_totals_add(struct list_totals *totals, const struct socket *socket);

/* Puts a table: for each protocol that has sockets the numbers in all, of each family, and in each state that there
 * is. */
void list_totals_text(const struct list_totals *totals, bool heading, struct output *output);

/* Puts a line of JSON of the type "total" for each protocol, family and state that there is. */
void list_totals_json(const struct list_totals *totals, const struct wall_clock *clock, uint64_t now_ns,
		      struct output *output);
