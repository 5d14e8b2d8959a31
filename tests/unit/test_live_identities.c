// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests that who a process is goes into the table with the event that names it, and that no reference is lost.
 */
#include "live_sim.h"
#include "no_memory.h"

enum { CLIENT = 100, SERVER = 101, WORKER = 102, UNREADABLE = 103 };

static const struct lineage lineage = {.ppid = 1, .pcomm = "init"};

static int open_identities(void **state)
{
	static const uint32_t pids[] = {CLIENT, SERVER, WORKER};
	static const struct identity_texts texts = {.exe = "/usr/bin/x"};

	sim_reset(state);
	for (size_t i = 0; i < COUNT_OF(pids); i++) {
		sim.identities[pids[i]] = identity_new(&lineage, &texts);
		assert_non_null(sim.identities[pids[i]]);
	}
	return 0;
}

/* The test's own reference must be the last one. */
static int close_identities(void **state)
{
	(void)state;
	for (size_t pid = 0; pid < PIDS; pid++) {
		if (sim.identities[pid])
			assert_int_equal(sim.identities[pid]->references, 1);
		identity_unref(sim.identities[pid]);
		sim.identities[pid] = NULL;
	}
	return 0;
}

static struct live *join_identified(void)
{
	struct live_options options = sim_options();

	options.identify = true;
	return sim_join(options);
}

/* Handles a transition that a process's call made, at `at_us`. */
static void handle_call(struct live *live, uint64_t sk, uint8_t oldstate, uint8_t newstate, unsigned int at_us,
			uint32_t pid)
{
	struct owner caller = owner_of(pid, FD_UNKNOWN, "caller");
	struct event event = transition_of(sk, oldstate, newstate, at_us, sim_tuple(40000));

	event.owners = &caller;
	event.owner_count = 1;
	event.lineage = &lineage;
	assert_int_equal(live_handle_event(live, &event), 0);
}

static void note_connection(void *context, struct connection *conn)
{
	*(struct connection **)context = conn;
}

static struct connection *only_connection(struct live *live)
{
	struct connection *found = NULL;

	assert_int_equal(table_count(live->table), 1);
	table_each(live->table, note_connection, &found);
	return found;
}

static void test_caller(void **state)
{
	struct live *live = join_identified();

	(void)state;
	assert_true(sim.with_cmdline);
	handle_call(live, SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, CLIENT);
	assert_int_equal(sim.callers_asked, 1);
	assert_ptr_equal(only_connection(live)->owner.identity, sim.identities[CLIENT]);
	assert_int_equal(sim.identities[CLIENT]->references, 2);
	close_live(live);
}

/* Neither is memory needed for what was not asked for. */
static void test_not_asked_for(void **state)
{
	struct live *live = sim_join(sim_options());

	(void)state;
	handle_call(live, SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, CLIENT);
	assert_int_equal(sim.callers_asked, 0);
	assert_null(only_connection(live)->owner.identity);
	close_live(live);
}

static void test_without_command_lines(void **state)
{
	struct live_options options = sim_options();

	(void)state;
	options.identify = options.no_cmdline = true;
	close_live(sim_join(options));
	assert_false(sim.with_cmdline);
}

static void test_identities_cannot_be_had(void **state)
{
	struct live_options options = sim_options();
	struct live *live = NULL;

	(void)state;
	options.identify = sim.no_identities = true;
	assert_int_equal(live_open(&options, &live), -ENOMEM);
}

static void test_unreadable(void **state)
{
	struct live *live = join_identified();

	(void)state;
	handle_call(live, SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, UNREADABLE);
	assert_int_equal(only_connection(live)->owner.pid, UNREADABLE);
	assert_null(only_connection(live)->owner.identity);
	close_live(live);
}

/* A snapshot with a holder that cannot be identified, for want of something, does not tell all that is there. */
static void test_unidentified_holder(void **state)
{
	struct owner unreadable = owner_of(UNREADABLE, 3, "x"), worker = owner_of(WORKER, 3, "x");
	struct event row = exact_row_of(SK(1), STATE_ESTABLISHED, 0, sim_tuple(40000));
	struct live *live;

	(void)state;
	row.owners = &unreadable;
	row.owner_count = 1;
	add_sim_row(&row);
	live = join_identified();
	assert_true(live_summary(live).incomplete);
	sim.rows[0].owners = &worker;
	assert_int_equal(live_join(live), 0);
	assert_false(live_summary(live).incomplete);
	close_live(live);
}

