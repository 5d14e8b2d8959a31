// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what is taken for an answer of sock_diag: messages of the dump that was requested, sent by the kernel.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "diag_answer.h"
#include "sock_diag.h"

enum { SEQUENCE = 7, PORT = 4711, FORGED_PORT = 31337 };

/* The answer that tells of one TCP listener. */
struct answer {
	struct nlmsghdr header;
	struct inet_diag_msg socket;
};

static struct answer make_answer(uint32_t sequence, uint32_t port)
{
	return (struct answer){
		.header = {.nlmsg_len = sizeof(struct answer),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_MULTI,
			   .nlmsg_seq = sequence,
			   .nlmsg_pid = port},
		.socket = {.idiag_family = AF_INET, .idiag_state = STATE_LISTEN, .id.idiag_sport = htons(FORGED_PORT)},
	};
}

static int count_forged(void *context, const struct socket *socket)
{
	*(int *)context += socket->tuple.lport == FORGED_PORT;
	return 0;
}

static int take_answer(const void *answer, size_t length, int *count)
{
	struct diag_dump dump = {
		.protocol = PROTOCOL_TCP,
		.states = STATES_ALL,
		.sequence = SEQUENCE,
		.port = PORT,
		.handler = count_forged,
		.context = count,
	};

	*count = 0;
	return diag_answer_take(&dump, answer, length);
}

static void test_answer(void **state)
{
	struct answer two[] = {make_answer(SEQUENCE, PORT), make_answer(SEQUENCE, PORT)};
	int count;

	(void)state;
	assert_int_equal(take_answer(two, sizeof(two), &count), 1);
	assert_int_equal(count, 2);
}

static void test_answers_of_another_dump(void **state)
{
	static const uint32_t others[][2] = {
		{SEQUENCE + 1, PORT}, {SEQUENCE, PORT + 1}, {0, PORT}, {SEQUENCE, 0}, {0, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct answer two[] = {make_answer(SEQUENCE, PORT), make_answer(others[i][0], others[i][1])};
		int count;

		assert_int_equal(take_answer(two, sizeof(two), &count), -EBADMSG);
		assert_int_equal(count, 0);
	}
}

static void test_lengths_that_are_none(void **state)
{
	static const uint32_t lengths[] = {0,          15,        sizeof(struct answer) + 1, 0x7fffffff, 0x80000000,
					   0xff000000, UINT32_MAX};
	struct answer one = make_answer(SEQUENCE, PORT);
	int count;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		one.header.nlmsg_len = lengths[i];
		assert_int_equal(take_answer(&one, sizeof(one), &count), -EBADMSG);
	}
	one.header.nlmsg_len = sizeof(one) - 2; /* without its padding */
	assert_int_equal(take_answer(&one, sizeof(one) - 2, &count), -EBADMSG);
	for (size_t length = 1; length < sizeof(one); length++) {
		one = make_answer(SEQUENCE, PORT);
		assert_int_equal(take_answer(&one, length, &count), -EBADMSG);
	}
}

static void test_states_and_families_that_are_none(void **state)
{
	struct answer one = make_answer(SEQUENCE, PORT);
	int count;

	(void)state;
	one.socket.idiag_state = STATE_COUNT;
	assert_int_equal(take_answer(&one, sizeof(one), &count), 1);
	assert_int_equal(count, 0);
	one = make_answer(SEQUENCE, PORT);
	one.socket.idiag_family = AF_UNIX;
	assert_int_equal(take_answer(&one, sizeof(one), &count), 1);
	assert_int_equal(count, 0);
}

