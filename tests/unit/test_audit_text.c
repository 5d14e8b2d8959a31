// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the report of `audit`, as text and as JSON, and the table of ports that should not be public.
 */
#include "audit_json.h"
#include "audit_text.h"
#include "colors.h"
#include "identity.h"
#include "named_netns.h"
#include "shown.h"

enum { HOST_NETNS = 999 };

static const struct socket_namer numbers = {0};

/* A listener without a process, as the audit describes it. */
static struct audit_row row_at(enum protocol protocol, const char *address, uint16_t port)
{
	struct socket socket = inet_socket(protocol, protocol == PROTOCOL_TCP ? STATE_LISTEN : STATE_CLOSE, address,
					   port, strchr(address, ':') ? "::" : "0.0.0.0", 0);

	return (struct audit_row){.socket = socket,
				  .listener = {.protocol = protocol,
					       .address = socket.tuple.laddr,
					       .family = socket.tuple.family,
					       .port = port,
					       .reach = reach_of(&socket)}};
}

static void assert_rows(const struct audit_row *rows, size_t count, const struct audit_style *style, const char *wanted)
{
	struct capture capture = capture_open();

	audit_text_put(rows, count, style, &numbers, capture.output);
	assert_shown(&capture, wanted);
	capture_close(&capture);
}

/* Asserts the words of a row between the address and the note, which is empty. */
static void assert_cells(const struct audit_row *row, const char *wanted)
{
	struct expected expected = {0};

	expect(&expected, "tcp   10.0.0.1:80        %s\n", wanted);
	assert_rows(row, 1, &(struct audit_style){0}, expected.text);
}

/* ---- text ---- */

static void test_processes(void **state)
{
	static const struct owner owners[] = {{.pid = 12, .fd = 3, .comm = "ng\"inx"},
					      {.pid = 12, .fd = 4, .comm = "ng\"inx"},
					      {.pid = 13, .fd = 3, .comm = "x"},
					      {.pid = 13, .fd = 4, .comm = "x"},
					      {.pid = 14, .fd = 3, .comm = "y"}};
	static const struct owner spaced = {.pid = 12, .fd = 3, .comm = "a\" b"};
	struct audit_row row = row_at(PROTOCOL_TCP, "10.0.0.1", 80);

	(void)state;
	assert_cells(&row, "private network -       -");
	row.socket.owners = owners;
	row.socket.owner_count = 1;
	assert_cells(&row, "private network 12/ng\"inx -");
	row.socket.owner_count = 2;
	assert_cells(&row, "private network 12/ng\"inx -");
	row.socket.owner_count = 3;
	assert_cells(&row, "private network 12/ng\"inx +1 -");
	row.socket.owner_count = 5;
	assert_cells(&row, "private network 12/ng\"inx +2 -");
	row.socket.owners = &spaced; /* quoted, as an entry of a policy has to be */
	row.socket.owner_count = 1;
	assert_cells(&row, "private network 12/\"a\\x22 b\" -");
	row.socket.owner_count = 0;
	strcpy(row.listener.process, "named");
	assert_cells(&row, "private network named   -");
}

static void test_users(void **state)
{
	struct audit_row row = row_at(PROTOCOL_TCP, "10.0.0.1", 80);

	(void)state;
	strcpy(row.listener.user, "1234");
	assert_cells(&row, "private network -       1234");
	strcpy(row.listener.user, "12a\033");
	assert_cells(&row, "private network -       12a\\x1b");
}

/* An interface narrows the reach of a socket that is bound to all addresses; that of a single address says nothing. One
 * without a known name is a number; that is no name, even where one could be called so. */
static void test_interfaces(void **state)
{
	struct audit_row rows[] = {row_at(PROTOCOL_TCP, "0.0.0.0", 80), row_at(PROTOCOL_TCP, "10.0.0.1", 80),
				   row_at(PROTOCOL_TCP, "0.0.0.0", 81), row_at(PROTOCOL_TCP, "0.0.0.0", 82)};

	(void)state;
	strcpy(rows[0].listener.interface, "eth\0330");
	strcpy(rows[1].listener.interface, "eth0");
	strcpy(rows[2].listener.interface, "3");
	strcpy(rows[3].listener.interface, "3");
	rows[2].socket.tuple.interface = 3;
	assert_rows(rows, COUNT_OF(rows), &(struct audit_style){.heading = true},
		    "Netid Local Address:Port Reach                Process User Note\n"
		    "tcp   0.0.0.0:80         all IPv4 on eth\\x1b0 -       -\n"
		    "tcp   10.0.0.1:80        private network      -       -\n"
		    "tcp   0.0.0.0%3:81       all IPv4 on 3        -       -\n"
		    "tcp   0.0.0.0:82         all IPv4 on 3        -       -\n");
}