/* What was learned when the program called stays, where the process is found again. Another holder has its own. */
static void test_holders(void **state)
{
	struct event begin = {.kind = EVENT_SNAPSHOT_BEGIN, .scope = SNAPSHOT_HOLDERS, .exact = true};
	struct event end = {.kind = EVENT_SNAPSHOT_END, .scope = SNAPSHOT_HOLDERS, .exact = true};
	struct owner holders[] = {owner_of(CLIENT, 3, "caller"), owner_of(WORKER, 3, "worker"),
				  owner_of(SERVER, 4, "s")};
	struct live *live = join_identified();
	struct connection *conn;

	(void)state;
	handle_call(live, SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, CLIENT);
	for (int round = 1; round <= 2; round++) {
		uint64_t before = sim.round;

		live_handle_event(live, &begin);
		for (size_t i = 0; i < COUNT_OF(holders); i++) {
			struct event holder = {
				.kind = EVENT_HOLDER, .sk = SK(1), .owners = &holders[i], .owner_count = 1};

			assert_int_equal(live_handle_event(live, &holder), 0);
		}
		live_handle_event(live, &end);
		assert_true(sim.round > before); /* each snapshot asks once more whether they are still the same */
	}
	conn = only_connection(live);
	assert_int_equal(conn->owner_count, 3);
	for (size_t i = 0; i < conn->owner_count; i++)
		assert_ptr_equal(conn->owners[i].identity, sim.identities[conn->owners[i].pid]);
	assert_ptr_equal(conn->owner.identity, sim.identities[CLIENT]);
	close_live(live);
}

/* Of a socket that is registered with an io_uring the holder is known by the inode, at the snapshot's end. */
static void test_held_sockets(void **state)
{
	const struct held_socket held[] = {{.inode = 11, .owner = owner_of(WORKER, FD_UNKNOWN, "w")},
					   {.inode = 12, .owner = owner_of(SERVER, FD_UNKNOWN, "s")}};
	struct event row = exact_row_of(SK(1), STATE_ESTABLISHED, 0, sim_tuple(40000));
	struct event begin = {.kind = EVENT_SNAPSHOT_BEGIN, .scope = SCOPE_ALL, .exact = true};
	struct event end = {.kind = EVENT_SNAPSHOT_END,
			    .scope = SCOPE_ALL,
			    .exact = true,
			    .held = held,
			    .held_count = COUNT_OF(held)};
	struct live *live = join_identified();

	(void)state;
	row.inode = 11;
	live_handle_event(live, &begin);
	live_handle_event(live, &row);
	live_handle_event(live, &end);
	assert_ptr_equal(only_connection(live)->owner.identity, sim.identities[WORKER]);
	assert_int_equal(sim.identities[SERVER]->references, 1);
	close_live(live);
}

/* A child's identity is its listener's, and what a TIME_WAIT has is its socket's. */
static void test_heirs(void **state)
{
	struct event birth = transition_of(SK(2), STATE_LISTEN, STATE_SYN_RECV, 3, sim_tuple(40000));
	struct closing closing = {.lives_on = STATE_TIME_WAIT, .sent = true};
	struct event end = transition_of(SK(2), STATE_FIN_WAIT2, STATE_CLOSE, 4, sim_tuple(40000));
	struct owner caller = owner_of(SERVER, FD_UNKNOWN, "server");
	struct event begin = transition_of(SK(1), STATE_CLOSE, STATE_LISTEN, 1, sim_tuple(40000));
	struct live *live = join_identified();

	(void)state;
	begin.owners = &caller;
	begin.owner_count = 1;
	begin.lineage = &lineage;
	begin.tuple.raddr = (struct address){{[10] = 0xff, [11] = 0xff}};
	begin.tuple.rport = 0;
	assert_int_equal(live_handle_event(live, &begin), 0);
	assert_int_equal(live_handle_event(live, &birth), 0);
	assert_int_equal(sim.identities[SERVER]->references, 3);
	end.closing = &closing;
	assert_int_equal(live_handle_event(live, &end), 0);
	assert_int_equal(sim.identities[SERVER]->references, 3);
	assert_int_equal(table_count(live->table), 2);
	close_live(live);
}

/* Where memory is short the event counts, and its owner, without an identity. */
static void test_without_memory(void **state)
{
	struct live *live = join_identified();
	struct event begin = {.kind = EVENT_SNAPSHOT_BEGIN, .scope = SNAPSHOT_HOLDERS, .exact = true};
	const struct held_socket held = {.inode = 11, .owner = owner_of(WORKER, FD_UNKNOWN, "w")};
	struct event end = {.kind = EVENT_SNAPSHOT_END, .exact = true, .held = &held, .held_count = 1};

	(void)state;
	STARVE_AFTER(0);
	handle_call(live, SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, CLIENT);
	live_handle_event(live, &begin);
	live_handle_event(live, &end);
	STOP_STARVING();
	close_live(live);
}

int main(void)
{
#define IDENTITY_TEST(test) cmocka_unit_test_setup_teardown(test, open_identities, close_identities)
	const struct CMUnitTest tests[] = {
		IDENTITY_TEST(test_caller),
		IDENTITY_TEST(test_not_asked_for),
		IDENTITY_TEST(test_without_command_lines),
		IDENTITY_TEST(test_identities_cannot_be_had),
		IDENTITY_TEST(test_unreadable),
		IDENTITY_TEST(test_unidentified_holder),
		IDENTITY_TEST(test_holders),
		IDENTITY_TEST(test_held_sockets),
		IDENTITY_TEST(test_heirs),
		IDENTITY_TEST(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
