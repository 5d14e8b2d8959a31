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
	struct closing closing;
	const char *name;
	uint16_t err; /* that ended the socket */
};

/* What the socket was like just before it went to CLOSE. A FIN that was sent has shut sending. */
#define ERROR(number) .sent = true, .err = (number)
#define SENT          .sent = true
#define SHUT_WR       .sent = true, .shut_write = true
#define CLOSED        .sent = true, .shut_write = true, .shut_read = true
#define ORPHAN        .sent = true, .shut_write = true, .shut_read = true, .orphan = true
#define PEER_SHUT     .shut_read = true, .peer_fin = true

static const struct end ends[] = {
	{STATE_SYN_SENT, {ERROR(ECONNREFUSED)}, "refused", ECONNREFUSED},
	{STATE_SYN_SENT, {ERROR(ECONNREFUSED), .shut_write = true}, "refused", ECONNREFUSED}, /* ICMP, then close() */
	{STATE_SYN_SENT, {ERROR(ETIMEDOUT)}, "timed_out", ETIMEDOUT},
	{STATE_SYN_SENT, {CLOSED}, "gave_up", 0},
	{STATE_SYN_SENT, {.sent = false}, "no_local_port", 0},
	{STATE_SYN_SENT, {.had_port = true}, "never_sent", 0}, /* the port may be that of an earlier life */
	{STATE_SYN_SENT, {.had_port = true, .err = ECONNRESET}, "never_sent", 0}, /* left by connect(AF_UNSPEC) */
	{STATE_SYN_SENT, {ERROR(EHOSTUNREACH)}, "unreachable", EHOSTUNREACH},
	{STATE_SYN_SENT, {ERROR(ENETUNREACH)}, "unreachable", ENETUNREACH},
	{STATE_SYN_SENT, {ERROR(EHOSTDOWN)}, "unreachable", EHOSTDOWN},
	{STATE_SYN_SENT, {ERROR(ENONET)}, "unreachable", ENONET},
	{STATE_SYN_SENT, {ERROR(EACCES)}, "failed", EACCES},
	{STATE_SYN_SENT, {ERROR(ECONNABORTED)}, "killed", ECONNABORTED},
	{STATE_SYN_RECV, {ERROR(ECONNRESET)}, "reset_by_peer", ECONNRESET},
	{STATE_SYN_RECV, {ERROR(ECONNRESET), .shut_write = true}, "reset_by_peer", ECONNRESET}, /* a FIN that waits */
	{STATE_SYN_RECV, {SENT}, "aborted_here", 0},
	{STATE_ESTABLISHED, {ERROR(ECONNRESET)}, "reset_by_peer", ECONNRESET},
	{STATE_ESTABLISHED, {ERROR(ECONNRESET), .shut_read = true}, "reset_by_peer", ECONNRESET},
	{STATE_ESTABLISHED, {CLOSED}, "aborted_here", 0},
	{STATE_ESTABLISHED, {CLOSED, .err = EHOSTUNREACH}, "aborted_here", 0}, /* an ICMP error of long ago */
	{STATE_ESTABLISHED, {SENT}, "aborted_here", 0},                        /* a child whose listener has closed */
	{STATE_ESTABLISHED, {ERROR(ETIMEDOUT)}, "timed_out", ETIMEDOUT},
	{STATE_ESTABLISHED, {ERROR(ECONNABORTED)}, "killed", ECONNABORTED},
	{STATE_ESTABLISHED, {ERROR(EHOSTUNREACH)}, "unreachable", EHOSTUNREACH},
	{STATE_ESTABLISHED, {ERROR(EPIPE)}, "failed", EPIPE},
	{STATE_ESTABLISHED, {ERROR(65535)}, "failed", 65535},
	{STATE_FIN_WAIT1, {CLOSED}, "aborted_here", 0},
	{STATE_FIN_WAIT1, {SHUT_WR, .err = ETIMEDOUT}, "timed_out", ETIMEDOUT},
	{STATE_FIN_WAIT1, {SHUT_WR, .err = EHOSTUNREACH}, "unreachable", EHOSTUNREACH},
	{STATE_FIN_WAIT1, {SHUT_WR, .err = ECONNRESET}, "reset_by_peer", ECONNRESET},
	{STATE_FIN_WAIT1, {CLOSED, .err = ECONNRESET}, "closed_by_us", ECONNRESET}, /* which side reset is not known */
	{STATE_FIN_WAIT1, {ORPHAN, .err = ECONNRESET}, "closed_by_us", ECONNRESET},
	{STATE_FIN_WAIT2, {SHUT_WR, .err = ECONNRESET, .acked = true}, "reset_by_peer", ECONNRESET},
	{STATE_FIN_WAIT2, {CLOSED, .err = ECONNRESET, .acked = true}, "closed_by_us", ECONNRESET},
	{STATE_FIN_WAIT2, {SHUT_WR, .err = ETIMEDOUT, .acked = true}, "timed_out", ETIMEDOUT}, /* keepalive */
	{STATE_FIN_WAIT2, {CLOSED, .acked = true}, "aborted_here", 0},
	{STATE_FIN_WAIT2, {ORPHAN, .acked = true}, "closed_by_us", 0}, /* no room for a minisocket, or data came */
	{STATE_FIN_WAIT2, {ORPHAN, .acked = true, .lives_on = STATE_FIN_WAIT2}, "closed_by_us", 0},
	{STATE_FIN_WAIT2, {SHUT_WR, .acked = true, PEER_SHUT}, "closed_by_us", 0}, /* no room for a TIME_WAIT */
	{STATE_FIN_WAIT2, {SHUT_WR, .acked = true, PEER_SHUT, .lives_on = STATE_TIME_WAIT}, "closed_by_us", 0},
	{STATE_FIN_WAIT2, {SHUT_WR, .lives_on = STATE_TIME_WAIT, .err = EHOSTUNREACH}, "closed_by_us", 0},
	{STATE_CLOSING, {SHUT_WR, PEER_SHUT, .acked = true, .lives_on = STATE_TIME_WAIT}, "closed_by_both", 0},
	{STATE_CLOSING, {SHUT_WR, PEER_SHUT, .acked = true, .err = EHOSTUNREACH}, "closed_by_both", 0},
	{STATE_CLOSING, {SHUT_WR, PEER_SHUT}, "aborted_here", 0},
	{STATE_CLOSING, {SHUT_WR, PEER_SHUT, .err = ECONNRESET}, "reset_by_peer", ECONNRESET},
	{STATE_CLOSING, {SHUT_WR, PEER_SHUT, .err = EHOSTUNREACH}, "unreachable", EHOSTUNREACH},
	{STATE_CLOSE_WAIT, {CLOSED, .peer_fin = true}, "aborted_here", 0},
	{STATE_CLOSE_WAIT, {CLOSED, .peer_fin = true, .err = EHOSTUNREACH}, "aborted_here", 0},
	{STATE_CLOSE_WAIT, {SENT, PEER_SHUT, .err = EPIPE}, "reset_by_peer", EPIPE}, /* as tcp_reset() sets it there */
	{STATE_CLOSE_WAIT, {SENT, PEER_SHUT, .err = ECONNRESET}, "reset_by_peer", ECONNRESET},
	{STATE_LAST_ACK, {SHUT_WR, PEER_SHUT, .acked = true}, "closed_by_peer", 0},
	{STATE_LAST_ACK, {SHUT_WR, PEER_SHUT, .acked = true, .err = EHOSTUNREACH}, "closed_by_peer", 0},
	{STATE_LAST_ACK, {SHUT_WR, PEER_SHUT}, "aborted_here", 0}, /* linger 0, or too many orphans */
	{STATE_LAST_ACK, {SHUT_WR, PEER_SHUT, .err = ETIMEDOUT}, "timed_out", ETIMEDOUT},
	{STATE_LAST_ACK, {SHUT_WR, PEER_SHUT, .err = EHOSTUNREACH}, "unreachable", EHOSTUNREACH},
	{STATE_LAST_ACK, {SHUT_WR, PEER_SHUT, .err = ECONNRESET}, "reset_by_peer", ECONNRESET},
	{STATE_LISTEN, {.sent = false}, "stopped_listening", 0},
	{STATE_LISTEN, {.err = ECONNRESET}, "stopped_listening", 0}, /* left by connect(AF_UNSPEC) */
};

static void test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		const struct end *end = &ends[i];
		const char *got = reason_name(verdict_of(end->oldstate, STATE_CLOSE, &end->closing));
		uint16_t err = verdict_errno(end->oldstate, &end->closing);

		if (!got || strcmp(got, end->name) != 0 || err != end->err)
			fail_msg("%zu: %s with error %u: %s with error %u, not %s with error %u", i,
				 tcp_state_name(end->oldstate), end->closing.err, got ? got : "nothing", err, end->name,
				 end->err);
	}
}

/* The end of a TIME_WAIT has no error, whatever its socket had. */
static void test_end_of_time_wait(void **state)
{
	struct closing closing = {.sent = true, .err = EHOSTUNREACH, .lives_on = STATE_TIME_WAIT};

	(void)state;
	assert_int_equal(verdict_errno(STATE_TIME_WAIT, &closing), 0);
	assert_int_equal(verdict_errno(STATE_FIN_WAIT2, &closing), 0);
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
		cmocka_unit_test(test_ends),       cmocka_unit_test(test_end_of_time_wait),
		cmocka_unit_test(test_on_the_way), cmocka_unit_test(test_any_states_give_a_reason),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