static void test_namespaces_and_containers(void **state)
{
	struct audit_row rows[] = {row_at(PROTOCOL_TCP, "127.0.0.1", 80), row_at(PROTOCOL_TCP, "127.0.0.1", 81),
				   row_at(PROTOCOL_TCP, "127.0.0.1", 82)};

	(void)state;
	strcpy(rows[0].listener.netns, "bl ue");
	rows[2].socket.tuple.netns = 0; /* of a listener that has gone */
	assert_rows(rows, 3, &(struct audit_style){.heading = true, .netns = true},
		    "Netid NETNS Local Address:Port Reach          Process User Note\n"
		    "tcp   bl ue 127.0.0.1:80       this host only -       -\n"
		    "tcp   1000  127.0.0.1:81       this host only -       -\n"
		    "tcp   -     127.0.0.1:82       this host only -       -\n");
	strcpy(rows[1].listener.container, "docker:1");
	assert_rows(rows, 3, &(struct audit_style){.heading = true},
		    "Netid Local Address:Port Reach          Process User Container Note\n"
		    "tcp   127.0.0.1:80       this host only -       -    -\n"
		    "tcp   127.0.0.1:81       this host only -       -    docker:1\n"
		    "tcp   127.0.0.1:82       this host only -       -    -\n");
}

/* The unit of a container is not shown beside the container. A finding says which program it is about, whole. */
static void test_who_it_is(void **state)
{
	static char unit[] = "a\\x2db c.service", exe[4096] = "/bin/a \x1b ", container[] = "docker:1";
	struct identity served = {.unit = unit, .exe = exe}, contained = {.unit = unit, .container = container};
	struct owner owners[] = {{.pid = 12, .comm = "a"}, {.pid = 13, .comm = "b"}};
	struct audit_row rows[] = {row_at(PROTOCOL_TCP, "127.0.0.1", 80), row_at(PROTOCOL_TCP, "127.0.0.1", 81),
				   row_at(PROTOCOL_TCP, "127.0.0.1", 82)};
	struct expected expected = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(owners); i++) {
		rows[i].socket.owners = &owners[i];
		rows[i].socket.owner_count = 1;
	}
	owners[0].identity = &served;
	owners[1].identity = &contained;
	strcpy(rows[1].listener.container, container);
	assert_rows(rows, 3, &(struct audit_style){.heading = true},
		    "Netid Local Address:Port Reach          Process User Unit                Container Note\n"
		    "tcp   127.0.0.1:80       this host only 12/a    -    a\\x5cx2db c.service -\n"
		    "tcp   127.0.0.1:81       this host only 13/b    -    -                   docker:1\n"
		    "tcp   127.0.0.1:82       this host only -       -    -                   -\n");
	rows[0].flags = FLAG_OUTSIDE;
	memset(exe + 9, 'x', sizeof(exe) - 10);
	expect(&expected,
	       "tcp   127.0.0.1:80       this host only 12/a    -    a\\x5cx2db c.service not allowed; program "
	       "/bin/a \\x1b %s\n",
	       exe + 9);
	rows[0].allowed = TRISTATE_NO;
	assert_rows(rows, 1, &(struct audit_style){0}, expected.text);
}

static void test_colors(void **state)
{
	struct audit_row row = row_at(PROTOCOL_TCP, "10.0.0.1", 80);
	const struct audit_style color = {.color = true};

	(void)state;
	assert_rows(&row, 1, &color, "tcp   10.0.0.1:80        private network -       -\n");
	row.since = SINCE_GONE;
	assert_rows(&row, 1, &color,
		    COLOR_GREY "tcp   10.0.0.1:80        private network -       " COLOR_END "-    gone\n");
	row.flags = FLAG_NEW;
	row.since = SINCE_NEW;
	assert_rows(&row, 1, &color,
		    COLOR_RED "tcp   10.0.0.1:80        private network -       " COLOR_END "-    new\n");
	assert_rows(&row, 1, &(struct audit_style){0}, "tcp   10.0.0.1:80        private network -       -    new\n");
}

