// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what becomes known of connections that are older than the tracer: their least ages, and their direction.
 */
#include "events.h"

enum { FOUND_US = 50000 };

static struct tuple accepted(void)
{
	return tuple_of(4, "10.0.0.2", 80, "10.0.0.1", 40000);
}

static void apply_aged_row(struct bench *bench, struct event row, unsigned int state_since_us,
			   unsigned int alive_since_us)
{
	row.state_since_ns = state_since_us ? AT_US(state_since_us) : 0;
	row.alive_since_ns = alive_since_us ? AT_US(alive_since_us) : 0;
	bench_apply(bench, &row);
}

static void find_aged(struct bench *bench, struct event row, unsigned int at_us, unsigned int state_since_us,
		      unsigned int alive_since_us)
{
	bench_begin_snapshot(bench, at_us);
	apply_aged_row(bench, row, state_since_us, alive_since_us);
	bench_end_snapshot_here(bench);
}

/* ---- ages ---- */

static void test_ages_that_a_row_knows(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	find_aged(bench, row_of(STATE_CLOSE_WAIT, accepted(), 11), FOUND_US, 2000, 1000);
	assert_span(connection_in_state(bench_only(bench), AT_US(FOUND_US)), SPAN_AT_LEAST, FOUND_US - 2000);
	assert_span(connection_age(bench_only(bench), AT_US(FOUND_US)), SPAN_AT_LEAST, FOUND_US - 1000);
	got = bench_step(bench, SK(1), STATE_CLOSE_WAIT, STATE_LAST_ACK, FOUND_US + 10, accepted());
	assert_span(got->change.in_state, SPAN_AT_LEAST, FOUND_US + 10 - 2000);
	got = bench_end(bench, SK(1), STATE_LAST_ACK, FOUND_US + 30, accepted(), (struct closing){.sent = true});
	assert_span(got->change.in_state, SPAN_EXACT, 20);
	assert_span(got->change.age, SPAN_AT_LEAST, FOUND_US + 30 - 1000);
}

static void test_no_age_is_later_than_the_row(void **state)
{
	struct bench *bench = *state;

	find_aged(bench, row_of(STATE_ESTABLISHED, accepted(), 11), FOUND_US, FOUND_US + 500, 0);
	assert_span(connection_in_state(bench_only(bench), AT_US(FOUND_US + 700)), SPAN_AT_LEAST, 700);
	assert_span(connection_age(bench_only(bench), AT_US(FOUND_US + 700)), SPAN_AT_LEAST, 700);
}

/* Packets move the kernel's stamps on: the earliest of all rows holds. */
static void test_the_earliest_holds(void **state)
{
	struct bench *bench = *state;
	struct event row = row_of(STATE_ESTABLISHED, accepted(), 11);

	find_aged(bench, row, FOUND_US, 3000, 3000);
	find_aged(bench, row, 2 * FOUND_US, 60000, 60000);
	assert_span(connection_in_state(bench_only(bench), AT_US(100000)), SPAN_AT_LEAST, 97000);
	find_aged(bench, row, 3 * FOUND_US, 2000, 1000);
	assert_span(connection_in_state(bench_only(bench), AT_US(100000)), SPAN_AT_LEAST, 98000);
	assert_span(connection_age(bench_only(bench), AT_US(100000)), SPAN_AT_LEAST, 99000);
	find_aged(bench, row, 4 * FOUND_US, 0, 0);
	assert_span(connection_in_state(bench_only(bench), AT_US(100000)), SPAN_AT_LEAST, 98000);
}

static void test_what_was_seen_is_exact(void **state)
{
	struct bench *bench = *state;
	struct tuple out = tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 80);

	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 100, out, owner_of(7, 3, "client"), 11);
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 200, out);
	find_aged(bench, row_of(STATE_ESTABLISHED, out, 11), FOUND_US, 150, 50);
	assert_span(connection_in_state(bench_only(bench), AT_US(300)), SPAN_EXACT, 100);
	assert_span(connection_age(bench_only(bench), AT_US(300)), SPAN_EXACT, 200);
}

