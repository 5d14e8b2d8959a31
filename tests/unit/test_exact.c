// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests exact snapshots: rows that carry the address of their socket, in one order with the transitions. The last row
 * or transition of a socket counts, and a socket without any is gone.
 */
#include <errno.h>

#include "exact.h"

enum { PID_CLIENT = 100, PID_SERVER = 200, BEGAN_US = 1000000, MARGIN_US = 100000 };

static struct tuple outgoing(uint16_t lport)
{
	return tuple_of(4, "10.0.0.1", lport, "10.0.0.2", 80);
}

static struct tuple accepted(uint16_t rport)
{
	return tuple_of(4, "10.0.0.2", 80, "10.0.0.1", rport);
}

static struct tuple listener(void)
{
	return tuple_of(4, "0.0.0.0", 80, "0.0.0.0", 0);
}

static const struct closing gone = {.sent = true};

/* ---- rows ---- */

static void test_row_of_an_unknown_socket(void **state)
{
	struct bench *bench = *state;
	struct event row = exact_row_of(SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40000));
	const struct connection *conn;
	const struct recorded *got;

	row.inode = 11;
	row.recvq = 3;
	row.sendq = 4;
	row.cookie = 0x77;
	exact_begin(bench, BEGAN_US);
	bench_apply(bench, &row);
	exact_end(bench);
	conn = bench_only(bench);
	assert_int_equal(conn->by_sk.key, SK(1));
	assert_int_equal(conn->state, STATE_ESTABLISHED);
	assert_int_equal(conn->oldstate, STATE_UNKNOWN);
	assert_int_equal(conn->inode, 11);
	assert_int_equal(conn->cookie, 0x77);
	assert_int_equal(conn->uid, 33);
	assert_int_equal(conn->recvq, 3);
	assert_int_equal(conn->sendq, 4);
	assert_int_equal(conn->direction, DIRECTION_UNKNOWN);
	assert_false(conn->mini);
	assert_false(conn->tuple_indexed); /* an index costs, and the address is enough */
	assert_false(conn->inode_indexed);
	assert_span(connection_age(conn, AT_US(BEGAN_US + 25)), SPAN_AT_LEAST,
		    20); /* since the row, not since the snapshot's beginning */
	got = bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, BEGAN_US + 105, outgoing(40000));
	assert_int_equal(got->conn.id, 1);
	assert_span(got->change.in_state, SPAN_AT_LEAST, 100);
	assert_int_equal(table_strangers(bench->table), 0);
}

/* Keeps what the transitions know better: the time of the state's beginning, and the owner. */
static void test_row_that_agrees(void **state)
{
	struct bench *bench = *state;
	const struct connection *conn;

	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 0, outgoing(0), owner_of(PID_CLIENT, -1, "client"), 11);
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 50, outgoing(40000));
	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40000));
	exact_row(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 6, outgoing(40000)); /* an iterator may repeat a row */
	exact_end(bench);
	conn = bench_only(bench);
	assert_int_equal(conn->id, 1);
	assert_int_equal(conn->inode, 0); /* no process holds the socket any more */
	assert_int_equal(conn->owner.pid, PID_CLIENT);
	assert_int_equal(conn->direction, DIRECTION_OUT);
	assert_span(connection_in_state(conn, AT_US(BEGAN_US)), SPAN_EXACT, BEGAN_US - 50);
}

