// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the pages of `explain` about states, as people read them.
 */
#include "explain.h"
#include "shown.h"

static const char *find_service(void *context, enum protocol protocol, uint16_t port)
{
	(void)context;
	assert_int_equal(protocol, PROTOCOL_TCP);
	return port == 80 ? "http" : port == 81 ? "a b" : NULL;
}

static const struct socket_namer numbers = {0};
static const struct socket_namer names = {.service = find_service};
static const struct netns_view view = {.home = SHOWN_NETNS};

static struct explain_style style_of(const struct capture *capture, const struct socket_namer *namer)
{
	return (struct explain_style){
		.output = capture->output, .namer = namer, .netns = &view, .home = SHOWN_NETNS, .now_ns = 1};
}

/* ---- all states ---- */

static void show_states(struct capture *capture, const uint64_t counts[STATE_COUNT], bool color)
{
	struct explain_style style = style_of(capture, &numbers);

	style.color = color;
	explain_states_text(&style, &(struct states_page){.counts = counts});
}

#define STATES_TITLE "The states of the TCP sockets there are now in network namespace 1000\n"
#define STATES_ADVICE                                                                                                  \
	"\n`tcpledger explain CLOSE_WAIT` tells of a state how sockets get into it, what many of them mean, and what to do; `tcpledger explain 80` tells who has a port, or why it cannot be bound.\n"

static void test_states(void **state)
{
	static const uint64_t none[STATE_COUNT] = {[STATE_UNKNOWN] = 9}; /* that is no state */
	static const uint64_t some[STATE_COUNT] = {
		[STATE_ESTABLISHED] = 3, [STATE_TIME_WAIT] = 1234567, [STATE_CLOSING] = 1};
	struct capture capture = capture_open();
	struct expected expected = {0};

	(void)state;
	show_states(&capture, none, false);
	expect(&expected, STATES_TITLE "  There are no TCP sockets.\n" STATES_ADVICE);
	assert_shown(&capture, expected.text);

	show_states(&capture, some, false);
	expected = (struct expected){0};
	expect(&expected, STATES_TITLE);
	expect(&expected, "        3  ESTABLISHED  %s\n", state_guide(STATE_ESTABLISHED)->brief);
	expect(&expected, "  1234567  TIME_WAIT    %s\n", state_guide(STATE_TIME_WAIT)->brief);
	expect(&expected, "        1  CLOSING      %s\n" STATES_ADVICE, state_guide(STATE_CLOSING)->brief);
	assert_shown(&capture, expected.text);
	capture_close(&capture);
}

/* ---- the guide to a state ---- */

/* Puts the headings of a guide and its texts. The steps in and out are put between them by the test. */
static void expect_meaning(struct expected *expected, unsigned int state)
{
	expect(expected, "%s: %s\n\nWhat it means\n  %s\n\nHow a socket gets in\n", tcp_state_name(state),
	       state_guide(state)->brief, state_guide(state)->meaning);
}

static void expect_many(struct expected *expected, unsigned int state, size_t remedies)
{
	const struct state_guide *guide = state_guide(state);

	expect(expected, "\nWhat many of them mean\n  %s\n\nWhat to do\n", guide->many);
	for (size_t i = 0; i < remedies; i++)
		expect(expected, "  - %s\n", guide->remedies[i]);
}

static void show_survey(struct capture *capture, struct state_page *page, struct state_survey *survey)
{
	const struct explain_style style = style_of(capture, &names);
	static char *const no_values[GUIDE_SETTINGS];

	page->survey = survey;
	if (!page->values)
		page->values = no_values;
	explain_state_text(&style, page);
}

