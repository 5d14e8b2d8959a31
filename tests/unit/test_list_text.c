// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the lines of `list`, as people read them.
 */
#include <limits.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <string.h>

#include "list_text.h"
#include "shown.h"
#include "socket_text.h"

static const char *find_service(void *context, enum protocol protocol, uint16_t port)
{
	(void)context;
	if (port == 514)
		return protocol == PROTOCOL_TCP ? "shell" : "syslog";
	if (protocol == PROTOCOL_RAW)
		return port == 1 ? "icmp" : NULL;
	return port == 80 ? "ht\033[2Jtp" : NULL;
}

static const char *find_host(void *context, const struct address *address, uint8_t family)
{
	(void)context;
	(void)family;
	return address->bytes[ADDRESS_LEN - 1] == 7 ? "seven.example" : NULL;
}

static const char *find_interface(void *context, uint32_t netns, uint32_t index)
{
	(void)context;
	assert_int_equal(netns, SHOWN_NETNS);
	return index == 2 ? "eth0" : NULL;
}

static const struct socket_namer numbers = {.interface = find_interface};
static const struct socket_namer names = {.service = find_service, .host = find_host, .interface = find_interface};

static void assert_ends(const struct socket *socket, const struct socket_namer *namer, const char *local,
			const char *peer)
{
	char text[SOCKET_ENDPOINT_MAX];

	assert_int_equal(socket_local_text(socket, namer, text), strlen(local));
	assert_string_equal(text, local);
	assert_int_equal(socket_peer_text(socket, namer, text), strlen(peer));
	assert_string_equal(text, peer);
}

static void test_endpoints(void **state)
{
	struct socket socket = inet_socket(PROTOCOL_TCP, STATE_LISTEN, "0.0.0.0", 80, "0.0.0.0", 0);

	(void)state;
	assert_ends(&socket, &numbers, "0.0.0.0:80", "0.0.0.0:*");
	assert_ends(&socket, &names, "0.0.0.0:ht\\x1b[2Jtp", "0.0.0.0:*");
	socket = inet_socket(PROTOCOL_TCP, STATE_LISTEN, "::", 443, "::", 0);
	assert_ends(&socket, &numbers, "[::]:443", "[::]:*");
	socket.v6only = TRISTATE_YES;
	assert_ends(&socket, &numbers, "[::]:443", "[::]:*");
	socket.v6only = TRISTATE_NO;
	assert_ends(&socket, &numbers, "*:443", "*:*");
	socket = inet_socket(PROTOCOL_TCP, STATE_ESTABLISHED, "::ffff:10.0.0.7", 443, "::ffff:10.0.0.8", 50000);
	assert_ends(&socket, &numbers, "[::ffff:10.0.0.7]:443", "[::ffff:10.0.0.8]:50000");
	assert_ends(&socket, &names, "seven.example:443", "[::ffff:10.0.0.8]:50000");
	socket = inet_socket(PROTOCOL_UDP, STATE_CLOSE, "fe80::1", 546, "::", 0);
	socket.tuple.interface = 2;
	assert_ends(&socket, &numbers, "[fe80::1]%eth0:546", "[::]:*");
	socket.tuple.interface = 3;
	assert_ends(&socket, &numbers, "[fe80::1]%3:546", "[::]:*");
	socket = inet_socket(PROTOCOL_UDP, STATE_CLOSE, "127.0.0.1", 514, "0.0.0.0", 0);
	assert_ends(&socket, &names, "127.0.0.1:syslog", "0.0.0.0:*");
	socket.protocol = PROTOCOL_TCP;
	assert_ends(&socket, &names, "127.0.0.1:shell", "0.0.0.0:*");
	socket = inet_socket(PROTOCOL_RAW, STATE_CLOSE, "0.0.0.0", 1, "0.0.0.0", 0);
	assert_ends(&socket, &names, "0.0.0.0:icmp", "0.0.0.0:*");
}

static void test_unix_ends(void **state)
{
	struct socket socket = {.protocol = PROTOCOL_UNIX, .inode = 12, .peer_inode = 13};

	(void)state;
	assert_ends(&socket, &numbers, "* 12", "* 13");
	socket.path = "/run/x"; /* with its NUL, as netlink reports a path */
	socket.path_length = 7;
	assert_ends(&socket, &numbers, "/run/x 12", "* 13");
	socket.path_length = 6;
	assert_ends(&socket, &numbers, "/run/x 12", "* 13");
	socket.path = "\0abstract\0name\0";
	socket.path_length = 15;
	assert_ends(&socket, &names, "@abstract@name@ 12", "* 13");
	socket.path = "a\nb\033";
	socket.path_length = 4;
	assert_ends(&socket, &numbers, "a\\x0ab\\x1b 12", "* 13");
}

