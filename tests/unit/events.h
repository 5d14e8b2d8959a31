/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Shared by the tests of the model: builders of events, and a recorder of the changes that the events make. Times are
 * given in microseconds after START_NS, which is late enough to leave times before it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "table.h"

#define START_NS  1000000000000ULL
#define AT_US(us) (START_NS + (uint64_t)(us)*1000)

enum { NETNS_HERE = 1000, NETNS_ELSEWHERE = 2000, MAX_RECORDED = 64 };

/* Addresses of struct sock: distinct, and aligned as the kernel aligns them. */
#define SK(n) (0xffff888000000000ULL + (uint64_t)(n)*0x940)

static inline struct tuple tuple_of(uint8_t family, const char *laddr, uint16_t lport, const char *raddr,
				    uint16_t rport)
{
	struct tuple tuple = {.lport = lport, .rport = rport, .netns = NETNS_HERE, .family = family};

	assert_true(address_parse(laddr, &tuple.laddr));
	assert_true(address_parse(raddr, &tuple.raddr));
	return tuple;
}

static inline struct owner owner_of(uint32_t pid, int32_t fd, const char *comm)
{
	struct owner owner = {.pid = pid, .fd = fd};

	snprintf(owner.comm, sizeof(owner.comm), "%s", comm);
	return owner;
}

static inline struct event transition_of(uint64_t sk, uint8_t oldstate, uint8_t newstate, unsigned int at_us,
					 struct tuple tuple)
{
	return (struct event){
		.kind = EVENT_TRANSITION,
		.ts_ns = AT_US(at_us),
		.sk = sk,
		.tuple = tuple,
		.oldstate = oldstate,
		.newstate = newstate,
	};
}

static inline struct event row_of(uint8_t state, struct tuple tuple, uint32_t inode)
{
	return (struct event){
		.kind = EVENT_ROW,
		.tuple = tuple,
		.newstate = state,
		.inode = inode,
		.recvq = QUEUE_UNKNOWN,
		.sendq = QUEUE_UNKNOWN,
	};
}

/* ---- recorded changes ---- */

/* A change, and a copy of its connection, which may be gone or different by the time a test checks the change. */
struct recorded {
	struct change change;
	struct connection conn;
};

/* Healed changes are recorded apart: most tests are about what was reported. */
struct recorder {
	struct recorded all[MAX_RECORDED];
	size_t count;
	struct recorded healed[MAX_RECORDED];
	size_t healed_count;
};

static inline void record_change(void *context, const struct change *change)
{
	struct recorder *recorder = context;
	struct recorded *recorded = change->healed ? &recorder->healed[recorder->healed_count++ % MAX_RECORDED]
						   : &recorder->all[recorder->count++];

	assert_true(recorder->count < MAX_RECORDED);
	recorded->change = *change;
	recorded->conn = *change->conn;
}

static inline const struct recorded *last_recorded(const struct recorder *recorder)
{
	assert_true(recorder->count > 0);
	return &recorder->all[recorder->count - 1];
}

/* ---- a table under test ---- */

struct bench {
	struct table *table;
	struct recorder recorder;
	uint64_t began_ns; /* the beginning of the last snapshot */
};

static inline int bench_open(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->table = table_new();
	assert_non_null(bench->table);
	*state = bench;
	return 0;
}

static inline int bench_close(void **state)
{
	struct bench *bench = *state;

	table_free(bench->table);
	free(bench);
	return 0;
}

static inline void bench_apply(struct bench *bench, const struct event *event)
{
	struct event timed = *event;

	if (event->kind == EVENT_ROW && !event->ts_ns)
		timed.ts_ns = bench->began_ns;
	assert_int_equal(table_apply(bench->table, &timed, record_change, &bench->recorder), 0);
}

/* Applies the event. Returns the one change that the event makes. */
static inline const struct recorded *bench_change(struct bench *bench, const struct event *event)
{
	size_t before = bench->recorder.count;

	bench_apply(bench, event);
	assert_int_equal(bench->recorder.count, before + 1);
	return last_recorded(&bench->recorder);
}

static inline const struct recorded *bench_step(struct bench *bench, uint64_t sk, uint8_t oldstate, uint8_t newstate,
						unsigned int at_us, struct tuple tuple)
{
	struct event event = transition_of(sk, oldstate, newstate, at_us, tuple);

	return bench_change(bench, &event);
}

static inline const struct recorded *bench_open_socket(struct bench *bench, uint64_t sk, uint8_t newstate,
						       unsigned int at_us, struct tuple tuple, struct owner owner,
						       uint32_t inode)
{
	struct event event = transition_of(sk, STATE_CLOSE, newstate, at_us, tuple);

	event.owners = &owner;
	event.owner_count = 1;
	event.inode = inode;
	return bench_change(bench, &event);
}

