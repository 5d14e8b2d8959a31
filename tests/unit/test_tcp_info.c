// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests TCP's internals as text and JSON: every field, its unit, and which are left out: those that this kernel does
 * not have, has never measured, or means otherwise in that state.
 */
#include <linux/tcp.h>

#include "capture.h"
#include "tcp_info.h"

static const struct tcp_info all = {
	.tcpi_options = TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE | TCPI_OPT_ECN | TCPI_OPT_ECN_SEEN |
			TCPI_OPT_SYN_DATA,
	.tcpi_snd_wscale = 7,
	.tcpi_rcv_wscale = 9,
	.tcpi_delivery_rate_app_limited = 1,
	.tcpi_backoff = 5,
	.tcpi_rto = 204000,
	.tcpi_ato = 40000,
	.tcpi_snd_mss = 1448,
	.tcpi_rcv_mss = 536,
	.tcpi_unacked = 11,
	.tcpi_sacked = 12,
	.tcpi_lost = 13,
	.tcpi_retrans = 14,
	.tcpi_last_data_sent = 15,
	.tcpi_last_data_recv = 16,
	.tcpi_last_ack_recv = 17,
	.tcpi_pmtu = 1500,
	.tcpi_rcv_ssthresh = 18,
	.tcpi_rtt = 1041,
	.tcpi_rttvar = 500,
	.tcpi_snd_ssthresh = 19,
	.tcpi_snd_cwnd = 10,
	.tcpi_advmss = 1460,
	.tcpi_reordering = 4,
	.tcpi_rcv_rtt = 2001,
	.tcpi_rcv_space = 20,
	.tcpi_total_retrans = 21,
	.tcpi_pacing_rate = 22,
	.tcpi_bytes_acked = 23,
	.tcpi_bytes_received = 24,
	.tcpi_segs_out = 25,
	.tcpi_segs_in = 26,
	.tcpi_notsent_bytes = 27,
	.tcpi_min_rtt = 28,
	.tcpi_data_segs_in = 29,
	.tcpi_data_segs_out = 30,
	.tcpi_delivery_rate = 31,
	.tcpi_busy_time = 32000,
	.tcpi_rwnd_limited = 33100,
	.tcpi_sndbuf_limited = 34120,
	.tcpi_delivered = 35,
	.tcpi_bytes_sent = 36,
	.tcpi_bytes_retrans = 37,
	.tcpi_dsack_dups = 38,
	.tcpi_reord_seen = 39,
	.tcpi_snd_wnd = 40,
};

static struct socket socket_of(const struct tcp_info *info, size_t size, uint8_t state)
{
	return (struct socket){
		.protocol = PROTOCOL_TCP,
		.state = state,
		.details = {.info = info, .info_size = size, .congestion = "cubic"},
	};
}

static void assert_text(const struct socket *socket, const char *wanted)
{
	struct capture capture = capture_open();
	char *text;

	tcp_info_text(socket, capture.output);
	text = capture_take(&capture);
	assert_string_equal(text, wanted);
	free(text);
	capture_close(&capture);
}

/* Returns the line of JSON; the caller frees it. */
static char *json_of(const struct socket *socket)
{
	struct capture capture = capture_open();
	struct json_writer json;
	char *text;

	json_line_begin(&json, capture.output);
	tcp_info_json(socket, &json);
	json_line_end(&json);
	text = capture_take(&capture);
	capture_close(&capture);
	return text;
}

static void assert_json(const struct socket *socket, const char *wanted)
{
	char *text = json_of(socket);

	assert_string_equal(text, wanted);
	free(text);
}

/* ---- whole ---- */

static void test_every_field(void **state)
{
	struct socket socket = socket_of(&all, sizeof(all), STATE_ESTABLISHED);

	(void)state;
	assert_text(
		&socket,
		"ts sack ecn ecnseen fastopen cubic wscale:7,9 rtt:1.041/0.5 retrans:14/21 rto:204 ato:40 mss:1448 pmtu:1500 rcvmss:536 advmss:1460 cwnd:10 ssthresh:19 bytes_sent:36 bytes_retrans:37 bytes_acked:23 bytes_received:24 segs_out:25 segs_in:26 data_segs_out:30 data_segs_in:29 lastsnd:15 lastrcv:16 lastack:17 pacing_rate:176bps delivery_rate:248bps delivered:35 busy:32 rwnd_limited:33.1 sndbuf_limited:34.12 unacked:11 lost:13 sacked:12 dsack_dups:38 reordering:4 reord_seen:39 backoff:5 rcv_rtt:2.001 rcv_space:20 rcv_ssthresh:18 notsent:27 minrtt:0.028 snd_wnd:40 app_limited");
	assert_json(
		&socket,
		"{\"tcp_info\":{\"congestion\":\"cubic\",\"options\":[\"ts\",\"sack\",\"ecn\",\"ecnseen\",\"fastopen\"],\"snd_wscale\":7,\"rcv_wscale\":9,\"rto_us\":204000,\"rtt_us\":1041,\"rttvar_us\":500,\"ato_us\":40000,\"mss\":1448,\"pmtu\":1500,\"rcv_mss\":536,\"advmss\":1460,\"cwnd\":10,\"ssthresh\":19,\"bytes_sent\":36,\"bytes_retrans\":37,\"bytes_acked\":23,\"bytes_received\":24,\"segs_out\":25,\"segs_in\":26,\"data_segs_out\":30,\"data_segs_in\":29,\"last_data_sent_us\":15000,\"last_data_recv_us\":16000,\"last_ack_recv_us\":17000,\"pacing_rate\":22,\"delivery_rate\":31,\"delivered\":35,\"busy_us\":32000,\"rwnd_limited_us\":33100,\"sndbuf_limited_us\":34120,\"unacked\":11,\"retrans\":14,\"total_retrans\":21,\"lost\":13,\"sacked\":12,\"dsack_dups\":38,\"reordering\":4,\"reord_seen\":39,\"backoff\":5,\"rcv_rtt_us\":2001,\"rcv_space\":20,\"rcv_ssthresh\":18,\"notsent_bytes\":27,\"min_rtt_us\":28,\"snd_wnd\":40}}\n");
}

