// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests which listeners are findings, the notes about them, the table of ports that should not be public, and the
 * output as text and JSON.
 */
#include <stdio.h>

#include "audit_findings.h"
#include "audit_json.h"
#include "audit_text.h"
#include "capture.h"
#include "json_check.h"
#include "listeners.h"

static const struct socket_namer no_namer;

static struct audit_row row_at(enum protocol protocol, const char *address, uint16_t port)
{
	struct audit_row row = {.socket = socket_at(protocol, address, port)};

	row.socket.uid = UID_UNKNOWN;
	row.listener = (struct listener){
		.protocol = protocol,
		.address = row.socket.tuple.laddr,
		.family = row.socket.tuple.family,
		.port = port,
		.reach = reach_of(&row.socket),
	};
	row.exposed = exposed_port_of(&row.socket);
	return row;
}

static uint32_t judge_listener(const char *address, uint16_t port, struct audit_rules rules, enum tristate allowed)
{
	struct audit_row row = row_at(PROTOCOL_TCP, address, port);

	row.allowed = allowed;
	audit_judge(&row, &rules);
	return row.flags;
}

static void test_without_policy(void **state)
{
	const struct audit_rules none = {0}, baseline = {.baseline = true};

	(void)state;
	assert_int_equal(judge_listener("0.0.0.0", 6379, none, TRISTATE_UNKNOWN), FLAG_EXPOSED);
	assert_int_equal(judge_listener("10.0.0.1", 6379, none, TRISTATE_UNKNOWN), FLAG_EXPOSED);
	assert_int_equal(judge_listener("127.0.0.1", 6379, none, TRISTATE_UNKNOWN), 0);
	assert_int_equal(judge_listener("0.0.0.0", 80, none, TRISTATE_UNKNOWN), 0);
	assert_int_equal(judge_listener("0.0.0.0", 6379, baseline, TRISTATE_UNKNOWN), 0);
}

static void test_with_policy(void **state)
{
	const struct audit_rules policy = {.policy = true};
	struct audit_row row = row_at(PROTOCOL_TCP, "127.0.0.1", 80);

	(void)state;
	assert_int_equal(judge_listener("0.0.0.0", 80, policy, TRISTATE_NO), FLAG_OUTSIDE);
	assert_int_equal(judge_listener("0.0.0.0", 80, policy, TRISTATE_UNKNOWN), FLAG_OUTSIDE);
	assert_int_equal(judge_listener("0.0.0.0", 6379, policy, TRISTATE_YES), 0);
	assert_int_equal(judge_listener("127.0.0.1", 80, policy, TRISTATE_NO), 0);
	row.allowed = TRISTATE_NO;
	audit_judge(&row, &policy);
	assert_int_equal(row.allowed, TRISTATE_YES);
}

static void test_listeners(void **state)
{
	struct socket socket = socket_at(PROTOCOL_TCP, "0.0.0.0", 80);

	(void)state;
	assert_true(socket_is_listener(&socket));
	socket.state = STATE_CLOSE;
	assert_false(socket_is_listener(&socket));
	socket = socket_at(PROTOCOL_UDP, "0.0.0.0", 53);
	assert_true(socket_is_listener(&socket));
	socket.state = STATE_ESTABLISHED;
	assert_false(socket_is_listener(&socket));
	socket = socket_at(PROTOCOL_UDP, "0.0.0.0", 0);
	assert_false(socket_is_listener(&socket));
}

/* ---- the table of ports ---- */

static const char *service_at(enum protocol protocol, uint16_t port, const char *process)
{
	struct socket socket = socket_at(protocol, "0.0.0.0", port);
	struct owner owner = owner_named(process);
	const struct exposed_port *exposed;

	socket.owners = &owner;
	socket.owner_count = 1;
	exposed = exposed_port_of(&socket);
	return exposed ? exposed->what : "";
}

