// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the lines for people: columns, times, reasons. No name that a process gives itself reaches the terminal raw.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "capture.h"
#include "escape.h"
#include "events.h"
#include "line.h"
#include "named_interfaces.h"
#include "named_netns.h"
#include "sink.h"
#include "table_text.h"
#include "terminal_of.h"

/* 23:59:58.000 UTC, when the monotonic clock says 1 s. */
static const struct wall_clock clock_of_test = {.offset_ns = 1709251197000000001LL, .measured_ns = 1};

static int use_utc(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static struct connection web_connection(void)
{
	return (struct connection){
		.id = 7,
		.tuple = tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443),
		.owner = owner_of(100, 3, "curl"),
		.state = STATE_CLOSE,
		.direction = DIRECTION_OUT,
		.recvq = QUEUE_UNKNOWN,
		.sendq = QUEUE_UNKNOWN,
	};
}

/* Returns the text that the sink writes of a change; the caller frees it. */
static char *line_of(const struct change *change, struct text_style style)
{
	struct capture capture = capture_open();
	struct sink *sink = text_sink_new(capture.output, &clock_of_test, &style);
	char *text;

	assert_non_null(sink);
	sink->ops->change(sink, change);
	text = capture_take(&capture);
	free(sink);
	capture_close(&capture);
	return text;
}

static void assert_line(const struct change *change, const char *wanted)
{
	char *text = line_of(change, (struct text_style){.terminal_fd = -1});

	assert_string_equal(text, wanted);
	free(text);
}

/* ---- columns ---- */

static void test_heading_stands_over_its_columns(void **state)
{
	struct capture capture = capture_open();
	struct text_style style = {.terminal_fd = -1};
	struct sink *sink = text_sink_new(capture.output, &clock_of_test, &style);
	static const char *const below[] = {"TIME 23:59:58.500", "PID 100",           "COMM curl",
					    "LADDR 10.0.0.1",    "LPORT 40000",       "RADDR 10.0.0.2",
					    "RPORT 443",         "OLDSTATE SYN_SENT", "-> ->",
					    "NEWSTATE CLOSE",    "WHY refused"};
	struct connection conn = web_connection();
	struct closing closing = {.err = ECONNREFUSED, .sent = true};
	struct change change = {.ts_ns = 1500000000,
				.conn = &conn,
				.oldstate = STATE_SYN_SENT,
				.newstate = STATE_CLOSE,
				.reason = REASON_REFUSED,
				.in_state = {.us = 70, .known = SPAN_EXACT},
				.closing = &closing};
	char *text, *second;

	(void)state;
	sink->ops->heading(sink);
	sink->ops->change(sink, &change);
	text = capture_take(&capture);
	second = strchr(text, '\n') + 1;
	for (size_t i = 0; i < COUNT_OF(below); i++) {
		char name[16], value[24], *at;

		assert_int_equal(sscanf(below[i], "%15s %23s", name, value), 2);
		at = strstr(text, name);
		assert_true(at && at < second);
		if (strncmp(second + (at - text), value, strlen(value)) != 0)
			fail_msg("below %s stands \"%.20s\", not %s", name, second + (at - text), value);
	}
	free(text);
	free(sink);
	capture_close(&capture);
}

static void test_whole_lines(void **state)
{
	struct connection conn = web_connection(), child = {.tuple = tuple_of(4, "0.0.0.0", 80, "0.0.0.0", 0),
							    .direction = DIRECTION_IN,
							    .state = STATE_SYN_RECV};
	struct change connect = {
		.ts_ns = 1500000000, .conn = &conn, .oldstate = STATE_CLOSE, .newstate = STATE_SYN_SENT};
	struct change birth = {
		.ts_ns = 1000999998, .conn = &child, .oldstate = STATE_LISTEN, .newstate = STATE_SYN_RECV};

	(void)state;
	conn.tuple.lport = 0;
	conn.state = STATE_SYN_SENT;
	assert_line(
		&connect,
		"23:59:58.500 100     curl            10.0.0.1        -     10.0.0.2        443   CLOSE       -> SYN_SENT             -\n");
	/* neither owner nor peer is known, and milliseconds are cut, not rounded up into the next second */
	assert_line(
		&birth,
		"23:59:58.000 -       -               0.0.0.0         80    -               -     LISTEN      -> SYN_RECV             -\n");
	connect.in_state = (struct span){.us = 1234567, .known = SPAN_AT_LEAST};
	assert_line(
		&connect,
		"23:59:58.500 100     curl            10.0.0.1        -     10.0.0.2        443   CLOSE       -> SYN_SENT     >1234.567\n");
}

