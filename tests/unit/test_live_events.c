// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what the engine makes of the events out of the ring: which of them it keeps, which snapshots it wants because
 * of them, and that no loss is silent.
 */
#include "live_sim.h"
#include "no_memory.h"

static struct filter *filter;

/* Joins an engine with what is there; its filter is freed by the next call, and by close_filtered(). */
static struct live *join_filtered(const char *text)
{
	struct live_options options = sim_options();
	struct filter_error error = {.message = ""};

	if (filter_parse(text, NULL, &filter, &error))
		fail_msg("\"%s\": %s", text, error.message);
	options.filter = filter;
	return sim_join(options);
}

static void close_filtered(struct live *live)
{
	close_live(live);
	filter_free(filter);
	filter = NULL;
}

static void handle(struct live *live, const struct event *event)
{
	assert_int_equal(live_handle_event(live, event), 0);
}

/* ---- what is kept ---- */

/* What the kernel side does not report any more must not stay in the table for ever. */
static void test_what_is_not_wanted_is_forgotten(void **state)
{
	struct live *live = join_filtered("sport = :40000");
	struct event connect = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(0));
	struct event done = transition_of(SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 2, sim_tuple(50000));

	(void)state;
	handle(live, &connect);
	assert_int_equal(table_count(live->table), 1); /* its port is still to come */
	handle(live, &done);
	assert_int_equal(table_count(live->table), 0);
	done.tuple.lport = 40000;
	handle(live, &connect);
	handle(live, &done);
	assert_int_equal(table_count(live->table), 1);
	close_filtered(live);
}

static void test_rows_that_are_not_wanted(void **state)
{
	struct event wanted = exact_row_of(SK(1), STATE_ESTABLISHED, 0, sim_tuple(40000));
	struct event other = exact_row_of(SK(2), STATE_ESTABLISHED, 0, sim_tuple(50000));
	struct live *live;

	(void)state;
	add_sim_row(&wanted);
	add_sim_row(&other);
	live = join_filtered("sport = :40000");
	assert_int_equal(table_count(live->table), 1);
	close_filtered(live);
}

/* ---- snapshots for what no transition reports ---- */

enum { MS = 1000, NEVER = 0 };

/* A transition at 1 ms, and when snapshots of each kind are due because of it. */
struct wish {
	uint8_t oldstate, newstate;
	uint16_t lport;
	uint8_t lives_on;
	unsigned int sockets_us, minis_us, holders_us;
};

static void assert_due(const struct live *live, const struct wish *wish, size_t number)
{
	const unsigned int wanted_us[] = {wish->sockets_us, wish->minis_us, wish->holders_us};

	for (size_t bit = 0; bit < COUNT_OF(wanted_us); bit++) {
		uint64_t wanted_ns = wanted_us[bit] == NEVER ? 0 : AT_US(wanted_us[bit]);

		if (live->schedule.due_ns[bit] != wanted_ns)
			fail_msg("case %zu: scope %zu is due at %lld us", number, bit,
				 ((long long)live->schedule.due_ns[bit] - (long long)START_NS) / 1000);
	}
}

static void assert_wishes(const char *text, const struct wish *wishes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct wish *wish = &wishes[i];
		struct closing closing = {.sent = true, .lives_on = wish->lives_on};
		struct event event =
			transition_of(SK(1), wish->oldstate, wish->newstate, 1 * MS, sim_tuple(wish->lport));
		struct live *live;

		sim_reset(NULL);
		live = join_filtered(text);
		event.closing = wish->newstate == STATE_CLOSE && wish->lives_on ? &closing : NULL;
		handle(live, &event);
		assert_due(live, wish, i);
		close_filtered(live);
	}
}

