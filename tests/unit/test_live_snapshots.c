// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests when the engine takes snapshots, how it waits for them, and what follows where one is not whole or cannot be
 * had.
 */
#include "live_sim.h"
#include "no_memory.h"

static struct owner holder = {.pid = 7, .fd = 3, .comm = "holder"};

static void take(struct live *live, uint8_t scope)
{
	assert_int_equal(live_take_snapshot(live, scope), 0);
}

/* Forgets all wishes for snapshots. */
static void clear_schedule(struct live *live)
{
	live->schedule = (struct snapshot_schedule){0};
}

static struct event row_held_by(uint64_t sk, uint8_t state, uint16_t lport, uint32_t pid)
{
	struct event row = exact_row_of(sk, state, 0, sim_tuple(lport));

	holder.pid = pid;
	row.inode = (uint32_t)(1000 + lport);
	row.owners = &holder;
	row.owner_count = pid ? 1 : 0;
	return row;
}

static void assert_due(const struct live *live, uint8_t scope, uint64_t at_ns)
{
	for (int bit = 0; bit < SCHEDULE_SCOPES; bit++)
		assert_int_equal(live->schedule.due_ns[bit], scope & 1 << bit ? at_ns : 0);
}

/* ---- the first snapshot, and later ones ---- */

static void test_first_snapshot(void **state)
{
	struct live *live = sim_open(sim_options());

	(void)state;
	sim.now_ns = AT_US(300);
	assert_int_equal(live_join(live), 0);
	assert_int_equal(sim.snapshot_count, 1);
	assert_int_equal(last_snapshot()->scope, SCOPE_ALL);
	assert_int_equal(last_snapshot()->minis, 0);
	assert_int_equal(last_snapshot()->began_ns, START_NS); /* since then transitions are gathered */
	assert_false(last_snapshot()->renewed);
	assert_true(last_snapshot()->freed);
	assert_string_equal(sim.info, "joined with what is there: 0 sockets");
	assert_int_equal(live_join(live), 0);
	assert_int_equal(last_snapshot()->began_ns, AT_US(300));
	assert_true(last_snapshot()->renewed);
	sim.info[0] = '\0';
	take(live, SNAPSHOT_MINIS);
	assert_string_equal(sim.info, ""); /* one of many */
	close_live(live);
}

/* A snapshot that was taken puts an end to the wishes that it serves, and rests for twenty times what it cost. */
static void test_rest_after_a_snapshot(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	schedule_want(&live->schedule, SCOPE_ALL, sim.now_ns);
	sim.costs_ns = 20 * NS_PER_MS;
	take(live, SNAPSHOT_SOCKETS | SNAPSHOT_HOLDERS);
	assert_int_equal(live->schedule.due_ns[1], sim.now_ns);
	schedule_want(&live->schedule, SNAPSHOT_SOCKETS, sim.now_ns);
	schedule_begin(&live->schedule, SNAPSHOT_MINIS);
	assert_int_equal(schedule_next_ns(&live->schedule), sim.now_ns + 400 * NS_PER_MS);
	close_live(live);
}

/* The rows of an exact snapshot have their place among the events: a batch before it is enough. Those of any other must
 * be newer than all events before it. */
static void test_events_before_a_snapshot(void **state)
{
	for (int exact = 0; exact < 2; exact++) {
		struct live *live;

		sim_reset(state);
		sim.exact = exact;
		sim.batch = 1;
		live = sim_join(sim_options());
		for (unsigned int i = 0; i < 3; i++) {
			struct event event = transition_of(SK(i), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(0));

			push_event(&event);
		}
		take(live, SCOPE_ALL);
		assert_int_equal(last_snapshot()->taken, exact ? 1 : 3);
		assert_int_equal(sim.recorder.count, 3);
		sim.consume_error = -EIO;
		assert_int_equal(live_take_snapshot(live, SCOPE_ALL), -EIO);
		assert_int_equal(sim.snapshot_count, 2);
		close_live(live);
	}
}

/* ---- while it runs ---- */

static void test_rows_of_a_slow_snapshot(void **state)
{
	struct event row = exact_row_of(SK(1), STATE_ESTABLISHED, 0, sim_tuple(40000));

	for (int exact = 0; exact < 2; exact++) {
		struct live *live;

		sim_reset(state);
		sim.exact = exact;
		sim.lasts_ns = 100 * NS_PER_MS;
		add_sim_row(&row);
		live = sim_join(sim_options());
		assert_int_equal(table_count(live->table), 1);
		assert_int_equal(sim.now_ns, START_NS + 120 * NS_PER_MS); /* looked at each 30 ms */
		assert_int_equal(sim.set_aside, exact ? 0 : 5);           /* after each wait */
		assert_int_equal(sim.last_timeout_ms, 30);
		close_live(live);
	}
}

/* Where there is more in the ring, it is not waited for. */
static void test_full_ring_while_it_runs(void **state)
{
	struct live *live = sim_open(sim_options());

	(void)state;
	sim.batch = 1;
	for (unsigned int i = 0; i < 5; i++) {
		struct event row = exact_row_of(SK(i), STATE_ESTABLISHED, 0, sim_tuple((uint16_t)(40000 + i)));

		add_sim_row(&row);
	}
	sim.lasts_ns = 20 * NS_PER_MS;
	assert_int_equal(live_join(live), 0);
	assert_int_equal(sim.now_ns, START_NS + 30 * NS_PER_MS); /* a wait before the first batch, and no other */
	assert_int_equal(table_count(live->table), 5);
	close_live(live);
}

