// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what the table tells of transitions that were not reported: births, changes of state and ends that only a
 * snapshot or a later transition shows.
 */
#include "exact.h"

enum { PID_CLIENT = 100, BEGAN_US = 1000000, SECOND_US = 2000000, THIRD_US = 3000000 };

static struct tuple outgoing(uint16_t lport)
{
	return tuple_of(4, "10.0.0.1", lport, "10.0.0.2", 80);
}

static struct tuple accepted(uint16_t rport)
{
	return tuple_of(4, "10.0.0.2", 80, "10.0.0.1", rport);
}

/* Begins an exact snapshot of a table that was whole before. */
static void renew(struct bench *bench, uint8_t scope, unsigned int at_us)
{
	struct event event = {
		.kind = EVENT_SNAPSHOT_BEGIN, .ts_ns = AT_US(at_us), .scope = scope, .exact = true, .renewed = true};

	bench->began_ns = event.ts_ns;
	bench_apply(bench, &event);
}

/* Takes a first snapshot, of nothing. */
static void know_all(struct bench *bench)
{
	exact_begin(bench, 0);
	exact_end(bench);
}

/* Checks the last healed change, and that there have been `count`. */
static const struct recorded *assert_healed(const struct bench *bench, size_t count, uint8_t oldstate, uint8_t newstate)
{
	const struct recorded *got;

	assert_int_equal(bench->recorder.healed_count, count);
	got = &bench->recorder.healed[count - 1];
	assert_int_equal(got->change.kind, CHANGE_TRANSITION);
	assert_int_equal(got->change.oldstate, oldstate);
	assert_int_equal(got->change.newstate, newstate);
	assert_true(got->change.derived);
	assert_int_equal(got->change.reason, newstate == STATE_CLOSE ? REASON_END_NOT_SEEN : REASON_NONE);
	return got;
}

/* ---- births ---- */

static void test_birth_found_by_a_row(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	know_all(bench);
	renew(bench, SCOPE_ALL, BEGAN_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40000));
	assert_int_equal(bench->recorder.healed_count, 0);
	exact_end(bench);
	got = assert_healed(bench, 1, STATE_CLOSE, STATE_ESTABLISHED);
	assert_span(got->change.in_state, SPAN_UNKNOWN, 0);
	assert_int_equal(table_untold(bench->table), 0);
	renew(bench, SCOPE_ALL, SECOND_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, SECOND_US + 5, outgoing(40000));
	exact_end(bench);
	assert_int_equal(bench->recorder.healed_count, 1); /* told once */
}

/* What the first snapshot finds was there before. */
static void test_what_was_there_before_is_no_birth(void **state)
{
	struct bench *bench = *state;

	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40000));
	exact_end(bench);
	renew(bench, SCOPE_ALL, SECOND_US);
	exact_row(bench, SK(1), STATE_ESTABLISHED, SECOND_US + 5, outgoing(40000));
	exact_end(bench);
	assert_int_equal(bench->recorder.healed_count, 0);
}

/* A row of /proc may be older than a birth that is on its way: two snapshots must show the socket. */
static void test_birth_found_by_rows_of_proc(void **state)
{
	struct bench *bench = *state;

	know_all(bench);
	for (unsigned int i = 1; i <= 3; i++) {
		struct event begin = {.kind = EVENT_SNAPSHOT_BEGIN,
				      .ts_ns = AT_US(i * BEGAN_US),
				      .scope = SCOPE_ALL,
				      .renewed = true};

		bench->began_ns = begin.ts_ns;
		bench_apply(bench, &begin);
		add_row(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
		bench_end_snapshot_here(bench);
		assert_int_equal(table_untold(bench->table), i == 1);
		assert_int_equal(bench->recorder.healed_count, i > 1);
	}
	assert_healed(bench, 1, STATE_CLOSE, STATE_ESTABLISHED);
}

/* A transition of a socket that a whole snapshot did not show: its birth was lost. */
static void test_birth_shown_by_a_transition(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	know_all(bench);
	bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 500, accepted(40000));
	got = assert_healed(bench, 1, STATE_CLOSE, STATE_ESTABLISHED);
	assert_int_equal(got->change.ts_ns, AT_US(500));
	assert_int_equal(got->conn.id, last_recorded(&bench->recorder)->conn.id);
}

static void test_end_shown_without_a_birth(void **state)
{
	struct bench *bench = *state;

	know_all(bench);
	bench_end(bench, SK(1), STATE_LAST_ACK, 500, accepted(40000), (struct closing){.sent = true});
	assert_healed(bench, 1, STATE_CLOSE, STATE_LAST_ACK);
	assert_int_equal(table_count(bench->table), 0);
}

/* ---- changes of state ---- */