static void test_wishes(void **state)
{
	static const struct wish wishes[] = {
		/* the peer's FIN, once nobody holds the connection */
		{STATE_FIN_WAIT1, STATE_CLOSE, 40000, STATE_FIN_WAIT2, NEVER, 201 * MS, NEVER},
		{STATE_FIN_WAIT1, STATE_CLOSE, 40000, STATE_TIME_WAIT, NEVER, NEVER, NEVER},
		{STATE_FIN_WAIT1, STATE_CLOSE, 40000, 0, NEVER, NEVER, NEVER},
		/* a listener: its port, and who holds it once its program has forked */
		{STATE_CLOSE, STATE_LISTEN, 80, 0, NEVER, NEVER, 501 * MS},
		{STATE_CLOSE, STATE_LISTEN, 0, 0, 501 * MS, NEVER, 501 * MS},
		{STATE_LISTEN, STATE_CLOSE, 80, 0, NEVER, NEVER, NEVER},
		/* who accepts */
		{STATE_LISTEN, STATE_SYN_RECV, 80, 0, NEVER, NEVER, 501 * MS},
		{STATE_SYN_SENT, STATE_SYN_RECV, 80, 0, NEVER, NEVER, NEVER}, /* both have connected */
		/* nothing is unknown here */
		{STATE_CLOSE, STATE_SYN_SENT, 0, 0, NEVER, NEVER, NEVER},
		{STATE_SYN_SENT, STATE_ESTABLISHED, 40000, 0, NEVER, NEVER, NEVER},
	};

	(void)state;
	assert_wishes("family 4", wishes, COUNT_OF(wishes));
}

/* Where the filter waits for the answer, nobody sees the transition before it comes. */
static void test_wishes_of_a_filter_that_waits(void **state)
{
	static const struct wish of_port[] = {
		{STATE_CLOSE, STATE_SYN_SENT, 0, 0, 501 * MS, NEVER, NEVER},
		{STATE_CLOSE, STATE_SYN_SENT, 40000, 0, NEVER, NEVER, NEVER},
	};
	static const struct wish of_process[] = {
		{STATE_LISTEN, STATE_SYN_RECV, 80, 0, NEVER, NEVER, 51 * MS},
	};

	(void)state;
	assert_wishes("sport = :40000", of_port, COUNT_OF(of_port));
	assert_wishes("pid 7", of_process, COUNT_OF(of_process));
}

/* Where a snapshot of everything comes before each printing, no other is wanted. */
static void test_no_wishes_for_a_table(void **state)
{
	static const struct wish none = {0};
	struct live_options options = sim_options();
	struct event event = transition_of(SK(1), STATE_CLOSE, STATE_LISTEN, 1 * MS, sim_tuple(0));
	struct live *live;

	(void)state;
	options.on_change = NULL;
	live = sim_join(options);
	handle(live, &event);
	assert_due(live, &none, 0);
	close_live(live);
}

/* A new connection that is not accepted yet: soon it may be. */
static void test_patience_begins_again(void **state)
{
	struct live *live = sim_join(sim_options());
	struct event connect = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(0));
	struct event accept = transition_of(SK(2), STATE_LISTEN, STATE_SYN_RECV, 2, sim_tuple(80));

	(void)state;
	assert_int_equal(live->patience_ns, NS_PER_SEC);
	live->patience_ns = 8 * NS_PER_SEC;
	handle(live, &connect);
	assert_int_equal(live->patience_ns, 8 * NS_PER_SEC);
	handle(live, &accept);
	assert_int_equal(live->patience_ns, NS_PER_SEC);
	close_live(live);
}

/* ---- losses ---- */

static void assert_gap(size_t number, uint64_t lost, enum gap_reason reason, uint64_t from_ns, uint64_t to_ns)
{
	assert_int_equal(sim.gap_count, number);
	assert_int_equal(sim.gaps[number - 1].lost, lost);
	assert_int_equal(sim.gaps[number - 1].reason, reason);
	assert_int_equal(sim.gaps[number - 1].from_ns, from_ns);
	assert_int_equal(sim.gaps[number - 1].to_ns, to_ns);
}