static void test_exposed_ports(void **state)
{
	(void)state;
	assert_string_equal(service_at(PROTOCOL_TCP, 6379, "x"), "Redis");
	assert_string_equal(service_at(PROTOCOL_UDP, 6379, "x"), "");
	assert_string_equal(service_at(PROTOCOL_TCP, 6380, "redis-server"), "Redis");
	assert_string_equal(service_at(PROTOCOL_TCP, 3306, "x"), "MySQL");
	assert_string_equal(service_at(PROTOCOL_TCP, 3306, "mariadbd"), "MariaDB");
	assert_string_equal(service_at(PROTOCOL_UDP, 11211, "x"), "memcached");
	assert_string_equal(service_at(PROTOCOL_TCP, 513, "x"), "rexec, rlogin, rsh");
	assert_string_equal(service_at(PROTOCOL_TCP, 9000, "clickhouse-server"), "ClickHouse");
	assert_string_equal(service_at(PROTOCOL_TCP, 15432, "postgres"), "PostgreSQL");
	assert_string_equal(service_at(PROTOCOL_TCP, 8888, "redis-server"), "Redis");
	/* these programs are dangerous only at the ports of the table */
	assert_string_equal(service_at(PROTOCOL_TCP, 7946, "dockerd"), "");
	assert_string_equal(service_at(PROTOCOL_TCP, 2377, "dockerd"), "Docker Swarm");
	assert_string_equal(service_at(PROTOCOL_TCP, 2376, "dockerd"), "Docker");
	assert_string_equal(service_at(PROTOCOL_TCP, 8600, "consul"), "");
	assert_string_equal(service_at(PROTOCOL_TCP, 9093, "prometheus"), "");
	assert_string_equal(service_at(PROTOCOL_TCP, 445, "smbd"), "SMB");
	assert_string_equal(service_at(PROTOCOL_TCP, 139, "smbd"), "SMB over NetBIOS");
	assert_string_equal(service_at(PROTOCOL_TCP, 80, "nginx"), "");
	assert_string_equal(service_at(PROTOCOL_TCP, 22, "sshd"), "");
}

static void test_table_is_sound(void **state)
{
	size_t count;
	const struct exposed_port *ports = exposed_ports(&count);
	char text[EXPOSED_PORT_TEXT];

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_true(ports[i].first > 0 && ports[i].first <= ports[i].last);
		assert_true(i == 0 || ports[i].first >= ports[i - 1].first);
		assert_int_not_equal(ports[i].protocols, 0);
		assert_true(*ports[i].what && *ports[i].why);
		assert_true(ports[i].process || !ports[i].anywhere);
	}
	assert_string_equal(exposed_port_text(&ports[0], text), "21/tcp");
}

/* ---- text and JSON ---- */

static char *text_of(const struct audit_row *rows, size_t count, struct audit_style style)
{
	struct capture capture = capture_open();
	char *text;

	audit_text_put(rows, count, &style, &no_namer, capture.output);
	text = capture_take(&capture);
	capture_close(&capture);
	return text;
}

/* Names are printed whole, however long: a cut name would look like another. */
static void test_longest_names(void **state)
{
	struct audit_row row = row_at(PROTOCOL_TCP, "0.0.0.0", 80);
	size_t escaped = 0;
	char *text;

	(void)state;
	memset(row.listener.netns, '\033', sizeof(row.listener.netns) - 1);
	memset(row.listener.user, '\033', sizeof(row.listener.user) - 1);
	memset(row.listener.container, '\033', sizeof(row.listener.container) - 1);
	memset(row.listener.process, '\033', sizeof(row.listener.process) - 1);
	row.since = SINCE_CHANGED;
	row.before = row.listener;
	row.before.user[0] = row.before.container[0] = 'x';
	text = text_of(&row, 1, (struct audit_style){.netns = true});
	for (const char *at = text; (at = strstr(at, "\\x1b")); at++)
		escaped++;
	assert_int_equal(escaped, sizeof(row.listener.netns) + 2 * sizeof(row.listener.user) +
					  2 * sizeof(row.listener.container) + sizeof(row.listener.process) - 8);
	assert_string_equal(text + strlen(text) - 5, "\\x1b\n");
	free(text);
}

