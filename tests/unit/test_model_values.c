// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the small values of the model: addresses as text, spans of time, owners, the names of sockets.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "events.h"
#include "port_verdict.h"
#include "socket.h"

/* ---- addresses ---- */

static void test_every_byte_of_an_address(void **state)
{
	(void)state;
	for (unsigned int byte = 0; byte < 256; byte++) {
		const uint8_t bytes[] = {(uint8_t)byte, 0, (uint8_t)(255 - byte), (uint8_t)byte};
		struct address address = address_from_ipv4(bytes), parsed;
		char text[ADDRESS_TEXT_MAX], wanted[ADDRESS_TEXT_MAX];

		snprintf(wanted, sizeof(wanted), "%u.0.%u.%u", byte, 255 - byte, byte);
		assert_int_equal(address_text(&address, 4, text), strlen(wanted));
		assert_string_equal(text, wanted);
		assert_int_equal(address_parse(text, &parsed), 4);
		assert_true(address_equal(&parsed, &address));
	}
}

/* Every number of bits of a prefix: the last one that counts must agree, and the next one need not. */
static void test_bits_of_prefixes(void **state)
{
	(void)state;
	for (unsigned int bits = 0; bits <= 128; bits++) {
		struct address prefix = {.bytes = {0x20, 1, 0xd, 0xb8, 0x5a, 0xa5}}, last = prefix, next = prefix;

		if (bits > 0)
			last.bytes[(bits - 1) / 8] ^= (uint8_t)(0x80 >> (bits - 1) % 8);
		if (bits < 128)
			next.bytes[bits / 8] ^= (uint8_t)(0x80 >> bits % 8);
		assert_int_equal(address_in_prefix(&last, &prefix, bits), bits == 0);
		assert_true(address_in_prefix(&next, &prefix, bits));
	}
}

/* ---- spans ---- */

