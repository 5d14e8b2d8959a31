// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "clock.h"

#include <time.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_thread_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t clock_process_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

/* Measures the wall clock minus the monotonic one. Of a few measurements the quickest is the nearest to the truth: the
 * thread may be preempted between reading the two clocks. */
static int64_t measure_offset(void)
{
	uint64_t shortest = UINT64_MAX;
	int64_t offset = 0;

	for (int i = 0; i < 3; i++) {
		uint64_t before = read_clock(CLOCK_MONOTONIC);
		uint64_t wall = read_clock(CLOCK_REALTIME);
		uint64_t after = read_clock(CLOCK_MONOTONIC);

		if (after - before < shortest) {
			shortest = after - before;
			offset = (int64_t)(wall - before - (after - before) / 2);
		}
	}
	return offset;
}

void wall_clock_refresh(struct wall_clock *clock, uint64_t monotonic_ns)
{
	if (clock->measured_ns && monotonic_ns - clock->measured_ns < NS_PER_SEC)
		return;
	clock->offset_ns = measure_offset();
	clock->measured_ns = monotonic_ns;
}

uint64_t wall_clock_at(const struct wall_clock *clock, uint64_t monotonic_ns)
{
	return monotonic_ns + (uint64_t)clock->offset_ns;
}
