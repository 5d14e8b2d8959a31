// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests events that the kernel reports twice, out of order, or not at all: no change is reported twice, and none is
 * made up.
 */
#include <errno.h>

#include "events.h"

enum { PID_CLIENT = 100 };

static struct tuple client(uint16_t lport)
{
	return tuple_of(4, "10.0.0.1", lport, "10.0.0.2", 80);
}

static struct tuple accepted(void)
{
	return tuple_of(4, "10.0.0.2", 80, "10.0.0.1", 40000);
}

/* ---- reported twice ---- */

static void test_duplicates_are_idempotent(void **state)
{
	static const struct {
		uint8_t oldstate, newstate;
		unsigned int at_us;
	} steps[] = {
		{STATE_CLOSE, STATE_SYN_SENT, 0},           {STATE_SYN_SENT, STATE_ESTABLISHED, 200},
		{STATE_ESTABLISHED, STATE_FIN_WAIT1, 1200}, {STATE_FIN_WAIT1, STATE_FIN_WAIT2, 1400},
		{STATE_FIN_WAIT2, STATE_CLOSE, 1450},
	};
	struct bench *bench = *state;
	struct closing closing = {.sent = true};

	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct event event =
			transition_of(SK(1), steps[i].oldstate, steps[i].newstate, steps[i].at_us, client(40000));

		event.closing = event.newstate == STATE_CLOSE ? &closing : NULL;
		assert_int_equal(bench_change(bench, &event)->conn.id, 1);
		event.ts_ns += 3000;
		event.again = true;
		bench_apply(bench, &event);
		assert_int_equal(bench->recorder.count, i + 1);
		assert_int_equal(table_count(bench->table), event.closing ? 0 : 1);
	}
	assert_span(bench->recorder.all[1].change.in_state, SPAN_EXACT,
		    200); /* from the first report, not the second */
	assert_span(bench->recorder.all[4].change.age, SPAN_EXACT, 1450);
}

static void test_duplicate_of_a_childs_birth(void **state)
{
	struct bench *bench = *state;
	struct event birth = transition_of(SK(2), STATE_LISTEN, STATE_SYN_RECV, 0, accepted());

	bench_change(bench, &birth);
	birth.ts_ns += 2000;
	birth.again = true;
	bench_apply(bench, &birth);
	assert_int_equal(bench->recorder.count, 1);
	assert_int_equal(table_count(bench->table), 1);
}

/* An event marked as a possible repeat is the first report when the first program was skipped. One that goes back is of
 * the socket's next life. */
static void test_marked_but_new(void **state)
{
	static const uint8_t transitions[][2] = {
		{STATE_CLOSE, STATE_SYN_SENT},
		{STATE_SYN_SENT, STATE_ESTABLISHED},
		{STATE_SYN_RECV, STATE_ESTABLISHED}, /* the same new state as in the last one */
		{STATE_ESTABLISHED, STATE_FIN_WAIT1},
		{STATE_ESTABLISHED, STATE_CLOSE_WAIT}, /* the same old state as in the last one */
		{STATE_CLOSE_WAIT, STATE_CLOSE},
		{STATE_LISTEN, STATE_SYN_RECV}, /* the address used again */
		{STATE_SYN_RECV, STATE_CLOSE},
	};
	static const uint64_t ids[COUNT_OF(transitions)] = {1, 1, 2, 2, 3, 3, 4, 4};
	struct bench *bench = *state;
	struct closing closing = {.sent = true};

	for (size_t i = 0; i < COUNT_OF(transitions); i++) {
		struct event event =
			transition_of(SK(1), transitions[i][0], transitions[i][1], (unsigned int)i * 10, client(40000));

		event.again = true;
		event.closing = event.newstate == STATE_CLOSE ? &closing : NULL;
		assert_int_equal(bench_change(bench, &event)->conn.id, ids[i]);
		assert_int_equal(table_count(bench->table), event.closing ? 0 : 1);
	}
}

/* Without the mark, a transition is another one, however soon it comes. */
static void test_soon_but_not_marked(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, client(0));
	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 2, client(0));
	assert_int_equal(bench_only(bench)->id, 2);
	bench_end(bench, SK(1), STATE_SYN_SENT, 5, client(40000), (struct closing){.sent = true});
	bench_end(bench, SK(1), STATE_SYN_SENT, 7, client(40000), (struct closing){.sent = true});
	assert_int_equal(table_count(bench->table), 0);
}

/* A marked transition that comes much later is another one, too: the events in between were lost. */
static void test_marked_but_late(void **state)
{
	struct bench *bench = *state;
	struct closing closing = {.sent = true};
	struct event birth = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, client(0));
	struct event death = transition_of(SK(1), STATE_SYN_SENT, STATE_CLOSE, 60000100, client(40000));

	bench_change(bench, &birth);
	birth.again = true;
	birth.ts_ns = AT_US(60000000);
	assert_int_equal(bench_change(bench, &birth)->conn.id, 2);
	death.closing = &closing;
	bench_change(bench, &death);
	death.again = true;
	death.ts_ns = AT_US(61000000);
	bench_change(bench, &death);
	assert_int_equal(table_count(bench->table), 0);
}

/* shutdown() and then close(), and MPTCP on a subflow, set a state that the socket is in already. That is no change,
 * and the time in the state does not begin anew. */
