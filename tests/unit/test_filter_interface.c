// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests interfaces in filters: by name as in ss, by index, and behind an address, as they are printed.
 */
#include <errno.h>

#include "escape.h"
#include "events.h"
#include "filter.h"
#include "filter_socket.h"
#include "kernel_filter.h"

enum { ETH0 = 2, ETH1 = 3, HOSTILE = 4, NAMELESS = 5, PID = 100 };

#define HOSTILE_NAME "e]%\377\\x(.*"

/* ---- a made-up host ---- */

static uint64_t now_ns(void *context)
{
	(void)context;
	return 1;
}

static unsigned int lookups, warnings;

static bool find_name(void *context, uint32_t netns, uint32_t index, uint32_t pid, char name[INTERFACE_NAME_SIZE])
{
	static const char *const known[] = {[ETH0] = "eth0", [ETH1] = "eth1", [HOSTILE] = HOSTILE_NAME};

	(void)context;
	lookups++;
	assert_int_equal(pid, PID);
	if (index >= COUNT_OF(known) || !known[index])
		return false;
	snprintf(name, INTERFACE_NAME_SIZE, "%s%s", netns == NETNS_ELSEWHERE ? "x" : "", known[index]);
	return true;
}

static void check_name(void *context, const char *name)
{
	(void)context;
	warnings += strcmp(name, "nosuch") == 0;
}

static const struct interface_finder finder = {.now_ns = now_ns, .spent_ns = now_ns, .name = find_name};

static int find_service(void *context, const char *name, struct service_ports *ports)
{
	(void)context;
	*ports = (struct service_ports){.count = 1, .all = {{.port = 80, .protocols = UINT32_MAX}}};
	return strcmp(name, "a%b") ? -ENOENT : 0;
}

static const struct filter_names names = {
	.service = find_service, .interfaces = &finder, .check_interface = check_name};

/* ---- the connections: each has a letter ---- */

static const struct {
	char letter;
	const char *laddr;
	uint32_t netns, interface;
} subjects[] = {
	{'0', "fe80::1", NETNS_HERE, ETH0},
	{'1', "fe80::1", NETNS_HERE, ETH1},
	{'x', "fe80::1", NETNS_ELSEWHERE, ETH0},
	{'h', "fe80::1", NETNS_HERE, HOSTILE},
	{'n', "fe80::1", NETNS_HERE, NAMELESS},
	{'-', "fe80::1", NETNS_HERE, 0},
	{'u', "fe80::1", NETNS_HERE, INTERFACE_UNKNOWN},
	{'v', "10.0.0.1", NETNS_HERE, ETH0},
};

static struct connection connection_of(size_t at)
{
	uint8_t family = strchr(subjects[at].laddr, ':') ? 6 : 4;
	struct connection conn = {
		.tuple = tuple_of(family, subjects[at].laddr, 4000, family == 6 ? "fe80::2" : "10.0.0.2", 80),
		.owner = owner_of(PID, 3, "client"),
		.state = STATE_ESTABLISHED};

	conn.tuple.netns = subjects[at].netns;
	conn.tuple.interface = subjects[at].interface;
	return conn;
}

static struct filter *parse(const char *text, const struct filter_names *with)
{
	struct filter_error error = {.message = ""};
	struct filter *filter = NULL;

	if (filter_parse(text, with, &filter, &error))
		fail_msg("\"%s\" is refused: %s", text, error.message);
	return filter;
}

/* Checks the letters of those that pass; "?" follows one that may pass. Asks of a change and of a socket of a listing.
 */
static void assert_passing_with(const char *text, const struct filter_names *with, const char *passing)
{
	struct filter *filter = parse(text, with);
	char got[2 * COUNT_OF(subjects) + 1], *end = got;

	for (size_t i = 0; i < COUNT_OF(subjects); i++) {
		struct connection conn = connection_of(i);
		struct change change = change_of_socket(&conn, 1);
		struct socket socket = {
			.tuple = conn.tuple, .state = conn.state, .owners = &conn.owner, .owner_count = 1};
		enum filter_answer answer = filter_ask(filter, &change);

		assert_int_equal(socket_passes(&socket, filter), answer);
		if (answer != FILTER_NO)
			*end++ = subjects[i].letter;
		if (answer == FILTER_MAYBE)
			*end++ = '?';
	}
	*end = '\0';
	if (strcmp(got, passing) != 0)
		fail_msg("\"%s\" lets pass %s, not %s", text, got, passing);
	filter_free(filter);
}