/* One row is enough: the transitions that led to its state were lost. */
static void test_row_that_contradicts(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(40000));
	exact_begin(bench, BEGAN_US);
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, BEGAN_US + 1, outgoing(40000));
	exact_row(bench, SK(1), STATE_CLOSE_WAIT, BEGAN_US + 5, outgoing(40000));
	assert_int_equal(bench_only(bench)->state, STATE_CLOSE_WAIT);
	assert_int_equal(bench->recorder.healed_count, 1);
	assert_change(&bench->recorder.healed[0], STATE_ESTABLISHED, STATE_CLOSE_WAIT, BEGAN_US + 5, true);
	assert_int_equal(bench->recorder.healed[0].change.reason, REASON_NONE);
	exact_end(bench);
	assert_span(connection_in_state(bench_only(bench), AT_US(BEGAN_US + 35)), SPAN_AT_LEAST, 30);
	assert_span(connection_age(bench_only(bench), AT_US(BEGAN_US)), SPAN_EXACT, BEGAN_US);
	got = bench_step(bench, SK(1), STATE_CLOSE_WAIT, STATE_LAST_ACK, BEGAN_US + 65, outgoing(40000));
	assert_int_equal(got->conn.id, 1);
	assert_span(got->change.in_state, SPAN_AT_LEAST, 60);
}

static void test_transition_after_its_row(void **state)
{
	struct bench *bench = *state;

	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40000));
	bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, BEGAN_US + 6, outgoing(40000));
	exact_end(bench);
	assert_int_equal(bench_only(bench)->state, STATE_CLOSE_WAIT);
	assert_span(connection_in_state(bench_only(bench), AT_US(BEGAN_US + 10)), SPAN_EXACT, 4);
}

/* The kernel chooses the port of a connect() and of a listener after the transition. */
static void test_row_tells_the_port(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, BEGAN_US - 5, outgoing(0));
	bench_step(bench, SK(2), STATE_CLOSE, STATE_LISTEN, BEGAN_US - 4, tuple_of(4, "0.0.0.0", 0, "0.0.0.0", 0));
	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(1), STATE_SYN_SENT, BEGAN_US + 5, outgoing(40000));
	exact_row(bench, SK(2), STATE_LISTEN, BEGAN_US + 6, listener());
	exact_end(bench);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(at_sk(bench, SK(1))->tuple.lport, 40000);
	assert_int_equal(at_sk(bench, SK(2))->tuple.lport, 80);
	at_sk(bench, SK(2))->owner = owner_of(PID_SERVER, -1, "server");
	assert_int_equal(
		bench_step(bench, SK(3), STATE_LISTEN, STATE_SYN_RECV, BEGAN_US + 9, accepted(5))->conn.owner.pid,
		PID_SERVER);
}

/* IPV6_ADDRFORM: the same socket, another family. */
static void test_row_tells_the_family(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 0,
		   tuple_of(6, "::ffff:10.0.0.1", 40000, "::ffff:10.0.0.2", 80));
	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40000));
	exact_end(bench);
	assert_int_equal(bench_only(bench)->id, 1);
	assert_int_equal(bench_only(bench)->tuple.family, 4);
}

/* ---- deaths ---- */

static void test_death_after_its_row(void **state)
{
	struct bench *bench = *state;

	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40000));
	bench_end(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 6, outgoing(40000), gone);
	exact_end(bench);
	assert_int_equal(table_count(bench->table), 0);
}

static void test_row_after_its_death(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 0, outgoing(40000));
	exact_begin(bench, BEGAN_US);
	bench_end(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 1, outgoing(40000), gone);
	bench_end(bench, SK(2), STATE_ESTABLISHED, BEGAN_US + 2, outgoing(40001),
		  gone); /* a death counts for an unknown socket, too */
	exact_row(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40000));
	exact_row(bench, SK(2), STATE_ESTABLISHED, BEGAN_US + 6, outgoing(40001));
	assert_int_equal(table_count(bench->table), 0);
	exact_end(bench);
	assert_int_equal(table_count(bench->table), 0);
	/* in the next snapshot rows with these addresses are of other sockets */
	exact_begin(bench, 2 * BEGAN_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, 2 * BEGAN_US + 5, outgoing(40002));
	exact_end(bench);
	assert_int_equal(bench_only(bench)->tuple.lport, 40002);
}

/* A death before the snapshot's beginning does not affect the rows: by then the address belongs to another socket, and
 * the birth of that socket was lost. */
