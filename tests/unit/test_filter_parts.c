// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what else a filter is asked for: sockets of a listing, the processes that it names, the network namespaces and
 * states in which anything may pass.
 */
#include <stdio.h>
#include <stdlib.h>

#include "events.h"
#include "filter.h"
#include "filter_socket.h"

static int find_netns(void *context, const char *name, struct netns_choice *choice)
{
	(void)context;
	choice->count = 1;
	choice->inodes[0] = (uint32_t)strtoul(name, NULL, 10);
	return 0;
}

static const struct filter_names names = {.netns = find_netns, .has_unix_sockets = true};

static struct filter *parse(const char *text)
{
	struct filter_error error = {.message = ""};
	struct filter *filter = NULL;

	if (filter_parse(text, &names, &filter, &error))
		fail_msg("\"%s\": %s", text, error.message);
	return filter;
}

/* ---- sockets ---- */

static void assert_passes(const char *text, const struct socket *socket, enum filter_answer wanted)
{
	struct filter *filter = parse(text);

	if (socket_passes(socket, filter) != wanted)
		fail_msg("\"%s\" gives %d, not %d", text, socket_passes(socket, filter), wanted);
	filter_free(filter);
}

/* Where holders are hidden, one that is not seen may be the one asked for; but not where another is seen. */
static void test_holders_that_are_hidden(void **state)
{
	static const struct {
		bool hidden;
		uint32_t pid;
		enum filter_answer wanted;
	} cases[] = {
		{false, 0, FILTER_NO},   {false, 5, FILTER_YES}, {false, 7, FILTER_NO},
		{true, 0, FILTER_MAYBE}, {true, 5, FILTER_YES},  {true, 7, FILTER_NO},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct owner owner = owner_of(cases[i].pid, 3, "name");
		struct socket socket = {.tuple = tuple_of(4, "10.0.0.1", 80, "10.0.0.2", 40000),
					.owners = &owner,
					.owner_count = cases[i].pid ? 1 : 0,
					.owners_hidden = cases[i].hidden};

		assert_passes("pid 5", &socket, cases[i].wanted);
	}
}

static void test_unix_sockets(void **state)
{
	char path[SOCKET_PATH_MAX];
	struct socket socket = {.protocol = PROTOCOL_UNIX, .state = STATE_LISTEN, .path = "/run/x", .path_length = 7};

	(void)state;
	assert_passes("src /run/x", &socket, FILTER_YES);
	assert_passes("src /run/*", &socket, FILTER_YES);
	assert_passes("src /run/y", &socket, FILTER_NO);
	assert_passes("state listening", &socket, FILTER_YES);
	assert_passes("sport = :80 or dst 0.0.0.0/0", &socket, FILTER_NO); /* it has neither port nor address */
	assert_int_equal(socket_passes(&socket, NULL), FILTER_YES);
	socket.path = "\0abstract";
	socket.path_length = 9;
	assert_passes("src @abstract", &socket, FILTER_YES);
	memset(path, 'x', sizeof(path)); /* the longest, which has no NUL */
	path[0] = '/';
	socket.path = path;
	socket.path_length = sizeof(path);
	assert_passes("src /*x", &socket, FILTER_YES);
	socket.path = NULL;
	assert_passes("src unix:*", &socket, FILTER_NO); /* no name at all */
}

