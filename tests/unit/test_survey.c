// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the counts of sockets: the most frequent keys, and the counts that explain a state.
 */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "state_survey.h"

/* ---- sets of ports ---- */

static void test_port_lists(void **unused)
{
	static const char *const wrong[] = {"x", "1-", "-1", "1,,2", "1,2x", "65536", "1-65536", "1 2"};
	struct port_set set = {{0}};

	(void)unused;
	assert_int_equal(port_set_parse(&set, ""), 0);
	assert_int_equal(port_set_parse(&set, "\n"), 0);
	assert_int_equal(port_set_parse(&set, "0,80,1000-1002,65535\n"), 0);
	for (uint32_t port = 0; port <= UINT16_MAX; port++)
		assert_int_equal(port_set_has(&set, (uint16_t)port),
				 port == 0 || port == 80 || (port >= 1000 && port <= 1002) || port == 65535);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_int_equal(port_set_parse(&set, wrong[i]), -EINVAL);
}

/* ---- tallies ---- */

static void test_tally(void **unused)
{
	struct tally_count top[4];
	struct tally tally;

	(void)unused;
	assert_int_equal(tally_init(&tally), 0);
	assert_int_equal(tally_top(&tally, top, 4), 0);
	for (uint32_t number = 1; number <= 1000; number++)
		for (uint32_t i = 0; i <= number % 10; i++)
			assert_int_equal(tally_add(&tally, &(struct tally_key){.number = number}), 0);
	assert_int_equal(tally.index.count, 1000);
	assert_int_equal(tally.total, 5500);
	assert_int_equal(tally_top(&tally, top, 4), 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(top[i].count, 10);
		assert_int_equal(top[i].key.number, 9 + 10 * i); /* equally frequent ones in order */
	}
	tally_free(&tally);
}

/* Keys with the same number differ by name, family or address. */
static void test_tally_tells_keys_apart(void **unused)
{
	struct tally_key keys[4] = {{.number = 1}, {.number = 1}, {.number = 1}, {.number = 1}};
	struct tally_count top[8];
	struct tally tally;

	(void)unused;
	strcpy(keys[1].name, "x");
	keys[2].family = 6;
	keys[3].address.bytes[15] = 1;
	assert_int_equal(tally_init(&tally), 0);
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j <= i; j++)
			assert_int_equal(tally_add(&tally, &keys[i]), 0);
	assert_int_equal(tally_top(&tally, top, 8), 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(top[i].count, 4 - i);
		assert_memory_equal(&top[i].key, &keys[3 - i], sizeof(keys[0]));
	}
	tally_free(&tally);
}

static void test_a_process_counts_once(void **unused)
{
	const struct owner owners[] = {{.pid = 1, .fd = 3}, {.pid = 1, .fd = 4}, {.pid = 2, .fd = 3}};
	struct tally_count top[4];
	struct tally tally;

	(void)unused;
	assert_int_equal(tally_init(&tally), 0);
	assert_int_equal(tally_add_owners(&tally, owners, 3), 0);
	assert_int_equal(tally_add_owners(&tally, owners, 1), 0);
	assert_int_equal(tally_top(&tally, top, 4), 2);
	assert_int_equal(top[0].key.number, 1);
	assert_int_equal(top[0].count, 2);
	assert_int_equal(top[1].count, 1);
	tally_free(&tally);
}

/* ---- states ---- */

static struct socket socket_of(uint8_t state, uint16_t lport, uint16_t rport)
{
	return (struct socket){
		.state = state,
		.tuple = {.family = 4, .lport = lport, .rport = rport, .raddr.bytes = {[15] = 9}},
		.inode = 1,
	};
}

static struct state_survey begin_survey(uint8_t state)
{
	struct state_survey survey;

	assert_int_equal(state_survey_init(&survey, state), 0);
	survey.ephemeral_low = 32768;
	survey.ephemeral_high = 60999;
	return survey;
}

static void add_socket(struct state_survey *survey, struct socket socket)
{
	assert_int_equal(state_survey_add(survey, &socket), 0);
}

static void test_directions(void **unused)
{
	struct state_survey survey = begin_survey(STATE_ESTABLISHED);
	const struct socket listener = socket_of(STATE_LISTEN, 50000, 0);
	struct tally_count top[4];

	(void)unused;
	state_survey_note_listener(&survey, &listener);
	add_socket(&survey,
		   socket_of(STATE_ESTABLISHED, 80, 40000)); /* a server's without its listener, or a client's */
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 50000, 40000)); /* somebody listens on this port */
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 50000, 40001));
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 40000, 443));
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 61000, 443));
	assert_int_equal(tally_top(&survey.ports, top, 4), 1);
	assert_int_equal(top[0].key.number, 50000);
	assert_int_equal(top[0].count, 2);
	assert_int_equal(survey.clients.total, 2);
	assert_int_equal(tally_top(&survey.destinations, top, 4), 1);
	assert_int_equal(top[0].key.number, 443);
	assert_int_equal(top[0].key.address.bytes[15], 9);
	assert_int_equal(tally_top(&survey.either_way, top, 4), 2);
	assert_int_equal(top[0].key.number + top[1].key.number, 40000 + 443);
	state_survey_free(&survey);
}

