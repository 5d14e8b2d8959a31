// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the part of a filter that is given to the kernel side. That part must let pass all that the filter lets pass
 * (soundness, on many random filters and connections), and should stop what it can (exactness, on the filters that
 * people type).
 */
#include <errno.h>

#include "events.h"
#include "filter.h"
#include "kernel_filter.h"

enum { NETNS_COUNT = 20 };

/* Namespaces are named by a letter: 'a' is NETNS_HERE, 'b' the next one. */
static int find_netns(void *context, const char *name, struct netns_choice *choice)
{
	(void)context;
	if (name[0] < 'a' || name[0] >= 'a' + NETNS_COUNT || name[1])
		return -ENOENT;
	choice->inodes[choice->count++] = NETNS_HERE + (uint32_t)(name[0] - 'a');
	return 0;
}

static int find_service(void *context, const char *name, struct service_ports *ports)
{
	(void)context;
	(void)name;
	(void)ports;
	return -ENOENT;
}

static const struct filter_names names = {.service = find_service, .netns = find_netns};

static struct filter *parse_text(const char *text)
{
	struct filter_error error = {.message = ""};
	struct filter *filter = NULL;

	if (filter_parse(text, &names, &filter, &error))
		fail_msg("\"%s\": %s", text, error.message);
	return filter;
}

/* ---- random filters, random connections ---- */

static uint64_t seed;

static uint32_t pick(uint32_t count)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % count;
}

static const char *const ports[] = {"0", "1", "22", "80", "443", "63", "64", "65535", "20-100", "0-65535"};
static const uint16_t port_numbers[] = {0, 1, 22, 80, 443, 63, 64, 65535, 21, 100, 101, 65534};
static const char *const ipv4s[] = {"10.0.0.1", "10.0.0.2", "0.0.0.0"};
static const char *const ipv6s[] = {"::1", "fd00::1", "::", "::ffff:10.0.0.1", "::ffff:0.0.0.0"};
static const char *const state_words[] = {"established", "syn-sent", "listen", "close", "syn-recv", "connected"};

#define PICK(array) ((array)[pick(COUNT_OF(array))])

static void put_leaf(char *text, size_t size)
{
	static const char *const comparisons[] = {"=", "!="};
	const char *is = PICK(comparisons);

	switch (pick(10)) {
	case 0:
	case 1:
		snprintf(text, size, "sport %s %s", is, PICK(ports));
		break;
	case 2:
	case 3:
		snprintf(text, size, "dport %s %s", is, PICK(ports));
		break;
	case 4:
		snprintf(text, size, ":%s", PICK(ports));
		break;
	case 5:
		snprintf(text, size, "family %s %d", is, pick(2) ? 4 : 6);
		break;
	case 6:
		snprintf(text, size, "netns %s %c", is, 'a' + (int)pick(3));
		break;
	case 7:
		snprintf(text, size, "%s %s", pick(2) ? "src" : "dst", pick(2) ? PICK(ipv4s) : PICK(ipv6s));
		break;
	case 8:
		snprintf(text, size, "state %s %s", is, PICK(state_words));
		break;
	default:
		snprintf(text, size, "pid %s %u", is, 1 + pick(2));
	}
}

static void put_filter(char *text, size_t size, int depth)
{
	char left[512], right[512];

	if (depth == 0 || pick(4) == 0) {
		put_leaf(text, size);
		return;
	}
	put_filter(left, sizeof(left), depth - 1);
	put_filter(right, sizeof(right), depth - 1);
	if (pick(4) == 0)
		snprintf(text, size, "not (%.500s)", left);
	else
		snprintf(text, size, "(%.500s) %s (%.500s)", left, pick(2) ? "and" : "or", right);
}