static void test_sums(void **state)
{
	static const struct {
		struct audit_counts counts;
		struct audit_rules rules;
		const char *wanted;
	} cases[] = {
		{{0}, {0}, "0 listeners; 0 that should not be public"},
		{{.listeners = 1, .reach[REACH_ALL] = 1, .exposed = 1},
		 {0},
		 "1 listener: 1 all IPv4 and IPv6; 1 that should not be public"},
		{{.listeners = 3, .reach[REACH_HOST] = 2, .reach[REACH_IPV4] = 1, .outside = 1, .exposed = 5},
		 {.policy = true},
		 "3 listeners: 2 this host only, 1 all IPv4; 1 outside the policy"},
		{{.listeners = 2, .exposed = 5, .appeared = 5}, {.baseline = true}, "2 listeners"},
		{{.listeners = 2, .appeared = 1, .changed = 2, .gone = 3},
		 {.baseline = true, .compared = true},
		 "2 listeners; since the baseline 1 new, 2 changed, 3 gone"},
		{{.listeners = 2, .outside = 4, .appeared = 1, .changed = 2, .gone = 3},
		 {.policy = true, .baseline = true, .compared = true},
		 "2 listeners; 4 outside the policy; since the baseline 1 new, 2 changed, 3 gone"},
	};
	char text[AUDIT_SUM_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(audit_sum_text(&cases[i].counts, &cases[i].rules, text), cases[i].wanted);
}

/* ---- the table of ports ---- */

/* The cells of a line. Its columns are as wide as the widest of them. */
struct port_cells {
	char port[EXPOSED_PORT_TEXT], process[64];
	const char *what, *why;
};

static struct port_cells cells_of(const struct exposed_port *port)
{
	struct port_cells cells = {.what = port->what, .why = port->why};

	exposed_port_text(port, cells.port);
	snprintf(cells.process, sizeof(cells.process), "%s%s", port->process ? port->process : "-",
		 port->anywhere ? ":*" : "");
	return cells;
}

static void widen(int *width, const char *cell)
{
	if ((int)strlen(cell) > *width)
		*width = (int)strlen(cell);
}

static void test_exposed_ports(void **state)
{
	const struct port_cells heading = {"Port", "Process", "Service", "Why it should not be public"};
	struct capture capture = capture_open();
	struct expected expected = {0};
	int port_width = 0, what_width = 0, process_width = 0;
	size_t count, first;
	const struct exposed_port *ports = exposed_ports(&count);

	(void)state;
	for (size_t i = 0; i <= count; i++) {
		struct port_cells cells = i ? cells_of(&ports[i - 1]) : heading;

		widen(&port_width, cells.port);
		widen(&what_width, cells.what);
		widen(&process_width, cells.process);
	}
	for (size_t i = 0; i <= count; i++) {
		struct port_cells cells = i ? cells_of(&ports[i - 1]) : heading;

		expect(&expected, "%-*s %-*s %-*s %s\n", port_width, cells.port, what_width, cells.what, process_width,
		       cells.process, cells.why);
	}
	first = strcspn(expected.text, "\n") + 1;
	exposed_ports_text(true, capture.output);
	assert_shown(&capture, expected.text);
	exposed_ports_text(false, capture.output);
	assert_shown(&capture, expected.text + first);
	capture_close(&capture);
}

/* ---- JSON ---- */

static const struct named_netns namespaces[] = {{HOST_NETNS, ""}, {SHOWN_NETNS, "blue"}, {0, NULL}};
static const struct netns_finder finder = NAMED_FINDER(namespaces);

/* The monotonic time NOW_NS is 2026-01-31 12:00:00.5 of the wall clock. */
#define NOW_NS 500000000ULL
#define TIME   "'ts':'2026-01-31T12:00:00.500000000Z','ts_ns':1769860800500000000"

static const struct wall_clock wall = {.offset_ns = 1769860800000000000};

static void test_listeners_as_json(void **state)
{
	static const struct owner owner = {.pid = 12, .fd = 3, .comm = "redis-server"};
	static const struct exposed_port redis = {.what = "Redis", .why = "has no login"};
	struct audit_row rows[] = {row_at(PROTOCOL_TCP, "0.0.0.0", 6379), row_at(PROTOCOL_UDP, "::1", 53)};
	struct capture capture = capture_open();
	const struct netns_view netns = {.names = netns_names_new(&finder), .home = HOST_NETNS};
	const struct audit_json json = {
		.output = capture.output, .clock = &wall, .namer = &numbers, .netns = &netns, .now_ns = NOW_NS};

	(void)state;
	assert_non_null(netns.names);
	rows[0].socket.recvq = 1;
	rows[0].socket.sendq = 511;
	rows[0].socket.inode = 4711;
	rows[0].socket.cookie = 0x1f;
	rows[0].socket.uid = 33;
	rows[0].socket.owners = &owner;
	rows[0].socket.owner_count = 1;
	rows[0].allowed = TRISTATE_NO;
	rows[0].flags = FLAG_OUTSIDE;
	rows[0].since = SINCE_SAME;
	rows[0].exposed = &redis;
	strcpy(rows[0].listener.process, "redis-server");
	strcpy(rows[0].listener.user, "redis");
	strcpy(rows[0].listener.container, "docker:1");
	rows[1].since = SINCE_GONE;
	rows[1].socket.recvq = QUEUE_UNKNOWN;
	rows[1].socket.sendq = QUEUE_UNKNOWN;
	rows[1].socket.owners_hidden = true;
	strcpy(rows[1].listener.netns, "red");
	audit_json_put(&json, rows, 2);
	assert_shown_json(
		&capture,
		"{'type':'listener'," TIME ",'id':'1','cookie':'1f','proto':'tcp','netns':1000,'netns_name':'blue',"
		"'family':4,'laddr':'0.0.0.0','lport':6379,'raddr':'0.0.0.0','rport':0,"
		"'interface':null,'ifindex':null,'interface_known':true,'v6only':null,'state':'LISTEN',"
		"'recvq':1,'sendq':511,'inode':4711,'pid':12,'comm':'redis-server','uid':33,'owner_src':'scan',"
		"'direction':null,'owners':[{'pid':12,'comm':'redis-server','fd':3," NOT_IDENTIFIED
		"}],'owners_complete':true,"
		"'reach':'ipv4','process':'redis-server','user':'redis'," NOT_KNOWN_TO_UNIT "'container':'docker:1',"
		"'note':'not allowed; Redis: has no login','allowed':false,'change':'none','finding':true}\n"
		"{'type':'listener'," TIME ",'id':'2','cookie':null,'proto':'udp','netns':null,'netns_name':'red',"
		"'family':6,'laddr':'::1','lport':53,'raddr':'::','rport':0,"
		"'interface':null,'ifindex':null,'interface_known':true,'v6only':null,'state':'UNCONN',"
		"'recvq':null,'sendq':null,'inode':null,'pid':null,'comm':null,'uid':null,'owner_src':null,"
		"'direction':null,'owners':[],'owners_complete':false,"
		"'reach':'host','process':null,'user':null," NOT_IDENTIFIED ","
		"'note':'gone','allowed':null,'change':'gone','finding':false}\n");
	netns_names_free(netns.names);
	capture_close(&capture);
}

#define REACHES                                                                                                        \
	"'reach':{'host':2,'private':0,'address':0,'ipv4':1,'ipv6':0,'ipv6_perhaps_ipv4':0,'all':0},'findings':1,"

static void test_sums_as_json(void **state)
{
	static const struct audit_counts counts = {.listeners = 3,
						   .reach = {[REACH_HOST] = 2, [REACH_IPV4] = 1},
						   .findings = 1,
						   .outside = 2,
						   .exposed = 3,
						   .appeared = 4,
						   .changed = 5,
						   .gone = 6,
						   .unknown = 7,
						   .left_out = 8};
	static const struct {
		struct audit_rules rules;
		const char *wanted;
	} cases[] = {
		{{0}, "'outside':null,'exposed':3,'new':null,'changed':null,'gone':null,"},
		{{.policy = true}, "'outside':2,'exposed':null,'new':null,'changed':null,'gone':null,"},
		{{.baseline = true}, "'outside':null,'exposed':null,'new':null,'changed':null,'gone':null,"},
		{{.baseline = true, .compared = true}, "'outside':null,'exposed':null,'new':4,'changed':5,'gone':6,"},
	};
	struct capture capture = capture_open();
	const struct audit_json json = {.output = capture.output, .clock = &wall, .now_ns = NOW_NS};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct expected expected = {0};

		audit_json_sum(&json, &counts, &cases[i].rules);
		expect(&expected,
		       "{'type':'audit'," TIME ",'listeners':3," REACHES "%s'unknown_owners':7,'left_out':8}\n",
		       cases[i].wanted);
		assert_shown_json(&capture, expected.text);
	}
	capture_close(&capture);
}

