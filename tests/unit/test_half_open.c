// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests handshakes that wait for their last packet: the kernel keeps a minisocket for each, which is no socket, and
 * they have no transitions.
 */
#include "exact.h"

enum { PID_SERVER = 200 };

static struct tuple accepted(uint16_t rport)
{
	return tuple_of(4, "10.0.0.2", 80, "10.0.0.1", rport);
}

static struct tuple listener(void)
{
	return tuple_of(4, "0.0.0.0", 80, "0.0.0.0", 0);
}

static void listen_here(struct bench *bench)
{
	bench_open_socket(bench, SK(9), STATE_LISTEN, 0, listener(), owner_of(PID_SERVER, 3, "server"), 9);
	bench->recorder.count = 0;
}

static void test_half_open(void **state)
{
	struct bench *bench = *state;
	struct event row = mini_row_of(STATE_SYN_RECV, 1000, accepted(40000));
	const struct connection *conn;

	listen_here(bench);
	exact_begin_of(bench, SNAPSHOT_MINIS, 900);
	row.uid = 33;
	bench_apply(bench, &row);
	exact_end_of(bench, SNAPSHOT_MINIS, &netns_here, 1);
	conn = bench_find(bench, fits_state, STATE_SYN_RECV);
	assert_true(conn->mini);
	assert_int_equal(conn->uid, 33);
	assert_int_equal(conn->direction, DIRECTION_IN);
	assert_int_equal(conn->owner.pid, PID_SERVER);
	assert_int_equal(conn->owner_source, OWNER_INHERITED);
	assert_false(connection_owner_is_open(conn)); /* no process can accept the handshake yet */
	/* the handshake was no connection: it ends without a change */
	exact_begin_of(bench, SNAPSHOT_MINIS, 2000);
	exact_end_of(bench, SNAPSHOT_MINIS, &netns_here, 1);
	assert_int_equal(table_count(bench->table), 1);
	assert_int_equal(bench->recorder.count, 0);
}

static void test_half_open_becomes_a_child(void **state)
{
	struct bench *bench = *state;

	listen_here(bench);
	exact_begin_of(bench, SNAPSHOT_MINIS, 900);
	mini_row(bench, STATE_SYN_RECV, 1000, accepted(40000));
	bench_step(bench, SK(1), STATE_LISTEN, STATE_SYN_RECV, 1100, accepted(40000)); /* the only change */
	assert_int_equal(table_count(bench->table), 2);
	mini_row(bench, STATE_SYN_RECV, 1101, accepted(40001));
	bench_step(bench, SK(2), STATE_LISTEN, STATE_SYN_RECV, 1200, listener()); /* before Linux 6.15 */
	assert_int_equal(table_count(bench->table), 4);
	bench_step(bench, SK(2), STATE_SYN_RECV, STATE_ESTABLISHED, 1201, accepted(40001));
	exact_end_of(bench, SNAPSHOT_MINIS, &netns_here, 1);
	assert_int_equal(table_count(bench->table), 3);
	assert_int_equal(bench->recorder.count, 3);
}

/* The child is reported before the handshake leaves the hash, where an iterator may still meet the handshake. */
static void test_half_open_that_is_met_after_its_child(void **state)
{
	static const uint8_t nexts[] = {STATE_ESTABLISHED, STATE_CLOSE};
	struct bench *bench = *state;

	listen_here(bench);
	for (unsigned int i = 0; i < COUNT_OF(nexts); i++) {
		exact_begin_of(bench, SNAPSHOT_MINIS, 900);
		bench_step(bench, SK(1 + i), STATE_LISTEN, STATE_SYN_RECV, 1000, accepted(40000 + i));
		mini_row(bench, STATE_SYN_RECV, 1001, accepted(40000 + i));
		bench_step(bench, SK(1 + i), STATE_SYN_RECV, nexts[i], 1002, accepted(40000 + i));
		exact_end_of(bench, SNAPSHOT_MINIS, &netns_here, 1);
	}
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(bench->recorder.count, 4);
}

/* A TIME_WAIT and a handshake under one tuple are two connections. */
static void test_half_open_and_time_wait(void **state)
{
	struct bench *bench = *state;

	exact_begin(bench, 900);
	assert_int_equal(mini_row(bench, STATE_TIME_WAIT, 1000, accepted(40000)), 0);
	assert_int_equal(mini_row(bench, STATE_SYN_RECV, 1001, accepted(40000)), 1);
	assert_change(last_recorded(&bench->recorder), STATE_TIME_WAIT, STATE_CLOSE, 1001, true);
	assert_int_equal(bench_only(bench)->id, 2);
	assert_int_equal(mini_row(bench, STATE_TIME_WAIT, 1002, accepted(40000)), 0);
	assert_int_equal(bench_only(bench)->id, 3);
	assert_int_equal(bench_only(bench)->direction, DIRECTION_UNKNOWN);
	exact_end(bench);
	assert_int_equal(table_count(bench->table), 1);
}

/* Handshakes are reported before the holders of their listener. */
static void test_half_open_found_with_its_listener(void **state)
{
	struct bench *bench = *state;

	exact_begin(bench, 900);
	mini_row(bench, STATE_SYN_RECV, 901, accepted(40000));
	exact_row(bench, SK(9), STATE_LISTEN, 902, listener());
	add_holder(bench, SK(9), PID_SERVER, 3);
	exact_end(bench);
	assert_int_equal(bench_find(bench, fits_state, STATE_SYN_RECV)->owner.pid, PID_SERVER);
	assert_int_equal(bench_find(bench, fits_state, STATE_SYN_RECV)->owner_source, OWNER_INHERITED);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BENCH_TEST(test_half_open),
		BENCH_TEST(test_half_open_becomes_a_child),
		BENCH_TEST(test_half_open_that_is_met_after_its_child),
		BENCH_TEST(test_half_open_and_time_wait),
		BENCH_TEST(test_half_open_found_with_its_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