static struct change random_change(struct connection *conn)
{
	static const uint8_t transitions[][2] = {
		{STATE_CLOSE, STATE_SYN_SENT},       {STATE_SYN_SENT, STATE_ESTABLISHED},
		{STATE_SYN_SENT, STATE_CLOSE},       {STATE_LISTEN, STATE_SYN_RECV},
		{STATE_SYN_RECV, STATE_ESTABLISHED}, {STATE_ESTABLISHED, STATE_CLOSE_WAIT},
		{STATE_CLOSE, STATE_LISTEN},         {STATE_LISTEN, STATE_CLOSE},
		{STATE_ESTABLISHED, STATE_CLOSE},
	};
	const uint8_t *states = transitions[pick(COUNT_OF(transitions))];
	uint8_t family = pick(2) ? 4 : 6;

	*conn = (struct connection){
		.tuple = tuple_of(family, family == 4 ? PICK(ipv4s) : PICK(ipv6s), PICK(port_numbers),
				  family == 4 ? PICK(ipv4s) : PICK(ipv6s), PICK(port_numbers)),
		.owner = {.pid = pick(3)},
		.state = states[1],
		.oldstate = states[0],
		.direction =
			(uint8_t)(states[0] == STATE_LISTEN || states[0] == STATE_SYN_RECV ? DIRECTION_IN : pick(2)),
	};
	conn->tuple.netns = NETNS_HERE + pick(4);
	return (struct change){.kind = pick(8) ? CHANGE_TRANSITION : CHANGE_SOCKET,
			       .conn = conn,
			       .oldstate = states[0],
			       .newstate = states[1]};
}

/* Returns whether the change must pass the kernel side: the filter lets it pass, or, at a birth, may do so once more is
 * known. */
static bool must_pass(const struct filter *filter, const struct change *change)
{
	enum filter_answer answer = filter_ask(filter, change);
	bool birth = change->newstate == STATE_SYN_SENT || change->newstate == STATE_SYN_RECV;

	return answer == FILTER_YES || (answer == FILTER_MAYBE && birth);
}

static size_t assert_sound(const char *text, int connections)
{
	struct filter *filter = parse_text(text);
	struct kernel_filter *kernel_filter = kernel_filter_of(filter);
	size_t passed = 0;

	assert_non_null(kernel_filter);
	for (int i = 0; i < connections; i++) {
		struct connection conn;
		struct change change = random_change(&conn);

		if (!must_pass(filter, &change))
			continue;
		passed++;
		if (!kernel_filter_passes(kernel_filter, &conn.tuple, change.newstate))
			fail_msg("\"%s\" lets %u->%u family %u %s of netns %u pass, its kernel filter does not", text,
				 conn.tuple.lport, conn.tuple.rport, conn.tuple.family, tcp_state_name(change.newstate),
				 conn.tuple.netns);
	}
	free(kernel_filter);
	filter_free(filter);
	return passed;
}

static void test_sound_on_random_filters(void **state)
{
	size_t passed = 0, asked = 0;
	char text[1200];

	(void)state;
	seed = 424242;
	print_message("    seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 3000; round++) {
		put_filter(text, sizeof(text), 3);
		passed += assert_sound(text, 100);
		asked += 100;
	}
	print_message("    %zu of %zu passed\n", passed, asked);
	assert_true(passed > asked / 10 && passed < asked - asked / 10);
}

/* Both sides of "or" and "and" share an aspect, such as a port: the sets of both are united or intersected. */
static void test_sound_on_sets(void **state)
{
	static const char *const leaves[] = {"sport = %s", "dport = %s", ":%s", "not sport = %s", "not :%s"};
	char text[1200];

	(void)state;
	seed = 777;
	print_message("    seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 1000; round++) {
		const char *leaf = PICK(leaves);
		size_t used = 0;

		for (uint32_t count = 2 + pick(3); count; count--) {
			char one[40], *at = text + used;

			snprintf(one, sizeof(one), leaf, PICK(ports));
			used += (size_t)snprintf(at, sizeof(text) - used, "%s(%s)",
						 !used     ? ""
						 : pick(2) ? " or "
							   : " and ",
						 one);
		}
		assert_sound(text, 50);
	}
}