static void test_row_after_an_earlier_death(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 0, outgoing(40000));
	bench_end(bench, SK(1), STATE_ESTABLISHED, BEGAN_US - 1, outgoing(40000), gone);
	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40001));
	exact_end(bench);
	assert_int_equal(bench_only(bench)->tuple.lport, 40001);
}

static void test_address_used_again_within_a_snapshot(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 0, outgoing(40000));
	exact_begin(bench, BEGAN_US);
	for (unsigned int i = 0; i < 3; i++) {
		unsigned int at_us = BEGAN_US + 10 * i;

		bench_end(bench, SK(1), STATE_ESTABLISHED, at_us, outgoing((uint16_t)(40000 + i)), gone);
		bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, at_us + 1, outgoing(0));
		bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, at_us + 2, outgoing((uint16_t)(40001 + i)));
	}
	exact_row(bench, SK(1), STATE_CLOSE_WAIT, BEGAN_US + 40, outgoing(40003));
	exact_end(bench);
	assert_int_equal(bench_only(bench)->id, 4);
	assert_int_equal(bench_only(bench)->state, STATE_CLOSE_WAIT); /* the row of the last socket counts */
	assert_int_equal(bench_only(bench)->tuple.lport, 40003);
}

static void assert_next_snapshot_finds(struct bench *bench, struct tuple tuple)
{
	exact_begin(bench, 2 * BEGAN_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, 2 * BEGAN_US + 5, tuple);
	exact_end(bench);
	assert_int_equal(table_count(bench->table), 1);
}

/* Rows of /proc have no socket address: a death during their snapshot is not remembered. */
static void test_no_tombstone_for_proc(void **state)
{
	struct bench *bench = *state;

	bench_begin_snapshot(bench, BEGAN_US);
	bench_end(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 1, outgoing(40000), gone);
	bench_end_snapshot_here(bench);
	assert_next_snapshot_finds(bench, outgoing(40002));
}

/* ---- lost events ---- */

static void test_lost_death(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 0, outgoing(40000));
	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(2), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40001));
	exact_end(bench);
	assert_int_equal(bench_only(bench)->by_sk.key, SK(2));
	assert_int_equal(bench->recorder.healed_count, 1);
	assert_change(&bench->recorder.healed[0], STATE_ESTABLISHED, STATE_CLOSE, BEGAN_US, true);
	assert_int_equal(bench->recorder.healed[0].change.reason, REASON_END_NOT_SEEN);
	/* SK(2) is known only from its row: SK(2), too, is removed at once */
	exact_begin(bench, 2 * BEGAN_US);
	exact_end(bench);
	assert_int_equal(table_count(bench->table), 0);
}

static void test_lost_death_and_birth_with_cookies(void **state)
{
	struct bench *bench = *state;
	struct event row = exact_row_of(SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40000));

	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 0, outgoing(40000), owner_of(PID_CLIENT, -1, "client"), 11);
	bench_only(bench)->cookie = 7;
	row.cookie = 8;
	exact_begin(bench, BEGAN_US);
	bench_apply(bench, &row);
	exact_end(bench);
	assert_int_equal(bench_only(bench)->id, 2);
	assert_int_equal(bench_only(bench)->owner.pid, 0);
	assert_int_equal(bench_only(bench)->cookie, 8);
	assert_false(bench_only(bench)->born_known);
}

/* The same cookie means the same socket, whatever else differs. */
static void test_same_cookie_is_the_same_socket(void **state)
{
	struct bench *bench = *state;
	struct event row = exact_row_of(SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40000));

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(0));
	bench_only(bench)->cookie = 7;
	row.cookie = 7;
	exact_begin(bench, BEGAN_US);
	bench_apply(bench, &row);
	exact_end(bench);
	assert_int_equal(bench_only(bench)->id, 1);
	assert_int_equal(bench_only(bench)->state, STATE_ESTABLISHED);
}

