// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the lines for people at the exact widths at which they change, and with the longest names.
 */
#include <errno.h>
#include <time.h>

#include "capture.h"
#include "events.h"
#include "netns_text.h"
#include "sink.h"
#include "table_text.h"
#include "terminal_of.h"

static const struct wall_clock clock_of_test = {.offset_ns = 1, .measured_ns = 1};

/* A sink to a terminal, which is freed with its descriptors by close_screen(). */
struct screen {
	struct capture capture;
	struct sink *sink;
	int fd, master;
};

static struct screen open_screen(int fd, int master)
{
	struct screen screen = {.capture = capture_open(), .fd = fd, .master = master};
	struct text_style style = {.terminal_fd = fd};

	screen.sink = text_sink_new(screen.capture.output, &clock_of_test, &style);
	assert_non_null(screen.sink);
	return screen;
}

static void close_screen(struct screen *screen)
{
	free(screen->sink);
	capture_close(&screen->capture);
	close(screen->fd);
	close(screen->master);
}

/* Skips the test where there are no terminals. */
static struct screen open_screen_of(unsigned short columns)
{
	int master, fd = terminal_of(columns, &master);

	if (fd < 0)
		skip();
	return open_screen(fd, master);
}

static struct connection web_connection(void)
{
	return (struct connection){
		.tuple = tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443),
		.owner = owner_of(100, 3, "a-longer-name"),
		.direction = DIRECTION_OUT,
	};
}

static char *line_of_failure(struct screen *screen, uint32_t retrans)
{
	struct connection conn = web_connection();
	struct closing closing = {.err = ETIMEDOUT, .retrans = retrans, .sent = true};
	struct change change = {.ts_ns = 1,
				.conn = &conn,
				.oldstate = STATE_SYN_SENT,
				.newstate = STATE_CLOSE,
				.reason = REASON_TIMED_OUT,
				.closing = &closing};

	screen->sink->ops->change(screen->sink, &change);
	return capture_take(&screen->capture);
}

/* ---- terminals ---- */

/* Twenty columns are left for the reason as long as that can be: first the name gets shorter, then the time. Addresses
 * never do; they take a second line. */
static void test_columns_that_give_way(void **state)
{
	static const struct {
		unsigned short columns;
		size_t pid, laddr; /* where these columns begin */
		bool stacked;
	} cases[] = {
		{139, 13, 37, false}, {138, 13, 32, false}, {134, 13, 32, false}, {133, 9, 28, false},
		{130, 9, 28, false},  {129, 9, 25, false},  {110, 9, 25, false},  {109, 9, 9, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct screen screen = open_screen_of(cases[i].columns);
		char *text, *second;

		screen.sink->ops->heading(screen.sink);
		text = capture_take(&screen.capture);
		second = cases[i].stacked ? strchr(text, '\n') + 1 : text;
		assert_int_equal(strstr(text, "PID") - text, cases[i].pid);
		assert_int_equal(strstr(text, "LADDR") - second, cases[i].laddr);
		free(text);
		close_screen(&screen);
	}
}

/* "timed out, retrans 6" ends in the last column of 139; one more letter, and it takes the next line. */
static void test_reason_in_the_last_column(void **state)
{
	struct screen screen = open_screen_of(139);
	char *text = line_of_failure(&screen, 6);

	(void)state;
	assert_int_equal(strlen(text), 139 + 1);
	assert_string_equal(strchr(text, '\n'), "\n");
	free(text);
	text = line_of_failure(&screen, 10);
	assert_string_equal(strchr(text, '\n'), "\n         timed out, retrans 10\n");
	free(text);
	close_screen(&screen);
}

/* A terminal may be any descriptor, and may change its size at any time. */
static void test_size_that_changes(void **state)
{
	int kept, master, fd = terminal_of(139, &master);
	struct screen screen;
	char *text;

	(void)state;
	if (fd < 0)
		skip();
	kept = dup(STDIN_FILENO);
	dup2(fd, STDIN_FILENO);
	screen = open_screen(STDIN_FILENO, master);
	text = line_of_failure(&screen, 0);
	assert_non_null(strstr(text, "00:00:00.000 100     a-longer-name   10.0.0.1 "));
	free(text);
	set_columns(fd, 129);
	text = line_of_failure(&screen, 0);
	assert_non_null(strstr(text, "00:00:00 100     a-longe 10.0.0.1 "));
	free(text);
	close_screen(&screen);
	close(fd);
	dup2(kept, STDIN_FILENO);
	close(kept);
}

/* ---- names ---- */

#define FOUR_ESCAPES "\\x01\\x01\\x01\\x01"

/* A name that fills its field, each byte of which is escaped, is shown whole. */
static void test_longest_names(void **state)
{
	static const char wanted[] = " " FOUR_ESCAPES FOUR_ESCAPES FOUR_ESCAPES FOUR_ESCAPES;
	struct connection conn = web_connection(), *row = &conn;
	struct change change = {.ts_ns = 1, .conn = &conn, .oldstate = STATE_CLOSE, .newstate = STATE_SYN_SENT};
	struct table_view view = {.iteration = 1, .ts_ns = 1, .rows = &row, .count = 1};
	struct capture capture = capture_open();
	struct text_style style = {.terminal_fd = -1};
	struct sink *sink = text_sink_new(capture.output, &clock_of_test, &style);
	char *text;

	(void)state;
	memset(conn.owner.comm, '\1', COMM_LEN);
	sink->ops->change(sink, &change);
	text = capture_take(&capture);
	assert_non_null(strstr(text, wanted));
	assert_non_null(strstr(text, FOUR_ESCAPES " 10.0.0.1 "));
	free(text);
	sink->ops->table(sink, &view);
	text = capture_take(&capture);
	assert_non_null(strstr(text, wanted));
	free(text);
	free(sink);
	capture_close(&capture);
}

static void test_width_of_the_netns_column(void **state)
{
	static const struct {
		size_t characters, width;
	} cases[] = {{0, 8}, {7, 8}, {8, 8}, {9, 9}, {19, 19}, {20, 20}, {21, 20}, {SIZE_MAX, 20}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(netns_column(cases[i].characters), cases[i].width);
}

/* ---- the table ---- */

/* "+2" counts the holders besides the one that is named. */
static void test_further_holders(void **state)
{
	static const char *const ends[] = {" a-longer-name\n", " a-longer-name\n", " a-longer-name +1\n",
					   " a-longer-name +2\n"};
	struct connection conn = web_connection(), *row = &conn;
	struct table_view view = {.iteration = 1, .ts_ns = 1, .rows = &row, .count = 1};
	struct capture capture = capture_open();

	(void)state;
	for (uint16_t count = 0; count < COUNT_OF(ends); count++) {
		static const struct netns_view nowhere;
		char *text;

		conn.owner_count = count;
		table_text_put(capture.output, &clock_of_test, &nowhere, &view);
		text = capture_take(&capture);
		assert_non_null(strstr(text, ends[count]));
		free(text);
	}
	capture_close(&capture);
}

static int use_utc(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_that_give_way),     cmocka_unit_test(test_reason_in_the_last_column),
		cmocka_unit_test(test_size_that_changes),         cmocka_unit_test(test_longest_names),
		cmocka_unit_test(test_width_of_the_netns_column), cmocka_unit_test(test_further_holders),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