/* What was handled by each pause, as far as a snapshot was running. */
static struct {
	unsigned int pauses;
	size_t handled; /* changes */
	int err;        /* to be returned */
} writing;

static int write_meanwhile(void *context)
{
	assert_ptr_equal(context, &sim.recorder);
	if (!sim.snapshot_count || !last_snapshot()->freed) {
		writing.pauses++;
		writing.handled = sim.recorder.count;
	}
	return writing.err;
}

static void begin_to_connect(struct live *live)
{
	struct event event = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(0));

	(void)live;
	push_event(&event);
}

/* The changes of an exact snapshot's batches can be written before it is done; where the writing fails, it ends. */
static void test_changes_are_written_while_it_runs(void **state)
{
	struct live_options options = sim_options();
	struct live *live;

	(void)state;
	memset(&writing, 0, sizeof(writing));
	options.on_pause = write_meanwhile;
	live = sim_join(options);
	sim.lasts_ns = 100 * NS_PER_MS;
	writing.pauses = 0;
	sim.meanwhile = begin_to_connect;
	take(live, SCOPE_ALL);
	assert_true(writing.pauses > 1);
	assert_int_equal(writing.handled, 1);
	writing.err = -EPIPE;
	assert_int_equal(live_take_snapshot(live, SCOPE_ALL), -EPIPE);
	assert_true(last_snapshot()->freed);
	close_live(live);
}

/* The changes before a snapshot do not wait for it. */
static void test_changes_are_written_before_it_begins(void **state)
{
	for (int exact = 0; exact < 2; exact++) {
		struct live_options options = sim_options();
		struct live *live;

		sim_reset(state);
		sim.exact = exact;
		memset(&writing, 0, sizeof(writing));
		options.on_pause = write_meanwhile;
		live = sim_join(options);
		begin_to_connect(live);
		writing.err = -EPIPE;
		assert_int_equal(live_take_snapshot(live, SCOPE_ALL), -EPIPE);
		assert_int_equal(sim.recorder.count, 1);
		assert_int_equal(sim.snapshot_count, 1); /* that at the start */
		close_live(live);
	}
}

/* What there is no more room to set aside for is lost: the snapshot cannot be whole. */
static void test_too_much_to_set_aside(void **state)
{
	struct live *live;

	(void)state;
	sim.exact = false;
	live = sim_join(sim_options());
	sim.lasts_ns = 100 * NS_PER_MS;
	sim.set_aside_error = -ENOBUFS;
	take(live, SCOPE_ALL);
	assert_true(last_snapshot()->abandoned);
	assert_true(live_summary(live).incomplete);
	assert_int_equal(live_summary(live).put_off, 0);
	assert_true(live->schedule.urgent);
	assert_int_equal(schedule_scope(&live->schedule, sim.now_ns), SCOPE_ALL);
	sim.set_aside_error = -EIO;
	assert_int_equal(live_take_snapshot(live, SCOPE_ALL), -EIO);
	assert_false(last_snapshot()->abandoned);
	assert_true(last_snapshot()->freed);
	close_live(live);
}

static void fail_to_consume(struct live *live)
{
	(void)live;
	sim.consume_error = -EIO;
}

static void fail_to_wait(struct live *live)
{
	close(live->epoll_fd);
	live->epoll_fd = -1;
}

static void test_errors_while_it_runs(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	sim.meanwhile = fail_to_consume;
	assert_int_equal(live_take_snapshot(live, SCOPE_ALL), -EIO);
	assert_true(last_snapshot()->freed);
	sim.consume_error = 0;
	sim.meanwhile = fail_to_wait;
	assert_int_equal(live_take_snapshot(live, SCOPE_ALL), -EBADF);
	assert_true(last_snapshot()->freed);
	close_live(live);
}

/* A record that is not written to its end hides what is behind it. */
static void test_unfinished_record(void **state)
{
	struct event event = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(0));
	struct live *live;

	(void)state;
	sim.exact = false;
	live = sim_join(sim_options());
	push_event(&event);
	sim.unfinished = 1;
	take(live, SCOPE_ALL);
	assert_int_equal(last_snapshot()->spoilt, -ENOBUFS);
	assert_true(live_summary(live).incomplete);
	sim.unfinished = 0;
	take(live, SCOPE_ALL);
	assert_int_equal(last_snapshot()->spoilt, 0);
	assert_false(live_summary(live).incomplete);
	close_live(live);
}

static void end_starving(struct live *live)
{
	(void)live;
	STOP_STARVING();
}

/* What there is no memory for is missing in the table. */
static void test_rows_without_memory(void **state)
{
	struct event row = exact_row_of(SK(1), STATE_ESTABLISHED, 0, sim_tuple(40000));
	struct live *live;

	(void)state;
	SKIP_WHERE_MEMORY_IS_CHECKED();
	live = sim_join(sim_options());
	add_sim_row(&row);
	sim.end_snapshot = end_starving;
	STARVE_AFTER(0);
	take(live, SCOPE_ALL);
	assert_int_equal(table_count(live->table), 0);
	assert_int_equal(last_snapshot()->spoilt, -ENOMEM);
	assert_int_equal(live_summary(live).put_off, 1);
	take(live, SCOPE_ALL);
	assert_int_equal(table_count(live->table), 1);
	assert_int_equal(last_snapshot()->spoilt, 0);
	assert_int_equal(live_summary(live).put_off, 1);
	close_live(live);
}