static void test_ring_that_was_full(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	sim.now_ns = AT_US(10);
	live_count_losses(live);
	assert_int_equal(sim.gap_count, 0);
	assert_false(live->out_of_step);
	assert_int_equal(schedule_next_ns(&live->schedule), 0);
	sim.now_ns = AT_US(20);
	sim.counts = (struct bpf_counts){.seen = 9, .received = 4, .dropped = 5};
	live_count_losses(live);
	assert_gap(1, 5, GAP_RING_FULL, AT_US(10), AT_US(20));
	assert_true(live->out_of_step);
	assert_int_equal(schedule_scope(&live->schedule, sim.now_ns), SCOPE_ALL);
	sim.now_ns = AT_US(30);
	live_count_losses(live); /* it is told once */
	assert_int_equal(sim.gap_count, 1);
	sim.now_ns = AT_US(40);
	sim.counts.dropped = 6;
	live_count_losses(live);
	assert_gap(2, 1, GAP_RING_FULL, AT_US(30), AT_US(40));
	close_live(live);
}

/* The second program may catch a skipped transition a little later: what is missing is told one reading later, and
 * never taken back. */
static void test_transitions_that_the_kernel_skipped(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	sim.counts.skipped = 3;
	live_count_losses(live);
	assert_int_equal(sim.gap_count, 0);
	sim.counts.recovered = 1;
	sim.now_ns = AT_US(20);
	live_count_losses(live);
	assert_gap(1, 2, GAP_SKIPPED, START_NS, AT_US(20));
	assert_int_equal(live_summary(live).missed, 2);
	sim.counts.recovered = 3;
	live_count_losses(live);
	assert_int_equal(sim.gap_count, 1);
	assert_int_equal(live_summary(live).missed, 2);
	sim.counts.recovered = 5; /* more than were skipped */
	live_count_losses(live);
	assert_int_equal(live_summary(live).missed, 2);
	close_live(live);
}

/* What the second program repeats it has not caught. */
static void test_repeats_are_no_catches(void **state)
{
	struct live *live = sim_join(sim_options());
	struct event event = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(0));

	(void)state;
	handle(live, &event);
	event.again = true;
	handle(live, &event);
	assert_int_equal(table_repeats(live->table), 1);
	sim.counts = (struct bpf_counts){.skipped = 2, .recovered = 2};
	live_count_losses(live);
	live_count_losses(live);
	assert_int_equal(live_summary(live).missed, 1);
	close_live(live);
}

/* A transition that there is no memory for is a loss, and no error. */
static void test_losses_for_want_of_memory(void **state)
{
	struct live *live;
	struct event event = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(0));

	(void)state;
	SKIP_WHERE_MEMORY_IS_CHECKED();
	live = sim_join(sim_options());
	STARVE_AFTER(0);
	handle(live, &event);
	handle(live, &event);
	STOP_STARVING();
	assert_int_equal(table_count(live->table), 0);
	assert_false(live->starved); /* no snapshot is running */
	live_count_losses(live);
	assert_gap(1, 2, GAP_NO_MEMORY, START_NS, START_NS);
	live_count_losses(live);
	assert_int_equal(sim.gap_count, 1);
	assert_int_equal(live_summary(live).forgotten, 2);
	close_live(live);
}

/* A transition of a socket that the snapshot should have shown: something was lost, and nobody has counted it. */
static void test_strangers(void **state)
{
	struct live *live = sim_join(sim_options());
	struct event event = transition_of(SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 2000000, sim_tuple(40000));

	(void)state;
	sim.now_ns = AT_US(2000000);
	handle(live, &event);
	assert_int_equal(table_strangers(live->table), 1);
	live_count_losses(live);
	assert_int_equal(schedule_next_ns(&live->schedule), sim.now_ns + 500 * NS_PER_MS);
	assert_int_equal(schedule_scope(&live->schedule, sim.now_ns + 500 * NS_PER_MS), SCOPE_ALL);
	schedule_begin(&live->schedule, SCOPE_ALL);
	live_count_losses(live);
	assert_int_equal(schedule_next_ns(&live->schedule), 0);
	close_live(live);
}