static void test_exposed_ports_as_json(void **state)
{
	struct capture capture = capture_open();
	struct expected expected = {0};
	size_t count;
	const struct exposed_port *ports = exposed_ports(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		bool tcp = ports[i].protocols & 1u << PROTOCOL_TCP, udp = ports[i].protocols & 1u << PROTOCOL_UDP;
		const char *quote = ports[i].process ? "\"" : "";

		expect(&expected,
		       "{\"type\":\"exposed_port\",\"first\":%u,\"last\":%u,\"protos\":[%s%s%s],\"process\":%s%s%s,"
		       "\"any_port\":%s,\"service\":\"%s\",\"why\":\"%s\"}\n",
		       ports[i].first, ports[i].last, tcp ? "\"tcp\"" : "", tcp && udp ? "," : "", udp ? "\"udp\"" : "",
		       quote, ports[i].process ? ports[i].process : "null", quote, ports[i].anywhere ? "true" : "false",
		       ports[i].what, ports[i].why);
	}
	exposed_ports_json(capture.output);
	assert_shown(&capture, expected.text);
	capture_close(&capture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_namespaces_and_containers),
		cmocka_unit_test(test_who_it_is),
		cmocka_unit_test(test_colors),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_exposed_ports),
		cmocka_unit_test(test_listeners_as_json),
		cmocka_unit_test(test_sums_as_json),
		cmocka_unit_test(test_exposed_ports_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
