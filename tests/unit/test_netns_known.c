// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests which network namespaces a word means, and the message about a word that means none, or several different ones.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "escape.h"
#include "netns_known.h"

#define WEB    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TWIN   "0123456789abffff0123456789abcdef0123456789abcdef0123456789abcdef" /* shown as WEB is */
#define DB     "0123ffff89abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD    "7777777789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NUM    "1234567812345678123456781234567812345678123456781234567812345678"
#define SHARED "8888888889abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CNI    "cni-2d1a4f3c-52b4-4b8e-9d2f-0a1b2c3d4e5f"

enum {
	HOST = 100,
	BLUE = 201,
	RED = 202,
	ODD = 203,
	OTHER_HOST = 204,
	PODS = 301,
	WEBS,
	DBS,
	TWINS,
	NUMS,
	LXC,
	WEBS_TOO
};

static struct netns_known named(uint32_t inode, enum netns_rank rank, const char *name)
{
	struct netns_known known = {.inode = inode, .rank = rank};

	snprintf(known.name, sizeof(known.name), "%s", name);
	return known;
}

static struct netns_known contained(uint32_t inode, const char *runtime, const char *id)
{
	struct netns_known known = {.inode = inode, .rank = NETNS_BY_CONTAINER, .container = {.runtime = runtime}};

	snprintf(known.container.id, sizeof(known.container.id), "%s", id);
	container_name(&known.container, known.name);
	return known;
}

/* Writes the known network namespaces of a host, in no good order. Returns their number. */
static size_t make_host(struct netns_known *all)
{
	const struct netns_known host[] = {
		named(999, NETNS_NAMELESS, ""),      contained(WEBS, "docker", WEB),
		named(WEBS, NETNS_NAMELESS, ""),     named(RED, NETNS_BY_NAME, "red"),
		contained(DBS, "docker", DB),        contained(PODS, "containerd", POD),
		named(PODS, NETNS_BY_MACHINE, CNI),  contained(PODS, "containerd", NUM), /* two containers of one pod */
		contained(LXC, "lxc", "web"),        named(BLUE, NETNS_BY_NAME, "blue"),
		named(BLUE, NETNS_BY_NAME, "azure"), named(ODD, NETNS_BY_NAME, "a\nb"),
		contained(HOST, "podman", SHARED),   named(HOST, NETNS_HOST, "host"),
	};

	memcpy(all, host, sizeof(host));
	return COUNT_OF(host);
}

