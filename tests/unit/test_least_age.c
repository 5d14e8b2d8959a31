// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what timers and tcp_info tell of the age of a socket: never more than the kernel's own rules allow.
 */
#include <linux/tcp.h>
#include <string.h>

#include "check.h"

#include "least_age.h"

enum { MS = 1000, TICKS = 20 * MS, INFO_SIZE = 248 };

/* tcp_info as Linux 6.7 and later give it. */
union long_info {
	struct tcp_info info;
	unsigned char bytes[INFO_SIZE];
};

static void set_timeouts(union long_info *info, uint16_t timeouts, uint32_t ms)
{
	memcpy(info->bytes + 240, &timeouts, sizeof(timeouts));
	memcpy(info->bytes + 244, &ms, sizeof(ms));
}

static void assert_age(const struct socket *socket, uint64_t in_state_us, uint64_t alive_us)
{
	struct least_age age = least_age_of(socket);

	assert_int_equal(age.in_state_us, in_state_us);
	assert_int_equal(age.alive_us, alive_us);
}

static void assert_unknown(const struct socket *socket)
{
	assert_age(socket, 0, 0);
}

/* ---- /proc: the timer alone ---- */

static void test_time_wait(void **state)
{
	struct socket socket = {.state = STATE_TIME_WAIT, .mini = true, .timer = TIMER_TIME_WAIT, .timer_ms = 58000};

	(void)state;
	assert_age(&socket, 2000 * MS - TICKS, 2000 * MS - TICKS);
	socket.timer_ms = 0;
	assert_age(&socket, 60000 * MS - TICKS, 60000 * MS - TICKS);
	socket.timer_ms = 59979;
	assert_age(&socket, 1 * MS, 1 * MS);
	socket.timer_ms = 59980;
	assert_unknown(&socket);
	socket.timer_ms = 60000;
	assert_unknown(&socket);
	socket.timer_ms = 70000; /* it may be longer than a minute where the peer is slow */
	assert_unknown(&socket);
	socket.timer_ms = 58000;
	socket.timer = TIMER_NONE;
	assert_unknown(&socket);
}

/* How long the rest of a closed connection may last is the socket's own (TCP_LINGER2). */
static void test_other_minisockets(void **state)
{
	struct socket socket = {.state = STATE_FIN_WAIT2, .mini = true, .timer = TIMER_TIME_WAIT, .timer_ms = 1000};

	(void)state;
	assert_unknown(&socket);
	socket = (struct socket){
		.state = STATE_SYN_RECV, .mini = true, .timer = TIMER_RETRANSMIT, .timer_ms = 100, .retransmits = 3};
	assert_unknown(&socket);
}

static void test_connect_by_timer(void **state)
{
	struct socket socket = {.state = STATE_SYN_SENT, .timer = TIMER_RETRANSMIT, .rto_ms = 1000, .timer_ms = 300};

	(void)state;
	assert_age(&socket, 700 * MS - TICKS, 700 * MS - TICKS);
	socket.timer_ms = 1000;
	assert_unknown(&socket);
	socket.timer_ms = 1010; /* a tick late */
	assert_unknown(&socket);
	socket.retransmits = 3; /* after 1, 2 and 4 seconds */
	socket.rto_ms = 8000;
	socket.timer_ms = 7000;
	assert_age(&socket, 7000 * MS - TICKS, 7000 * MS - TICKS);
	socket.rto_ms = 1000; /* three waits as long as the first: that they were is not known */
	assert_age(&socket, 875 * MS - TICKS, 875 * MS - TICKS);
	socket.rto_ms = 0;
	assert_unknown(&socket);
	socket.rto_ms = 8000;
	socket.timer = TIMER_PROBE;
	assert_unknown(&socket);
	socket.timer = TIMER_RETRANSMIT;
	socket.retransmits = 32;
	assert_unknown(&socket);
	socket.retransmits = 31;
	assert_age(&socket, 8000 * MS - TICKS, 8000 * MS - TICKS);
}

static void test_connected_by_timer(void **state)
{
	struct socket socket = {.state = STATE_ESTABLISHED, .timer = TIMER_RETRANSMIT, .rto_ms = 800, .timer_ms = 1};

	(void)state;
	assert_unknown(&socket); /* the timer may be a probe's, which waits less than the rto */
	socket.retransmits = 2;
	assert_age(&socket, 600 * MS - TICKS, 600 * MS - TICKS);
	socket.state = STATE_CLOSE_WAIT; /* the data may have been sent before */
	assert_age(&socket, 0, 600 * MS - TICKS);
	socket.state = STATE_LISTEN;
	assert_unknown(&socket);
	socket.state = STATE_CLOSE;
	assert_unknown(&socket);
	socket.state = STATE_SYN_RECV;
	assert_unknown(&socket);
	socket.state = STATE_ESTABLISHED;
	socket.protocol = PROTOCOL_UDP;
	assert_unknown(&socket);
}

