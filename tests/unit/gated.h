/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A table whose changes go through a gate.
 */
#include "events.h"
#include "gate.h"

enum { PID_CLIENT = 100, PID_SERVER = 200, PID_WORKER = 201 };

struct gated {
	struct bench bench; /* the recorder of `bench` is behind the gate */
	struct gate gate;
	struct filter *filter;
};

static inline void open_gate(struct gated *gated, const char *text)
{
	struct filter_error error = {.message = ""};

	memset(gated, 0, sizeof(*gated));
	if (filter_parse(text, NULL, &gated->filter, &error))
		fail_msg("\"%s\": %s", text, error.message);
	gated->gate = (struct gate){.filter = gated->filter, .next = record_change, .context = &gated->bench.recorder};
	gated->bench.table = table_new();
	assert_non_null(gated->bench.table);
}

static inline void close_gate(struct gated *gated)
{
	gate_free(&gated->gate);
	table_free(gated->bench.table);
	filter_free(gated->filter);
}

/* Applies a transition. Returns how many changes have passed the gate since the start. */
static inline size_t apply_transition(struct gated *gated, uint64_t sk, uint8_t oldstate, uint8_t newstate,
				      unsigned int at_us, struct tuple tuple)
{
	struct owner caller = owner_of(oldstate == STATE_CLOSE ? PID_CLIENT : 0, FD_UNKNOWN, "client");
	struct closing closing = {.sent = tuple.lport != 0};
	struct event event = transition_of(sk, oldstate, newstate, at_us, tuple);

	event.owners = &caller;
	event.owner_count = caller.pid ? 1 : 0;
	event.closing = newstate == STATE_CLOSE ? &closing : NULL;
	assert_int_equal(table_apply(gated->bench.table, &event, gate_handle, &gated->gate), 0);
	return gated->bench.recorder.count;
}

static inline void assert_passed(const struct gated *gated, size_t number, uint8_t oldstate, uint8_t newstate,
				 unsigned int at_us, const struct tuple *tuple)
{
	const struct recorded *got = &gated->bench.recorder.all[number];

	assert_true(number < gated->bench.recorder.count);
	assert_int_equal(got->change.kind, CHANGE_TRANSITION);
	assert_int_equal(got->change.oldstate, oldstate);
	assert_int_equal(got->change.newstate, newstate);
	assert_int_equal(got->change.ts_ns, AT_US(at_us));
	assert_true(tuple_equal(&got->conn.tuple, tuple));
}

static inline struct tuple outgoing(uint16_t lport)
{
	return tuple_of(4, "10.0.0.1", lport, "10.0.0.2", 80);
}

static inline struct tuple accepted(uint16_t rport)
{
	return tuple_of(4, "10.0.0.2", 80, "10.0.0.1", rport);
}

static inline struct tuple listener(void)
{
	return tuple_of(4, "0.0.0.0", 80, "0.0.0.0", 0);
}