static void test_no_account_of_a_ring_that_cannot_be_read(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	sim.counts.dropped = 5;
	sim.consume_error = -EIO;
	assert_int_equal(live_consume(live), -EIO);
	assert_int_equal(sim.gap_count, 0);
	sim.consume_error = 0;
	assert_int_equal(live_consume(live), 0);
	assert_int_equal(sim.gap_count, 1);
	close_live(live);
}

/* ---- emptying the ring ---- */

static void push_connects(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct event event = transition_of(SK(i), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(0));

		push_event(&event);
	}
}

static void test_all_that_has_come(void **state)
{
	struct live *live = sim_join(sim_options());
	unsigned int before;

	(void)state;
	sim.batch = 2;
	push_connects(5);
	before = sim.consumed;
	assert_int_equal(live_consume_all(live), 0);
	assert_int_equal(sim.recorder.count, 5);
	assert_int_equal(sim.consumed, before + 3);
	assert_int_equal(sim.slept_us, 0);
	assert_int_equal(live_consume_all(live), 0); /* an empty ring is read once */
	assert_int_equal(sim.consumed, before + 4);
	assert_int_equal(sim.slept_us, 0);
	close_live(live);
}

static void test_error_while_all_is_read(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	push_connects(1);
	sim.consume_error = -EIO;
	assert_int_equal(live_consume_all(live), -EIO);
	close_live(live);
}

/* An unfinished record is waited for: 100 ms, if it does not move. */
static void test_unfinished_records(void **state)
{
	static const struct {
		size_t unfinished;
		unsigned int each_us;
		int wanted;
		unsigned int least_us, most_us;
	} cases[] = {
		{1, 90000, 0, 90000, 90000},
		{3, 90000, 0, 270000, 270000}, /* each of them moves in time */
		{1, 0, -EAGAIN, 99000, 100000},
		{1, 150000, -EAGAIN, 99000, 100000},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct live *live;

		sim_reset(state);
		live = sim_join(sim_options());
		push_connects(4);
		sim.unfinished = cases[i].unfinished;
		sim.finishes_after_us = cases[i].each_us;
		assert_int_equal(live_consume_all(live), cases[i].wanted);
		assert_int_equal(sim.recorder.count, cases[i].wanted ? 4 - cases[i].unfinished : 4);
		assert_in_range(sim.slept_us, cases[i].least_us, cases[i].most_us);
		close_live(live);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_is_not_wanted_is_forgotten, sim_reset),
		cmocka_unit_test_setup(test_rows_that_are_not_wanted, sim_reset),
		cmocka_unit_test_setup(test_wishes, sim_reset),
		cmocka_unit_test_setup(test_wishes_of_a_filter_that_waits, sim_reset),
		cmocka_unit_test_setup(test_no_wishes_for_a_table, sim_reset),
		cmocka_unit_test_setup(test_patience_begins_again, sim_reset),
		cmocka_unit_test_setup(test_ring_that_was_full, sim_reset),
		cmocka_unit_test_setup(test_transitions_that_the_kernel_skipped, sim_reset),
		cmocka_unit_test_setup(test_repeats_are_no_catches, sim_reset),
		cmocka_unit_test_setup(test_losses_for_want_of_memory, sim_reset),
		cmocka_unit_test_setup(test_strangers, sim_reset),
		cmocka_unit_test_setup(test_no_account_of_a_ring_that_cannot_be_read, sim_reset),
		cmocka_unit_test_setup(test_all_that_has_come, sim_reset),
		cmocka_unit_test_setup(test_error_while_all_is_read, sim_reset),
		cmocka_unit_test_setup(test_unfinished_records, sim_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
