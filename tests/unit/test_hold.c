// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the changes that the gate holds: all changes of a connection in their order, while the filter cannot decide or
 * the gate is shut; also those of connections that are gone by then. No change is lost, and none passes twice.
 */
#include "gated.h"

static void apply_event(struct gated *gated, const struct event *event)
{
	assert_int_equal(table_apply(gated->bench.table, event, gate_handle, &gated->gate), 0);
}

/* Opens a child of SK(9), up to ESTABLISHED. */
static void open_child(struct gated *gated, uint64_t sk, unsigned int at_us, uint16_t rport)
{
	apply_transition(gated, sk, STATE_LISTEN, STATE_SYN_RECV, at_us, accepted(rport));
	apply_transition(gated, sk, STATE_SYN_RECV, STATE_ESTABLISHED, at_us + 1, accepted(rport));
}

static void apply_owner(struct gated *gated, enum event_kind kind, uint64_t sk, uint32_t pid)
{
	struct owner owner = owner_of(pid, 5, pid == PID_WORKER ? "worker" : "server");
	struct event event = {.kind = kind, .sk = sk, .owners = &owner, .owner_count = 1};

	event.tuple.netns = NETNS_HERE;
	apply_event(gated, &event);
}

static void scan_holders(struct gated *gated, unsigned int at_us, uint64_t sk, uint32_t pid)
{
	struct event begin = {.kind = EVENT_SNAPSHOT_BEGIN, .scope = SNAPSHOT_HOLDERS, .exact = true};
	struct event end = {.kind = EVENT_SNAPSHOT_END, .scope = SNAPSHOT_HOLDERS, .exact = true};

	begin.ts_ns = end.ts_ns = AT_US(at_us);
	apply_event(gated, &begin);
	if (sk)
		apply_owner(gated, EVENT_HOLDER, sk, pid);
	apply_event(gated, &end);
}

/* Opens the gate and a listener. The listener's birth does not count, whether it passed or not. */
static void open_server(struct gated *gated, const char *filter)
{
	open_gate(gated, filter);
	apply_transition(gated, SK(9), STATE_CLOSE, STATE_LISTEN, 0, listener());
	gated->bench.recorder.count = 0;
}

static size_t count_passed(const struct gated *gated)
{
	return gated->bench.recorder.count;
}

static void assert_empty(const struct gated *gated)
{
	assert_null(gated->gate.first);
	assert_null(gated->gate.last);
}

/* ---- owners ---- */

static void test_all_of_a_child_waits_for_its_owner(void **state)
{
	static const enum event_kind kinds[] = {EVENT_ACCEPT, EVENT_HOLDER};
	const struct tuple tuple = accepted(40000);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct gated gated;

		open_server(&gated, "pid 201");
		open_child(&gated, SK(1), 10, 40000);
		apply_transition(&gated, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 20, tuple);
		assert_int_equal(count_passed(&gated), 0);
		assert_int_equal(gated.gate.waiting, 3);
		if (kinds[i] == EVENT_HOLDER)
			scan_holders(&gated, 25, SK(1), PID_WORKER);
		else
			apply_owner(&gated, EVENT_ACCEPT, SK(1), PID_WORKER);
		assert_int_equal(count_passed(&gated), 3);
		assert_passed(&gated, 0, STATE_LISTEN, STATE_SYN_RECV, 10, &tuple);
		assert_passed(&gated, 1, STATE_SYN_RECV, STATE_ESTABLISHED, 11, &tuple);
		assert_passed(&gated, 2, STATE_ESTABLISHED, STATE_CLOSE_WAIT, 20, &tuple);
		assert_int_equal(gated.bench.recorder.all[0].conn.owner.pid, PID_WORKER);
		assert_empty(&gated);
		assert_int_equal(apply_transition(&gated, SK(1), STATE_CLOSE_WAIT, STATE_LAST_ACK, 30, tuple), 4);
		assert_int_equal(gated.gate.waiting, 3);
		close_gate(&gated);
	}
}