static void test_interfaces_that_are_not_known(void **state)
{
	static const struct {
		const char *text;
		uint32_t interface;
		bool wanted;
	} cases[] = {
		{"dev 2", INTERFACE_UNKNOWN, true},
		{"dev 2", 2, false},
		{"dev 2", 0, false},
		{"family 4", INTERFACE_UNKNOWN, false},
		{"family 4", 2, false},
		{"family 4 and not dev 2", INTERFACE_UNKNOWN, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct socket socket = {.tuple.interface = cases[i].interface};
		struct filter *filter = parse(cases[i].text);

		assert_int_equal(socket_lacks_interface(&socket, filter), cases[i].wanted);
		filter_free(filter);
	}
	assert_false(socket_lacks_interface(&(struct socket){.tuple.interface = INTERFACE_UNKNOWN}, NULL));
}

static uint64_t spent_ns;

static uint64_t get_time(void *context)
{
	(void)context;
	return 1;
}

static uint64_t get_spent(void *context)
{
	(void)context;
	return spent_ns;
}

static bool find_name(void *context, uint32_t netns, uint32_t index, uint32_t pid, char name[INTERFACE_NAME_SIZE])
{
	(void)context;
	(void)netns;
	(void)index;
	(void)pid;
	spent_ns += 10 * 1000000000ULL;
	strcpy(name, "eth0");
	return true;
}

/* An answer may cost what it will: a filter that saves its time would leave out what was asked for. */
static void test_interfaces_whose_names_are_costly(void **state)
{
	const struct interface_finder finder = {.now_ns = get_time, .spent_ns = get_spent, .name = find_name};
	const struct filter_names with_interfaces = {.interfaces = &finder};
	struct filter_error error = {.message = ""};
	struct filter *filter;

	(void)state;
	assert_int_equal(filter_parse("dev eth0", &with_interfaces, &filter, &error), 0);
	for (uint32_t index = 1; index <= 5; index++) {
		struct socket socket = {.tuple = tuple_of(4, "10.0.0.1", 80, "10.0.0.2", 40000)};

		socket.tuple.interface = index;
		assert_int_equal(socket_passes(&socket, filter), FILTER_YES);
	}
	filter_free(filter);
}

/* ---- processes ---- */

static char asked[128];

static void note_process(void *context, uint32_t pid, const char *pattern)
{
	size_t used = strlen(asked);

	assert_ptr_equal(context, asked);
	if (pattern)
		snprintf(asked + used, sizeof(asked) - used, " %s", pattern);
	else
		snprintf(asked + used, sizeof(asked) - used, " %u", pid);
}

/* What a filter leaves out it does not ask for. */
static void test_processes_that_are_asked_for(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"family 4", ""},
		{"pid 5", " 5"},
		{"comm nginx", " nginx"},
		{"pid 5 or comm ng* or pid 6", " 5 ng* 6"},
		{"not pid 5", ""},
		{"pid != 5 and comm nginx", " nginx"},
		{"not (pid 5 or comm nginx) and pid 6", " 6"},
		{"not (not pid 5)", " 5"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct filter *filter = parse(cases[i].text);

		asked[0] = '\0';
		filter_each_process(filter, note_process, asked);
		assert_string_equal(asked, cases[i].wanted);
		filter_free(filter);
	}
	asked[0] = '\0';
	filter_each_process(NULL, note_process, asked);
	assert_string_equal(asked, "");
}

/* ---- namespaces and states ---- */

static void test_namespaces_in_which_something_may_pass(void **state)
{
	static const struct {
		const char *text;
		bool in_1, in_2;
	} cases[] = {
		{"family 4", true, true},
		{"netns 1", true, false},
		{"not netns 1", false, true},
		{"netns 1 or netns 2", true, true},
		{"netns 1 and netns 2", false, false},
		{"netns 1 or family 4", true, true},
		{"netns 1 and family 4", true, false},
		{"not (netns 1 and family 4)", true, true},
		{"not (netns 1 or family 4)", false, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct filter *filter = parse(cases[i].text);

		if (filter_may_pass_in(filter, 1) != cases[i].in_1 || filter_may_pass_in(filter, 2) != cases[i].in_2)
			fail_msg("\"%s\"", cases[i].text);
		filter_free(filter);
	}
	assert_true(filter_may_pass_in(NULL, 1));
}

static void test_states_in_which_something_may_pass(void **state)
{
	const uint32_t listen = 1u << STATE_LISTEN, established = 1u << STATE_ESTABLISHED, any = UINT32_MAX;
	const struct {
		const char *text;
		uint32_t wanted;
	} cases[] = {
		{"state listening", listen},
		{"state listening or state established", listen | established},
		{"state listening and pid 5", listen},
		{"state listening or pid 5", any},
		{"not state listening", any & ~listen},
		{"exclude listening and exclude established", any & ~listen & ~established},
		{"not (state listening and pid 5)", any},
		{"pid 5", any},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct filter *filter = parse(cases[i].text);

		if (filter_states(filter) != cases[i].wanted)
			fail_msg("\"%s\" gives %x, not %x", cases[i].text, filter_states(filter), cases[i].wanted);
		filter_free(filter);
	}
	assert_int_equal(filter_states(NULL), any);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holders_that_are_hidden),
		cmocka_unit_test(test_unix_sockets),
		cmocka_unit_test(test_interfaces_that_are_not_known),
		cmocka_unit_test(test_interfaces_whose_names_are_costly),
		cmocka_unit_test(test_processes_that_are_asked_for),
		cmocka_unit_test(test_namespaces_in_which_something_may_pass),
		cmocka_unit_test(test_states_in_which_something_may_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
