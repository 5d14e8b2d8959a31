// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the predicates of FILTER about who a process is: unit, container, exe, pcomm.
 */
#include <errno.h>

#include "escape.h"
#include "events.h"
#include "filter.h"
#include "filter_socket.h"
#include "identity.h"

static struct filter *parse(const char *text)
{
	struct filter_error error = {.message = ""};
	struct filter *filter = NULL;

	if (filter_parse(text, NULL, &filter, &error))
		fail_msg("\"%s\": %s", text, error.message);
	return filter;
}

/* ---- the processes under test: each has a letter ---- */

static const struct {
	char letter;
	const char *pcomm;
	uint32_t ppid;
	struct identity_texts texts;
} processes[] = {
	{'N', "systemd", 1, {.exe = "/usr/sbin/nginx", .unit = "nginx.service"}},
	{'D', "nginx", 7, {.exe = "/usr/sbin/nginx (deleted)", .unit = "nginx.service"}},
	{'C', "containerd-shim", 8, {.exe = "/app/web server", .container = "docker:0123456789ab"}},
	{'L', "", 0, {.exe = "/opt/nginx/bin/java", .unit = "a\\x2db.mount", .container = "lxc:web:1"}},
	{'H', "tmux: server", OWNER_FOREIGN | 9, {.unit = "session-3.scope", .container = "lxc:0123456789abcdef"}},
	{'U', "", 0, {.exe = NULL}},   /* nothing is known of it */
	{'-', NULL, 0, {.exe = NULL}}, /* its identity has not been looked up */
};

static struct owner owners[COUNT_OF(processes)];

static int set_owners(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(processes); i++) {
		struct lineage lineage = {.ppid = processes[i].ppid};

		owners[i] = owner_of((uint32_t)i + 1, 3, "name");
		if (!processes[i].pcomm)
			continue;
		strcpy(lineage.pcomm, processes[i].pcomm);
		owners[i].identity = identity_new(&lineage, &processes[i].texts);
		assert_non_null(owners[i].identity);
	}
	return 0;
}

static int drop_owners(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(processes); i++)
		identity_unref(owners[i].identity);
	return 0;
}

static void assert_filter_passes(const struct filter *filter, const char *text, const char *wanted)
{
	char passing[COUNT_OF(processes) + 1] = "", *end = passing;

	for (size_t i = 0; i < COUNT_OF(processes); i++) {
		struct connection conn = {.owner = owners[i], .owner_source = OWNER_CONNECT};
		struct change change = {.kind = CHANGE_TRANSITION, .conn = &conn};
		struct socket socket = {.owners = &owners[i], .owner_count = 1};
		enum filter_answer answer = filter_ask(filter, &change);

		assert_int_equal(socket_passes(&socket, filter), answer);
		assert_int_not_equal(answer, FILTER_MAYBE);
		if (answer == FILTER_YES)
			*end++ = processes[i].letter;
	}
	if (strcmp(passing, wanted) != 0)
		fail_msg("\"%s\" passes %s, not %s", text, passing, wanted);
}

static void assert_passes(const char *text, const char *wanted)
{
	struct filter *filter = parse(text);

	assert_filter_passes(filter, text, wanted);
	assert_true(filter_topics(filter) & TOPIC_IDENTITY);
	assert_true(filter_topics(filter) & TOPIC_OWNER);
	filter_free(filter);
}

static void test_units(void **state)
{
	(void)state;
	assert_passes("unit nginx.service", "ND");
	assert_passes("unit nginx", "ND");
	assert_passes("unit = nginx", "ND");
	assert_passes("UNIT 'nginx'", "ND");
	assert_passes("unit ngin", "");
	assert_passes("unit nginx.socket", "");
	assert_passes("unit nginx.", "");
	assert_passes("unit session-3", "");
	assert_passes("unit session-3.scope", "H");
	assert_passes("unit session-*", "H");
	assert_passes("unit ngin?", "");
	assert_passes("unit ngin?.service", "ND");
	assert_passes("unit *", "NDLH");
	assert_passes("unit n\\x67inx", "ND");
	assert_passes("unit \\x2a", "");
	/* a backslash in a name of systemd's: as it is printed */
	assert_passes("unit a\\x5cx2db.mount", "L");
	assert_passes("unit a\\x2db.mount", "");
	assert_passes("unit ''", "");
	/* what is not known is not that unit */
	assert_passes("not unit nginx", "CLHU-");
	assert_passes("unit != nginx", "CLHU-");
}

