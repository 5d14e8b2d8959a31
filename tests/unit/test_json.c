// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the JSON lines: valid whatever a process calls itself, with the keys and types that are a contract.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "capture.h"
#include "encode_utf8.h"
#include "events.h"
#include "json_check.h"
#include "json_writer.h"
#include "named_interfaces.h"
#include "named_netns.h"
#include "sink.h"

/* 2024-02-29T23:59:58.000000001Z, when the monotonic clock says 1 s. */
static const struct wall_clock clock_of_test = {.offset_ns = 1709251197000000001LL, .measured_ns = 1};

/* ---- one line of each kind ---- */

struct lines {
	struct capture capture;
	struct sink *sink;
	char *text;
	const char *next;
};

static void lines_open(struct lines *lines)
{
	lines->capture = capture_open();
	lines->sink = json_sink_new(lines->capture.output, &clock_of_test);
	lines->text = NULL;
	assert_non_null(lines->sink);
	lines->sink->netns.interfaces = interface_names_new(&named_interfaces, true);
}

static void lines_read(struct lines *lines, struct members *members)
{
	if (!lines->text) {
		lines->text = capture_take(&lines->capture);
		lines->next = lines->text;
	}
	lines->next = json_read_line(lines->next, members);
}

static void lines_close(struct lines *lines)
{
	if (lines->text)
		assert_string_equal(lines->next, "");
	free(lines->text);
	interface_names_free(lines->sink->netns.interfaces);
	free(lines->sink);
	capture_close(&lines->capture);
}

static void read_change(const struct change *change, struct members *members)
{
	struct lines lines;

	lines_open(&lines);
	lines.sink->ops->change(lines.sink, change);
	lines_read(&lines, members);
	lines_close(&lines);
}

static struct connection connection_of(struct tuple tuple)
{
	return (struct connection){
		.id = 7,
		.cookie = 0x1f,
		.tuple = tuple,
		.uid = 33,
		.inode = 55,
		.recvq = QUEUE_UNKNOWN,
		.sendq = QUEUE_UNKNOWN,
		.owner = owner_of(100, 3, "nginx"),
		.owner_source = OWNER_CONNECT,
		.direction = DIRECTION_OUT,
		.state = STATE_CLOSE,
	};
}

/* ---- the keys ---- */

struct key {
	const char *name;
	char type;
	const char *value;
};

static void assert_keys(const struct members *members, const struct key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_member(members, keys[i].name, keys[i].type, keys[i].value);
	assert_int_equal(members->count, count);
}

static void test_transition(void **state)
{
	static const struct key keys[] = {
		{"type", 's', "transition"},
		{"ts", 's', "2024-02-29T23:59:58.500000001Z"},
		{"ts_ns", 'n', "1709251198500000001"},
		{"id", 's', "7"},
		{"cookie", 's', "1f"},
		{"netns", 'n', "1000"},
		{"netns_name", '0', "null"},
		{"family", 'n', "4"},
		{"laddr", 's', "10.0.0.1"},
		{"lport", 'n', "40000"},
		{"raddr", 's', "10.0.0.2"},
		{"rport", 'n', "443"},
		{"interface", '0', "null"},
		{"ifindex", '0', "null"},
		{"interface_known", 'b', "true"},
		{"oldstate", 's', "LAST_ACK"},
		{"newstate", 's', "CLOSE"},
		{"in_state_us", 'n', "1500"},
		{"since_known", 'b', "true"},
		{"pid", 'n', "100"},
		{"comm", 's', "nginx"},
		{"uid", 'n', "33"},
		{"owner_src", 's', "connect"},
		{"direction", 's', "out"},
		{"ppid", '0', "null"},
		{"pcomm", '0', "null"},
		{"exe", '0', "null"},
		{"cmdline", '0', "null"},
		{"unit", '0', "null"},
		{"container", '0', "null"},
		{"reason", 's', "reset_by_peer"},
		{"errno", 'n', "104"},
		{"derived", 'b', "false"},
		{"rx_bytes", 'n', "18446744073709551615"},
		{"tx_bytes", 'n', "9223372036854775808"},
		{"srtt_us", 'n', "4294967295"},
		{"retrans", 'n', "4294967295"},
		{"age_us", 'n', "18446744073709551615"},
		{"age_known", 'b', "false"},
	};
	struct connection conn = connection_of(tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443));
	struct closing closing = {.rx_bytes = UINT64_MAX,
				  .tx_bytes = 1ULL << 63,
				  .srtt_us = UINT32_MAX,
				  .retrans = UINT32_MAX,
				  .err = ECONNRESET,
				  .sent = true};
	struct change change = {
		.kind = CHANGE_TRANSITION,
		.ts_ns = 1500000000,
		.conn = &conn,
		.oldstate = STATE_LAST_ACK,
		.newstate = STATE_CLOSE,
		.reason = REASON_RESET_BY_PEER,
		.in_state = {.us = 1500, .known = SPAN_EXACT},
		.age = {.us = UINT64_MAX, .known = SPAN_AT_LEAST},
		.closing = &closing,
	};
	struct members members;

	(void)state;
	read_change(&change, &members);
	assert_keys(&members, keys, COUNT_OF(keys));
}

