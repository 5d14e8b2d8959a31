// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what `audit` counts, its order and its notes; listeners as sockets; and the table of ports that should not be
 * public.
 */
#include <stdio.h>
#include <string.h>

#include "audit_findings.h"
#include "listeners.h"

static struct listener listener_at(const char *address, uint16_t port)
{
	struct socket socket = socket_at(PROTOCOL_TCP, address, port);

	return (struct listener){.protocol = PROTOCOL_TCP,
				 .address = socket.tuple.laddr,
				 .family = socket.tuple.family,
				 .port = port,
				 .reach = reach_of(&socket)};
}

/* ---- counts ---- */

static void test_counts(void **state)
{
	static const struct audit_row rows[] = {
		{.since = SINCE_GONE, .flags = FLAG_NEW},
		{.since = SINCE_GONE},
		{.since = SINCE_NEW, .flags = FLAG_NEW, .listener.reach = REACH_ALL},
		{.since = SINCE_CHANGED, .flags = FLAG_FURTHER | FLAG_OUTSIDE, .listener.reach = REACH_ALL},
		{.since = SINCE_SAME, .listener.reach = REACH_HOST},
		{.flags = FLAG_EXPOSED, .listener.reach = REACH_IPV4},
	};
	struct audit_counts counts = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		audit_count(&counts, &rows[i]);
	assert_int_equal(counts.gone, 2);
	assert_int_equal(counts.listeners, 4);
	assert_int_equal(counts.reach[REACH_ALL], 2);
	assert_int_equal(counts.reach[REACH_HOST], 1);
	assert_int_equal(counts.reach[REACH_IPV4], 1);
	assert_int_equal(counts.findings, 3);
	assert_int_equal(counts.outside, 1);
	assert_int_equal(counts.exposed, 1);
	assert_int_equal(counts.appeared, 1);
	assert_int_equal(counts.changed, 1);
}

/* ---- order ---- */

static struct audit_row row_of(const char *netns, enum reach reach, uint16_t port, enum protocol protocol,
			       uint32_t inode)
{
	struct audit_row row = {.listener = {.reach = reach, .port = port, .protocol = protocol},
				.socket.inode = inode};

	snprintf(row.listener.netns, sizeof(row.listener.netns), "%s", netns);
	return row;
}

