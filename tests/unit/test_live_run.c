// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the engine of trace and top: how it starts and refuses to, how long it waits, what it hands on, and how it
 * ends.
 */
#include <limits.h>
#include <poll.h>
#include <signal.h>

#include "live_sim.h"
#include "no_memory.h"

/* ---- the start ---- */

static void test_start(void **state)
{
	struct live_options options = sim_options();
	struct live *live;

	(void)state;
	options.duration_ns = 5 * NS_PER_SEC;
	options.snapshot_source = SNAPSHOT_BY_ITER;
	live = sim_open(options);
	assert_int_equal(live->attached_ns, START_NS);
	assert_int_equal(live->deadline_ns, START_NS + 5 * NS_PER_SEC);
	assert_int_equal(live_clock(live)->measured_ns, START_NS);
	assert_int_equal(sim.kit_source, SNAPSHOT_BY_ITER);
	assert_true(sim.hook_is_open);
	assert_int_equal(sim.owner_checks, 1);
	assert_false(sim.checked_owners_of_proc); /* the iterators find the holders */
	assert_true(sim.dropped_all_but_entering);
	assert_string_equal(sim.log, "");
	assert_int_equal(sim.snapshot_count, 0); /* that is for live_join() */
	close_live(live);
	assert_false(sim.hook_is_open);

	sim_reset(NULL);
	sim.enters = sim.finds_holders = false;
	sim.drop_error = -EPERM;
	live = sim_open(sim_options());
	assert_int_equal(live->deadline_ns, 0);
	assert_true(sim.checked_owners_of_proc);
	assert_false(sim.dropped_all_but_entering);
	assert_non_null(strstr(sim.log, "could not be given up: Operation not permitted"));
	close_live(live);
	live_free(NULL);
}

/* A reason that was logged where it was found is not logged again. */
static void test_starts_that_fail(void **state)
{
	static const struct {
		bool lacks_proc;
		int source, kit, hook;
		enum snapshot_source snapshots;
		enum accept_source accepts;
		int wanted;
		unsigned int failures;
		const char *log;
	} cases[] = {
		{.lacks_proc = true, .wanted = -ENOENT, .log = ""},
		{.source = -EPERM, .wanted = -EPERM, .log = ""},
		{.kit = -EOPNOTSUPP, .snapshots = SNAPSHOT_BY_ITER, .wanted = -EOPNOTSUPP, .log = ""},
		{.kit = -EMFILE, .wanted = -EMFILE, .failures = 1, .log = ""},
		{.kit = -EMFILE, .snapshots = SNAPSHOT_BY_PROC, .wanted = -EMFILE, .failures = 1, .log = ""},
		{.hook = -ENOENT,
		 .accepts = ACCEPT_BY_FEXIT,
		 .wanted = -ENOENT,
		 .log = "--accept-source=fexit: this kernel does not let programs attach to the ends of its functions "
			"(No such file or directory). Give auto or scan\n"},
		{.hook = -ENOENT, .accepts = ACCEPT_BY_AUTO, .log = ""},
		{.hook = -ENOENT, .accepts = ACCEPT_BY_SCAN, .log = ""},
		{.accepts = ACCEPT_BY_FEXIT, .log = ""},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct live_options options = sim_options();
		struct live *live = NULL;

		sim_reset(state);
		sim.lacks_proc = cases[i].lacks_proc;
		sim.source_error = cases[i].source;
		sim.kit_error = cases[i].kit;
		sim.hook_error = cases[i].hook;
		options.snapshot_source = cases[i].snapshots;
		options.accept_source = cases[i].accepts;
		assert_int_equal(live_open(&options, &live), cases[i].wanted);
		assert_int_equal(live == NULL, cases[i].wanted != 0);
		assert_int_equal(sim.failures, cases[i].failures);
		assert_string_equal(sim.log, cases[i].log);
		close_live(live);
	}
}

/* The engine, the table or the filter of the kernel side: whichever there is no memory for, it does not start. */
static void test_start_without_memory(void **state)
{
	struct live_options options = sim_options();

	SKIP_WHERE_MEMORY_IS_CHECKED();
	for (int left = 0; left < 1000; left++) {
		struct live *live = NULL;
		int err;

		sim_reset(state);
		STARVE_AFTER(left);
		err = live_open(&options, &live);
		STOP_STARVING();
		close_live(live);
		if (!err) {
			assert_true(left > 2);
			return;
		}
		assert_int_equal(err, -ENOMEM);
		assert_null(live);
	}
	fail();
}