/* A client keeps its port when the range is changed. */
static void test_directions_in_another_range(void **unused)
{
	struct state_survey survey = begin_survey(STATE_ESTABLISHED);
	const struct socket listener = socket_of(STATE_LISTEN, 5432, 0);
	struct socket to_own = socket_of(STATE_ESTABLISHED, 900, 5432);
	struct tally_count top[4];

	(void)unused;
	survey.ephemeral_low = 20000;
	survey.ephemeral_high = 20010;
	state_survey_note_listener(&survey, &listener);
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 32768, 5432));
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 60999, 5432));
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 20000, 5432));
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 20010, 5432));
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 19999, 5432));
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 20011, 5432));
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 32767, 5432));
	add_socket(&survey, socket_of(STATE_ESTABLISHED, 61000, 5432));
	to_own.tuple.laddr = to_own.tuple.raddr;
	add_socket(&survey, to_own);
	assert_int_equal(survey.ports.total, 0);
	assert_int_equal(tally_top(&survey.destinations, top, 4), 1);
	assert_int_equal(top[0].count, 5);
	assert_int_equal(survey.either_way.total, 4);
	state_survey_free(&survey);
}

static void test_who_holds(void **unused)
{
	static const struct owner owner = {.pid = 12, .comm = "nginx"};
	struct state_survey survey = begin_survey(STATE_FIN_WAIT2);
	struct socket held = socket_of(STATE_FIN_WAIT2, 80, 1), orphan = held, mini = held, unknown = held;

	(void)unused;
	held.owners = &owner;
	held.owner_count = 1;
	held.recvq = 1;
	orphan.inode = 0;
	orphan.sendq = 1;
	orphan.retransmits = 1;
	mini.inode = 0;
	mini.mini = true;
	mini.timer_ms = 1234;
	unknown.tuple.family = 6;
	unknown.recvq = QUEUE_UNKNOWN;
	unknown.sendq = QUEUE_UNKNOWN;
	add_socket(&survey, held);
	add_socket(&survey, orphan);
	add_socket(&survey, mini);
	add_socket(&survey, unknown);
	assert_int_equal(state_survey_count(&survey), 4);
	assert_int_equal(survey.ipv4, 3);
	assert_int_equal(survey.ipv6, 1);
	assert_int_equal(survey.holders.total, 1);
	assert_int_equal(survey.orphans, 1);
	assert_int_equal(survey.minis, 1);
	assert_int_equal(survey.unknown, 1);
	assert_int_equal(survey.last_ms, 1234);
	assert_int_equal(survey.unread, 1);
	assert_int_equal(survey.unsent, 1);
	assert_int_equal(survey.retrying, 1);
	state_survey_free(&survey);
}

static void test_fullest_listener_first(void **unused)
{
	static const struct {
		uint32_t recvq, sendq;
	} queues[] = {{10, 128}, {0, 128}, {3, 2}, {2, 1}, {64, 128}, {QUEUE_UNKNOWN, QUEUE_UNKNOWN}, {129, 128}};
	static const uint32_t wanted[] = {129, 3, 2, 64, 10};
	struct state_survey survey = begin_survey(STATE_LISTEN);

	(void)unused;
	for (size_t i = 0; i < COUNT_OF(queues); i++) {
		struct socket listener = socket_of(STATE_LISTEN, (uint16_t)(i + 1), 0);

		listener.recvq = queues[i].recvq;
		listener.sendq = queues[i].sendq;
		add_socket(&survey, listener);
	}
	state_survey_end(&survey);
	assert_int_equal(survey.full, 3);
	assert_int_equal(survey.waiting.count, COUNT_OF(wanted));
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		assert_int_equal(survey.waiting.rows[i].recvq, wanted[i]);
	assert_int_equal(survey.ports.total + survey.destinations.total, 0);
	state_survey_free(&survey);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_lists),
		cmocka_unit_test(test_tally),
		cmocka_unit_test(test_tally_tells_keys_apart),
		cmocka_unit_test(test_a_process_counts_once),
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_directions_in_another_range),
		cmocka_unit_test(test_who_holds),
		cmocka_unit_test(test_fullest_listener_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