static void test_none_of_another_owners_child_comes(void **state)
{
	struct gated gated;

	(void)state;
	open_server(&gated, "pid 100");
	open_child(&gated, SK(1), 10, 40000);
	apply_owner(&gated, EVENT_ACCEPT, SK(1), PID_WORKER);
	assert_empty(&gated);
	apply_transition(&gated, SK(1), STATE_ESTABLISHED, STATE_CLOSE, 40, accepted(40000));
	assert_int_equal(count_passed(&gated), 0);
	close_gate(&gated);
}

/* A listener that had only one process in the last snapshot may have forked since. */
static void test_single_process_is_waited_for(void **state)
{
	struct gated gated;

	(void)state;
	open_server(&gated, "pid 100");
	scan_holders(&gated, 5, SK(9), PID_CLIENT);
	open_child(&gated, SK(1), 10, 40000);
	assert_int_equal(count_passed(&gated), 0);
	assert_int_equal(gated.gate.waiting, 2);
	close_gate(&gated);
}

/* A child ends that nobody has accepted: the owner of its listener is the best that will ever be known. */
static void test_end_decides(void **state)
{
	const struct tuple tuple = accepted(40000);
	struct gated gated;

	(void)state;
	open_server(&gated, "pid 100");
	open_child(&gated, SK(1), 10, 40000);
	apply_transition(&gated, SK(1), STATE_ESTABLISHED, STATE_CLOSE, 40, tuple);
	assert_int_equal(count_passed(&gated), 3);
	assert_passed(&gated, 0, STATE_LISTEN, STATE_SYN_RECV, 10, &tuple);
	assert_passed(&gated, 2, STATE_ESTABLISHED, STATE_CLOSE, 40, &tuple);
	assert_empty(&gated);
	close_gate(&gated);
}

/* The end also decides for a child that lives on as a minisocket. */
static void test_time_wait_decides(void **state)
{
	struct closing closing = {.sent = true, .lives_on = STATE_TIME_WAIT};
	struct event end = transition_of(SK(1), STATE_FIN_WAIT2, STATE_CLOSE, 40, accepted(40000));
	struct gated gated;

	(void)state;
	open_server(&gated, "pid 100");
	open_child(&gated, SK(1), 10, 40000);
	apply_transition(&gated, SK(1), STATE_FIN_WAIT1, STATE_FIN_WAIT2, 30, accepted(40000));
	assert_int_equal(count_passed(&gated), 0);
	end.closing = &closing;
	apply_event(&gated, &end);
	assert_int_equal(count_passed(&gated), 4);
	assert_int_equal(gated.bench.recorder.all[3].change.newstate, STATE_TIME_WAIT);
	assert_empty(&gated);
	close_gate(&gated);
}

/* The closer of a child is known before its other holders. */
static void test_closer_decides(void **state)
{
	struct owner worker = owner_of(PID_WORKER, -1, "worker");
	struct event shut = transition_of(SK(1), STATE_ESTABLISHED, STATE_FIN_WAIT1, 40, accepted(40000));
	struct gated gated;

	(void)state;
	open_server(&gated, "comm worker");
	open_child(&gated, SK(1), 10, 40000);
	open_child(&gated, SK(2), 12, 40001);
	shut.owners = &worker;
	shut.owner_count = 1;
	apply_event(&gated, &shut);
	assert_int_equal(count_passed(&gated), 3);
	assert_int_equal(gated.bench.recorder.all[0].conn.tuple.rport, 40000);
	assert_non_null(gated.gate.first); /* the changes of the other child still wait */
	close_gate(&gated);
}

/* A change that the filter can judge passes only after the held changes of the same connection. */
static void test_order_within_a_connection(void **state)
{
	struct gated gated;

	(void)state;
	open_server(&gated, "pid 201 or state close-wait");
	open_child(&gated, SK(1), 10, 40000);
	/* alone, this change would pass, but the two before are not decided */
	assert_int_equal(apply_transition(&gated, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 20, accepted(40000)), 0);
	gate_release(&gated.gate);
	assert_int_equal(apply_transition(&gated, SK(1), STATE_CLOSE_WAIT, STATE_LAST_ACK, 21, accepted(40000)), 0);
	apply_owner(&gated, EVENT_ACCEPT, SK(1), PID_CLIENT);
	assert_int_equal(count_passed(&gated), 2);
	assert_int_equal(gated.bench.recorder.all[0].change.ts_ns, AT_US(20));
	assert_int_equal(gated.bench.recorder.all[1].change.ts_ns, AT_US(21));
	assert_empty(&gated);
	close_gate(&gated);
}