/* When it is time to end, a running snapshot has half a second more. */
static void test_end_while_it_runs(void **state)
{
	static const struct {
		bool signalled;
		uint64_t lasts_ms;
		bool abandoned;
		uint64_t least_ms, most_ms;
	} cases[] = {
		{true, 300, false, 300, 330},
		{true, 10000, true, 500, 530},
		{false, 300, false, 300, 330},
		{false, 10000, true, 500, 590},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct live *live;
		uint64_t took_ms;

		sim_reset(state);
		live = sim_open(sim_options());
		if (cases[i].signalled)
			raise(SIGTERM);
		else
			live->deadline_ns = sim.now_ns;
		sim.lasts_ns = cases[i].lasts_ms * NS_PER_MS;
		assert_int_equal(live_join(live), 0);
		took_ms = (sim.now_ns - START_NS) / NS_PER_MS;
		assert_in_range(took_ms, cases[i].least_ms, cases[i].most_ms);
		assert_int_equal(last_snapshot()->abandoned, cases[i].abandoned);
		if (cases[i].abandoned)
			assert_true(last_snapshot()->abandoned_ns > START_NS + 500 * NS_PER_MS);
		assert_int_equal(sim.slept_us > 0, cases[i].signalled); /* no busy waiting */
		assert_int_equal(sim.snapshot_count, 1);
		assert_int_equal(strstr(sim.log, "before it was time to end") != NULL, cases[i].abandoned);
		close_live(live);
	}
}

/* ---- what is not whole ---- */