/* The row of another state says nothing of the time in the state that is known. */
static void test_row_of_another_state(void **state)
{
	struct bench *bench = *state;

	find_aged(bench, row_of(STATE_ESTABLISHED, accepted(), 11), FOUND_US, 3000, 3000);
	bench_begin_snapshot(bench, 2 * FOUND_US);
	apply_aged_row(bench, row_of(STATE_CLOSE_WAIT, accepted(), 11), 1000, 1000);
	assert_span(connection_in_state(bench_only(bench), AT_US(100000)), SPAN_AT_LEAST, 97000);
	bench_end_snapshot_here(bench);
}

/* A row that is joined may be newer than the first event: the old state is the older one. */
static void test_row_newer_than_the_event(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_begin_snapshot(bench, FOUND_US);
	apply_aged_row(bench, row_of(STATE_CLOSE_WAIT, accepted(), 11), FOUND_US + 5, 1000);
	got = bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, FOUND_US + 5, accepted());
	assert_span(got->change.in_state, SPAN_AT_LEAST, 5);
	bench_end_snapshot_here(bench);
	got = bench_end(bench, SK(1), STATE_CLOSE_WAIT, FOUND_US + 30, accepted(), (struct closing){.sent = true});
	assert_span(got->change.in_state, SPAN_EXACT, 25);
	assert_span(got->change.age, SPAN_AT_LEAST, FOUND_US + 30 - 1000);
}

static void test_older_row_in_a_later_state(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_begin_snapshot(bench, FOUND_US);
	apply_aged_row(bench, row_of(STATE_CLOSE_WAIT, accepted(), 11), 2000, 1000);
	got = bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, FOUND_US + 5, accepted());
	assert_span(got->change.in_state, SPAN_AT_LEAST, 5); /* of ESTABLISHED the row told nothing */
	bench_end_snapshot_here(bench);
}

static void test_minisocket(void **state)
{
	struct bench *bench = *state;
	struct event row = row_of(STATE_FIN_WAIT2, accepted(), 0);
	const struct recorded *got;

	row.mini = true;
	find_aged(bench, row, FOUND_US, 0, 0);
	assert_span(connection_in_state(bench_only(bench), AT_US(FOUND_US + 10)), SPAN_AT_LEAST, 10);
	row.newstate = STATE_TIME_WAIT;
	find_aged(bench, row, 2 * FOUND_US, FOUND_US + 1000, FOUND_US + 1000);
	got = last_recorded(&bench->recorder);
	assert_int_equal(got->change.newstate, STATE_TIME_WAIT);
	assert_span(connection_in_state(bench_only(bench), AT_US(2 * FOUND_US)), SPAN_AT_LEAST, FOUND_US - 1000);
	assert_span(connection_age(bench_only(bench), AT_US(2 * FOUND_US)), SPAN_AT_LEAST, FOUND_US);
}

/* ---- directions ---- */

static void find_with_listener(struct bench *bench, uint8_t state, struct tuple tuple, bool mini,
			       const char *listens_at)
{
	struct event row = row_of(state, tuple, mini ? 0 : 12);

	row.mini = mini;
	bench_begin_snapshot(bench, FOUND_US);
	bench_apply(bench, &row); /* the listener may come after it */
	if (listens_at)
		add_row(bench, STATE_LISTEN, tuple_of(4, listens_at, 80, "0.0.0.0", 0), 11, 200);
	bench_end_snapshot_here(bench);
}

static enum direction direction_in(struct bench *bench, uint8_t state)
{
	struct connection *conn = bench_find(bench, fits_state, state);

	assert_non_null(conn);
	return (enum direction)conn->direction;
}

