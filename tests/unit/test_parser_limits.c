// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests filters, policies, baselines and names of states at their exact limits: the longest texts, the ends of ranges.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "baseline.h"
#include "container.h"
#include "descriptor.h"
#include "events.h"
#include "filter.h"
#include "policy.h"
#include "port_set.h"

/* ---- filters ---- */

static int parse_filter(const char *text, struct filter_error *error)
{
	struct filter *filter = NULL;
	int err = filter_parse(text, NULL, &filter, error);

	filter_free(filter);
	return err;
}

static void test_longest_filter(void **state)
{
	char text[FILTER_TEXT_MAX + 2];
	struct filter_error error = {.message = ""};

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "pid 5", 5);
	text[FILTER_TEXT_MAX] = '\0';
	assert_int_equal(parse_filter(text, &error), 0);
	text[FILTER_TEXT_MAX] = ' ';
	text[FILTER_TEXT_MAX + 1] = '\0';
	assert_int_equal(parse_filter(text, &error), -EINVAL);
}

/* A word has at most 1,023 characters, also one that was typed as a whole. */
static void test_longest_word(void **state)
{
	enum { LONGEST = 1023 };
	char text[8 + LONGEST + 2] = "comm";
	struct filter_error error = {.message = ""};

	(void)state;
	for (int whole = 0; whole < 2; whole++) {
		char *word = text + 5;

		for (size_t length = LONGEST; length <= LONGEST + 1; length++) {
			struct filter *filter = NULL;
			int err;

			text[4] = whole ? '\0' : ' ';
			memset(word, 'a', length);
			word[length] = '\0';
			err = whole ? filter_parse_words(text, 5 + length, NULL, &filter, &error)
				    : filter_parse(text, NULL, &filter, &error);
			assert_int_equal(err, length > LONGEST ? -EINVAL : 0);
			if (err)
				assert_non_null(strstr(error.message, "longer than 1023 characters"));
			filter_free(filter);
		}
	}
}

static enum filter_answer ask_port(const char *text, uint16_t port)
{
	struct tuple tuple = tuple_of(4, "10.1.2.3", port, "10.0.0.2", 80);
	const struct filter_subject subject = {.tuple = &tuple, .has_endpoints = true, .uid = UID_UNKNOWN};
	struct filter_error error = {.message = ""};
	struct filter *filter = NULL;
	enum filter_answer answer;

	if (filter_parse(text, NULL, &filter, &error))
		fail_msg("\"%s\": %s", text, error.message);
	answer = filter_ask_about(filter, &subject);
	filter_free(filter);
	return answer;
}

