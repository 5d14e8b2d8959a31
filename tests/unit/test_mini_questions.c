// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what is taken for the kernel's answers to questions for single minisockets.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>

#include "check.h"
#include "diag_answer.h"

enum { SEQUENCE = UINT32_MAX, PORT = 4711, QUESTIONS = 3 }; /* the second question has the sequence number 0 */

struct socket_answer {
	struct nlmsghdr header;
	struct inet_diag_msg socket;
};

struct error_answer {
	struct nlmsghdr header;
	struct nlmsgerr error;
};

static struct nlmsghdr make_header(uint32_t length, uint16_t type, uint32_t question)
{
	return (struct nlmsghdr){
		.nlmsg_len = length, .nlmsg_type = type, .nlmsg_seq = SEQUENCE + question, .nlmsg_pid = PORT};
}

static struct socket_answer make_socket_answer(uint32_t question, uint8_t state)
{
	return (struct socket_answer){
		.header = make_header(sizeof(struct socket_answer), SOCK_DIAG_BY_FAMILY, question),
		.socket = {.idiag_state = state, .idiag_timer = TIMER_TIME_WAIT},
	};
}

static struct error_answer make_error_answer(uint32_t question, int err)
{
	return (struct error_answer){
		.header = make_header(sizeof(struct error_answer), NLMSG_ERROR, question),
		.error = {.error = err},
	};
}

struct asked {
	struct mini_question all[QUESTIONS];
	size_t answered;
};

static int take_answers(struct asked *asked, const void *answer, size_t length)
{
	struct diag_questions questions = {
		.all = asked->all, .count = QUESTIONS, .answered = asked->answered, .sequence = SEQUENCE, .port = PORT};
	int err = diag_questions_take(&questions, answer, length);

	asked->answered = questions.answered;
	return err;
}

static void test_states(void **state)
{
	static const struct {
		uint8_t told, wanted;
	} cases[] = {
		{STATE_TIME_WAIT, STATE_TIME_WAIT},
		{STATE_FIN_WAIT2, STATE_FIN_WAIT2},
		{STATE_LISTEN, STATE_CLOSE}, /* where nothing has the tuple, a listener on the port answers */
		{STATE_ESTABLISHED, STATE_CLOSE},
		{STATE_SYN_RECV, STATE_CLOSE},
		{255, STATE_CLOSE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct socket_answer answer = make_socket_answer(1, cases[i].told);
		struct asked asked = {0};

		assert_int_equal(take_answers(&asked, &answer, sizeof(answer)), 0);
		assert_int_equal(asked.answered, 1);
		assert_int_equal(asked.all[1].state, cases[i].wanted);
		assert_int_equal(asked.all[0].state, 0);
	}
}

static void test_errors(void **state)
{
	static const struct {
		int told, wanted;
	} cases[] = {{-ENOENT, 0},  {-EPERM, -EPERM},  {-EOPNOTSUPP, -EOPNOTSUPP}, {0, -EBADMSG},
		     {1, -EBADMSG}, {-4096, -EBADMSG}, {INT32_MIN, -EBADMSG},      {-EINVAL, -EINVAL}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct error_answer answer = make_error_answer(2, cases[i].told);
		struct asked asked = {0};

		assert_int_equal(take_answers(&asked, &answer, sizeof(answer)), cases[i].wanted);
		if (!cases[i].wanted)
			assert_int_equal(asked.all[2].state, STATE_CLOSE);
	}
}

/* A socket in FIN_WAIT2, with or without a keepalive timer, is not the minisocket that was asked for. One that is bound
 * to no interface may hide the one that is. */
static void test_other_sockets(void **state)
{
	struct socket_answer answer = make_socket_answer(1, STATE_FIN_WAIT2);
	struct asked asked = {0};

	(void)state;
	answer.socket.idiag_timer = TIMER_KEEPALIVE;
	assert_int_equal(take_answers(&asked, &answer, sizeof(answer)), 0);
	assert_int_equal(asked.all[1].state, STATE_CLOSE);
	answer = make_socket_answer(1, STATE_TIME_WAIT);
	asked.all[1].tuple.interface = 7;
	assert_int_equal(take_answers(&asked, &answer, sizeof(answer)), -ENOTUNIQ);
	answer.socket.id.idiag_if = 7;
	assert_int_equal(take_answers(&asked, &answer, sizeof(answer)), 0);
	assert_int_equal(asked.all[1].state, STATE_TIME_WAIT);
}

/* Several answers may come in one message. */
static void test_together(void **state)
{
	struct {
		struct socket_answer first;
		struct error_answer second;
	} both = {make_socket_answer(0, STATE_FIN_WAIT2), make_error_answer(2, -ENOENT)};
	struct asked asked = {0};

	(void)state;
	assert_int_equal(take_answers(&asked, &both, sizeof(both)), 0);
	assert_int_equal(asked.answered, 2);
	assert_int_equal(asked.all[0].state, STATE_FIN_WAIT2);
	assert_int_equal(asked.all[2].state, STATE_CLOSE);
	both.first.header.nlmsg_seq = SEQUENCE + QUESTIONS;
	assert_int_equal(take_answers(&asked, &both, sizeof(both)), -EBADMSG);
}

static void test_no_answers(void **state)
{
	struct socket_answer good = make_socket_answer(0, STATE_TIME_WAIT), bad;
	struct asked asked = {0};

	(void)state;
	bad = good;
	bad.header.nlmsg_seq = SEQUENCE - 1;
	assert_int_equal(take_answers(&asked, &bad, sizeof(bad)), -EBADMSG);
	bad = good;
	bad.header.nlmsg_pid = PORT + 1;
	assert_int_equal(take_answers(&asked, &bad, sizeof(bad)), -EBADMSG);
	bad = good;
	bad.header.nlmsg_type = NLMSG_DONE;
	assert_int_equal(take_answers(&asked, &bad, sizeof(bad)), -EBADMSG);
	bad = good;
	bad.header.nlmsg_len = sizeof(bad) - 4;
	assert_int_equal(take_answers(&asked, &bad, sizeof(bad) - 4), -EBADMSG);
	bad.header.nlmsg_len = sizeof(bad) + 4;
	assert_int_equal(take_answers(&asked, &bad, sizeof(bad)), -EBADMSG);
	assert_int_equal(take_answers(&asked, &good, sizeof(good.header) - 1), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),        cmocka_unit_test(test_errors),
		cmocka_unit_test(test_other_sockets), cmocka_unit_test(test_together),
		cmocka_unit_test(test_no_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
