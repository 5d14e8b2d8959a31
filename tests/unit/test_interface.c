// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests connections that have one tuple on two interfaces: link-local addresses, SO_BINDTODEVICE, VRFs. And the
 * listener of a child that is bound to an interface.
 */
#include "exact.h"

enum { PID_SERVER = 200, PID_OTHER = 300, ETH0 = 2, ETH1 = 3, VRF = 9, BEGAN_US = 1000000 };

static struct tuple outgoing(uint32_t interface)
{
	struct tuple tuple = tuple_of(6, "fe80::1", 40000, "fe80::2", 80);

	tuple.interface = interface;
	return tuple;
}

static struct tuple accepted(uint32_t interface)
{
	struct tuple tuple = tuple_of(6, "fe80::2", 80, "fe80::1", 40000);

	tuple.interface = interface;
	return tuple;
}

static struct tuple listening(const char *address, uint32_t interface)
{
	struct tuple tuple = tuple_of(6, address, 80, "::", 0);

	tuple.interface = interface;
	return tuple;
}

/* Takes a connection of ours from its birth to FIN_WAIT2 at 300. The changes so far do not count. */
static void close_by_us(struct bench *bench, uint64_t sk, struct tuple tuple)
{
	bench_step(bench, sk, STATE_CLOSE, STATE_SYN_SENT, 0, tuple);
	bench_step(bench, sk, STATE_SYN_SENT, STATE_ESTABLISHED, 100, tuple);
	bench_step(bench, sk, STATE_ESTABLISHED, STATE_FIN_WAIT1, 200, tuple);
	bench_step(bench, sk, STATE_FIN_WAIT1, STATE_FIN_WAIT2, 300, tuple);
	bench->recorder.count = 0;
}

static bool fits_interface(const struct connection *conn, uint64_t wanted)
{
	return conn->tuple.interface == wanted;
}

static struct connection *at_interface(const struct bench *bench, uint32_t interface)
{
	return bench_find(bench, fits_interface, interface);
}

/* ---- tuples ---- */

static void test_tuples_that_may_equal(void **state)
{
	const struct tuple eth0 = outgoing(ETH0), eth1 = outgoing(ETH1), none = outgoing(0);
	const struct tuple unknown = outgoing(INTERFACE_UNKNOWN), other = accepted(ETH0);
	struct hash_secret secret;

	(void)state;
	assert_true(tuple_equal(&eth0, &eth0));
	assert_false(tuple_equal(&eth0, &eth1));
	assert_false(tuple_equal(&eth0, &none));
	assert_false(tuple_equal(&eth0, &unknown));
	assert_true(tuple_ends_equal(&eth0, &eth1));
	assert_false(tuple_ends_equal(&eth0, &other));
	assert_true(tuple_may_equal(&eth0, &unknown));
	assert_true(tuple_may_equal(&unknown, &none));
	assert_false(tuple_may_equal(&eth0, &eth1));
	assert_false(tuple_may_equal(&other, &unknown));
	assert_int_equal(hash_secret_init(&secret), 0);
	assert_true(tuple_hash(&secret, &eth0) == tuple_hash(&secret, &unknown));
	assert_int_equal(tuple_known_interface(&eth1), ETH1);
	assert_int_equal(tuple_known_interface(&unknown), 0);
}

/* ---- two connections ---- */

static void test_two_time_waits(void **state)
{
	struct bench *bench = *state;

	close_by_us(bench, SK(1), outgoing(ETH0));
	close_by_us(bench, SK(2), outgoing(ETH1));
	assert_int_equal(close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 400, outgoing(ETH0)), 1);
	assert_int_equal(close_to(bench, SK(2), STATE_FIN_WAIT2, STATE_TIME_WAIT, 450, outgoing(ETH1)), 1);
	assert_int_equal(table_count(bench->table), 2);
	exact_begin(bench, BEGAN_US);
	assert_int_equal(mini_row(bench, STATE_TIME_WAIT, BEGAN_US + 1, outgoing(ETH1)), 0);
	assert_int_equal(mini_row(bench, STATE_TIME_WAIT, BEGAN_US + 1, outgoing(ETH0)), 0);
	exact_end(bench);
	assert_int_equal(bench->recorder.count, 2);
	exact_begin(bench, 2 * BEGAN_US);
	assert_int_equal(mini_row(bench, STATE_TIME_WAIT, 2 * BEGAN_US + 1, outgoing(ETH1)), 0);
	exact_end(bench);
	assert_int_equal(bench->recorder.count, 3);
	assert_change(last_recorded(&bench->recorder), STATE_TIME_WAIT, STATE_CLOSE, 2 * BEGAN_US, true);
	assert_int_equal(last_recorded(&bench->recorder)->conn.tuple.interface, ETH0);
	assert_int_equal(bench_only(bench)->id, 2);
}

