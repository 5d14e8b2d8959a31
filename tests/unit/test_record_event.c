// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the conversion of each record of the ring to its event.
 */
#include <errno.h>
#include <linux/types.h>
#include <string.h>

#include "check.h"
#include "record_event.h"

#include "../../include/record.h"

/* The last event, and copies of the parts that are gone by the time a test checks the event. */
struct taken {
	struct event event;
	struct owner owner;
	struct lineage lineage;
	struct closing closing;
	unsigned int count;
	int answer;
};

static int take_event(void *context, const struct event *event)
{
	struct taken *taken = context;

	taken->event = *event;
	if (event->owner_count)
		taken->owner = event->owners[0];
	if (event->lineage)
		taken->lineage = *event->lineage;
	if (event->closing)
		taken->closing = *event->closing;
	taken->count++;
	return taken->answer;
}

static struct taken taken_of(const void *record)
{
	struct taken taken = {.answer = 0};

	assert_int_equal(record_hand_on(record, take_event, &taken), 0);
	assert_int_equal(taken.count, 1);
	return taken;
}

static struct transition_record make_transition(uint8_t kind)
{
	return (struct transition_record){
		.kind = kind,
		.family = 6,
		.oldstate = STATE_ESTABLISHED,
		.newstate = STATE_CLOSE_WAIT,
		.netns = 4026531840,
		.ts_ns = 0x1122334455667788,
		.sk = 0xffff888012345678,
		.cookie = 0x8877665544332211,
		.uid = 1000,
		.lport = 65535,
		.rport = 443,
		.laddr = {1, 2, 3, [15] = 4},
		.raddr = {5, 6, 7, [15] = 8},
	};
}

static void assert_tuple(const struct tuple *tuple)
{
	assert_int_equal(tuple->family, 6);
	assert_int_equal(tuple->netns, 4026531840);
	assert_int_equal(tuple->lport, 65535);
	assert_int_equal(tuple->rport, 443);
	assert_int_equal(tuple->laddr.bytes[0], 1);
	assert_int_equal(tuple->laddr.bytes[15], 4);
	assert_int_equal(tuple->raddr.bytes[0], 5);
	assert_int_equal(tuple->raddr.bytes[15], 8);
}

static void assert_transition(const struct event *event, bool again)
{
	assert_int_equal(event->kind, EVENT_TRANSITION);
	assert_int_equal(event->ts_ns, 0x1122334455667788);
	assert_int_equal(event->sk, 0xffff888012345678);
	assert_int_equal(event->cookie, 0x8877665544332211);
	assert_int_equal(event->uid, 1000);
	assert_int_equal(event->again, again);
	assert_false(event->mini);
	assert_tuple(&event->tuple);
}

static struct record_lineage make_lineage(void)
{
	struct record_lineage lineage = {.start_ns = 0x0102030405060708, .cgroup = 4711, .ppid = 99, .execs = 7};

	memset(lineage.pcomm, 'p', sizeof(lineage.pcomm)); /* without a NUL */
	return lineage;
}

static void assert_lineage(const struct taken *taken)
{
	assert_non_null(taken->event.lineage);
	assert_int_equal(taken->lineage.start_ns, 0x0102030405060708);
	assert_int_equal(taken->lineage.cgroup, 4711);
	assert_int_equal(taken->lineage.ppid, 99);
	assert_int_equal(taken->lineage.execs, 7);
	assert_string_equal(taken->lineage.pcomm, "ppppppppppppppp");
}

static void test_transition(void **state)
{
	struct transition_record record = make_transition(RECORD_TRANSITION);
	struct taken taken = taken_of(&record);

	(void)state;
	assert_transition(&taken.event, false);
	assert_int_equal(taken.event.oldstate, STATE_ESTABLISHED);
	assert_int_equal(taken.event.newstate, STATE_CLOSE_WAIT);
	assert_int_equal(taken.event.owner_count, 0);
	assert_int_equal(taken.event.inode, 0);
	assert_null(taken.event.closing);
	record.kind |= RECORD_AGAIN;
	taken = taken_of(&record);
	assert_transition(&taken.event, true);
	record.oldstate = 12; /* TCP_NEW_SYN_RECV, and a state that a later kernel may add */
	record.newstate = 255;
	taken = taken_of(&record);
	assert_int_equal(taken.event.oldstate, STATE_UNKNOWN);
	assert_int_equal(taken.event.newstate, STATE_UNKNOWN);
}

