/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The TCP sockets that are there now, in every network namespace of the host, with their holders. Two ways: by the
 * kernel's iterators, whose rows go into the ring of the transitions and so are exact; or from /proc, where iterators
 * are not to be had. Taking it can last a few hundred milliseconds on a busy host, so it is taken in a thread of its
 * own, which shares nothing with the rest until it is done.
 */
#include "bpf_source.h"

enum snapshot_source { SNAPSHOT_BY_AUTO, SNAPSHOT_BY_ITER, SNAPSHOT_BY_PROC };

/* What snapshots are taken with. */
struct snapshot_kit;

/* Finds out what this host has. With SNAPSHOT_BY_ITER, a host without it is an error, which is logged. 0 or a negative
 * errno. */
int snapshot_kit_open(const struct bpf_ring *ring, enum snapshot_source source, struct snapshot_kit **out);
void snapshot_kit_free(struct snapshot_kit *kit);

/* The rows come through the ring. */
bool snapshot_kit_is_exact(const struct snapshot_kit *kit);

/* It finds the holders of sockets without looking into /proc. */
bool snapshot_kit_finds_holders(const struct snapshot_kit *kit);

/* It enters other network namespaces, which takes CAP_SYS_ADMIN. */
bool snapshot_kit_enters(const struct snapshot_kit *kit);

struct snapshot;

/* Starts the thread, for a snapshot of `scope` (SNAPSHOT_… of event.h), or more where that is not to be had apart.
 * `minis`: so many minisockets are known; when only they are asked for and the kernel counts as many, none has ended
 * (0: look in any case; one may have changed its state). The kit is borrowed until the snapshot is freed. 0 or a
 * negative errno. */
int snapshot_start(struct snapshot_kit *kit, uint8_t scope, size_t minis, struct snapshot **out);

/* Becomes readable when it is done. Borrowed. */
int snapshot_fd(const struct snapshot *snapshot);

/* The event that begins it; an exact one's rows come out of the ring from then on. `began_ns`: since when
 * transitions have been gathered. Here as below: what the handler returned, or 0. */
int snapshot_announce(const struct snapshot *snapshot, uint64_t began_ns, event_handler *handler, void *context);

/* Once done: the rows that did not go through the ring. Then the ring is to be emptied. Also returns the error of
 * taking it. */
int snapshot_rows(struct snapshot *snapshot, uint64_t began_ns, event_handler *handler, void *context);

/* The event that ends it, which says what was told to the last one. -ENOBUFS: not all, because the ring had no room,
 * or because it was spoilt. */
int snapshot_end(const struct snapshot *snapshot, uint64_t began_ns, event_handler *handler, void *context);

/* It is to come to an end: not to wait for room in the ring, nor go on to the next namespace. */
void snapshot_abandon(struct snapshot *snapshot);

/* After its rows, before its end: not all that it has put into the ring can be read. */
void snapshot_spoil(struct snapshot *snapshot);

/* Once done: the time of a processor that it took the thread; taking what it tells takes about as much again. */
uint64_t snapshot_cost_ns(const struct snapshot *snapshot);

/* Waits for the thread, and stops it where it waits for the ring. NULL is fine. */
void snapshot_free(struct snapshot *snapshot);