static void test_first_snapshot_is_tried_again(void **state)
{
	static const struct {
		int end_errors;
		size_t snapshots;
		const char *log;
	} cases[] = {
		{0, 1, ""},
		{1, 2, ""},
		{4, 5, ""},
		{9, 5,
		 "not all that is there could be told, for want of room in the ring: give more than --ring-size 1048576\n"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct live *live;

		sim_reset(state);
		sim.end_errors = cases[i].end_errors;
		sim.end_error = -ENOBUFS;
		live = sim_join(sim_options());
		assert_int_equal(sim.snapshot_count, cases[i].snapshots);
		assert_string_equal(sim.log, cases[i].log);
		assert_int_equal(live_summary(live).incomplete, *cases[i].log != '\0');
		sim.log[0] = '\0';
		sim.end_errors = 1;
		assert_int_equal(live_join(live), 0); /* later ones come again by themselves */
		assert_int_equal(sim.snapshot_count, cases[i].snapshots + 1);
		assert_string_equal(sim.log, "");
		close_live(live);
	}
}

static void test_namespace_that_was_left_out(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	assert_false(live_summary(live).incomplete);
	sim.partial = true;
	take(live, SNAPSHOT_MINIS);
	assert_true(live_summary(live).incomplete);
	sim.partial = false;
	take(live, SNAPSHOT_MINIS); /* did not look at the rest */
	assert_true(live_summary(live).incomplete);
	take(live, SCOPE_ALL);
	assert_false(live_summary(live).incomplete);
	close_live(live);
}

/* A reading of /proc may miss what is there: at once another one is made. */
static void test_doubt(void **state)
{
	struct event row = exact_row_of(0, STATE_ESTABLISHED, 0, sim_tuple(40000));
	struct live *live;

	(void)state;
	sim.exact = false;
	add_sim_row(&row);
	live = sim_join(sim_options());
	assert_int_equal(sim.snapshot_count, 1);
	sim.row_count = 0;
	sim.now_ns = AT_US(10000000);
	assert_int_equal(live_join(live), 0);
	assert_int_equal(sim.snapshot_count, 3);
	close_live(live);
}

static void test_doubt_of_a_later_snapshot(void **state)
{
	struct event row = exact_row_of(0, STATE_ESTABLISHED, 0, sim_tuple(40000));

	for (int wants_changes = 0; wants_changes < 2; wants_changes++) {
		struct live_options options = sim_options();
		struct live *live;

		sim_reset(state);
		sim.exact = false;
		options.on_change = wants_changes ? record_change : NULL;
		add_sim_row(&row);
		live = sim_join(options);
		sim.row_count = 0;
		sim.now_ns = AT_US(10000000);
		clear_schedule(live);
		take(live, SNAPSHOT_SOCKETS);
		assert_int_equal(table_doubtful(live->table), 1);
		assert_due(live, wants_changes ? SNAPSHOT_SOCKETS : 0, sim.now_ns + 100 * NS_PER_MS);
		close_live(live);
	}
}

/* What is found late is told once another snapshot of everything shows it too. */
static void test_found_late(void **state)
{
	struct event row = exact_row_of(0, STATE_ESTABLISHED, 0, sim_tuple(40000));

	for (int wants_changes = 0; wants_changes < 2; wants_changes++) {
		struct live_options options = sim_options();
		struct live *live;

		sim_reset(state);
		sim.exact = false;
		options.on_change = wants_changes ? record_change : NULL;
		live = sim_join(options);
		add_sim_row(&row);
		clear_schedule(live);
		sim.now_ns += NS_PER_SEC;
		take(live, SNAPSHOT_SOCKETS);
		assert_int_equal(table_untold(live->table), 1);
		assert_due(live, wants_changes ? SNAPSHOT_SOCKETS | SNAPSHOT_MINIS : 0, sim.now_ns + 100 * NS_PER_MS);
		sim.now_ns += NS_PER_SEC;
		take(live, SNAPSHOT_SOCKETS);
		assert_int_equal(table_untold(live->table), 0);
		assert_int_equal(live_summary(live).healed, 1);
		assert_int_equal(sim.recorder.healed_count, wants_changes);
		close_live(live);
	}
}

/* ---- what cannot be had ---- */

static void test_first_snapshot_that_cannot_be_taken(void **state)
{
	struct live *live = sim_open(sim_options());

	(void)state;
	sim.start_error = -EAGAIN;
	assert_int_equal(live_join(live), -EAGAIN);
	assert_string_equal(sim.log, "the snapshot of existing sockets failed: Resource temporarily unavailable\n");
	assert_int_equal(live_summary(live).put_off, 0);
	close_live(live);

	sim_reset(NULL);
	live = sim_open(sim_options());
	sim.end_errors = 1;
	sim.end_error = -ENOENT;
	assert_int_equal(live_join(live), -ENOENT);
	close_live(live);
}

static void test_snapshot_that_is_put_off(void **state)
{
	static const char warning[] =
		"a snapshot of the sockets cannot be taken now, and is put off: Too many open files. Raise the limit. Until one can be taken, owners may be out of date, and ends of TIME_WAIT late\n";
	struct live *live = sim_join(sim_options());

	(void)state;
	live->minis_read_ns = sim.now_ns;
	sim.start_error = -EMFILE;
	take(live, SNAPSHOT_HOLDERS | SNAPSHOT_SOCKETS);
	assert_string_equal(sim.log, warning);
	assert_int_equal(live_summary(live).put_off, 1);
	assert_true(live_summary(live).incomplete);
	assert_due(live, SNAPSHOT_HOLDERS | SNAPSHOT_SOCKETS, sim.now_ns + 500 * NS_PER_MS);
	assert_int_equal(live->minis_read_ns, 0); /* the next one must read them */
	take(live, SCOPE_ALL);
	assert_string_equal(sim.log, warning); /* it is said once */
	assert_int_equal(live_summary(live).put_off, 2);

	sim.start_error = 0;
	take(live, SCOPE_ALL);
	assert_false(live_summary(live).incomplete);
	assert_int_equal(live_summary(live).put_off, 2);
	sim.end_errors = 1; /* and one that fails on its way is put off too */
	sim.end_error = -ENOENT;
	take(live, SCOPE_ALL);
	assert_int_equal(live_summary(live).put_off, 3);
	assert_non_null(strstr(sim.log, "put off: /proc is not mounted. Until one can be taken, "));
	close_live(live);
}

/* ---- resyncs ---- */

static void lose_one(struct live *live)
{
	sim.counts.dropped++;
	live_count_losses(live);
}

static void test_resync(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	take(live, SCOPE_ALL);
	assert_int_equal(live_summary(live).resyncs, 0); /* nothing was lost */
	lose_one(live);
	take(live, SNAPSHOT_MINIS);
	assert_int_equal(last_snapshot()->scope, SCOPE_ALL); /* no other mends the table */
	assert_int_equal(live_summary(live).resyncs, 1);
	assert_false(live->out_of_step);
	take(live, SNAPSHOT_MINIS);
	assert_int_equal(last_snapshot()->scope, SNAPSHOT_MINIS);
	assert_int_equal(live_summary(live).resyncs, 1);
	close_live(live);
}

static void test_loss_during_the_resync(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	lose_one(live);
	sim.meanwhile = lose_one;
	clear_schedule(live);
	take(live, SCOPE_ALL);
	assert_int_equal(live_summary(live).resyncs, 0);
	assert_true(live->out_of_step);
	assert_true(live->schedule.urgent);
	assert_int_equal(schedule_scope(&live->schedule, sim.now_ns), SCOPE_ALL);
	take(live, SCOPE_ALL);
	assert_int_equal(live_summary(live).resyncs, 1);
	assert_false(live->schedule.urgent);
	close_live(live);
}

static void test_resync_that_is_not_whole(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	lose_one(live);
	sim.end_errors = 1;
	sim.end_error = -ENOBUFS;
	take(live, SCOPE_ALL);
	assert_int_equal(live_summary(live).resyncs, 0);
	assert_true(live->out_of_step);
	take(live, SCOPE_ALL);
	assert_int_equal(live_summary(live).resyncs, 1);
	assert_false(live->out_of_step);
	close_live(live);
}

/* ---- rounds ---- */

static void test_rounds(void **state)
{
	static const struct {
		uint8_t state;
		bool mini;
		uint32_t pid; /* 9 is gone */
		uint8_t wanted;
	} cases[] = {
		{STATE_TIME_WAIT, true, 0, SNAPSHOT_MINIS},
		{STATE_FIN_WAIT2, true, 0, SNAPSHOT_MINIS}, /* may turn into a TIME_WAIT */
		{STATE_FIN_WAIT2, false, 0, 0},
		{STATE_ESTABLISHED, false, 0, 0},
		{STATE_ESTABLISHED, false, 7, 0},
		{STATE_ESTABLISHED, false, 9, SNAPSHOT_HOLDERS},
		{STATE_CLOSE_WAIT, false, 9, SNAPSHOT_HOLDERS},
		{STATE_LISTEN, false, 9, SNAPSHOT_HOLDERS},
		{STATE_SYN_SENT, false, 9, SNAPSHOT_HOLDERS},
		{STATE_FIN_WAIT1, false, 9, 0}, /* nobody need hold it */
		{STATE_LAST_ACK, false, 9, 0},
	};

	for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
		bool wants_changes = i % 2;
		uint8_t wanted = cases[i / 2].wanted & (wants_changes ? SCOPE_ALL : ~SNAPSHOT_HOLDERS);
		struct event row = row_held_by(SK(1), cases[i / 2].state, 40000, cases[i / 2].pid);
		struct live_options options = sim_options();
		struct live *live;

		sim_reset(state);
		sim.gone[9] = true;
		if (cases[i / 2].mini)
			row = mini_row_of(cases[i / 2].state, 0, sim_tuple(40000));
		add_sim_row(&row);
		options.on_change = wants_changes ? record_change : NULL;
		live = sim_join(options);
		clear_schedule(live);
		live_make_round(live, sim.now_ns);
		assert_due(live, wanted, sim.now_ns);
		close_live(live);
	}
}

