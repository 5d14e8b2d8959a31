// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot_schedule.h"

#include "clock.h"
#include "event.h"

/* Seconds of rest after a snapshot that took one second. An urgent snapshot waits less, and URGENT_REST_MAX_NS at most.
 */
enum { REST = 20, URGENT_REST = 3 };
#define URGENT_REST_MAX_NS (500 * NS_PER_MS)

/* A snapshot also serves the wishes that become due within this. */
#define TOGETHER_NS (250 * NS_PER_MS)

/* The delay before a snapshot that could not be had is tried again. */
#define PUT_OFF_NS (500 * NS_PER_MS)

void schedule_want(struct snapshot_schedule *schedule, uint8_t scope, uint64_t at_ns)
{
	for (int bit = 0; bit < SCHEDULE_SCOPES; bit++)
		if (scope & 1 << bit && (!schedule->due_ns[bit] || at_ns < schedule->due_ns[bit]))
			schedule->due_ns[bit] = at_ns;
}

void schedule_want_now(struct snapshot_schedule *schedule, uint64_t now_ns)
{
	schedule_want(schedule, (1 << SCHEDULE_SCOPES) - 1, now_ns);
	schedule->urgent = true;
}

static uint64_t rest_of(const struct snapshot_schedule *schedule, int bit)
{
	if (schedule->urgent)
		return schedule->urgent_until_ns;
	return 1 << bit == SNAPSHOT_MINIS ? schedule->minis_rest_until_ns : schedule->rest_until_ns;
}

uint64_t schedule_next_ns(const struct snapshot_schedule *schedule)
{
	uint64_t next_ns = 0;

	for (int bit = 0; bit < SCHEDULE_SCOPES; bit++) {
		uint64_t due_ns = schedule->due_ns[bit], rest_ns = rest_of(schedule, bit);
		uint64_t at_ns = due_ns && due_ns < rest_ns ? rest_ns : due_ns;

		if (at_ns && (!next_ns || at_ns < next_ns))
			next_ns = at_ns;
	}
	return next_ns;
}

uint8_t schedule_scope(const struct snapshot_schedule *schedule, uint64_t now_ns)
{
	uint8_t scope = 0;

	for (int bit = 0; bit < SCHEDULE_SCOPES; bit++)
		if (schedule->due_ns[bit] && schedule->due_ns[bit] <= now_ns + TOGETHER_NS &&
		    rest_of(schedule, bit) <= now_ns)
			scope |= (uint8_t)(1 << bit);
	return scope;
}

void schedule_begin(struct snapshot_schedule *schedule, uint8_t scope)
{
	for (int bit = 0; bit < SCHEDULE_SCOPES; bit++)
		if (scope & 1 << bit)
			schedule->due_ns[bit] = 0;
	schedule->urgent = false;
}

static uint64_t choose_later(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns > b_ns ? a_ns : b_ns;
}

void schedule_end(struct snapshot_schedule *schedule, uint8_t scope, uint64_t took_ns, uint64_t ended_ns)
{
	uint64_t urgent_ns = URGENT_REST * took_ns, rest_until_ns = ended_ns + REST * took_ns;

	if (scope == SNAPSHOT_MINIS)
		schedule->minis_rest_until_ns = rest_until_ns;
	schedule->rest_until_ns = choose_later(schedule->rest_until_ns, rest_until_ns);
	schedule->urgent_until_ns = ended_ns + (urgent_ns < URGENT_REST_MAX_NS ? urgent_ns : URGENT_REST_MAX_NS);
}

void schedule_put_off(struct snapshot_schedule *schedule, uint8_t scope, uint64_t now_ns)
{
	uint64_t again_ns = now_ns + PUT_OFF_NS;

	schedule_want(schedule, scope, again_ns);
	schedule->rest_until_ns = choose_later(schedule->rest_until_ns, again_ns);
	schedule->minis_rest_until_ns = choose_later(schedule->minis_rest_until_ns, again_ns);
	schedule->urgent_until_ns = choose_later(schedule->urgent_until_ns, again_ns);
}