/* A listener has its queues where others have `unacked` and `sacked`, and most of the rest is of no connection. */
static void test_listener(void **state)
{
	struct socket socket = socket_of(&all, sizeof(all), STATE_LISTEN);
	char *json;

	(void)state;
	assert_text(
		&socket,
		"ts sack ecn ecnseen fastopen cubic wscale:7,9 rtt:1.041/0.5 retrans:14/21 cwnd:10 pacing_rate:176bps reordering:4 app_limited");
	json = json_of(&socket);
	assert_non_null(strstr(json, "\"rto_us\":null,\"rtt_us\":null"));
	assert_non_null(strstr(json, "\"cwnd\":10,\"ssthresh\":null"));
	assert_non_null(strstr(json, "\"pacing_rate\":22,\"delivery_rate\":null"));
	assert_non_null(strstr(json, "\"reordering\":4,\"reord_seen\":null"));
	assert_non_null(strstr(json, "\"unacked\":null,\"retrans\":null"));
	free(json);
}

/* Nothing has come or gone in SYN_SENT: the times since then are the host's own. */
static void test_connect_that_waits(void **state)
{
	struct tcp_info info = {.tcpi_rto = 1000000,
				.tcpi_last_data_sent = 5,
				.tcpi_last_data_recv = 6,
				.tcpi_snd_ssthresh = 0x7fffffff,
				.tcpi_reordering = 3};
	struct socket socket = socket_of(&info, sizeof(info), STATE_SYN_SENT);
	char *json;

	(void)state;
	assert_text(&socket, "cubic rto:1000");
	json = json_of(&socket);
	assert_non_null(
		strstr(json, "\"last_data_sent_us\":null,\"last_data_recv_us\":null,\"last_ack_recv_us\":null"));
	assert_non_null(strstr(json, "\"rto_us\":1000000"));
	free(json);
	socket.state = STATE_SYN_RECV;
	assert_text(&socket, "cubic rto:1000 lastsnd:5 lastrcv:6");
}

/* ---- what is left out ---- */

static void test_values_that_say_nothing(void **state)
{
	struct tcp_info info = {
		.tcpi_snd_ssthresh = 0x7fffffff, /* never set */
		.tcpi_reordering = 3,            /* as in the beginning */
		.tcpi_min_rtt = UINT32_MAX,      /* never measured */
		.tcpi_pacing_rate = UINT64_MAX,  /* no limit */
		.tcpi_rttvar = 250000,
	};
	struct socket socket = socket_of(&info, sizeof(info), STATE_ESTABLISHED);
	char *json;

	(void)state;
	assert_text(&socket, "cubic");
	json = json_of(&socket);
	assert_non_null(strstr(json, "\"options\":[],\"snd_wscale\":null,\"rcv_wscale\":null,"));
	assert_non_null(strstr(json, "\"ssthresh\":null,"));
	assert_non_null(strstr(json, "\"reordering\":3,"));
	assert_non_null(strstr(json, "\"min_rtt_us\":null,"));
	assert_non_null(strstr(json, "\"pacing_rate\":null,"));
	assert_non_null(strstr(json, "\"bytes_sent\":0,"));
	assert_non_null(strstr(json, "\"backoff\":0,"));
	free(json);
	socket.details.congestion = NULL;
	assert_text(&socket, "-");
	json = json_of(&socket);
	assert_non_null(strstr(json, "{\"congestion\":null,"));
	free(json);
}

