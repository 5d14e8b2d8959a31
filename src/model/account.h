/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The account of a trace: how many transitions there were, and how many of them were lost, when and why.
 */
#include <stdbool.h>
#include <stdint.h>

/* The account, so far or at the end. */
struct summary {
	uint64_t seen, received, dropped, missed, resyncs;
	uint64_t healed;    /* lines told for transitions that were not reported */
	uint64_t put_off;   /* snapshots that could not be taken when they were due */
	uint64_t forgotten; /* of those dropped: for want of memory */
	bool incomplete;    /* not all that is there is known: the last snapshot lacked something, or is put off */
};

enum gap_reason {
	GAP_RING_FULL, /* transitions came faster than they were taken out of the ring */
	GAP_SKIPPED,   /* the kernel did not run the BPF program for the transitions */
	GAP_NO_MEMORY, /* there was no memory for their connections */
};

/* Transitions that were lost, at some time between from_ns and to_ns (CLOCK_MONOTONIC). */
struct gap {
	uint64_t lost;
	uint64_t from_ns, to_ns;
	enum gap_reason reason;
};

/* Returns "ring_full", the name of a reason in JSON. */
const char *gap_reason_name(enum gap_reason reason);

/* Returns "the buffer was full": what follows "because". */
const char *gap_reason_text(enum gap_reason reason);