static inline const struct recorded *bench_end(struct bench *bench, uint64_t sk, uint8_t oldstate, unsigned int at_us,
					       struct tuple tuple, struct closing closing)
{
	struct event event = transition_of(sk, oldstate, STATE_CLOSE, at_us, tuple);
	const struct recorded *recorded;

	event.closing = &closing;
	recorded = bench_change(bench, &event);
	bench->recorder.all[bench->recorder.count - 1].change.closing = NULL; /* `closing` ends with this function */
	return recorded;
}

static inline void bench_begin_snapshot(struct bench *bench, unsigned int at_us)
{
	struct event event = {.kind = EVENT_SNAPSHOT_BEGIN, .ts_ns = AT_US(at_us), .scope = SCOPE_ALL};

	bench->began_ns = event.ts_ns;
	bench_apply(bench, &event);
}

static inline void bench_end_snapshot(struct bench *bench, const uint32_t *netns, size_t count)
{
	struct event event = {
		.kind = EVENT_SNAPSHOT_END,
		.ts_ns = bench->began_ns,
		.ended_ns = bench->began_ns,
		.scope = SCOPE_ALL,
		.netns = netns,
		.netns_count = count,
	};

	bench_apply(bench, &event);
}

/* Ends the snapshot for NETNS_HERE alone. */
static inline void bench_end_snapshot_here(struct bench *bench)
{
	static const uint32_t here = NETNS_HERE;

	bench_end_snapshot(bench, &here, 1);
}

/* ---- connections in the table ---- */

struct search {
	bool (*fits)(const struct connection *conn, uint64_t wanted);
	uint64_t wanted;
	struct connection *found;
	size_t visited;
	size_t fitting;
};

static inline void search_visit(void *context, struct connection *conn)
{
	struct search *search = context;

	search->visited++;
	if (!search->fits(conn, search->wanted))
		return;
	search->found = conn;
	search->fitting++;
}

/* Returns the only connection that fits; NULL when none fits. */
static inline struct connection *
bench_find(const struct bench *bench, bool (*fits)(const struct connection *conn, uint64_t wanted), uint64_t wanted)
{
	struct search search = {.fits = fits, .wanted = wanted};

	table_each(bench->table, search_visit, &search);
	assert_int_equal(search.visited, table_count(bench->table));
	assert_true(search.fitting <= 1);
	return search.found;
}

static inline bool fits_any(const struct connection *conn, uint64_t wanted)
{
	(void)conn;
	(void)wanted;
	return true;
}

static inline bool fits_inode(const struct connection *conn, uint64_t wanted)
{
	return conn->inode == wanted;
}

static inline bool fits_state(const struct connection *conn, uint64_t wanted)
{
	return conn->state == wanted;
}

static inline bool fits_lport(const struct connection *conn, uint64_t wanted)
{
	return conn->tuple.lport == wanted;
}

static inline bool fits_rport(const struct connection *conn, uint64_t wanted)
{
	return conn->tuple.rport == wanted;
}

static inline struct connection *bench_only(const struct bench *bench)
{
	struct connection *conn = bench_find(bench, fits_any, 0);

	assert_non_null(conn);
	return conn;
}

static inline void assert_span(struct span span, enum knowledge known, uint64_t us)
{
	assert_int_equal(span.known, known);
	assert_int_equal(known == SPAN_UNKNOWN ? 0 : span.us, us);
}

/* The time at which the source was attached, in the tests of snapshots. */
enum { ATTACHED_US = 1000 };

static inline void add_row(struct bench *bench, uint8_t state, struct tuple tuple, uint32_t inode, uint32_t pid)
{
	struct owner holder = owner_of(pid, 5, "holder");
	struct event row = row_of(state, tuple, inode);

	row.owners = &holder;
	row.owner_count = pid ? 1 : 0;
	bench_apply(bench, &row);
	assert_int_equal(bench->recorder.count, 0); /* a row is no change */
}

/* Begins a snapshot, and applies the row of a socket. */
static inline void begin_with_row(struct bench *bench, uint8_t state, struct tuple tuple, uint32_t inode, uint32_t pid)
{
	bench_begin_snapshot(bench, ATTACHED_US);
	add_row(bench, state, tuple, inode, pid);
}

/* Applies a snapshot of one socket. */
static inline void snapshot_one_socket(struct bench *bench, uint8_t state, struct tuple tuple, uint32_t inode,
				       uint32_t pid)
{
	begin_with_row(bench, state, tuple, inode, pid);
	bench_end_snapshot_here(bench);
}