/* ---- exactness ---- */

struct tried {
	const char *filter;
	/* the connection: ports, family, state */
	uint16_t lport, rport;
	uint8_t family; /* 46: v4-mapped */
	uint8_t state;
	bool passes;
};

static const struct tried tried[] = {
	/* trace -L 80,443 */
	{"sport = :80 or sport = :443", 80, 5, 4, STATE_ESTABLISHED, true},
	{"sport = :80 or sport = :443", 443, 5, 4, STATE_ESTABLISHED, true},
	{"sport = :80 or sport = :443", 81, 5, 4, STATE_ESTABLISHED, false},
	{"sport = :80 or sport = :443", 5, 80, 4, STATE_ESTABLISHED, false},
	{"sport = :80 or sport = :443", 0, 5, 4, STATE_SYN_SENT, true}, /* the port is not known yet */
	{"sport = :80 or sport = :443", 81, 5, 4, STATE_SYN_SENT, false},
	{"sport = :80 or sport = :443", 0, 5, 4, STATE_CLOSE, false},
	/* trace -D 22 */
	{"dport = :22", 9, 22, 4, STATE_ESTABLISHED, true},
	{"dport = :22", 9, 23, 4, STATE_ESTABLISHED, false},
	{"dport = :22", 0, 23, 4, STATE_SYN_SENT, false},
	{"dport = :22", 22, 9, 6, STATE_ESTABLISHED, false},
	{"dport = :22", 80, 0, 4, STATE_SYN_RECV, true}, /* the peer is not known yet */
	{"dport = :22", 80, 0, 4, STATE_LISTEN, true},   /* a listener, from which children will inherit */
	{"dport = :22", 80, 23, 4, STATE_SYN_RECV, false},
	/* both options */
	{"(sport = 80 or sport = 443) and (dport = 1000-2000)", 80, 1500, 4, STATE_ESTABLISHED, true},
	{"(sport = 80 or sport = 443) and (dport = 1000-2000)", 80, 2001, 4, STATE_ESTABLISHED, false},
	{"(sport = 80 or sport = 443) and (dport = 1000-2000)", 8080, 1500, 4, STATE_ESTABLISHED, false},
	{"sport >= 1000 and sport <= 2000", 1000, 1, 4, STATE_ESTABLISHED, true},
	{"sport >= 1000 and sport <= 2000", 2001, 1, 4, STATE_ESTABLISHED, false},
	{"sport >= 1000 and sport <= 2000", 999, 1, 4, STATE_ESTABLISHED, false},
	/* "not" */
	{"not sport = :22", 22, 9, 4, STATE_ESTABLISHED, false},
	{"not sport = :22", 23, 22, 4, STATE_ESTABLISHED, true},
	{"not (sport = 22 or dport = 22)", 9, 22, 4, STATE_ESTABLISHED, false},
	{"not (sport = 22 or dport = 22)", 22, 9, 4, STATE_ESTABLISHED, false},
	{"not (sport = 22 or dport = 22)", 9, 9, 4, STATE_ESTABLISHED, true},
	{"not (sport = 22 and sport = 23)", 22, 9, 4, STATE_ESTABLISHED, true},
	{"not :22", 9, 22, 4, STATE_ESTABLISHED, false},
	{"not :22", 22, 9, 4, STATE_ESTABLISHED, false},
	{"not :22", 9, 9, 4, STATE_ESTABLISHED, true},
	{"not not sport = 22", 23, 9, 4, STATE_ESTABLISHED, false},
	/* either port */
	{":443", 443, 9, 4, STATE_ESTABLISHED, true},
	{":443", 9, 443, 4, STATE_ESTABLISHED, true},
	{":443", 9, 9, 4, STATE_ESTABLISHED, false},
	{":443", 0, 9, 4, STATE_SYN_SENT, true},
	{":443", 9, 0, 4, STATE_SYN_RECV, true},
	{":443 or :80", 9, 80, 4, STATE_ESTABLISHED, true},
	{":443 or :80", 9, 81, 4, STATE_ESTABLISHED, false},
	{":443 and pid 5", 9, 9, 4, STATE_ESTABLISHED, false},
	{"pid 5 and :443", 9, 9, 4, STATE_ESTABLISHED, false},
	/* family */
	{"family 4", 9, 9, 4, STATE_ESTABLISHED, true},
	{"family 4", 9, 9, 46, STATE_ESTABLISHED, true},
	{"family 4", 9, 9, 6, STATE_ESTABLISHED, false},
	{"family 6", 9, 9, 4, STATE_ESTABLISHED, false},
	{"family 6", 9, 9, 6, STATE_ESTABLISHED, true},
	{"family 6", 9, 9, 46, STATE_ESTABLISHED, true},
	{"not family 4", 9, 9, 4, STATE_ESTABLISHED, false},
	{"not family 6", 9, 9, 6, STATE_ESTABLISHED, false},
	{"family 4 or family 6", 9, 9, 6, STATE_ESTABLISHED, true},
	{"family 4 or family 6", 9, 9, 4, STATE_ESTABLISHED, true},
	{"family 4 and family 6", 9, 9, 6, STATE_ESTABLISHED, false},
	{"family 4 and sport = 80", 81, 9, 4, STATE_ESTABLISHED, false},
	{"family 4 and sport = 80", 80, 9, 6, STATE_ESTABLISHED, false},
	{"family 4 and sport = 80", 80, 9, 4, STATE_ESTABLISHED, true},
	{"sport = 80 and family 4", 80, 9, 6, STATE_ESTABLISHED, false},
	{"family 6", 80, 0, 4, STATE_LISTEN, true},
	/* namespaces; the connections are in 'a' */
	{"netns a", 9, 9, 4, STATE_ESTABLISHED, true},
	{"netns b", 9, 9, 4, STATE_ESTABLISHED, false},
	{"netns b", 80, 0, 4, STATE_LISTEN, false},
	{"netns b or netns a", 9, 9, 4, STATE_ESTABLISHED, true},
	{"netns b or netns c", 9, 9, 4, STATE_ESTABLISHED, false},
	{"netns a and netns b", 9, 9, 4, STATE_ESTABLISHED, false},
	{"netns b and sport = 80", 80, 9, 4, STATE_ESTABLISHED, false},
	{"sport = 80 and netns b", 80, 9, 4, STATE_ESTABLISHED, false},
	{"netns != a", 9, 9, 4, STATE_ESTABLISHED, true}, /* user space decides */
	/* where one side of "or" cannot be given to the kernel side, nothing can */
	{"sport = 80 or pid 5", 9, 9, 4, STATE_ESTABLISHED, true},
	{"pid 5 or sport = 80", 9, 9, 4, STATE_ESTABLISHED, true},
	{"netns b or pid 5", 9, 9, 4, STATE_ESTABLISHED, true},
	{"sport = 80 or dport = 80", 9, 9, 4, STATE_ESTABLISHED, true},
	{"pid 5", 9, 9, 4, STATE_ESTABLISHED, true},
	{"", 9, 9, 4, STATE_ESTABLISHED, true},
};