/* Unknown values are null, and never 0. */
static void test_transition_of_which_little_is_known(void **state)
{
	static const struct key keys[] = {
		{"type", 's', "transition"},
		{"ts", 's', "2024-02-29T23:59:57.000000002Z"},
		{"ts_ns", 'n', "1709251197000000002"},
		{"id", 's', "18446744073709551615"},
		{"cookie", '0', "null"},
		{"netns", 'n', "1000"},
		{"netns_name", '0', "null"},
		{"family", 'n', "6"},
		{"laddr", 's', "::ffff:10.0.0.1"},
		{"lport", '0', "null"},
		{"raddr", '0', "null"},
		{"rport", '0', "null"},
		{"interface", '0', "null"},
		{"ifindex", '0', "null"},
		{"interface_known", 'b', "true"},
		{"oldstate", 's', "LISTEN"},
		{"newstate", 's', "SYN_RECV"},
		{"in_state_us", '0', "null"},
		{"since_known", 'b', "false"},
		{"pid", '0', "null"},
		{"comm", '0', "null"},
		{"uid", '0', "null"},
		{"owner_src", '0', "null"},
		{"direction", 's', "in"},
		{"ppid", '0', "null"},
		{"pcomm", '0', "null"},
		{"exe", '0', "null"},
		{"cmdline", '0', "null"},
		{"unit", '0', "null"},
		{"container", '0', "null"},
		{"reason", '0', "null"},
		{"errno", '0', "null"},
		{"derived", 'b', "false"},
	};
	struct connection conn = {
		.id = UINT64_MAX,
		.tuple = tuple_of(6, "::ffff:10.0.0.1", 0, "::", 0),
		.uid = UID_UNKNOWN,
		.direction = DIRECTION_IN,
		.state = STATE_SYN_RECV,
	};
	struct change change = {.kind = CHANGE_TRANSITION,
				.ts_ns = 1,
				.conn = &conn,
				.oldstate = STATE_LISTEN,
				.newstate = STATE_SYN_RECV};
	struct members members;

	(void)state;
	read_change(&change, &members);
	assert_keys(&members, keys, COUNT_OF(keys));
}

static void test_close_without_error_or_rtt(void **state)
{
	struct connection conn = connection_of(tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443));
	struct closing closing = {.sent = true};
	struct change change = {.conn = &conn,
				.oldstate = STATE_FIN_WAIT2,
				.newstate = STATE_CLOSE,
				.reason = REASON_CLOSED_BY_US,
				.in_state = {.us = 0, .known = SPAN_AT_LEAST},
				.closing = &closing};
	struct members members;

	(void)state;
	read_change(&change, &members);
	assert_member(&members, "errno", '0', "null");
	assert_member(&members, "srtt_us", '0', "null");
	assert_member(&members, "rx_bytes", 'n', "0");
	assert_member(&members, "retrans", 'n', "0");
	assert_member(&members, "age_us", '0', "null");
	assert_member(&members, "in_state_us", 'n', "0"); /* known, though less than a microsecond */
	assert_member(&members, "since_known", 'b', "false");
}