static void test_socket_that_was_there(void **state)
{
	struct connection conn = web_connection();
	struct change change;

	(void)state;
	conn.state = STATE_ESTABLISHED;
	conn.since_ns = 1000000000;
	change = change_of_socket(&conn, 1500000000);
	assert_line(
		&change,
		"23:59:58.500 100     curl            10.0.0.1        40000 10.0.0.2        443   -           -> ESTABLISHED   >500.000 was there before\n");
}

static char *gap_line(struct gap gap, struct text_style style)
{
	struct capture capture = capture_open();
	struct sink *sink = text_sink_new(capture.output, &clock_of_test, &style);
	char *text;

	assert_non_null(sink);
	sink->ops->gap(sink, &gap);
	text = capture_take(&capture);
	free(sink);
	capture_close(&capture);
	return text;
}

static void test_gap(void **state)
{
	struct gap gap = {.lost = 1234, .from_ns = 1500000000, .to_ns = 2250000000, .reason = GAP_RING_FULL};
	char *text = gap_line(gap, (struct text_style){.terminal_fd = -1});

	(void)state;
	assert_string_equal(text,
			    "23:59:59.250 GAP: 1234 transitions lost since 23:59:58.500 because the buffer was full\n");
	free(text);
	gap.lost = 1;
	gap.reason = GAP_SKIPPED;
	text = gap_line(gap, (struct text_style){.terminal_fd = -1});
	assert_string_equal(text,
			    "23:59:59.250 GAP: 1 transition lost since 23:59:58.500 because the kernel skipped us\n");
	free(text);
	gap.reason = GAP_NO_MEMORY;
	text = gap_line(gap, (struct text_style){.terminal_fd = -1});
	assert_string_equal(text, "23:59:59.250 GAP: 1 transition lost since 23:59:58.500 because memory was short\n");
	free(text);
	text = gap_line(gap, (struct text_style){.color = true, .terminal_fd = -1});
	assert_non_null(strstr(text, "\033[31mGAP"));
	assert_string_equal(text + strlen(text) - 5, "\033[0m\n");
	free(text);
}

/* Little is known of a minisocket that was found once. */
static void test_end_of_which_little_is_known(void **state)
{
	struct connection conn = web_connection();
	struct change change = {.ts_ns = 1500000000,
				.conn = &conn,
				.oldstate = STATE_TIME_WAIT,
				.newstate = STATE_CLOSE,
				.derived = true};

	(void)state;
	assert_line(
		&change,
		"23:59:58.500 100     curl            10.0.0.1        40000 10.0.0.2        443   TIME_WAIT   -> CLOSE                -\n");
}

static void test_ipv6_is_never_cut(void **state)
{
	static const char longest[] = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff";
	struct connection conn = web_connection();
	struct change change = {.ts_ns = 1500000000, .conn = &conn, .newstate = STATE_SYN_SENT};

	(void)state;
	conn.tuple = tuple_of(6, longest, 40000, "2001:db8:1111:2222:3333:4444:5555:6666", 443);
	for (int wide = 0; wide < 2; wide++) {
		char *text = line_of(&change, (struct text_style){.wide = wide, .terminal_fd = -1});

		assert_non_null(strstr(text, " 2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff "));
		assert_non_null(strstr(text, " 2001:db8:1111:2222:3333:4444:5555:6666 "));
		assert_non_null(strstr(text, " 40000 "));
		free(text);
	}
	/* a v4-mapped address is shown as such */
	conn.tuple = tuple_of(6, "::ffff:10.0.0.1", 1, "::1", 2);
	change.oldstate = STATE_CLOSE;
	assert_line(
		&change,
		"23:59:58.500 100     curl            ::ffff:10.0.0.1 1     ::1             2     CLOSE       -> SYN_SENT             -\n");
}

/* ---- why ---- */

struct why {
	uint8_t oldstate;
	enum reason reason;
	struct closing closing;
	uint64_t age_us;
	const char *text;
};

