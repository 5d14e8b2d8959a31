// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <unistd.h>

#include "live_internal.h"

/* The time that a new socket is given to get its holder. It is less where the filter holds transitions back until the
 * holder is known. */
#define SETTLE_NS (500 * NS_PER_MS)
#define HASTY_NS  (50 * NS_PER_MS)

/* The delay before a snapshot shows whether a connection that was left in FIN_WAIT2 has got its peer's FIN. */
#define ORPHAN_NS (200 * NS_PER_MS)

/*
 * Schedules snapshots for facts that no transition reports:
 * - the FIN of the peer, after close()
 * - the port of a listen() without bind()
 * - the holder of a listener, once its program has forked itself into the background
 * - the process that accepts a connection
 * - the port of a connect that hangs, where the filter asks for the port
 */
static void schedule_for_unknowns(struct live *live, const struct event *event, bool waits)
{
	bool accepted = event->newstate == STATE_SYN_RECV && event->oldstate == STATE_LISTEN;
	uint64_t settled_ns = event->ts_ns + SETTLE_NS;

	if (!live->on_change) /* then a snapshot of everything comes before each printing */
		return;
	if (event->closing && event->closing->lives_on == STATE_FIN_WAIT2)
		schedule_want(&live->schedule, SNAPSHOT_MINIS, event->ts_ns + ORPHAN_NS);
	if (event->newstate == STATE_LISTEN && event->tuple.lport == 0)
		schedule_want(&live->schedule, SNAPSHOT_SOCKETS, settled_ns);
	if (event->newstate == STATE_LISTEN)
		schedule_want(&live->schedule, SNAPSHOT_HOLDERS, settled_ns);
	if (accepted) {
		schedule_want(&live->schedule, SNAPSHOT_HOLDERS, waits ? event->ts_ns + HASTY_NS : settled_ns);
		live->patience_ns = NS_PER_SEC;
	} else if (waits) {
		schedule_want(&live->schedule, SNAPSHOT_SOCKETS, settled_ns);
	}
}

/* Notes an event that there was no memory for: a transition is lost, of a snapshot a part. */
static void note_unapplied(struct live *live, const struct event *event)
{
	if (event->kind == EVENT_TRANSITION)
		live->forgotten++;
	else
		live->starved = true;
}

static int apply_event(struct live *live, const struct event *event)
{
	struct event identified;
	int err;

	live_note_owners(live, event);
	if (!live->identities)
		return table_apply(live->table, event, gate_handle, &live->gate);
	identified = *event;
	live_identify(live, &identified);
	err = table_apply(live->table, &identified, gate_handle, &live->gate);
	live_release_identities(live);
	return err;
}

/* The kernel side lets each connect through until its local port is known. Of a connect that turns out not to be wanted
 * the kernel side reports nothing more, so its connection must be removed from the table here. */
int live_handle_event(void *context, const struct event *event)
{
	struct live *live = context;
	uint64_t waiting = live->gate.waiting;
	bool passes = kernel_filter_passes(live->kernel_filter, &event->tuple, event->newstate);
	int err;

	if (event->kind == EVENT_ROW && !passes)
		return 0;
	err = apply_event(live, event);
	if (err == -ENOMEM) {
		note_unapplied(live, event);
		return 0;
	}
	if (event->kind != EVENT_TRANSITION)
		return err;
	if (!passes)
		table_forget(live->table, event->sk);
	schedule_for_unknowns(live, event, live->gate.waiting != waiting);
	return err;
}

/* ---- losses ---- */

static void announce_gap(struct live *live, uint64_t lost, enum gap_reason reason, uint64_t now_ns)
{
	const struct gap gap = {.lost = lost, .from_ns = live->counted_ns, .to_ns = now_ns, .reason = reason};

	if (!lost)
		return;
	live->on_gap(live->context, &gap);
	live->out_of_step = true;
	schedule_want_now(&live->schedule, now_ns);
}

/* Returns how many transitions were skipped, and not caught by the second program either. That program catches a
 * transition shortly after it was skipped. So the number that had been skipped when the counters were last read is
 * used, and the result only grows. */
static uint64_t count_missed(const struct live *live, const struct bpf_counts *counts)
{
	uint64_t caught = counts->recovered - table_repeats(live->table);
	uint64_t skipped = live->counts.skipped;
	uint64_t missed = skipped > caught ? skipped - caught : 0;

	return missed > live->missed ? missed : live->missed;
}

void live_count_losses(struct live *live)
{
	struct bpf_counts counts = bpf_source_counts(live->source);
	uint64_t now_ns = clock_monotonic_ns(), missed = count_missed(live, &counts);

	announce_gap(live, counts.dropped - live->counts.dropped, GAP_RING_FULL, now_ns);
	announce_gap(live, missed - live->missed, GAP_SKIPPED, now_ns);
	announce_gap(live, live->forgotten - live->forgotten_before, GAP_NO_MEMORY, now_ns);
	live->forgotten_before = live->forgotten;
	if (table_strangers(live->table) != live->strangers)
		schedule_want(&live->schedule, SCOPE_ALL, now_ns + SETTLE_NS);
	live->strangers = table_strangers(live->table);
	live->missed = missed;
	live->counts = counts;
	live->counted_ns = now_ns;
}

int live_consume(struct live *live)
{
	int err;

	wall_clock_refresh(&live->clock, clock_monotonic_ns());
	err = bpf_source_consume(live->source, live_handle_event, live, &live->more);
	if (!err)
		live_count_losses(live);
	return err;
}

/* A record that is not written to its end blocks all records after it, for as long as the program that writes it is
 * kept from running. */
enum { STUCK_TRIES = 500, STUCK_PAUSE_US = 200 };

int live_consume_all(struct live *live)
{
	uint64_t end = bpf_source_written(live->source), taken = bpf_source_taken(live->source), before;
	int err, idle = 0;

	do {
		before = taken;
		err = live_consume(live);
		taken = bpf_source_taken(live->source);
		idle = taken == before ? idle + 1 : 0;
		if (idle == STUCK_TRIES && taken < end)
			return -EAGAIN;
		if (idle && taken < end)
			usleep(STUCK_PAUSE_US);
	} while (!err && taken < end);
	return err;
}