static void read_gap(struct gap gap, struct members *members)
{
	struct lines lines;

	lines_open(&lines);
	lines.sink->ops->gap(lines.sink, &gap);
	lines_read(&lines, members);
	lines_close(&lines);
}

static void test_gap(void **state)
{
	static const struct key keys[] = {
		{"type", 's', "gap"},
		{"ts", 's', "2024-02-29T23:59:59.000000001Z"},
		{"ts_ns", 'n', "1709251199000000001"},
		{"lost", 'n', "18446744073709551615"},
		{"reason", 's', "ring_full"},
		{"from_ns", 'n', "1709251198500000001"},
		{"to_ns", 'n', "1709251199000000001"},
	};
	struct gap gap = {.lost = UINT64_MAX, .from_ns = 1500000000, .to_ns = 2 * NS_PER_SEC, .reason = GAP_RING_FULL};
	struct members members;

	(void)state;
	read_gap(gap, &members);
	assert_keys(&members, keys, COUNT_OF(keys));
	gap.reason = GAP_SKIPPED;
	read_gap(gap, &members);
	assert_member(&members, "reason", 's', "skipped");
	gap.reason = GAP_NO_MEMORY;
	read_gap(gap, &members);
	assert_member(&members, "reason", 's', "no_memory");
}

/* The last changes of a minisocket have the numbers of its socket if the end of the socket was observed; otherwise the
 * numbers are null. */
static void test_derived(void **state)
{
	static const char *const unknown[] = {"rx_bytes", "tx_bytes", "srtt_us", "retrans", "errno"};
	struct connection conn = connection_of(tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443));
	struct closing closing = {.rx_bytes = 3, .sent = true, .lives_on = STATE_TIME_WAIT};
	struct change change = {.conn = &conn,
				.oldstate = STATE_TIME_WAIT,
				.newstate = STATE_CLOSE,
				.derived = true,
				.reason = REASON_CLOSED_BY_US,
				.in_state = {.us = 59000000, .known = SPAN_AT_LEAST}};
	struct members members;

	(void)state;
	read_change(&change, &members);
	assert_member(&members, "derived", 'b', "true");
	assert_member(&members, "oldstate", 's', "TIME_WAIT");
	assert_member(&members, "in_state_us", 'n', "59000000");
	assert_member(&members, "since_known", 'b', "false");
	assert_member(&members, "age_known", 'b', "false");
	for (size_t i = 0; i < COUNT_OF(unknown); i++)
		assert_member(&members, unknown[i], '0', "null");
	change.oldstate = STATE_FIN_WAIT2;
	change.newstate = STATE_TIME_WAIT;
	read_change(&change, &members);
	assert_int_equal(members.count, 33); /* no keys of an end, and no numbers */
	change.closing = &closing;
	read_change(&change, &members);
	assert_member(&members, "rx_bytes", 'n', "3");
	assert_member(&members, "srtt_us", '0', "null");
}

static void test_socket(void **state)
{
	static const struct key keys[] = {
		{"type", 's', "socket"},
		{"ts", 's', "2024-02-29T23:59:59.000000001Z"},
		{"ts_ns", 'n', "1709251199000000001"},
		{"id", 's', "7"},
		{"cookie", 's', "ffffffffffffffff"},
		{"proto", 's', "tcp"},
		{"netns", 'n', "1000"},
		{"netns_name", '0', "null"},
		{"family", 'n', "6"},
		{"laddr", 's', "fd00::1"},
		{"lport", 'n', "80"},
		{"raddr", 's', "::"},
		{"rport", 'n', "0"},
		{"interface", '0', "null"},
		{"ifindex", '0', "null"},
		{"interface_known", 'b', "true"},
		{"state", 's', "LISTEN"},
		{"in_state_us", 'n', "1000000"},
		{"since_known", 'b', "false"},
		{"recvq", 'n', "0"},
		{"sendq", '0', "null"},
		{"inode", 'n', "55"},
		{"pid", 'n', "100"},
		{"comm", 's', "nginx"},
		{"uid", 'n', "33"},
		{"owner_src", 's', "scan"},
		{"direction", '0', "null"},
		{"ppid", '0', "null"},
		{"pcomm", '0', "null"},
		{"exe", '0', "null"},
		{"cmdline", '0', "null"},
		{"unit", '0', "null"},
		{"container", '0', "null"},
		{"owners", '[', "[{\"pid\":100,\"comm\":\"nginx\",\"fd\":3},{\"pid\":101,\"comm\":\"\",\"fd\":null}]"},
	};
	struct connection conn = connection_of(tuple_of(6, "fd00::1", 80, "::", 0));
	struct owner owners[] = {owner_of(100, 3, "nginx"), owner_of(101, FD_UNKNOWN, "")};
	struct members members;
	struct change change;

	(void)state;
	conn.cookie = UINT64_MAX;
	conn.state = STATE_LISTEN;
	conn.direction = DIRECTION_UNKNOWN;
	conn.owner_source = OWNER_SCAN;
	conn.recvq = 0;
	conn.since_ns = NS_PER_SEC;
	conn.owners = owners;
	conn.owner_count = 2;
	change = change_of_socket(&conn, 2 * NS_PER_SEC);
	read_change(&change, &members);
	assert_keys(&members, keys, COUNT_OF(keys));
}

