/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Two clocks, monotonic and wall. Intervals are differences of monotonic times, as the kernel's events carry them. A
 * person reads wall-clock times: monotonic times plus an offset that is measured again each second. So a step of the
 * wall clock moves the times printed from then on, and bends no interval.
 */
#include <stddef.h>
#include <stdint.h>

#define NS_PER_SEC 1000000000ULL
#define NS_PER_MS  1000000ULL
#define NS_PER_US  1000ULL

uint64_t clock_monotonic_ns(void);

/* CPU time of the calling thread, and of all threads of this process. */
uint64_t clock_thread_ns(void);
uint64_t clock_process_ns(void);

struct wall_clock {
	int64_t offset_ns;    /* wall minus monotonic */
	uint64_t measured_ns; /* monotonic time of the last measurement; 0: never */
};

/* Measures the offset if the last measurement is a second old, or if there was none. */
void wall_clock_refresh(struct wall_clock *clock, uint64_t monotonic_ns);

/* Unix time in nanoseconds. */
uint64_t wall_clock_at(const struct wall_clock *clock, uint64_t monotonic_ns);