/* Rounds are made each second. Where only tables are printed, rare ones are enough. */
static void test_interval_of_rounds(void **state)
{
	struct event row = mini_row_of(STATE_TIME_WAIT, 0, sim_tuple(40000));

	for (int wants_changes = 0; wants_changes < 2; wants_changes++) {
		uint64_t interval_ns = wants_changes ? NS_PER_SEC : 30 * NS_PER_SEC;
		struct live_options options = sim_options();
		struct live *live;

		sim_reset(state);
		options.on_change = wants_changes ? record_change : NULL;
		add_sim_row(&row);
		live = sim_join(options);
		live_make_round(live, START_NS);
		clear_schedule(live);
		live_make_round(live, START_NS + interval_ns - 1);
		assert_due(live, 0, 0);
		live_make_round(live, START_NS + interval_ns);
		assert_due(live, SNAPSHOT_MINIS, START_NS + interval_ns);
		close_live(live);
	}
}

/* Each process is asked for once, though it has many connections. */
static void test_processes_of_a_round(void **state)
{
	static const uint32_t pids[] = {7, 7, 8, 7, 8};
	struct owner owners[COUNT_OF(pids)];
	struct live *live;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pids); i++) {
		struct event row = row_held_by(SK(i), STATE_ESTABLISHED, (uint16_t)(40000 + i), pids[i]);

		owners[i] = owner_of(pids[i], 3, "holder");
		row.owners = &owners[i];
		add_sim_row(&row);
	}
	live = sim_join(sim_options());
	sim.asked_if_gone = 0;
	clear_schedule(live);
	live_make_round(live, sim.now_ns);
	assert_int_equal(sim.asked_if_gone, 2);
	assert_due(live, 0, 0); /* all of them are there */
	close_live(live);
}

/* A process that exits is noticed once. But as long as the owner of a connection is gone, another holder is searched
 * for. */
static void test_owner_that_exits(void **state)
{
	struct event row = row_held_by(SK(1), STATE_ESTABLISHED, 40000, 7);
	struct owner heir = owner_of(8, 3, "heir");
	struct event taken_over = {.kind = EVENT_HOLDER, .sk = SK(1), .owners = &heir, .owner_count = 1};
	struct live *live;

	(void)state;
	add_sim_row(&row);
	live = sim_join(sim_options());
	clear_schedule(live);
	live_make_round(live, START_NS);
	assert_due(live, 0, 0);
	sim.gone[7] = true;
	for (unsigned int i = 1; i < 3; i++) {
		clear_schedule(live);
		live_make_round(live, START_NS + i * NS_PER_SEC);
		assert_due(live, SNAPSHOT_HOLDERS, START_NS + i * NS_PER_SEC);
	}
	sim.rows[0] = taken_over;
	take(live, SNAPSHOT_HOLDERS);
	clear_schedule(live);
	live_make_round(live, START_NS + 4 * NS_PER_SEC);
	assert_due(live, 0, 0);
	sim.asked_if_gone = 0;
	clear_schedule(live);
	live_make_round(live, START_NS + 5 * NS_PER_SEC);
	assert_due(live, 0, 0);
	assert_int_equal(sim.asked_if_gone, 1); /* only for the heir, once: the table is not walked any more */
	close_live(live);
}

/* Some transitions reach no program, and are not counted as skipped. Where others have come, all is looked at again
 * within ten seconds. */
static void test_everything_is_looked_at_again(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	live_make_round(live, START_NS + 20 * NS_PER_SEC);
	assert_due(live, 0, 0); /* nothing has come */
	sim.counts.seen = 1;
	live_count_losses(live);
	live_make_round(live, START_NS + 21 * NS_PER_SEC);
	assert_due(live, SCOPE_ALL, START_NS + 21 * NS_PER_SEC);

	sim.now_ns = START_NS + 22 * NS_PER_SEC;
	clear_schedule(live);
	take(live, SNAPSHOT_MINIS); /* is not enough for that */
	live_make_round(live, START_NS + 22 * NS_PER_SEC);
	assert_due(live, SCOPE_ALL, START_NS + 22 * NS_PER_SEC);
	take(live, SCOPE_ALL);
	sim.counts.seen = 2;
	live_count_losses(live);
	clear_schedule(live);
	live_make_round(live, START_NS + 32 * NS_PER_SEC - 1);
	assert_due(live, 0, 0);
	live->round_ns = 0;
	live_make_round(live, START_NS + 32 * NS_PER_SEC);
	assert_due(live, SCOPE_ALL, START_NS + 32 * NS_PER_SEC);
	close_live(live);
}