/* A state with as many settings as a guide may have. */
static void test_guide_to_syn_recv(void **unused)
{
	static char first[] = "5", third[] = "a\033b", fifth[] = "0";
	static char *const values[GUIDE_SETTINGS] = {first, NULL, third, NULL, fifth};
	const struct state_guide *guide = state_guide(STATE_SYN_RECV);
	struct state_page page = {.values = values, .hidden = true};
	struct capture capture = capture_open();
	struct expected expected = {0};
	struct state_survey survey;

	(void)unused;
	assert_int_equal(state_survey_init(&survey, STATE_SYN_RECV), 0);
	show_survey(&capture, &page, &survey);
	expect_meaning(&expected, STATE_SYN_RECV);
	expect(&expected, "  - from LISTEN: %s\n", guide->enters[0].how);
	expect(&expected, "  - from SYN_SENT: %s\n\nHow it gets out\n", guide->enters[1].how);
	expect(&expected, "  - to ESTABLISHED: %s\n  - to CLOSE: %s\n", guide->leaves[0].how, guide->leaves[1].how);
	expect(&expected, "  - to FIN_WAIT1: %s\n  - to CLOSE_WAIT: %s\n", guide->leaves[2].how, guide->leaves[3].how);
	expect_many(&expected, STATE_SYN_RECV, 4);
	expect(&expected, "\nSettings of this host\n");
	expect(&expected, "  - net.ipv4.tcp_synack_retries = 5: %s\n", setting_guide(SETTING_TCP_SYNACK_RETRIES)->role);
	expect(&expected, "  - net.ipv4.tcp_max_syn_backlog (not shown here): %s\n",
	       setting_guide(SETTING_TCP_MAX_SYN_BACKLOG)->role);
	expect(&expected, "  - net.core.somaxconn = a\\x1bb: %s\n", setting_guide(SETTING_SOMAXCONN)->role);
	expect(&expected, "  - net.ipv4.tcp_syncookies (not shown here): %s\n",
	       setting_guide(SETTING_TCP_SYNCOOKIES)->role);
	expect(&expected, "  - net.ipv4.tcp_abort_on_overflow = 0: %s\n",
	       setting_guide(SETTING_TCP_ABORT_ON_OVERFLOW)->role);
	expect(&expected, "\nNow, in network namespace 1000\n"
			  "  How many are in SYN_RECV is not known: this kernel does not show them.\n");
	assert_shown(&capture, expected.text);
	state_survey_free(&survey);
	capture_close(&capture);
}

/* A state with as many ways in as a guide may have, one of them from nowhere, and without settings. */
static void test_guide_to_close(void **unused)
{
	const struct state_guide *guide = state_guide(STATE_CLOSE);
	struct state_page page = {.gap = HOLDERS_WHOLE};
	struct capture capture = capture_open();
	struct expected expected = {0};
	struct state_survey survey;

	(void)unused;
	assert_int_equal(state_survey_init(&survey, STATE_CLOSE), 0);
	show_survey(&capture, &page, &survey);
	expect_meaning(&expected, STATE_CLOSE);
	expect(&expected, "  - anew: %s\n  - from LAST_ACK: %s\n", guide->enters[0].how, guide->enters[1].how);
	expect(&expected, "  - from ESTABLISHED: %s\n  - from TIME_WAIT: %s\n", guide->enters[2].how,
	       guide->enters[3].how);
	expect(&expected, "  - from LISTEN: %s\n\nHow it gets out\n", guide->enters[4].how);
	expect(&expected, "  - to SYN_SENT: %s\n  - to LISTEN: %s\n", guide->leaves[0].how, guide->leaves[1].how);
	expect(&expected, "  - for good: %s\n", guide->leaves[2].how);
	expect_many(&expected, STATE_CLOSE, 3);
	expect(&expected, "\nNow, in network namespace 1000\n  0 sockets are in CLOSE: IPv4 0, IPv6 0.\n");
	assert_shown(&capture, expected.text);
	state_survey_free(&survey);
	capture_close(&capture);
}

/* ---- the sockets in it now ---- */