static void test_call(void **state)
{
	struct call_record record = {
		.transition = make_transition(RECORD_CALL), .pid = 100, .inode = 11, .lineage = make_lineage()};
	struct taken taken;

	(void)state;
	memset(record.comm, 'x', sizeof(record.comm)); /* without a NUL */
	taken = taken_of(&record);
	assert_transition(&taken.event, false);
	assert_int_equal(taken.event.inode, 11);
	assert_int_equal(taken.event.owner_count, 1);
	assert_int_equal(taken.owner.pid, 100);
	assert_int_equal(taken.owner.fd, FD_UNKNOWN);
	assert_string_equal(taken.owner.comm, "xxxxxxxxxxxxxxx");
	assert_lineage(&taken);
	record.transition.kind |= RECORD_AGAIN;
	record.pid = 0; /* a kernel thread called */
	taken = taken_of(&record);
	assert_transition(&taken.event, true);
	assert_int_equal(taken.event.owner_count, 0);
	assert_null(taken.event.lineage);
}

/* A process may be older than the clock of the reader's time namespace. */
static void test_caller_older_than_the_clock(void **state)
{
	struct call_record record = {.transition = make_transition(RECORD_CALL), .pid = 100, .lineage = make_lineage()};

	(void)state;
	record.lineage.start_ns = -1;
	assert_int_equal(taken_of(&record).lineage.start_ns, 0);
	record.lineage.start_ns = INT64_MIN;
	assert_int_equal(taken_of(&record).lineage.start_ns, 0);
	record.lineage.start_ns = 1;
	assert_int_equal(taken_of(&record).lineage.start_ns, 1);
}

static void test_closing(void **state)
{
	struct closing_record record = {
		.transition = make_transition(RECORD_CLOSING | RECORD_AGAIN),
		.rx_bytes = UINT64_MAX,
		.tx_bytes = 1ULL << 40,
		.srtt_us = 850,
		.retrans = 3,
		.inode = 12,
		.err = ETIMEDOUT,
		.lives_on = STATE_TIME_WAIT,
	};
	struct taken taken = taken_of(&record);

	(void)state;
	assert_transition(&taken.event, true);
	assert_int_equal(taken.event.inode, 12);
	assert_non_null(taken.event.closing);
	assert_int_equal(taken.closing.rx_bytes, UINT64_MAX);
	assert_int_equal(taken.closing.tx_bytes, 1ULL << 40);
	assert_int_equal(taken.closing.srtt_us, 850);
	assert_int_equal(taken.closing.retrans, 3);
	assert_int_equal(taken.closing.err, ETIMEDOUT);
	assert_int_equal(taken.closing.lives_on, STATE_TIME_WAIT);
	assert_true(taken.closing.had_port);
	record.transition.lport = 0;
	record.lives_on = 0;
	taken = taken_of(&record);
	assert_false(taken.closing.had_port);
	assert_int_equal(taken.closing.lives_on, 0);
}

/* Each flag is one fact, and no other. */
static void test_closing_flags(void **state)
{
	struct closing_record record = {.transition = make_transition(RECORD_CLOSING)};

	(void)state;
	for (unsigned int flags = 0; flags < 64; flags++) {
		record.flags = (uint8_t)flags;
		struct closing closing = taken_of(&record).closing;

		assert_int_equal(closing.sent, !!(flags & CLOSING_SENT));
		assert_int_equal(closing.acked, !!(flags & CLOSING_ACKED));
		assert_int_equal(closing.peer_fin, !!(flags & CLOSING_PEER_FIN));
		assert_int_equal(closing.shut_read, !!(flags & CLOSING_SHUT_READ));
		assert_int_equal(closing.shut_write, !!(flags & CLOSING_SHUT_WRITE));
		assert_int_equal(closing.orphan, !!(flags & CLOSING_ORPHAN));
	}
}

static void test_socket(void **state)
{
	struct socket_record record = {
		.transition = make_transition(RECORD_SOCKET), .inode = 13, .recvq = 14, .sendq = UINT32_MAX - 1};
	struct taken taken;

	(void)state;
	record.transition.oldstate = 0;
	taken = taken_of(&record);
	assert_int_equal(taken.event.kind, EVENT_ROW);
	assert_int_equal(taken.event.ts_ns, 0x1122334455667788);
	assert_int_equal(taken.event.sk, 0xffff888012345678);
	assert_int_equal(taken.event.cookie, 0x8877665544332211);
	assert_int_equal(taken.event.newstate, STATE_CLOSE_WAIT);
	assert_int_equal(taken.event.inode, 13);
	assert_int_equal(taken.event.recvq, 14);
	assert_int_equal(taken.event.sendq, UINT32_MAX - 1);
	assert_int_equal(taken.event.uid, 1000);
	assert_int_equal(taken.event.owner_count, 0);
	assert_false(taken.event.mini);
	assert_tuple(&taken.event.tuple);
}