/* Retransmissions are shown when there are some on their way, or have been. */
static void test_retransmissions(void **state)
{
	static const struct {
		uint32_t now, total;
		const char *text;
	} cases[] = {{0, 0, "cubic"}, {1, 0, "cubic retrans:1/0"}, {0, 2, "cubic retrans:0/2"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct tcp_info info = {.tcpi_retrans = cases[i].now,
					.tcpi_total_retrans = cases[i].total,
					.tcpi_snd_ssthresh = 0x7fffffff,
					.tcpi_reordering = 3};
		struct socket socket = socket_of(&info, sizeof(info), STATE_ESTABLISHED);

		assert_text(&socket, cases[i].text);
	}
}

/* An older kernel fills less: up to the byte. */
static void test_sizes(void **state)
{
	static const struct {
		size_t size;
		const char *there, *not_there;
	} cases[] = {
		{0, "\"options\":[],\"snd_wscale\":null,\"rcv_wscale\":null,\"rto_us\":null,", "\"backoff\":5"},
		{offsetof(struct tcp_info, tcpi_backoff) + 1, "\"backoff\":5,", "\"ts\""},
		{offsetof(struct tcp_info, tcpi_rto) - 1, "\"backoff\":5,", "\"ts\""},
		{offsetof(struct tcp_info, tcpi_rto), "\"ts\",\"sack\",", "\"rto_us\":204000"},
		{offsetof(struct tcp_info, tcpi_rto) + 3, "\"snd_wscale\":7,", "\"rto_us\":204000"},
		{offsetof(struct tcp_info, tcpi_rto) + 4, "\"rto_us\":204000,", "\"ato_us\":40000"},
		{offsetof(struct tcp_info, tcpi_pacing_rate) + 7, "\"total_retrans\":21,", "\"pacing_rate\":22"},
		{offsetof(struct tcp_info, tcpi_pacing_rate) + 8, "\"pacing_rate\":22,", "\"bytes_acked\":23"},
		{sizeof(struct tcp_info) + 64, "\"snd_wnd\":40", "null"}, /* a newer one has more */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct socket socket = socket_of(&all, cases[i].size, STATE_ESTABLISHED);
		char *json = json_of(&socket);

		if (!strstr(json, cases[i].there) || strstr(json, cases[i].not_there))
			fail_msg("%zu bytes: %s", cases[i].size, json);
		free(json);
	}
}

static void test_sizes_of_the_text(void **state)
{
	static const struct {
		size_t size;
		const char *text;
	} cases[] = {
		{0, "cubic"},
		{offsetof(struct tcp_info, tcpi_rto) - 1, "cubic backoff:5"},
		{offsetof(struct tcp_info, tcpi_rto),
		 "ts sack ecn ecnseen fastopen cubic wscale:7,9 backoff:5 app_limited"},
		{offsetof(struct tcp_info, tcpi_ato),
		 "ts sack ecn ecnseen fastopen cubic wscale:7,9 rto:204 backoff:5 app_limited"},
	};
	static const struct {
		size_t size;
		bool rtt, retrans;
	} pairs[] = {
		{offsetof(struct tcp_info, tcpi_rcv_rtt) - 1, false, false},
		{offsetof(struct tcp_info, tcpi_rcv_rtt), true, false},
		{offsetof(struct tcp_info, tcpi_pacing_rate) - 1, true, false},
		{offsetof(struct tcp_info, tcpi_pacing_rate), true, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct socket socket = socket_of(&all, cases[i].size, STATE_ESTABLISHED);

		assert_text(&socket, cases[i].text);
	}
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct socket socket = socket_of(&all, pairs[i].size, STATE_ESTABLISHED);
		struct capture capture = capture_open();
		char *text;

		tcp_info_text(&socket, capture.output);
		text = capture_take(&capture);
		assert_int_equal(strstr(text, " rtt:1.041/0.5") != NULL, pairs[i].rtt);
		assert_int_equal(strstr(text, " retrans:14/21") != NULL, pairs[i].retrans);
		free(text);
		capture_close(&capture);
	}
}

static void test_milliseconds(void **state)
{
	static const struct {
		uint32_t us;
		const char *text;
	} cases[] = {
		{1, "cubic rto:0.001"},      {10, "cubic rto:0.01"},    {100, "cubic rto:0.1"},
		{1000, "cubic rto:1"},       {1001, "cubic rto:1.001"}, {1010, "cubic rto:1.01"},
		{1100, "cubic rto:1.1"},     {10000, "cubic rto:10"},   {999999, "cubic rto:999.999"},
		{1230000, "cubic rto:1230"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct tcp_info info = {.tcpi_rto = cases[i].us, .tcpi_snd_ssthresh = 0x7fffffff, .tcpi_reordering = 3};
		struct socket socket = socket_of(&info, sizeof(info), STATE_ESTABLISHED);

		assert_text(&socket, cases[i].text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field),        cmocka_unit_test(test_listener),
		cmocka_unit_test(test_connect_that_waits), cmocka_unit_test(test_values_that_say_nothing),
		cmocka_unit_test(test_retransmissions),    cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_sizes_of_the_text),  cmocka_unit_test(test_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
