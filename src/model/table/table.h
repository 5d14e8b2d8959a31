/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The live connection table. Pure: events go in, changes come out; it reads no clock and does no I/O.
 *
 * A connection is known by the address of its struct sock, but only between a birth and a death, since the kernel
 * uses addresses again within microseconds. A socket found in a snapshot without an address is known by its tuple
 * until the first event that fits it supplies the address. Connections that the kernel keeps without a socket
 * (TIME_WAIT, FIN_WAIT2 after close(), SYN_RECV before the handshake is done) are known by their tuple.
 *
 * A snapshot is an event that begins it, rows and holders in any order, and an event that ends it. The ts_ns of the end
 * is the time at which the reading began: a connection heard of since then is not gone.
 */
#include "change.h"

struct table;

struct table *table_new(void); /* NULL when index_init() fails, or memory is short */
void table_free(struct table *table);

/* Applies an event, and hands 0, 1 or more changes to `handler`, which may be NULL. 0, or -ENOMEM: a transition was not
 * applied at all, a row or a holder not completely. */
int table_apply(struct table *table, const struct event *event, change_handler *handler, void *context);

/* Drops the connection of this address, if there is one, without a change: no more events of it will come. */
void table_forget(struct table *table, uint64_t sk);

/* Number of transitions that had been reported already (event.again). */
uint64_t table_repeats(const struct table *table);

/* Number of transitions of unknown sockets that a snapshot should have shown: their earlier events were lost. */
uint64_t table_strangers(const struct table *table);

/* Number of connections in ESTABLISHED or CLOSE_WAIT without a holder in the last scan: they wait to be accepted. */
size_t table_unheld(const struct table *table);

/* Number of connections in doubt: the last snapshot of their kind did not show them. Another one must miss them too
 * before they are gone. */
size_t table_doubtful(const struct table *table);

/* Number of connections that were found late, and of which no line tells yet: another snapshot of everything must show
 * them too. */
size_t table_untold(const struct table *table);

/* True when memory was too short to join the last snapshot with the transitions since: it must be taken again. */
bool table_starved(const struct table *table);

size_t table_count(const struct table *table);

/* Number of minisockets in a state: TIME_WAIT, FIN_WAIT2, or SYN_RECV. */
size_t table_minis(const struct table *table, uint8_t state);

/* Visit every connection, or every minisocket, in no order. The table must not change meanwhile. Where all snapshots
 * are exact, the second one passes over none of the connections that have a socket, but listeners. */
void table_each(const struct table *table, void (*visit)(void *context, struct connection *conn), void *context);
void table_each_mini(const struct table *table, void (*visit)(void *context, struct connection *conn), void *context);