static void test_state_set_again(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;
	struct event again;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, client(40000));
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_FIN_WAIT1, 100, client(40000));
	again = transition_of(SK(1), STATE_FIN_WAIT1, STATE_FIN_WAIT1, 130, client(40000));
	bench_apply(bench, &again);
	assert_int_equal(bench->recorder.count, 2);
	got = bench_step(bench, SK(1), STATE_FIN_WAIT1, STATE_FIN_WAIT2, 150, client(40000));
	assert_span(got->change.in_state, SPAN_EXACT, 50);
	again = transition_of(SK(2), STATE_FIN_WAIT1, STATE_FIN_WAIT1, 200, client(40001));
	bench_apply(bench, &again);
	assert_int_equal(bench->recorder.count, 3);
	assert_int_equal(bench->recorder.healed_count, 0);
	got = bench_step(bench, SK(2), STATE_FIN_WAIT1, STATE_FIN_WAIT2, 250, client(40001));
	assert_span(got->change.in_state, SPAN_UNKNOWN, 0); /* the beginning of FIN_WAIT1 was never reported */
}

/* tcp_abort() closes a listener twice, and a socket that is closed already once. */
static void test_closed_again(void **state)
{
	struct bench *bench = *state;
	const struct closing aborted = {.err = ECONNABORTED};
	const struct tuple listening = tuple_of(4, "127.0.0.1", 80, "0.0.0.0", 0);
	struct event again = transition_of(SK(1), STATE_CLOSE, STATE_CLOSE, 101, listening);

	bench_step(bench, SK(1), STATE_CLOSE, STATE_LISTEN, 0, listening);
	bench_end(bench, SK(1), STATE_LISTEN, 100, listening, (struct closing){.sent = false});
	again.closing = &aborted;
	bench_apply(bench, &again);
	assert_int_equal(bench->recorder.count, 2);
	assert_int_equal(table_count(bench->table), 0);
}

/* Two processors may stamp events of one socket in the wrong order: no interval runs backwards. */
static void test_time_that_runs_backwards(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 500, client(40000));
	got = bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 499, client(40000));
	assert_span(got->change.in_state, SPAN_UNKNOWN, 0);
	assert_span(connection_age(bench_only(bench), AT_US(499)), SPAN_UNKNOWN, 0);
}

/* ---- an address used again ---- */

/* A death must not be taken for that of an earlier socket at the same address. */
static void test_address_used_again(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, client(0));
	bench_end(bench, SK(1), STATE_SYN_SENT, 100, client(40000),
		  (struct closing){.err = ECONNREFUSED, .sent = true});
	got = bench_step(bench, SK(1), STATE_LISTEN, STATE_SYN_RECV, 370, accepted());
	assert_int_equal(got->conn.id, 2);
	assert_int_equal(got->conn.direction, DIRECTION_IN);
	got = bench_end(bench, SK(1), STATE_SYN_RECV, 400, accepted(),
			(struct closing){.err = ECONNRESET, .sent = true});
	assert_int_equal(got->conn.id, 2);
	assert_span(got->change.age, SPAN_EXACT, 30);
	assert_int_equal(table_count(bench->table), 0);
}

static void test_lost_death(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 0, client(0), owner_of(PID_CLIENT, FD_UNKNOWN, "client"), 11);
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 200, client(40000));
	got = bench_step(bench, SK(1), STATE_LISTEN, STATE_SYN_RECV, 5000000, accepted());
	assert_int_equal(got->conn.id, 2);
	assert_int_equal(got->conn.owner.pid, 0); /* nothing is left of the other connection */
	assert_int_equal(got->conn.inode, 0);
	assert_span(got->change.in_state, SPAN_UNKNOWN, 0);
	assert_int_equal(table_count(bench->table), 1);
}

/* ---- not reported at all ---- */

static void test_lost_transition_leaves_time_unknown(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, client(0));
	got = bench_step(bench, SK(1), STATE_CLOSE_WAIT, STATE_LAST_ACK, 900, client(40000));
	assert_span(got->change.in_state, SPAN_UNKNOWN, 0);
	got = bench_end(bench, SK(1), STATE_LAST_ACK, 950, client(40000), (struct closing){.sent = true});
	assert_span(got->change.in_state, SPAN_EXACT, 50);
	assert_span(got->change.age, SPAN_EXACT, 950);
}

static void test_socket_never_heard_of(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	got = bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_FIN_WAIT1, 0, client(40000));
	assert_int_equal(got->conn.owner.pid, 0);
	assert_int_equal(got->conn.direction, DIRECTION_UNKNOWN);
	assert_span(got->change.in_state, SPAN_UNKNOWN, 0);
	got = bench_end(bench, SK(1), STATE_FIN_WAIT1, 700, client(40000), (struct closing){.sent = true});
	assert_span(got->change.in_state, SPAN_EXACT, 700);
	assert_span(got->change.age, SPAN_AT_LEAST, 700);
	/* a death is the first event of a socket */
	got = bench_end(bench, SK(9), STATE_ESTABLISHED, 800, client(40001), (struct closing){.sent = true});
	assert_span(got->change.age, SPAN_UNKNOWN, 0);
	assert_int_equal(table_count(bench->table), 0);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BENCH_TEST(test_duplicates_are_idempotent),
		BENCH_TEST(test_duplicate_of_a_childs_birth),
		BENCH_TEST(test_marked_but_new),
		BENCH_TEST(test_soon_but_not_marked),
		BENCH_TEST(test_marked_but_late),
		BENCH_TEST(test_state_set_again),
		BENCH_TEST(test_closed_again),
		BENCH_TEST(test_time_that_runs_backwards),
		BENCH_TEST(test_address_used_again),
		BENCH_TEST(test_lost_death),
		BENCH_TEST(test_lost_transition_leaves_time_unknown),
		BENCH_TEST(test_socket_never_heard_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
