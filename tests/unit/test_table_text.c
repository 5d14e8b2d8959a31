// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests one printing of the live table for people.
 */
#include <time.h>

#include "capture.h"
#include "events.h"
#include "table_text.h"

/* 23:59:58.000 UTC, when the monotonic clock says 1 s. */
static const struct wall_clock clock_of_test = {.offset_ns = 1709251197000000001LL, .measured_ns = 1};

static const struct netns_view nowhere; /* no names are known */

static int use_utc(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static void test_table(void **state)
{
	struct capture capture = capture_open();
	struct connection listener = {.tuple = tuple_of(6, "::", 80, "::", 0),
				      .owner = owner_of(100, 3, "evil\033["),
				      .owner_count = 3,
				      .state = STATE_LISTEN,
				      .recvq = 5,
				      .sendq = QUEUE_UNKNOWN};
	struct connection conn = {.tuple = tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443),
				  .recvq = QUEUE_UNKNOWN,
				  .sendq = QUEUE_UNKNOWN};
	struct connection *rows[] = {&listener, &conn};
	struct table_view view = {
		.iteration = 1,
		.ts_ns = 1500000000,
		.rows = rows,
		.count = 2,
		.summary = {.seen = 12, .received = 9, .dropped = 3, .missed = 1, .resyncs = 2, .healed = 4},
	};
	char *text;

	(void)state;
	conn.state = STATE_ESTABLISHED;
	conn.owner = (struct owner){.fd = FD_UNKNOWN};
	conn.since_ns = 1000000000;
	table_text_put(capture.output, &clock_of_test, &nowhere, &view);
	text = capture_take(&capture);
	assert_string_equal(text,
			    "top: 23:59:58, 2 sockets: 1 ESTABLISHED, 1 LISTEN\n"
			    "transitions: seen 12, received 9, dropped 3, missed 1, resyncs 2, healed 4\n"
			    "STATE        RECV-Q  SEND-Q LADDR:LPORT    RADDR:RPORT  IN-STATE PID     COMM\n"
			    "LISTEN            5       - [::]:80        [::]:*              - 100     evil\\x1b[ +2\n"
			    "ESTABLISHED       -       - 10.0.0.1:40000 10.0.0.2:443 >500.0ms -       -\n");
	free(text);
	view.iteration = 2;
	view.count = 0;
	view.summary.put_off = 4;
	table_text_put(capture.output, &clock_of_test, &nowhere, &view);
	text = capture_take(&capture);
	assert_non_null(strstr(text, "\ntop: 23:59:58, 0 sockets\n"));
	assert_non_null(strstr(text, "resyncs 2, healed 4, snapshots put off 4\n"));
	free(text);
	capture_close(&capture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
