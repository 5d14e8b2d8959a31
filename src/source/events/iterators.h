/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The kernel's iterators over sockets and over descriptors, told into the ring of the transitions.
 */
#include <stdatomic.h>

#include "bpf_source.h"

struct iterators;

/* 0, or a negative errno: this kernel does not have them, or does not allow them. `sockets`: false where only those
 * over descriptors are wanted. */
int iterators_open(const struct bpf_ring *ring, bool sockets, struct iterators **out);
void iterators_free(struct iterators *iterators); /* NULL is fine */

/* Each goes over all there is, waiting for room in the ring as long as `stop` is false and some is made. The sockets
 * are those of the network namespace that the calling thread is in; the descriptors are everybody's. 0, or a negative
 * errno: -ENOBUFS: there was no room, and something is missing. */
int iterators_sockets(struct iterators *iterators, bool minis_only, const atomic_bool *stop);
int iterators_descriptors(struct iterators *iterators, const atomic_bool *stop);
