// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests repeated snapshots: they bring queues and holders up to date, and two in a row show a lost death.
 */
#include "events.h"

enum { PID_CLIENT = 100, PID_OTHER = 300 };

static struct tuple outgoing(uint16_t lport)
{
	return tuple_of(4, "10.0.0.1", lport, "10.0.0.2", 80);
}

static void empty_snapshot(struct bench *bench, unsigned int at_us)
{
	bench_begin_snapshot(bench, at_us);
	bench_end_snapshot_here(bench);
}

static void test_refresh(void **state)
{
	struct bench *bench = *state;
	struct owner holder = owner_of(PID_OTHER, 8, "other");
	struct event row = row_of(STATE_ESTABLISHED, outgoing(40000), 11);
	const struct connection *conn;

	snapshot_one_socket(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	row.owners = &holder;
	row.owner_count = 1;
	row.recvq = 700;
	row.sendq = 0;
	bench_begin_snapshot(bench, 5000);
	bench_apply(bench, &row);
	bench_end_snapshot_here(bench);
	conn = bench_only(bench);
	assert_int_equal(conn->id, 1);
	assert_int_equal(conn->recvq, 700);
	assert_int_equal(conn->sendq, 0);
	assert_int_equal(conn->owner.pid, PID_OTHER);
	assert_span(connection_age(conn, AT_US(ATTACHED_US + 9000)), SPAN_AT_LEAST,
		    9000); /* still since the first snapshot */
}

static void test_absent_twice_is_gone(void **state)
{
	struct bench *bench = *state;

	snapshot_one_socket(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	empty_snapshot(bench, 5000);
	assert_int_equal(table_count(bench->table), 1);
	assert_int_equal(bench->recorder.healed_count, 0);
	empty_snapshot(bench, 9000);
	assert_int_equal(table_count(bench->table), 0);
	assert_int_equal(bench->recorder.healed_count, 1);
	assert_int_equal(bench->recorder.healed[0].change.oldstate, STATE_ESTABLISHED);
	assert_int_equal(bench->recorder.healed[0].change.newstate, STATE_CLOSE);
	assert_int_equal(bench->recorder.healed[0].change.reason, REASON_END_NOT_SEEN);
}

static void test_absent_twice_is_gone_with_an_address_too(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 500, outgoing(40000));
	empty_snapshot(bench, 5000);
	empty_snapshot(bench, 9000);
	assert_int_equal(table_count(bench->table), 0);
	/* the socket address is free again */
	assert_int_equal(bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 9500, outgoing(0))->conn.id, 2);
}

/* An absorbed row counts for the connection that absorbed it. */
static void test_absorbed_row_is_no_absence(void **state)
{
	struct bench *bench = *state;

	bench_begin_snapshot(bench, ATTACHED_US);
	add_row(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, ATTACHED_US - 5, outgoing(40000));
	bench_end_snapshot_here(bench);
	empty_snapshot(bench, 5000);
	assert_int_equal(table_count(bench->table), 1);
}

static void test_seen_between_two_absences(void **state)
{
	struct bench *bench = *state;

	snapshot_one_socket(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	empty_snapshot(bench, 5000);
	bench_begin_snapshot(bench, 7000);
	add_row(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	bench_end_snapshot_here(bench);
	empty_snapshot(bench, 9000);
	assert_int_equal(table_count(bench->table), 1);
}

static void test_heard_of_while_a_snapshot_was_read(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 5001, outgoing(40000));
	empty_snapshot(bench, 5000);
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 9001, outgoing(40000));
	empty_snapshot(bench, 9000);
	empty_snapshot(bench, 12000);
	assert_int_equal(table_count(bench->table), 1);
}

/* The connection lived after the first of the two snapshots: only one of them is evidence of its death. */
static void test_heard_of_between_two_absences(void **state)
{
	struct bench *bench = *state;

	snapshot_one_socket(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	empty_snapshot(bench, 5000);
	bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 7000, outgoing(40000));
	empty_snapshot(bench, 9000);
	assert_int_equal(table_count(bench->table), 1);
	empty_snapshot(bench, 12000);
	assert_int_equal(table_count(bench->table), 0);
}

