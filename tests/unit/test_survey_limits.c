// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what the surveys of `explain` count: of a port, of a state, and the orders at their exact limits.
 */
#include <string.h>

#include "check.h"
#include "port_survey.h"
#include "port_verdict.h"
#include "state_guide.h"
#include "state_survey.h"

enum { PORT = 8080 };

static struct socket socket_at(uint8_t state, const char *laddr, uint16_t lport, uint16_t rport)
{
	struct socket socket = {.state = state, .tuple = {.lport = lport, .rport = rport}, .inode = 1};

	socket.tuple.family = address_parse(laddr, &socket.tuple.laddr);
	assert_int_not_equal(socket.tuple.family, 0);
	return socket;
}

/* ---- a port ---- */

static void add_to_port(struct port_survey *survey, struct socket socket)
{
	assert_int_equal(port_survey_add(survey, &socket), 0);
}

static void test_ends_of_a_port(void **state)
{
	struct socket udp = socket_at(STATE_ESTABLISHED, "10.0.0.1", 40000, PORT);
	struct port_survey survey;

	(void)state;
	assert_int_equal(port_survey_init(&survey, PORT), 0);
	add_to_port(&survey, socket_at(STATE_LISTEN, "0.0.0.0", PORT, 0));
	add_to_port(&survey, socket_at(STATE_CLOSE, "0.0.0.0", PORT, 0));
	add_to_port(&survey, socket_at(STATE_ESTABLISHED, "10.0.0.1", PORT, 40000));
	add_to_port(&survey, socket_at(STATE_ESTABLISHED, "10.0.0.1", 40000, PORT));
	add_to_port(&survey, socket_at(STATE_CLOSE_WAIT, "10.0.0.1", PORT, PORT)); /* to itself: at both ends */
	add_to_port(&survey, socket_at(STATE_ESTABLISHED, "10.0.0.1", 1, 2));
	udp.protocol = PROTOCOL_UDP;
	add_to_port(&survey, udp);
	udp.tuple.rport = 1;
	add_to_port(&survey, udp);
	assert_int_equal(survey.servers.count, 2);
	assert_int_equal(survey.local[STATE_ESTABLISHED], 1);
	assert_int_equal(survey.local[STATE_CLOSE_WAIT], 1);
	assert_int_equal(survey.remote[STATE_ESTABLISHED], 1);
	assert_int_equal(survey.remote[STATE_CLOSE_WAIT], 1);
	assert_int_equal(survey.udp_remote, 1);
	port_survey_free(&survey);
}

/* Port 0 is none: a socket without a peer is not connected to it. */
static void test_port_0(void **state)
{
	struct port_survey survey;

	(void)state;
	assert_int_equal(port_survey_init(&survey, 0), 0);
	add_to_port(&survey, socket_at(STATE_ESTABLISHED, "10.0.0.1", 80, 0));
	assert_int_equal(survey.remote[STATE_ESTABLISHED], 0);
	port_survey_free(&survey);
}

/* By family: a handshake that is not done keeps no port, and the longest TIME_WAIT counts. */
static void test_connections_that_keep_a_port(void **state)
{
	static const uint32_t times_ms[] = {300, 500, 400};
	struct socket half = socket_at(STATE_SYN_RECV, "10.0.0.1", PORT, 1), young = half;
	struct socket connected = socket_at(STATE_ESTABLISHED, "10.0.0.1", PORT, 2);
	struct port_survey survey;

	(void)state;
	assert_int_equal(port_survey_init(&survey, PORT), 0);
	half.mini = true;
	add_to_port(&survey, half);
	assert_int_equal(survey.held[PORT_IPV4], 0);
	add_to_port(&survey, young); /* both have connected: that is a socket */
	connected.timer_ms = 9999;   /* a timer, but none of a TIME_WAIT */
	add_to_port(&survey, connected);
	for (size_t i = 0; i < COUNT_OF(times_ms); i++) {
		struct socket wait = socket_at(STATE_TIME_WAIT, "fd00::1", PORT, 3);

		wait.mini = true;
		wait.timer_ms = times_ms[i];
		add_to_port(&survey, wait);
	}
	assert_int_equal(survey.held[PORT_IPV4], 2);
	assert_int_equal(survey.held[PORT_IPV6], 0);
	assert_int_equal(survey.waiting[PORT_IPV4], 0);
	assert_int_equal(survey.waiting[PORT_IPV6], 3);
	assert_int_equal(survey.waiting_ms, 500);
	assert_int_equal(survey.local[STATE_SYN_RECV], 2);
	port_survey_free(&survey);
}

