// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests minisockets, which the kernel keeps of a connection without a socket: TIME_WAIT, and FIN_WAIT2 after close().
 * Their changes are derived.
 */
#include <errno.h>

#include "exact.h"

enum { PID_CLIENT = 100, BEGAN_US = 1000000 };

static struct tuple outgoing(uint16_t lport)
{
	return tuple_of(4, "10.0.0.1", lport, "10.0.0.2", 80);
}

static struct tuple accepted(uint16_t rport)
{
	return tuple_of(4, "10.0.0.2", 80, "10.0.0.1", rport);
}

/* Takes a connection of ours from its birth at 0 to FIN_WAIT2 at 300. The changes so far do not count. */
static void close_by_us(struct bench *bench, uint64_t sk)
{
	bench_open_socket(bench, sk, STATE_SYN_SENT, 0, outgoing(40000), owner_of(PID_CLIENT, -1, "client"), 11);
	bench_step(bench, sk, STATE_SYN_SENT, STATE_ESTABLISHED, 100, outgoing(40000));
	bench_step(bench, sk, STATE_ESTABLISHED, STATE_FIN_WAIT1, 200, outgoing(40000));
	bench_step(bench, sk, STATE_FIN_WAIT1, STATE_FIN_WAIT2, 300, outgoing(40000));
	bench->recorder.count = 0;
}

/* Applies a snapshot of minisockets: of one in state `seen`, or of none (STATE_UNKNOWN). Returns how many changes the
 * snapshot makes. */
static size_t snapshot_minis(struct bench *bench, unsigned int at_us, uint8_t seen)
{
	size_t before = bench->recorder.count;

	exact_begin_of(bench, SNAPSHOT_MINIS, at_us);
	if (seen)
		mini_row(bench, seen, at_us + 1, outgoing(40000));
	exact_end_of(bench, SNAPSHOT_MINIS, &netns_here, 1);
	return bench->recorder.count - before;
}

/* ---- from a socket ---- */

static void test_time_wait_takes_the_sockets_place(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;
	const struct connection *conn;

	close_by_us(bench, SK(1));
	assert_int_equal(close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(40000)), 1);
	got = last_recorded(&bench->recorder);
	assert_change(got, STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, true);
	assert_int_equal(got->change.reason, REASON_CLOSED_BY_US);
	assert_non_null(got->change.closing);
	assert_span(got->change.in_state, SPAN_EXACT, 150);
	assert_span(got->change.age, SPAN_EXACT, 450);
	conn = bench_only(bench);
	assert_true(conn->mini);
	assert_int_equal(conn->id, 1);
	assert_int_equal(conn->by_sk.key, 0);
	assert_int_equal(conn->inode, 0);
	assert_int_equal(conn->recvq, 0);
	assert_int_equal(conn->sendq, 0);
	assert_int_equal(conn->state, STATE_TIME_WAIT);
	assert_int_equal(conn->owner.pid, PID_CLIENT);
	assert_true(conn->tuple_indexed);
	assert_span(connection_in_state(conn, AT_US(500)), SPAN_EXACT, 50);
	assert_span(connection_age(conn, AT_US(500)), SPAN_EXACT, 500);
}

static void test_time_wait_after_closing(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_FIN_WAIT1, STATE_CLOSING, 300, outgoing(40000));
	close_to(bench, SK(1), STATE_CLOSING, STATE_TIME_WAIT, 450, outgoing(40000));
	assert_change(last_recorded(&bench->recorder), STATE_CLOSING, STATE_TIME_WAIT, 450, true);
	assert_int_equal(last_recorded(&bench->recorder)->change.reason, REASON_CLOSED_BY_BOTH);
}