static void test_errors(void **state)
{
	static const struct {
		uint16_t type;
		uint32_t length; /* of the payload */
		int32_t err;
		int wanted;
	} ends[] = {
		{NLMSG_DONE, 4, 0, 0},
		{NLMSG_DONE, 0, 0, 0},
		{NLMSG_DONE, 4, -ENOMEM, -ENOMEM},
		{NLMSG_ERROR, 4, -ENOENT, -ENOENT},
		{NLMSG_ERROR, 0, 0, -EBADMSG},
		{NLMSG_ERROR, 4, INT32_MIN, -EBADMSG},
		{NLMSG_DONE, 4, INT32_MIN, -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		struct answer end = make_answer(SEQUENCE, PORT);
		int count;

		end.header.nlmsg_type = ends[i].type;
		end.header.nlmsg_len = (uint32_t)sizeof(end.header) + ends[i].length;
		memcpy(&end.socket, &ends[i].err, sizeof(ends[i].err));
		assert_int_equal(take_answer(&end, end.header.nlmsg_len, &count), ends[i].wanted);
		assert_int_equal(count, 0);
	}
}

/* TCP's internals, as they stand in an answer. */
struct answer_with_info {
	struct answer answer;
	struct nlattr attribute;
	char info[600];
};

static int check_info(void *context, const struct socket *socket)
{
	const struct socket_details *details = &socket->details;

	assert_true((uintptr_t)details->info % _Alignof(struct tcp_info) == 0);
	assert_true(details->info_size >= sizeof(*details->info));
	assert_int_equal(details->info->tcpi_rtt, 47);
	*(int *)context += 1;
	return 0;
}

/* Netlink aligns them to 4 bytes, and tcp_info has members that need 8. A later kernel may fill more of them. */
static void test_tcp_info_wherever_it_stands(void **state)
{
	const struct tcp_info info = {.tcpi_rtt = 47};
	struct answer_with_info one = {.answer = make_answer(SEQUENCE, PORT)};
	_Alignas(8) char room[4 + sizeof(one)];
	int count = 0;
	struct diag_dump dump = {
		.protocol = PROTOCOL_TCP, .states = STATES_ALL, .handler = check_info, .context = &count};

	(void)state;
	one.answer.header.nlmsg_len = sizeof(one);
	one.attribute = (struct nlattr){.nla_type = INET_DIAG_INFO, .nla_len = sizeof(one) - sizeof(one.answer)};
	memcpy(one.info, &info, sizeof(info));
	dump.sequence = SEQUENCE;
	dump.port = PORT;
	for (size_t at = 0; at <= 4; at += 4) {
		memcpy(room + at, &one, sizeof(one));
		assert_int_equal(diag_answer_take(&dump, room + at, sizeof(one)), 1);
	}
	assert_int_equal(count, 2);
}

/* Sends messages to the netlink socket with that port, as anybody may who has CAP_NET_ADMIN in the namespace. False:
 * this process may not. */
static bool send_forged(uint32_t port)
{
	const struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_pid = port};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	bool sent = true;

	assert_true(fd >= 0);
	for (uint32_t sequence = 0; sequence < 3; sequence++) {
		const struct answer forged = make_answer(sequence, sequence ? port : 0);

		if (sendto(fd, &forged, sizeof(forged), 0, (const struct sockaddr *)&to, sizeof(to)) < 0) {
			assert_int_equal(errno, EPERM);
			sent = false;
		}
	}
	close(fd);
	return sent;
}

/* The port of the first netlink socket of a process is its pid. */
static void test_messages_of_other_processes(void **state)
{
	const struct socket_query query = {.protocols = PROTOCOLS_ALL, .states = STATES_ALL, .ipv4 = true};
	struct sock_diag *diag;
	bool sent;
	int count = 0;

	(void)state;
	assert_int_equal(sock_diag_open(1, &diag), 0);
	sent = send_forged((uint32_t)getpid());
	assert_int_equal(sock_diag_each(diag, PROTOCOL_TCP, 4, &query, count_forged, &count), 0);
	assert_int_equal(count, 0);
	sock_diag_close(diag);
	if (!sent)
		skip();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_answers_of_another_dump),
		cmocka_unit_test(test_lengths_that_are_none),
		cmocka_unit_test(test_states_and_families_that_are_none),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_tcp_info_wherever_it_stands),
		cmocka_unit_test(test_messages_of_other_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