static void test_containers(void **state)
{
	(void)state;
	assert_passes("container docker:0123456789ab", "C");
	assert_passes("container 0123456789ab", "C");
	assert_passes("container 0123456789abc", "C");
	assert_passes("container 0123456789abcdef", "CH");
	assert_passes("container docker:0123456789abcdef", "C");
	assert_passes("container podman:0123456789abcdef", "");
	assert_passes("container lxc:0123456789abcdef", "H");
	assert_passes("container 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "C");
	assert_passes("container 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0", "");
	assert_passes("container 0123456789abx", "");
	assert_passes("container 0123456789a", "");
	assert_passes("container 01234567*", "CH");
	assert_passes("container web:1", "L");
	assert_passes("container lxc:web:1", "L");
	assert_passes("container web", "");
	assert_passes("container lxc:*", "LH");
	assert_passes("container *", "CLH");
	assert_passes("not container *", "NDU-");
}

static void test_programs(void **state)
{
	(void)state;
	assert_passes("exe /usr/sbin/nginx", "ND");
	assert_passes("exe nginx", "ND");
	assert_passes("exe '/usr/sbin/nginx (deleted)'", "D");
	assert_passes("exe \"/usr/sbin/nginx\\x20(deleted)\"", "D");
	assert_passes("exe java", "L");
	assert_passes("exe /opt/nginx/*", "L");
	assert_passes("exe */nginx", "ND");
	assert_passes("exe web\\x20server", "C");
	assert_passes("exe \"web server\"", "C");
	assert_passes("exe '/app/web server'", "C");
	assert_passes("exe sbin/nginx", "");
	assert_passes("exe ngin*", "ND");
	assert_passes("exe *", "NDCL");
	assert_passes("exe != nginx", "CLHU-");
}

static void test_parents(void **state)
{
	(void)state;
	assert_passes("pcomm systemd", "N");
	assert_passes("pcomm nginx", "D");
	assert_passes("pcomm s*", "N");
	assert_passes("pcomm containerd-shim", "C");
	assert_passes("pcomm 'tmux: server'", "H");
	assert_passes("pcomm tmux:\\x20server", "H");
	assert_passes("pcomm ''", "");
	assert_passes("not pcomm *", "LU-");
	assert_passes("unit nginx and pcomm nginx or container *", "DCLH");
}

/* A name that is a word of the command line by itself is taken whole. */
static void test_words(void **state)
{
	static const char *const names[] = {"(x)", "a and b", "x=y", "'"};
	static const char *const predicates[] = {"unit", "container", "exe", "pcomm"};
	char words[64], text[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names) * COUNT_OF(predicates); i++) {
		const char *name = names[i / COUNT_OF(predicates)], *predicate = predicates[i % COUNT_OF(predicates)];
		struct identity identity = {.lineage = {.ppid = 1}};
		struct owner owner = owner_of(1, 3, "name");
		struct socket socket = {.owners = &owner, .owner_count = 1};
		struct filter_error error = {.message = ""};
		struct filter *filter = NULL;
		int length = snprintf(words, sizeof(words), "%s%c%s", predicate, '\0', name);

		assert_int_equal(filter_parse_words(words, (size_t)length, NULL, &filter, &error), 0);
		snprintf(text, sizeof(text), "%s%s%s", *predicate == 'c' ? "lxc:" : "", name,
			 *predicate == 'u' ? ".service" : "");
		owner.identity = &identity;
		assert_int_equal(socket_passes(&socket, filter), FILTER_NO);
		identity.unit = identity.container = identity.exe = text;
		snprintf(identity.lineage.pcomm, COMM_LEN, "%s", name);
		assert_int_equal(socket_passes(&socket, filter), FILTER_YES);
		filter_free(filter);
	}
}

