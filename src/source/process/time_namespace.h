/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The time namespace of this process. BPF programs know no time namespace: bpf_ktime_get_ns() is the host's
 * CLOCK_MONOTONIC. In a time namespace clock_gettime() adds an offset, which may be negative (time_namespaces(7)).
 */
#include <stdbool.h>
#include <stdint.h>

/* What this process's clocks show more than the host's. Both are 0 in the host's time namespace, and where the kernel
 * has no time namespaces. */
struct time_offsets {
	int64_t monotonic_ns;
	int64_t boottime_ns;
	bool known; /* false: there are offsets that /proc does not show */
};

struct time_offsets time_namespace_offsets(void);

/* ---- for the tests ---- */

/* Parses the text of /proc/self/timens_offsets: "monotonic  100000  0\nboottime  -3 500000000\n". A line that is not
 * understood leaves its offset at 0. */
struct time_offsets time_offsets_of(const char *text);
