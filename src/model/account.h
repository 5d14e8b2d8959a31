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
	uint64_t healed; /* lines told for transitions that were not reported */
	bool incomplete; /* the last snapshot was not received in whole */
};

enum gap_reason {
	GAP_RING_FULL, /* transitions came faster than they were taken out of the ring */
	GAP_SKIPPED,   /* the kernel did not run the BPF program for the transitions */
};

/* Transitions that were lost, at some time between from_ns and to_ns (CLOCK_MONOTONIC). */
struct gap {
	uint64_t lost;
	uint64_t from_ns, to_ns;
	enum gap_reason reason;
};