/* The event of a minisocket has no socket address, and no user, except for a handshake, which has the user of its
 * listener. */
static void test_minisocket(void **state)
{
	static const uint8_t states[] = {STATE_TIME_WAIT, STATE_FIN_WAIT2, STATE_SYN_RECV};
	struct socket_record record = {.transition = make_transition(RECORD_SOCKET), .mini = 1};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(states); i++) {
		struct taken taken;

		record.transition.newstate = states[i];
		taken = taken_of(&record);
		assert_int_equal(taken.event.kind, EVENT_ROW);
		assert_true(taken.event.mini);
		assert_int_equal(taken.event.sk, 0);
		assert_int_equal(taken.event.cookie, 0x8877665544332211);
		assert_int_equal(taken.event.newstate, states[i]);
		assert_int_equal(taken.event.uid, states[i] == STATE_SYN_RECV ? 1000 : UID_UNKNOWN);
		assert_tuple(&taken.event.tuple);
	}
}

/* The interface stands behind the struct of each kind of record. */
static void test_interface(void **state)
{
	static const struct {
		uint8_t kind;
		size_t size;
	} kinds[] = {{RECORD_TRANSITION, sizeof(struct transition_record)},
		     {RECORD_CALL, sizeof(struct call_record)},
		     {RECORD_CLOSING, sizeof(struct closing_record)},
		     {RECORD_SOCKET, sizeof(struct socket_record)},
		     {RECORD_TRANSITION | RECORD_AGAIN, sizeof(struct transition_record)}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		const struct record_binding binding = {.interface = 0x7fffffff};
		struct {
			struct call_record record; /* the longest */
			struct record_binding room;
		} bytes;

		memset(&bytes, 0x55, sizeof(bytes));
		bytes.record.transition = make_transition(kinds[i].kind);
		memcpy((char *)&bytes + kinds[i].size, &binding, sizeof(binding));
		assert_int_equal(taken_of(&bytes).event.tuple.interface, 0);
		bytes.record.transition.kind |= RECORD_BOUND;
		assert_int_equal(taken_of(&bytes).event.tuple.interface, 0x7fffffff);
		assert_int_equal(taken_of(&bytes).event.again, (kinds[i].kind & RECORD_AGAIN) != 0);
		assert_int_equal(record_is_transition(&bytes), kinds[i].kind != RECORD_SOCKET);
	}
}

static void test_holder_and_accept(void **state)
{
	struct holder_record record = {.kind = RECORD_HOLDER,
				       .netns = 4026531840,
				       .sk = 0xffff888012345678,
				       .pid = 100,
				       .fd = 5,
				       .inode = 15,
				       .uid = 33};
	struct accept_record accepted = {.lineage = make_lineage()};
	struct taken taken;

	(void)state;
	memset(record.comm, '\377', sizeof(record.comm));
	taken = taken_of(&record);
	assert_int_equal(taken.event.kind, EVENT_HOLDER);
	assert_int_equal(taken.event.sk, 0xffff888012345678);
	assert_int_equal(taken.event.inode, 15);
	assert_int_equal(taken.event.uid, 33);
	assert_int_equal(taken.event.tuple.netns, 4026531840);
	assert_int_equal(taken.event.owner_count, 1);
	assert_int_equal(taken.owner.pid, 100);
	assert_int_equal(taken.owner.fd, 5);
	assert_int_equal(strlen(taken.owner.comm), COMM_LEN - 1);
	assert_null(taken.event.lineage);
	accepted.holder = record;
	accepted.holder.kind = RECORD_ACCEPT;
	accepted.holder.fd = -1;
	taken = taken_of(&accepted);
	assert_int_equal(taken.event.kind, EVENT_ACCEPT);
	assert_int_equal(taken.owner.pid, 100);
	assert_int_equal(taken.owner.fd, FD_UNKNOWN);
	assert_lineage(&taken);
}

