// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests a page for people: its parts, within the width of a terminal, with colours and without; and the colours of
 * states.
 */
#include "capture.h"
#include "colors.h"
#include "page.h"
#include "state_color.h"
#include "tcp_state.h"

static void put_page(struct page *page)
{
	page_title(page, "PORT %d", 80);
	page_paragraph(page, "Nobody listens on %s, and so a connect is refused.", "it");
	page_heading(page, "What to %s", "do");
	page_item(page, "Start the server, and look at `ss -l` for a while.");
	page_count(page, 12, "connections %s", "wait");
	page_count(page, 1234567890, "more than the column holds, and one more word");
	page_entry(page, "name", 6, COLOR_RED, "a text about it that goes on");
	page_entry(page, "as wide", 7, NULL, "text");
}

static void assert_page(size_t width, bool color, const char *wanted)
{
	struct capture capture = capture_open();
	struct page page;
	char *text;

	page_open(&page, capture.output, width, color);
	put_page(&page);
	text = capture_take(&capture);
	assert_string_equal(text, wanted);
	free(text);
	capture_close(&capture);
}

static void test_without_a_width(void **state)
{
	(void)state;
	assert_page(0, false,
		    "PORT 80\n"
		    "  Nobody listens on it, and so a connect is refused.\n"
		    "\n"
		    "What to do\n"
		    "  - Start the server, and look at `ss -l` for a while.\n"
		    "       12  connections wait\n"
		    "1234567890  more than the column holds, and one more word\n"
		    "  name    a text about it that goes on\n"
		    "  as wide  text\n");
}

/* Lines go on below their beginning. A width of 30 columns is filled, and not passed. */
static void test_narrow(void **state)
{
	(void)state;
	assert_page(30, false,
		    "PORT 80\n"
		    "  Nobody listens on it, and so\n"
		    "  a connect is refused.\n"
		    "\n"
		    "What to do\n"
		    "  - Start the server, and look\n"
		    "    at `ss -l` for a while.\n"
		    "       12  connections wait\n"
		    "1234567890  more than the\n"
		    "           column holds, and\n"
		    "           one more word\n"
		    "  name    a text about it that\n"
		    "          goes on\n"
		    "  as wide  text\n");
}

static void test_colors(void **state)
{
	(void)state;
	assert_page(0, true,
		    "\033[1mPORT 80\033[0m\n"
		    "  Nobody listens on it, and so a connect is refused.\n"
		    "\n"
		    "\033[1mWhat to do\033[0m\n"
		    "  - Start the server, and look at `ss -l` for a while.\n"
		    "       12  connections wait\n"
		    "1234567890  more than the column holds, and one more word\n"
		    "  \033[31mname\033[0m    a text about it that goes on\n"
		    "  as wide  text\n");
}

static void test_colors_of_states(void **state)
{
	static const char *const wanted[] = {
		[STATE_ESTABLISHED] = COLOR_GREEN, [STATE_SYN_SENT] = COLOR_YELLOW, [STATE_SYN_RECV] = COLOR_YELLOW,
		[STATE_FIN_WAIT1] = COLOR_BLUE,    [STATE_FIN_WAIT2] = COLOR_BLUE,  [STATE_TIME_WAIT] = COLOR_GREY,
		[STATE_CLOSE] = COLOR_GREY,        [STATE_CLOSE_WAIT] = COLOR_BLUE, [STATE_LAST_ACK] = COLOR_BLUE,
		[STATE_LISTEN] = COLOR_CYAN,       [STATE_CLOSING] = COLOR_BLUE,
	};

	(void)state;
	for (uint8_t each = STATE_ESTABLISHED; each < STATE_COUNT; each++)
		assert_string_equal(state_color(each), wanted[each]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_width),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_colors),
		cmocka_unit_test(test_colors_of_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
