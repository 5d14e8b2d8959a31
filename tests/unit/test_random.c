// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the table beside a kernel that lives at random and loses events. After each exact snapshot, during which more
 * happens and no event is lost, table and kernel must be equal: no connection more, none less, each in its state, with
 * its holders. And what the changes alone say to be open must be what the table has.
 */
#include "kernel_sim.h"

/* ---- an exact snapshot ---- */

static void emit_late_rows(struct sim *sim)
{
	for (unsigned int i = 0; i < sim->late_count; i++) {
		const struct sim_socket *socket = &sim->sockets[(sim->late[i].sk - SK(1)) / (SK(2) - SK(1))];

		if (!socket->state)
			sim_emit(sim, &sim->late[i]);
	}
	sim->late_count = 0;
}

/* Emits the rows in any order, like that of a hash. */
static void emit_rows(struct sim *sim)
{
	unsigned int first = sim_random(sim, SIM_SOCKETS + SIM_MINIS), step = 1 + 2 * sim_random(sim, 10);

	while (step % 7 == 0) /* no factor in common with 56 */
		step += 2;
	for (unsigned int i = 0; i < SIM_SOCKETS + SIM_MINIS; i++) {
		unsigned int at = (first + i * step) % (SIM_SOCKETS + SIM_MINIS);

		sim_act_some(sim, 3);
		if (at < SIM_SOCKETS && sim->sockets[at].state) {
			struct event row = sim_row_of(sim, &sim->sockets[at]);

			sim_emit(sim, &row);
		}
		if (at >= SIM_SOCKETS && sim->minis[at - SIM_SOCKETS].state)
			sim_mini_row(sim, &sim->minis[at - SIM_SOCKETS]);
		if (sim_random(sim, 4) == 0)
			emit_late_rows(sim);
	}
	for (unsigned int i = 0; i < SIM_MINIS; i++)
		sim->minis[i].settled = true;
}

static void emit_holders_of(struct sim *sim, struct sim_socket *socket, uint32_t pid)
{
	struct event event = {.kind = EVENT_HOLDER, .sk = sim_sk(sim, socket), .inode = socket->inode};

	event.tuple.netns = NETNS_HERE;
	event.owner_count = 1;
	for (unsigned int i = 0; i < socket->holder_count; i++) {
		if (socket->holders[i].pid != pid)
			continue;
		event.owners = &socket->holders[i];
		sim_emit(sim, &event);
		socket->named = true;
	}
}

static void emit_holders(struct sim *sim)
{
	sim->scanning = true;
	for (unsigned int i = 0; i < SIM_SOCKETS; i++)
		sim->sockets[i].young = sim->sockets[i].named = false;
	for (uint32_t pid = 1; pid <= SIM_PIDS; pid++)
		for (unsigned int i = 0; i < SIM_SOCKETS; i++) {
			if (sim->sockets[i].state)
				emit_holders_of(sim, &sim->sockets[i], pid);
			if (sim_random(sim, 4) == 0)
				sim_act_some(sim, 2);
		}
}

/* Emits the beginning of a snapshot, or the end with the time of the beginning. */
static void emit_bound(struct sim *sim, enum event_kind kind)
{
	struct event event = {.kind = kind, .scope = SCOPE_ALL, .exact = true, .netns = &netns_here, .netns_count = 1};

	event.renewed = sim->whole_ns != 0;
	if (kind == EVENT_SNAPSHOT_BEGIN)
		sim->bench->began_ns = AT_US(sim->now_us);
	event.ts_ns = sim->bench->began_ns;
	sim_emit(sim, &event);
}

static void take_snapshot(struct sim *sim)
{
	unsigned int loss = sim->loss;

	sim->now_us += 150000; /* a socket just being born would be kept for a while */
	sim->loss = 0;
	emit_bound(sim, EVENT_SNAPSHOT_BEGIN);
	for (unsigned int i = 0; i < SIM_MINIS; i++)
		sim->minis[i].settled = false;
	sim->in_snapshot = true;
	sim->snapshots++;
	emit_rows(sim);
	emit_holders(sim);
	emit_late_rows(sim);
	emit_bound(sim, EVENT_SNAPSHOT_END);
	if (!sim->whole_ns)
		sim->whole_ns = AT_US(sim->now_us);
	sim->in_snapshot = false;
	sim->scanning = false;
	sim->loss = loss;
}