/* Each comparison at the port below, at it, and above. */
static void test_comparisons_of_ports(void **state)
{
	static const struct {
		const char *text;
		bool below, at, above;
	} cases[] = {
		{"sport = :80", false, true, false},     {"sport != :80", true, false, true},
		{"sport < :80", true, false, false},     {"sport <= :80", true, true, false},
		{"sport > :80", false, false, true},     {"sport >= :80", false, true, true},
		{"sport = :80-80", false, true, false},  {"sport != :80-80", true, false, true},
		{"sport = :79-80", true, true, false},   {"sport = :80-81", false, true, true},
		{"sport != :79-80", false, false, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const bool wanted[] = {cases[i].below, cases[i].at, cases[i].above};

		for (uint16_t step = 0; step < 3; step++)
			if (ask_port(cases[i].text, 79 + step) != (wanted[step] ? FILTER_YES : FILTER_NO))
				fail_msg("\"%s\" and %u", cases[i].text, 79 + step);
	}
}

static void test_ranges_that_are_refused(void **state)
{
	static const struct {
		const char *text, *message;
		size_t at;
	} cases[] = {
		{"sport = :81-80", "this range of ports runs backwards", 8},
		{"sport < :80-81", "a range of ports goes with = and != only", 8},
		{"sport >= :80-81", "a range of ports goes with = and != only", 9},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct filter_error error = {.message = ""};

		assert_int_equal(parse_filter(cases[i].text, &error), -EINVAL);
		assert_string_equal(error.message, cases[i].message);
		assert_in_range(error.at, cases[i].at, cases[i].at + 1);
	}
}

/* The bits of a prefix: the last one that counts, and the first that does not. */
static void test_prefixes(void **state)
{
	static const struct {
		const char *text;
		bool wanted;
	} cases[] = {
		{"src 10.1.2.3/32", true},  {"src 10.1.2.2/32", false}, {"src 10.1.2.2/31", true},
		{"src 10.1.2.0/30", true},  {"src 10.1.2.4/30", false}, {"src 10.1.2.4/29", true},
		{"src 10.1.3.0/24", false}, {"src 10.1.3.0/23", true},  {"src 10.1/16", true},
		{"src 10.2/16", false},     {"src 10/8", true},         {"src 11/8", false},
		{"src 11/7", true},         {"src 128/1", false},       {"src 0/1", true},
		{"src 255/0", true},        {"src 10.1.2/24", true},    {"src 10.1.3/24", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (ask_port(cases[i].text, 1) != (cases[i].wanted ? FILTER_YES : FILTER_NO))
			fail_msg("\"%s\"", cases[i].text);
}

/* ---- policies ---- */

static void test_longest_entry_of_a_policy(void **state)
{
	(void)state;
	for (size_t length = POLICY_ENTRY_MAX; length <= POLICY_ENTRY_MAX + 1; length++) {
		struct policy *policy = policy_new();
		struct policy_error error = {.message = ""};
		char entry[POLICY_ENTRY_MAX + 2];

		memset(entry, '0', length);
		entry[length - 1] = '8';
		entry[length] = '\0';
		policy_add_list(policy, entry, NULL, &error);
		assert_int_equal(strstr(error.message, "at most 255 characters, and this has 256") != NULL,
				 length > POLICY_ENTRY_MAX);
		policy_free(policy);
	}
}

/* ---- baselines ---- */

static void test_longest_line_of_a_baseline(void **state)
{
	(void)state;
	for (size_t length = BASELINE_LINE_SIZE - 1; length <= BASELINE_LINE_SIZE; length++) {
		char text[sizeof(BASELINE_HEADER) + BASELINE_LINE_SIZE + 2] = BASELINE_HEADER;
		struct baseline_error error = {.message = ""};
		struct baseline *baseline = NULL;
		size_t header = strlen(text);

		memset(text + header, '#', length);
		strcpy(text + header + length, "\n");
		assert_int_equal(baseline_read(text, header + length + 1, &baseline, &error),
				 length < BASELINE_LINE_SIZE ? 0 : -EINVAL);
		assert_int_equal(strstr(error.message, "at most 2047 bytes") != NULL, length >= BASELINE_LINE_SIZE);
		baseline_free(baseline);
	}
}

static enum audit_since since_of_client(uint16_t before_port, uint16_t now_port)
{
	static const struct port_range ephemeral = {32768, 60999};
	struct listener before = {.protocol = PROTOCOL_UDP, .family = 4, .port = before_port, .reach = REACH_IPV4};
	struct audit_row row = {.since = SINCE_UNKNOWN};
	char text[2 * BASELINE_LINE_SIZE] = BASELINE_HEADER;
	struct baseline_error error = {.message = ""};
	struct baseline *baseline = NULL;

	address_parse("0.0.0.0", &before.address);
	strcpy(before.process, "client");
	row.listener = before;
	row.listener.port = now_port;
	baseline_line(&before, text + strlen(text));
	assert_int_equal(baseline_read(text, strlen(text), &baseline, &error), 0);
	baseline_compare(baseline, &ephemeral, &row, 1);
	baseline_free(baseline);
	return row.since;
}

/* A port that the kernel chose is another each time. The range has both its ends. */
static void test_ends_of_the_ephemeral_range(void **state)
{
	(void)state;
	assert_int_equal(since_of_client(40000, 50000), SINCE_SAME);
	assert_int_equal(since_of_client(40000, 32768), SINCE_SAME);
	assert_int_equal(since_of_client(40000, 60999), SINCE_SAME);
	assert_int_equal(since_of_client(32768, 60999), SINCE_SAME);
	assert_int_not_equal(since_of_client(40000, 32767), SINCE_SAME);
	assert_int_not_equal(since_of_client(40000, 61000), SINCE_SAME);
}

/* ---- and others ---- */

static void test_names_of_states(void **state)
{
	(void)state;
	assert_string_equal(tcp_state_nearest("fin wait1"), "FIN_WAIT1");
	assert_string_equal(tcp_state_nearest("time-wiat"), "TIME_WAIT");
	assert_string_equal(tcp_state_nearest("time wiat"), "TIME_WAIT");
	assert_string_equal(tcp_state_nearest("tiem-wiat"), "TIME_WAIT"); /* two slips: the dash is none */
	assert_string_equal(tcp_state_nearest("tiem wiat"), "TIME_WAIT");
	assert_string_equal(tcp_state_nearest("closin"), "CLOSING");
	assert_null(tcp_state_nearest("unknow")); /* no state */
}

static void test_sets_of_ports(void **state)
{
	struct port_set set = {0};

	(void)state;
	assert_int_equal(port_set_parse(&set, " 9-11,65535,0,80-79\n"), 0);
	for (unsigned int port = 0; port <= UINT16_MAX; port++)
		assert_int_equal(port_set_has(&set, (uint16_t)port),
				 port == 0 || (port >= 9 && port <= 11) || port == UINT16_MAX);
	assert_int_equal(port_set_parse(&set, "65536"), -EINVAL);
	assert_int_equal(port_set_parse(&set, "1-65536"), -EINVAL);
	assert_int_equal(port_set_parse(&set, "/"), -EINVAL); /* the characters beside the digits */
	assert_int_equal(port_set_parse(&set, ":"), -EINVAL);
}

static void test_position_of_a_descriptor(void **state)
{
	static const struct {
		int64_t position;
		enum access_mode access;
		bool wanted;
	} cases[] = {
		{0, ACCESS_READ, true},
		{1, ACCESS_READ, true},
		{-1, ACCESS_READ, false},
		{0, ACCESS_NONE, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct descriptor descriptor = {
			.has_size = true, .position = cases[i].position, .access = cases[i].access};

		assert_int_equal(descriptor_has_position(&descriptor), cases[i].wanted);
	}
}

/* Descriptors come by number, and what is registered with an io_uring behind its descriptor. */
static void test_order_of_descriptors(void **state)
{
	struct descriptor sorted[] = {{.fd = 2}, {.fd = 3},           {.fd = 0, .ring = 4}, {.fd = 7, .ring = 4},
				      {.fd = 4}, {.fd = 1, .ring = 5}};
	const size_t count = COUNT_OF(sorted);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			int order = descriptor_compare(&sorted[i], &sorted[j]);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

/* Only what is named so by libvirt is a virtual machine. */
static void test_machines(void **state)
{
	static const struct {
		const char *path, *wanted;
	} cases[] = {
		{"/machine.slice/machine-web.scope", "machine:web"},
		{"/machine.slice/machine-qemu-.scope", "machine:qemu-"},
		{"/machine.slice/machine-qemu-1-vm.scope", NULL},
		{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", NULL},
		{"/machine.slice/machine-a\\x2.scope", "machine:a\\x2"},
		{"/machine.slice/machine-.scope", NULL},
		{"/machine.slice/machine-web.scope/", "machine:web"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct container container;
		char name[CONTAINER_NAME_SIZE];
		bool found = container_of_path(cases[i].path, &container);

		assert_int_equal(found, cases[i].wanted != NULL);
		if (found)
			assert_string_equal(container_name(&container, name), cases[i].wanted);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_filter),
		cmocka_unit_test(test_longest_word),
		cmocka_unit_test(test_comparisons_of_ports),
		cmocka_unit_test(test_ranges_that_are_refused),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_longest_entry_of_a_policy),
		cmocka_unit_test(test_longest_line_of_a_baseline),
		cmocka_unit_test(test_ends_of_the_ephemeral_range),
		cmocka_unit_test(test_names_of_states),
		cmocka_unit_test(test_sets_of_ports),
		cmocka_unit_test(test_position_of_a_descriptor),
		cmocka_unit_test(test_order_of_descriptors),
		cmocka_unit_test(test_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
