/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Builds exact snapshots by hand: rows with the address of their socket, minisockets, holders, and an end that may be
 * incomplete.
 */
#include "events.h"

static const uint32_t netns_here = NETNS_HERE;

static inline void exact_begin_of(struct bench *bench, uint8_t scope, unsigned int at_us)
{
	struct event event = {.kind = EVENT_SNAPSHOT_BEGIN, .ts_ns = AT_US(at_us), .scope = scope, .exact = true};

	bench->began_ns = event.ts_ns;
	bench_apply(bench, &event);
}

static inline void exact_begin(struct bench *bench, unsigned int at_us)
{
	exact_begin_of(bench, SCOPE_ALL, at_us);
}

static inline void exact_end_of(struct bench *bench, uint8_t scope, const uint32_t *netns, size_t count)
{
	struct event event = {
		.kind = EVENT_SNAPSHOT_END,
		.ts_ns = bench->began_ns,
		.ended_ns = bench->began_ns,
		.scope = scope,
		.exact = true,
		.netns = netns,
		.netns_count = count,
	};

	bench_apply(bench, &event);
}

/* Ends a snapshot that reported everything in NETNS_HERE. */
static inline void exact_end(struct bench *bench)
{
	exact_end_of(bench, SCOPE_ALL, &netns_here, 1);
}

static inline struct event exact_row_of(uint64_t sk, uint8_t state, unsigned int at_us, struct tuple tuple)
{
	struct event row = row_of(state, tuple, 0);

	row.sk = sk;
	row.ts_ns = AT_US(at_us);
	row.uid = 33;
	return row;
}

/* Applies the row of a socket, which is no change. */
static inline void exact_row(struct bench *bench, uint64_t sk, uint8_t state, unsigned int at_us, struct tuple tuple)
{
	struct event row = exact_row_of(sk, state, at_us, tuple);
	size_t before = bench->recorder.count;

	bench_apply(bench, &row);
	assert_int_equal(bench->recorder.count, before);
}

static inline struct event mini_row_of(uint8_t state, unsigned int at_us, struct tuple tuple)
{
	struct event row = row_of(state, tuple, 0);

	row.mini = true;
	row.ts_ns = AT_US(at_us);
	row.uid = UID_UNKNOWN;
	row.recvq = 0;
	row.sendq = 0;
	return row;
}

/* Applies the row of a minisocket. Returns how many changes the row makes. */
static inline size_t mini_row(struct bench *bench, uint8_t state, unsigned int at_us, struct tuple tuple)
{
	struct event row = mini_row_of(state, at_us, tuple);
	size_t before = bench->recorder.count;

	bench_apply(bench, &row);
	return bench->recorder.count - before;
}

/* Reports descriptor `fd` of `pid` as a holder of the socket. Returns how many changes that makes. */
static inline size_t add_holder(struct bench *bench, uint64_t sk, uint32_t pid, int32_t fd)
{
	struct owner owner = owner_of(pid, fd, "holder");
	struct event event = {.kind = EVENT_HOLDER, .sk = sk, .owners = &owner, .owner_count = 1};
	size_t before = bench->recorder.count;

	event.tuple.netns = NETNS_HERE;
	bench_apply(bench, &event);
	return bench->recorder.count - before;
}

/* Applies an accept() of the socket by `pid`. Returns how many changes that makes. */
static inline size_t apply_accept(struct bench *bench, uint64_t sk, uint32_t pid)
{
	struct owner owner = owner_of(pid, FD_UNKNOWN, "acceptor");
	struct event event = {.kind = EVENT_ACCEPT, .sk = sk, .owners = &owner, .owner_count = 1};
	size_t before = bench->recorder.count;

	bench_apply(bench, &event);
	return bench->recorder.count - before;
}

/* Applies a transition that a system call of `pid` made (0: of no process). Returns the one change that the transition
 * makes. */
static inline const struct recorded *apply_call(struct bench *bench, uint64_t sk, uint8_t oldstate, uint8_t newstate,
						unsigned int at_us, struct tuple tuple, uint32_t pid)
{
	struct owner caller = owner_of(pid, FD_UNKNOWN, "caller");
	struct event event = transition_of(sk, oldstate, newstate, at_us, tuple);

	event.owners = &caller;
	event.owner_count = pid ? 1 : 0;
	return bench_change(bench, &event);
}

/* Applies a transition to CLOSE after which a minisocket lives on. Returns how many changes the transition makes. */
static inline size_t close_to(struct bench *bench, uint64_t sk, uint8_t oldstate, uint8_t lives_on, unsigned int at_us,
			      struct tuple tuple)
{
	struct closing closing = {.rx_bytes = 7, .tx_bytes = 9, .sent = true, .lives_on = lives_on};
	struct event event = transition_of(sk, oldstate, STATE_CLOSE, at_us, tuple);
	size_t before = bench->recorder.count;

	event.closing = &closing;
	bench_apply(bench, &event);
	return bench->recorder.count - before;
}

static inline bool fits_sk(const struct connection *conn, uint64_t wanted)
{
	return conn->by_sk.key == wanted;
}

static inline struct connection *at_sk(const struct bench *bench, uint64_t sk)
{
	return bench_find(bench, fits_sk, sk);
}

static inline void assert_change(const struct recorded *got, uint8_t oldstate, uint8_t newstate, unsigned int at_us,
				 bool derived)
{
	assert_int_equal(got->change.kind, CHANGE_TRANSITION);
	assert_int_equal(got->change.oldstate, oldstate);
	assert_int_equal(got->change.newstate, newstate);
	assert_int_equal(got->change.ts_ns, AT_US(at_us));
	assert_int_equal(got->change.derived, derived);
}
