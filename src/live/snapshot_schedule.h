/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * When to take the next snapshot, and of what scope. Pure. Each wish for a snapshot says of what and when. Wishes that
 * fall together are served by one snapshot. After a snapshot comes a rest, twenty times as long as the snapshot took.
 * A snapshot of minisockets alone waits only for the rest after others like it: on a host with many sockets it costs a
 * hundredth of a snapshot of everything. An urgent snapshot comes earlier: after three times as long, or half a second
 * if that is less.
 */
#include <stdbool.h>
#include <stdint.h>

enum { SCHEDULE_SCOPES = 3 };

struct snapshot_schedule {
	uint64_t due_ns[SCHEDULE_SCOPES]; /* of each bit of a scope (SNAPSHOT_…, event.h); 0: not wanted */
	uint64_t rest_until_ns;           /* no snapshot before this, but an urgent one, or one of minisockets alone */
	uint64_t minis_rest_until_ns;     /* no snapshot of minisockets alone before this, but an urgent one */
	uint64_t urgent_until_ns;         /* not even an urgent one before this */
	bool urgent;
};

/* Wants a snapshot of `scope` at `at_ns` or soon after. */
void schedule_want(struct snapshot_schedule *schedule, uint8_t scope, uint64_t at_ns);

/* Wants an urgent snapshot, of everything: the table is known to be wrong. */
void schedule_want_now(struct snapshot_schedule *schedule, uint64_t now_ns);

/* Returns when the next snapshot is to be taken; 0: none is wanted. */
uint64_t schedule_next_ns(const struct snapshot_schedule *schedule);

/* Returns the scope of a snapshot at `now_ns`: all that is due by then, or will be shortly. */
uint8_t schedule_scope(const struct snapshot_schedule *schedule, uint64_t now_ns);

/* A snapshot of `scope` begins: wishes from now on are new ones. */
void schedule_begin(struct snapshot_schedule *schedule, uint8_t scope);

/* The snapshot could not be taken, though the host allows it at other times. It is wanted again, half a second later.
 */
void schedule_put_off(struct snapshot_schedule *schedule, uint8_t scope, uint64_t now_ns);

/* A snapshot of `scope` ended at `ended_ns`, and took `took_ns` of processor time. */
void schedule_end(struct snapshot_schedule *schedule, uint8_t scope, uint64_t took_ns, uint64_t ended_ns);
