// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests that a socket which connects again, or listens, is another connection also where the end of the one before and
 * the birth of the next were lost. The socket keeps its address, cookie and inode.
 */
#include "exact.h"

enum { COOKIE = 7, INODE = 11, FIRST_US = 1000000, SECOND_US = 2000000, THIRD_US = 3000000 };

static struct tuple going_to(uint16_t lport, const char *raddr, uint16_t rport)
{
	return tuple_of(4, "10.0.0.1", lport, raddr, rport);
}

static struct tuple first_life(void)
{
	return going_to(40000, "10.0.0.2", 80);
}

static struct event event_of(uint8_t oldstate, uint8_t newstate, unsigned int at_us, struct tuple tuple)
{
	struct event event = transition_of(SK(1), oldstate, newstate, at_us, tuple);

	event.cookie = COOKIE;
	event.inode = INODE;
	return event;
}

/* Takes a first snapshot of nothing; then the socket connects, and goes on to `newstate` (or STATE_ESTABLISHED). */
static void live_once(struct bench *bench, uint8_t newstate)
{
	struct event steps[] = {
		event_of(STATE_CLOSE, STATE_SYN_SENT, 10, going_to(0, "10.0.0.2", 80)),
		event_of(STATE_SYN_SENT, STATE_ESTABLISHED, 20, first_life()),
		event_of(STATE_ESTABLISHED, newstate, 30, first_life()),
	};

	exact_begin(bench, 0);
	exact_end(bench);
	for (size_t i = 0; i < (newstate == STATE_ESTABLISHED ? 2 : 3); i++)
		bench_apply(bench, &steps[i]);
	bench->recorder.count = 0;
}

static void begin_renewed(struct bench *bench, bool exact, unsigned int at_us)
{
	struct event begin = {.kind = EVENT_SNAPSHOT_BEGIN,
			      .ts_ns = AT_US(at_us),
			      .scope = SCOPE_ALL,
			      .exact = exact,
			      .renewed = true};

	bench->began_ns = begin.ts_ns;
	bench_apply(bench, &begin);
}

static void take_exact(struct bench *bench, uint8_t state, unsigned int at_us, struct tuple tuple)
{
	struct event row = exact_row_of(SK(1), state, at_us + 5, tuple);

	row.cookie = COOKIE;
	row.inode = INODE;
	begin_renewed(bench, true, at_us);
	bench_apply(bench, &row);
	exact_end(bench);
}

static void take_from_proc(struct bench *bench, uint8_t state, unsigned int at_us, struct tuple tuple)
{
	struct event row = row_of(state, tuple, INODE);

	begin_renewed(bench, false, at_us);
	bench_apply(bench, &row);
	bench_end_snapshot_here(bench);
}

/* Finds the change of the healed ones that goes so. */
static const struct recorded *healed(const struct bench *bench, uint8_t oldstate, uint8_t newstate)
{
	for (size_t i = 0; i < bench->recorder.healed_count; i++) {
		const struct recorded *got = &bench->recorder.healed[i];

		if (got->change.oldstate == oldstate && got->change.newstate == newstate)
			return got;
	}
	fail_msg("no healed change %s>%s", tcp_state_name(oldstate), tcp_state_name(newstate));
	return NULL;
}

/* Checks that the first life has ended in `last`, and that another one of this tuple goes on in `now`. */
static void assert_two_lives(const struct bench *bench, uint8_t last, uint8_t now, struct tuple tuple)
{
	const struct recorded *end = healed(bench, last, STATE_CLOSE), *birth = healed(bench, STATE_CLOSE, now);
	const struct connection *conn = bench_only(bench);

	assert_int_equal(bench->recorder.healed_count, 2);
	assert_int_equal(end->conn.id, 1);
	assert_int_equal(end->change.reason, REASON_END_NOT_SEEN);
	assert_int_equal(end->conn.tuple.rport, 80);
	assert_int_equal(birth->conn.id, 2);
	assert_span(birth->change.in_state, SPAN_UNKNOWN, 0);
	assert_int_equal(birth->conn.tuple.rport, tuple.rport);
	assert_int_equal(conn->id, 2);
	assert_false(conn->born_known);
	assert_false(conn->since_known && conn->since_ns <= AT_US(30));
}

/* What the socket may be found doing. */
static const struct {
	uint8_t last, now;
	uint16_t lport;
	const char *raddr;
	uint16_t rport;
} lives[] = {
	{STATE_ESTABLISHED, STATE_ESTABLISHED, 40000, "10.0.0.2", 81},
	{STATE_ESTABLISHED, STATE_ESTABLISHED, 40000, "10.0.0.3", 80},
	{STATE_ESTABLISHED, STATE_ESTABLISHED, 40001, "10.0.0.2", 80},
	{STATE_ESTABLISHED, STATE_SYN_SENT, 40000, "10.0.0.2", 80},
	{STATE_FIN_WAIT1, STATE_ESTABLISHED, 40000, "10.0.0.2", 80},
	{STATE_CLOSE_WAIT, STATE_ESTABLISHED, 40000, "10.0.0.2", 80},
	{STATE_ESTABLISHED, STATE_LISTEN, 40000, "0.0.0.0", 0},
};

static struct tuple tuple_of_life(size_t i)
{
	return going_to(lives[i].lport, lives[i].raddr, lives[i].rport);
}

#define EACH_LIFE(i) for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++)

