// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests why a port cannot be bound: the reasons come from the sockets that are there and from the kernel's answers.
 */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "port_verdict.h"

enum { PORT = 8080, V4 = 1 << PORT_IPV4, V6 = 1 << PORT_IPV6 };

/* A host. A new one has no sockets. */
struct port_host {
	struct port_survey survey;
	struct port_facts facts;
	struct port_verdict verdict;
};

static struct port_host *host_new(void)
{
	struct port_host *host = test_calloc(1, sizeof(*host));

	assert_int_equal(port_survey_init(&host->survey, PORT), 0);
	host->facts.unprivileged_start = 1024;
	host->facts.ephemeral_low = 32768;
	host->facts.ephemeral_high = 60999;
	return host;
}

static void host_free(struct port_host *host)
{
	port_survey_free(&host->survey);
	test_free(host);
}

static void trial_gives(struct port_host *host, enum protocol protocol, unsigned int way, int plain, int reuse)
{
	host->facts.trials[protocol][way] = (struct bind_trial){plain, reuse};
}

static struct socket make_socket(const char *address, uint8_t state)
{
	struct socket socket = {.state = state, .tuple = {.lport = PORT}};

	socket.tuple.family = address_parse(address, &socket.tuple.laddr);
	assert_int_not_equal(socket.tuple.family, 0);
	return socket;
}

static void add_socket(struct port_host *host, struct socket socket)
{
	assert_int_equal(port_survey_add(&host->survey, &socket), 0);
}

static void judge_port(struct port_host *host)
{
	port_verdict_make(&host->survey, &host->facts, 1u << PROTOCOL_TCP | 1u << PROTOCOL_UDP, &host->verdict);
}

static const struct port_reason *assert_reason(const struct port_host *host, size_t i, enum port_why why,
					       unsigned int families, uint64_t count)
{
	const struct port_reason *reason = &host->verdict.reasons[i];

	assert_true(i < host->verdict.reason_count);
	assert_string_equal(port_why_name(reason->why), port_why_name(why));
	assert_int_equal(reason->families, families);
	assert_int_equal(reason->count, count);
	return reason;
}

static void assert_answer(const struct port_host *host, enum protocol protocol, unsigned int way, const char *wanted)
{
	const char *name = bind_answer_name(host->verdict.answers[protocol][way]);

	if (wanted)
		assert_string_equal(name, wanted);
	else
		assert_null(name);
}

static void test_families(void **unused)
{
	struct socket both = make_socket("::", STATE_LISTEN), only = make_socket("::", STATE_LISTEN),
		      unknown = make_socket("::", STATE_LISTEN);
	struct socket mapped = make_socket("::ffff:10.0.0.1", STATE_TIME_WAIT),
		      six = make_socket("fd00::1", STATE_LISTEN);
	struct socket four = make_socket("10.0.0.1", STATE_LISTEN), any = make_socket("0.0.0.0", STATE_LISTEN);

	(void)unused;
	both.v6only = TRISTATE_NO;
	only.v6only = TRISTATE_YES;
	assert_int_equal(port_families_of(&both), V4 | V6);
	assert_int_equal(port_families_of(&unknown), V4 | V6);
	assert_int_equal(port_families_of(&only), V6);
	assert_int_equal(port_families_of(&mapped), V4);
	assert_int_equal(port_families_of(&six), V6);
	assert_int_equal(port_families_of(&four), V4);
	assert_int_equal(port_families_of(&any), V4);
}

static void test_free_port(void **unused)
{
	struct port_host *host = host_new();

	(void)unused;
	judge_port(host);
	assert_int_equal(host->verdict.reason_count, 0);
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++)
		for (unsigned int way = 0; way < PORT_WAYS; way++)
			assert_answer(host, protocol, way, "yes");
	host_free(host);
}

static void test_answers(void **unused)
{
	static const struct {
		int plain, reuse;
		const char *answer;
	} cases[] = {
		{0, 0, "yes"},
		{EADDRINUSE, 0, "with_reuseaddr"},
		{EADDRINUSE, EADDRINUSE, "in_use"},
		{EADDRINUSE, BIND_UNTRIED, "in_use"},
		{EACCES, EACCES, "forbidden"},
		{EPERM, EPERM, "forbidden"},
		{EAFNOSUPPORT, EAFNOSUPPORT, "no_family"},
		{EADDRNOTAVAIL, EADDRNOTAVAIL, "no_family"},
		{ENOMEM, ENOMEM, NULL},
		{BIND_UNTRIED, BIND_UNTRIED, NULL},
	};
	struct port_host *host = host_new();

	(void)unused;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		trial_gives(host, PROTOCOL_TCP, PORT_IPV6, cases[i].plain, cases[i].reuse);
		judge_port(host);
		assert_answer(host, PROTOCOL_TCP, PORT_IPV6, cases[i].answer);
		assert_answer(host, PROTOCOL_TCP, PORT_IPV4, "yes");
	}
	host_free(host);
}