/* Asserts what the page says after "Now, in network namespace 1000". */
static void assert_now(struct state_survey *survey, enum holder_gap gap, const char *wanted)
{
	static const char heading[] = "\nNow, in network namespace 1000\n";
	struct state_page page = {.gap = gap};
	struct capture capture = capture_open();
	char *text, *now;

	show_survey(&capture, &page, survey);
	text = capture_take(&capture);
	now = strstr(text, heading);
	assert_non_null(now);
	assert_lines(now + sizeof(heading) - 1, wanted);
	free(text);
	capture_close(&capture);
}

static void test_counts(void **unused)
{
	static const struct {
		struct state_survey survey;
		const char *wanted;
	} cases[] = {
		{{.state = STATE_ESTABLISHED, .ipv4 = 1}, "  1 socket is in ESTABLISHED: IPv4 1, IPv6 0.\n"},
		{{.state = STATE_ESTABLISHED, .ipv6 = 3, .orphans = 1, .unread = 2, .unsent = 3, .retrying = 1},
		 "  3 sockets are in ESTABLISHED: IPv4 0, IPv6 3.\n"
		 "        1  of them no process holds yet: they wait for accept()\n"
		 "        2  of them have something that the process here has not read (Recv-Q)\n"
		 "        3  of them have something that the peer has not acknowledged (Send-Q)\n"
		 "        1  of them have sent again for want of an answer\n"},
		{{.state = STATE_CLOSE_WAIT, .ipv4 = 5, .ipv6 = 2, .orphans = 1, .unread = 3, .unsent = 2},
		 "  7 sockets are in CLOSE_WAIT: IPv4 5, IPv6 2.\n"
		 "        1  of them no process holds yet: they wait for accept()\n"
		 "        3  of them have something unread (Recv-Q): the process does not read up to the end\n"
		 "        4  of them are read to the end, and only lack close()\n"
		 "        2  of them have something that the peer has not acknowledged (Send-Q)\n"},
		{{.state = STATE_FIN_WAIT1, .ipv4 = 2, .orphans = 2, .unread = 1, .unsent = 2},
		 "  2 sockets are in FIN_WAIT1: IPv4 2, IPv6 0.\n"
		 "        2  of them no process holds any more: they are closed, and the kernel finishes them\n"},
		{{.state = STATE_TIME_WAIT, .ipv4 = 4, .minis = 4, .last_ms = 59001},
		 "  4 sockets are in TIME_WAIT: IPv4 4, IPv6 0.\n"
		 "        4  of them are minisockets without a process; the last ends within 60 s\n"},
		{{.state = STATE_TIME_WAIT, .ipv4 = 4, .minis = 4, .last_ms = 59000},
		 "  4 sockets are in TIME_WAIT: IPv4 4, IPv6 0.\n"
		 "        4  of them are minisockets without a process; the last ends within 59 s\n"},
		{{.state = STATE_SYN_RECV, .ipv4 = 1, .minis = 1, .retrying = 1},
		 "  1 socket is in SYN_RECV: IPv4 1, IPv6 0.\n"
		 "        1  of them are requests that belong to a listener\n"
		 "        1  of them have sent again for want of an answer\n"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct state_survey survey = cases[i].survey;

		assert_now(&survey, HOLDERS_WHOLE, cases[i].wanted);
	}
}

static void test_unknown_holders(void **unused)
{
	static const struct {
		enum holder_gap gap;
		bool has_remedy;
		const char *text;
	} cases[] = {
		{HOLDERS_WHOLE, false,
		 "nobody that can be found (the kernel itself, a process in another container, or it is on its way through a unix socket)"},
		{HOLDERS_DENIED, true, "processes that may not be looked into: "},
		{HOLDERS_HIDDEN, true, "processes that cannot be seen: "},
		{HOLDERS_ELSEWHERE, true, "no process of this PID namespace: "},
		{HOLDERS_UNTOLD, true, "somebody who could not be seen: "},
	};
	struct state_survey survey = {.state = STATE_LAST_ACK, .ipv4 = 2, .unknown = 2};

	(void)unused;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct expected expected = {0};

		expect(&expected, "  2 sockets are in LAST_ACK: IPv4 2, IPv6 0.\n        2  of them are held by %s%s\n",
		       cases[i].text, cases[i].has_remedy ? holders_remedy(cases[i].gap) : "");
		assert_now(&survey, cases[i].gap, expected.text);
	}
}