/* It needs a descriptor for signals, one for the time, one for both, one for all that is waited for, and one for the
 * ends of snapshots. */
enum { DESCRIPTORS = 5 };

static void test_start_without_descriptors(void **state)
{
	struct live_options options = sim_options();

	for (int call = 1; call <= DESCRIPTORS; call++) {
		struct live *live = NULL;

		sim_reset(state);
		sim.fails_at = call;
		assert_int_equal(live_open(&options, &live), -ENFILE);
		assert_null(live);
		assert_int_equal(sim.failures, 1);
	}
	sim_reset(state);
	close_live(sim_open(options));
	assert_int_equal(sim.made, DESCRIPTORS);
}

/* Where standard input is closed, 0 is a descriptor like any other. */
static void test_lowest_descriptor(void **state)
{
	int kept = dup(STDIN_FILENO);

	for (int call = 1; call <= DESCRIPTORS; call++) {
		struct live *live;

		sim_reset(state);
		sim.low_at = call;
		live = sim_join(sim_options());
		raise(SIGTERM);
		assert_int_equal(live_run(live, 0), 0);
		assert_true(live_is_over(live));
		close_live(live);
		dup2(kept, STDIN_FILENO);
	}
	close(kept);
}

static void test_scan_needs_no_hook(void **state)
{
	struct live_options options = sim_options();
	struct live *live;

	(void)state;
	options.accept_source = ACCEPT_BY_SCAN;
	live = sim_open(options);
	assert_false(sim.hook_is_open);
	close_live(live);
}

/* A priority that the user has chosen is kept. */
static void test_priority(void **state)
{
	static const struct {
		int nice, wanted;
	} cases[] = {{0, -10}, {5, 0}, {-5, 0}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		sim_reset(state);
		sim.nice = cases[i].nice;
		close_live(sim_open(sim_options()));
		assert_int_equal(sim.set_nice, cases[i].wanted);
	}
}

/* ---- signals and time ---- */

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	return poll(&wait, 1, timeout_ms) == 1;
}

static void test_signals_end_it(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		struct live *live;

		sim_reset(state);
		live = sim_join(sim_options());
		assert_int_equal(live_run(live, 0), 0);
		assert_false(live_is_over(live));
		assert_false(is_readable(live_stop_fd(live), 0));
		raise(signals[i]);
		assert_true(is_readable(live_stop_fd(live), 0));
		assert_int_equal(live_run(live, 0), 0);
		assert_true(live_is_over(live));
		close_live(live);
	}
}

/* Under nohup a hangup does not end it. */
static void test_hangup_that_is_ignored(void **state)
{
	struct live *live;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	live = sim_join(sim_options());
	raise(SIGHUP);
	assert_false(is_readable(live_stop_fd(live), 0));
	assert_ptr_equal(signal(SIGHUP, SIG_DFL), SIG_IGN);
	raise(SIGTERM);
	assert_true(is_readable(live_stop_fd(live), 0));
	close_live(live);
}

static void test_duration_ends_it(void **state)
{
	struct live_options options = sim_options();
	struct live *live;

	(void)state;
	options.duration_ns = NS_PER_SEC + 1000000;
	live = sim_join(options);
	sim.now_ns = START_NS + options.duration_ns - 1;
	assert_false(live_is_over(live));
	sim.now_ns++;
	assert_true(live_is_over(live));
	close_live(live);

	options.duration_ns = 1; /* stop_fd is on the kernel's clock */
	live = sim_open(options);
	assert_true(is_readable(live_stop_fd(live), 5000));
	close_live(live);
}

/* ---- running ---- */

