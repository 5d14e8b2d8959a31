/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The kernel's iterators over sockets and over descriptors, which write into the ring of the transitions.
 */
#include <stdatomic.h>

#include "bpf_source.h"
#include "ring_holders.h"

struct iterators;

/* Loads and attaches the iterators. Returns 0, or a negative errno where this kernel lacks them, or does not allow
 * them. `sockets`: false where only the iterator over descriptors is wanted. */
int iterators_open(const struct bpf_ring *ring, bool sockets, struct iterators **out);
void iterators_free(struct iterators *iterators); /* NULL is fine */

/* Write all sockets, or all descriptors of sockets, into the ring, and wait for room in it as long as `stop` is false
 * and room is being made. The sockets are those of the calling thread's network namespace; the descriptors are those of
 * all processes, and those of io_urings are added to *rings. Return 0 or a negative errno: -ENOBUFS: the ring had no
 * room, and something is missing. */
int iterators_sockets(struct iterators *iterators, bool minis_only, const atomic_bool *stop);
int iterators_descriptors(struct iterators *iterators, const atomic_bool *stop, struct ring_holders *rings);