/* Returns the chosen inodes, as "201 202", or the reason. */
static const char *choose_netns(struct netns_known *all, size_t count, const char *word, char *out, size_t size)
{
	struct netns_choice choice;
	size_t used = 0;
	int err = netns_choose(all, count, word, &choice);

	if (err) {
		assert_int_equal(err, strstr(choice.why, "it may mean any of ") == choice.why ? -ENOTUNIQ : -ENOENT);
		assert_true(strlen(choice.why) < NETNS_LIST_SIZE);
		snprintf(out, size, "%s", choice.why);
		return out;
	}
	for (size_t i = 0; i < choice.count; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%u", used ? " " : "", choice.inodes[i]);
	return out;
}

static void assert_chosen(struct netns_known *all, size_t count, const char *word, const char *wanted)
{
	char out[NETNS_WHY_SIZE];

	if (strcmp(choose_netns(all, count, word, out, sizeof(out)), wanted) != 0)
		fail_msg("\"%s\" means \"%s\", not \"%s\"", word, out, wanted);
}

#define NONE                                                                                                           \
	"no such network namespace: there are host, a\\x0ab, azure, red, containerd:123456781234 (301), docker:0123456789ab (302), docker:0123ffff89ab (303), lxc:web (306), 999"

static void test_words(void **state)
{
	static const struct {
		const char *word, *meaning;
	} words[] = {
		{"host", "100"},
		{"blue", "201"},
		{"azure", "201"},
		{"red", "202"},
		{"a\nb", "203"},
		{"a\\x0ab", "203"}, /* as it is printed */
		{"a\\x0Ab", "203"},
		{"\\x62lue", "201"},
		{"docker:\\x30123456789ab", "302"},
		{CNI, "301"},
		{"docker:0123456789ab", "302"},
		{"docker:0123456789abcdef", "302"},
		{WEB, "302"},
		{"docker:" WEB, "302"},
		{"0123456789ab", "302"},
		{"01234", "302"},
		{"docker:0123f", "303"},
		{"7777", "301"},
		{"12345678", "301"},
		{"containerd:7777", "301"},
		{"lxc:web", "306"},
		{"web", "306"},
		{"8888", "100"}, /* the container shares the host's namespace */
		{"999", NONE},   /* the function does not handle numbers */
		{"nosuch", NONE},
		{"", NONE},
		{"012", NONE}, /* too short for an id */
		{"docker:", NONE},
		{"docker:012", NONE},
		{"podman:0123456789ab", NONE},
		{"docker:7777", NONE},
		{"0123456789AB", NONE},
		{"lxc:we", NONE},
		{"we", NONE},
		{"lxc:", NONE},
		{WEB "0", NONE},
		{"0123", "it may mean any of docker:0123456789ab (302), docker:0123ffff89ab (303)"},
		{"docker:0123", "it may mean any of docker:0123456789ab (302), docker:0123ffff89ab (303)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct netns_known all[32];

		assert_chosen(all, make_host(all), words[i].word, words[i].meaning);
	}
}

static void test_container_in_several(void **state)
{
	struct netns_known all[] = {contained(WEBS_TOO, "docker", WEB), contained(WEBS, "docker", WEB),
				    contained(HOST, "docker", WEB), named(HOST, NETNS_HOST, "host")};

	(void)state;
	assert_chosen(all, COUNT_OF(all), "0123",
		      "302 307"); /* not the host's, which a process of the container visits */
	assert_chosen(all, COUNT_OF(all), "docker:0123456789ab", "302 307");
	assert_chosen(all, COUNT_OF(all), "host", "100");
}

static void test_names_that_are_not_unique(void **state)
{
	struct netns_known twins[] = {contained(TWINS, "docker", TWIN), contained(WEBS, "docker", WEB)};
	struct netns_known hosts[] = {named(OTHER_HOST, NETNS_BY_NAME, "host"), named(HOST, NETNS_HOST, "host")};
	struct netns_known same[] = {named(HOST, NETNS_BY_NAME, "host"), named(HOST, NETNS_HOST, "host")};
	struct netns_known forged[] = {contained(WEBS, "docker", WEB), contained(NUMS, "podman", WEB)};

	(void)state;
	assert_chosen(twins, 2, "docker:0123456789ab",
		      "it may mean any of docker:0123456789ab (302), docker:0123456789ab (304)");
	assert_chosen(twins, 2, "0123456789abf", "304");
	assert_chosen(hosts, 2, "host", "it may mean any of host (100), host (204)");
	assert_chosen(same, 2, "host", "100");
	assert_chosen(forged, 2, "01234", "it may mean any of docker:0123456789ab (302), podman:0123456789ab (305)");
	assert_chosen(forged, 2, "podman:01234", "305");
}

static void test_names_of_files(void **state)
{
	char path[NETNS_NAME_MAX + 1];

	(void)state;
	assert_string_equal(netns_name_of_file("blue", path), "blue");
	assert_string_equal(netns_name_of_file("host", path), "/run/netns/host");
	assert_string_equal(netns_name_of_file("4294967288", path), "/run/netns/4294967288");
	assert_string_equal(netns_name_of_file("4026531831", path), "4026531831");
	assert_string_equal(netns_file_of_name("blue"), "blue");
	assert_string_equal(netns_file_of_name("/run/netns/blue"), "blue");
	assert_string_equal(netns_file_of_name("/run/netns/host"), "host");
	assert_string_equal(netns_file_of_name("/run/netns/4294967288"), "4294967288");
	assert_null(netns_file_of_name("host"));
	assert_null(netns_file_of_name("4294967288"));
}

static void test_few(void **state)
{
	struct netns_known host = named(HOST, NETNS_HOST, "host"), nameless = named(999, NETNS_NAMELESS, "");

	(void)state;
	assert_chosen(NULL, 0, "x", "no such network namespace");
	assert_chosen(&host, 1, "x", "no such network namespace: there is only host");
	assert_chosen(&nameless, 1, "x", "no such network namespace: there is only 999");
	assert_chosen(&nameless, 1, "", "no such network namespace: there is only 999");
}

static void test_many(void **state)
{
	enum { MANY = 5000 };
	struct netns_known *all = calloc(MANY, sizeof(*all));
	char out[NETNS_WHY_SIZE];

	(void)state;
	assert_non_null(all);
	for (uint32_t i = 0; i < MANY; i++)
		all[i] = contained(1000 + i, "docker", WEB);
	choose_netns(all, MANY, "nosuch", out, sizeof(out));
	assert_non_null(strstr(out, "there are docker:0123456789ab (1000), docker:0123456789ab (1001), "));
	assert_non_null(strstr(out, ", and 49"));
	assert_string_equal(out + strlen(out) - 5, " more");
	/* one container in more namespaces than a filter takes */
	choose_netns(all, MANY, "0123", out, sizeof(out));
	assert_non_null(strstr(out, "1000 1001 "));
	free(all);
}

/* The message about the longest and worst names fits, cannot control a terminal, and is cut between names. */
static void test_hostile_names(void **state)
{
	struct netns_known all[3];
	char name[NETNS_NAME_MAX + 1], out[NETNS_WHY_SIZE];

	(void)state;
	memset(name, '\033', NETNS_NAME_MAX);
	name[NETNS_NAME_MAX] = '\0';
	all[0] = named(1, NETNS_BY_NAME, name);
	all[1] = named(2, NETNS_BY_NAME, "plain");
	all[2] = named(3, NETNS_BY_NAME, "x\xff y");
	choose_netns(all, 3, "nosuch", out, sizeof(out));
	assert_string_equal(out, "no such network namespace: there are 3 more");
	memcpy(all, (struct netns_known[]){named(2, NETNS_BY_NAME, "plain"), named(3, NETNS_BY_NAME, "x\xff y")},
	       2 * sizeof(*all));
	choose_netns(all, 2, "nosuch", out, sizeof(out));
	assert_string_equal(out, "no such network namespace: there are plain, x\\xff\\x20y");
	assert_chosen(all, 2, "x\xff y", "3");
	assert_chosen(all, 2, "x\\xff\\x20y", "3");
	all[0] = named(2, NETNS_BY_NAME, "x\\xff\\x20y");
	all[1] = named(3, NETNS_BY_NAME, "x\xff y");
	choose_netns(all, 2, "nosuch", out, sizeof(out));
	assert_string_equal(out, "no such network namespace: there are x\\x5cxff\\x5cx20y, x\\xff\\x20y");
	assert_chosen(all, 2, "x\\xff\\x20y", "3");
	assert_chosen(all, 2, "x\\x5cxff\\x5cx20y", "2");
}

static void test_ranks(void **state)
{
	(void)state;
	assert_int_equal(netns_rank_of("blue"), NETNS_BY_NAME);
	assert_int_equal(netns_rank_of(""), NETNS_BY_NAME);
	assert_int_equal(netns_rank_of("cni-"), NETNS_BY_NAME);
	assert_int_equal(netns_rank_of("cni-blue"), NETNS_BY_NAME);
	assert_int_equal(netns_rank_of(CNI), NETNS_BY_MACHINE);
	assert_int_equal(netns_rank_of("netns-2d1a4f3c-52b4-4b8e-9d2f-0a1b2c3d4e5f"), NETNS_BY_MACHINE);
	assert_int_equal(netns_rank_of("2d1a4f3c-52b4-4b8e-9d2f-0a1b2c3d4e5f"), NETNS_BY_MACHINE);
	assert_int_equal(netns_rank_of("2d1a4f3c-52b4-4b8e-9d2f-0a1b2c3d4e5"), NETNS_BY_NAME);
	assert_int_equal(netns_rank_of("2d1a4f3c-52b4-4b8e-9d2f-0a1b2c3d4e5f0"), NETNS_BY_NAME);
	assert_int_equal(netns_rank_of("2d1a4f3cx52b4-4b8e-9d2f-0a1b2c3d4e5f"), NETNS_BY_NAME);
	assert_int_equal(netns_rank_of("other-2d1a4f3c-52b4-4b8e-9d2f-0a1b2c3d4e5f"), NETNS_BY_NAME);
}

/* The list of what there is has each namespace once, though it has several names. */
static void test_each_namespace_is_listed_once(void **state)
{
	struct netns_known all[] = {named(BLUE, NETNS_BY_NAME, "navy"), contained(LXC, "lxc", "web"),
				    named(BLUE, NETNS_BY_NAME, "blue")};
	char out[NETNS_WHY_SIZE];

	(void)state;
	choose_netns(all, COUNT_OF(all), "nosuch", out, sizeof(out));
	assert_string_equal(out, "no such network namespace: there are blue, lxc:web (306)");
}

/* One namespace that is found twice, by its file and by its container, is one. */
static void test_one_namespace_by_two_names(void **state)
{
	struct netns_known all[] = {named(LXC, NETNS_BY_NAME, "web"), contained(LXC, "lxc", "web")};

	(void)state;
	assert_chosen(all, COUNT_OF(all), "web", "306");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_namespace_is_listed_once),
		cmocka_unit_test(test_one_namespace_by_two_names),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_container_in_several),
		cmocka_unit_test(test_names_that_are_not_unique),
		cmocka_unit_test(test_names_of_files),
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_ranks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