/* ---- who, and where to ---- */

static void count_process(struct tally *tally, uint32_t pid, const char *comm, unsigned int times)
{
	struct tally_key key = {.number = pid};

	snprintf(key.name, sizeof(key.name), "%s", comm);
	while (times--)
		assert_int_equal(tally_add(tally, &key), 0);
}

static void count_end(struct tally *tally, const char *address, uint32_t port, unsigned int times)
{
	struct tally_key key = {.number = port};

	if (address)
		key.family = address_parse(address, &key.address);
	while (times--)
		assert_int_equal(tally_add(tally, &key), 0);
}

static void test_groups(void **unused)
{
	struct state_survey survey;

	(void)unused;
	assert_int_equal(state_survey_init(&survey, STATE_FIN_WAIT2), 0);
	survey.ipv4 = 20;
	survey.ephemeral_count = 28232;
	for (uint32_t pid = 1; pid <= 5; pid++)
		count_process(&survey.holders, pid, pid == 1 ? "ng\"inx" : "x", 7 - pid);
	count_end(&survey.ports, NULL, 80, 4);
	count_end(&survey.ports, NULL, 81, 3);
	count_end(&survey.ports, NULL, 82, 2);
	count_end(&survey.clients, "10.0.0.1", 0, 2);
	count_end(&survey.clients, "2001:db8::1", 0, 1);
	count_end(&survey.destinations, "10.0.0.2", 443, 3);
	count_end(&survey.destinations, "2001:db8::2", 80, 2);
	count_end(&survey.destinations, "2001:db8::3", 8080, 1);
	count_end(&survey.either_way, "10.0.0.3", 80, 1);
	assert_now(
		&survey, HOLDERS_WHOLE,
		"  20 sockets are in FIN_WAIT2: IPv4 20, IPv6 0.\n"
		"  Held by:\n"
		"        6  ng\"inx (pid 1)\n"
		"        5  x (pid 2)\n"
		"        4  x (pid 3)\n"
		"        3  x (pid 4)\n"
		"        2  x (pid 5)\n"
		"  Came in on local port:\n"
		"        4  80 (http)\n"
		"        3  81 (a\\x20b)\n"
		"        2  82\n"
		"  Came in from:\n"
		"        2  10.0.0.1\n"
		"        1  2001:db8::1\n"
		"  Went out to (there are 28232 local ports to each):\n"
		"        3  10.0.0.2:443\n"
		"        2  [2001:db8::2]:80 (http)\n"
		"        1  [2001:db8::3]:8080\n"
		"  Came in or went out, by a local port that has no listener and that the kernel does not choose (the listener is gone, or a client has bound the port):\n"
		"        1  10.0.0.3:80 (http)\n");
	state_survey_free(&survey);
}

/* Of each group five are named, and the rest is counted. */
static void test_more_groups(void **unused)
{
	struct state_survey survey;

	(void)unused;
	assert_int_equal(state_survey_init(&survey, STATE_FIN_WAIT2), 0);
	survey.ipv4 = 1;
	for (unsigned int i = 1; i <= 6; i++)
		count_process(&survey.holders, i, "x", 10 - i);
	for (uint16_t port = 101; port <= 107; port++)
		count_end(&survey.ports, NULL, port, 110 - port);
	for (uint16_t port = 201; port <= 208; port++)
		count_end(&survey.destinations, "10.0.0.1", port, 210 - port);
	assert_now(&survey, HOLDERS_WHOLE,
		   "  1 socket is in FIN_WAIT2: IPv4 1, IPv6 0.\n"
		   "  Held by:\n"
		   "        9  x (pid 1)\n"
		   "        8  x (pid 2)\n"
		   "        7  x (pid 3)\n"
		   "        6  x (pid 4)\n"
		   "        5  x (pid 5)\n"
		   "           and 1 more\n"
		   "  Came in on local port:\n"
		   "        9  101\n"
		   "        8  102\n"
		   "        7  103\n"
		   "        6  104\n"
		   "        5  105\n"
		   "           and 2 more\n"
		   "  Came in from:\n"
		   "  Went out to (there are 0 local ports to each):\n"
		   "        9  10.0.0.1:201\n"
		   "        8  10.0.0.1:202\n"
		   "        7  10.0.0.1:203\n"
		   "        6  10.0.0.1:204\n"
		   "        5  10.0.0.1:205\n"
		   "           and 3 more\n");
	state_survey_free(&survey);
}

