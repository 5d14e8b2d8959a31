// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the names of interfaces that come, go and are renamed on a made-up host: a name is known at once, is not
 * believed for long, and is not looked up for each line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "clock.h"
#include "interface_names.h"

enum { BLUE = 1000, GREEN = 2000, PID = 100, MANY = 10000 };

struct interface_host {
	uint64_t now_ns;
	uint64_t cost_ns;  /* processor time of looking up */
	uint64_t delay_ns; /* other time of looking up, on a busy machine */
	uint64_t spent_ns;
	const char *names; /* of interface 2, and 3 is the same with "x" behind; NULL: they are not there */
	uint32_t pid;      /* as the finder was last told */
	unsigned int lookups;
};

static uint64_t now_ns(void *context)
{
	return ((struct interface_host *)context)->now_ns;
}

static uint64_t spent_ns(void *context)
{
	return ((struct interface_host *)context)->spent_ns;
}

static bool find_name(void *context, uint32_t netns, uint32_t index, uint32_t pid, char name[INTERFACE_NAME_SIZE])
{
	struct interface_host *host = context;

	host->lookups++;
	host->pid = pid;
	host->now_ns += host->cost_ns + host->delay_ns;
	host->spent_ns += host->cost_ns;
	if (!host->names)
		return false;
	snprintf(name, INTERFACE_NAME_SIZE, "%s%s%s", netns == GREEN ? "g-" : "", host->names, index == 3 ? "x" : "");
	return true;
}

static struct interface_host host;
static const struct interface_finder finder = {
	.now_ns = now_ns, .spent_ns = spent_ns, .name = find_name, .context = &host};
static struct interface_names *names;

static int open_names(void **state)
{
	(void)state;
	host = (struct interface_host){.now_ns = 1000 * NS_PER_SEC, .cost_ns = 30 * NS_PER_US, .names = "eth0"};
	names = interface_names_new(&finder, true);
	return names ? 0 : -1;
}

static int close_names(void **state)
{
	(void)state;
	interface_names_free(names);
	return 0;
}

static const char *name_now(uint32_t netns, uint32_t index)
{
	return interface_names_find(names, netns, index, PID, host.now_ns);
}

static void test_each_namespace_has_its_own(void **state)
{
	(void)state;
	assert_string_equal(name_now(BLUE, 2), "eth0");
	assert_string_equal(name_now(GREEN, 2), "g-eth0");
	assert_string_equal(name_now(BLUE, 3), "eth0x");
	assert_string_equal(name_now(BLUE, 2), "eth0");
	assert_int_equal(host.lookups, 3);
	assert_int_equal(host.pid, PID);
}

static void test_looked_up_once_a_second(void **state)
{
	(void)state;
	for (unsigned int ms = 0; ms < 10000; ms++, host.now_ns += NS_PER_MS)
		assert_string_equal(name_now(BLUE, 2), "eth0");
	assert_in_range(host.lookups, 9, 11);
}

static void test_without_a_time_it_is_now(void **state)
{
	(void)state;
	assert_string_equal(interface_names_find(names, BLUE, 2, 0, 0), "eth0");
	host.names = "wan";
	assert_string_equal(interface_names_find(names, BLUE, 2, 0, 0), "eth0");
	host.now_ns += NS_PER_SEC;
	assert_string_equal(interface_names_find(names, BLUE, 2, 0, 0), "wan");
}

static void test_renamed(void **state)
{
	(void)state;
	assert_string_equal(name_now(BLUE, 2), "eth0");
	host.names = "wan";
	host.now_ns += NS_PER_SEC;
	assert_string_equal(name_now(BLUE, 2), "wan");
}

static void test_gone_keeps_its_name_for_a_while(void **state)
{
	(void)state;
	assert_string_equal(name_now(BLUE, 2), "eth0");
	host.names = NULL;
	for (unsigned int second = 1; second <= 10; second++) {
		host.now_ns += NS_PER_SEC;
		assert_string_equal(name_now(BLUE, 2), "eth0");
	}
	host.now_ns += 5 * NS_PER_SEC;
	assert_null(name_now(BLUE, 2));
	host.names = "new";
	host.now_ns += 5 * NS_PER_SEC;
	assert_string_equal(name_now(BLUE, 2), "new");
}

static void test_unknown_is_looked_up_ever_more_rarely(void **state)
{
	(void)state;
	host.names = NULL;
	for (unsigned int ms = 0; ms < 20000; ms++, host.now_ns += NS_PER_MS)
		assert_null(name_now(BLUE, 2));
	assert_in_range(host.lookups, 5, 12);
}

