// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the reason of a transition, for each end that the kernel knows.
 */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "verdict.h"

struct end {
	uint8_t oldstate;
	uint16_t err;
	bool unsent;
	const char *name;
};

static const struct end ends[] = {
	{STATE_SYN_SENT, ECONNREFUSED, false, "refused"},
	{STATE_SYN_SENT, ETIMEDOUT, false, "timed_out"},
	{STATE_SYN_SENT, 0, false, "gave_up"},
	{STATE_SYN_SENT, 0, true, "no_local_port"},
	{STATE_SYN_SENT, EHOSTUNREACH, false, "unreachable"},
	{STATE_SYN_SENT, ENETUNREACH, false, "unreachable"},
	{STATE_SYN_SENT, EHOSTDOWN, false, "unreachable"},
	{STATE_SYN_SENT, EACCES, false, "failed"},
	{STATE_SYN_SENT, ECONNABORTED, false, "killed"},
	{STATE_SYN_RECV, ECONNRESET, false, "reset_by_peer"},
	{STATE_SYN_RECV, 0, false, "aborted_here"},
	{STATE_ESTABLISHED, ECONNRESET, false, "reset_by_peer"},
	{STATE_ESTABLISHED, 0, false, "aborted_here"},
	{STATE_ESTABLISHED, ETIMEDOUT, false, "timed_out"},
	{STATE_ESTABLISHED, ECONNABORTED, false, "killed"},
	{STATE_ESTABLISHED, EHOSTUNREACH, false, "unreachable"},
	{STATE_ESTABLISHED, EPIPE, false, "failed"},
	{STATE_ESTABLISHED, 65535, false, "failed"},
	{STATE_FIN_WAIT1, 0, false, "aborted_here"},
	{STATE_FIN_WAIT1, ETIMEDOUT, false, "timed_out"},
	{STATE_FIN_WAIT2, 0, false, "closed_by_us"},
	{STATE_FIN_WAIT1, ECONNRESET, false, "closed_by_us"}, /* the side that reset the connection then is not known */
	{STATE_FIN_WAIT2, ECONNRESET, false, "closed_by_us"},
	{STATE_FIN_WAIT2, EHOSTUNREACH, false, "closed_by_us"}, /* an ICMP error of long ago */
	{STATE_LAST_ACK, EHOSTUNREACH, false, "closed_by_peer"},
	{STATE_LAST_ACK, ETIMEDOUT, false, "timed_out"},
	{STATE_CLOSING, 0, false, "closed_by_both"},
	{STATE_CLOSE_WAIT, 0, false, "aborted_here"},
	{STATE_CLOSE_WAIT, EPIPE, false, "reset_by_peer"}, /* the error that tcp_reset() leaves there */
	{STATE_CLOSE_WAIT, ECONNRESET, false, "reset_by_peer"},
	{STATE_LAST_ACK, 0, false, "closed_by_peer"},
	{STATE_LAST_ACK, ECONNRESET, false, "reset_by_peer"},
	{STATE_LISTEN, 0, true, "stopped_listening"},
};

/* The socket has a port, perhaps of its earlier life, and nothing was sent: more is not known. */
static void test_never_sent(void **state)
{
	struct closing closing = {.had_port = true};

	(void)state;
	assert_int_equal(verdict_of(STATE_SYN_SENT, STATE_CLOSE, &closing), REASON_NEVER_SENT);
}

static void test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		struct closing closing = {.err = ends[i].err, .sent = !ends[i].unsent};
		const char *got = reason_name(verdict_of(ends[i].oldstate, STATE_CLOSE, &closing));

		if (!got || strcmp(got, ends[i].name) != 0)
			fail_msg("%s with error %u: %s, not %s", tcp_state_name(ends[i].oldstate), ends[i].err,
				 got ? got : "nothing", ends[i].name);
	}
}

static void test_on_the_way(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(STATE_ESTABLISHED, STATE_FIN_WAIT1, NULL), REASON_CLOSED_BY_US);
	assert_int_equal(verdict_of(STATE_SYN_RECV, STATE_FIN_WAIT1, NULL), REASON_CLOSED_BY_US);
	assert_int_equal(verdict_of(STATE_ESTABLISHED, STATE_CLOSE_WAIT, NULL), REASON_CLOSED_BY_PEER);
	assert_int_equal(verdict_of(STATE_FIN_WAIT1, STATE_CLOSING, NULL), REASON_CLOSED_BY_BOTH);
	assert_int_equal(verdict_of(STATE_CLOSE, STATE_SYN_SENT, NULL), REASON_NONE);
	assert_int_equal(verdict_of(STATE_SYN_SENT, STATE_ESTABLISHED, NULL), REASON_NONE);
	assert_int_equal(verdict_of(STATE_CLOSE, STATE_LISTEN, NULL), REASON_NONE);
	assert_int_equal(verdict_of(STATE_LISTEN, STATE_SYN_RECV, NULL), REASON_NONE);
	assert_int_equal(verdict_of(STATE_FIN_WAIT1, STATE_FIN_WAIT2, NULL), REASON_NONE);
	assert_int_equal(verdict_of(STATE_CLOSE_WAIT, STATE_LAST_ACK, NULL), REASON_NONE);
	/* an end without its closing numbers proves nothing */
	assert_int_equal(verdict_of(STATE_FIN_WAIT2, STATE_CLOSE, NULL), REASON_NONE);
}

static void test_any_states_give_a_reason(void **state)
{
	(void)state;
	for (unsigned int oldstate = 0; oldstate < 256; oldstate++)
		for (unsigned int newstate = 0; newstate < 256; newstate++) {
			struct closing closing = {.err = (uint16_t)(oldstate * 7)};

			assert_true(verdict_of((uint8_t)oldstate, (uint8_t)newstate, &closing) < REASON_COUNT);
		}
}

static void test_names(void **state)
{
	(void)state;
	assert_null(reason_name(REASON_NONE));
	assert_null(reason_text(REASON_NONE));
	assert_null(reason_name(REASON_COUNT));
	assert_null(reason_text(REASON_COUNT));
	for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		assert_non_null(reason_name(i));
		assert_non_null(reason_text(i));
		assert_int_equal(strspn(reason_name(i), "abcdefghijklmnopqrstuvwxyz_"), strlen(reason_name(i)));
		for (int j = REASON_NONE + 1; j < i; j++)
			assert_string_not_equal(reason_name(i), reason_name(j));
	}
	assert_string_equal(reason_text(REASON_NO_LOCAL_PORT), "no local port");
	assert_string_equal(reason_text(REASON_KILLED), "killed by admin");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),       cmocka_unit_test(test_never_sent),
		cmocka_unit_test(test_on_the_way), cmocka_unit_test(test_any_states_give_a_reason),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
