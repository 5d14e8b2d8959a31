/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * When to look at the host again, and for what. Pure. Whoever needs a snapshot of something says by when; wishes that
 * fall together are served by one; and of the time only a bounded share goes into looking.
 */
#include <stdbool.h>
#include <stdint.h>

enum { SCHEDULE_SCOPES = 3 };

struct snapshot_schedule {
	uint64_t due_ns[SCHEDULE_SCOPES]; /* of each bit of a scope (SNAPSHOT_…, event.h); 0: not wanted */
	uint64_t rest_until_ns;           /* not before, for the share's sake */
	uint64_t urgent_until_ns;         /* nor before that, even if it is urgent */
	bool urgent;
};

/* Wants a snapshot of `scope` at `at_ns` or soon after. */
void schedule_want(struct snapshot_schedule *schedule, uint8_t scope, uint64_t at_ns);

/* Wants one of everything now, of more than the usual share: what we know is wrong. */
void schedule_want_now(struct snapshot_schedule *schedule, uint64_t now_ns);

/* When the next one is to be taken; 0: none is wanted. */
uint64_t schedule_next_ns(const struct snapshot_schedule *schedule);

/* What it is to be of: what is due by then, or will be shortly. */
uint8_t schedule_scope(const struct snapshot_schedule *schedule, uint64_t now_ns);

/* One of `scope` is being taken: wishes from now on are new ones. */
void schedule_begin(struct snapshot_schedule *schedule, uint8_t scope);

/* It ended at `ended_ns`, and took so much of a processor. */
void schedule_end(struct snapshot_schedule *schedule, uint64_t took_ns, uint64_t ended_ns);
