// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the filter in the stream of changes. A birth that the filter cannot judge yet is held back: once more is known,
 * the birth passes before the changes that follow it, or never.
 */
#include <errno.h>

#include "gated.h"

/* ---- connects ---- */

static void test_both_lines_come_once_the_port_fits(void **state)
{
	const struct tuple tuple = outgoing(40000);
	struct gated gated;

	(void)state;
	open_gate(&gated, "sport = :40000");
	assert_int_equal(apply_transition(&gated, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(0)), 0);
	assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 90, tuple), 2);
	assert_passed(&gated, 0, STATE_CLOSE, STATE_SYN_SENT, 0, &tuple);
	assert_passed(&gated, 1, STATE_SYN_SENT, STATE_ESTABLISHED, 90, &tuple);
	assert_span(gated.bench.recorder.all[0].change.in_state, SPAN_UNKNOWN, 0);
	assert_span(gated.bench.recorder.all[1].change.in_state, SPAN_EXACT, 90);
	assert_int_equal(gated.bench.recorder.all[0].change.reason, REASON_NONE);
	assert_null(gated.bench.recorder.all[0].change.closing);
	assert_int_equal(gated.bench.recorder.all[0].conn.owner.pid, PID_CLIENT);
	/* the birth passes only once */
	assert_int_equal(apply_transition(&gated, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 95, tuple), 3);
	assert_passed(&gated, 2, STATE_ESTABLISHED, STATE_CLOSE_WAIT, 95, &tuple);
	close_gate(&gated);
}

static void test_none_comes_if_the_port_does_not_fit(void **state)
{
	struct gated gated;

	(void)state;
	open_gate(&gated, "sport = :40000");
	apply_transition(&gated, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(0));
	assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 90, outgoing(40001)), 0);
	assert_int_equal(apply_transition(&gated, SK(1), STATE_ESTABLISHED, STATE_CLOSE, 99, outgoing(40001)), 0);
	close_gate(&gated);
}

static void test_filters_that_do_not_ask_for_the_port(void **state)
{
	static const char *const texts[] = {"",
					    "dport = :80",
					    "pid 100",
					    "state syn-sent",
					    "sport = :40000 or pid 100",
					    "not (sport = :40000 and pid 5)"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const struct tuple portless = outgoing(0);
		struct gated gated;

		open_gate(&gated, texts[i]);
		assert_int_equal(apply_transition(&gated, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, portless), 1);
		assert_passed(&gated, 0, STATE_CLOSE, STATE_SYN_SENT, 0, &portless);
		assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 90, outgoing(7)),
				 2);
		close_gate(&gated);
	}
}

static void test_never_held_where_it_cannot_fit(void **state)
{
	struct gated gated;

	(void)state;
	open_gate(&gated, "sport = :40000 and pid 5");
	apply_transition(&gated, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(0));
	assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 90, outgoing(40000)), 0);
	close_gate(&gated);
}

/* The birth may pass where the next transition does not, and the other way round. */
static void test_each_line_is_judged_for_itself(void **state)
{
	const struct tuple tuple = outgoing(40000);
	struct gated gated;

	(void)state;
	open_gate(&gated, "sport = :40000 and exclude established");
	apply_transition(&gated, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(0));
	assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 90, tuple), 1);
	assert_passed(&gated, 0, STATE_CLOSE, STATE_SYN_SENT, 0, &tuple);
	close_gate(&gated);

	open_gate(&gated, "sport = :40000 and state established");
	apply_transition(&gated, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(0));
	assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 90, tuple), 1);
	assert_passed(&gated, 0, STATE_SYN_SENT, STATE_ESTABLISHED, 90, &tuple);
	close_gate(&gated);
}

/* A connect() that found no port: the connection will never have one. */
static void test_connect_that_never_gets_a_port(void **state)
{
	struct gated gated;

	(void)state;
	open_gate(&gated, "sport = :40000");
	apply_transition(&gated, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(0));
	assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_SENT, STATE_CLOSE, 3, outgoing(0)), 0);
	close_gate(&gated);
	open_gate(&gated, "not sport = :40000");
	assert_int_equal(apply_transition(&gated, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(0)), 0);
	assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_SENT, STATE_CLOSE, 3, outgoing(0)), 2);
	assert_int_equal(gated.bench.recorder.all[1].change.reason, REASON_NO_LOCAL_PORT);
	close_gate(&gated);
}

static void test_connect_that_is_bound(void **state)
{
	struct gated gated;

	(void)state;
	open_gate(&gated, "sport = :40000");
	assert_int_equal(apply_transition(&gated, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(40000)), 1);
	assert_int_equal(apply_transition(&gated, SK(2), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(40001)), 1);
	close_gate(&gated);
}

static void test_many_held_at_once(void **state)
{
	const struct tuple tuple = outgoing(40002);
	struct gated gated;

	(void)state;
	open_gate(&gated, "sport = :40002");
	for (unsigned int i = 0; i < 4; i++)
		apply_transition(&gated, SK(i), STATE_CLOSE, STATE_SYN_SENT, i, outgoing(0));
	for (unsigned int i = 0; i < 4; i++)
		apply_transition(&gated, SK(i), STATE_SYN_SENT, STATE_ESTABLISHED, 50 + i,
				 outgoing((uint16_t)(40000 + i)));
	assert_int_equal(gated.bench.recorder.count, 2);
	assert_passed(&gated, 0, STATE_CLOSE, STATE_SYN_SENT, 2, &tuple);
	assert_passed(&gated, 1, STATE_SYN_SENT, STATE_ESTABLISHED, 52, &tuple);
	close_gate(&gated);
}

/* ---- accepted connections, on kernels that report the peer late ---- */

