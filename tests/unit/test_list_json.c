// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the objects of JSON that `list` prints, and the totals of `list -s`, as text and JSON.
 */
#include <linux/tcp.h>

#include "incomplete.h"
#include "list_json.h"
#include "list_totals.h"
#include "named_netns.h"
#include "shown.h"

enum { HOST_NETNS = 999 };

static const struct named_netns namespaces[] = {{HOST_NETNS, ""}, {SHOWN_NETNS, "blue"}, {0, NULL}};
static const struct netns_finder finder = NAMED_FINDER(namespaces);

/* The monotonic time NOW_NS is 2026-01-31 12:00:00.5 of the wall clock. */
#define NOW_NS 500000000ULL
static const struct wall_clock wall = {.offset_ns = 1769860800000000000};

#define TIME "'ts':'2026-01-31T12:00:00.500000000Z','ts_ns':1769860800500000000"

static const char *find_service(void *context, enum protocol protocol, uint16_t port)
{
	(void)context;
	(void)protocol;
	return port == 80 ? "http" : NULL;
}

static const char *find_cgroup(void *context, uint64_t id)
{
	(void)context;
	return id == 1   ? "/system.slice/x.service"
	       : id == 2 ? "/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			 : NULL;
}

static const struct socket_namer numbers = {0};
static const struct socket_namer names = {.service = find_service, .cgroup = find_cgroup};

static void assert_listed(const struct socket_namer *namer, bool internals, const struct socket *rows, size_t count,
			  const char *wanted)
{
	struct capture capture = capture_open();
	const struct netns_view netns = {.names = netns_names_new(&finder), .home = HOST_NETNS};
	struct list_json *json =
		list_json_new(capture.output, &wall, namer, &netns,
			      (struct list_json_style){.details = namer->cgroup, .internals = internals});

	assert_non_null(netns.names);
	assert_non_null(json);
	list_json_put(json, rows, count, NOW_NS);
	assert_shown_json(&capture, wanted);
	list_json_free(json);
	netns_names_free(netns.names);
	capture_close(&capture);
}

static void test_inet_sockets(void **state)
{
	static const struct owner owners[] = {{.pid = 12, .fd = 3, .comm = "ng\"inx"},
					      {.pid = 13, .fd = 4, .comm = "x"}};
	struct socket rows[] = {
		inet_socket(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0),
		inet_socket(PROTOCOL_UDP, STATE_CLOSE, "::", 53, "::", 0),
	};

	(void)state;
	rows[0].recvq = 1;
	rows[0].sendq = 511;
	rows[0].uid = 33;
	rows[0].inode = 4711;
	rows[0].cookie = 0x1f;
	rows[0].owners = owners;
	rows[0].owner_count = 2;
	rows[0].timer = TIMER_KEEPALIVE;
	rows[0].timer_ms = 7200000;
	rows[0].retransmits = 1;
	rows[1].recvq = QUEUE_UNKNOWN;
	rows[1].sendq = QUEUE_UNKNOWN;
	rows[1].owners_hidden = true;
	rows[1].v6only = TRISTATE_NO;
	rows[1].timer_ms = 5; /* no timer runs */
	assert_listed(&numbers, false, rows, 2,
		      "{'type':'socket'," TIME ",'id':'1','cookie':'1f','proto':'tcp','netns':1000,'netns_name':'blue',"
		      "'family':4,'laddr':'10.0.0.1','lport':80,'raddr':'0.0.0.0','rport':0,"
		      "'interface':null,'ifindex':null,'interface_known':true,'v6only':null,"
		      "'state':'LISTEN','in_state_us':null,'since_known':false,'recvq':1,'sendq':511,'inode':4711,"
		      "'pid':12,'comm':'ng\\'inx','uid':33,'owner_src':'scan','direction':null,"
		      "'owners':[{'pid':12,'comm':'ng\\'inx','fd':3},{'pid':13,'comm':'x','fd':4}],"
		      "'owners_complete':true,'timer':'keepalive','timer_ms':7200000,'retransmits':1}\n"
		      "{'type':'socket'," TIME ",'id':'2','cookie':null,'proto':'udp','netns':1000,'netns_name':'blue',"
		      "'family':6,'laddr':'::','lport':53,'raddr':'::','rport':0,"
		      "'interface':null,'ifindex':null,'interface_known':true,'v6only':false,"
		      "'state':'UNCONN','in_state_us':null,'since_known':false,'recvq':null,'sendq':null,'inode':null,"
		      "'pid':null,'comm':null,'uid':null,'owner_src':null,'direction':null,"
		      "'owners':[],'owners_complete':false,'timer':null,'timer_ms':null,'retransmits':null}\n");
}

#define UNIX_TO_TIMER                                                                                                  \
	"'in_state_us':null,'since_known':false,'recvq':0,'sendq':0,'inode':12,"                                       \
	"'pid':null,'comm':null,'uid':0,'owner_src':null,'direction':null,'owners':[],'owners_complete':true,"         \
	"'timer':null,'timer_ms':null,'retransmits':null}\n"