/* ---- minisockets ---- */

static size_t minis_of_snapshot(struct live *live, uint8_t scope)
{
	take(live, scope);
	return last_snapshot()->minis;
}

/* Where none of the known ones can have changed, the kernel need only count them. */
static void test_minisockets_that_are_counted(void **state)
{
	struct event waits[] = {mini_row_of(STATE_TIME_WAIT, 0, sim_tuple(40000)),
				mini_row_of(STATE_TIME_WAIT, 0, sim_tuple(40001))};
	struct live *live;

	(void)state;
	add_sim_row(&waits[0]);
	add_sim_row(&waits[1]);
	live = sim_join(sim_options());
	sim.now_ns = START_NS + 5 * NS_PER_SEC - 1;
	assert_int_equal(minis_of_snapshot(live, SNAPSHOT_MINIS), 2);
	assert_int_equal(minis_of_snapshot(live, SNAPSHOT_MINIS | SNAPSHOT_SOCKETS), 0);
	sim.now_ns += 5 * NS_PER_SEC - 1; /* they were read with the sockets */
	assert_int_equal(minis_of_snapshot(live, SNAPSHOT_MINIS), 2);
	sim.now_ns++; /* that the count was right does not make it any younger */
	assert_int_equal(minis_of_snapshot(live, SNAPSHOT_MINIS), 0);
	assert_int_equal(minis_of_snapshot(live, SNAPSHOT_MINIS), 2);
	sim.enters = false; /* not all are known */
	assert_int_equal(minis_of_snapshot(live, SNAPSHOT_MINIS), 0);
	close_live(live);
}

static void test_minisockets_that_are_read(void **state)
{
	struct event wait = mini_row_of(STATE_TIME_WAIT, 0, sim_tuple(40000));
	struct event orphan = mini_row_of(STATE_FIN_WAIT2, 0, sim_tuple(40001));
	struct live_options options = sim_options();
	struct filter_error error = {.message = ""};
	struct filter *filter;
	struct live *live;

	(void)state;
	add_sim_row(&wait);
	add_sim_row(&orphan);
	live = sim_join(options);
	assert_int_equal(minis_of_snapshot(live, SNAPSHOT_MINIS), 0); /* the orphan may be a TIME_WAIT by now */
	close_live(live);

	sim_reset(state);
	add_sim_row(&wait);
	assert_int_equal(filter_parse("sport = :40000", NULL, &filter, &error), 0);
	options.filter = filter;
	live = sim_join(options);
	assert_int_equal(minis_of_snapshot(live, SNAPSHOT_MINIS), 0); /* the kernel counts others too */
	close_live(live);
	filter_free(filter);
}

/* Joins an engine with minisockets in the states, on the ports from 40000 on. The kernel can be asked for them. */
static struct live *join_minis(const uint8_t *states, size_t count)
{
	struct live *live;

	for (size_t i = 0; i < count; i++) {
		struct event row = mini_row_of(states[i], 0, sim_tuple((uint16_t)(40000 + i)));

		add_sim_row(&row);
	}
	live = sim_join(sim_options());
	sim.ask_error = 0;
	return live;
}

/* A few are asked for one by one, and nothing is read. */
static void test_minisockets_that_are_asked_for(void **state)
{
	static const uint8_t states[] = {STATE_TIME_WAIT, STATE_FIN_WAIT2};
	struct live *live = join_minis(states, COUNT_OF(states));
	const struct change *change;

	(void)state;
	clear_schedule(live);
	live_make_round(live, START_NS + NS_PER_SEC);
	assert_due(live, SNAPSHOT_MINIS, START_NS + NS_PER_SEC);
	take(live, SNAPSHOT_MINIS);
	assert_int_equal(sim.snapshot_count, 1); /* the one to begin with */
	assert_due(live, 0, 0);
	assert_int_equal(sim.asks, 1);
	assert_int_equal(sim.asked_count, 2);
	change = &last_recorded(&sim.recorder)->change;
	assert_int_equal(sim.recorder.count, 1); /* the peer's FIN has come; the other one is as it was */
	assert_int_equal(change->oldstate, STATE_FIN_WAIT2);
	assert_int_equal(change->newstate, STATE_TIME_WAIT);
	assert_true(change->derived);
	assert_int_equal(table_minis(live->table, STATE_TIME_WAIT), 2);
	assert_int_equal(table_minis(live->table, STATE_FIN_WAIT2), 0);
	sim.mini_state = STATE_CLOSE;
	take(live, SNAPSHOT_MINIS);
	assert_int_equal(sim.recorder.count, 3);
	assert_int_equal(last_recorded(&sim.recorder)->change.newstate, STATE_CLOSE);
	assert_int_equal(live_count_minis(live), 0);
	assert_int_equal(table_count(live->table), 0);
	assert_int_equal(sim.snapshot_count, 1);
	close_live(live);
}