/* ---- lines ---- */

static char *list_rows(const struct list_style *style, const struct socket_namer *namer, const struct socket *rows,
		       size_t count)
{
	const struct netns_view netns = {.home = SHOWN_NETNS};
	struct capture capture = capture_open();
	struct list_text *text = list_text_new(capture.output, style, namer, &netns);
	char *out;

	assert_non_null(text);
	list_text_put(text, rows, count, 1);
	list_text_free(text);
	out = capture_take(&capture);
	capture_close(&capture);
	return out;
}

static void assert_listed(const struct list_style *style, const struct socket *rows, size_t count, const char *wanted)
{
	char *got = list_rows(style, &numbers, rows, count);

	assert_string_equal(got, wanted);
	free(got);
}

static char long_path[PATH_MAX];

static const char *find_cgroup(void *context, uint64_t id)
{
	(void)context;
	(void)id;
	return long_path;
}

/* A path is printed whole, however long: a cut path would look like another. */
static void test_long_cgroup(void **state)
{
	const struct socket_namer namer = {.cgroup = find_cgroup};
	struct socket socket = {.uid = UID_UNKNOWN, .details.cgroup = 1, .v6only = TRISTATE_UNKNOWN};
	struct capture capture = capture_open();
	char *text;

	(void)state;
	memset(long_path, '\\', sizeof(long_path) - 1);
	socket_details_put(&socket, &namer, capture.output);
	text = capture_take(&capture);
	assert_int_equal(strlen(text), strlen(" cgroup:") + 4 * (sizeof(long_path) - 1));
	assert_string_equal(text + strlen(text) - 8, "\\x5c\\x5c");
	free(text);
	capture_close(&capture);
}

static void test_columns(void **state)
{
	static const struct owner owners[] = {{.pid = 12, .fd = 3, .comm = "ng\"inx"},
					      {.pid = 13, .fd = 4, .comm = "a b"},
					      {.pid = 14, .fd = 5, .comm = "\\xff"},
					      {.pid = 15, .fd = 6, .comm = "\xff"}};
	struct socket rows[] = {
		inet_socket(PROTOCOL_TCP, STATE_LISTEN, "0.0.0.0", 80, "0.0.0.0", 0),
		inet_socket(PROTOCOL_UDP, STATE_CLOSE, "127.0.0.1", 53, "0.0.0.0", 0),
	};
	const struct list_style plain = {.heading = true}, full = {.heading = true, .owners = true};

	(void)state;
	rows[0].recvq = 1;
	rows[0].sendq = 511;
	rows[0].owners = owners;
	rows[0].owner_count = COUNT_OF(owners);
	rows[1].sendq = QUEUE_UNKNOWN;
	rows[1].recvq = 4000000000;
	assert_listed(&plain, rows, 2,
		      "Netid State      Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
		      "tcp   LISTEN          1    511 0.0.0.0:80         0.0.0.0:*\n"
		      "udp   UNCONN 4000000000      - 127.0.0.1:53       0.0.0.0:*\n");
	assert_listed(
		&full, rows, 2,
		"Netid State      Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"
		"tcp   LISTEN          1    511 0.0.0.0:80         0.0.0.0:*         users:((\"ng\\x22inx\",pid=12,fd=3),(\"a b\",pid=13,fd=4),(\"\\x5cxff\",pid=14,fd=5),(\"\\xff\",pid=15,fd=6))\n"
		"udp   UNCONN 4000000000      - 127.0.0.1:53       0.0.0.0:*         -\n");
	assert_listed(&plain, rows, 0, "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port\n");
	assert_listed(&(struct list_style){0}, rows, 0, "");
}

static void test_wide_ends(void **state)
{
	struct socket rows[] = {
		inet_socket(PROTOCOL_TCP, STATE_ESTABLISHED, "2001:db8:1234:5678:9abc:def0:1234:5678", 50000,
			    "2001:db8:1234:5678:9abc:def0:1234:5679", 443),
		inet_socket(PROTOCOL_TCP, STATE_TIME_WAIT, "10.0.0.1", 1, "10.0.0.2", 2),
	};

	(void)state;
	assert_listed(
		&(struct list_style){0}, rows, 2,
		"tcp   ESTABLISHED      0      0 [2001:db8:1234:5678:9abc:def0:1234:5678]:50000 [2001:db8:1234:5678:9abc:def0:1234:5679]:443\n"
		"tcp   TIME_WAIT        0      0 10.0.0.1:1                                     10.0.0.2:2\n");
}