static void test_listeners(void **unused)
{
	struct port_host *host = host_new();
	const struct port_reason *reason;

	(void)unused;
	trial_gives(host, PROTOCOL_TCP, PORT_IPV4, EADDRINUSE, EADDRINUSE);
	add_socket(host, make_socket("127.0.0.1", STATE_LISTEN));
	add_socket(host, make_socket("127.0.0.1", STATE_ESTABLISHED)); /* the listener's own connection: no reason */
	add_socket(host, make_socket("127.0.0.1", STATE_TIME_WAIT));
	judge_port(host);
	assert_int_equal(host->verdict.reason_count, 1);
	reason = assert_reason(host, 0, WHY_LISTENER, V4, 1);
	assert_true(reason->one_address);
	add_socket(host, make_socket("0.0.0.0", STATE_LISTEN));
	judge_port(host);
	reason = assert_reason(host, 0, WHY_LISTENER, V4, 2);
	assert_false(reason->one_address || reason->one_device);
	host_free(host);
}

/* A listener that is bound to a device and to no address keeps the port at all addresses, except on other devices. */
static void test_devices(void **unused)
{
	struct port_host *host = host_new();
	struct socket at_device = make_socket("0.0.0.0", STATE_LISTEN);
	const struct port_reason *reason;

	(void)unused;
	at_device.tuple.interface = 1;
	trial_gives(host, PROTOCOL_TCP, PORT_IPV4, EADDRINUSE, EADDRINUSE);
	add_socket(host, at_device);
	judge_port(host);
	reason = assert_reason(host, 0, WHY_LISTENER, V4, 1);
	assert_true(reason->one_device && !reason->one_address);
	add_socket(host, make_socket("127.0.0.1", STATE_LISTEN));
	judge_port(host);
	assert_true(assert_reason(host, 0, WHY_LISTENER, V4, 2)->one_device);
	add_socket(host, make_socket("0.0.0.0", STATE_LISTEN));
	judge_port(host);
	reason = assert_reason(host, 0, WHY_LISTENER, V4, 3);
	assert_false(reason->one_address || reason->one_device);
	host_free(host);
}

static void test_udp_wildcards(void **unused)
{
	struct port_host *host = host_new();
	struct socket udp = make_socket("::", STATE_CLOSE);

	(void)unused;
	add_socket(host, make_socket("127.0.0.1", STATE_LISTEN)); /* of TCP */
	udp.protocol = PROTOCOL_UDP;
	add_socket(host, udp);
	assert_int_equal(port_udp_wildcards(&host->survey), V4 | V6);
	udp.tuple.family = address_parse("::ffff:10.0.0.1", &udp.tuple.laddr);
	add_socket(host, udp);
	assert_int_equal(port_udp_wildcards(&host->survey), V6);
	udp.tuple.family = address_parse("fe80::1", &udp.tuple.laddr);
	add_socket(host, udp);
	assert_int_equal(port_udp_wildcards(&host->survey), 0);
	host_free(host);
}

/* Sockets that are there do not count against the kernel's yes. */
static void test_kernel_has_the_last_word(void **unused)
{
	struct port_host *host = host_new();
	struct socket udp = make_socket("0.0.0.0", STATE_CLOSE);

	(void)unused;
	udp.protocol = PROTOCOL_UDP;
	add_socket(host, make_socket("::", STATE_LISTEN));
	add_socket(host, udp);
	judge_port(host);
	assert_int_equal(host->verdict.reason_count, 0);
	trial_gives(host, PROTOCOL_UDP, PORT_IPV4, EADDRINUSE, BIND_UNTRIED);
	trial_gives(host, PROTOCOL_TCP, PORT_IPV6, EADDRINUSE, EADDRINUSE);
	judge_port(host);
	assert_int_equal(host->verdict.reason_count, 2);
	assert_reason(host, 0, WHY_LISTENER, V6, 1);
	assert_int_equal(assert_reason(host, 1, WHY_UDP_SOCKET, V4, 1)->protocol, PROTOCOL_UDP);
	host_free(host);
}