/* They are read where the kernel cannot be asked, and with the sockets where all is read. */
static void test_minisockets_that_cannot_be_asked_for(void **state)
{
	static const uint8_t states[] = {STATE_TIME_WAIT, STATE_TIME_WAIT};
	struct live *live = join_minis(states, COUNT_OF(states));
	struct event row;

	sim.ask_error = -ESRCH;
	take(live, SNAPSHOT_MINIS);
	assert_int_equal(sim.asks, 1);
	assert_int_equal(sim.snapshot_count, 2);
	assert_int_equal(last_snapshot()->scope, SNAPSHOT_MINIS);
	assert_int_equal(sim.recorder.count, 0); /* no answer counts after an error */
	sim.ask_error = 0;
	take(live, SNAPSHOT_MINIS | SNAPSHOT_HOLDERS);
	assert_int_equal(sim.asks, 1);
	assert_int_equal(sim.snapshot_count, 3);
	sim.exact = false;
	take(live, SNAPSHOT_MINIS);
	assert_int_equal(sim.asks, 1);
	assert_int_equal(sim.snapshot_count, 4);
	close_live(live);

	sim_reset(state);
	row = mini_row_of(STATE_TIME_WAIT, 0, sim_tuple(40000));
	row.tuple.interface = INTERFACE_UNKNOWN;
	add_sim_row(&row);
	live = sim_join(sim_options());
	sim.ask_error = 0;
	take(live, SNAPSHOT_MINIS);
	assert_int_equal(sim.asked_count, 0);
	assert_int_equal(sim.snapshot_count, 2);
	close_live(live);

	sim_reset(state);
	row = mini_row_of(STATE_TIME_WAIT, 0, sim_tuple(40000));
	add_sim_row(&row);
	row = mini_row_of(STATE_SYN_RECV, 0, sim_tuple(40001)); /* what answers may be the child that it has become */
	add_sim_row(&row);
	live = sim_join(sim_options());
	sim.ask_error = 0;
	take(live, SNAPSHOT_MINIS);
	assert_int_equal(sim.asks, 0);
	assert_int_equal(sim.snapshot_count, 2);
	close_live(live);
}

/* Where the last snapshot was not whole, one that is whole must come: answers do not make up for it. */
static void test_minisockets_after_a_put_off_snapshot(void **state)
{
	static const uint8_t states[] = {STATE_TIME_WAIT};
	struct live *live = join_minis(states, COUNT_OF(states));

	(void)state;
	sim.ask_error = -EMFILE;
	sim.start_error = -EMFILE;
	take(live, SNAPSHOT_MINIS);
	assert_true(live_summary(live).incomplete);
	sim.ask_error = sim.start_error = 0;
	take(live, SNAPSHOT_MINIS);
	assert_false(live_summary(live).incomplete);
	assert_int_equal(last_snapshot()->scope, SNAPSHOT_MINIS);
	close_live(live);
}

static void test_too_many_minisockets_to_ask_for(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	sim.ask_error = 0;
	for (unsigned int i = 0; i < 501; i++) {
		struct event row = mini_row_of(STATE_TIME_WAIT, 0, sim_tuple((uint16_t)(40000 + i)));

		assert_int_equal(live_handle_event(live, &row), 0);
		if (i == 499)
			take(live, SNAPSHOT_MINIS);
	}
	assert_int_equal(sim.asks, 1);
	assert_int_equal(sim.asked_count, 500);
	take(live, SNAPSHOT_MINIS);
	assert_int_equal(sim.asks, 1);
	assert_int_equal(last_snapshot()->scope, SNAPSHOT_MINIS);
	close_live(live);
}

/* ---- holders ---- */

/* Scans for the holders of connections that wait to be accepted become rarer. */
static void test_connections_that_wait_to_be_accepted(void **state)
{
	static const unsigned int seconds[] = {1, 2, 4, 8, 8, 8};
	struct event row = row_held_by(SK(1), STATE_ESTABLISHED, 40000, 0);
	struct live_options options = sim_options();
	struct live *live;

	(void)state;
	options.accept_source = ACCEPT_BY_SCAN;
	add_sim_row(&row);
	live = sim_open(options);
	for (size_t i = 0; i < COUNT_OF(seconds); i++) {
		clear_schedule(live);
		take(live, SCOPE_ALL);
		assert_int_equal(table_unheld(live->table), 1);
		assert_due(live, SNAPSHOT_HOLDERS, sim.now_ns + seconds[i] * NS_PER_SEC);
	}
	clear_schedule(live);
	take(live, SNAPSHOT_SOCKETS); /* has not looked for holders */
	assert_due(live, 0, 0);
	close_live(live);

	options.on_change = NULL;
	live = sim_open(options);
	take(live, SCOPE_ALL);
	assert_due(live, 0, 0);
	close_live(live);
}

static size_t count_taken(struct live *live, uint8_t scope)
{
	size_t before = sim.snapshot_count;

	take(live, scope);
	return sim.snapshot_count - before;
}