/* ---- is the table equal to the kernel? ---- */

static void assert_same_tuple(const struct connection *conn, const struct sim_socket *socket)
{
	struct tuple tuple = conn->tuple;

	if (conn->state == STATE_SYN_SENT && tuple.lport == 0 && conn->heard_ns) /* born after its turn */
		tuple.lport = socket->tuple.lport;
	assert_true(tuple_equal(&tuple, &socket->tuple));
}

static void assert_same_holders(const struct connection *conn, const struct sim_socket *socket)
{
	const struct owner *owners = conn->owners ? conn->owners : &conn->owner;
	bool found_owner = false;

	assert_int_equal(conn->owner_count, socket->holder_count);
	for (unsigned int i = 0; i < conn->owner_count; i++) {
		unsigned int found = 0;

		for (unsigned int k = 0; k < socket->holder_count; k++)
			found += owners[i].pid == socket->holders[k].pid && owners[i].fd == socket->holders[k].fd;
		assert_int_equal(found, 1);
		found_owner = found_owner || owners[i].pid == conn->owner.pid;
		assert_true(i == 0 || owners[i - 1].pid < owners[i].pid ||
			    (owners[i - 1].pid == owners[i].pid && owners[i - 1].fd < owners[i].fd));
	}
	assert_true(found_owner || conn->owner_count == 0);
}

static const struct tuple *wanted_tuple;

static bool fits_mini(const struct connection *conn, uint64_t wanted)
{
	(void)wanted;
	return conn->mini && tuple_equal(&conn->tuple, wanted_tuple);
}

/* Counts the doubtful minisockets. A connect() that began during the snapshot may have taken the place of a TIME_WAIT,
 * or not: that shows when the connect() is done. */
static size_t count_of_doubtful(const struct sim *sim)
{
	size_t count = 0;

	for (unsigned int i = 0; i < SIM_SOCKETS; i++) {
		const struct sim_socket *socket = &sim->sockets[i];

		wanted_tuple = &socket->tuple;
		if (socket->state == STATE_SYN_SENT && socket->born_in == sim->snapshots)
			count += bench_find(sim->bench, fits_mini, 0) != NULL;
	}
	return count;
}

/* Minisockets as a walk finds them. */
struct minis {
	size_t in[STATE_COUNT];
	size_t all;
};

static void count_any_mini(void *context, struct connection *conn)
{
	struct minis *minis = context;

	minis->in[conn->state] += conn->mini;
	minis->all += conn->mini;
}

/* The table counts its minisockets as they come and go, and finds them without a walk over all. */
static void assert_minis_are_counted(const struct table *table)
{
	struct minis walked = {0}, found = {0};

	table_each(table, count_any_mini, &walked);
	table_each_mini(table, count_any_mini, &found);
	assert_memory_equal(&walked, &found, sizeof(walked));
	for (uint8_t state = STATE_UNKNOWN + 1; state < STATE_COUNT; state++)
		assert_int_equal(table_minis(table, state), walked.in[state]);
}