static const struct why whys[] = {
	{STATE_SYN_SENT, REASON_REFUSED, {.err = ECONNREFUSED, .sent = true}, 70, "refused, retrans 0"},
	{STATE_SYN_SENT, REASON_TIMED_OUT, {.err = ETIMEDOUT, .retrans = 6, .sent = true}, 70, "timed out, retrans 6"},
	{STATE_SYN_SENT, REASON_GAVE_UP, {.sent = true}, 70, "gave up, retrans 0"},
	{STATE_SYN_SENT, REASON_NO_LOCAL_PORT, {.sent = false}, 70, "no local port, retrans 0"},
	{STATE_LISTEN, REASON_STOPPED_LISTENING, {.sent = false}, 5000000, "stopped listening, age 5.0s"},
	{STATE_LISTEN, REASON_STOPPED_LISTENING, {.sent = false}, 0, "stopped listening"},
	{STATE_FIN_WAIT2,
	 REASON_CLOSED_BY_US,
	 {.rx_bytes = 999, .tx_bytes = 1024, .srtt_us = 850, .sent = true},
	 12345,
	 "closed by us first, age 12.3ms, rx 999, tx 1.0K, rtt 850us, retrans 0"},
	{STATE_LAST_ACK,
	 REASON_CLOSED_BY_PEER,
	 {.rx_bytes = UINT64_MAX, .srtt_us = 0, .retrans = 1, .sent = true},
	 0,
	 "closed by peer first, rx 15.9E, tx 0, rtt -, retrans 1"},
	{STATE_ESTABLISHED,
	 REASON_RESET_BY_PEER,
	 {.err = ECONNRESET, .sent = true},
	 60000000,
	 "reset by peer, age 1m00s, rx 0, tx 0, rtt -, retrans 0"},
	{STATE_ESTABLISHED,
	 REASON_KILLED,
	 {.err = ECONNABORTED, .sent = true},
	 60000000,
	 "killed by admin, age 1m00s, rx 0, tx 0, rtt -, retrans 0"},
};

static const char *why_in(const char *line)
{
	const char *ms = strstr(line, "1.000 ");

	assert_non_null(ms);
	return ms + strlen("1.000 ");
}

static void test_whys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(whys); i++) {
		struct connection conn = web_connection();
		struct change change = {.ts_ns = 1500000000,
					.conn = &conn,
					.oldstate = whys[i].oldstate,
					.newstate = STATE_CLOSE,
					.reason = whys[i].reason,
					.in_state = {.us = 1000, .known = SPAN_EXACT},
					.closing = &whys[i].closing};
		char *text, wanted[128];

		if (whys[i].age_us)
			change.age = (struct span){.us = whys[i].age_us, .known = SPAN_EXACT};
		text = line_of(&change, (struct text_style){.terminal_fd = -1});
		snprintf(wanted, sizeof(wanted), "%s\n", whys[i].text);
		assert_string_equal(why_in(text), wanted);
		free(text);
	}
}

/* What no transition told: that is said, since no reason is. */
static void test_why_of_what_was_healed(void **state)
{
	struct connection conn = web_connection();
	struct change change = {.ts_ns = 1500000000,
				.conn = &conn,
				.oldstate = STATE_ESTABLISHED,
				.newstate = STATE_CLOSE_WAIT,
				.in_state = {.us = 1000, .known = SPAN_EXACT},
				.derived = true,
				.healed = true};
	char *text = line_of(&change, (struct text_style){.terminal_fd = -1});

	(void)state;
	assert_string_equal(why_in(text), "not seen as it happened\n");
	free(text);
	change.newstate = STATE_CLOSE;
	change.reason = REASON_END_NOT_SEEN;
	text = line_of(&change, (struct text_style){.terminal_fd = -1, .color = true});
	assert_non_null(strstr(text, "end not seen\n")); /* not in red: no trouble of the connection */
	free(text);
}

static void test_why_of_a_strange_error(void **state)
{
	struct connection conn = web_connection();
	struct closing closing = {.err = EACCES, .sent = true};
	struct change change = {.ts_ns = 1500000000,
				.conn = &conn,
				.oldstate = STATE_SYN_SENT,
				.newstate = STATE_CLOSE,
				.reason = REASON_FAILED,
				.closing = &closing};
	char *text;

	(void)state;
	for (unsigned int err = 1; err < 65536; err += err < 200 ? 1 : 6533) {
		closing.err = (uint16_t)err;
		text = line_of(&change, (struct text_style){.terminal_fd = -1});
		assert_non_null(strstr(text, "failed"));
		assert_non_null(strstr(text, strerror((int)err)));
		free(text);
	}
}