static void test_families(void **state)
{
	static const struct {
		const char *address;
		enum tristate v6only;
		unsigned int wanted;
	} cases[] = {
		{"0.0.0.0", TRISTATE_UNKNOWN, 1u << PORT_IPV4},
		{"::ffff:10.0.0.1", TRISTATE_NO, 1u << PORT_IPV4},
		{"::", TRISTATE_NO, PORT_BOTH},
		{"::", TRISTATE_UNKNOWN, PORT_BOTH},
		{"::", TRISTATE_YES, 1u << PORT_IPV6},
		{"fd00::1", TRISTATE_NO, 1u << PORT_IPV6},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct socket socket = socket_at(STATE_LISTEN, cases[i].address, PORT, 0);

		socket.v6only = cases[i].v6only;
		assert_int_equal(port_families_of(&socket), cases[i].wanted);
	}
}

static void test_udp_at_addresses_of_its_own(void **state)
{
	struct socket tcp = socket_at(STATE_LISTEN, "10.0.0.1", PORT, 0), udp = tcp;
	struct port_survey survey;

	(void)state;
	assert_int_equal(port_survey_init(&survey, PORT), 0);
	assert_int_equal(port_udp_wildcards(&survey), PORT_BOTH);
	add_to_port(&survey, tcp);
	assert_int_equal(port_udp_wildcards(&survey), PORT_BOTH);
	udp.protocol = PROTOCOL_UDP;
	udp.state = STATE_CLOSE;
	add_to_port(&survey, udp);
	assert_int_equal(port_udp_wildcards(&survey), 1u << PORT_IPV6);
	udp = socket_at(STATE_CLOSE, "::", PORT, 0);
	udp.protocol = PROTOCOL_UDP;
	add_to_port(&survey, udp);
	assert_int_equal(port_udp_wildcards(&survey), 1u << PORT_IPV6);
	port_survey_free(&survey);
}

static void test_ranges_of_ports(void **state)
{
	const struct port_facts facts = {.unprivileged_start = 1024, .ephemeral_low = 20000, .ephemeral_high = 20010};

	(void)state;
	assert_false(port_is_privileged(&facts, 0));
	assert_true(port_is_privileged(&facts, 1));
	assert_true(port_is_privileged(&facts, 1023));
	assert_false(port_is_privileged(&facts, 1024));
	assert_false(port_is_ephemeral(&facts, 19999));
	assert_true(port_is_ephemeral(&facts, 20000));
	assert_true(port_is_ephemeral(&facts, 20010));
	assert_false(port_is_ephemeral(&facts, 20011));
}

/* ---- a state ---- */

static void test_queues(void **state)
{
	static const uint32_t queues[] = {0, 1, 2, QUEUE_UNKNOWN};
	struct state_survey survey;

	(void)state;
	assert_int_equal(state_survey_init(&survey, STATE_CLOSE_WAIT), 0);
	for (size_t i = 0; i < COUNT_OF(queues) * COUNT_OF(queues); i++) {
		struct socket socket = socket_at(STATE_CLOSE_WAIT, "10.0.0.1", 80, 40000);

		socket.recvq = queues[i % COUNT_OF(queues)];
		socket.sendq = queues[i / COUNT_OF(queues)];
		assert_int_equal(state_survey_add(&survey, &socket), 0);
	}
	assert_int_equal(survey.unread, 8);
	assert_int_equal(survey.unsent, 8);
	state_survey_free(&survey);
}

/* A timer of a socket is no end of a minisocket. */
static void test_last_minisocket(void **state)
{
	static const struct {
		bool mini;
		uint32_t ms, wanted;
	} steps[] = {{false, 900, 0}, {true, 300, 300}, {true, 500, 500}, {true, 400, 500}};
	struct state_survey survey;

	(void)state;
	assert_int_equal(state_survey_init(&survey, STATE_FIN_WAIT2), 0);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct socket socket = socket_at(STATE_FIN_WAIT2, "10.0.0.1", 80, 40000);

		socket.mini = steps[i].mini;
		socket.timer_ms = steps[i].ms;
		assert_int_equal(state_survey_add(&survey, &socket), 0);
		assert_int_equal(survey.last_ms, steps[i].wanted);
	}
	state_survey_free(&survey);
}