/* Without cookies another socket is recognised by its tuple, where known, or because a listener is no connection. */
static void test_lost_death_and_birth_without_cookies(void **state)
{
	const struct {
		uint8_t before, after;
		struct tuple was, is;
	} tried[] = {
		{STATE_ESTABLISHED, STATE_ESTABLISHED, outgoing(40000), outgoing(40001)}, /* to the same server */
		{STATE_ESTABLISHED, STATE_ESTABLISHED, accepted(40000), accepted(40001)},
		{STATE_ESTABLISHED, STATE_ESTABLISHED, outgoing(40000), tuple_of(4, "10.0.0.1", 40000, "10.0.0.9", 80)},
		{STATE_LISTEN, STATE_ESTABLISHED, listener(), accepted(40000)},
		{STATE_ESTABLISHED, STATE_LISTEN, accepted(40000), listener()},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(tried); i++) {
		struct bench *bench;
		void *own;

		bench_open(&own);
		bench = own;
		bench_open_socket(bench, SK(1), tried[i].before, 0, tried[i].was, owner_of(PID_CLIENT, -1, "client"),
				  11);
		exact_begin(bench, BEGAN_US);
		exact_row(bench, SK(1), tried[i].after, BEGAN_US + 5, tried[i].is);
		exact_end(bench);
		assert_int_equal(bench_only(bench)->id, 2);
		assert_int_equal(bench_only(bench)->state, tried[i].after);
		assert_true(tuple_equal(&bench_only(bench)->tuple, &tried[i].is));
		assert_int_equal(bench_only(bench)->owner.pid, 0);
		bench_close(&own);
	}
}

/* On Linux before 6.15, when the transition with the peer was lost, the row supplies the peer. */
static void test_row_tells_the_peer(void **state)
{
	struct bench *bench = *state;
	const struct tuple tuple = accepted(40000);

	bench_step(bench, SK(1), STATE_LISTEN, STATE_SYN_RECV, 0, listener());
	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 5, tuple);
	exact_end(bench);
	assert_int_equal(bench_only(bench)->id, 1);
	assert_true(tuple_equal(&bench_only(bench)->tuple, &tuple));
	assert_false(connection_lacks_peer(bench_only(bench)));
}

/* A death, a lost birth, and a transition of the new socket: the new socket lives, and its row counts. */
static void test_living_socket_at_an_address_with_tombstone(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 0, outgoing(40000));
	exact_begin(bench, BEGAN_US);
	bench_end(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 1, outgoing(40000), gone);
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, BEGAN_US + 2, outgoing(40001));
	exact_row(bench, SK(1), STATE_CLOSE_WAIT, BEGAN_US + 5, outgoing(40001));
	exact_end(bench);
	assert_int_equal(bench_only(bench)->state, STATE_CLOSE_WAIT);
}

static void test_margin(void **state)
{
	static const struct {
		unsigned int heard_us;
		bool kept;
	} tried[] = {
		{BEGAN_US + 1, true},
		{BEGAN_US, true},
		{BEGAN_US - 1, true},
		{BEGAN_US - MARGIN_US, true},
		{BEGAN_US - MARGIN_US - 1, false},
		{1, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(tried); i++) {
		struct bench *bench;
		void *own;

		bench_open(&own);
		bench = own;
		bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, tried[i].heard_us, outgoing(0));
		exact_begin(bench, BEGAN_US);
		exact_end(bench);
		assert_int_equal(table_count(bench->table), tried[i].kept);
		exact_begin(bench, BEGAN_US + MARGIN_US + 2); /* a later snapshot removes the socket all the same */
		exact_end(bench);
		assert_int_equal(table_count(bench->table), 0);
		bench_close(&own);
	}
}

static void test_heard_of_while_it_was_taken(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 0, outgoing(40000));
	exact_begin(bench, BEGAN_US);
	bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, BEGAN_US + 3, outgoing(40000));
	bench_step(bench, SK(2), STATE_CLOSE, STATE_SYN_SENT, BEGAN_US + 4, outgoing(0));
	exact_end(bench);
	assert_int_equal(table_count(bench->table), 2);
}