/* The ring is read each 30 ms, and `until` is met to the millisecond: not before it. */
static void test_how_long_it_waits(void **state)
{
	static const struct {
		uint64_t until_us, deadline_us; /* after now; 0: none */
		bool more;
		int wanted_ms;
	} cases[] = {
		{.wanted_ms = 30},
		{.until_us = 30000, .wanted_ms = 30},
		{.until_us = 30001, .wanted_ms = 30},
		{.until_us = 29001, .wanted_ms = 30},
		{.until_us = 29000, .wanted_ms = 29},
		{.until_us = 10500, .wanted_ms = 11},
		{.until_us = 1, .wanted_ms = 1},
		{.until_us = 10000, .deadline_us = 5000, .wanted_ms = 5},
		{.until_us = 5000, .deadline_us = 10000, .wanted_ms = 5},
		{.deadline_us = 5000, .wanted_ms = 5},
		{.until_us = 10000, .more = true, .wanted_ms = 0},
	};
	struct live *live = sim_join(sim_options());

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		live->deadline_ns = cases[i].deadline_us ? sim.now_ns + cases[i].deadline_us * 1000 : 0;
		live->more = cases[i].more;
		live->quiet = false;
		assert_int_equal(live_run(live, cases[i].until_us ? sim.now_ns + cases[i].until_us * 1000 : 0), 0);
		assert_int_equal(sim.last_timeout_ms, cases[i].wanted_ms);
	}
	live->deadline_ns = 0;
	live->quiet = false;
	assert_int_equal(live_run(live, sim.now_ns), 0);
	assert_int_equal(sim.last_timeout_ms, 0);
	assert_int_equal(live_run(live, sim.now_ns - 1), 0);
	assert_int_equal(sim.last_timeout_ms, 0);
	close_live(live);
}

/* Where nothing has come for a while it sleeps until something is to be done, and wakes with the next record. */
static void test_sleep(void **state)
{
	static const struct {
		uint64_t until_us, deadline_us, round_us, snapshot_us; /* after now; 0: none */
		int wanted_ms;
	} cases[] = {
		{.round_us = 1000000, .wanted_ms = 1000},
		{.round_us = 1000000, .until_us = 1500000, .wanted_ms = 1000},
		{.round_us = 1000000, .until_us = 600001, .wanted_ms = 601},
		{.round_us = 1000000, .deadline_us = 500000, .until_us = 600000, .wanted_ms = 500},
		{.round_us = 1000000, .snapshot_us = 200000, .wanted_ms = 200},
		{.round_us = 4000000000000, .wanted_ms = INT_MAX},
	};
	struct live *live = sim_join(sim_options());

	(void)state;
	sim.ask_error = 0;
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.last_timeout_ms, 30);
	assert_int_equal(sim.slept, 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t now_ns = sim.now_ns;

		live->schedule = (struct snapshot_schedule){0};
		live->round_ns = now_ns + cases[i].round_us * 1000;
		live->deadline_ns = cases[i].deadline_us ? now_ns + cases[i].deadline_us * 1000 : 0;
		if (cases[i].snapshot_us)
			schedule_want(&live->schedule, SNAPSHOT_MINIS, now_ns + cases[i].snapshot_us * 1000);
		assert_int_equal(live_run(live, cases[i].until_us ? now_ns + cases[i].until_us * 1000 : 0), 0);
		assert_int_equal(sim.last_timeout_ms, cases[i].wanted_ms);
		assert_int_equal(sim.slept, i + 1);
		assert_false(sim.sleeps); /* awake again, and so is the hook on accept() */
		assert_false(sim.hook_sleeps);
	}
	close_live(live);
}

static void push_connect(void)
{
	struct event event = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(40000));

	push_event(&event);
}

static void check_hook_sleeps(void)
{
	assert_true(sim.hook_sleeps);
	push_connect();
}

/* After an event it looks at the ring each 30 ms, until none has come for so long. */
static void test_sleep_after_events(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	assert_int_equal(live_run(live, 0), 0);
	sim.asleep = check_hook_sleeps;
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.slept, 1);
	assert_int_equal(sim.recorder.count, 1);
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.last_timeout_ms, 30);
	assert_int_equal(sim.slept, 1);
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.slept, 2);
	close_live(live);
}

/* A record that comes after the last look, and before the flag is set, wakes nobody: it is not slept over. */
static void test_event_before_sleep(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	assert_int_equal(live_run(live, 0), 0);
	sim.before_sleep = push_connect;
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.slept, 0);
	assert_int_equal(sim.last_timeout_ms, 1);
	assert_int_equal(sim.recorder.count, 1);
	close_live(live);
}