/* ---- names ---- */

static void assert_no_steering(const char *text)
{
	size_t length = strlen(text);

	for (size_t at = 0; at < length;) {
		int32_t character;

		at += utf8_next(text + at, length - at, &character);
		if (character != '\n' && (character < 0 || is_unprintable(character)))
			fail_msg("raw %02x in %s", (unsigned char)text[at - 1], text);
		if (character == '\\' && (text[at] != 'x' || strspn(text + at + 1, "0123456789abcdef") < 2))
			fail_msg("an escape was cut in %s", text);
	}
}

static const char hostile_names[][COMM_LEN] = {
	"\033[2J\033[31m",
	"a\nb",
	"a\rb\177",
	"\302\233x",
	"\342\200\256txt.exe",
	"\xff\xfe\xc0\xaf",
	"\\x\\y1234567\\z",
	"caf\303\251",
	"\303\251\303\251\303\251\303\251\303\251\303\251\303\251x",
	"a\303\251\303\251\303\251\303\251\303\251\303\251\303\251",
	"\343\203\274\343\203\274\343\203\274\343\203\274\343\203\274",
	{'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'}, /* no NUL */
};

static void test_hostile_names(void **state)
{
	struct connection conn = web_connection();
	struct change change = {.ts_ns = 1500000000, .conn = &conn, .oldstate = STATE_CLOSE, .newstate = STATE_LISTEN};
	char *text;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hostile_names); i++) {
		memcpy(conn.owner.comm, hostile_names[i], COMM_LEN);
		text = line_of(&change, (struct text_style){.terminal_fd = -1});
		assert_no_steering(text);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		free(text);
	}
	memcpy(conn.owner.comm, "a\nb", 4);
	text = line_of(&change, (struct text_style){.terminal_fd = -1});
	assert_non_null(strstr(text, " a\\x0ab          10.0.0.1 "));
	free(text);
	memcpy(conn.owner.comm, "caf\303\251", 6); /* columns count characters */
	text = line_of(&change, (struct text_style){.terminal_fd = -1});
	assert_non_null(strstr(text, " caf\303\251            10.0.0.1 "));
	free(text);
}

/* ---- terminals ---- */

/* Returns the columns of the longest line, and the number of lines in `lines`. */
static size_t measure_text(const char *text, size_t *lines)
{
	size_t most = 0, column = 0;

	for (*lines = 0; *text; text++) {
		if (*text == '\n') {
			++*lines;
			column = 0;
			continue;
		}
		column += ((unsigned char)*text & 0xc0) != 0x80;
		most = column > most ? column : most;
	}
	return most;
}

static void assert_fits(unsigned short columns, const char *comm)
{
	struct connection conn = web_connection();
	struct closing closing = {.err = ECONNRESET, .rx_bytes = 123456789, .srtt_us = 12345, .sent = true};
	struct change change = {.ts_ns = 1500000000,
				.conn = &conn,
				.oldstate = STATE_ESTABLISHED,
				.newstate = STATE_CLOSE,
				.reason = REASON_RESET_BY_PEER,
				.in_state = {.us = 1000, .known = SPAN_EXACT},
				.age = {.us = 1000, .known = SPAN_EXACT},
				.closing = &closing};
	int master, fd = terminal_of(columns, &master);
	size_t lines;
	char *text;

	if (fd < 0) {
		print_message("    skipped: no pseudo-terminals here\n");
		skip();
	}
	memcpy(conn.owner.comm, comm, COMM_LEN);
	text = line_of(&change, (struct text_style){.terminal_fd = fd});
	close(fd);
	close(master);
	assert_no_steering(text);
	if (measure_text(text, &lines) > columns)
		fail_msg("%u columns are not enough for\n%s", columns, text);
	assert_true(lines <= 3);
	assert_non_null(strstr(text, "10.0.0.1"));
	assert_non_null(strstr(text, "10.0.0.2"));
	assert_non_null(strstr(text, "ESTABLISHED -> CLOSE"));
	assert_non_null(strstr(text, "reset by peer, age 1.0ms, rx 117.7M, tx 0, rtt 12.3ms, retrans 0"));
	free(text);
}

static void test_narrow_terminals(void **state)
{
	(void)state;
	for (unsigned short columns = 80; columns <= 240; columns++)
		assert_fits(columns, "curl\0\0\0\0\0\0\0\0\0\0\0");
}