/* A change of one connection lets nothing of another through. */
static void test_interleaved(void **state)
{
	static const unsigned int order[] = {1, 3, 0, 2};
	struct gated gated;

	(void)state;
	open_server(&gated, "pid 201");
	for (unsigned int i = 0; i < 4; i++)
		apply_transition(&gated, SK(i), STATE_LISTEN, STATE_SYN_RECV, i, accepted((uint16_t)(40000 + i)));
	for (unsigned int i = 0; i < 4; i++)
		apply_transition(&gated, SK(i), STATE_SYN_RECV, STATE_ESTABLISHED, 10 + i,
				 accepted((uint16_t)(40000 + i)));
	for (unsigned int i = 0; i < 4; i++) {
		const struct tuple tuple = accepted((uint16_t)(40000 + order[i]));

		apply_owner(&gated, EVENT_ACCEPT, SK(order[i]), PID_WORKER);
		assert_int_equal(count_passed(&gated), 2 * (i + 1));
		assert_passed(&gated, 2 * i, STATE_LISTEN, STATE_SYN_RECV, order[i], &tuple);
		assert_passed(&gated, 2 * i + 1, STATE_SYN_RECV, STATE_ESTABLISHED, 10 + order[i], &tuple);
	}
	assert_empty(&gated);
	close_gate(&gated);
}