static void assert_equal_to_kernel(const struct sim *sim)
{
	size_t count = 0, unheld = 0;

	for (unsigned int i = 0; i < SIM_SOCKETS; i++) {
		const struct sim_socket *socket = &sim->sockets[i];
		const struct connection *conn = at_sk(sim->bench, sim_sk(sim, socket));

		assert_int_equal(conn ? conn->state : 0, socket->state);
		if (!socket->state)
			continue;
		count++;
		assert_false(conn->mini);
		assert_same_tuple(conn, socket);
		if (!socket->young)
			assert_same_holders(conn, socket);
		unheld += !socket->named && (conn->state == STATE_ESTABLISHED || conn->state == STATE_CLOSE_WAIT);
	}
	for (unsigned int i = 0; i < SIM_MINIS; i++) {
		const struct connection *conn;

		wanted_tuple = &sim->minis[i].tuple;
		if (!sim->minis[i].state)
			continue;
		count++;
		conn = bench_find(sim->bench, fits_mini, 0);
		assert_non_null(conn);
		assert_int_equal(conn->state, sim->minis[i].state);
	}
	count += count_of_doubtful(sim);
	assert_int_equal(table_count(sim->bench->table), count);
	assert_int_equal(table_unheld(sim->bench->table), unheld);
	assert_minis_are_counted(sim->bench->table);
}

/* ---- are the changes, added up, equal to the table? ---- */

struct fold {
	const struct sim *sim;
	size_t open; /* connections of the table that the changes say to be open */
};

/* A handshake that is not done is told by no change, nor is a connection that was there before. One that was found late
 * may be untold until the next snapshot. */
static void compare_with_changes(void *context, struct connection *conn)
{
	struct fold *fold = context;
	const struct last_change *last = &fold->sim->last_changes[conn->id % SIM_CONNECTIONS];

	if (last->id == conn->id) {
		assert_int_equal(last->state, conn->state);
		fold->open++;
	} else if (!conn->mini || conn->state != STATE_SYN_RECV) {
		assert_true(conn->untold || conn->oldstate == STATE_UNKNOWN);
	}
}

static void assert_equal_to_changes(const struct sim *sim)
{
	struct fold fold = {.sim = sim};
	size_t told_open = 0;

	table_each(sim->bench->table, compare_with_changes, &fold);
	for (unsigned int i = 0; i < SIM_CONNECTIONS; i++)
		told_open += sim->last_changes[i].state != 0 && sim->last_changes[i].state != STATE_CLOSE;
	assert_int_equal(told_open, fold.open);
}

/* ---- runs ---- */

static void kill_all(struct sim *sim)
{
	for (unsigned int i = 0; i < SIM_SOCKETS; i++)
		if (sim->sockets[i].state)
			sim_close(sim, &sim->sockets[i], 0);
	memset(sim->minis, 0, sizeof(sim->minis));
}

static void run_simulation(struct bench *bench, uint64_t seed, bool cookies)
{
	enum { ROUNDS = 60 };
	struct sim sim = {.bench = bench, .random = seed, .cookies = cookies};

	print_message("    seed %llu\n", (unsigned long long)seed);
	sim.now_us = 1000;
	sim.last_changes = calloc(SIM_CONNECTIONS, sizeof(*sim.last_changes));
	assert_non_null(sim.last_changes);
	sim.late_peers = seed % 2;
	sim.accept_hook = seed / 2 % 2;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		sim.loss = round % 3 ? 10 * sim_random(&sim, 10) : 0;
		sim_act_some(&sim, 400);
		take_snapshot(&sim);
		assert_equal_to_kernel(&sim);
		assert_equal_to_changes(&sim);
	}
	sim.loss = 0;
	kill_all(&sim);
	sim.now_us += 150000;
	emit_bound(&sim, EVENT_SNAPSHOT_BEGIN);
	emit_bound(&sim, EVENT_SNAPSHOT_END);
	assert_int_equal(table_count(bench->table), 0);
	assert_equal_to_changes(&sim);
	assert_int_equal(sim.waiting, 0); /* every TIME_WAIT that was reported was reported to end */
	free(sim.last_changes);
}

static void test_with_cookies(void **state)
{
	for (uint64_t seed = 1; seed <= 40; seed++)
		run_simulation(*state, seed, true);
}

/* Without cookies, tuple and address must do. */
static void test_without_cookies(void **state)
{
	for (uint64_t seed = 1; seed <= 40; seed++)
		run_simulation(*state, seed, false);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BENCH_TEST(test_with_cookies),
		BENCH_TEST(test_without_cookies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