/* ---- parts that a snapshot did not cover ---- */

static void test_uncovered_namespaces(void **state)
{
	static const uint32_t others[] = {3, NETNS_ELSEWHERE};
	struct bench *bench = *state;
	struct tuple elsewhere = outgoing(40000);

	elsewhere.netns = NETNS_ELSEWHERE;
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 0, outgoing(40000));
	bench_step(bench, SK(2), STATE_SYN_SENT, STATE_ESTABLISHED, 0, elsewhere);
	exact_begin(bench, BEGAN_US);
	exact_end_of(bench, SCOPE_ALL, NULL, 0);
	assert_int_equal(table_count(bench->table), 2);
	exact_begin(bench, 2 * BEGAN_US);
	exact_end_of(bench, SCOPE_ALL, others, 2);
	assert_int_equal(bench_only(bench)->by_sk.key, SK(1));
}

/* The snapshot was broken off, or was not of sockets. */
static void test_incomplete(void **state)
{
	static const uint8_t scopes[] = {0, SNAPSHOT_MINIS, SNAPSHOT_HOLDERS, SNAPSHOT_MINIS | SNAPSHOT_HOLDERS};
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 0, outgoing(40000));
	for (unsigned int i = 0; i < COUNT_OF(scopes); i++) {
		exact_begin(bench, (1 + i) * BEGAN_US);
		exact_row(bench, SK(2), STATE_ESTABLISHED, (1 + i) * BEGAN_US + 5, outgoing(40001));
		exact_end_of(bench, scopes[i], &netns_here, 1);
		assert_int_equal(table_count(bench->table), 2);
	}
	/* rows of the broken snapshot do not count for the next */
	exact_begin(bench, 9 * BEGAN_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, 9 * BEGAN_US + 5, outgoing(40000));
	exact_end_of(bench, SNAPSHOT_SOCKETS, &netns_here, 1);
	assert_int_equal(bench_only(bench)->by_sk.key, SK(1));
}

/* A remembered death does not outlast a snapshot that was broken off. */
static void test_incomplete_with_tombstone(void **state)
{
	struct bench *bench = *state;

	exact_begin(bench, BEGAN_US);
	bench_end(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 1, outgoing(40000), gone);
	exact_end_of(bench, 0, NULL, 0);
	assert_next_snapshot_finds(bench, outgoing(40001));
}

/* ---- strangers ---- */

static void test_strangers(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 0, outgoing(40000));
	assert_int_equal(table_strangers(bench->table), 0); /* no snapshot has been taken yet */
	exact_begin(bench, BEGAN_US);
	bench_step(bench, SK(2), STATE_ESTABLISHED, STATE_CLOSE_WAIT, BEGAN_US + 1, outgoing(40001));
	exact_end_of(bench, SNAPSHOT_MINIS, &netns_here, 1);
	bench_step(bench, SK(3), STATE_ESTABLISHED, STATE_CLOSE_WAIT, BEGAN_US + 2, outgoing(40002));
	assert_int_equal(table_strangers(bench->table), 0); /* no snapshot of sockets has been completed yet */
	exact_begin(bench, 2 * BEGAN_US);
	exact_row(bench, SK(4), STATE_ESTABLISHED, 2 * BEGAN_US + 3, outgoing(40003));
	exact_end(bench);
	bench_step(bench, SK(4), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 3 * BEGAN_US, outgoing(40003));
	bench_step(bench, SK(5), STATE_CLOSE, STATE_SYN_SENT, 3 * BEGAN_US, outgoing(0));
	bench_step(bench, SK(6), STATE_LISTEN, STATE_SYN_RECV, 3 * BEGAN_US, accepted(7));
	assert_int_equal(table_strangers(bench->table), 0); /* one socket is known, and two are born */
	bench_step(bench, SK(7), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 3 * BEGAN_US, outgoing(40004));
	assert_int_equal(table_strangers(bench->table), 1);
	bench_step(bench, SK(7), STATE_CLOSE_WAIT, STATE_LAST_ACK, 3 * BEGAN_US, outgoing(40004));
	assert_int_equal(table_strangers(bench->table), 1);
	bench_end(bench, SK(8), STATE_ESTABLISHED, 3 * BEGAN_US, outgoing(40005), gone);
	assert_int_equal(table_strangers(bench->table), 2);
}