static void test_step_that_was_lost(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(40000));
	bench_step(bench, SK(1), STATE_CLOSE_WAIT, STATE_LAST_ACK, 900, outgoing(40000));
	got = assert_healed(bench, 1, STATE_SYN_SENT, STATE_CLOSE_WAIT);
	assert_int_equal(got->change.ts_ns, AT_US(900));
	assert_span(last_recorded(&bench->recorder)->change.in_state, SPAN_UNKNOWN, 0);
}

/* ---- ends ---- */

static void test_end_shown_by_another_birth(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(40000));
	bench_step(bench, SK(1), STATE_LISTEN, STATE_SYN_RECV, 500, accepted(40001));
	got = assert_healed(bench, 1, STATE_SYN_SENT, STATE_CLOSE);
	assert_int_equal(got->conn.tuple.lport, 40000);
	assert_int_not_equal(got->conn.id, bench_only(bench)->id);
}

static void test_end_shown_by_another_cookie(void **state)
{
	struct bench *bench = *state;
	struct event row = exact_row_of(SK(1), STATE_ESTABLISHED, BEGAN_US + 5, outgoing(40000));

	know_all(bench);
	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(40000));
	bench_only(bench)->cookie = 7;
	row.cookie = 8;
	renew(bench, SCOPE_ALL, BEGAN_US);
	bench_apply(bench, &row);
	assert_healed(bench, 1, STATE_SYN_SENT, STATE_CLOSE);
	exact_end(bench);
	assert_healed(bench, 2, STATE_CLOSE, STATE_ESTABLISHED);
}

static void test_untold_connection_ends_without_a_word(void **state)
{
	struct bench *bench = *state;

	know_all(bench);
	renew(bench, SNAPSHOT_MINIS, BEGAN_US);
	mini_row(bench, STATE_TIME_WAIT, BEGAN_US + 1, outgoing(40000));
	exact_end_of(bench, SNAPSHOT_MINIS, &netns_here, 1);
	assert_int_equal(table_untold(bench->table), 1);
	renew(bench, SNAPSHOT_MINIS, SECOND_US);
	exact_end_of(bench, SNAPSHOT_MINIS, &netns_here, 1);
	assert_int_equal(table_count(bench->table), 0);
	assert_int_equal(bench->recorder.healed_count + bench->recorder.count, 0);
}

/* ---- the end of a socket, and its minisocket ---- */

/* Opens a connection whose →CLOSE is lost, and lets a snapshot of minisockets find the TIME_WAIT that it left. */
static void lose_close(struct bench *bench, uint64_t cookie)
{
	struct event row = mini_row_of(STATE_TIME_WAIT, BEGAN_US + 1, outgoing(40000));

	know_all(bench);
	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 0, outgoing(40000), owner_of(PID_CLIENT, -1, "client"), 11);
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 10, outgoing(40000));
	bench_only(bench)->cookie = 7;
	row.cookie = cookie;
	renew(bench, SNAPSHOT_MINIS, BEGAN_US);
	bench_apply(bench, &row);
	exact_end_of(bench, SNAPSHOT_MINIS, &netns_here, 1);
	assert_int_equal(bench->recorder.healed_count, 0);
	renew(bench, SCOPE_ALL, SECOND_US);
	row.ts_ns = AT_US(SECOND_US + 1);
	bench_apply(bench, &row);
	exact_end(bench);
}

static void test_minisocket_is_the_same_connection(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	lose_close(bench, 7);
	got = assert_healed(bench, 1, STATE_ESTABLISHED, STATE_TIME_WAIT);
	assert_int_equal(got->conn.id, 1);
	assert_int_equal(bench_only(bench)->id, 1);
	assert_true(bench_only(bench)->mini);
	assert_int_equal(bench_only(bench)->owner.pid, PID_CLIENT);
	renew(bench, SCOPE_ALL, THIRD_US);
	exact_end(bench);
	assert_int_equal(bench->recorder.healed_count, 1);
	assert_change(last_recorded(&bench->recorder), STATE_TIME_WAIT, STATE_CLOSE, THIRD_US, true);
	assert_int_equal(last_recorded(&bench->recorder)->conn.id, 1);
}

static void test_minisocket_of_another_connection(void **state)
{
	struct bench *bench = *state;
	bool born = false, ended = false;

	lose_close(bench, 8);
	assert_int_equal(bench->recorder.healed_count, 2);
	for (int i = 0; i < 2; i++) {
		const struct change *change = &bench->recorder.healed[i].change;

		born = born || (change->oldstate == STATE_CLOSE && change->newstate == STATE_TIME_WAIT);
		ended = ended || (change->oldstate == STATE_ESTABLISHED && change->newstate == STATE_CLOSE);
	}
	assert_true(born && ended);
	assert_int_equal(bench_only(bench)->state, STATE_TIME_WAIT);
}

