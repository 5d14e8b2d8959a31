/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The live connection table. Pure: events go in, changes come out; it reads no clock and does no I/O.
 *
 * A connection is known by the address of its struct sock, and only between a birth and a death, since the kernel
 * uses addresses again within microseconds. A socket found in a snapshot without an address is known by its tuple
 * until the first event that fits it gives it one. What the kernel keeps without a socket (TIME_WAIT, FIN_WAIT2 after
 * close(), SYN_RECV before the handshake is done) is known by its tuple.
 *
 * A snapshot is an event that begins it, rows and holders in any order, and an event that ends it. What an end says of
 * earlier times, ts_ns, is when its reading began: all that was heard of since is there.
 */
#include "change.h"

struct table;

struct table *table_new(void); /* NULL when index_init() fails, or memory is short */
void table_free(struct table *table);

/* Hands 0, 1 or more changes to `handler`, which may be NULL. 0, or -ENOMEM: the event was not taken in whole. */
int table_apply(struct table *table, const struct event *event, change_handler *handler, void *context);

/* Drops the connection of this address, if there is one, without a change: nothing more will be heard of it. */
void table_forget(struct table *table, uint64_t sk);

/* How many transitions came that had been told already (event.again). */
uint64_t table_repeats(const struct table *table);

/* How many transitions came of sockets that a snapshot should have known: what brought them there was lost. */
uint64_t table_strangers(const struct table *table);

/* How many established connections nobody held at the last look: they wait to be accepted. */
size_t table_unheld(const struct table *table);

/* How many the last snapshot did not show that another one must miss too before they are gone. */
size_t table_doubtful(const struct table *table);

size_t table_count(const struct table *table);

/* Every connection, in no order. The table must not change meanwhile. */
void table_each(const struct table *table, void (*visit)(void *context, struct connection *conn), void *context);