static void test_child_without_peer(void **state)
{
	static const char *const fitting[] = {"dport = :40000",     "dst 10.0.0.1",    ":40000", "src 10.0.0.2",
					      "not dport = :50000", "not src 0.0.0.0", "",       "sport = :80"};
	const struct tuple tuple = accepted(40000);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(fitting); i++) {
		struct gated gated;

		open_gate(&gated, fitting[i]);
		assert_int_equal(apply_transition(&gated, SK(1), STATE_LISTEN, STATE_SYN_RECV, 0, listener()), 0);
		assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_RECV, STATE_ESTABLISHED, 4, tuple), 2);
		assert_passed(&gated, 0, STATE_LISTEN, STATE_SYN_RECV, 0, &tuple); /* with the peer of the child */
		assert_passed(&gated, 1, STATE_SYN_RECV, STATE_ESTABLISHED, 4, &tuple);
		close_gate(&gated);
	}
}

static void test_child_whose_peer_does_not_fit(void **state)
{
	static const char *const unfitting[] = {"dport = :50000", "dst 10.0.0.9", "not :40000", "src 0.0.0.0",
						"family 6"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(unfitting); i++) {
		struct gated gated;

		open_gate(&gated, unfitting[i]);
		apply_transition(&gated, SK(1), STATE_LISTEN, STATE_SYN_RECV, 0, listener());
		assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_RECV, STATE_ESTABLISHED, 4, accepted(40000)),
				 0);
		close_gate(&gated);
	}
}

/* A dual-stack listener's child is family 4 only when its peer turns out to be v4-mapped. */
static void test_child_of_unknown_family(void **state)
{
	struct tuple wildcard = tuple_of(6, "::", 80, "::", 0);
	struct gated gated;

	(void)state;
	open_gate(&gated, "family 4");
	apply_transition(&gated, SK(1), STATE_LISTEN, STATE_SYN_RECV, 0, wildcard);
	apply_transition(&gated, SK(2), STATE_LISTEN, STATE_SYN_RECV, 1, wildcard);
	assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_RECV, STATE_ESTABLISHED, 4,
					  tuple_of(6, "::ffff:10.0.0.2", 80, "::ffff:10.0.0.1", 5)),
			 2);
	assert_int_equal(apply_transition(&gated, SK(2), STATE_SYN_RECV, STATE_ESTABLISHED, 5,
					  tuple_of(6, "fd00::2", 80, "fd00::1", 5)),
			 2);
	close_gate(&gated);
}

/* The child dies before its peer was reported: changes pass where the filter does not depend on the peer. */
static void test_child_that_dies_without_peer(void **state)
{
	static const struct {
		const char *text;
		size_t lines;
	} tried[] = {{"", 2},
		     {"sport = :80", 2},
		     {"state syn-recv", 2},
		     {"dport = :40000", 0},
		     {"not dport = :40000", 0},
		     {"dport = :40000 or state close", 1}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(tried); i++) {
		struct gated gated;

		open_gate(&gated, tried[i].text);
		assert_int_equal(apply_transition(&gated, SK(1), STATE_LISTEN, STATE_SYN_RECV, 0, listener()), 0);
		assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_RECV, STATE_CLOSE, 4, listener()),
				 tried[i].lines);
		close_gate(&gated);
	}
}

static void test_child_with_its_peer(void **state)
{
	const struct tuple tuple = accepted(40000);
	struct gated gated;

	(void)state;
	open_gate(&gated, "dport = :40000");
	assert_int_equal(apply_transition(&gated, SK(1), STATE_LISTEN, STATE_SYN_RECV, 0, tuple), 1);
	assert_passed(&gated, 0, STATE_LISTEN, STATE_SYN_RECV, 0, &tuple);
	assert_int_equal(apply_transition(&gated, SK(2), STATE_LISTEN, STATE_SYN_RECV, 0, accepted(50000)), 1);
	close_gate(&gated);
}

/* A listed socket is not a change of the stream: when the filter cannot decide yet, the socket is not shown. */
static void test_sockets_are_not_held(void **state)
{
	struct connection conn = {.tuple = outgoing(0), .state = STATE_SYN_SENT};
	struct change change = change_of_socket(&conn, AT_US(5));
	struct gated gated;

	(void)state;
	open_gate(&gated, "sport = :40000");
	gate_handle(&gated.gate, &change);
	assert_null(conn.held);
	assert_int_equal(gated.bench.recorder.count, 0);
	conn.tuple.lport = 40000;
	gate_handle(&gated.gate, &change);
	assert_int_equal(gated.bench.recorder.count, 1);
	close_gate(&gated);

	conn = (struct connection){.tuple = listener(), .state = STATE_SYN_RECV, .direction = DIRECTION_IN};
	change = change_of_socket(&conn, AT_US(5));
	open_gate(&gated, "");
	gate_handle(&gated.gate, &change);
	assert_int_equal(gated.bench.recorder.count, 1);
	close_gate(&gated);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_lines_come_once_the_port_fits),
		cmocka_unit_test(test_none_comes_if_the_port_does_not_fit),
		cmocka_unit_test(test_filters_that_do_not_ask_for_the_port),
		cmocka_unit_test(test_never_held_where_it_cannot_fit),
		cmocka_unit_test(test_each_line_is_judged_for_itself),
		cmocka_unit_test(test_connect_that_never_gets_a_port),
		cmocka_unit_test(test_connect_that_is_bound),
		cmocka_unit_test(test_many_held_at_once),
		cmocka_unit_test(test_child_without_peer),
		cmocka_unit_test(test_child_whose_peer_does_not_fit),
		cmocka_unit_test(test_child_of_unknown_family),
		cmocka_unit_test(test_child_that_dies_without_peer),
		cmocka_unit_test(test_child_with_its_peer),
		cmocka_unit_test(test_sockets_are_not_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