/* A minisocket in FIN_WAIT2, and the TIME_WAIT of the other connection: neither is the other's next state. */
static void test_fin_wait2_beside_time_wait(void **state)
{
	struct bench *bench = *state;

	close_by_us(bench, SK(1), outgoing(ETH0));
	close_by_us(bench, SK(2), outgoing(ETH1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 400, outgoing(ETH0));
	close_to(bench, SK(2), STATE_FIN_WAIT2, STATE_FIN_WAIT2, 450, outgoing(ETH1));
	exact_begin(bench, BEGAN_US);
	assert_int_equal(mini_row(bench, STATE_FIN_WAIT2, BEGAN_US + 1, outgoing(ETH1)), 0);
	assert_int_equal(mini_row(bench, STATE_TIME_WAIT, BEGAN_US + 1, outgoing(ETH0)), 0);
	exact_end(bench);
	assert_int_equal(at_interface(bench, ETH0)->state, STATE_TIME_WAIT);
	assert_int_equal(at_interface(bench, ETH1)->state, STATE_FIN_WAIT2);
}

static void test_new_connection_ends_only_its_own_time_wait(void **state)
{
	struct bench *bench = *state;

	close_by_us(bench, SK(1), outgoing(ETH0));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 400, outgoing(ETH0));
	bench_step(bench, SK(2), STATE_CLOSE, STATE_SYN_SENT, 500, outgoing(ETH1));
	bench_step(bench, SK(2), STATE_SYN_SENT, STATE_ESTABLISHED, 600, outgoing(ETH1));
	assert_int_equal(at_interface(bench, ETH0)->state, STATE_TIME_WAIT);
}

static void test_half_open_on_both(void **state)
{
	struct bench *bench = *state;

	exact_begin(bench, BEGAN_US);
	mini_row(bench, STATE_SYN_RECV, BEGAN_US + 1, accepted(ETH0));
	mini_row(bench, STATE_SYN_RECV, BEGAN_US + 1, accepted(ETH1));
	exact_end(bench);
	assert_int_equal(table_count(bench->table), 2);
	bench_step(bench, SK(1), STATE_LISTEN, STATE_SYN_RECV, BEGAN_US + 100, accepted(ETH1));
	assert_int_equal(table_count(bench->table), 2);
	assert_true(at_interface(bench, ETH0)->mini);
	assert_false(at_interface(bench, ETH1)->mini);
}

/* SO_BINDTODEVICE binds a socket to another interface at any time. */
static void test_interface_that_changes(void **state)
{
	struct bench *bench = *state;

	close_by_us(bench, SK(1), outgoing(ETH0));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 400, outgoing(ETH0));
	bench_step(bench, SK(2), STATE_CLOSE, STATE_SYN_SENT, 500, outgoing(0));
	bench_step(bench, SK(2), STATE_SYN_SENT, STATE_ESTABLISHED, 600, outgoing(0));
	bench_step(bench, SK(2), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 700, outgoing(ETH0));
	assert_int_equal(last_recorded(&bench->recorder)->conn.id, 2);
	assert_span(last_recorded(&bench->recorder)->change.in_state, SPAN_EXACT, 100);
	assert_int_equal(at_sk(bench, SK(2))->tuple.interface, ETH0);
	assert_int_equal(table_count(bench->table), 2); /* the TIME_WAIT was not replaced by an older connection */
	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(2), STATE_CLOSE_WAIT, BEGAN_US + 1, outgoing(ETH1));
	mini_row(bench, STATE_TIME_WAIT, BEGAN_US + 1, outgoing(ETH0));
	exact_end(bench);
	assert_int_equal(at_sk(bench, SK(2))->id, 2);
	assert_int_equal(at_sk(bench, SK(2))->tuple.interface, ETH1);
	assert_int_equal(table_count(bench->table), 2);
}

/* ---- /proc, which shows no interface ---- */

static void proc_mini_row(struct bench *bench, uint8_t state)
{
	struct event row = row_of(state, outgoing(INTERFACE_UNKNOWN), 0);

	row.mini = true;
	row.uid = UID_UNKNOWN;
	bench_apply(bench, &row);
}

static void proc_socket_row(struct bench *bench, uint8_t state, uint32_t inode)
{
	struct event row = row_of(state, outgoing(INTERFACE_UNKNOWN), inode);

	bench_apply(bench, &row);
}