/* Just after its transition a socket may not be hashed yet: another snapshot must come soon, and decides. */
static void test_end_just_before_a_snapshot(void **state)
{
	struct bench *bench = *state;

	know_all(bench);
	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, BEGAN_US, outgoing(0));
	bench_step(bench, SK(2), STATE_CLOSE, STATE_SYN_SENT, BEGAN_US + 50000, outgoing(0));
	renew(bench, SCOPE_ALL, BEGAN_US + 50000);
	exact_end(bench);
	assert_int_equal(bench->recorder.healed_count, 0);
	assert_int_equal(table_doubtful(bench->table), 1); /* the other one came later than what it does not find */
	renew(bench, SCOPE_ALL, BEGAN_US + 100001);
	exact_end(bench);
	assert_healed(bench, 1, STATE_SYN_SENT, STATE_CLOSE);
	assert_int_equal(table_doubtful(bench->table), 1);
	renew(bench, SCOPE_ALL, BEGAN_US + 150001);
	exact_end(bench);
	assert_healed(bench, 2, STATE_SYN_SENT, STATE_CLOSE);
	assert_int_equal(table_doubtful(bench->table), 0);
}

/* ---- sockets of a namespace that is gone ---- */

/* Takes a snapshot that does not find the namespace of SK(1), and finds `pid` holding SK(1) (0: nobody). Elsewhere it
 * finds one orphan; the kernel says that there are `orphans`. */
static void miss_netns(struct bench *bench, unsigned int at_us, uint32_t pid, uint32_t orphans)
{
	static const uint32_t there[] = {NETNS_ELSEWHERE};
	struct event end = {
		.kind = EVENT_SNAPSHOT_END,
		.ts_ns = AT_US(at_us),
		.ended_ns = AT_US(at_us),
		.scope = SCOPE_ALL,
		.exact = true,
		.netns = there,
		.netns_count = 1,
		.there = there,
		.there_count = 1,
		.orphans = orphans,
	};
	struct event row = exact_row_of(SK(9), STATE_LAST_ACK, at_us + 1, outgoing(50000));

	row.tuple.netns = NETNS_ELSEWHERE;
	exact_begin(bench, at_us);
	bench_apply(bench, &row);
	if (pid)
		add_holder(bench, SK(1), pid, 3);
	bench_apply(bench, &end);
}

static void test_socket_goes_with_its_namespace(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 0, outgoing(40000));
	miss_netns(bench, BEGAN_US, PID_CLIENT, 1);
	miss_netns(bench, SECOND_US, PID_CLIENT, 1);
	miss_netns(bench, THIRD_US, 0, 1);
	assert_non_null(at_sk(bench, SK(1))); /* it was held until now */
	assert_int_equal(table_doubtful(bench->table), 1);
	miss_netns(bench, THIRD_US + 100000, 0, 1);
	assert_healed(bench, 1, STATE_ESTABLISHED, STATE_CLOSE);
	assert_null(at_sk(bench, SK(1)));
}

/* The kernel goes on sending what a closed socket has left, also when the namespace has no name and no process. While
 * it counts more orphans than were found, this one may be among them. */
static void test_orphan_outlives_its_namespace(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_FIN_WAIT1, 0, outgoing(40000));
	for (unsigned int i = 1; i < 20; i++) {
		miss_netns(bench, i * BEGAN_US, 0, 2);
		assert_non_null(at_sk(bench, SK(1)));
		assert_int_equal(table_doubtful(bench->table), i < 8);
	}
	miss_netns(bench, 20 * BEGAN_US, 0, COUNT_UNKNOWN);
	assert_non_null(at_sk(bench, SK(1)));
	miss_netns(bench, 21 * BEGAN_US, 0, 1);
	assert_healed(bench, 1, STATE_FIN_WAIT1, STATE_CLOSE);
	assert_null(at_sk(bench, SK(1)));
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BENCH_TEST(test_birth_found_by_a_row),
		BENCH_TEST(test_what_was_there_before_is_no_birth),
		BENCH_TEST(test_birth_found_by_rows_of_proc),
		BENCH_TEST(test_birth_shown_by_a_transition),
		BENCH_TEST(test_end_shown_without_a_birth),
		BENCH_TEST(test_step_that_was_lost),
		BENCH_TEST(test_end_shown_by_another_birth),
		BENCH_TEST(test_end_shown_by_another_cookie),
		BENCH_TEST(test_untold_connection_ends_without_a_word),
		BENCH_TEST(test_minisocket_is_the_same_connection),
		BENCH_TEST(test_minisocket_of_another_connection),
		BENCH_TEST(test_end_just_before_a_snapshot),
		BENCH_TEST(test_socket_goes_with_its_namespace),
		BENCH_TEST(test_orphan_outlives_its_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