static void test_narrow_terminals_and_hostile_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(hostile_names); i++) {
		assert_fits(80, hostile_names[i]);
		assert_fits(120, hostile_names[i]);
		assert_fits(240, hostile_names[i]);
	}
	for (int before = 0; before < 12; before++) { /* a cut at each byte of an escape */
		char comm[COMM_LEN] = "";

		memset(comm, 'a', (size_t)before);
		strcat(comm, "\\\\\\");
		assert_fits(80, comm);
		assert_fits(140, comm);
	}
}

static void test_color(void **state)
{
	struct connection conn = web_connection();
	struct closing closing = {.err = ECONNREFUSED, .sent = true};
	struct change change = {.ts_ns = 1500000000,
				.conn = &conn,
				.oldstate = STATE_SYN_SENT,
				.newstate = STATE_CLOSE,
				.reason = REASON_REFUSED,
				.closing = &closing};
	char *text = line_of(&change, (struct text_style){.color = true, .terminal_fd = -1});

	(void)state;
	assert_non_null(strstr(text, "\033[90mCLOSE"));
	assert_non_null(strstr(text, "\033[31mrefused"));
	assert_string_equal(text + strlen(text) - 5, "\033[0m\n"); /* no color stays switched on */
	free(text);
	text = line_of(&change, (struct text_style){.color = false, .terminal_fd = -1});
	assert_null(strchr(text, '\033'));
	free(text);
}

/* ---- network namespaces ---- */

enum { HOME = 4026531833u, BLUE = 4026532100u, ODD = 4026532200u, LONG = 4026532201u, NAMELESS = 4026532300u };

static const struct named_netns named[] = {
	{HOME, "home"},
	{BLUE, "blue"},
	{ODD, "a\nb"},
	{LONG, "one-whose-name-is-a-good-deal-longer-than-its-column"},
	{0},
};

static const struct netns_finder finder = NAMED_FINDER(named);

struct printing {
	struct capture capture;
	struct sink *sink;
	struct netns_names *names;
};

static struct printing printing_open(struct netns_view netns, int terminal_fd)
{
	struct printing printing = {.capture = capture_open(), .names = netns_names_new(&finder)};
	struct text_style style = {.terminal_fd = terminal_fd};

	assert_non_null(printing.names);
	printing.sink = text_sink_new(printing.capture.output, &clock_of_test, &style);
	assert_non_null(printing.sink);
	netns.names = printing.names;
	printing.sink->netns = netns;
	printing.sink->ops->heading(printing.sink);
	return printing;
}

static void print_in(struct printing *printing, uint32_t inode)
{
	struct connection conn = web_connection();
	struct change change = {.ts_ns = 1500000000, .conn = &conn, .newstate = STATE_SYN_SENT};

	conn.tuple.netns = inode;
	printing->sink->ops->change(printing->sink, &change);
}

static char *printing_close(struct printing *printing)
{
	char *text = capture_take(&printing->capture);

	free(printing->sink);
	netns_names_free(printing->names);
	capture_close(&printing->capture);
	return text;
}

#define HEADING                                                                                                        \
	"TIME         PID     COMM            LADDR           LPORT RADDR           RPORT OLDSTATE    -> NEWSTATE "
#define HEADING_NETNS(name)                                                                                            \
	"TIME         PID     COMM            " name                                                                   \
	" LADDR           LPORT RADDR           RPORT OLDSTATE    -> NEWSTATE "

static void assert_lines(char *text, const char *const *lines, size_t count)
{
	const char *line = text;

	for (size_t i = 0; i < count; i++) {
		if (strncmp(line, lines[i], strlen(lines[i])) != 0)
			fail_msg("\"%.120s\" does not begin with \"%s\"", line, lines[i]);
		line = strchr(line, '\n') + 1;
	}
	assert_string_equal(line, "");
	free(text);
}