static void test_rows_of_proc_find_both_minisockets(void **state)
{
	struct bench *bench = *state;

	close_by_us(bench, SK(1), outgoing(ETH0));
	close_by_us(bench, SK(2), outgoing(ETH1));
	close_to(bench, SK(1), STATE_FIN_WAIT2, STATE_TIME_WAIT, 400, outgoing(ETH0));
	close_to(bench, SK(2), STATE_FIN_WAIT2, STATE_FIN_WAIT2, 450, outgoing(ETH1));
	for (unsigned int round = 1; round <= 3; round++) {
		bench_begin_snapshot(bench, round * BEGAN_US);
		proc_mini_row(bench, round == 2 ? STATE_TIME_WAIT : STATE_FIN_WAIT2);
		proc_mini_row(bench, round == 2 ? STATE_FIN_WAIT2 : STATE_TIME_WAIT);
		bench_end_snapshot_here(bench);
	}
	assert_int_equal(bench->recorder.count, 1); /* the first one's TIME_WAIT */
	assert_int_equal(at_interface(bench, ETH0)->state, STATE_TIME_WAIT);
	assert_int_equal(at_interface(bench, ETH1)->state, STATE_FIN_WAIT2);
}

static void test_rows_of_proc_find_both_sockets(void **state)
{
	struct bench *bench = *state;

	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 0, outgoing(ETH0), owner_of(1, -1, "client"), 11);
	bench_open_socket(bench, SK(2), STATE_SYN_SENT, 0, outgoing(ETH1), owner_of(1, -1, "client"), 12);
	bench_step(bench, SK(2), STATE_SYN_SENT, STATE_ESTABLISHED, 100, outgoing(ETH1));
	bench->recorder.count = 0;
	for (unsigned int round = 1; round <= 3; round++) { /* both were closed: the inodes are not shown */
		bench_begin_snapshot(bench, round * BEGAN_US);
		proc_socket_row(bench, round == 2 ? STATE_SYN_SENT : STATE_ESTABLISHED, 0);
		proc_socket_row(bench, round == 2 ? STATE_ESTABLISHED : STATE_SYN_SENT, 0);
		bench_end_snapshot_here(bench);
	}
	assert_int_equal(bench->recorder.count, 0);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(at_sk(bench, SK(1))->state, STATE_SYN_SENT);
	assert_int_equal(at_sk(bench, SK(2))->state, STATE_ESTABLISHED);
	assert_int_equal(at_sk(bench, SK(2))->tuple.interface, ETH1);
}

/* A connection that /proc has found gets its interface with its first event. */
static void test_interface_of_what_proc_has_found(void **state)
{
	struct bench *bench = *state;

	bench_begin_snapshot(bench, ATTACHED_US);
	proc_socket_row(bench, STATE_ESTABLISHED, 11);
	bench_end_snapshot_here(bench);
	assert_int_equal(bench_only(bench)->tuple.interface, INTERFACE_UNKNOWN);
	bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, ATTACHED_US + 100, outgoing(ETH0));
	assert_int_equal(bench_only(bench)->id, 1);
	assert_int_equal(bench_only(bench)->tuple.interface, ETH0);
}

/* The socket's end was lost. /proc shows the minisocket in its place, but not the interface. */
static void test_interface_of_a_minisocket_that_proc_has_found(void **state)
{
	struct bench *bench = *state;

	bench_begin_snapshot(bench, 0);
	bench_end_snapshot_here(bench);
	close_by_us(bench, SK(1), outgoing(ETH0));
	for (unsigned int round = 1; round <= 3; round++) {
		struct event begin = {.kind = EVENT_SNAPSHOT_BEGIN,
				      .ts_ns = AT_US(round * BEGAN_US),
				      .scope = SCOPE_ALL,
				      .renewed = true};

		bench->began_ns = begin.ts_ns;
		bench_apply(bench, &begin);
		proc_mini_row(bench, STATE_TIME_WAIT);
		bench_end_snapshot_here(bench);
	}
	assert_int_equal(bench_only(bench)->state, STATE_TIME_WAIT);
	assert_int_equal(bench_only(bench)->tuple.interface, ETH0);
}

/* ---- the listener of a child ---- */

static void listen_at(struct bench *bench, uint64_t sk, struct tuple tuple, uint32_t pid)
{
	bench_open_socket(bench, sk, STATE_LISTEN, 0, tuple, owner_of(pid, FD_UNKNOWN, "server"), 0);
}

static void assert_child_of(struct bench *bench, uint32_t interface, uint32_t pid)
{
	const struct recorded *got =
		bench_step(bench, SK(9), STATE_LISTEN, STATE_SYN_RECV, BEGAN_US, accepted(interface));

	assert_int_equal(got->conn.owner.pid, pid);
	assert_int_equal(got->conn.owner_source, pid ? OWNER_INHERITED : OWNER_UNKNOWN);
}