/* A release lets no change through that is not decided. */
static void test_release(void **state)
{
	struct gated gated;

	(void)state;
	open_server(&gated, "pid 100");
	open_child(&gated, SK(1), 10, 40000);
	open_child(&gated, SK(2), 20, 40001);
	gate_release(&gated.gate);
	assert_int_equal(count_passed(&gated), 0);
	scan_holders(&gated, 30, SK(1), PID_CLIENT);
	assert_int_equal(count_passed(&gated), 2);
	scan_holders(&gated, 40, SK(2), PID_CLIENT);
	assert_int_equal(count_passed(&gated), 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(gated.bench.recorder.all[i].change.ts_ns, AT_US((i / 2 + 1) * 10 + i % 2));
	assert_empty(&gated);
	close_gate(&gated);
}

/* ---- shut ---- */

static void test_shut_gate_holds_all(void **state)
{
	struct gated gated;

	(void)state;
	open_gate(&gated, "");
	gated.gate.shut = true;
	for (unsigned int i = 0; i < 3; i++)
		apply_transition(&gated, SK(i), STATE_CLOSE, STATE_SYN_SENT, i, outgoing((uint16_t)(1 + i)));
	apply_transition(&gated, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 10, outgoing(2));
	apply_transition(&gated, SK(0), STATE_SYN_SENT, STATE_ESTABLISHED, 11, outgoing(1));
	apply_owner(&gated, EVENT_ACCEPT, SK(0), PID_WORKER);
	assert_int_equal(count_passed(&gated), 0);
	assert_int_equal(gated.gate.waiting, 0); /* no change waits for want of an answer */
	gate_release(&gated.gate);
	assert_int_equal(count_passed(&gated), 5);
	for (unsigned int i = 0; i < 5; i++) /* in the order of their arrival */
		assert_int_equal(gated.bench.recorder.all[i].change.ts_ns, AT_US(i < 3 ? i : 7 + i));
	assert_empty(&gated);
	assert_int_equal(apply_transition(&gated, SK(2), STATE_SYN_SENT, STATE_ESTABLISHED, 12, outgoing(3)), 6);
	close_gate(&gated);
}

/* The connections are gone, their changes are not; and another connection has their address. */
static void test_shut_gate_keeps_the_dead(void **state)
{
	struct gated gated;

	(void)state;
	open_gate(&gated, "pid 100");
	gated.gate.shut = true;
	for (unsigned int i = 0; i < 3; i++) {
		apply_transition(&gated, SK(1), STATE_CLOSE, STATE_SYN_SENT, 10 * i, outgoing(0));
		apply_transition(&gated, SK(1), STATE_SYN_SENT, STATE_CLOSE, 10 * i + 1,
				 outgoing((uint16_t)(40000 + i)));
	}
	assert_int_equal(table_count(gated.bench.table), 0);
	gate_release(&gated.gate);
	assert_int_equal(count_passed(&gated), 6);
	for (unsigned int i = 0; i < 6; i++) {
		assert_int_equal(gated.bench.recorder.all[i].conn.id, 1 + i / 2);
		assert_int_equal(gated.bench.recorder.all[i].change.newstate, i % 2 ? STATE_CLOSE : STATE_SYN_SENT);
		assert_int_equal(gated.bench.recorder.all[i].change.closing != NULL, i % 2);
		/* with the port that became known later */
		assert_int_equal(gated.bench.recorder.all[i].conn.tuple.lport, 40000 + i / 2);
	}
	assert_empty(&gated);
	close_gate(&gated);
}

/* The numbers of a transition to CLOSE are kept with the held change. */
static void assert_numbers(void *context, const struct change *change)
{
	unsigned int *seen = context;

	if (!change->closing)
		return;
	assert_int_equal(change->closing->rx_bytes, 12345);
	++*seen;
}

static void test_held_numbers(void **state)
{
	struct event end = transition_of(SK(1), STATE_ESTABLISHED, STATE_CLOSE, 9, outgoing(1));
	struct gated gated;
	unsigned int seen = 0;

	(void)state;
	open_gate(&gated, "");
	gated.gate.shut = true;
	gated.gate.next = assert_numbers;
	gated.gate.context = &seen;
	{
		struct closing closing = {.rx_bytes = 12345, .sent = true};

		end.closing = &closing;
		apply_event(&gated, &end);
		closing.rx_bytes = 0; /* the event is over */
	}
	gate_release(&gated.gate);
	assert_int_equal(seen, 1);
	close_gate(&gated);
}

/* A change that the filter cannot judge stays held when the gate opens. */
static void test_opened_and_still_waiting(void **state)
{
	struct gated gated;

	(void)state;
	open_gate(&gated, "sport = :40000");
	gated.gate.shut = true;
	apply_transition(&gated, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(0));
	apply_transition(&gated, SK(2), STATE_CLOSE, STATE_SYN_SENT, 1, outgoing(40000));
	apply_transition(&gated, SK(3), STATE_CLOSE, STATE_SYN_SENT, 2, outgoing(40001));
	gate_release(&gated.gate);
	assert_int_equal(count_passed(&gated), 1);
	assert_int_equal(gated.bench.recorder.all[0].change.ts_ns, AT_US(1));
	assert_int_equal(apply_transition(&gated, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 9, outgoing(40000)), 3);
	assert_empty(&gated);
	close_gate(&gated);
}

/* ---- the end ---- */

/* The table drops connections without an end: the filter will never be able to judge their undecided changes. */
static void test_gone_without_an_end(void **state)
{
	struct event end = {.kind = EVENT_SNAPSHOT_END, .scope = SNAPSHOT_SOCKETS, .exact = true};
	struct event begin = {.kind = EVENT_SNAPSHOT_BEGIN, .scope = SNAPSHOT_SOCKETS, .exact = true};
	static const uint32_t here = NETNS_HERE;
	struct gated gated;

	(void)state;
	open_server(&gated, "pid 100");
	open_child(&gated, SK(1), 10, 40000); /* the death of this child is lost */
	apply_transition(&gated, SK(2), STATE_LISTEN, STATE_SYN_RECV, 10, accepted(40001));
	apply_transition(&gated, SK(2), STATE_LISTEN, STATE_SYN_RECV, 15,
			 accepted(40002)); /* another socket has the address */
	table_forget(gated.bench.table, SK(2));
	assert_non_null(gated.gate.first);
	begin.ts_ns = end.ts_ns = AT_US(1000000);
	end.netns = &here;
	end.netns_count = 1;
	apply_event(&gated, &begin);
	apply_event(&gated, &end);
	assert_int_equal(table_count(gated.bench.table), 0);
	gate_release(&gated.gate);
	assert_empty(&gated);
	close_gate(&gated);
}

/* Everything is freed, whether gate or table is freed first, also connections that are gone (the address sanitizer
 * checks). */
static void test_free_with_changes_held(void **state)
{
	(void)state;
	for (int table_first = 0; table_first < 2; table_first++) {
		struct gated gated;

		open_gate(&gated, "pid 201");
		gated.gate.shut = true;
		open_child(&gated, SK(1), 10, 40000);
		open_child(&gated, SK(2), 10, 40001);
		apply_transition(&gated, SK(2), STATE_ESTABLISHED, STATE_CLOSE, 20, accepted(40001));
		table_forget(gated.bench.table, SK(1));
		open_child(&gated, SK(1), 30, 40002);
		if (table_first) {
			table_free(gated.bench.table);
			gated.bench.table = NULL;
		}
		gate_free(&gated.gate);
		assert_empty(&gated);
		assert_int_equal(count_passed(&gated), 0);
		close_gate(&gated);
	}
}

/* ---- at random ---- */

enum { ROUNDS = 20000 };

struct order {
	uint64_t last_ns[ROUNDS + 2]; /* by the id of the connection */
	size_t passed;
};

static void assert_order(void *context, const struct change *change)
{
	struct order *order = context;

	assert_int_equal(change->kind, CHANGE_TRANSITION);
	assert_true(change->conn->id < ROUNDS + 2);
	assert_true(change->ts_ns > order->last_ns[change->conn->id]);
	order->last_ns[change->conn->id] = change->ts_ns;
	order->passed++;
}

/* Every held change passes once, in the order of its connection. */
static void test_random(void **state)
{
	enum { SOCKETS = 8 };
	uint64_t seed = 20261121;
	bool alive[SOCKETS] = {false};
	struct order *order = calloc(1, sizeof(*order));
	struct gated gated;
	size_t made = 0;

	(void)state;
	print_message("    seed %llu\n", (unsigned long long)seed);
	open_server(&gated, "pid 201 or pid 100");
	gated.gate.next = assert_order;
	gated.gate.context = order;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int i;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		i = seed >> 60 & (SOCKETS - 1);
		if ((seed >> 40) % 50 == 0)
			gated.gate.shut = true;
		if ((seed >> 32) % 40 == 0)
			gate_release(&gated.gate);
		if (alive[i] && (seed >> 24) % 4 == 0) {
			apply_owner(&gated, (seed >> 28) % 2 ? EVENT_ACCEPT : EVENT_HOLDER, SK(i), PID_WORKER);
			continue;
		}
		apply_transition(&gated, SK(i), alive[i] ? STATE_SYN_RECV : STATE_LISTEN,
				 alive[i] ? STATE_CLOSE : STATE_SYN_RECV, round + 1, accepted((uint16_t)(1 + i)));
		alive[i] = !alive[i];
		made++;
	}
	for (unsigned int i = 0; i < SOCKETS; i++, made += alive[i - 1])
		if (alive[i])
			apply_transition(&gated, SK(i), STATE_SYN_RECV, STATE_CLOSE, ROUNDS + 1,
					 accepted((uint16_t)(1 + i)));
	gate_release(&gated.gate);
	assert_int_equal(order->passed, made);
	assert_empty(&gated);
	close_gate(&gated);
	free(order);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_a_child_waits_for_its_owner),
		cmocka_unit_test(test_none_of_another_owners_child_comes),
		cmocka_unit_test(test_single_process_is_waited_for),
		cmocka_unit_test(test_end_decides),
		cmocka_unit_test(test_time_wait_decides),
		cmocka_unit_test(test_closer_decides),
		cmocka_unit_test(test_order_within_a_connection),
		cmocka_unit_test(test_interleaved),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_shut_gate_holds_all),
		cmocka_unit_test(test_shut_gate_keeps_the_dead),
		cmocka_unit_test(test_held_numbers),
		cmocka_unit_test(test_opened_and_still_waiting),
		cmocka_unit_test(test_gone_without_an_end),
		cmocka_unit_test(test_free_with_changes_held),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