/* The column comes with the second network namespace, under a heading of its own, as wide as the names need. */
static void test_netns_column_begins(void **state)
{
	static const char *const lines[] = {
		HEADING,
		"23:59:58.500 100     curl            10.0.0.1 ",
		HEADING_NETNS("NETNS               "),
		"23:59:58.500 100     curl            blue                 10.0.0.1 ",
		"23:59:58.500 100     curl            host                 10.0.0.1 ",
		"23:59:58.500 100     curl            a\\x0ab               10.0.0.1 ",
		"23:59:58.500 100     curl            one-whose-name-is-a-good-deal-longer-than-its-column 10.0.0.1 ",
		"23:59:58.500 100     curl            4026532300           10.0.0.1 ",
	};
	struct printing printing = printing_open((struct netns_view){.home = HOME}, -1);

	(void)state;
	print_in(&printing, HOME);
	print_in(&printing, BLUE);
	print_in(&printing, HOME);
	print_in(&printing, ODD);
	print_in(&printing, LONG);
	print_in(&printing, NAMELESS);
	assert_lines(printing_close(&printing), lines, COUNT_OF(lines));
}

/* A name that comes later may need more room. Without memory for names, the numbers are shown. */
static void test_netns_column_grows(void **state)
{
	static const char *const lines[] = {
		HEADING,
		"23:59:58.500 100     curl            10.0.0.1 ",
		HEADING_NETNS("NETNS     "),
		"23:59:58.500 100     curl            4026532300 10.0.0.1 ",
		"23:59:58.500 100     curl            77         10.0.0.1 ",
		"23:59:58.500 100     curl            4026531833 10.0.0.1 ",
	};
	struct printing printing = printing_open((struct netns_view){.home = HOME}, -1);

	(void)state;
	printing.sink->netns.names = NULL;
	print_in(&printing, HOME);
	print_in(&printing, NAMELESS);
	print_in(&printing, 77);
	print_in(&printing, HOME);
	assert_lines(printing_close(&printing), lines, COUNT_OF(lines));
}

static void test_netns_column_from_the_start(void **state)
{
	static const char *const lines[] = {
		HEADING_NETNS("NETNS   "),
		"23:59:58.500 100     curl            host     10.0.0.1 ",
		HEADING_NETNS("NETNS               "),
		"23:59:58.500 100     curl            one-whose-name-is-a-good-deal-longer-than-its-column 10.0.0.1 ",
		"23:59:58.500 100     curl            blue                 10.0.0.1 ",
		"23:59:58.500 100     curl            host                 10.0.0.1 ",
	};
	struct printing printing = printing_open((struct netns_view){.home = HOME, .several = true}, -1);

	(void)state;
	print_in(&printing, HOME);
	print_in(&printing, LONG);
	print_in(&printing, BLUE);
	print_in(&printing, HOME);
	assert_lines(printing_close(&printing), lines, COUNT_OF(lines));
}

static void test_netns_column_of_those_who_are_elsewhere(void **state)
{
	static const char *const fixed[] = {HEADING, "23:59:58.500 100     curl            10.0.0.1 "};
	static const char *const free_[] = {HEADING, HEADING_NETNS("NETNS               "),
					    "23:59:58.500 100     curl            blue                 10.0.0.1 "};
	struct printing printing = printing_open((struct netns_view){.home = HOME, .fixed = true}, -1);

	(void)state;
	print_in(&printing, BLUE);
	assert_lines(printing_close(&printing), fixed, COUNT_OF(fixed));
	printing = printing_open((struct netns_view){.home = HOME}, -1);
	print_in(&printing, BLUE);
	assert_lines(printing_close(&printing), free_, COUNT_OF(free_));
}

static void test_netns_column_on_terminals(void **state)
{
	(void)state;
	for (unsigned short columns = 80; columns <= 240; columns++) {
		int master, fd = terminal_of(columns, &master);
		struct printing printing;
		size_t lines;
		char *text;

		if (fd < 0) {
			print_message("    skipped: no pseudo-terminals here\n");
			skip();
		}
		printing = printing_open((struct netns_view){.home = HOME, .several = true}, fd);
		print_in(&printing, HOME);
		print_in(&printing, LONG);
		text = printing_close(&printing);
		close(fd);
		close(master);
		if (measure_text(text, &lines) > columns)
			fail_msg("%u columns are not enough for\n%s", columns, text);
		assert_true(lines == 4 || lines == 6 || lines == 8); /* two headings: the second name is wider */
		assert_non_null(strstr(text, " host"));
		assert_non_null(strstr(text, "NETNS"));
		assert_non_null(strstr(text, "10.0.0.2"));
		free(text);
	}
}