/* With the accept hook, descriptors are scanned only where an owner is open, or gone. */
static void test_scans_that_the_hook_spares(void **state)
{
	static const struct {
		uint8_t state;
		uint32_t pid; /* 9 is gone */
		bool taken;
	} cases[] = {
		{STATE_ESTABLISHED, 7, false}, {STATE_ESTABLISHED, 9, true}, {STATE_FIN_WAIT1, 9, false},
		{STATE_LISTEN, 7, false},      {STATE_LISTEN, 0, true},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct event row = row_held_by(SK(1), cases[i].state, 40000, cases[i].pid);
		struct live *live;

		sim_reset(state);
		add_sim_row(&row);
		live = sim_join(sim_options());
		sim.gone[9] = true;
		assert_int_equal(count_taken(live, SNAPSHOT_HOLDERS), cases[i].taken);
		assert_int_equal(count_taken(live, SNAPSHOT_HOLDERS | SNAPSHOT_SOCKETS), 1);
		assert_int_equal(count_taken(live, SNAPSHOT_SOCKETS), 1);
		close_live(live);
	}
}

static void test_scans_that_nothing_spares(void **state)
{
	struct event row = row_held_by(SK(1), STATE_ESTABLISHED, 40000, 7);
	struct event unheld = row_held_by(SK(1), STATE_ESTABLISHED, 40000, 0);
	struct event child = transition_of(SK(2), STATE_LISTEN, STATE_SYN_RECV, 1, sim_tuple(80));
	struct event done = transition_of(SK(2), STATE_SYN_RECV, STATE_ESTABLISHED, 2, sim_tuple(80));
	struct live_options options = sim_options();
	struct live *live;

	add_sim_row(&row);
	options.accept_source = ACCEPT_BY_SCAN;
	live = sim_join(options);
	assert_int_equal(count_taken(live, SNAPSHOT_HOLDERS), 1);
	close_live(live);

	options.accept_source = ACCEPT_BY_AUTO;
	live = sim_join(options);
	assert_int_equal(count_taken(live, SNAPSHOT_HOLDERS), 0);
	push_event(&child);
	push_event(&done);
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(count_taken(live, SNAPSHOT_HOLDERS), 1); /* who accepts it is not known yet */
	close_live(live);

	sim_reset(state);
	sim.exact = false; /* the hook gives addresses of sockets, which /proc does not know */
	add_sim_row(&unheld);
	live = sim_join(options);
	assert_int_equal(count_taken(live, SNAPSHOT_HOLDERS), 1);
	sim_reset(state);
	close_live(live);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_first_snapshot, sim_reset),
		cmocka_unit_test_setup(test_rest_after_a_snapshot, sim_reset),
		cmocka_unit_test_setup(test_events_before_a_snapshot, sim_reset),
		cmocka_unit_test_setup(test_rows_of_a_slow_snapshot, sim_reset),
		cmocka_unit_test_setup(test_full_ring_while_it_runs, sim_reset),
		cmocka_unit_test_setup(test_changes_are_written_while_it_runs, sim_reset),
		cmocka_unit_test_setup(test_changes_are_written_before_it_begins, sim_reset),
		cmocka_unit_test_setup(test_too_much_to_set_aside, sim_reset),
		cmocka_unit_test_setup(test_errors_while_it_runs, sim_reset),
		cmocka_unit_test_setup(test_unfinished_record, sim_reset),
		cmocka_unit_test_setup(test_rows_without_memory, sim_reset),
		cmocka_unit_test_setup(test_end_while_it_runs, sim_reset),
		cmocka_unit_test_setup(test_first_snapshot_is_tried_again, sim_reset),
		cmocka_unit_test_setup(test_namespace_that_was_left_out, sim_reset),
		cmocka_unit_test_setup(test_doubt, sim_reset),
		cmocka_unit_test_setup(test_doubt_of_a_later_snapshot, sim_reset),
		cmocka_unit_test_setup(test_found_late, sim_reset),
		cmocka_unit_test_setup(test_first_snapshot_that_cannot_be_taken, sim_reset),
		cmocka_unit_test_setup(test_snapshot_that_is_put_off, sim_reset),
		cmocka_unit_test_setup(test_resync, sim_reset),
		cmocka_unit_test_setup(test_loss_during_the_resync, sim_reset),
		cmocka_unit_test_setup(test_resync_that_is_not_whole, sim_reset),
		cmocka_unit_test_setup(test_rounds, sim_reset),
		cmocka_unit_test_setup(test_interval_of_rounds, sim_reset),
		cmocka_unit_test_setup(test_processes_of_a_round, sim_reset),
		cmocka_unit_test_setup(test_owner_that_exits, sim_reset),
		cmocka_unit_test_setup(test_minisockets_that_are_asked_for, sim_reset),
		cmocka_unit_test_setup(test_minisockets_that_cannot_be_asked_for, sim_reset),
		cmocka_unit_test_setup(test_too_many_minisockets_to_ask_for, sim_reset),
		cmocka_unit_test_setup(test_minisockets_after_a_put_off_snapshot, sim_reset),
		cmocka_unit_test_setup(test_everything_is_looked_at_again, sim_reset),
		cmocka_unit_test_setup(test_minisockets_that_are_counted, sim_reset),
		cmocka_unit_test_setup(test_minisockets_that_are_read, sim_reset),
		cmocka_unit_test_setup(test_connections_that_wait_to_be_accepted, sim_reset),
		cmocka_unit_test_setup(test_scans_that_the_hook_spares, sim_reset),
		cmocka_unit_test_setup(test_scans_that_nothing_spares, sim_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