static void test_hands_on_one_batch(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	sim.batch = 2;
	for (unsigned int i = 0; i < 3; i++) {
		struct event event = transition_of(SK(i), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(40000));

		push_event(&event);
	}
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.recorder.count, 2);
	assert_true(live->more);
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.last_timeout_ms, 0);
	assert_int_equal(sim.recorder.count, 3);
	assert_false(live->more);
	close_live(live);
}

static void test_snapshots_are_taken_when_they_are_due(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.snapshot_count, 1);
	schedule_want(&live->schedule, SNAPSHOT_SOCKETS, sim.now_ns + 30 * NS_PER_MS + 1);
	live->quiet = false;
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.snapshot_count, 1);
	live->schedule = (struct snapshot_schedule){0};
	schedule_want(&live->schedule, SNAPSHOT_SOCKETS, sim.now_ns + 30 * NS_PER_MS);
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.snapshot_count, 2);
	assert_int_equal(last_snapshot()->scope, SNAPSHOT_SOCKETS);
	schedule_want(&live->schedule, SCOPE_ALL, sim.now_ns);
	live->signalled = true; /* it is time to end */
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.snapshot_count, 2);
	close_live(live);
}

static void test_errors_end_the_run(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	schedule_want(&live->schedule, SCOPE_ALL, sim.now_ns);
	sim.consume_error = -EIO;
	assert_int_equal(live_run(live, 0), -EIO);
	assert_int_equal(sim.snapshot_count, 1);
	sim.consume_error = 0;
	close(live->epoll_fd);
	live->epoll_fd = -1;
	assert_int_equal(live_run(live, 0), -EBADF);
	close_live(live);
}

static void test_relief(void **state)
{
	struct live *live = sim_open(sim_options());

	(void)state;
	live_relieve(live);
	assert_int_equal(sim.relieved, 1);
	close_live(live);
}

/* ---- what is handed on ---- */

/* Until what was there before is known, transitions wait: their owners are still being found. */
static void test_transitions_wait_for_the_first_snapshot(void **state)
{
	struct live *live = sim_open(sim_options());
	struct event event = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(40000));

	(void)state;
	push_event(&event);
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(sim.recorder.count, 0);
	assert_int_equal(live_join(live), 0);
	assert_int_equal(sim.recorder.count, 1);
	close_live(live);
}

static void test_nobody_wants_the_changes(void **state)
{
	struct live_options options = sim_options();
	struct live *live;
	struct event event = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(40000));

	(void)state;
	options.on_change = NULL;
	live = sim_join(options);
	push_event(&event);
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(table_count(live->table), 1);
	close_live(live);
}

static size_t count_rows(struct live *live, bool found_only, struct connection **first)
{
	struct connection **rows;
	size_t count;

	assert_int_equal(live_rows(live, found_only, sim.now_ns, &rows, &count), 0);
	if (count && first)
		*first = rows[0];
	free(rows);
	return count;
}

static void test_rows(void **state)
{
	struct event found = exact_row_of(SK(1), STATE_ESTABLISHED, 0, sim_tuple(40001));
	struct event born = transition_of(SK(2), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(40002));
	struct connection *row = NULL;
	struct live *live;

	(void)state;
	add_sim_row(&found);
	live = sim_join(sim_options());
	push_event(&born);
	assert_int_equal(live_run(live, 0), 0);
	assert_int_equal(count_rows(live, false, NULL), 2);
	assert_int_equal(count_rows(live, true, &row), 1);
	assert_int_equal(row->tuple.lport, 40001);
	assert_true(row->shown);
	close_live(live);
}

static void test_rows_without_memory(void **state)
{
	struct live *live;
	struct connection **rows = NULL;
	size_t count = 7;

	(void)state;
	SKIP_WHERE_MEMORY_IS_CHECKED();
	live = sim_join(sim_options());
	STARVE_AFTER(0);
	assert_int_equal(live_rows(live, false, sim.now_ns, &rows, &count), -ENOMEM);
	STOP_STARVING();
	assert_null(rows);
	assert_int_equal(count, 7);
	close_live(live);
}