static void test_in_where_a_listener_has_the_port(void **state)
{
	static const struct {
		uint8_t state;
		bool mini;
		const char *listens_at;
		enum direction direction;
	} cases[] = {
		{STATE_ESTABLISHED, false, "0.0.0.0", DIRECTION_IN},
		{STATE_ESTABLISHED, false, "10.0.0.2", DIRECTION_IN},
		{STATE_ESTABLISHED, false, "10.0.0.3", DIRECTION_UNKNOWN},
		{STATE_ESTABLISHED, false, NULL, DIRECTION_UNKNOWN},
		{STATE_CLOSE_WAIT, false, "0.0.0.0", DIRECTION_IN},
		{STATE_LAST_ACK, false, "0.0.0.0", DIRECTION_IN},
		{STATE_TIME_WAIT, true, "0.0.0.0", DIRECTION_IN},
		{STATE_TIME_WAIT, true, NULL, DIRECTION_UNKNOWN},
		{STATE_SYN_RECV, true, NULL, DIRECTION_IN},
		{STATE_SYN_SENT, false, "0.0.0.0", DIRECTION_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(bench_open(state), 0);
		find_with_listener(*state, cases[i].state, accepted(), cases[i].mini, cases[i].listens_at);
		assert_int_equal(direction_in(*state, cases[i].state), cases[i].direction);
		bench_close(state);
	}
}

static void test_listener_of_later(void **state)
{
	struct bench *bench = *state;

	find_with_listener(bench, STATE_ESTABLISHED, accepted(), false, NULL);
	find_with_listener(bench, STATE_ESTABLISHED, accepted(), false, "0.0.0.0");
	assert_int_equal(direction_in(bench, STATE_ESTABLISHED), DIRECTION_UNKNOWN);
	assert_int_equal(direction_in(bench, STATE_LISTEN), DIRECTION_UNKNOWN);
}

/* Nobody holds them, and the listener's process need not be the one that held what is left of a connection. */
static void test_owner_where_nobody_holds(void **state)
{
	static const uint8_t states[] = {STATE_ESTABLISHED, STATE_FIN_WAIT1, STATE_TIME_WAIT};

	for (size_t i = 0; i < sizeof(states); i++) {
		assert_int_equal(bench_open(state), 0);
		find_with_listener(*state, states[i], accepted(), states[i] == STATE_TIME_WAIT, "0.0.0.0");
		assert_int_equal(bench_find(*state, fits_state, states[i])->owner.pid, 0);
		bench_close(state);
	}
}

/* A connection of which only a transition has told gets its direction from the next snapshot. */
static void test_direction_of_a_stranger(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 10, accepted());
	assert_int_equal(bench_only(bench)->direction, DIRECTION_UNKNOWN);
	bench->recorder.count = 0;
	bench_begin_snapshot(bench, FOUND_US);
	add_row(bench, STATE_CLOSE_WAIT, accepted(), 12, 0);
	add_row(bench, STATE_LISTEN, tuple_of(4, "0.0.0.0", 80, "0.0.0.0", 0), 11, 200);
	bench_end_snapshot_here(bench);
	assert_int_equal(direction_in(bench, STATE_CLOSE_WAIT), DIRECTION_IN);
}

#define OLDER_TEST(function) cmocka_unit_test_setup_teardown(function, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		OLDER_TEST(test_ages_that_a_row_knows),
		OLDER_TEST(test_no_age_is_later_than_the_row),
		OLDER_TEST(test_the_earliest_holds),
		OLDER_TEST(test_what_was_seen_is_exact),
		OLDER_TEST(test_row_of_another_state),
		OLDER_TEST(test_row_newer_than_the_event),
		OLDER_TEST(test_older_row_in_a_later_state),
		OLDER_TEST(test_minisocket),
		cmocka_unit_test(test_in_where_a_listener_has_the_port),
		OLDER_TEST(test_listener_of_later),
		cmocka_unit_test(test_owner_where_nobody_holds),
		OLDER_TEST(test_direction_of_a_stranger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