static void test_columns_do_not_shrink(void **state)
{
	const struct netns_view netns = {.home = SHOWN_NETNS};
	const struct list_style style = {.heading = true};
	struct socket wide = inet_socket(PROTOCOL_TCP, STATE_ESTABLISHED, "2001:db8::1", 50000, "2001:db8::2", 443);
	struct socket narrow = inet_socket(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 1, "0.0.0.0", 0);
	struct capture capture = capture_open();
	struct list_text *text = list_text_new(capture.output, &style, &numbers, &netns);
	char *out;

	(void)state;
	list_text_put(text, &wide, 1, 1);
	list_text_put(text, &narrow, 1, 1);
	list_text_restart(text, false);
	list_text_put(text, &narrow, 1, 1);
	out = capture_take(&capture);
	assert_string_equal(out, "Netid State       Recv-Q Send-Q Local Address:Port  Peer Address:Port\n"
				 "tcp   ESTABLISHED      0      0 [2001:db8::1]:50000 [2001:db8::2]:443\n"
				 "tcp   LISTEN           0      0 10.0.0.1:1          0.0.0.0:*\n"
				 "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
				 "tcp   LISTEN      0      0 10.0.0.1:1         0.0.0.0:*\n");
	free(out);
	list_text_free(text);
	capture_close(&capture);
}

static void test_timers(void **state)
{
	static const struct {
		uint8_t timer, retransmits;
		uint32_t ms;
		const char *text;
	} cases[] = {
		{TIMER_NONE, 0, 5, ""},
		{TIMER_KEEPALIVE, 0, 7200000, " timer:(keepalive,120min,0)"},
		{TIMER_KEEPALIVE, 0, 62000, " timer:(keepalive,1min2sec,0)"},
		{TIMER_TIME_WAIT, 0, 59940, " timer:(timewait,59sec,0)"},
		{TIMER_RETRANSMIT, 3, 4200, " timer:(on,4.2sec,3)"},
		{TIMER_RETRANSMIT, 1, 4050, " timer:(on,4sec,1)"},
		{TIMER_PROBE, 2, 230, " timer:(persist,230ms,2)"},
		{TIMER_RETRANSMIT, 0, 0, " timer:(on,0ms,0)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct socket socket = {
			.timer = cases[i].timer, .retransmits = cases[i].retransmits, .timer_ms = cases[i].ms};
		struct capture capture = capture_open();
		char *text;

		socket_timer_put(&socket, capture.output);
		text = capture_take(&capture);
		assert_string_equal(text, cases[i].text);
		free(text);
		capture_close(&capture);
	}
}

static void test_details_and_internals(void **state)
{
	static const struct tcp_info info = {
		.tcpi_options = TCPI_OPT_WSCALE,
		.tcpi_snd_wscale = 7,
		.tcpi_rcv_wscale = 9,
		.tcpi_rto = 204000,
		.tcpi_rtt = 1041,
		.tcpi_rttvar = 500,
		.tcpi_snd_cwnd = 10,
		.tcpi_snd_ssthresh = 0x7fffffff,
		.tcpi_reordering = 3,
		.tcpi_total_retrans = 4,
		.tcpi_pacing_rate = UINT64_MAX,
		.tcpi_delivery_rate = 1000,
		.tcpi_min_rtt = UINT32_MAX,
	};
	struct socket socket = inet_socket(PROTOCOL_TCP, STATE_ESTABLISHED, "10.0.0.1", 1, "10.0.0.2", 2);
	const struct list_style style = {.details = true, .internals = true, .one_line = true};

	(void)state;
	socket.uid = 33;
	socket.inode = 12345;
	socket.cookie = 0x1f;
	socket.v6only = TRISTATE_YES;
	socket.details = (struct socket_details){.info = &info, .info_size = sizeof(info), .congestion = "cubic"};
	assert_listed(
		&style, &socket, 1,
		"tcp   ESTABLISHED      0      0 10.0.0.1:1         10.0.0.2:2 uid:33 ino:12345 sk:1f v6only:1 cubic wscale:7,9 rtt:1.041/0.5 retrans:0/4 rto:204 cwnd:10 delivery_rate:8000bps\n");
	socket.details.info_size = offsetof(struct tcp_info, tcpi_rtt); /* as of an older kernel */
	assert_listed(&(struct list_style){.internals = true}, &socket, 1,
		      "tcp   ESTABLISHED      0      0 10.0.0.1:1         10.0.0.2:2\n\tcubic wscale:7,9 rto:204\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints),   cmocka_unit_test(test_unix_ends),
		cmocka_unit_test(test_long_cgroup), cmocka_unit_test(test_columns),
		cmocka_unit_test(test_wide_ends),   cmocka_unit_test(test_columns_do_not_shrink),
		cmocka_unit_test(test_timers),      cmocka_unit_test(test_details_and_internals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
