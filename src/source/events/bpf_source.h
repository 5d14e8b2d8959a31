/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Transitions from the kernel: loads and attaches the BPF programs, empties the ring, and keeps the counts of both.
 */
#include "event.h"
#include "kernel_filter.h"
#include "record_event.h"

struct bpf_source;

/* Every single transition that passed the kernel filter is either received or dropped: seen == received + dropped once
 * the source is stopped. */
struct bpf_counts {
	uint64_t seen;
	uint64_t received;
	uint64_t dropped;   /* lost because the ring was full */
	uint64_t skipped;   /* the kernel did not run the first program for these (see bpf/transition.bpf.c) */
	uint64_t recovered; /* reported by the second program; more than `skipped` where it repeated some */
};

/* The ring, for the other BPF programs that write into it. */
struct bpf_ring {
	int fd;
	uint64_t bytes;
	uint32_t wake_mask;
	bool may_probe;          /* programs may call bpf_probe_read_kernel(), which a locked-down kernel forbids */
	uint32_t pid_namespace;  /* in which processes are numbered; 0: the first */
	int64_t clock_offset_ns; /* see bpf/ring.h */
};

/* Loads and attaches the programs: once this has returned, every transition is counted. On failure logs what is wrong
 * and what to do, and returns a negative errno. `kernel_filter` is borrowed during the call. `ring_bytes` is a power of
 * two, a page or more. */
int bpf_source_open(const struct kernel_filter *kernel_filter, uint64_t ring_bytes, struct bpf_source **out);
void bpf_source_free(struct bpf_source *source);

/* Returns the ring, borrowed. Its descriptor becomes readable when much has gathered, but not for a little: consume at
 * least every 50 ms, or sleep by bpf_source_sleep(). For edge-triggered use only. */
const struct bpf_ring *bpf_source_ring(const struct bpf_source *source);

/* Lets the caller sleep: the next record makes the ring's descriptor readable. False: there are records already, to be
 * consumed first. bpf_source_wake() after the sleep, whatever ended it. */
bool bpf_source_sleep(struct bpf_source *source);
void bpf_source_wake(struct bpf_source *source);

/* Moves what has gathered in the ring into memory (about 256 MiB at most), so that the ring does not fill up during
 * something slow. bpf_source_consume() hands these records on first. Returns 0, or -ENOBUFS: as much is set aside as
 * allowed, and the ring is left as it is. */
int bpf_source_set_aside(struct bpf_source *source);

/* Does the same, but only where the ring is filling up, and sets aside no more than about twice the ring's size, or
 * 128 MiB. For callers that are slow with what was handed on; the handler may call it. */
void bpf_source_relieve(struct bpf_source *source);

/* Hands on what has gathered, in order. *more: a whole batch has been handed on, and there may be more. Returns 0, the
 * first error of the handler, or libbpf's. Also -ENOMEM, but on the first call only: some memory is kept from then on.
 */
int bpf_source_consume(struct bpf_source *source, event_handler *handler, void *context, bool *more);

/* Bytes ever written into the ring, and bytes of these that were handed on. What is in the ring now has been handed on
 * once `taken` reaches the present value of `written`; a wait until nothing is left may never end. */
uint64_t bpf_source_written(const struct bpf_source *source);
uint64_t bpf_source_taken(const struct bpf_source *source);

/* Detaches, and waits until the programs that are still running have ended; their records are then in the ring. */
void bpf_source_stop(struct bpf_source *source);

struct bpf_counts bpf_source_counts(const struct bpf_source *source);
