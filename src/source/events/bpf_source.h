/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Transitions from the kernel: loads and attaches the BPF programs, empties the ring, and keeps the account of both.
 */
#include "event.h"
#include "kernel_filter.h"
#include "record_event.h"

struct bpf_source;

/* Every transition that passed the push-down is either received or dropped, to the last one: seen == received + dropped
 * once the source is stopped. */
struct bpf_counts {
	uint64_t seen;
	uint64_t received;
	uint64_t dropped;   /* the ring was full */
	uint64_t skipped;   /* for these the kernel did not run the first program (see the BPF side) */
	uint64_t recovered; /* these were told by the second; more than `skipped` where it told some twice */
};

/* The ring, for the other programs that write into it. */
struct bpf_ring {
	int fd;
	uint64_t bytes;
	uint32_t wake_mask;
	bool may_probe; /* they may call bpf_probe_read_kernel(), which a locked-down kernel forbids */
};

/* Loads and attaches: from its return on, every transition is counted. Says on failure what is wrong and what to
 * do, and returns a negative errno. `kernel_filter` is borrowed during the call. `ring_bytes` is a power of two, a page
 * or more. */
int bpf_source_open(const struct kernel_filter *kernel_filter, uint64_t ring_bytes, struct bpf_source **out);
void bpf_source_free(struct bpf_source *source);

/* Borrowed. Its descriptor becomes readable when much has gathered, but not for a little: look at least each 50 ms.
 * Edge-triggered use only. */
const struct bpf_ring *bpf_source_ring(const struct bpf_source *source);

/* Moves what has gathered in the ring into memory (about 256 MiB of it at most), so that the ring does not fill up
 * while something slow goes on. bpf_source_consume() hands that on first. 0, or -ENOBUFS: it has set aside as much as
 * it may, and leaves the ring as it is. */
int bpf_source_set_aside(struct bpf_source *source);

/* The same where the ring is filling up, and no more than about twice its size, or 128 MiB: for whoever is slow
 * with what was handed on. May be called by the handler. */
void bpf_source_relieve(struct bpf_source *source);

/* Hands on what has gathered, in order. `more`: there may be more, and a batch has been handed on. 0, the first error
 * of the handler, or -ENOMEM at the first time. */
int bpf_source_consume(struct bpf_source *source, event_handler *handler, void *context, bool *more);

/* How much was ever written into the ring, and how much of that handed on, in bytes. What is there by now has been
 * taken once the second has reached what the first is now; to wait until nothing is left may be to wait for ever. */
uint64_t bpf_source_written(const struct bpf_source *source);
uint64_t bpf_source_taken(const struct bpf_source *source);

/* Detaches, and waits until the programs that still run have ended; what they wrote is then in the ring. */
void bpf_source_stop(struct bpf_source *source);

struct bpf_counts bpf_source_counts(const struct bpf_source *source);