/* A queue takes one connection more than its backlog says (sk_acceptq_is_full()). */
static void test_full_listeners(void **state)
{
	static const struct {
		uint32_t recvq, sendq;
		bool full;
	} cases[] = {
		{0, 0, false},
		{1, 0, true},
		{128, 128, false},
		{129, 128, true},
		{QUEUE_UNKNOWN, 128, false},
		{5, QUEUE_UNKNOWN, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct socket socket = {.recvq = cases[i].recvq, .sendq = cases[i].sendq};

		assert_int_equal(listener_is_full(&socket), cases[i].full);
	}
}

/* Listeners that are equally full: by how many wait, then by port. */
static void test_order_of_listeners(void **state)
{
	static const struct {
		uint32_t recvq, sendq;
		uint16_t port;
	} given[] = {{1, 1, 30}, {1, 1, 10}, {2, 3, 40}, {1, 1, 20}, {4, 7, 50}, {1, 9, 60}, {2, 3, 35}};
	static const uint16_t wanted[] = {50, 35, 40, 10, 20, 30, 60};
	struct state_survey survey;

	(void)state;
	assert_int_equal(state_survey_init(&survey, STATE_LISTEN), 0);
	for (size_t i = 0; i < COUNT_OF(given); i++) {
		struct socket socket = socket_at(STATE_LISTEN, "0.0.0.0", given[i].port, 0);

		socket.recvq = given[i].recvq;
		socket.sendq = given[i].sendq;
		assert_int_equal(state_survey_add(&survey, &socket), 0);
	}
	state_survey_end(&survey);
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		assert_int_equal(survey.waiting.rows[i].tuple.lport, wanted[i]);
	state_survey_free(&survey);
}

/* tcp_max_orphans is one for the host; the others each network namespace has for itself. */
static void test_settings_of_the_host(void **state)
{
	(void)state;
	for (int setting = SETTING_NONE + 1; setting < SETTING_COUNT; setting++)
		assert_int_equal(setting_is_of_host((enum setting)setting),
				 strstr(setting_guide((enum setting)setting)->name, "tcp_max_orphans") != NULL);
}

/* ---- tallies ---- */

static struct tally_key key_of(uint32_t number, const char *name, uint8_t family, uint8_t last)
{
	struct tally_key key = {.number = number, .family = family, .address.bytes = {[15] = last}};

	strncpy(key.name, name, COMM_LEN - 1);
	return key;
}

/* Equally frequent things come in the order of names, addresses, families, numbers. */
static void test_order_of_a_tally(void **state)
{
	const struct tally_key keys[] = {
		key_of(9, "a", 4, 1), key_of(1, "b", 4, 1), key_of(2, "b", 4, 1),
		key_of(1, "b", 6, 1), key_of(1, "b", 4, 2), key_of(7, "c", 4, 0),
	};
	struct tally_count top[COUNT_OF(keys) + 1];
	struct tally tally;

	(void)state;
	assert_int_equal(tally_init(&tally), 0);
	for (size_t i = COUNT_OF(keys); i-- > 0;)
		for (int times = 0; times < 2; times++)
			assert_int_equal(tally_add(&tally, &keys[i]), 0);
	assert_int_equal(tally.total, 2 * COUNT_OF(keys));
	assert_int_equal(tally_top(&tally, top, COUNT_OF(top)), COUNT_OF(keys));
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		assert_memory_equal(&top[i].key, &keys[i], sizeof(keys[i]));
		assert_int_equal(top[i].count, 2);
	}
	assert_int_equal(tally_top(&tally, top, 2), 2); /* no more than fit */
	assert_memory_equal(&top[1].key, &keys[1], sizeof(keys[1]));
	assert_int_equal(tally_top(&tally, top, 0), 0);
	tally_free(&tally);
	tally_free(&(struct tally){0});
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_of_a_port),
		cmocka_unit_test(test_port_0),
		cmocka_unit_test(test_connections_that_keep_a_port),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_udp_at_addresses_of_its_own),
		cmocka_unit_test(test_ranges_of_ports),
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_last_minisocket),
		cmocka_unit_test(test_full_listeners),
		cmocka_unit_test(test_order_of_listeners),
		cmocka_unit_test(test_settings_of_the_host),
		cmocka_unit_test(test_order_of_a_tally),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