/* ---- accept queues ---- */

static void add_waiting(struct state_survey *survey, uint16_t port, uint32_t recvq, const struct owner *owner)
{
	struct socket socket = inet_socket(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", port, "0.0.0.0", 0);

	socket.recvq = recvq;
	socket.sendq = 128;
	socket.inode = 12;
	socket.owners = owner;
	socket.owner_count = owner != NULL;
	assert_int_equal(state_survey_add(survey, &socket), 0);
}

static void test_accept_queues(void **unused)
{
	static const struct owner owner = {.pid = 12, .fd = 6, .comm = "nginx"};
	static const char unseen[] = "a process that may not be looked into (run as root to see it)";
	struct expected expected = {0};
	struct state_survey survey;

	(void)unused;
	assert_int_equal(state_survey_init(&survey, STATE_LISTEN), 0);
	add_waiting(&survey, 80, 0, &owner);
	assert_now(&survey, HOLDERS_WHOLE,
		   "  1 socket is in LISTEN: IPv4 1, IPv6 0.\n"
		   "  Held by:\n"
		   "        1  nginx (pid 12)\n"
		   "  No accept queue is full: nothing waits for accept() in any of them.\n");
	add_waiting(&survey, 80, 129, &owner);
	assert_now(&survey, HOLDERS_WHOLE,
		   "  2 sockets are in LISTEN: IPv4 2, IPv6 0.\n"
		   "  Held by:\n"
		   "        2  nginx (pid 12)\n"
		   "  Connections wait for accept() in the queues of 1 listener; 1 is full:\n"
		   "      129  with a backlog of 128 on 10.0.0.1:http, nginx (pid 12, fd 6): FULL\n");
	for (uint16_t port = 90; port < 96; port++)
		add_waiting(&survey, port, 219u - port, NULL); /* the first of them is full */
	expect(&expected,
	       "  8 sockets are in LISTEN: IPv4 8, IPv6 0.\n"
	       "        6  of them are held by processes that may not be looked into: %s\n"
	       "  Held by:\n"
	       "        2  nginx (pid 12)\n"
	       "  Connections wait for accept() in the queues of 7 listeners; 2 are full:\n"
	       "      129  with a backlog of 128 on 10.0.0.1:http, nginx (pid 12, fd 6): FULL\n"
	       "      129  with a backlog of 128 on 10.0.0.1:90, %s: FULL\n"
	       "      128  with a backlog of 128 on 10.0.0.1:91, %s\n"
	       "      127  with a backlog of 128 on 10.0.0.1:92, %s\n"
	       "      126  with a backlog of 128 on 10.0.0.1:93, %s\n"
	       "           and 2 more\n",
	       holders_remedy(HOLDERS_DENIED), unseen, unseen, unseen, unseen);
	assert_now(&survey, HOLDERS_DENIED, expected.text);
	state_survey_free(&survey);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),          cmocka_unit_test(test_guide_to_syn_recv),
		cmocka_unit_test(test_guide_to_close),  cmocka_unit_test(test_counts),
		cmocka_unit_test(test_unknown_holders), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_more_groups),     cmocka_unit_test(test_accept_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