static void test_absent_where_nobody_looked(void **state)
{
	static const uint32_t others[] = {3, 4, NETNS_ELSEWHERE};
	struct bench *bench = *state;

	snapshot_one_socket(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	for (unsigned int i = 0; i < 4; i++) {
		bench_begin_snapshot(bench, 5000 + i);
		bench_end_snapshot(bench, others, 3);
		bench_begin_snapshot(bench, 6000 + i);
		bench_end_snapshot(bench, NULL, 0);
	}
	assert_int_equal(table_count(bench->table), 1);
	/* an absence before a snapshot of other namespaces does not count either */
	empty_snapshot(bench, 8000);
	bench_begin_snapshot(bench, 8500);
	bench_end_snapshot(bench, others, 3);
	empty_snapshot(bench, 9000);
	assert_int_equal(table_count(bench->table), 1);
}

static void test_same_tuple_in_two_namespaces(void **state)
{
	struct bench *bench = *state;
	struct tuple elsewhere = outgoing(40000);

	elsewhere.netns = NETNS_ELSEWHERE;
	bench_begin_snapshot(bench, ATTACHED_US);
	add_row(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	add_row(bench, STATE_ESTABLISHED, elsewhere, 12, PID_OTHER);
	bench_end_snapshot_here(bench);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 2000, elsewhere)->conn.owner.pid,
			 PID_OTHER);
}

static void test_many_rows_survive_and_go(void **state)
{
	enum { MANY = 2000 };
	struct bench *bench = *state;

	bench_begin_snapshot(bench, ATTACHED_US);
	for (unsigned int i = 0; i < MANY; i++)
		add_row(bench, STATE_ESTABLISHED, outgoing((uint16_t)(1 + i)), 100 + i, PID_CLIENT);
	bench_end_snapshot_here(bench);
	assert_int_equal(table_count(bench->table), MANY);
	for (unsigned int i = 0; i < MANY; i += 2) { /* every other connection has an event */
		bench_step(bench, SK(i), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 2000, outgoing((uint16_t)(1 + i)));
		bench->recorder.count = 0;
	}
	assert_int_equal(table_count(bench->table), MANY);
	empty_snapshot(bench, 1500);
	empty_snapshot(bench, 1600);
	assert_int_equal(table_count(bench->table), MANY / 2);
	empty_snapshot(bench, 5000);
	empty_snapshot(bench, 6000);
	assert_int_equal(table_count(bench->table), 0);
}

static void add_mini_row(struct bench *bench)
{
	struct event row = row_of(STATE_FIN_WAIT2, outgoing(40000), 0);

	row.mini = true;
	bench_apply(bench, &row);
}

/* A minisocket in FIN_WAIT2 ends without an event: two absences are proof. */
static void test_minisocket_is_there_as_long_as_its_row(void **state)
{
	struct bench *bench = *state;

	for (unsigned int at_us = ATTACHED_US; at_us < 4000; at_us += 1000) {
		bench_begin_snapshot(bench, at_us);
		add_mini_row(bench);
		bench_end_snapshot_here(bench);
		assert_int_equal(bench_only(bench)->id, 1);
	}
	assert_true(bench_only(bench)->mini);
	empty_snapshot(bench, 5000);
	assert_int_equal(table_count(bench->table), 1);
	empty_snapshot(bench, 6000);
	assert_int_equal(table_count(bench->table), 0);
}

/* The last event of a socket may come after the row of its minisocket, and the tuple may be used again. */
static void test_minisocket_is_not_its_socket(void **state)
{
	struct bench *bench = *state;
	struct event done = transition_of(SK(2), STATE_SYN_SENT, STATE_ESTABLISHED, 6001, outgoing(40000));

	snapshot_one_socket(bench, STATE_FIN_WAIT2, outgoing(40000), 11, PID_CLIENT);
	bench_begin_snapshot(bench, 5000);
	add_mini_row(bench);
	bench_end_snapshot_here(bench);
	assert_int_equal(table_count(bench->table), 2);
	bench_end(bench, SK(1), STATE_FIN_WAIT2, 5001, outgoing(40000), (struct closing){.sent = true});
	assert_int_equal(bench_only(bench)->id, 2);
	bench_step(bench, SK(2), STATE_CLOSE, STATE_SYN_SENT, 6000, outgoing(40000));
	bench_apply(bench, &done);
	assert_int_equal(bench->recorder.count,
			 4); /* the socket's end, the birth, the minisocket's end, and ESTABLISHED */
	assert_int_equal(bench->recorder.all[2].conn.id, 2);
	assert_int_equal(bench->recorder.all[2].change.newstate, STATE_CLOSE);
	assert_true(bench->recorder.all[2].change.derived);
	assert_int_equal(last_recorded(&bench->recorder)->change.newstate, STATE_ESTABLISHED);
	assert_int_equal(bench_only(bench)->state, STATE_ESTABLISHED);
}

