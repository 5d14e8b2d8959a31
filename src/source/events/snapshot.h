/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A snapshot: the TCP sockets that exist now, in every network namespace of the host, with their holders. There are two
 * sources: the kernel's iterators, whose rows go into the ring of the transitions and so are exact; or /proc, where
 * iterators are not available. A snapshot can last a few hundred milliseconds on a busy host, so it is taken in a
 * thread of its own, which shares nothing with the rest of the program until it is done.
 */
#include "bpf_source.h"

enum snapshot_source { SNAPSHOT_BY_AUTO, SNAPSHOT_BY_ITER, SNAPSHOT_BY_PROC };

/* The kit with which snapshots are taken: the sources that this host offers. */
struct snapshot_kit;

/* Finds out which sources this host offers. With SNAPSHOT_BY_ITER, a host without iterators is an error, which is
 * logged. Returns 0 or a negative errno. */
int snapshot_kit_open(const struct bpf_ring *ring, enum snapshot_source source, struct snapshot_kit **out);
void snapshot_kit_free(struct snapshot_kit *kit);

/* True when the rows come through the ring. */
bool snapshot_kit_is_exact(const struct snapshot_kit *kit);

/* True when the holders of sockets are found without /proc. */
bool snapshot_kit_finds_holders(const struct snapshot_kit *kit);

/* True when snapshots enter other network namespaces, which takes CAP_SYS_ADMIN. */
bool snapshot_kit_enters(const struct snapshot_kit *kit);

struct snapshot;

/* Starts the thread, for a snapshot of `scope` (SNAPSHOT_… of event.h), or of more where the source cannot deliver that
 * part alone. `minis`: the number of minisockets known. When `scope` is only minisockets and the kernel counts no
 * fewer, none has ended, and nothing is read. 0: the minisockets are read in any case, as one may have changed its
 * state. `done_fd`: an eventfd, which becomes readable when the snapshot is done. The descriptor and the kit are
 * borrowed until the snapshot is freed. Returns 0 or a negative errno: -EAGAIN, there may be no more threads. */
int snapshot_start(struct snapshot_kit *kit, uint8_t scope, size_t minis, int done_fd, struct snapshot **out);

/* Hands over the event that begins the snapshot; the rows of an exact one come out of the ring from then on.
 * `began_ns`: the time since which transitions have been gathered. `renewed`: all that was there before is known.
 * Returns 0 or what the handler returned, as do the functions below. */
int snapshot_announce(const struct snapshot *snapshot, uint64_t began_ns, bool renewed, event_handler *handler,
		      void *context);

/* Hands over the rows that did not go through the ring, once the snapshot is done. The ring must be emptied next. */
int snapshot_rows(struct snapshot *snapshot, uint64_t began_ns, event_handler *handler, void *context);

/* Hands over the event that ends the snapshot, and names the parts that were reported completely. Returns 0; or why
 * something is missing: -ENOBUFS, the ring had no room; -ENOENT, /proc is not mounted; what the snapshot was spoilt
 * with; or another error of taking the snapshot. */
int snapshot_end(struct snapshot *snapshot, uint64_t began_ns, event_handler *handler, void *context);

/* Makes the snapshot end early: it no longer waits for room in the ring, nor does it go on to the next namespace. */
void snapshot_abandon(struct snapshot *snapshot);

/* Marks the snapshot as incomplete, since not all that it has shown could be read or kept: `err`, a negative errno,
 * says why. To be called after snapshot_rows(), and before snapshot_end(). */
void snapshot_spoil(struct snapshot *snapshot, int err);

/* True when descriptors or memory ran out, and a network namespace was left out of the snapshot. Known once the
 * snapshot is done. */
bool snapshot_is_partial(const struct snapshot *snapshot);

/* Returns the processor time of the snapshot, once it has ended: of its thread, about as much again for handling its
 * rows, and of its end, for which the whole table is walked. */
uint64_t snapshot_cost_ns(const struct snapshot *snapshot);

/* Stops the thread where it waits for the ring, waits for its end, and frees the snapshot. NULL is fine. */
void snapshot_free(struct snapshot *snapshot);