/* The minisocket still waits for the peer's FIN: nothing has changed for anybody. */
static void test_fin_wait2_goes_on_without_its_socket(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	close_by_us(bench, SK(1));
	assert_int_equal(close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_FIN_WAIT2, 450, outgoing(40000)), 0);
	assert_true(bench_only(bench)->mini);
	assert_int_equal(bench_only(bench)->by_sk.key, 0);
	assert_int_equal(bench_only(bench)->state, STATE_FIN_WAIT2);
	assert_span(connection_in_state(bench_only(bench), AT_US(500)), SPAN_EXACT, 200); /* still since 300 */
	assert_int_equal(snapshot_minis(bench, 1000, STATE_FIN_WAIT2), 0);
	assert_int_equal(snapshot_minis(bench, 2000, STATE_TIME_WAIT),
			 1); /* the FIN has come at some time since 1001 */
	got = last_recorded(&bench->recorder);
	assert_change(got, STATE_FIN_WAIT2, STATE_TIME_WAIT, 2001, true);
	assert_span(got->change.in_state, SPAN_AT_LEAST, 701);
	assert_span(got->change.age, SPAN_AT_LEAST, 1001);
	assert_int_equal(got->change.reason, REASON_CLOSED_BY_US);
	assert_int_equal(got->conn.id, 1);
	assert_int_equal(got->conn.owner.pid, PID_CLIENT);
	assert_span(connection_in_state(bench_only(bench), AT_US(2101)), SPAN_AT_LEAST, 100);
	assert_int_equal(snapshot_minis(bench, 3000, STATE_TIME_WAIT), 0);
	assert_int_equal(snapshot_minis(bench, 4000, STATE_UNKNOWN), 1);
	got = last_recorded(&bench->recorder);
	assert_change(got, STATE_TIME_WAIT, STATE_CLOSE, 4000, true);
	assert_span(got->change.in_state, SPAN_AT_LEAST, 1000);
	assert_span(got->change.age, SPAN_AT_LEAST, 3001);
	assert_int_equal(got->change.reason, REASON_CLOSED_BY_US);
	assert_int_equal(table_count(bench->table), 0);
}

/* The time in FIN_WAIT2 is not known when the transition to FIN_WAIT2 is not. */
static void test_fin_wait2_of_unknown_age(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_FIN_WAIT2, 450, outgoing(40000)), 0);
	assert_span(connection_in_state(bench_only(bench), AT_US(500)), SPAN_AT_LEAST, 50);
}

/* Checks that the numbers that the socket left are still there while a handler reads the change. */
static void check_closing(void *context, const struct change *change)
{
	unsigned int *seen = context;

	assert_non_null(change->closing);
	assert_int_equal(change->closing->rx_bytes, 7);
	assert_int_equal(change->closing->tx_bytes, 9);
	++*seen;
}