static void test_unix_sockets(void **state)
{
	struct socket rows[] = {
		{.protocol = PROTOCOL_UNIX,
		 .state = STATE_ESTABLISHED,
		 .unix_type = UNIX_DGRAM,
		 .inode = 12,
		 .peer_inode = 13,
		 .path = "\0abs",
		 .path_length = 4,
		 .tuple.netns = SHOWN_NETNS},
		{.protocol = PROTOCOL_UNIX,
		 .state = STATE_CLOSE,
		 .unix_type = UNIX_STREAM,
		 .inode = 12,
		 .tuple.netns = SHOWN_NETNS},
	};

	(void)state;
	assert_listed(
		&numbers, false, rows, 2,
		"{'type':'socket'," TIME ",'id':'1','cookie':null,'proto':'unix','netns':1000,'netns_name':'blue',"
		"'family':null,'laddr':null,'lport':null,'raddr':null,'rport':null,"
		"'unix_type':'dgram','path':'@abs','peer_inode':13,'state':'ESTABLISHED'," UNIX_TO_TIMER
		"{'type':'socket'," TIME ",'id':'2','cookie':null,'proto':'unix','netns':1000,'netns_name':'blue',"
		"'family':null,'laddr':null,'lport':null,'raddr':null,'rport':null,"
		"'unix_type':'stream','path':null,'peer_inode':null,'state':'UNCONN'," UNIX_TO_TIMER);
}

/* Asserts what stands behind "retransmits", which an established connection of any kind ends with. */
static void assert_details(const struct socket_namer *namer, bool internals, const struct socket_details *details,
			   const char *wanted)
{
	struct socket socket = inet_socket(PROTOCOL_TCP, STATE_ESTABLISHED, "10.0.0.1", 1, "10.0.0.2", 80);
	struct expected expected = {0};

	socket.details = *details;
	expect(&expected,
	       "{'type':'socket'," TIME ",'id':'1','cookie':null,'proto':'tcp','netns':1000,'netns_name':'blue',"
	       "'family':4,'laddr':'10.0.0.1','lport':1,'raddr':'10.0.0.2','rport':80,%s"
	       "'interface':null,'ifindex':null,'interface_known':true,'v6only':null,"
	       "'state':'ESTABLISHED','in_state_us':null,'since_known':false,'recvq':0,'sendq':0,'inode':null,"
	       "'pid':null,'comm':null,'uid':null,'owner_src':null,'direction':null,'owners':[],"
	       "'owners_complete':true,'timer':null,'timer_ms':null,'retransmits':null%s}\n",
	       namer->service ? "'lservice':null,'rservice':'http'," : "", wanted);
	assert_listed(namer, internals, &socket, 1, expected.text);
}