/* The names are those of `list`, in a line of either type. */
static void test_interface(void **state)
{
	static const struct {
		uint32_t interface;
		struct key keys[3];
	} tried[] = {
		{INTERFACE_ETH0, {{"interface", 's', "eth0"}, {"ifindex", 'n', "2"}, {"interface_known", 'b', "true"}}},
		{INTERFACE_HOSTILE,
		 {{"interface", 's', "e<U+001B>[\\x5c\\xff"}, {"ifindex", 'n', "3"}, {"interface_known", 'b', "true"}}},
		{INTERFACE_NAMELESS,
		 {{"interface", '0', "null"}, {"ifindex", 'n', "4"}, {"interface_known", 'b', "true"}}},
		{INTERFACE_UNKNOWN,
		 {{"interface", '0', "null"}, {"ifindex", '0', "null"}, {"interface_known", 'b', "false"}}},
	};
	struct connection conn = connection_of(tuple_of(6, "fe80::1", 40000, "fe80::2", 443));

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(tried); i++) {
		struct change change = {.conn = &conn, .oldstate = STATE_SYN_SENT, .newstate = STATE_ESTABLISHED};
		struct members members;

		if (i % 2)
			change = change_of_socket(&conn, 2 * NS_PER_SEC);
		conn.tuple.interface = tried[i / 2].interface;
		read_change(&change, &members);
		for (size_t k = 0; k < COUNT_OF(tried[0].keys); k++)
			assert_member(&members, tried[i / 2].keys[k].name, tried[i / 2].keys[k].type,
				      tried[i / 2].keys[k].value);
	}
}

static void test_socket_with_one_holder_or_none(void **state)
{
	struct connection conn = connection_of(tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443));
	struct change change = change_of_socket(&conn, 2 * NS_PER_SEC);
	struct members members;

	(void)state;
	read_change(&change, &members);
	assert_member(&members, "owners", '[',
		      "[]"); /* the owner is known from connect(): no scan for holders has run */
	conn.owner_count = 1;
	read_change(&change, &members);
	assert_member(&members, "owners", '[', "[{\"pid\":100,\"comm\":\"nginx\",\"fd\":3}]");
	assert_member(&members, "recvq", '0', "null");
	assert_member(&members, "in_state_us", '0', "null");
	conn.owner = (struct owner){.fd = FD_UNKNOWN};
	conn.owner_count = 0;
	conn.inode = 0;
	read_change(&change, &members);
	assert_member(&members, "owners", '[', "[]");
	assert_member(&members, "pid", '0', "null");
	assert_member(&members, "inode", '0', "null");
}