static void test_rows_pass_the_filter(void **state)
{
	struct event mine = exact_row_of(SK(1), STATE_ESTABLISHED, 0, sim_tuple(40001));
	struct event other = exact_row_of(SK(2), STATE_ESTABLISHED, 0, sim_tuple(40002));
	struct live_options options = sim_options();
	struct filter_error error = {.message = ""};
	struct connection *row = NULL;
	struct filter *filter;
	struct live *live;

	(void)state;
	assert_int_equal(filter_parse("not sport = :40002", NULL, &filter, &error), 0);
	options.filter = filter;
	add_sim_row(&mine);
	add_sim_row(&other);
	live = sim_join(options);
	assert_int_equal(count_rows(live, false, &row), 1);
	assert_int_equal(row->tuple.lport, 40001);
	close_live(live);
	filter_free(filter);
}

/* ---- the end ---- */

static void test_summary(void **state)
{
	struct live *live = sim_open(sim_options());
	struct summary summary;

	(void)state;
	live->counts = (struct bpf_counts){.seen = 100, .received = 90, .dropped = 10};
	live->forgotten = 3; /* received, and lost all the same */
	live->missed = 4;
	live->resyncs = 5;
	live->healed = 6;
	live->put_off = 7;
	summary = live_summary(live);
	assert_int_equal(summary.seen, 100);
	assert_int_equal(summary.received, 87);
	assert_int_equal(summary.dropped, 13);
	assert_int_equal(summary.missed, 4);
	assert_int_equal(summary.resyncs, 5);
	assert_int_equal(summary.healed, 6);
	assert_int_equal(summary.put_off, 7);
	assert_int_equal(summary.forgotten, 3);
	for (int part = 0; part < 4; part++) {
		live->incomplete = part & 1;
		live->partial = part & 2;
		assert_int_equal(live_summary(live).incomplete, part != 0);
	}
	close_live(live);
}

/* The end takes what is left in the ring, and counts once more. What was held back is let through. */
static void test_finish(void **state)
{
	struct live *live = sim_open(sim_options());
	struct event event = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, sim_tuple(40000));

	(void)state;
	push_event(&event);
	sim.counts = (struct bpf_counts){.seen = 3, .received = 1, .dropped = 2};
	assert_int_equal(live_finish(live), 0);
	assert_true(sim.stopped);
	assert_false(sim.hook_is_open);
	assert_int_equal(sim.recorder.count, 1);
	assert_int_equal(sim.gap_count, 1);
	assert_int_equal(sim.gaps[0].lost, 2);
	assert_int_equal(live_summary(live).seen, 3);
	sim.consume_error = -EIO;
	assert_int_equal(live_finish(live), -EIO);
	close_live(live);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_start, sim_reset),
		cmocka_unit_test_setup(test_starts_that_fail, sim_reset),
		cmocka_unit_test_setup(test_start_without_memory, sim_reset),
		cmocka_unit_test_setup(test_start_without_descriptors, sim_reset),
		cmocka_unit_test_setup(test_lowest_descriptor, sim_reset),
		cmocka_unit_test_setup(test_scan_needs_no_hook, sim_reset),
		cmocka_unit_test_setup(test_priority, sim_reset),
		cmocka_unit_test_setup(test_signals_end_it, sim_reset),
		cmocka_unit_test_setup(test_hangup_that_is_ignored, sim_reset),
		cmocka_unit_test_setup(test_duration_ends_it, sim_reset),
		cmocka_unit_test_setup(test_how_long_it_waits, sim_reset),
		cmocka_unit_test_setup(test_sleep, sim_reset),
		cmocka_unit_test_setup(test_sleep_after_events, sim_reset),
		cmocka_unit_test_setup(test_event_before_sleep, sim_reset),
		cmocka_unit_test_setup(test_hands_on_one_batch, sim_reset),
		cmocka_unit_test_setup(test_snapshots_are_taken_when_they_are_due, sim_reset),
		cmocka_unit_test_setup(test_errors_end_the_run, sim_reset),
		cmocka_unit_test_setup(test_relief, sim_reset),
		cmocka_unit_test_setup(test_transitions_wait_for_the_first_snapshot, sim_reset),
		cmocka_unit_test_setup(test_nobody_wants_the_changes, sim_reset),
		cmocka_unit_test_setup(test_rows, sim_reset),
		cmocka_unit_test_setup(test_rows_without_memory, sim_reset),
		cmocka_unit_test_setup(test_rows_pass_the_filter, sim_reset),
		cmocka_unit_test_setup(test_summary, sim_reset),
		cmocka_unit_test_setup(test_finish, sim_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