/* A link-local address gives the child its interface, and so does a VRF. */
static void test_listener_bound_to_none(void **state)
{
	struct bench *bench = *state;

	listen_at(bench, SK(1), listening("::", 0), PID_SERVER);
	assert_child_of(bench, ETH0, PID_SERVER);
}

static void test_listener_bound_to_the_interface_comes_first(void **state)
{
	struct bench *bench = *state;

	listen_at(bench, SK(1), listening("::", 0), PID_OTHER);
	listen_at(bench, SK(2), listening("::", ETH0), PID_SERVER);
	listen_at(bench, SK(3), listening("::", ETH1), PID_OTHER);
	assert_child_of(bench, ETH0, PID_SERVER);
}

static void test_listener_at_the_address_comes_first(void **state)
{
	struct bench *bench = *state;

	listen_at(bench, SK(1), listening("::", ETH0), PID_OTHER);
	listen_at(bench, SK(2), listening("fe80::2", 0), PID_SERVER);
	assert_child_of(bench, ETH0, PID_SERVER);
}

/* One that is bound to another interface is the child's only where there is no other. */
static void test_listener_bound_to_another_comes_last(void **state)
{
	struct bench *bench = *state;

	listen_at(bench, SK(1), listening("fe80::2", ETH1), PID_OTHER);
	listen_at(bench, SK(2), listening("::", 0), PID_SERVER);
	assert_child_of(bench, ETH0, PID_SERVER);
}

static void test_child_that_is_bound_to_none(void **state)
{
	struct bench *bench = *state;

	listen_at(bench, SK(1), listening("::", 0), PID_SERVER);
	listen_at(bench, SK(2), listening("::", ETH0), PID_OTHER);
	assert_child_of(bench, 0, PID_SERVER);
}

/* Behind a VRF a child with a link-local address has the interface of the link, its listener that of the VRF. */
static void test_listener_bound_to_the_vrf(void **state)
{
	struct bench *bench = *state;

	listen_at(bench, SK(1), listening("::", VRF), PID_SERVER);
	assert_child_of(bench, ETH0, PID_SERVER);
}

static void test_one_of_two_vrfs(void **state)
{
	struct bench *bench = *state;

	listen_at(bench, SK(1), listening("::", VRF), PID_SERVER);
	listen_at(bench, SK(2), listening("::", VRF + 1), PID_OTHER);
	assert_child_of(bench, ETH0, 0);
}

/* /proc has found the listeners: either may be the child's. */
static void test_listeners_of_unknown_interfaces(void **state)
{
	struct bench *bench = *state;

	bench_begin_snapshot(bench, ATTACHED_US);
	add_row(bench, STATE_LISTEN, listening("::", INTERFACE_UNKNOWN), 11, PID_SERVER);
	bench_end_snapshot_here(bench);
	assert_child_of(bench, ETH0, PID_SERVER);
	bench->recorder.count = 0;
	bench_begin_snapshot(bench, 2 * BEGAN_US);
	add_row(bench, STATE_LISTEN, listening("::", INTERFACE_UNKNOWN), 11, PID_SERVER);
	add_row(bench, STATE_LISTEN, listening("::", INTERFACE_UNKNOWN), 12, PID_OTHER);
	bench_end_snapshot_here(bench);
	assert_int_equal(table_count(bench->table), 3);
	assert_child_of(bench, ETH0, 0);
}

/* A handshake that /proc has found may be of either listener. */
static void test_child_of_unknown_interface(void **state)
{
	struct bench *bench = *state;

	listen_at(bench, SK(1), listening("::", 0), PID_OTHER);
	listen_at(bench, SK(2), listening("::", ETH0), PID_SERVER);
	assert_child_of(bench, INTERFACE_UNKNOWN, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, bench_open, bench_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tuples_that_may_equal),
		TEST(test_two_time_waits),
		TEST(test_fin_wait2_beside_time_wait),
		TEST(test_new_connection_ends_only_its_own_time_wait),
		TEST(test_half_open_on_both),
		TEST(test_interface_that_changes),
		TEST(test_rows_of_proc_find_both_minisockets),
		TEST(test_rows_of_proc_find_both_sockets),
		TEST(test_interface_of_what_proc_has_found),
		TEST(test_interface_of_a_minisocket_that_proc_has_found),
		TEST(test_listener_bound_to_none),
		TEST(test_listener_bound_to_the_interface_comes_first),
		TEST(test_listener_at_the_address_comes_first),
		TEST(test_listener_bound_to_another_comes_last),
		TEST(test_child_that_is_bound_to_none),
		TEST(test_listener_bound_to_the_vrf),
		TEST(test_one_of_two_vrfs),
		TEST(test_listeners_of_unknown_interfaces),
		TEST(test_child_of_unknown_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