static void test_table_and_summary(void **state)
{
	static const struct key table_keys[] = {{"type", 's', "table"},
						{"ts", 's', "2024-02-29T23:59:58.000000001Z"},
						{"ts_ns", 'n', "1709251198000000001"},
						{"iteration", 'n', "3"},
						{"count", 'n', "2"},
						{"seen", 'n', "6"},
						{"received", 'n', "5"},
						{"dropped", 'n', "1"},
						{"missed", 'n', "7"},
						{"resyncs", 'n', "8"},
						{"healed", 'n', "9"},
						{"put_off", 'n', "10"},
						{"complete", 'b', "true"}};
	static const struct key summary_keys[] = {{"type", 's', "summary"},  {"seen", 'n', "18446744073709551615"},
						  {"received", 'n', "2"},    {"dropped", 'n', "3"},
						  {"missed", 'n', "4"},      {"resyncs", 'n', "5"},
						  {"healed", 'n', "6"},      {"put_off", 'n', "7"},
						  {"complete", 'b', "false"}};
	struct summary summary = {.seen = UINT64_MAX,
				  .received = 2,
				  .dropped = 3,
				  .missed = 4,
				  .resyncs = 5,
				  .healed = 6,
				  .put_off = 7,
				  .incomplete = true};
	struct connection conn = connection_of(tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443));
	struct connection *rows[] = {&conn, &conn};
	struct table_view view = {
		.iteration = 3,
		.ts_ns = NS_PER_SEC,
		.rows = rows,
		.count = 2,
		.summary =
			{.seen = 6, .received = 5, .dropped = 1, .missed = 7, .resyncs = 8, .healed = 9, .put_off = 10},
	};
	struct members members;
	struct lines lines;

	(void)state;
	lines_open(&lines);
	lines.sink->ops->table(lines.sink, &view);
	lines.sink->ops->summary(lines.sink, &summary);
	lines_read(&lines, &members);
	assert_keys(&members, table_keys, COUNT_OF(table_keys));
	for (int i = 0; i < 2; i++) {
		lines_read(&lines, &members);
		assert_member(&members, "type", 's', "socket");
		assert_member(&members, "ts_ns", 'n', "1709251198000000001");
	}
	lines_read(&lines, &members);
	assert_keys(&members, summary_keys, COUNT_OF(summary_keys));
	lines_close(&lines);
}

/* ---- network namespaces ---- */

/* Reads a line about a socket of network namespace `inode`, where /run/netns has `name` for 2000. */
static void read_netns(uint32_t inode, const char *name, struct members *members)
{
	const struct named_netns named[] = {{1000, "home"}, {2000, name}, {0}};
	const struct netns_finder finder = NAMED_FINDER(named);
	struct connection conn = connection_of(tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443));
	struct change change = {.conn = &conn, .newstate = STATE_SYN_SENT};
	struct netns_names *names = netns_names_new(&finder);
	struct lines lines;

	assert_non_null(names);
	conn.tuple.netns = inode;
	lines_open(&lines);
	lines.sink->netns.names = names;
	lines.sink->ops->change(lines.sink, &change);
	lines_read(&lines, members);
	lines_close(&lines);
	netns_names_free(names);
}

static void test_netns_names(void **state)
{
	static const char *const names[][2] = {
		{"blue", "blue"}, {"a\"b\\c", "a\"b\\x5cc"}, {"a\nb", "a<U+000A>b"},         {"\033[2J", "<U+001B>[2J"},
		{"a b", "a b"},   {"\xff", "\\xff"},         {"caf\303\251", "caf\303\251"},
	};
	struct members members;
	char longest[256];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		read_netns(2000, names[i][0], &members);
		assert_member(&members, "netns", 'n', "2000");
		assert_member(&members, "netns_name", 's', names[i][1]);
	}
	memset(longest, 'x', 255);
	longest[255] = '\0';
	read_netns(2000, longest, &members);
	assert_member(&members, "netns_name", 's', longest);
	read_netns(1000, "blue", &members);
	assert_member(&members, "netns_name", 's', "host");
	read_netns(3000, "blue", &members);
	assert_member(&members, "netns", 'n', "3000");
	assert_member(&members, "netns_name", '0', "null");
}

/* A process of another PID namespace is known by its name only. */
static void test_owner_without_a_number(void **state)
{
	struct connection conn = connection_of(tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443));
	struct change change = {.conn = &conn, .newstate = STATE_SYN_SENT};
	struct members members;

	(void)state;
	conn.owner = (struct owner){.pid = OWNER_FOREIGN | 7, .fd = FD_UNKNOWN, .comm = "curl"};
	read_change(&change, &members);
	assert_member(&members, "pid", '0', "null");
	assert_member(&members, "comm", 's', "curl");
}