/* A socket found in /proc is recognised, and no stranger. */
static void test_found_in_proc_is_no_stranger(void **state)
{
	struct bench *bench = *state;

	snapshot_one_socket(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, BEGAN_US, outgoing(40000));
	assert_int_equal(table_strangers(bench->table), 0);
	assert_int_equal(bench_only(bench)->id, 1);
}

/* ---- after /proc ---- */

/* Connections found without a socket address get it from the row with the same inode, or else with the same tuple. */
static void test_addresses_for_those_found_in_proc(void **state)
{
	struct bench *bench = *state;
	struct event by_inode = exact_row_of(SK(1), STATE_ESTABLISHED, BEGAN_US, outgoing(40000));

	by_inode.inode = 11;
	bench_begin_snapshot(bench, 500);
	add_row(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	add_row(bench, STATE_ESTABLISHED, outgoing(40001), 0, 0);
	add_row(bench, STATE_LISTEN, listener(), 12, PID_SERVER);
	add_row(bench, STATE_LISTEN, listener(), 13, PID_CLIENT);
	bench_end_snapshot_here(bench);
	exact_begin(bench, BEGAN_US);
	bench_apply(bench, &by_inode);
	exact_row(bench, SK(2), STATE_ESTABLISHED, BEGAN_US, outgoing(40001));
	by_inode = exact_row_of(SK(3), STATE_LISTEN, BEGAN_US, listener());
	by_inode.inode = 13;
	bench_apply(bench, &by_inode);
	exact_end(bench);
	assert_int_equal(table_count(bench->table), 3); /* the listener without a row is gone */
	assert_int_equal(at_sk(bench, SK(1))->id, 1);
	assert_int_equal(at_sk(bench, SK(2))->id, 2);
	assert_int_equal(at_sk(bench, SK(3))->owner.pid, PID_CLIENT);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BENCH_TEST(test_row_of_an_unknown_socket),
		BENCH_TEST(test_row_that_agrees),
		BENCH_TEST(test_row_that_contradicts),
		BENCH_TEST(test_transition_after_its_row),
		BENCH_TEST(test_row_tells_the_port),
		BENCH_TEST(test_row_tells_the_family),
		BENCH_TEST(test_death_after_its_row),
		BENCH_TEST(test_row_after_its_death),
		BENCH_TEST(test_row_after_an_earlier_death),
		BENCH_TEST(test_address_used_again_within_a_snapshot),
		BENCH_TEST(test_no_tombstone_for_proc),
		BENCH_TEST(test_lost_death),
		BENCH_TEST(test_lost_death_and_birth_with_cookies),
		BENCH_TEST(test_same_cookie_is_the_same_socket),
		cmocka_unit_test(test_margin),
		BENCH_TEST(test_heard_of_while_it_was_taken),
		BENCH_TEST(test_uncovered_namespaces),
		BENCH_TEST(test_incomplete),
		BENCH_TEST(test_incomplete_with_tombstone),
		BENCH_TEST(test_strangers),
		BENCH_TEST(test_found_in_proc_is_no_stranger),
		BENCH_TEST(test_addresses_for_those_found_in_proc),
		cmocka_unit_test(test_lost_death_and_birth_without_cookies),
		BENCH_TEST(test_row_tells_the_peer),
		BENCH_TEST(test_living_socket_at_an_address_with_tombstone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