static void test_netns_column_of_the_table(void **state)
{
	struct connection here = web_connection(), there = web_connection();
	struct connection *rows[] = {&here, &there};
	struct table_view view = {.iteration = 1, .ts_ns = 1500000000, .rows = rows, .count = 2};
	struct capture capture = capture_open();
	struct netns_view netns = {.names = netns_names_new(&finder), .home = HOME};
	char *text;

	(void)state;
	here.tuple.netns = HOME;
	there.tuple.netns = BLUE;
	table_text_put(capture.output, &clock_of_test, &netns, &view);
	text = capture_take(&capture);
	assert_non_null(strstr(text, "SEND-Q NETNS    LADDR:LPORT "));
	assert_non_null(strstr(text, " host     10.0.0.1:40000 "));
	assert_non_null(strstr(text, " blue     10.0.0.1:40000 "));
	free(text);
	here.tuple.netns = BLUE; /* all connections in one namespace, which is not the reader's own … */
	table_text_put(capture.output, &clock_of_test, &netns, &view);
	text = capture_take(&capture);
	assert_non_null(strstr(text, " NETNS "));
	free(text);
	netns.fixed = true; /* … but the namespace asked for */
	table_text_put(capture.output, &clock_of_test, &netns, &view);
	text = capture_take(&capture);
	assert_null(strstr(text, "NETNS"));
	free(text);
	netns.fixed = false;
	here.tuple.netns = there.tuple.netns = HOME;
	table_text_put(capture.output, &clock_of_test, &netns, &view);
	text = capture_take(&capture);
	assert_null(strstr(text, "NETNS"));
	free(text);
	netns_names_free(netns.names);
	capture_close(&capture);
}

/* ---- values ---- */

static void test_spans(void **state)
{
	static const struct {
		uint64_t us;
		enum knowledge known;
		const char *text, *ms;
	} spans[] = {
		{0, SPAN_UNKNOWN, "-", "-"},
		{5, SPAN_UNKNOWN, "-", "-"},
		{0, SPAN_EXACT, "0us", "0.000"},
		{1, SPAN_EXACT, "1us", "0.001"},
		{999, SPAN_EXACT, "999us", "0.999"},
		{1000, SPAN_EXACT, "1.0ms", "1.000"},
		{12345, SPAN_AT_LEAST, ">12.3ms", ">12.345"},
		{999999, SPAN_EXACT, "999.9ms", "999.999"},
		{1000000, SPAN_EXACT, "1.0s", "1000.000"},
		{59999999, SPAN_EXACT, "59.9s", "59999.999"},
		{60000000, SPAN_EXACT, "1m00s", "60000.000"},
		{185000000, SPAN_AT_LEAST, ">3m05s", ">185000.000"},
		{3599999999, SPAN_EXACT, "59m59s", "3599999.999"},
		{3600000000, SPAN_EXACT, "1h00m", "3600000.000"},
		{86399999999, SPAN_EXACT, "23h59m", "86399999.999"},
		{86400000000, SPAN_EXACT, "1d00h", "86400000.000"},
		{UINT64_MAX, SPAN_AT_LEAST, ">213503982d08h", ">18446744073709551.615"},
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(spans); i++) {
		struct span span = {.us = spans[i].us, .known = spans[i].known};

		assert_string_equal(span_text(span, out), spans[i].text);
		assert_string_equal(span_ms_text(span, out), spans[i].ms);
	}
}

static void test_sizes_and_numbers(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {{0, "0"},
		     {1023, "1023"},
		     {1024, "1.0K"},
		     {1536, "1.5K"},
		     {1048575, "1023.9K"},
		     {1048576, "1.0M"},
		     {1ULL << 30, "1.0G"},
		     {1ULL << 40, "1.0T"},
		     {1ULL << 50, "1.0P"},
		     {1ULL << 60, "1.0E"},
		     {UINT64_MAX, "15.9E"}};
	char out[32];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		assert_string_equal(size_text(sizes[i].bytes, out), sizes[i].text);
	assert_string_equal(number_text(0, true, out), "0");
	assert_string_equal(number_text(0, false, out), "-");
	assert_string_equal(number_text(UINT64_MAX, true, out), "18446744073709551615");
}

