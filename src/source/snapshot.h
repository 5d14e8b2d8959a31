/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The TCP sockets that are there now, in every network namespace of the host, with their holders, from /proc. Taking it
 * can last a few hundred milliseconds on a busy host, so it is taken in a thread of its own, which shares nothing
 * with the rest until it is done.
 */
#include "event.h"

struct snapshot;

/* Starts the thread. 0 or a negative errno. */
int snapshot_start(struct snapshot **out);

/* Becomes readable when it is done. Borrowed. */
int snapshot_fd(const struct snapshot *snapshot);

typedef int event_handler(void *context, const struct event *event);

/* Once done: hands on a snapshot-begin event, a row for each socket, and a snapshot-end event that names the namespaces
 * that could be read whole. `began_ns`: since when events have been gathered. Returns the first error, of taking it or
 * of the handler. */
int snapshot_replay(struct snapshot *snapshot, uint64_t began_ns, event_handler *handler, void *context);

/* Waits for the thread. NULL is fine. */
void snapshot_free(struct snapshot *snapshot);