static void test_accepted(void **state)
{
	static const struct {
		const char *text, *passing;
	} accepted[] = {
		{"dev eth0", "0u?v"},
		{"dev = eth0", "0u?v"},
		{"dev != eth0", "1xhn-u?"},
		{"not dev eth0", "1xhn-u?"},
		{"dev xeth0", "xu?"},
		{"dev ETH0", "u?"},
		{"dev eth*", "u?"},
		{"dev 2", "0xu?v"},
		{"dev 5", "nu?"},
		{"dev \"e]%\\xff\\x5cx(.*\"", "hu?"},
		{"dev 'e]%\\xff\\x(.*'", "hu?"},
		{"DEV eth0 and family 6", "0u?"},
		{"src fe80::1%eth0", "0u?"},
		{"dst fe80::2%eth0", "0u?"},
		{"src fe80::2%eth0", ""},
		{"src [fe80::1]%eth1:4000", "1u?"},
		{"src [fe80::1]%eth1:4001", ""},
		{"src [fe80::1%eth1]:4000", "1u?"},
		{"src [fe80::1%eth1]", "1u?"},
		{"[fe80::1]%eth0", "0u?"},
		{"[fe80::2]%eth0:80", "0u?"},
		{"[fe80::1]%eth0:80", ""},
		{"[fe80::1]%5:4000", "nu?"},
		{"src != [fe80::1]%eth0:4000", "1xhn-u?v"},
		{"src [fe80::]%eth0/64", "0u?"},
		{"[fe80::]%eth0/64:4000", "0u?"},
		{"10.0.0.1%eth0:4000", "v"},
		{"10.0.0.1%eth0", "v"},
		{"10.0.0.1%eth1", ""},
		{"*%eth0:4000", "0u?v"},
		{"src *%eth0", "0u?v"},
		{"src \"[fe80::1]%e]%\\xff\\x5cx(.*:4000\"", "hu?"},
		{"10.0.0.2:a%b", "v"},
		{"dev nosuch", "u?"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(accepted); i++)
		assert_passing_with(accepted[i].text, &names, accepted[i].passing);
	assert_int_equal(warnings, 1);
}

/* Each name is looked up once, not for each connection. */
static void test_names_are_remembered(void **state)
{
	struct filter *filter = parse("dev eth0", &names);
	struct connection conn = connection_of(1);
	struct change change = change_of_socket(&conn, 1);

	(void)state;
	lookups = 0;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(filter_ask(filter, &change), FILTER_NO);
	assert_int_equal(lookups, 1);
	filter_free(filter);
}

static void test_without_names(void **state)
{
	static const struct filter_names none = {.service = find_service};

	(void)state;
	assert_passing_with("dev eth0", &none, "u?");
	assert_passing_with("dev 2", &none, "0xu?v");
	assert_passing_with("[fe80::1]%2:4000", NULL, "0xu?");
}

/* A child gets its interface with its peer, on Linux before 6.15. A unix socket has none. */
static void test_not_known_yet(void **state)
{
	struct filter *filter = parse("dev eth0", &names);
	struct connection child = {
		.tuple = tuple_of(6, "::", 80, "::", 0), .state = STATE_SYN_RECV, .direction = DIRECTION_IN};
	struct change change = {.conn = &child, .oldstate = STATE_LISTEN, .newstate = STATE_SYN_RECV};
	struct socket socket = {.protocol = PROTOCOL_UNIX, .state = STATE_ESTABLISHED};

	(void)state;
	assert_int_equal(filter_ask(filter, &change), FILTER_MAYBE);
	assert_int_equal(socket_passes(&socket, filter), FILTER_NO);
	assert_true(filter_topics(filter) & TOPIC_INTERFACE);
	filter_free(filter);
}

/* The kernel side lets each interface pass: it knows no names. */
static void test_kernel_filter(void **state)
{
	static const char *const texts[] = {"dev eth0", "not dev eth0", "dev eth0 or sport = :1",
					    "dev eth0 and sport = :4000"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct filter *filter = parse(texts[i], &names);
		struct kernel_filter *kernel_filter = kernel_filter_of(filter);

		assert_int_equal(kernel_filter_leaves_out(kernel_filter), i == 3);
		for (size_t s = 0; s < COUNT_OF(subjects); s++) {
			struct connection conn = connection_of(s);

			assert_true(kernel_filter_passes(kernel_filter, &conn.tuple, conn.state));
		}
		free(kernel_filter);
		filter_free(filter);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *saying;
	} refused[] = {
		{"dev", 3, "a value for 'dev' is missing"},
		{"dev > eth0", 4, "= and != only"},
		{"dev \"\"", 4, "name of an interface is missing"},
		{"dev abcdefghijklmnop", 4, "at most 15 bytes"},
		{"src [fe80::1]%:80", 14, "name of an interface is missing"},
		{"[fe80::1]%abcdefghijklmnop:80", 10, "at most 15 bytes"},
		{"src [fe80::1]%eth0:nosuch", 19, "is no port"},
		{"src [fe80::1]%eth0/200", 19, "prefix length"},
		{"src [fe8x::1]%eth0", 4, "is no address"},
		{"src [fe80::zz%eth0]:80", 4, "is no address"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct filter_error error = {.message = ""};
		struct filter *filter = NULL;

		assert_int_equal(filter_parse(refused[i].text, &names, &filter, &error), -EINVAL);
		if (error.at != refused[i].at || !strstr(error.message, refused[i].saying))
			fail_msg("\"%s\" is refused at %zu: %s", refused[i].text, error.at, error.message);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),      cmocka_unit_test(test_names_are_remembered),
		cmocka_unit_test(test_without_names), cmocka_unit_test(test_not_known_yet),
		cmocka_unit_test(test_kernel_filter), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