/* ---- hostile names ---- */

static void read_comm(const char *comm, struct members *members)
{
	struct connection conn = connection_of(tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443));
	struct owner owners[2];
	struct change change = {.conn = &conn, .newstate = STATE_SYN_SENT};

	memcpy(conn.owner.comm, comm, COMM_LEN);
	read_change(&change, members);
	owners[0] = owners[1] = conn.owner;
	conn.owners = owners;
	conn.owner_count = 2;
	change = change_of_socket(&conn, 5);
	read_change(&change, members);
}

static void test_hostile_names(void **state)
{
	static const struct {
		char comm[COMM_LEN + 1];
		const char *read;
	} names[] = {
		{"a\"b", "a\"b"},
		{"\",\"x\":\"", "\",\"x\":\""},
		{"a\\", "a\\x5c"},
		{"\\u0041", "\\x5cu0041"},
		{"\\xff", "\\x5cxff"}, /* these four characters, and not the byte */
		{"\033[2J", "<U+001B>[2J"},
		{"a\nb", "a<U+000A>b"},
		{"\177", "<U+007F>"},
		{"\302\233", "<U+009B>"},
		{"\342\200\256x", "<U+202E>x"},
		{"ng\342\200\213inx", "ng<U+200B>inx"},
		{"a\302\240b", "a<U+00A0>b"},
		{"\363\240\201\201\360\233\262\240", "<U+E0041><U+1BCA0>"},
		{"\364\217\277\277\360\235\205\263", "<U+10FFFF><U+1D173>"},
		{"caf\303\251", "caf\303\251"},
		{"\xff", "\\xff"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
		{"0123456789abcde", "0123456789abcde"},
		{"0123456789abcdef", "0123456789abcdef"}, /* without a NUL */
		{"\360\237\220\247\360\237\220\247\360\237\220\247abc\360",
		 "\360\237\220\247\360\237\220\247\360\237\220\247abc\\xf0"},
		{"\031\031\031\031\031\031\031\031\031\031\031\031\031\031\031\031",
		 "<U+0019><U+0019><U+0019><U+0019><U+0019><U+0019><U+0019><U+0019><U+0019><U+0019><U+0019><U+0019><U+0019><U+0019><U+0019><U+0019>"},
	};
	struct members members;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		read_comm(names[i].comm, &members);
		assert_member(&members, "comm", 's', names[i].read);
	}
}

static int hex2(const char *digits)
{
	char text[3] = {digits[0], digits[1], '\0'}, *end;
	unsigned long value = strtoul(text, &end, 16);

	return *end || end == text ? -1 : (int)value;
}

/* Turns a string as json_check.h reads it into the name that the program was given, with bytes in place of \xNN. */
static void restore_name(const char *read, char *out)
{
	unsigned int c;
	int used;

	while (*read) {
		if (read[0] == '\\' && read[1] == 'x' && hex2(read + 2) > 0) {
			*out++ = (char)hex2(read + 2);
			read += 4;
		} else if (sscanf(read, "<U+%x>%n", &c, &used) == 1) {
			out += encode_utf8(c, out);
			read += used;
		} else {
			*out++ = *read++;
		}
	}
	*out = '\0';
}

static void assert_written_whole(const char comm[COMM_LEN])
{
	char restored[MAX_VALUE], raw[COMM_LEN + 1] = "";
	struct members members;

	memcpy(raw, comm, COMM_LEN);
	read_comm(raw, &members);
	restore_name(json_member(&members, "comm")->value, restored);
	if (strcmp(restored, raw) != 0)
		fail_msg("%s is printed as %s", raw, json_member(&members, "comm")->value);
}