/* The address belongs to another socket by now: the end of the one and the birth of the other were lost. */
static void test_another_cookie_is_another_socket(void **state)
{
	struct bench *bench = *state;
	struct event event = transition_of(SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 9000, outgoing(40001));

	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 500, outgoing(40000), owner_of(PID_CLIENT, -1, "client"), 11);
	bench_find(bench, fits_state, STATE_SYN_SENT)->cookie = 7;
	event.cookie = 8;
	bench_apply(bench, &event);
	assert_int_equal(bench_only(bench)->id, 2);
	assert_int_equal(bench_only(bench)->owner.pid, 0);
	assert_false(bench_only(bench)->born_known);
}

/* One row with another state may be an old one. Two with the same state, and no event in between, prove a lost
 * event. */
static void test_state_is_healed_by_two_rows(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 500, outgoing(40000));
	bench->recorder.count = 0;
	for (unsigned int at_us = 2000; at_us < 5000; at_us += 1000) {
		assert_int_equal(bench_only(bench)->state, at_us < 4000 ? STATE_ESTABLISHED : STATE_CLOSE_WAIT);
		bench_begin_snapshot(bench, at_us);
		add_row(bench, STATE_CLOSE_WAIT, outgoing(40000), 11, PID_CLIENT);
		bench_end_snapshot_here(bench);
	}
	assert_span(connection_in_state(bench_only(bench), AT_US(5000)), SPAN_AT_LEAST, 3000);
}

/* Two rows do not prove a loss when there was an event after the first snapshot began. A third row does. */
static void test_state_is_not_healed_if_heard_of(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 2001, outgoing(40000));
	bench->recorder.count = 0;
	for (unsigned int at_us = 2000; at_us < 5000; at_us += 1000) {
		bench_begin_snapshot(bench, at_us);
		add_row(bench, STATE_CLOSE_WAIT, outgoing(40000), 11, PID_CLIENT);
		bench_end_snapshot_here(bench);
		assert_int_equal(bench_only(bench)->state, at_us < 4000 ? STATE_ESTABLISHED : STATE_CLOSE_WAIT);
	}
}

/* A row of a connect() with its port is absorbed by the birth that has no port yet: the inode is the same. */
static void test_birth_without_port_absorbs_its_row(void **state)
{
	struct bench *bench = *state;

	begin_with_row(bench, STATE_SYN_SENT, outgoing(40000), 11, PID_CLIENT);
	bench_open_socket(bench, SK(1), STATE_SYN_SENT, ATTACHED_US + 5, outgoing(0),
			  owner_of(PID_CLIENT, -1, "client"), 11);
	bench_end_snapshot_here(bench);
	assert_int_equal(bench_only(bench)->tuple.lport, 40000);
	assert_int_equal(bench_only(bench)->owner_source, OWNER_CONNECT);
}

/* After listen() without bind() the row supplies the port, by which children find their listener. */
static void test_listener_learns_its_port(void **state)
{
	struct bench *bench = *state;
	struct tuple portless = tuple_of(4, "0.0.0.0", 0, "0.0.0.0", 0), listening = portless;
	const struct recorded *child;

	listening.lport = 80;
	bench_open_socket(bench, SK(1), STATE_LISTEN, 500, portless, owner_of(PID_OTHER, -1, "server"), 9);
	bench->recorder.count = 0;
	snapshot_one_socket(bench, STATE_LISTEN, listening, 9, PID_OTHER);
	assert_int_equal(bench_only(bench)->tuple.lport, 80);
	child = bench_step(bench, SK(2), STATE_LISTEN, STATE_SYN_RECV, 5000,
			   tuple_of(4, "10.0.0.2", 80, "10.0.0.1", 40000));
	assert_int_equal(child->conn.owner.pid, PID_OTHER);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BENCH_TEST(test_refresh),
		BENCH_TEST(test_absent_twice_is_gone),
		BENCH_TEST(test_absent_twice_is_gone_with_an_address_too),
		BENCH_TEST(test_absorbed_row_is_no_absence),
		BENCH_TEST(test_seen_between_two_absences),
		BENCH_TEST(test_heard_of_while_a_snapshot_was_read),
		BENCH_TEST(test_heard_of_between_two_absences),
		BENCH_TEST(test_absent_where_nobody_looked),
		BENCH_TEST(test_same_tuple_in_two_namespaces),
		BENCH_TEST(test_many_rows_survive_and_go),
		BENCH_TEST(test_minisocket_is_there_as_long_as_its_row),
		BENCH_TEST(test_minisocket_is_not_its_socket),
		BENCH_TEST(test_another_cookie_is_another_socket),
		BENCH_TEST(test_state_is_healed_by_two_rows),
		BENCH_TEST(test_state_is_not_healed_if_heard_of),
		BENCH_TEST(test_birth_without_port_absorbs_its_row),
		BENCH_TEST(test_listener_learns_its_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