/* The number of the order in which they belong is the uid of each. */
static void test_order(void **state)
{
	struct audit_row rows[] = {
		row_of("z", REACH_HOST, 9, PROTOCOL_UDP, 9), /* a finding comes first, whatever else it is */
		row_of("a", REACH_ALL, 1, PROTOCOL_TCP, 1),  row_of("a", REACH_ALL, 1, PROTOCOL_TCP, 2),
		row_of("a", REACH_ALL, 1, PROTOCOL_UDP, 1),  row_of("a", REACH_ALL, 2, PROTOCOL_TCP, 1),
		row_of("a", REACH_HOST, 1, PROTOCOL_TCP, 1), row_of("b", REACH_ALL, 1, PROTOCOL_TCP, 1),
		row_of("a", REACH_ALL, 1, PROTOCOL_TCP, 1), /* has gone */
	};
	const size_t count = COUNT_OF(rows);

	(void)state;
	rows[0].flags = FLAG_NEW;
	rows[count - 1].since = SINCE_GONE;
	for (size_t i = 0; i < count; i++)
		rows[i].socket.uid = (uint32_t)i;
	for (size_t i = 0; i < count / 2; i++) {
		struct audit_row row = rows[i];

		rows[i] = rows[count - 1 - i];
		rows[count - 1 - i] = row;
	}
	audit_sort(rows, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(rows[i].socket.uid, i);
	audit_sort(NULL, 0);
}

static void test_order_by_address(void **state)
{
	struct audit_row rows[2] = {{.listener = listener_at("10.0.0.2", 80)},
				    {.listener = listener_at("10.0.0.1", 80)}};

	(void)state;
	audit_sort(rows, 2);
	assert_int_equal(rows[0].listener.address.bytes[15], 1);
}

/* ---- notes ---- */

static void assert_note(const struct audit_row *row, const char *wanted)
{
	char note[AUDIT_NOTE_SIZE];

	assert_string_equal(audit_note(row, note), wanted);
}

static void test_notes_about_changes(void **state)
{
	struct audit_row row = {
		.since = SINCE_CHANGED, .before = listener_at("10.0.0.1", 80), .listener = listener_at("10.0.0.1", 80)};

	(void)state;
	assert_note(&row, "");
	row.listener = listener_at("10.0.0.2", 80); /* the reach is the same */
	assert_note(&row, "was at 10.0.0.1 (private network)");
	row.listener = listener_at("10.0.0.1", 80);
	row.listener.reach = REACH_HOST; /* the address is the same: another device */
	assert_note(&row, "was at 10.0.0.1 (private network)");
	row.listener = listener_at("10.0.0.1", 81);
	strcpy(row.before.interface, "eth0");
	strcpy(row.before.process, "nginx");
	strcpy(row.listener.process, "apache2");
	strcpy(row.before.user, "www");
	strcpy(row.listener.user, "root");
	strcpy(row.before.container, "lxc:web");
	assert_note(&row, "port was 80; interface was eth0; process was nginx; user was www; container was lxc:web");
	row.before.interface[0] = row.before.container[0] = row.before.user[0] = '\0'; /* is not known */
	strcpy(row.listener.interface, "eth0");
	strcpy(row.listener.container, "lxc:web");
	assert_note(&row, "port was 80; interface was any; process was nginx; container was none");
}

/* However long its parts are, the note ends within its room. */
static void test_notes_that_are_too_long(void **state)
{
	static const struct exposed_port exposed = {.what = "something", .why = "some reason"};
	static const size_t lengths[] = {1, 20, 63};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct audit_row row = {.since = SINCE_CHANGED,
					.flags = FLAG_OUTSIDE,
					.allowed = TRISTATE_UNKNOWN,
					.before = listener_at("fd00::1", 65535),
					.listener = listener_at("::", 1),
					.exposed = &exposed};
		char note[AUDIT_NOTE_SIZE + 1];

		memset(note, '#', sizeof(note));
		memset(row.before.process, 'p', COMM_LEN - 1);
		memset(row.listener.process, 'q', COMM_LEN - 1);
		memset(row.before.user, 'u', lengths[i]);
		memset(row.listener.user, 'v', lengths[i]);
		memset(row.before.container, 'c', lengths[i]);
		audit_note(&row, note);
		assert_true(strlen(note) < AUDIT_NOTE_SIZE);
		assert_int_equal(note[AUDIT_NOTE_SIZE], '#');
		assert_non_null(strstr(note, "; something: some reason"));
	}
}

/* ---- listeners as sockets ---- */

static void test_sockets_of_listeners(void **state)
{
	struct listener listener = listener_at("10.0.0.1", 80);
	struct owner owner;
	struct socket socket = listener_socket(&listener, 7, &owner);

	(void)state;
	assert_int_equal(socket.protocol, PROTOCOL_TCP);
	assert_int_equal(socket.state, STATE_LISTEN);
	assert_true(socket_is_listener(&socket));
	assert_int_equal(socket.tuple.netns, 7);
	assert_int_equal(socket.tuple.interface, 0);
	assert_int_equal(socket.owner_count, 0);
	assert_int_equal(socket.v6only, TRISTATE_UNKNOWN);
	assert_true(address_is_any(&socket.tuple.raddr) && address_is_ipv4(&socket.tuple.raddr));
	listener.protocol = PROTOCOL_UDP;
	strcpy(listener.process, "named");
	strcpy(listener.interface, "eth0");
	socket = listener_socket(&listener, 7, &owner);
	assert_int_equal(socket.state, STATE_CLOSE);
	assert_true(socket_is_listener(&socket));
	assert_int_equal(socket.tuple.interface, INTERFACE_UNKNOWN);
	assert_ptr_equal(socket.owners, &owner);
	assert_int_equal(socket.owner_count, 1);
	assert_string_equal(owner.comm, "named");
	listener.interface[0] = '\0';
	listener.interface_unknown = true;
	assert_int_equal(listener_socket(&listener, 7, &owner).tuple.interface, INTERFACE_UNKNOWN);
}