/* No two names are written alike: the written text shows the bytes of the name. */
static void test_names_are_printed_whole(void **state)
{
	static const char names[][COMM_LEN] = {
		"\\",
		"\\\\",
		"\\xff",
		"\\x5c",
		"\\x5cxff",
		"\\xf",
		"\\x",
		"x5c",
		"\\u200b",
		"\\\"",
		"a\\",
		"\\x\xff",
		"\342\200\213",
		"\\xe2\\x80\\x8b",
		"\363\240\201\201\\",
		"\342\200\\x8b",
	};

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		assert_written_whole((char[COMM_LEN]){(char)byte});
		assert_written_whole((char[COMM_LEN]){'\\', (char)byte});
		assert_written_whole((char[COMM_LEN]){'\\', 'x', (char)byte, '0'});
		assert_written_whole((char[COMM_LEN]){(char)byte, '\\', 'x', '4', '1'});
	}
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_written_whole(names[i]);
}

static void test_random_names(void **state)
{
	uint64_t seed = 31337;
	struct members members;

	(void)state;
	print_message("    seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 3000; round++) {
		char comm[COMM_LEN];

		for (size_t i = 0; i < COMM_LEN; i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			comm[i] = (char)(seed >> 40);
		}
		read_comm(comm, &members);
		assert_int_equal(json_member(&members, "comm")->type, 's');
		assert_written_whole(comm);
	}
}

/* ---- the writer ---- */

static void test_writer_nests(void **state)
{
	struct capture capture = capture_open();
	struct json_writer json;
	struct members members;
	char *text;

	(void)state;
	json_line_begin(&json, capture.output);
	json_array_begin(&json, "empty");
	json_array_end(&json);
	json_object_begin(&json, "object");
	json_object_end(&json);
	json_array_begin(&json, "mixed");
	json_u64(&json, NULL, 0);
	json_null(&json, NULL);
	json_bool(&json, NULL, true);
	json_array_begin(&json, NULL);
	json_text(&json, NULL, "a", 1);
	json_array_end(&json);
	json_hex_word(&json, NULL, 0);
	json_array_end(&json);
	json_decimal_word(&json, "last", UINT64_MAX);
	json_members(&json, "\"a\":null,\"b\":true");
	json_line_end(&json);
	text = capture_take(&capture);
	assert_string_equal(
		text,
		"{\"empty\":[],\"object\":{},\"mixed\":[0,null,true,[\"a\"],\"0\"],\"last\":\"18446744073709551615\",\"a\":null,\"b\":true}\n");
	assert_string_equal(json_read_line(text, &members), "");
	assert_int_equal(members.count, 6);
	free(text);
	capture_close(&capture);
}

static void key_in_array(struct json_writer *json)
{
	json_array_begin(json, "a");
	json_u64(json, "key", 1);
}

static void members_in_array(struct json_writer *json)
{
	json_array_begin(json, "a");
	json_members(json, "\"key\":1");
}

static void no_key_in_object(struct json_writer *json)
{
	json_u64(json, NULL, 1);
}

static void wrong_end(struct json_writer *json)
{
	json_array_begin(json, "a");
	json_object_end(json);
}

static void line_ends_in_array(struct json_writer *json)
{
	json_object_begin(json, "a");
	json_line_end(json);
}

static void too_deep(struct json_writer *json)
{
	for (int i = 0; i < JSON_MAX_DEPTH; i++)
		json_array_begin(json, i ? NULL : "a");
}

/* Misuse that would not write JSON stops the program, here a child process. */
static void test_writer_refuses_what_is_no_json(void **state)
{
	void (*const misuses[])(struct json_writer *) = {key_in_array, members_in_array,   no_key_in_object,
							 wrong_end,    line_ends_in_array, too_deep};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(misuses); i++) {
		int status = 0;
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			struct capture capture = capture_open();
			struct json_writer json;

			signal(SIGABRT, SIG_DFL);
			json_line_begin(&json, capture.output);
			misuses[i](&json);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transition),
		cmocka_unit_test(test_transition_of_which_little_is_known),
		cmocka_unit_test(test_close_without_error_or_rtt),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_derived),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_interface),
		cmocka_unit_test(test_socket_with_one_holder_or_none),
		cmocka_unit_test(test_table_and_summary),
		cmocka_unit_test(test_netns_names),
		cmocka_unit_test(test_owner_without_a_number),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_names_are_printed_whole),
		cmocka_unit_test(test_random_names),
		cmocka_unit_test(test_writer_nests),
		cmocka_unit_test(test_writer_refuses_what_is_no_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