static void test_fin_without_acknowledgement(void **state)
{
	struct socket socket = {
		.state = STATE_LAST_ACK, .timer = TIMER_RETRANSMIT, .rto_ms = 1600, .retransmits = 3, .sendq = 1};

	(void)state;
	assert_age(&socket, 1400 * MS - TICKS, 1400 * MS - TICKS);
	socket.state = STATE_FIN_WAIT1;
	assert_age(&socket, 1400 * MS - TICKS, 1400 * MS - TICKS);
	socket.state = STATE_CLOSING; /* the peer's FIN has come since */
	assert_age(&socket, 0, 1400 * MS - TICKS);
	socket.state = STATE_FIN_WAIT1;
	socket.sendq = 2; /* data too: it may have been sent before close() */
	assert_age(&socket, 0, 1400 * MS - TICKS);
}

/* ---- sock_diag: tcp_info ---- */

static void test_last_packets(void **state)
{
	struct tcp_info info = {.tcpi_last_data_sent = 5000,
				.tcpi_last_data_recv = 7000,
				.tcpi_last_ack_recv = 3000,
				.tcpi_data_segs_in = 1};
	struct socket socket = {.state = STATE_ESTABLISHED, .details = {.info = &info, .info_size = sizeof(info)}};

	(void)state;
	assert_age(&socket, 7000 * MS - TICKS, 7000 * MS - TICKS);
	info.tcpi_data_segs_in = 0; /* data has been coming since the system started */
	assert_age(&socket, 5000 * MS - TICKS, 5000 * MS - TICKS);
	info.tcpi_data_segs_in = 1;
	info.tcpi_last_data_sent = 8000;
	assert_age(&socket, 8000 * MS - TICKS, 8000 * MS - TICKS);
	info.tcpi_last_ack_recv = 9000;
	assert_age(&socket, 9000 * MS - TICKS, 9000 * MS - TICKS);
	info.tcpi_options = TCPI_OPT_SYN_DATA; /* TCP Fast Open */
	info.tcpi_last_ack_recv = 3000;
	assert_age(&socket, 3000 * MS - TICKS, 8000 * MS - TICKS);
	info.tcpi_options = (uint8_t)~TCPI_OPT_SYN_DATA;
	assert_age(&socket, 8000 * MS - TICKS, 8000 * MS - TICKS);
	for (unsigned int i = 0; i < 3; i++) {
		socket.state = (uint8_t[]){STATE_CLOSE_WAIT, STATE_FIN_WAIT2, STATE_CLOSING}[i];
		assert_age(&socket, 3000 * MS - TICKS, 8000 * MS - TICKS);
	}
	socket.state = STATE_FIN_WAIT1;
	assert_age(&socket, 0, 8000 * MS - TICKS);
	socket.state = STATE_SYN_SENT; /* the stamps are older than the connection */
	assert_unknown(&socket);
	socket.state = STATE_SYN_RECV;
	assert_unknown(&socket);
	info.tcpi_last_data_sent = info.tcpi_last_data_recv = info.tcpi_last_ack_recv = 20;
	socket.state = STATE_ESTABLISHED;
	assert_unknown(&socket);
	info.tcpi_last_ack_recv = 21;
	assert_age(&socket, 1 * MS, 1 * MS);
	socket.details.info_size = offsetof(struct tcp_info, tcpi_last_ack_recv);
	assert_unknown(&socket);
}

static void test_connect_by_info(void **state)
{
	union long_info info = {.info = {.tcpi_rto = 4000 * MS, .tcpi_backoff = 2}};
	struct socket socket = {.state = STATE_SYN_SENT,
				.timer = TIMER_RETRANSMIT,
				.timer_ms = 3000,
				.retransmits = 6,
				.details = {.info = &info.info, .info_size = 232}};

	(void)state;
	assert_age(&socket, 7000 * MS - TICKS, 7000 * MS - TICKS); /* four waits of 1 s, then 1 and 2 s */
	socket.details.info_size = INFO_SIZE;
	set_timeouts(&info, 6, 7500);
	assert_age(&socket, 8500 * MS - TICKS, 8500 * MS - TICKS);
	set_timeouts(&info, 7, 7500); /* one of them was of an earlier wait */
	assert_age(&socket, 7000 * MS - TICKS, 7000 * MS - TICKS);
	set_timeouts(&info, 6, 7500);
	socket.details.info_size = INFO_SIZE - 1;
	assert_age(&socket, 7000 * MS - TICKS, 7000 * MS - TICKS);
	info.info.tcpi_backoff = 7;
	assert_unknown(&socket);
	info.info.tcpi_backoff = 6;
	assert_age(&socket, 4000 * MS - 62500 - TICKS, 4000 * MS - 62500 - TICKS);
	socket.retransmits = 0;
	info.info.tcpi_backoff = 0;
	assert_age(&socket, 1000 * MS - TICKS, 1000 * MS - TICKS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_wait),
		cmocka_unit_test(test_other_minisockets),
		cmocka_unit_test(test_connect_by_timer),
		cmocka_unit_test(test_connected_by_timer),
		cmocka_unit_test(test_fin_without_acknowledgement),
		cmocka_unit_test(test_last_packets),
		cmocka_unit_test(test_connect_by_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