static void test_control_groups(void **state)
{
	static const struct {
		uint64_t cgroup;
		const char *wanted;
	} cases[] = {
		{0, ",'cgroup':null," NOT_KNOWN_TO_UNIT "'container':null"},
		{1, ",'cgroup':'/system.slice/x.service'," NOT_KNOWN_TO_UNIT "'container':null"},
		{2,
		 ",'cgroup':'/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'," NOT_KNOWN_TO_UNIT
		 "'container':'docker:0123456789ab'"},
		{3, ",'cgroup':null," NOT_KNOWN_TO_UNIT "'container':null"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_details(&names, false, &(struct socket_details){.cgroup = cases[i].cgroup}, cases[i].wanted);
	assert_details(&numbers, false, &(struct socket_details){.cgroup = 1}, "");
}

static void test_internals(void **state)
{
	static const struct tcp_info info = {.tcpi_rto = 204000};
	const struct socket_details details = {
		.info = &info, .info_size = offsetof(struct tcp_info, tcpi_ato), .congestion = "cubic"};
	struct socket socket = inet_socket(PROTOCOL_TCP, STATE_ESTABLISHED, "10.0.0.1", 1, "10.0.0.2", 80);
	struct capture capture = capture_open();
	const struct netns_view netns = {.home = HOST_NETNS};
	struct list_json *json =
		list_json_new(capture.output, &wall, &numbers, &netns, (struct list_json_style){false, true, false});
	char *text;

	(void)state;
	assert_details(&numbers, false, &details, "");
	assert_details(&numbers, true, &(struct socket_details){0}, "");
	socket.details = details;
	list_json_put(json, &socket, 1, NOW_NS);
	text = capture_take(&capture);
	assert_non_null(strstr(text, "\"retransmits\":null,\"tcp_info\":{"));
	free(text);
	list_json_free(json);
	capture_close(&capture);
}

static void test_ages(void **state)
{
	static const struct {
		uint64_t in_state_us, alive_us;
		const char *wanted;
	} cases[] = {
		{5, 7, "\"in_state_us\":5,\"since_known\":false,\"age_us\":7,\"age_known\":false,\"recvq\""},
		{0, 7, "\"in_state_us\":null,\"since_known\":false,\"age_us\":7,\"age_known\":false,\"recvq\""},
		{0, 0, "\"in_state_us\":null,\"since_known\":false,\"age_us\":null,\"age_known\":false,\"recvq\""},
	};
	const struct netns_view netns = {.home = HOST_NETNS};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct socket socket = inet_socket(PROTOCOL_TCP, STATE_ESTABLISHED, "10.0.0.1", 1, "10.0.0.2", 80);
		struct capture capture = capture_open();
		struct list_json *json = list_json_new(capture.output, &wall, &numbers, &netns,
						       (struct list_json_style){false, false, true});
		char *text;

		socket.in_state_us = cases[i].in_state_us;
		socket.alive_us = cases[i].alive_us;
		list_json_put(json, &socket, 1, NOW_NS);
		text = capture_take(&capture);
		assert_non_null(strstr(text, cases[i].wanted));
		free(text);
		list_json_free(json);
		capture_close(&capture);
	}
}

/* ---- totals ---- */

static void add_sockets(struct list_totals *totals, enum protocol protocol, uint8_t state, uint8_t family,
			unsigned int count)
{
	const struct socket socket = {.protocol = protocol, .state = state, .tuple.family = family};

	while (count--)
		list_totals_add(totals, &socket);
}

static struct list_totals some_totals(void)
{
	struct list_totals totals = {0};

	add_sockets(&totals, PROTOCOL_TCP, STATE_ESTABLISHED, 4, 3);
	add_sockets(&totals, PROTOCOL_TCP, STATE_ESTABLISHED, 6, 2);
	add_sockets(&totals, PROTOCOL_TCP, STATE_CLOSING, 6, 1);
	add_sockets(&totals, PROTOCOL_TCP, STATE_CLOSE, 4, 1);
	add_sockets(&totals, PROTOCOL_UDP, STATE_CLOSE, 6, 7);
	add_sockets(&totals, PROTOCOL_UNIX, STATE_LISTEN, 0, 1234);
	add_sockets(&totals, PROTOCOL_UNIX, STATE_CLOSE, 0, 2);
	return totals;
}

static void test_totals_as_text(void **state)
{
	static const struct list_totals none;
	const struct list_totals totals = some_totals();
	struct capture capture = capture_open();

	(void)state;
	list_totals_text(&totals, true, capture.output);
	assert_shown(&capture, "Protocol   Total    IPv4    IPv6 States\n"
			       "tcp            7       4       3 5 ESTABLISHED, 1 CLOSE, 1 CLOSING\n"
			       "udp            7       0       7 7 UNCONN\n"
			       "unix        1236       -       - 2 UNCONN, 1234 LISTEN\n");
	list_totals_text(&none, true, capture.output);
	assert_shown(&capture, "Protocol   Total    IPv4    IPv6 States\n");
	list_totals_text(&none, false, capture.output);
	assert_shown(&capture, "");
	capture_close(&capture);
}

static void test_totals_as_json(void **state)
{
	const struct list_totals totals = some_totals();
	struct capture capture = capture_open();

	(void)state;
	list_totals_json(&totals, &wall, NOW_NS, capture.output);
	assert_shown_json(&capture,
			  "{'type':'total'," TIME ",'proto':'tcp','family':4,'state':'ESTABLISHED','count':3}\n"
			  "{'type':'total'," TIME ",'proto':'tcp','family':4,'state':'CLOSE','count':1}\n"
			  "{'type':'total'," TIME ",'proto':'tcp','family':6,'state':'ESTABLISHED','count':2}\n"
			  "{'type':'total'," TIME ",'proto':'tcp','family':6,'state':'CLOSING','count':1}\n"
			  "{'type':'total'," TIME ",'proto':'udp','family':6,'state':'UNCONN','count':7}\n"
			  "{'type':'total'," TIME ",'proto':'unix','family':null,'state':'UNCONN','count':2}\n"
			  "{'type':'total'," TIME ",'proto':'unix','family':null,'state':'LISTEN','count':1234}\n");
	capture_close(&capture);
}

static void test_incomplete(void **state)
{
	struct capture capture = capture_open();

	(void)state;
	incomplete_json(capture.output, "sockets", 3, "run as root");
	assert_shown_json(&capture, "{'type':'incomplete','what':'sockets','count':3,'why':'run as root'}\n");
	capture_close(&capture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inet_sockets),   cmocka_unit_test(test_unix_sockets),
		cmocka_unit_test(test_control_groups), cmocka_unit_test(test_internals),
		cmocka_unit_test(test_ages),           cmocka_unit_test(test_totals_as_text),
		cmocka_unit_test(test_totals_as_json), cmocka_unit_test(test_incomplete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