static void test_cost_is_bounded(void **state)
{
	uint64_t began_ns = host.now_ns;

	(void)state;
	host.cost_ns = 10 * NS_PER_MS;
	host.names = NULL;
	for (uint32_t netns = 1; netns <= MANY; netns++, host.now_ns += NS_PER_MS)
		name_now(netns, 2);
	/* a second at once, then a twentieth of the time */
	assert_in_range(host.spent_ns, NS_PER_SEC, NS_PER_SEC + (host.now_ns - began_ns) / 20 + host.cost_ns);
}

/* On a busy machine little time goes into looking up, however long that takes. */
static void test_only_our_own_time_counts(void **state)
{
	(void)state;
	host.delay_ns = NS_PER_SEC / 2;
	for (uint32_t netns = 1; netns <= 100; netns++)
		assert_non_null(name_now(netns, 2));
}

static void test_without_thrift_each_is_looked_up(void **state)
{
	(void)state;
	interface_names_free(names);
	names = interface_names_new(&finder, false);
	host.cost_ns = NS_PER_SEC;
	for (uint32_t netns = 1; netns <= 100; netns++)
		assert_non_null(name_now(netns, 2));
}

/* More interfaces than are remembered. */
static void test_many(void **state)
{
	(void)state;
	host.cost_ns = 0;
	for (uint32_t netns = 1; netns <= MANY; netns++)
		assert_string_equal(name_now(netns, 2), netns == GREEN ? "g-eth0" : "eth0");
	assert_string_equal(name_now(GREEN, 3), "g-eth0x");
}

/* ---- to the nanosecond ---- */

static void test_looked_up_after_exactly_a_second(void **state)
{
	(void)state;
	host.cost_ns = 0;
	assert_string_equal(name_now(BLUE, 2), "eth0");
	host.names = "wan";
	host.now_ns += NS_PER_SEC - 1;
	assert_string_equal(name_now(BLUE, 2), "eth0");
	host.now_ns++;
	assert_string_equal(name_now(BLUE, 2), "wan");
}

/* A name that has gone is kept for ten seconds, and no longer. */
static void test_gone_for_exactly_ten_seconds(void **state)
{
	(void)state;
	for (uint64_t over_ns = 0; over_ns < 2; over_ns++) {
		struct interface_names *asked = interface_names_new(&finder, true);

		host = (struct interface_host){.now_ns = 1000 * NS_PER_SEC, .names = "eth0"};
		assert_string_equal(interface_names_find(asked, BLUE, 2, PID, host.now_ns), "eth0");
		host.names = NULL;
		host.now_ns += NS_PER_SEC;
		assert_string_equal(interface_names_find(asked, BLUE, 2, PID, host.now_ns), "eth0");
		host.now_ns += 10 * NS_PER_SEC + over_ns;
		assert_int_equal(interface_names_find(asked, BLUE, 2, PID, host.now_ns) != NULL, over_ns == 0);
		interface_names_free(asked);
	}
}

/* After 0.2 s, 0.4 s and so on, up to each 3.2 s. */
static void test_when_unknown_ones_are_looked_up(void **state)
{
	static const unsigned int times_ms[] = {0, 200, 600, 1400, 3000, 6200, 9400, 12600};
	unsigned int ms = 0;

	(void)state;
	host.names = NULL;
	host.cost_ns = 0;
	for (unsigned int i = 0; i < COUNT_OF(times_ms); i++) {
		for (; ms < times_ms[i]; ms++, host.now_ns += NS_PER_MS)
			assert_null(name_now(BLUE, 2));
		assert_int_equal(host.lookups, i);
		assert_null(name_now(BLUE, 2));
		assert_int_equal(host.lookups, i + 1);
	}
}

/* As many are remembered as may be. One more, and all are forgotten. */
static void test_how_many_are_remembered(void **state)
{
	enum { MOST = 8192 };

	(void)state;
	host.cost_ns = 0;
	for (uint32_t netns = 1; netns <= MOST; netns++)
		name_now(netns, 2);
	name_now(1, 2);
	assert_int_equal(host.lookups, MOST);
	name_now(MOST + 1, 2);
	name_now(1, 2);
	assert_int_equal(host.lookups, MOST + 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_names, close_names)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_namespace_has_its_own),
		TEST(test_looked_up_once_a_second),
		TEST(test_without_a_time_it_is_now),
		TEST(test_renamed),
		TEST(test_gone_keeps_its_name_for_a_while),
		TEST(test_unknown_is_looked_up_ever_more_rarely),
		TEST(test_cost_is_bounded),
		TEST(test_only_our_own_time_counts),
		TEST(test_without_thrift_each_is_looked_up),
		TEST(test_many),
		TEST(test_looked_up_after_exactly_a_second),
		TEST(test_gone_for_exactly_ten_seconds),
		TEST(test_when_unknown_ones_are_looked_up),
		TEST(test_how_many_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