static void test_what_the_socket_left_is_reported_at_the_end(void **state)
{
	struct bench *bench = *state;
	struct event end = {.kind = EVENT_SNAPSHOT_END,
			    .ts_ns = AT_US(BEGAN_US),
			    .scope = SNAPSHOT_MINIS,
			    .netns = &netns_here,
			    .netns_count = 1};
	unsigned int seen = 0;

	close_by_us(bench, SK(1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(40000));
	exact_begin_of(bench, SNAPSHOT_MINIS, BEGAN_US);
	end.exact = true;
	assert_int_equal(table_apply(bench->table, &end, check_closing, &seen), 0);
	assert_int_equal(seen, 1);
}

/* The address of the socket is free for the next socket at once. */
static void test_address_is_free(void **state)
{
	struct bench *bench = *state;
	struct closing closing = {.sent = true, .lives_on = STATE_TIME_WAIT};
	struct event again = transition_of(SK(1), STATE_FIN_WAIT2, STATE_CLOSE, 451, outgoing(40000));

	close_by_us(bench, SK(1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(40000));
	again.again = true;
	again.closing = &closing;
	bench_apply(bench, &again); /* the same transition, repeated */
	assert_int_equal(bench->recorder.count, 1);
	assert_int_equal(table_repeats(bench->table), 1);
	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 460, outgoing(0));
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(at_sk(bench, SK(1))->id, 2);
	table_forget(bench->table, SK(1));
	assert_true(bench_only(bench)->mini);
}

/* ---- ends ---- */

static void test_absence_ends_it(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	close_by_us(bench, SK(1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(40000));
	assert_int_equal(snapshot_minis(bench, 1000, STATE_TIME_WAIT), 0);
	assert_span(connection_in_state(bench_only(bench), AT_US(2000)), SPAN_EXACT, 1550);
	assert_int_equal(snapshot_minis(bench, 9000, STATE_UNKNOWN), 1);
	got = last_recorded(&bench->recorder);
	assert_change(got, STATE_TIME_WAIT, STATE_CLOSE, 9000, true);
	assert_span(got->change.in_state, SPAN_AT_LEAST, 551); /* until the minisocket was last seen */
	assert_span(got->change.age, SPAN_AT_LEAST, 1001);
	assert_int_equal(got->change.reason, REASON_CLOSED_BY_US);
	assert_int_equal(got->conn.state, STATE_CLOSE);
	assert_int_equal(got->conn.id, 1);
	assert_int_equal(table_count(bench->table), 0);
}

static void test_absent_in_the_first_snapshot(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	close_by_us(bench, SK(1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(40000));
	snapshot_minis(bench, 451, STATE_UNKNOWN);
	got = last_recorded(&bench->recorder);
	assert_change(got, STATE_TIME_WAIT, STATE_CLOSE, 451, true);
	assert_span(got->change.in_state, SPAN_UNKNOWN, 0);
	assert_span(got->change.age, SPAN_AT_LEAST, 450);
}

/* The kernel was read before the minisocket was there. */
static void test_no_absence_if_it_began_meanwhile(void **state)
{
	struct bench *bench = *state;

	close_by_us(bench, SK(1));
	exact_begin_of(bench, SNAPSHOT_MINIS, 450);
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(40000));
	exact_end_of(bench, SNAPSHOT_MINIS, &netns_here, 1);
	assert_int_equal(bench_only(bench)->state, STATE_TIME_WAIT);
}

static void test_absent_where_nobody_looked(void **state)
{
	static const uint32_t elsewhere = NETNS_ELSEWHERE;
	static const uint8_t scopes[] = {0, SNAPSHOT_SOCKETS, SNAPSHOT_HOLDERS, SNAPSHOT_SOCKETS | SNAPSHOT_HOLDERS};
	struct bench *bench = *state;

	close_by_us(bench, SK(1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(40000));
	for (unsigned int i = 0; i < COUNT_OF(scopes); i++) {
		exact_begin(bench, (1 + i) * BEGAN_US);
		exact_end_of(bench, scopes[i], &netns_here, 1);
		assert_int_equal(table_count(bench->table), 1);
	}
	exact_begin(bench, 8 * BEGAN_US);
	exact_end_of(bench, SCOPE_ALL, &elsewhere, 1);
	exact_end_of(bench, SCOPE_ALL, NULL, 0);
	assert_int_equal(table_count(bench->table), 1);
	assert_int_equal(bench->recorder.count, 1);
}

/* Snapshots of /proc, whose rows come before the transitions, end minisockets, too. */
static void test_by_proc(void **state)
{
	struct bench *bench = *state;
	struct event row = mini_row_of(STATE_TIME_WAIT, 1000, outgoing(40000));

	close_by_us(bench, SK(1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_FIN_WAIT2, 450, outgoing(40000));
	bench_begin_snapshot(bench, 1000);
	bench_apply(bench, &row);
	bench_end_snapshot_here(bench);
	assert_change(last_recorded(&bench->recorder), STATE_FIN_WAIT2, STATE_TIME_WAIT, 1000, true);
	assert_true(bench_only(bench)->tuple_indexed);
	bench_begin_snapshot(bench, 2000); /* one reading may miss the minisocket */
	bench_end_snapshot_here(bench);
	assert_int_equal(table_doubtful(bench->table), 1);
	assert_int_equal(bench->recorder.count, 1);
	bench_begin_snapshot(bench, 3000);
	bench_end_snapshot_here(bench);
	assert_change(last_recorded(&bench->recorder), STATE_TIME_WAIT, STATE_CLOSE, 3000, true);
	assert_int_equal(table_doubtful(bench->table), 0);
	assert_int_equal(bench->recorder.count, 2);
	assert_int_equal(table_count(bench->table), 0);
}

/* No snapshot covers a network namespace that is gone, but its minisockets are gone, too. */
static void test_ends_with_its_namespace(void **state)
{
	static const uint32_t here = NETNS_HERE;
	struct bench *bench = *state;
	struct event end = {
		.kind = EVENT_SNAPSHOT_END, .scope = SCOPE_ALL, .exact = true, .gone = &here, .gone_count = 1};

	close_by_us(bench, SK(1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(40000));
	for (unsigned int at_us = 1000; at_us <= 2000; at_us += 1000) {
		assert_int_equal(table_count(bench->table), 1);
		exact_begin_of(bench, SCOPE_ALL, at_us);
		end.ts_ns = AT_US(at_us);
		end.ended_ns = end.ts_ns;
		bench_apply(bench, &end);
	}
	assert_change(last_recorded(&bench->recorder), STATE_TIME_WAIT, STATE_CLOSE, 2000, true);
	assert_int_equal(table_count(bench->table), 0);
}

/* A network namespace that came and went between two snapshots was never found. Where no namespace can be hidden, one
 * that is not listed is gone. */
static void test_ends_with_a_namespace_that_was_never_found(void **state)
{
	static const uint32_t here = NETNS_HERE, other = NETNS_HERE + 1;
	struct bench *bench = *state;
	struct event end = {
		.kind = EVENT_SNAPSHOT_END, .scope = SCOPE_ALL, .exact = true, .there = &here, .there_count = 1};

	close_by_us(bench, SK(1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(40000));
	for (unsigned int at_us = 1000; at_us <= 4000; at_us += 1000) {
		assert_int_equal(table_count(bench->table), 1);
		exact_begin_of(bench, SCOPE_ALL, at_us);
		end.there = at_us > 2000 ? &other : &here; /* at first the namespace is there, and cannot be read */
		end.ts_ns = AT_US(at_us);
		end.ended_ns = end.ts_ns;
		bench_apply(bench, &end);
	}
	assert_change(last_recorded(&bench->recorder), STATE_TIME_WAIT, STATE_CLOSE, 4000, true);
	assert_int_equal(table_count(bench->table), 0);
}

/* In a network namespace that cannot be read, a TIME_WAIT ends when its time is over. */
static void test_ends_by_time(void **state)
{
	struct bench *bench = *state;

	close_by_us(bench, SK(1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(40000));
	exact_begin_of(bench, SCOPE_ALL, 60 * 1000000);
	exact_end_of(bench, SCOPE_ALL, NULL, 0);
	assert_int_equal(table_count(bench->table), 1);
	exact_begin_of(bench, SCOPE_ALL, 70 * 1000000);
	exact_end_of(bench, SCOPE_ALL, NULL, 0);
	assert_change(last_recorded(&bench->recorder), STATE_TIME_WAIT, STATE_CLOSE, 70 * 1000000, true);
	assert_int_equal(table_count(bench->table), 0);
}

/* ---- another socket with the same tuple ---- */

static void reach_time_wait(struct bench *bench)
{
	close_by_us(bench, SK(1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(40000));
	bench->recorder.count = 0;
}

static void assert_ended_before(struct bench *bench, unsigned int at_us, uint8_t oldstate, uint8_t newstate)
{
	const struct recorded *got = &bench->recorder.all[bench->recorder.count - 2];

	assert_true(bench->recorder.count >= 2);
	assert_change(got, STATE_TIME_WAIT, STATE_CLOSE, at_us, true);
	assert_int_equal(got->conn.id, 1);
	assert_change(last_recorded(&bench->recorder), oldstate, newstate, at_us, false);
	assert_int_equal(bench_only(bench)->id, 2);
	assert_false(bench_only(bench)->mini);
}

static void test_not_ended_by_a_connect_that_fails_for_it(void **state)
{
	struct bench *bench = *state;
	struct closing closing = {.had_port = true};
	struct event refused = transition_of(SK(2), STATE_SYN_SENT, STATE_CLOSE, 901, outgoing(40000));

	reach_time_wait(bench);
	refused.closing = &closing;
	for (int tries = 0; tries < 2; tries++) {
		bench_step(bench, SK(2), STATE_CLOSE, STATE_SYN_SENT, 900, outgoing(40000));
		bench_change(bench, &refused);
	}
	assert_int_equal(bench_only(bench)->id, 1);
	assert_int_equal(bench_only(bench)->state, STATE_TIME_WAIT);
}

static void assert_ended_by_a_connect_from(struct bench *bench, uint16_t lport)
{
	struct event done = transition_of(SK(2), STATE_SYN_SENT, STATE_ESTABLISHED, 950, outgoing(40000));

	reach_time_wait(bench);
	bench_step(bench, SK(2), STATE_CLOSE, STATE_SYN_SENT, 900, outgoing(lport));
	assert_int_equal(table_count(bench->table), 2);
	bench_apply(bench, &done);
	assert_ended_before(bench, 950, STATE_SYN_SENT, STATE_ESTABLISHED);
}

static void test_ended_when_the_port_is_known(void **state)
{
	assert_ended_by_a_connect_from(*state, 0);
}

/* The port of a bound connect() does not change, but only ESTABLISHED shows that the socket may have the port. */
static void test_ended_by_a_bound_connect(void **state)
{
	assert_ended_by_a_connect_from(*state, 40000);
}

static void test_ended_by_a_child(void **state)
{
	struct bench *bench = *state;
	struct event birth = transition_of(SK(2), STATE_LISTEN, STATE_SYN_RECV, 900, outgoing(40000));

	reach_time_wait(bench);
	bench_apply(bench, &birth);
	assert_ended_before(bench, 900, STATE_LISTEN, STATE_SYN_RECV);
}

static void test_not_ended_by_others(void **state)
{
	struct bench *bench = *state;
	struct tuple elsewhere = outgoing(40000);

	reach_time_wait(bench);
	elsewhere.netns = NETNS_ELSEWHERE;
	bench_step(bench, SK(2), STATE_CLOSE, STATE_SYN_SENT, 900, elsewhere);
	bench_step(bench, SK(3), STATE_CLOSE, STATE_SYN_SENT, 900, outgoing(40001));
	bench_step(bench, SK(4), STATE_CLOSE, STATE_LISTEN, 900, tuple_of(4, "10.0.0.1", 40000, "0.0.0.0", 0));
	assert_int_equal(table_count(bench->table), 4);
	assert_int_equal(bench_find(bench, fits_state, STATE_TIME_WAIT)->id, 1);
}

/* A minisocket is not a socket with an unknown address: a transition of an unknown socket does not turn the minisocket
 * into one. */
static void test_a_transition_does_not_wake_it(void **state)
{
	struct bench *bench = *state;
	struct event row = row_of(STATE_ESTABLISHED, outgoing(40000), 0);
	struct event event = transition_of(SK(2), STATE_ESTABLISHED, STATE_FIN_WAIT1, 2900, outgoing(40000));

	reach_time_wait(bench);
	bench_begin_snapshot(bench, 2000);
	bench_apply(bench, &row); /* nor does a row of /proc */
	assert_int_equal(bench_find(bench, fits_state, STATE_ESTABLISHED)->id, 2);
	bench_end_snapshot_here(bench);
	bench_apply(bench, &event);
	assert_int_equal(at_sk(bench, SK(2))->id, 2);
}

/* The birth of another socket with the same tuple was lost: the first event of that socket ends the minisocket. */
static void test_ended_by_a_stranger(void **state)
{
	struct bench *bench = *state;
	struct event event = transition_of(SK(2), STATE_ESTABLISHED, STATE_FIN_WAIT1, 900, outgoing(40000));

	reach_time_wait(bench);
	bench_apply(bench, &event);
	assert_ended_before(bench, 900, STATE_ESTABLISHED, STATE_FIN_WAIT1);
}

/* The minisocket ends even if the first event of the other socket is its end: each connection has its own changes. */
static void test_ended_by_the_end_of_a_stranger(void **state)
{
	struct bench *bench = *state;

	reach_time_wait(bench);
	assert_int_equal(close_to(bench, SK(2), STATE_FIN_WAIT2, STATE_TIME_WAIT, 900, outgoing(40000)), 2);
	assert_change(&bench->recorder.all[0], STATE_TIME_WAIT, STATE_CLOSE, 900, true);
	assert_int_equal(bench->recorder.all[0].conn.id, 1);
	assert_change(last_recorded(&bench->recorder), STATE_FIN_WAIT2, STATE_TIME_WAIT, 900, true);
	assert_int_equal(bench_only(bench)->id, 2);
}

/* A connection was opened and closed while /proc was read: its TIME_WAIT was found before its birth is reported. */
static void test_row_of_proc_before_its_birth(void **state)
{
	struct bench *bench = *state;
	struct event row = mini_row_of(STATE_TIME_WAIT, 1000, accepted(40000));

	bench_begin_snapshot(bench, 1000);
	bench_apply(bench, &row);
	bench_step(bench, SK(1), STATE_LISTEN, STATE_SYN_RECV, 1001,
		   accepted(40000)); /* the row ends without a change */
	bench_step(bench, SK(1), STATE_FIN_WAIT1, STATE_FIN_WAIT2, 1002, accepted(40000));
	assert_int_equal(close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 1003, accepted(40000)), 1);
	bench_end_snapshot_here(bench);
	assert_int_equal(bench_only(bench)->state, STATE_TIME_WAIT);
	assert_int_equal(bench->recorder.count, 3);
}

/* ---- rows that come first ---- */

/* tcp_time_wait() makes the minisocket before the socket goes to CLOSE: a row may come in between. */
static void test_row_before_its_sockets_close(void **state)
{
	struct bench *bench = *state;

	close_by_us(bench, SK(1));
	exact_begin(bench, 451);
	mini_row(bench, STATE_TIME_WAIT, 452, outgoing(40000));
	assert_int_equal(table_count(bench->table), 2);
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450,
		 outgoing(40000)); /* the time stamp is older than the row */
	assert_int_equal(bench_only(bench)->id, 1);
	exact_end(bench);
	assert_int_equal(bench_only(bench)->state, STATE_TIME_WAIT);
	assert_int_equal(bench->recorder.count, 1);
}

static void test_found(void **state)
{
	struct bench *bench = *state;
	const struct connection *conn;

	assert_int_equal(snapshot_minis(bench, 1000, STATE_TIME_WAIT), 0);
	conn = bench_only(bench);
	assert_true(conn->mini);
	assert_int_equal(conn->by_sk.key, 0);
	assert_int_equal(conn->uid, UID_UNKNOWN);
	assert_int_equal(conn->owner.pid, 0);
	assert_int_equal(conn->direction, DIRECTION_UNKNOWN);
	assert_span(connection_in_state(conn, AT_US(1101)), SPAN_AT_LEAST, 100);
	snapshot_minis(bench, 2000, STATE_TIME_WAIT);
	assert_int_equal(bench_only(bench)->id, 1);
	assert_int_equal(snapshot_minis(bench, 3000, STATE_UNKNOWN), 1);
	assert_change(last_recorded(&bench->recorder), STATE_TIME_WAIT, STATE_CLOSE, 3000, true);
	assert_span(last_recorded(&bench->recorder)->change.in_state, SPAN_AT_LEAST, 1000);
	assert_span(last_recorded(&bench->recorder)->change.age, SPAN_AT_LEAST, 1000);
	assert_null(last_recorded(&bench->recorder)->change.closing);
	assert_int_equal(last_recorded(&bench->recorder)->change.reason, REASON_NONE);
}

/* No way leads back from TIME_WAIT: the row is of another connection, all else of which was lost. */
static void test_no_way_back(void **state)
{
	struct bench *bench = *state;

	snapshot_minis(bench, 1000, STATE_TIME_WAIT);
	assert_int_equal(snapshot_minis(bench, 2000, STATE_FIN_WAIT2), 1);
	assert_change(last_recorded(&bench->recorder), STATE_TIME_WAIT, STATE_CLOSE, 2001, true);
	assert_int_equal(bench_only(bench)->id, 2);
	assert_int_equal(bench_only(bench)->state, STATE_FIN_WAIT2);
}

/* Another cookie means another connection, though the tuple is the same. */
static void test_another_cookie(void **state)
{
	struct bench *bench = *state;
	struct event row = mini_row_of(STATE_TIME_WAIT, 1000, outgoing(40000));

	exact_begin(bench, 1000);
	bench_apply(bench, &row);
	row.cookie = 5;
	bench_apply(bench, &row); /* the minisocket has a cookie now */
	assert_int_equal(bench_only(bench)->cookie, 5);
	assert_int_equal(bench_only(bench)->id, 1);
	row.cookie = 6;
	row.ts_ns = AT_US(1500);
	bench_apply(bench, &row);
	assert_change(last_recorded(&bench->recorder), STATE_TIME_WAIT, STATE_CLOSE, 1500, true);
	assert_int_equal(bench_only(bench)->id, 2);
	assert_int_equal(bench_only(bench)->cookie, 6);
	exact_end(bench);
	assert_int_equal(table_count(bench->table), 1);
}

/* A socket that was found without an address is still recognised after minisockets came and went. */
static void test_rows_are_absorbed_afterwards(void **state)
{
	struct bench *bench = *state;

	snapshot_minis(bench, 1000, STATE_TIME_WAIT);
	snapshot_minis(bench, 2000, STATE_UNKNOWN);
	bench->recorder.count = 0;
	begin_with_row(bench, STATE_ESTABLISHED, outgoing(40001), 11, PID_CLIENT);
	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 3000, outgoing(40001));
	bench_end_snapshot_here(bench);
	assert_int_equal(bench_only(bench)->inode, 11);
}

/* ---- many ---- */

static void test_many_come_and_go(void **state)
{
	enum { MANY = 3000 };
	struct bench *bench = *state;

	for (unsigned int i = 0; i < MANY; i++) {
		struct tuple tuple = outgoing((uint16_t)(1 + i));

		bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, i, tuple); /* all at one socket address */
		close_to(bench, SK(1), STATE_FIN_WAIT2, i % 2 ? STATE_TIME_WAIT : STATE_FIN_WAIT2, i, tuple);
		bench->recorder.count = 0;
	}
	assert_int_equal(table_count(bench->table), MANY);
	for (unsigned int round = 0; round < 2; round++) {
		exact_begin_of(bench, SNAPSHOT_MINIS, (1 + round) * BEGAN_US);
		for (unsigned int i = 0; i < MANY && round == 0; i += 2) {
			mini_row(bench, STATE_TIME_WAIT, BEGAN_US + 1, outgoing((uint16_t)(1 + i)));
			assert_int_equal(bench->recorder.count, 1);
			bench->recorder.count = 0;
		}
		struct event end = {.kind = EVENT_SNAPSHOT_END,
				    .ts_ns = bench->began_ns,
				    .scope = SNAPSHOT_MINIS,
				    .exact = true,
				    .netns = &netns_here,
				    .netns_count = 1};

		assert_int_equal(table_apply(bench->table, &end, NULL, NULL), 0);
		assert_int_equal(table_count(bench->table), round == 0 ? MANY / 2 : 0);
	}
}

/* ---- answers to questions ---- */

static size_t answer_mini(struct bench *bench, uint8_t state, unsigned int at_us, struct tuple tuple)
{
	struct event answer = {.kind = EVENT_MINI, .ts_ns = AT_US(at_us), .tuple = tuple, .newstate = state};
	size_t before = bench->recorder.count;

	bench_apply(bench, &answer);
	return bench->recorder.count - before;
}

static void test_answers(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	exact_begin_of(bench, SCOPE_ALL, BEGAN_US);
	mini_row(bench, STATE_FIN_WAIT2, BEGAN_US + 1, outgoing(40000));
	mini_row(bench, STATE_SYN_RECV, BEGAN_US + 1, accepted(50000));
	exact_end(bench);
	assert_int_equal(answer_mini(bench, STATE_FIN_WAIT2, 2 * BEGAN_US, outgoing(40000)), 0);
	assert_int_equal(bench_find(bench, fits_state, STATE_FIN_WAIT2)->heard_ns, AT_US(2 * BEGAN_US));
	assert_int_equal(answer_mini(bench, STATE_TIME_WAIT, 3 * BEGAN_US, outgoing(40000)), 1);
	got = last_recorded(&bench->recorder);
	assert_int_equal(got->change.oldstate, STATE_FIN_WAIT2);
	assert_int_equal(got->change.newstate, STATE_TIME_WAIT);
	assert_int_equal(got->change.ts_ns, AT_US(3 * BEGAN_US));
	assert_true(got->change.derived);
	assert_int_equal(answer_mini(bench, STATE_TIME_WAIT, 4 * BEGAN_US, outgoing(40000)), 0);
	/* what is not known was not asked for; a handshake was not either */
	assert_int_equal(answer_mini(bench, STATE_TIME_WAIT, 4 * BEGAN_US, outgoing(40001)), 0);
	assert_int_equal(answer_mini(bench, STATE_CLOSE, 4 * BEGAN_US, outgoing(40001)), 0);
	assert_int_equal(answer_mini(bench, STATE_CLOSE, 4 * BEGAN_US, accepted(50000)), 0);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(answer_mini(bench, STATE_CLOSE, 5 * BEGAN_US, outgoing(40000)), 1);
	got = last_recorded(&bench->recorder);
	assert_int_equal(got->change.oldstate, STATE_TIME_WAIT);
	assert_int_equal(got->change.newstate, STATE_CLOSE);
	assert_int_equal(got->change.ts_ns, AT_US(5 * BEGAN_US));
	assert_int_equal(table_count(bench->table), 1);
}

/* A minisocket of which no line has told has no line of its end either. */
static void test_answers_for_the_untold(void **state)
{
	struct bench *bench = *state;
	struct event begin = {
		.kind = EVENT_SNAPSHOT_BEGIN, .ts_ns = AT_US(BEGAN_US), .scope = SCOPE_ALL, .renewed = true};

	bench_apply(bench, &begin);
	mini_row(bench, STATE_FIN_WAIT2, BEGAN_US + 1, outgoing(40000));
	assert_int_equal(answer_mini(bench, STATE_TIME_WAIT, 2 * BEGAN_US, outgoing(40000)), 0);
	assert_int_equal(table_minis(bench->table, STATE_TIME_WAIT), 1);
	assert_int_equal(answer_mini(bench, STATE_CLOSE, 3 * BEGAN_US, outgoing(40000)), 0);
	assert_int_equal(table_minis(bench->table, STATE_TIME_WAIT), 0);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BENCH_TEST(test_time_wait_takes_the_sockets_place),
		BENCH_TEST(test_time_wait_after_closing),
		BENCH_TEST(test_fin_wait2_goes_on_without_its_socket),
		BENCH_TEST(test_fin_wait2_of_unknown_age),
		BENCH_TEST(test_what_the_socket_left_is_reported_at_the_end),
		BENCH_TEST(test_address_is_free),
		BENCH_TEST(test_absence_ends_it),
		BENCH_TEST(test_absent_in_the_first_snapshot),
		BENCH_TEST(test_no_absence_if_it_began_meanwhile),
		BENCH_TEST(test_absent_where_nobody_looked),
		BENCH_TEST(test_by_proc),
		BENCH_TEST(test_ends_with_its_namespace),
		BENCH_TEST(test_ends_with_a_namespace_that_was_never_found),
		BENCH_TEST(test_ends_by_time),
		BENCH_TEST(test_ended_by_a_bound_connect),
		BENCH_TEST(test_not_ended_by_a_connect_that_fails_for_it),
		BENCH_TEST(test_ended_when_the_port_is_known),
		BENCH_TEST(test_ended_by_a_child),
		BENCH_TEST(test_not_ended_by_others),
		BENCH_TEST(test_a_transition_does_not_wake_it),
		BENCH_TEST(test_ended_by_a_stranger),
		BENCH_TEST(test_ended_by_the_end_of_a_stranger),
		BENCH_TEST(test_row_of_proc_before_its_birth),
		BENCH_TEST(test_row_before_its_sockets_close),
		BENCH_TEST(test_found),
		BENCH_TEST(test_another_cookie),
		BENCH_TEST(test_rows_are_absorbed_afterwards),
		BENCH_TEST(test_many_come_and_go),
		BENCH_TEST(test_no_way_back),
		BENCH_TEST(test_answers),
		BENCH_TEST(test_answers_for_the_untold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