static void test_without_listener(void **unused)
{
	struct port_host *host = host_new();
	struct socket waiting = make_socket("127.0.0.1", STATE_TIME_WAIT),
		      half = make_socket("127.0.0.1", STATE_SYN_RECV);

	(void)unused;
	trial_gives(host, PROTOCOL_TCP, PORT_IPV4, EADDRINUSE, 0);
	waiting.mini = true;
	waiting.timer_ms = 1000;
	add_socket(host, waiting);
	waiting.timer_ms = 59000;
	add_socket(host, waiting);
	half.mini = true;
	add_socket(host, half);
	judge_port(host);
	assert_int_equal(host->verdict.reason_count, 1);
	assert_int_equal(assert_reason(host, 0, WHY_TIME_WAIT, V4, 2)->last_ms, 59000);
	add_socket(host, make_socket("127.0.0.1", STATE_ESTABLISHED));
	add_socket(host, make_socket("::1", STATE_ESTABLISHED)); /* but IPv6 may be bound */
	judge_port(host);
	assert_int_equal(host->verdict.reason_count, 2);
	assert_reason(host, 0, WHY_CONNECTIONS, V4, 1);
	assert_reason(host, 1, WHY_TIME_WAIT, V4, 2);
	host->facts.ephemeral_low = PORT;
	judge_port(host); /* a client would not have set SO_REUSEADDR */
	assert_reason(host, 0, WHY_CONNECTIONS, V4, 1);
	trial_gives(host, PROTOCOL_TCP, PORT_IPV4, EADDRINUSE, EADDRINUSE);
	trial_gives(host, PROTOCOL_TCP, PORT_IPV6, EADDRINUSE, 0);
	judge_port(host);
	assert_int_equal(host->verdict.reason_count, 3);
	assert_reason(host, 0, WHY_OUTGOING, V4, 1);
	assert_reason(host, 1, WHY_CONNECTIONS, V6, 1);
	assert_int_equal(host->survey.local[STATE_TIME_WAIT], 2);
	assert_int_equal(host->survey.local[STATE_SYN_RECV], 1);
	host_free(host);
}

static void test_bound_and_unseen(void **unused)
{
	struct port_host *host = host_new();

	(void)unused;
	trial_gives(host, PROTOCOL_TCP, PORT_IPV4, EADDRINUSE, EADDRINUSE);
	trial_gives(host, PROTOCOL_TCP, PORT_IPV6, EADDRINUSE, EADDRINUSE);
	judge_port(host);
	assert_int_equal(host->verdict.reason_count, 1);
	assert_reason(host, 0, WHY_UNSEEN, V4 | V6, 0);
	add_socket(host, make_socket("10.0.0.1", STATE_CLOSE));
	judge_port(host);
	assert_int_equal(host->verdict.reason_count, 2);
	assert_true(assert_reason(host, 0, WHY_BOUND, V4, 1)->one_address);
	assert_reason(host, 1, WHY_UNSEEN, V6, 0);
	host_free(host);
}

static void test_privilege(void **unused)
{
	struct port_host *host = host_new();

	(void)unused;
	assert_false(port_is_privileged(&host->facts, PORT) || port_is_privileged(&host->facts, 0));
	host->facts.unprivileged_start = PORT + 1;
	assert_true(port_is_privileged(&host->facts, PORT));
	trial_gives(host, PROTOCOL_TCP, PORT_IPV4, EACCES, EACCES);
	trial_gives(host, PROTOCOL_TCP, PORT_IPV6, EACCES, EACCES);
	add_socket(host, make_socket("0.0.0.0", STATE_LISTEN));
	judge_port(host);
	assert_int_equal(host->verdict.reason_count, 2);
	assert_reason(host, 0, WHY_PRIVILEGED, V4 | V6, 0);
	assert_reason(host, 1, WHY_LISTENER, V4, 1);
	host->facts.may_bind_privileged = true; /* so something else forbids the bind */
	judge_port(host);
	assert_reason(host, 0, WHY_FORBIDDEN, V4 | V6, 0);
	host_free(host);
}

/* Without a trial, the visible sockets are all the evidence. */
static void test_without_trials(void **unused)
{
	struct port_host *host = host_new();

	(void)unused;
	trial_gives(host, PROTOCOL_TCP, PORT_IPV4, BIND_UNTRIED, BIND_UNTRIED);
	trial_gives(host, PROTOCOL_TCP, PORT_IPV6, BIND_UNTRIED, BIND_UNTRIED);
	add_socket(host, make_socket("0.0.0.0", STATE_LISTEN));
	judge_port(host);
	assert_int_equal(host->verdict.reason_count, 1);
	assert_reason(host, 0, WHY_LISTENER, V4, 1);
	host_free(host);
}

static void test_what_counts(void **unused)
{
	struct port_host *host = host_new();
	struct socket other = make_socket("0.0.0.0", STATE_LISTEN), client = make_socket("10.0.0.1", STATE_ESTABLISHED),
		      udp = client;

	(void)unused;
	other.tuple.lport = PORT + 1;
	client.tuple.lport = 40000;
	client.tuple.rport = PORT;
	udp = client;
	udp.protocol = PROTOCOL_UDP;
	add_socket(host, other);
	add_socket(host, client);
	add_socket(host, udp);
	client.tuple.lport = PORT; /* the port at both ends */
	add_socket(host, client);
	assert_int_equal(host->survey.servers.count, 0);
	assert_int_equal(host->survey.remote[STATE_ESTABLISHED], 2);
	assert_int_equal(host->survey.local[STATE_ESTABLISHED], 1);
	assert_int_equal(host->survey.udp_remote, 1);
	host_free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_free_port),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_udp_wildcards),
		cmocka_unit_test(test_kernel_has_the_last_word),
		cmocka_unit_test(test_without_listener),
		cmocka_unit_test(test_bound_and_unseen),
		cmocka_unit_test(test_privilege),
		cmocka_unit_test(test_without_trials),
		cmocka_unit_test(test_what_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