static void test_row(void **state)
{
	EACH_LIFE(i)
	{
		assert_int_equal(bench_open(state), 0);
		live_once(*state, lives[i].last);
		take_exact(*state, lives[i].now, FIRST_US, tuple_of_life(i));
		assert_two_lives(*state, lives[i].last, lives[i].now, tuple_of_life(i));
		bench_close(state);
	}
}

/* Only two readings of /proc that agree prove something. */
static void test_rows_of_proc(void **state)
{
	EACH_LIFE(i)
	{
		assert_int_equal(bench_open(state), 0);
		live_once(*state, lives[i].last);
		take_from_proc(*state, lives[i].now, FIRST_US, tuple_of_life(i));
		assert_int_equal(((struct bench *)*state)->recorder.healed_count, 0);
		take_from_proc(*state, lives[i].now, SECOND_US, tuple_of_life(i));
		take_from_proc(*state, lives[i].now, THIRD_US, tuple_of_life(i));
		assert_two_lives(*state, lives[i].last, lives[i].now, tuple_of_life(i));
		bench_close(state);
	}
}

static void test_event(void **state)
{
	static const uint8_t after[STATE_COUNT] = {
		[STATE_ESTABLISHED] = STATE_CLOSE_WAIT,
		[STATE_SYN_SENT] = STATE_ESTABLISHED,
		[STATE_LISTEN] = STATE_CLOSE,
	};

	EACH_LIFE(i)
	{
		uint8_t now = lives[i].now;
		struct event event = event_of(now, after[now], FIRST_US, tuple_of_life(i));
		struct closing closing = {.sent = true};
		const struct recorded *got;

		assert_int_equal(bench_open(state), 0);
		live_once(*state, lives[i].last);
		event.closing = after[now] == STATE_CLOSE ? &closing : NULL;
		got = bench_change(*state, &event);
		assert_int_equal(got->conn.id, 2);
		assert_span(got->change.in_state, SPAN_UNKNOWN, 0);
		assert_int_equal(healed(*state, lives[i].last, STATE_CLOSE)->conn.id, 1);
		assert_int_equal(healed(*state, STATE_CLOSE, now)->conn.id, 2);
		assert_int_equal(((struct bench *)*state)->recorder.healed_count, 2);
		bench_close(state);
	}
}

/* What goes on within one life is no other life. */
static void test_same_life(void **state)
{
	static const uint8_t forward[][2] = {
		{STATE_ESTABLISHED, STATE_FIN_WAIT1}, {STATE_ESTABLISHED, STATE_CLOSE_WAIT},
		{STATE_FIN_WAIT1, STATE_FIN_WAIT2},   {STATE_FIN_WAIT1, STATE_CLOSING},
		{STATE_CLOSE_WAIT, STATE_LAST_ACK},   {STATE_FIN_WAIT1, STATE_CLOSE_WAIT},
	};

	for (size_t i = 0; i < sizeof(forward) / sizeof(forward[0]); i++) {
		struct bench *bench;

		assert_int_equal(bench_open(state), 0);
		bench = *state;
		live_once(bench, forward[i][0]);
		take_exact(bench, forward[i][1], FIRST_US, first_life());
		assert_int_equal(healed(bench, forward[i][0], forward[i][1])->conn.id, 1);
		assert_int_equal(bench->recorder.healed_count, 1);
		bench_close(state);
	}
}

/* The row of a life may come before the transitions that begin it. */
static void test_row_before_its_birth(void **state)
{
	struct bench *bench = *state;
	struct closing closing = {.sent = true};
	struct event steps[] = {
		event_of(STATE_ESTABLISHED, STATE_CLOSE, FIRST_US + 1, first_life()),
		event_of(STATE_CLOSE, STATE_SYN_SENT, FIRST_US + 2, going_to(0, "10.0.0.2", 81)),
		event_of(STATE_SYN_SENT, STATE_ESTABLISHED, FIRST_US + 3, going_to(40000, "10.0.0.2", 81)),
	};
	struct event row = row_of(STATE_ESTABLISHED, going_to(40000, "10.0.0.2", 81), INODE);

	live_once(bench, STATE_ESTABLISHED);
	begin_renewed(bench, false, FIRST_US);
	bench_apply(bench, &row);
	steps[0].closing = &closing;
	for (size_t i = 0; i < 3; i++)
		bench_apply(bench, &steps[i]);
	bench_end_snapshot_here(bench);
	assert_int_equal(bench->recorder.healed_count, 0);
	assert_int_equal(bench->recorder.count, 3);
	assert_true(bench_only(bench)->born_known);
	assert_int_equal(bench_only(bench)->tuple.rport, 81);
}

/* The event of a connect() that never sent may show the port of an earlier attempt. */
static void test_connect_that_never_sent(void **state)
{
	struct bench *bench = *state;
	struct event birth = event_of(STATE_CLOSE, STATE_SYN_SENT, 10, going_to(40001, "10.0.0.2", 80));
	struct event end = event_of(STATE_SYN_SENT, STATE_CLOSE, 20, going_to(40000, "10.0.0.2", 80));
	struct closing closing = {.sent = false};

	exact_begin(bench, 0);
	exact_end(bench);
	bench_apply(bench, &birth);
	end.closing = &closing;
	assert_int_equal(bench_change(bench, &end)->conn.id, 1);
	assert_int_equal(bench->recorder.healed_count, 0);
}

#define LIFE_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row),           cmocka_unit_test(test_rows_of_proc),
		cmocka_unit_test(test_event),         cmocka_unit_test(test_same_life),
		LIFE_TEST(test_row_before_its_birth), LIFE_TEST(test_connect_that_never_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