static void test_endpoints(void **state)
{
	struct connection conn = {.tuple = tuple_of(4, "127.0.0.1", 80, "0.0.0.0", 0), .state = STATE_LISTEN};
	char out[ENDPOINT_TEXT_MAX], name[INTERFACE_NAME_SIZE] = "";

	(void)state;
	assert_string_equal(local_text(&conn, NULL, out), "127.0.0.1:80");
	assert_string_equal(remote_text(&conn, out), "0.0.0.0:*");
	conn.state = STATE_SYN_RECV;
	conn.direction = DIRECTION_IN;
	assert_string_equal(remote_text(&conn, out), "-");
	conn.tuple = tuple_of(6, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 65535, "::ffff:255.255.255.255", 65535);
	assert_string_equal(local_text(&conn, NULL, out), "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535");
	assert_string_equal(remote_text(&conn, out), "[::ffff:255.255.255.255]:65535");
	conn.tuple.lport = 0;
	assert_string_equal(local_text(&conn, NULL, out), "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:-");
	conn.tuple = tuple_of(6, "fe80::1", 80, "fe80::2", 443);
	conn.tuple.interface = 3;
	assert_string_equal(local_text(&conn, "eth0", out), "[fe80::1]%eth0:80");
	assert_string_equal(local_text(&conn, NULL, out), "[fe80::1]%3:80");
	assert_string_equal(remote_text(&conn, out), "[fe80::2]:443");
	conn.tuple = tuple_of(6, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 65535, "::", 0);
	conn.tuple.interface = 3;
	memset(name, '\377', sizeof(name) - 1);
	assert_int_equal(strlen(local_text(&conn, name, out)), 47 + 4 * 15); /* the longest has room */
	conn.tuple.interface = INTERFACE_UNKNOWN;
	assert_string_equal(local_text(&conn, NULL, out), "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535");
}

/* The interface stands where `list` shows it, in a line of trace and in the table of top. */
static void test_interfaces(void **state)
{
	static const struct {
		uint32_t index;
		const char *line, *row;
	} tried[] = {{INTERFACE_ETH0, " fe80::1%eth0    40000 fe80::2 ", " [fe80::1]%eth0:40000 [fe80::2]:443 "},
		     {INTERFACE_HOSTILE, " fe80::1%e\\x1b[\\x5c\\xff 40000 fe80::2 ",
		      " [fe80::1]%e\\x1b[\\x5c\\xff:40000 [fe80::2]:443 "},
		     {INTERFACE_NAMELESS, " fe80::1%4       40000 ", " [fe80::1]%4:40000 "},
		     {INTERFACE_UNKNOWN, " fe80::1         40000 ", " [fe80::1]:40000 "}};
	struct connection conn = web_connection(), *row = &conn;
	const struct table_view view = {.iteration = 1, .rows = &row, .count = 1};
	struct capture capture = capture_open();
	struct text_style style = {.terminal_fd = -1};
	struct sink *sink = text_sink_new(capture.output, &clock_of_test, &style);

	(void)state;
	sink->netns.interfaces = interface_names_new(&named_interfaces, true);
	conn.tuple = tuple_of(6, "fe80::1", 40000, "fe80::2", 443);
	for (size_t i = 0; i < COUNT_OF(tried); i++) {
		const struct change change = change_of_socket(&conn, 1);
		char *text;

		conn.tuple.interface = tried[i].index;
		sink->ops->change(sink, &change);
		sink->ops->table(sink, &view);
		text = capture_take(&capture);
		if (!strstr(text, tried[i].line) || !strstr(text, tried[i].row))
			fail_msg("%s", text);
		free(text);
	}
	interface_names_free(sink->netns.interfaces);
	free(sink);
	capture_close(&capture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heading_stands_over_its_columns),
		cmocka_unit_test(test_whole_lines),
		cmocka_unit_test(test_socket_that_was_there),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_end_of_which_little_is_known),
		cmocka_unit_test(test_ipv6_is_never_cut),
		cmocka_unit_test(test_whys),
		cmocka_unit_test(test_why_of_what_was_healed),
		cmocka_unit_test(test_why_of_a_strange_error),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_narrow_terminals),
		cmocka_unit_test(test_narrow_terminals_and_hostile_names),
		cmocka_unit_test(test_color),
		cmocka_unit_test(test_netns_column_begins),
		cmocka_unit_test(test_netns_column_grows),
		cmocka_unit_test(test_netns_column_from_the_start),
		cmocka_unit_test(test_netns_column_of_those_who_are_elsewhere),
		cmocka_unit_test(test_netns_column_on_terminals),
		cmocka_unit_test(test_netns_column_of_the_table),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_sizes_and_numbers),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_interfaces),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