static void test_which_are_transitions(void **state)
{
	static const struct {
		uint8_t kind;
		bool is;
	} kinds[] = {{RECORD_TRANSITION, true}, {RECORD_CALL, true},    {RECORD_CLOSING, true},
		     {RECORD_SOCKET, false},    {RECORD_HOLDER, false}, {RECORD_ACCEPT, false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct transition_record record = {.kind = kinds[i].kind};

		assert_int_equal(record_is_transition(&record), kinds[i].is);
		record.kind |= RECORD_AGAIN;
		assert_int_equal(record_is_transition(&record), kinds[i].is);
	}
}

/* Of each kind only its own length is taken. */
static void test_which_are_whole(void **state)
{
	enum { binding = sizeof(struct record_binding) };
	static const struct {
		uint8_t kind;
		size_t size;
	} kinds[] = {
		{RECORD_TRANSITION, sizeof(struct transition_record)},
		{RECORD_CALL, sizeof(struct call_record)},
		{RECORD_CLOSING, sizeof(struct closing_record)},
		{RECORD_TRANSITION | RECORD_AGAIN, sizeof(struct transition_record)},
		{RECORD_CALL | RECORD_AGAIN, sizeof(struct call_record)},
		{RECORD_CLOSING | RECORD_AGAIN, sizeof(struct closing_record)},
		{RECORD_SOCKET, sizeof(struct socket_record)},
		{RECORD_HOLDER, sizeof(struct holder_record)},
		{RECORD_ACCEPT, sizeof(struct accept_record)},
		{RECORD_TRANSITION | RECORD_BOUND, sizeof(struct transition_record) + binding},
		{RECORD_CALL | RECORD_BOUND, sizeof(struct call_record) + binding},
		{RECORD_CLOSING | RECORD_BOUND, sizeof(struct closing_record) + binding},
		{RECORD_TRANSITION | RECORD_FLAGS, sizeof(struct transition_record) + binding},
		{RECORD_CALL | RECORD_FLAGS, sizeof(struct call_record) + binding},
		{RECORD_CLOSING | RECORD_FLAGS, sizeof(struct closing_record) + binding},
		{RECORD_SOCKET | RECORD_BOUND, sizeof(struct socket_record) + binding},
	};

	(void)state;
	for (unsigned int kind = 0; kind <= UINT8_MAX; kind++) {
		struct closing_record room[2] = {{.transition = make_transition((uint8_t)kind)}};
		size_t wanted = 0;

		room->transition.newstate = STATE_CLOSE;
		for (size_t i = 0; i < COUNT_OF(kinds); i++)
			wanted = kinds[i].kind == kind ? kinds[i].size : wanted;
		for (size_t size = 0; size <= sizeof(room); size++)
			assert_int_equal(record_is_whole(room, size), size && size == wanted);
	}
}

static void test_families_and_states_that_are_none(void **state)
{
	struct transition_record plain = make_transition(RECORD_TRANSITION);
	struct closing_record closing = {.transition = make_transition(RECORD_CLOSING)};

	(void)state;
	assert_true(record_is_whole(&plain, sizeof(plain)));
	plain.family = 5;
	assert_false(record_is_whole(&plain, sizeof(plain)));
	closing.transition.newstate = STATE_LAST_ACK;
	assert_false(record_is_whole(&closing, sizeof(closing)));
	closing.transition.newstate = STATE_CLOSE;
	assert_true(record_is_whole(&closing, sizeof(closing)));
	for (unsigned int heir = 0; heir <= UINT8_MAX; heir++) {
		bool lives_on = heir == STATE_TIME_WAIT || heir == STATE_FIN_WAIT2;

		closing.lives_on = (uint8_t)heir;
		assert_int_equal(taken_of(&closing).closing.lives_on, lives_on ? heir : 0);
	}
}

static void test_answer_is_passed_on(void **state)
{
	static const uint8_t kinds[] = {RECORD_TRANSITION, RECORD_CALL,   RECORD_CLOSING,
					RECORD_SOCKET,     RECORD_HOLDER, RECORD_ACCEPT};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct call_record room = {.transition = make_transition(kinds[i])}; /* the longest record */
		struct taken taken = {.answer = -ENOMEM};

		assert_int_equal(record_hand_on(&room, take_event, &taken), -ENOMEM);
		assert_int_equal(taken.count, 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transition),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_caller_older_than_the_clock),
		cmocka_unit_test(test_closing),
		cmocka_unit_test(test_closing_flags),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_minisocket),
		cmocka_unit_test(test_interface),
		cmocka_unit_test(test_holder_and_accept),
		cmocka_unit_test(test_which_are_transitions),
		cmocka_unit_test(test_which_are_whole),
		cmocka_unit_test(test_families_and_states_that_are_none),
		cmocka_unit_test(test_answer_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