static void test_text(void **state)
{
	struct owner owners[] = {{.pid = 7, .fd = 3, .comm = "re\033dis"}, {.pid = 7, .fd = 4}, {.pid = 9, .fd = 3}};
	struct audit_row rows[] = {row_at(PROTOCOL_TCP, "127.0.0.1", 80), row_at(PROTOCOL_TCP, "0.0.0.0", 6379),
				   row_at(PROTOCOL_UDP, "::1", 53)};
	const struct audit_rules policy = {.policy = true};
	char *text;

	(void)state;
	rows[1].socket.owners = owners;
	rows[1].socket.owner_count = 3;
	strcpy(rows[1].listener.user, "redis");
	strcpy(rows[1].listener.interface, "eth0");
	rows[2].since = SINCE_GONE;
	strcpy(rows[2].listener.process, "named");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		rows[i].allowed = TRISTATE_NO;
		audit_judge(&rows[i], &policy);
	}
	audit_sort(rows, COUNT_OF(rows));
	text = text_of(rows, COUNT_OF(rows), (struct audit_style){.heading = true});
	assert_string_equal(
		text,
		"Netid Local Address:Port Reach            Process        User  Note\n"
		"tcp   0.0.0.0:6379       all IPv4 on eth0 7/re\\x1bdis +1 redis not allowed; Redis: has no login by default, and can be made to run code\n"
		"tcp   127.0.0.1:80       this host only   -              -\n"
		"udp   [::1]:53           this host only   named          -     gone\n");
	free(text);
	strcpy(rows[0].listener.container, "docker:0123456789ab");
	text = text_of(rows, 1, (struct audit_style){.color = true});
	assert_string_equal(
		text,
		"\033[31mtcp   0.0.0.0:6379       all IPv4 on eth0 7/re\\x1bdis +1 \033[0mredis docker:0123456789ab not allowed; Redis: has no login by default, and can be made to run code\n");
	free(text);
}

static void test_sum(void **state)
{
	struct audit_counts counts = {0};
	const struct audit_rules none = {0}, all = {.policy = true, .baseline = true, .compared = true};
	struct audit_row row = row_at(PROTOCOL_TCP, "0.0.0.0", 6379);
	char text[AUDIT_SUM_SIZE];

	(void)state;
	assert_string_equal(audit_sum_text(&counts, &none, text), "0 listeners; 0 that should not be public");
	audit_judge(&row, &none);
	audit_count(&counts, &row);
	assert_string_equal(audit_sum_text(&counts, &none, text),
			    "1 listener: 1 all IPv4; 1 that should not be public");
	row = row_at(PROTOCOL_TCP, "127.0.0.1", 6379);
	row.since = SINCE_NEW;
	audit_judge(&row, &all);
	audit_count(&counts, &row);
	assert_string_equal(
		audit_sum_text(&counts, &all, text),
		"2 listeners: 1 this host only, 1 all IPv4; 0 outside the policy; since the baseline 1 new, 0 changed, 0 gone");
	assert_int_equal(counts.findings, 2);
}

static void test_json(void **state)
{
	struct capture capture = capture_open();
	struct wall_clock clock = {0};
	struct netns_view netns = {0};
	const struct audit_json json = {
		.output = capture.output, .clock = &clock, .namer = &no_namer, .netns = &netns, .now_ns = 1};
	struct audit_row rows[] = {row_at(PROTOCOL_TCP, "0.0.0.0", 6379), row_at(PROTOCOL_UDP, "::1", 53)};
	struct audit_counts counts = {0};
	struct members members;
	const char *at;
	char *text;

	(void)state;
	rows[0].allowed = TRISTATE_NO;
	strcpy(rows[0].listener.user, "a\"\033");
	audit_judge(&rows[0], &(struct audit_rules){.policy = true});
	rows[1].since = SINCE_GONE;
	audit_json_put(&json, rows, 2);
	audit_json_sum(&json, &counts, &(struct audit_rules){.policy = true});
	text = capture_take(&capture);
	at = json_read_line(text, &members);
	assert_member(&members, "type", 's', "listener");
	assert_member(&members, "proto", 's', "tcp");
	assert_member(&members, "lport", 'n', "6379");
	assert_member(&members, "reach", 's', "ipv4");
	assert_member(&members, "user", 's', "a\"<U+001B>");
	assert_member(&members, "container", '0', "null");
	assert_member(&members, "allowed", 'b', "false");
	assert_member(&members, "change", '0', "null");
	assert_member(&members, "finding", 'b', "true");
	at = json_read_line(at, &members);
	assert_member(&members, "change", 's', "gone");
	assert_member(&members, "netns", '0', "null");
	assert_member(&members, "allowed", '0', "null");
	json_read_line(at, &members);
	assert_member(&members, "type", 's', "audit");
	assert_member(&members, "outside", 'n', "0");
	assert_member(&members, "exposed", '0', "null");
	assert_member(&members, "new", '0', "null");
	free(text);
	capture_close(&capture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_policy), cmocka_unit_test(test_with_policy),
		cmocka_unit_test(test_listeners),      cmocka_unit_test(test_exposed_ports),
		cmocka_unit_test(test_table_is_sound), cmocka_unit_test(test_text),
		cmocka_unit_test(test_longest_names),  cmocka_unit_test(test_sum),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