static void test_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(tried); i++) {
		const struct tried *t = &tried[i];
		struct filter *filter = parse_text(t->filter);
		struct kernel_filter *kernel_filter = kernel_filter_of(filter);
		struct tuple tuple = t->family == 4 ? tuple_of(4, "10.0.0.1", t->lport, "10.0.0.2", t->rport)
				     : t->family == 6
					     ? tuple_of(6, "fd00::1", t->lport, "fd00::2", t->rport)
					     : tuple_of(6, "::ffff:10.0.0.1", t->lport, "::ffff:10.0.0.2", t->rport);

		assert_non_null(kernel_filter);
		if (kernel_filter_passes(kernel_filter, &tuple, t->state) != t->passes)
			fail_msg("\"%s\" %s %u->%u family %u %s", t->filter, t->passes ? "stops" : "lets pass",
				 t->lport, t->rport, t->family, tcp_state_name(t->state));
		free(kernel_filter);
		filter_free(filter);
	}
}

/* ---- namespaces ---- */

static bool passes_in(const char *text, uint32_t netns)
{
	struct filter *filter = parse_text(text);
	struct kernel_filter *kernel_filter = kernel_filter_of(filter);
	struct tuple tuple = tuple_of(4, "10.0.0.1", 1, "10.0.0.2", 2);
	bool passes;

	assert_non_null(kernel_filter);
	assert_true(kernel_filter->netns_count <= KERNEL_FILTER_NETNS_MAX);
	tuple.netns = netns;
	passes = kernel_filter_passes(kernel_filter, &tuple, STATE_ESTABLISHED);
	free(kernel_filter);
	filter_free(filter);
	return passes;
}

