// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests from where a socket can be reached, by the address that it is bound to.
 */
#include "listeners.h"
#include "reach.h"

struct address_reach {
	const char *address;
	enum reach reach;
};

static const struct address_reach address_reaches[] = {
	{"127.0.0.1", REACH_HOST},
	{"127.255.255.255", REACH_HOST},
	{"::1", REACH_HOST},
	{"::ffff:127.0.0.1", REACH_HOST},
	{"ff01::1", REACH_HOST},
	{"126.255.255.255", REACH_ADDRESS},
	{"128.0.0.1", REACH_ADDRESS},
	{"::2", REACH_ADDRESS},
	{"10.0.0.1", REACH_PRIVATE},
	{"10.255.255.255", REACH_PRIVATE},
	{"9.255.255.255", REACH_ADDRESS},
	{"11.0.0.0", REACH_ADDRESS},
	{"172.16.0.0", REACH_PRIVATE},
	{"172.31.255.255", REACH_PRIVATE},
	{"172.15.255.255", REACH_ADDRESS},
	{"172.32.0.0", REACH_ADDRESS},
	{"192.168.1.5", REACH_PRIVATE},
	{"192.169.0.0", REACH_ADDRESS},
	{"100.64.0.1", REACH_PRIVATE},
	{"100.127.255.255", REACH_PRIVATE},
	{"100.128.0.0", REACH_ADDRESS},
	{"169.254.1.1", REACH_PRIVATE},
	{"169.255.0.0", REACH_ADDRESS},
	{"::ffff:10.0.0.1", REACH_PRIVATE},
	{"fc00::1", REACH_PRIVATE},
	{"fdff::1", REACH_PRIVATE},
	{"fe00::1", REACH_ADDRESS},
	{"fe80::1", REACH_PRIVATE},
	{"febf::1", REACH_PRIVATE},
	{"fec0::1", REACH_ADDRESS},
	{"224.0.0.251", REACH_PRIVATE},
	{"239.255.255.250", REACH_PRIVATE},
	{"224.0.1.1", REACH_ADDRESS},
	{"255.255.255.255", REACH_PRIVATE},
	{"ff02::fb", REACH_PRIVATE},
	{"ff0e::1", REACH_ADDRESS},
	{"ff03::1", REACH_PRIVATE},
	{"ff05::1:3", REACH_PRIVATE},
	{"ff08::1", REACH_PRIVATE},
	{"ff09::1", REACH_ADDRESS},
	{"ff00::1", REACH_ADDRESS},
	{"ff0f::1", REACH_ADDRESS},
	{"ff11::1", REACH_HOST},
	{"ff12::1", REACH_PRIVATE},
	{"ff32::8000:1", REACH_PRIVATE},
	{"ff7e::1", REACH_ADDRESS},
	{"203.0.113.7", REACH_ADDRESS},
	{"2001:db8::1", REACH_ADDRESS},
	{"0.0.0.0", REACH_IPV4},
	{"::ffff:0.0.0.0", REACH_IPV4},
	{"0.0.0.1", REACH_ADDRESS},
	{"::", REACH_IPV6_OR_ALL},
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(address_reaches); i++) {
		struct socket socket = socket_at(PROTOCOL_TCP, address_reaches[i].address, 80);

		if (reach_of(&socket) != address_reaches[i].reach)
			fail_msg("%s: %s", address_reaches[i].address, reach_name(reach_of(&socket)));
	}
}

static void test_both_families(void **state)
{
	struct socket socket = socket_at(PROTOCOL_TCP, "::", 80);

	(void)state;
	socket.v6only = TRISTATE_YES;
	assert_int_equal(reach_of(&socket), REACH_IPV6);
	socket.v6only = TRISTATE_NO;
	assert_int_equal(reach_of(&socket), REACH_ALL);
	socket = socket_at(PROTOCOL_TCP, "::1", 80);
	socket.v6only = TRISTATE_NO;
	assert_int_equal(reach_of(&socket), REACH_HOST);
}

static void test_interfaces(void **state)
{
	struct socket socket = socket_at(PROTOCOL_UDP, "0.0.0.0", 68);

	(void)state;
	socket.tuple.interface = 1; /* lo */
	assert_int_equal(reach_of(&socket), REACH_HOST);
	socket.tuple.interface = 2;
	assert_int_equal(reach_of(&socket), REACH_IPV4);
}

static void test_words(void **state)
{
	(void)state;
	for (unsigned int reach = 0; reach < REACH_COUNT; reach++) {
		assert_int_equal(reach_of_word(reach_word(reach)), reach);
		assert_null(strchr(reach_word(reach), ' '));
	}
	assert_int_equal(reach_of_word(""), REACH_COUNT);
	assert_int_equal(reach_of_word("Host"), REACH_COUNT);
}

/* Changes of the reach, from the row to the column: "y" when somebody is reached for sure who was not before. */
static void test_further(void **state)
{
	static const char *const further[REACH_COUNT] = {
		[REACH_HOST] = ".yyyyyy", [REACH_PRIVATE] = "..yyyyy", [REACH_ADDRESS] = "...yyyy",
		[REACH_IPV4] = "....yyy", [REACH_IPV6] = "...y..y",    [REACH_IPV6_OR_ALL] = ".......",
		[REACH_ALL] = ".......",
	};

	(void)state;
	for (unsigned int before = 0; before < REACH_COUNT; before++)
		for (unsigned int now = 0; now < REACH_COUNT; now++)
			if (reach_goes_further(before, now) != (further[before][now] == 'y'))
				fail_msg("from %s to %s", reach_name(before), reach_name(now));
}

static void test_unknown_is_no_other(void **state)
{
	(void)state;
	assert_true(reach_may_equal(REACH_IPV6_OR_ALL, REACH_ALL));
	assert_true(reach_may_equal(REACH_IPV6, REACH_IPV6_OR_ALL));
	assert_false(reach_may_equal(REACH_IPV6, REACH_ALL));
	assert_false(reach_may_equal(REACH_IPV4, REACH_IPV6_OR_ALL));
	assert_false(reach_may_equal(REACH_HOST, REACH_PRIVATE));
	assert_true(reach_may_equal(REACH_HOST, REACH_HOST));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),  cmocka_unit_test(test_both_families),
		cmocka_unit_test(test_interfaces), cmocka_unit_test(test_words),
		cmocka_unit_test(test_further),    cmocka_unit_test(test_unknown_is_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