static void test_spans(void **state)
{
	static const struct {
		uint64_t from_ns, to_ns;
		bool exact;
		enum knowledge known;
		uint64_t us;
	} cases[] = {
		{0, 5000, true, SPAN_UNKNOWN, 0},
		{5000, 4999, true, SPAN_UNKNOWN, 0},
		{5000, 5000, true, SPAN_EXACT, 0},
		{5000, 5000, false, SPAN_UNKNOWN, 0}, /* "at least 0" is nothing */
		{5000, 5001, false, SPAN_AT_LEAST, 0},
		{5999, 6000, true, SPAN_EXACT, 1}, /* both are rounded down */
		{5000, 6999, true, SPAN_EXACT, 1},
		{1, 1000, true, SPAN_EXACT, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_span(span_between(cases[i].from_ns, cases[i].to_ns, cases[i].exact), cases[i].known,
			    cases[i].us);
}

/* ---- owners ---- */

/* The process that a scan found stays a holder where another one turns out to be the owner. */
static void test_lone_holder_is_kept(void **state)
{
	struct connection *conn = calloc(1, sizeof(*conn));
	const struct owner found = owner_of(5, 3, "found"), caller = owner_of(6, FD_UNKNOWN, "caller"), nobody = {0};

	(void)state;
	assert_non_null(conn);
	assert_int_equal(connection_add_holder(conn, &found, 1), 0);
	assert_int_equal(conn->owner.pid, 5);
	connection_set_owner(conn, &nobody, OWNER_CLOSE);
	assert_int_equal(conn->owner.pid, 5);
	connection_set_owner(conn, &caller, OWNER_CLOSE);
	assert_int_equal(conn->owner.pid, 6);
	assert_int_equal(conn->owner_count, 1);
	assert_true(connection_is_held_by(conn, 5));
	assert_false(connection_is_held_by(conn, 6));
	connection_free(conn);
}

/* The process that called connect() is a holder once a scan has found it holding the descriptor. */
static void test_owner_that_is_no_holder_yet(void **state)
{
	struct connection *conn = calloc(1, sizeof(*conn));
	const struct owner caller = owner_of(6, 3, "caller");

	(void)state;
	assert_non_null(conn);
	connection_set_owner(conn, &caller, OWNER_CONNECT);
	assert_false(connection_is_held_by(conn, 6));
	for (int times = 0; times < 2; times++) {
		assert_int_equal(connection_add_holder(conn, &caller, 1), 0);
		assert_int_equal(conn->owner_count, 1);
	}
	assert_true(connection_is_held_by(conn, 6));
	assert_int_equal(conn->owner_source, OWNER_CONNECT);
	connection_free(conn);
}

static void test_names_of_sources(void **state)
{
	static const char *const names[] = {NULL, "connect", "listen", "accept", "close", "inherited", "scan"};

	(void)state;
	for (unsigned int source = 0; source < COUNT_OF(names); source++) {
		const char *name = owner_source_name((enum owner_source)source);

		assert_int_equal(name == NULL, names[source] == NULL);
		if (name)
			assert_string_equal(name, names[source]);
	}
	assert_null(direction_name(DIRECTION_UNKNOWN));
	assert_string_equal(direction_name(DIRECTION_IN), "in");
	assert_string_equal(direction_name(DIRECTION_OUT), "out");
}

/* ---- sockets ---- */

static void test_names_of_sockets(void **state)
{
	static const struct {
		enum protocol protocol;
		uint8_t unix_type, state;
		const char *netid, *wanted;
	} cases[] = {
		{PROTOCOL_TCP, 0, STATE_CLOSE, "tcp", "CLOSE"},
		{PROTOCOL_TCP, 0, STATE_LISTEN, "tcp", "LISTEN"},
		{PROTOCOL_UDP, 0, STATE_CLOSE, "udp", "UNCONN"},
		{PROTOCOL_RAW, 0, STATE_ESTABLISHED, "raw", "ESTABLISHED"},
		{PROTOCOL_UNIX, UNIX_STREAM, STATE_LISTEN, "u_str", "LISTEN"},
		{PROTOCOL_UNIX, UNIX_DGRAM, STATE_CLOSE, "u_dgr", "UNCONN"},
		{PROTOCOL_UNIX, UNIX_SEQPACKET, STATE_CLOSE, "u_seq", "UNCONN"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct socket socket = {
			.protocol = cases[i].protocol, .unix_type = cases[i].unix_type, .state = cases[i].state};

		assert_string_equal(socket_netid(&socket), cases[i].netid);
		assert_string_equal(socket_state_name(&socket), cases[i].wanted);
	}
	assert_string_equal(unix_type_name(UNIX_STREAM), "stream");
	assert_string_equal(unix_type_name(UNIX_DGRAM), "dgram");
	assert_string_equal(unix_type_name(UNIX_SEQPACKET), "seqpacket");
	for (unsigned int type = 0; type < 8; type++)
		assert_int_equal(unix_type_is_known(type), type == 1 || type == 2 || type == 5);
}

/* A name in the file system has a NUL behind it, which is none of it. An abstract one may have NULs anywhere. */
static void test_names_of_unix_sockets(void **state)
{
	static const struct {
		const char *path;
		size_t length;
		const char *wanted;
	} cases[] = {
		{NULL, 0, ""},    {"", 0, ""},         {"/a", 3, "/a"}, {"/a", 2, "/a"},
		{"\0a", 2, "@a"}, {"\0a\0", 3, "@a@"}, {"\0", 1, "@"},  {"a\0b", 4, "a@b"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct socket socket = {.path = cases[i].path, .path_length = cases[i].length};
		char out[SOCKET_PATH_MAX + 1] = "";
		size_t length = socket_path(&socket, out);

		assert_int_equal(length, strlen(cases[i].wanted));
		assert_memory_equal(out, cases[i].wanted, length);
	}
}

/* ---- the verdict on a port ---- */

/* Of several listeners the first is named. */
static void test_first_server_of_a_reason(void **state)
{
	static struct port_verdict verdict;
	static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
	const struct port_facts facts = {.unprivileged_start = 1024,
					 .trials[PROTOCOL_TCP][PORT_IPV4] = {EADDRINUSE, EADDRINUSE}};
	struct port_survey survey;

	(void)state;
	assert_int_equal(port_survey_init(&survey, 8080), 0);
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct socket socket = {.state = i ? STATE_LISTEN : STATE_CLOSE,
					.tuple = tuple_of(4, addresses[i], 8080, "0.0.0.0", 0)};

		assert_int_equal(port_survey_add(&survey, &socket), 0);
	}
	port_verdict_make(&survey, &facts, 1u << PROTOCOL_TCP, &verdict);
	assert_true(verdict.reason_count > 1);
	for (size_t i = 0; i < verdict.reason_count; i++) {
		const struct port_reason *reason = &verdict.reasons[i];

		if (reason->why == WHY_LISTENER) {
			assert_int_equal(reason->count, 2);
			assert_int_equal(reason->server, 1);
		}
		if (reason->why == WHY_BOUND)
			assert_int_equal(reason->server, 0);
	}
	port_survey_free(&survey);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte_of_an_address),
		cmocka_unit_test(test_bits_of_prefixes),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_lone_holder_is_kept),
		cmocka_unit_test(test_owner_that_is_no_holder_yet),
		cmocka_unit_test(test_names_of_sources),
		cmocka_unit_test(test_names_of_sockets),
		cmocka_unit_test(test_names_of_unix_sockets),
		cmocka_unit_test(test_first_server_of_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