static char *any_of_namespaces(size_t count)
{
	char *text = calloc(1, count * 16 + 1);

	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		sprintf(text + strlen(text), "%snetns %c", i ? " or " : "", 'a' + (int)i);
	return text;
}

static void test_as_many_namespaces_as_there_is_room(void **state)
{
	char *most = any_of_namespaces(KERNEL_FILTER_NETNS_MAX), *more = any_of_namespaces(KERNEL_FILTER_NETNS_MAX + 1);

	(void)state;
	for (uint32_t i = 0; i < NETNS_COUNT; i++) {
		assert_int_equal(passes_in(most, NETNS_HERE + i), i < KERNEL_FILTER_NETNS_MAX);
		assert_true(passes_in(more, NETNS_HERE + i)); /* too many: user space decides */
	}
	free(most);
	free(more);
}

/* One namespace named twice on both sides of "and" must not push another one out of the list. */
static void test_namespace_named_twice(void **state)
{
	const char *text = "(netns a or netns b) and (netns a or netns a or netns b)";

	(void)state;
	assert_true(passes_in(text, NETNS_HERE));
	assert_true(passes_in(text, NETNS_HERE + 1));
	assert_false(passes_in(text, NETNS_HERE + 2));
}

/* Repeated names must not overrun the list: five times five are more than sixteen. */
static void test_namespace_named_many_times(void **state)
{
	const char *five = "(netns a or netns a or netns a or netns a or netns a)";
	char text[200];

	(void)state;
	snprintf(text, sizeof(text), "%s and %s", five, five);
	assert_true(passes_in(text, NETNS_HERE));
	assert_false(passes_in(text, NETNS_HERE + 1));
}

/* A filter for one network namespace fixes the namespace of everything that passes. */
static void test_fixed_to_one_namespace(void **state)
{
	static const struct {
		const char *text;
		bool fixed;
	} filters[] = {
		{"", false},
		{"netns a", true},
		{"netns a or netns a", true},
		{"netns a or netns b", false},
		{"netns a and netns b", true}, /* nothing passes */
		{"netns a and sport = 80", true},
		{"netns a or sport = 80", false},
		{"not netns a", false},
		{"not not netns a", true},
		{"sport = 80", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(filters); i++) {
		struct filter *filter = parse_text(filters[i].text);
		struct kernel_filter *kernel_filter = kernel_filter_of(filter);

		assert_non_null(kernel_filter);
		if (kernel_filter_fixes_netns(kernel_filter) != filters[i].fixed)
			fail_msg("\"%s\" is not seen for what it is", filters[i].text);
		free(kernel_filter);
		filter_free(filter);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound_on_random_filters),
		cmocka_unit_test(test_sound_on_sets),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_fixed_to_one_namespace),
		cmocka_unit_test(test_as_many_namespaces_as_there_is_room),
		cmocka_unit_test(test_namespace_named_twice),
		cmocka_unit_test(test_namespace_named_many_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