/* All holders are asked. As with names, the answer is maybe while another process may turn out to hold it. */
static void test_holders(void **state)
{
	struct filter *filter = parse("unit nginx");
	struct socket socket = {.owners = owners + 2, .owner_count = COUNT_OF(processes) - 2};
	struct connection conn = {.owner = owners[0], .owner_source = OWNER_INHERITED, .direction = DIRECTION_IN};
	struct change change = {.kind = CHANGE_TRANSITION, .conn = &conn, .newstate = STATE_ESTABLISHED};

	(void)state;
	assert_int_equal(socket_passes(&socket, filter), FILTER_NO);
	socket = (struct socket){.owners = owners, .owner_count = COUNT_OF(processes)};
	assert_int_equal(socket_passes(&socket, filter), FILTER_YES);
	socket = (struct socket){.owners_hidden = true};
	assert_int_equal(socket_passes(&socket, filter), FILTER_MAYBE);
	assert_true(connection_owner_is_open(&conn));
	assert_int_equal(filter_ask(filter, &change), FILTER_MAYBE);
	change.kind = CHANGE_SOCKET;
	assert_int_equal(filter_ask(filter, &change), FILTER_YES);
	filter_free(filter);
}

/* What is printed of a process can be typed. */
static void test_printed_names(void **state)
{
	static const char *const names[] = {"a b",      "-x",      "*?[a]\\",   "\x1b[31m",
					    "\xff\xfe", "a\\x20b", "(deleted)", "'\""};
	char shown[128], text[256];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct owner owner = owner_of(1, 3, "name");
		struct socket socket = {.owners = &owner, .owner_count = 1};
		char exe[64];
		struct identity identity = {.exe = exe};
		struct filter *filter;

		owner.identity = &identity;
		snprintf(exe, sizeof(exe), "/bin/%s", names[i]);
		escape_word(shown, sizeof(shown), exe, strlen(exe));
		snprintf(text, sizeof(text), "exe%c%s", '\0', shown);
		assert_int_equal(filter_parse_words(text, 4 + strlen(shown), NULL, &filter, &(struct filter_error){0}),
				 0);
		assert_int_equal(socket_passes(&socket, filter), FILTER_YES);
		exe[1] = 'x';
		assert_int_equal(socket_passes(&socket, filter), FILTER_NO);
		filter_free(filter);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *saying;
	} cases[] = {
		{"unit", "a value for 'unit' is missing"},
		{"exe > a", "exe can be compared with = and != only"},
		{"pcom", "the nearest is 'pcomm'"},
		{"contain x", "the nearest is 'container'"},
		{"cgroup", "comm, unit, container, exe, pcomm, netns"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct filter_error error = {.message = ""};
		struct filter *filter = NULL;

		if (filter_parse(cases[i].text, NULL, &filter, &error) != -EINVAL ||
		    !strstr(error.message, cases[i].saying))
			fail_msg("\"%s\": \"%s\"", cases[i].text, error.message);
	}
}

/* The first process of many hosts is called init, which is nearly a word of the language. */
static void test_process_called_init(void **state)
{
	struct owner owner = owner_of(1, 3, "init");
	struct socket socket = {.owners = &owner, .owner_count = 1};
	struct filter *filter = parse("init");

	(void)state;
	assert_int_equal(socket_passes(&socket, filter), FILTER_YES);
	assert_int_equal(filter_topics(filter), TOPIC_OWNER);
	filter_free(filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_parents),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_holders),
		cmocka_unit_test(test_printed_names),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_process_called_init),
	};

	return cmocka_run_group_tests(tests, set_owners, drop_owners);
}