static void test_reach_of_sockets_of_listeners(void **state)
{
	static const enum reach reaches[] = {REACH_IPV6, REACH_ALL, REACH_IPV6_OR_ALL};
	struct owner owner;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(reaches); i++) {
		struct listener listener = listener_at("::", 80);
		struct socket socket;

		listener.reach = reaches[i];
		socket = listener_socket(&listener, 7, &owner);
		assert_int_equal(reach_of(&socket), reaches[i]);
	}
}

static void test_what_is_a_listener(void **state)
{
	static const struct {
		enum protocol protocol;
		uint8_t state;
		uint16_t port;
		bool wanted;
	} cases[] = {
		{PROTOCOL_TCP, STATE_LISTEN, 80, true},       {PROTOCOL_TCP, STATE_CLOSE, 80, false},
		{PROTOCOL_TCP, STATE_ESTABLISHED, 80, false}, {PROTOCOL_UDP, STATE_CLOSE, 80, true},
		{PROTOCOL_UDP, STATE_CLOSE, 0, false},        {PROTOCOL_UDP, STATE_ESTABLISHED, 80, false},
		{PROTOCOL_RAW, STATE_CLOSE, 1, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct socket socket = {
			.protocol = cases[i].protocol, .state = cases[i].state, .tuple.lport = cases[i].port};

		assert_int_equal(socket_is_listener(&socket), cases[i].wanted);
	}
}

/* ---- ports that should not be public ---- */

static bool is_database(const char *process)
{
	static const char *const databases[] = {"sqlservr",  "tnslsnr",      "mysqld",    "mariadbd",
						"postgres",  "redis-server", "influxd",   "valkey-server",
						"memcached", "mongod",       "rethinkdb", "clickhouse-server"};

	for (size_t i = 0; process && i < COUNT_OF(databases); i++)
		if (!strcmp(process, databases[i]))
			return true;
	return false;
}

/* A database is one on any port. Other services, on other ports, may be meant for everybody. */
static void test_table_of_ports(void **state)
{
	const struct exposed_port *ports;
	size_t count;

	(void)state;
	ports = exposed_ports(&count);
	assert_true(count > 50);
	for (size_t i = 0; i < count; i++) {
		assert_true(ports[i].first > 0 && ports[i].first <= ports[i].last);
		assert_true(i == 0 || ports[i - 1].first <= ports[i].first);
		assert_int_equal(ports[i].anywhere, is_database(ports[i].process));
	}
}

/* From the first port to the last, and no further. Where two entries share a port, the first is meant. */
static void test_ranges_of_the_table(void **state)
{
	const struct exposed_port *ports;
	size_t count;

	(void)state;
	ports = exposed_ports(&count);
	for (size_t i = 0; i < count; i++) {
		enum protocol protocol = ports[i].protocols & 1u << PROTOCOL_TCP ? PROTOCOL_TCP : PROTOCOL_UDP;
		const struct exposed_port *found[4];

		for (int at = 0; at < 4; at++) {
			int port = at < 2 ? ports[i].first - 1 + at : ports[i].last + at - 2;
			struct socket socket = socket_at(protocol, "0.0.0.0", (uint16_t)port);

			found[at] = exposed_port_of(&socket);
		}
		assert_true(found[1] && found[1]->first == ports[i].first && found[2] == found[1]);
		assert_true(!found[0] || found[0]->last < ports[i].first);
		assert_true(!found[3] || found[3]->first > ports[i].last);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_order_by_address),
		cmocka_unit_test(test_notes_about_changes),
		cmocka_unit_test(test_notes_that_are_too_long),
		cmocka_unit_test(test_sockets_of_listeners),
		cmocka_unit_test(test_reach_of_sockets_of_listeners),
		cmocka_unit_test(test_what_is_a_listener),
		cmocka_unit_test(test_table_of_ports),
		cmocka_unit_test(test_ranges_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
