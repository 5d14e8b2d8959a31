// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the names of network namespaces that come and go on a made-up host: each name is known at the first line of its
 * namespace, none is believed for long, and the search for names costs no more than it may.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "clock.h"
#include "netns_names.h"

#define MS NS_PER_MS

enum { HOST = 100, MAX_FILES = 12000, MAX_PROCESSES = 12000 };

struct file {
	uint32_t inode;
	char name[300];
};

struct process {
	uint32_t pid, inode;
	const char *lxc; /* the name of the container; NULL: the process is in none */
};

struct namespace_host {
	uint64_t now_ns;
	uint64_t names_ns, walk_ns; /* the time that a reading of the names and a walk over the processes take */
	struct file files[MAX_FILES];
	size_t file_count;
	bool unreadable; /* the names cannot all be read */
	struct process processes[MAX_PROCESSES];
	size_t process_count;
	unsigned int readings, walks, questions; /* so far */
};

/* ---- the finder ---- */

static uint64_t now_ns(void *context)
{
	return ((struct namespace_host *)context)->now_ns;
}

static uint32_t host_of(void *context)
{
	(void)context;
	return HOST;
}

static bool names_of(void *context, netns_name_visitor *visit, void *visitor)
{
	struct namespace_host *host = context;

	host->readings++;
	host->now_ns += host->names_ns;
	for (size_t i = 0; i < host->file_count; i++)
		visit(visitor, host->files[i].inode, host->files[i].name);
	return !host->unreadable;
}

static void processes_of(void *context, netns_process_visitor *visit, void *visitor)
{
	struct namespace_host *host = context;

	host->walks++;
	host->now_ns += host->walk_ns;
	for (size_t i = 0; i < host->process_count; i++)
		visit(visitor, host->processes[i].inode, host->processes[i].pid);
}

static const struct process *process_of(const struct namespace_host *host, uint32_t pid)
{
	for (size_t i = 0; i < host->process_count; i++)
		if (host->processes[i].pid == pid)
			return &host->processes[i];
	return NULL;
}

static uint32_t of_process(void *context, uint32_t pid)
{
	const struct process *process = process_of(context, pid);

	return process ? process->inode : 0;
}

static bool container_of_process(void *context, uint32_t pid, struct container *out)
{
	struct namespace_host *host = context;
	const struct process *process = process_of(host, pid);

	host->questions++;
	if (!process || !process->lxc)
		return false;
	out->runtime = "lxc";
	snprintf(out->id, sizeof(out->id), "%s", process->lxc);
	return true;
}

/* ---- what happens on the host ---- */

static struct namespace_host *host; /* of the test that runs */
static struct netns_finder finder;
static struct netns_names *names;

static int open_host(void **state)
{
	(void)state;
	host = calloc(1, sizeof(*host));
	assert_non_null(host);
	host->now_ns = 1000 * NS_PER_SEC;
	host->names_ns = 10 * NS_PER_US;
	host->walk_ns = 500 * NS_PER_US;
	finder = (struct netns_finder){.now_ns = now_ns,
				       .host = host_of,
				       .names = names_of,
				       .processes = processes_of,
				       .of_process = of_process,
				       .container = container_of_process,
				       .context = host};
	names = netns_names_new(&finder);
	assert_non_null(names);
	return 0;
}

static int close_host(void **state)
{
	(void)state;
	netns_names_free(names);
	free(host);
	return 0;
}

static void add_file(uint32_t inode, const char *name)
{
	assert_true(host->file_count < MAX_FILES);
	host->files[host->file_count].inode = inode;
	snprintf(host->files[host->file_count].name, sizeof(host->files[0].name), "%s", name);
	host->file_count++;
}

static void drop_file(const char *name)
{
	for (size_t i = 0; i < host->file_count; i++)
		if (!strcmp(host->files[i].name, name))
			host->files[i--] = host->files[--host->file_count];
}

static void add_process(uint32_t pid, uint32_t inode, const char *lxc)
{
	assert_true(host->process_count < MAX_PROCESSES);
	host->processes[host->process_count++] = (struct process){pid, inode, lxc};
}

static void drop_process(uint32_t pid)
{
	for (size_t i = 0; i < host->process_count; i++)
		if (host->processes[i].pid == pid)
			host->processes[i--] = host->processes[--host->process_count];
}

static void pass_ms(uint64_t ms)
{
	host->now_ns += ms * MS;
}

/* Returns the text shown for a network namespace now, when `pid` is reported to be in that namespace. */
static const char *get_shown_by(uint32_t inode, uint32_t pid)
{
	const struct netns_label *label = netns_names_find(names, inode, pid, host->now_ns);

	assert_non_null(label);
	assert_true(strlen(label->shown) < 256);
	if (label->name)
		assert_int_equal(label->length, strlen(label->name));
	return label->shown;
}

static const char *get_shown(uint32_t inode)
{
	return get_shown_by(inode, 0);
}

/* ---- names ---- */

static void test_each_kind(void **state)
{
	const struct netns_label *label;

	(void)state;
	add_file(201, "blue");
	add_file(HOST, "mine"); /* the host's own namespace is called host all the same */
	add_process(1, HOST, "not-this");
	add_process(50, 202, "web");
	add_process(51, 203, NULL);
	assert_string_equal(get_shown(HOST), "host");
	assert_string_equal(get_shown(201), "blue");
	assert_string_equal(get_shown(202), "lxc:web");
	label = netns_names_find(names, 203, 0, host->now_ns);
	assert_string_equal(label->shown, "203");
	assert_null(label->name);
	assert_string_equal(get_shown(4026532999u), "4026532999");
	assert_string_equal(get_shown(UINT32_MAX), "4294967295");
	label = netns_names_find(names, 201, 0, host->now_ns);
	assert_true(label->plain);
	assert_string_equal(label->name, "blue");
}

/* A file may be called as another namespace is printed. */
static void test_files_named_like_others(void **state)
{
	(void)state;
	add_file(201, "host");
	add_file(202, "4026532999");
	add_file(203, "1234");
	assert_string_equal(get_shown(201), "/run/netns/host");
	assert_string_equal(get_shown(202), "/run/netns/4026532999");
	assert_string_equal(get_shown(203), "1234");
	assert_string_equal(get_shown(HOST), "host");
}

static void test_file_names_go_before_containers_but_not_made_up_ones(void **state)
{
	(void)state;
	add_file(201, "blue");
	add_process(50, 201, "web");
	add_file(202, "cni-2d1a4f3c-52b4-4b8e-9d2f-0a1b2c3d4e5f");
	add_process(51, 202, "db");
	add_file(203, "netns-2d1a4f3c-52b4-4b8e-9d2f-0a1b2c3d4e5f");
	assert_string_equal(get_shown(201), "blue");
	assert_string_equal(get_shown(202), "lxc:db");
	assert_string_equal(get_shown(203), "netns-2d1a4f3c-52b4-4b8e-9d2f-0a1b2c3d4e5f");
	for (int i = 0; i < 20; i++) { /* the name stays */
		pass_ms(300);
		assert_string_equal(get_shown(202), "lxc:db");
	}
	drop_process(51);
	for (int i = 0; i < 30; i++) { /* the name is kept for the last lines of the namespace */
		pass_ms(300);
		assert_string_equal(get_shown(202), "lxc:db");
	}
	pass_ms(2000);
	get_shown(202);
	pass_ms(1000);
	assert_string_equal(get_shown(202), "cni-2d1a4f3c-52b4-4b8e-9d2f-0a1b2c3d4e5f");
}

static void test_several_names_of_one(void **state)
{
	(void)state;
	add_file(201, "zebra");
	add_file(201, "ant");
	add_file(201, "bee");
	for (int i = 0; i < 10; i++) {
		assert_string_equal(get_shown(201), "ant");
		pass_ms(500);
		host->file_count = 0; /* a directory has no order */
		add_file(201, i & 1 ? "bee" : "ant");
		add_file(201, i & 1 ? "ant" : "bee");
	}
	drop_file("ant");
	pass_ms(500);
	assert_string_equal(get_shown(201), "bee");
}

static void test_hostile_names(void **state)
{
	const struct netns_label *label;
	char longest[256];

	(void)state;
	memset(longest, '\033', 255);
	longest[255] = '\0';
	add_file(201, "a\nb");
	add_file(202, longest);
	add_file(203, "a b\"\\");
	add_process(50, 204, "\033[2J");
	label = netns_names_find(names, 201, 0, host->now_ns);
	assert_string_equal(label->name, "a\nb");
	assert_string_equal(label->shown, "a\\x0ab");
	assert_false(label->plain);
	label = netns_names_find(names, 202, 0, host->now_ns);
	assert_int_equal(label->length, 255);
	assert_int_equal(strlen(label->shown), 4 * 255); /* a cut name would look like another */
	assert_null(strchr(label->shown, '\033'));
	assert_false(netns_names_find(names, 203, 0, host->now_ns)->plain);
	assert_string_equal(get_shown(204), "lxc:\\x1b[2J");
}

static void test_discovery(void **state)
{
	(void)state;
	assert_int_equal(netns_names_discover(names), 1);
	assert_int_equal(netns_names_widest(names), strlen("host"));
	add_process(1, HOST, NULL);
	assert_int_equal(netns_names_discover(names), 1);
	add_file(201, "blue");
	add_process(50, 202, "caf\303\251-longer");
	add_process(51, 203, NULL);
	assert_int_equal(netns_names_discover(names), 4);
	assert_int_equal(netns_names_widest(names), strlen("lxc:cafe-longer"));
	host->readings = host->walks = 0;
	assert_string_equal(get_shown(201), "blue");
	assert_string_equal(get_shown(202), "lxc:caf\303\251-longer");
	assert_string_equal(get_shown(203), "203");
	assert_int_equal(host->readings + host->walks, 0); /* everything was known */
}

/* ---- those that come ---- */

static void test_new_ones_are_named_at_their_first_line(void **state)
{
	(void)state;
	assert_string_equal(get_shown(HOST), "host");
	for (uint32_t i = 0; i < 20; i++) {
		char name[16], wanted[24];

		snprintf(name, sizeof(name), "new%u", i);
		add_file(1000 + i, name);
		assert_string_equal(get_shown(1000 + i), name);
		add_process(2000 + i, 3000 + i, strdup(name));
		snprintf(wanted, sizeof(wanted), "lxc:%s", name);
		assert_string_equal(get_shown_by(3000 + i, 2000 + i), wanted);
		pass_ms(1);
	}
	assert_int_equal(host->walks, 0); /* each line reported a process in the namespace */
	for (size_t i = 0; i < host->process_count; i++)
		free((char *)host->processes[i].lxc);
}

static void test_said_to_be_in_it_but_is_not(void **state)
{
	(void)state;
	add_process(50, HOST, "wrong");
	add_process(51, 202, "right");
	assert_string_equal(get_shown_by(202, 50), "lxc:right");
	assert_string_equal(get_shown_by(203, 50), "203");
	assert_string_equal(get_shown_by(204, 999), "204");
}

static void test_a_name_that_comes_late(void **state)
{
	(void)state;
	assert_string_equal(get_shown(201), "201");
	add_file(201, "blue");
	pass_ms(1100);
	assert_string_equal(get_shown(201), "blue");
	assert_string_equal(get_shown(202), "202");
	add_process(50, 202, "web");
	pass_ms(4000);
	assert_string_equal(get_shown(202), "lxc:web");
}

/* Eight processes of a namespace are asked, not thousands. */
static void test_only_some_processes_are_asked(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		add_process(50 + i, 201, NULL);
	assert_string_equal(get_shown(201), "201");
	assert_true(host->questions <= 8);
	host->processes[5].lxc = "web";
	pass_ms(10000);
	assert_string_equal(get_shown(201), "lxc:web");
}

/* ---- those that go ---- */

static void add_blue_and_web(void)
{
	add_file(201, "blue");
	add_process(50, 202, "web");
	assert_string_equal(get_shown(201), "blue");
	assert_string_equal(get_shown(202), "lxc:web");
}

static void test_names_outlive_their_namespace(void **state)
{
	(void)state;
	add_blue_and_web();
	drop_file("blue");
	drop_process(50);
	for (int i = 0; i < 45; i++) {
		pass_ms(200);
		assert_string_equal(get_shown(201), "blue");
		assert_string_equal(get_shown(202), "lxc:web");
	}
	for (int i = 0; i < 30; i++) { /* the names do not last for ever */
		pass_ms(200);
		get_shown(201);
		get_shown(202);
	}
	assert_string_equal(get_shown(201), "201");
	assert_string_equal(get_shown(202), "202");
}

/* Names outlive a long silence, too: a namespace that has gone meanwhile is noticed only now. */
static void test_names_outlive_silence(void **state)
{
	(void)state;
	add_file(201, "blue");
	assert_string_equal(get_shown(201), "blue");
	drop_file("blue");
	pass_ms(30000);
	assert_string_equal(get_shown(201), "blue");
	pass_ms(11000);
	get_shown(201);
	assert_string_equal(get_shown(201), "201");
}

/* The kernel gives the number of a namespace that has gone to the next one. */
static void test_number_used_again(void **state)
{
	(void)state;
	add_blue_and_web();
	drop_file("blue");
	add_file(201, "red");
	drop_process(50);
	add_process(60, 202, "db");
	pass_ms(1100);
	assert_string_equal(get_shown(201), "red");
	assert_string_equal(get_shown(202), "lxc:db");
	drop_file("red");
	add_process(61, 201, "mail");
	pass_ms(1100);
	assert_string_equal(get_shown(201), "lxc:mail");
	drop_process(61);
	add_file(201, "green");
	pass_ms(1100);
	assert_string_equal(get_shown(201), "green");
}

/* ---- costs ---- */

/* Reads a line each 10 µs for `ms`, of `count` namespaces by turns. Returns the share of the time that was spent
 * searching. */
static double get_search_share(uint32_t from, uint32_t count, uint64_t ms)
{
	uint64_t began_ns = host->now_ns, lines = 0;

	while (host->now_ns < began_ns + ms * MS) {
		host->now_ns += 10 * NS_PER_US;
		get_shown(from + (uint32_t)(lines++ % count));
	}
	return 1 - (double)(lines * 10 * NS_PER_US) / (double)(host->now_ns - began_ns);
}

static void test_one_namespace_costs_next_to_nothing(void **state)
{
	(void)state;
	get_shown(HOST);
	assert_true(get_search_share(HOST, 1, 10000) < 0.001);
	assert_int_equal(host->walks, 0);
	assert_true(host->readings <= 501);
}

static void test_nameless_ones_are_looked_for_ever_more_rarely(void **state)
{
	(void)state;
	host->walk_ns = 5 * MS;
	for (uint32_t i = 0; i < 200; i++)
		add_process(50 + i, 1000 + i, NULL);
	get_search_share(1000, 200, 10000);
	host->walks = 0;
	assert_true(get_search_share(1000, 200, 60000) < 0.01);
	assert_true(host->walks <= 60000 / 200);
}

/* A flood of namespaces without names, on a host where a search takes long: the time for searching is bounded, and the
 * lines go on. */
static void test_flood(void **state)
{
	(void)state;
	host->names_ns = 8 * MS;
	host->walk_ns = 20 * MS;
	get_shown(HOST);
	assert_true(get_search_share(5000, 100000, 20000) < 0.08);
	assert_string_equal(get_shown(HOST), "host");
}

/* A program that was stopped during a search did not spend all that time searching. */
static void test_stopped_meanwhile(void **state)
{
	(void)state;
	host->names_ns = 3600 * NS_PER_SEC;
	get_shown(201);
	host->names_ns = 10 * NS_PER_US;
	add_file(201, "blue");
	for (int i = 0; i < 25; i++) {
		pass_ms(1000);
		get_shown(201);
	}
	assert_string_equal(get_shown(201), "blue");
}

/* The process that revealed the container ends, other processes of the container live on, and each line is of another
 * process. */
static void test_container_of_short_lived_processes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 50; i++)
		add_process(10 + i, 1000 + i, "web");
	for (uint32_t round = 0; round < 30; round++) {
		for (uint32_t i = 0; i < 50; i++) {
			uint32_t pid = 100000 + 100 * round + i;

			add_process(pid, 1000 + i, "web");
			assert_string_equal(get_shown_by(1000 + i, pid), "lxc:web");
			drop_process(pid);
		}
		pass_ms(300);
	}
	assert_true(host->walks < 60);
}

static void test_memory_is_bounded(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < MAX_FILES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%u", i);
		add_file(1000 + i, name);
	}
	assert_true(netns_names_discover(names) <= 8192);
	for (uint32_t i = 0; i < MAX_FILES; i++) {
		char name[16], number[16];
		const char *is;

		snprintf(name, sizeof(name), "n%u", i);
		snprintf(number, sizeof(number), "%u", 1000 + i);
		is = get_shown(1000 + i);
		if (strcmp(is, name) != 0 && strcmp(is, number) != 0)
			fail_msg("%u is called %s", 1000 + i, is);
	}
	/* once the namespaces are gone, there is room for others */
	host->file_count = 0;
	for (int i = 0; i < 100; i++) {
		pass_ms(1000);
		get_shown(HOST);
	}
	assert_int_equal(netns_names_discover(names), 1);
	add_file(77, "late");
	assert_string_equal(get_shown(77), "late");
}

/* Descriptors may have run out, for longer than a name is kept that has gone: a name that could not be read has not
 * gone. */
static void test_names_that_cannot_be_read(void **state)
{
	(void)state;
	add_file(201, "blue");
	assert_string_equal(get_shown(201), "blue");
	host->file_count = 0;
	host->unreadable = true;
	for (int i = 0; i < 30; i++) {
		pass_ms(1000);
		assert_string_equal(get_shown(201), "blue");
	}
	host->unreadable = false;
	for (int i = 0; i < 30; i++) {
		pass_ms(1000);
		get_shown(201);
	}
	assert_string_equal(get_shown(201), "201");
}

/* Lines come in batches, and some late: their times may be long past. */
static void test_old_lines(void **state)
{
	(void)state;
	add_file(201, "blue");
	assert_string_equal(netns_names_find(names, 201, 0, 5)->shown, "blue");
	assert_string_equal(netns_names_find(names, 202, 0, 5)->shown, "202");
	assert_string_equal(netns_names_find(names, 201, 0, host->now_ns - 70 * NS_PER_SEC)->shown, "blue");
	pass_ms(2000);
	assert_string_equal(get_shown(201), "blue");
}

/* ---- to the nanosecond, where searching takes no time ---- */

static void search_at_once(void)
{
	host->names_ns = 0;
	host->walk_ns = 0;
}

/* /run/netns is read again 20 ms after a reading that cost nothing. */
static void test_when_names_are_read_again(void **state)
{
	(void)state;
	search_at_once();
	get_shown(HOST);
	assert_int_equal(host->readings, 1);
	host->now_ns += 20 * MS - 1;
	get_shown(HOST);
	assert_int_equal(host->readings, 1);
	host->now_ns++;
	get_shown(HOST);
	assert_int_equal(host->readings, 2);
}

/* A namespace without a name is looked for after 0.2 s, 0.4 s and so on, up to each 3.2 s. */
static void test_when_nameless_ones_are_looked_for(void **state)
{
	static const unsigned int times_ms[] = {0, 200, 600, 1400, 3000, 6200, 9400, 12600};
	unsigned int ms = 0;

	(void)state;
	search_at_once();
	for (unsigned int i = 0; i < COUNT_OF(times_ms); i++) {
		for (; ms < times_ms[i]; ms++, pass_ms(1))
			get_shown(201);
		assert_int_equal(host->walks, i);
		get_shown(201);
		assert_int_equal(host->walks, i + 1);
	}
}

/* A name whose file has gone is kept for ten seconds, and no longer. */
static void test_name_that_has_gone_for_ten_seconds(void **state)
{
	(void)state;
	search_at_once();
	add_file(201, "blue");
	assert_string_equal(get_shown(201), "blue");
	drop_file("blue");
	pass_ms(1000);
	assert_string_equal(get_shown(201), "blue");
	pass_ms(10000);
	assert_string_equal(get_shown(201), "blue");
	pass_ms(20); /* until the next reading */
	assert_string_equal(get_shown(201), "201");
}

/* What nobody has asked for in a minute is forgotten. */
static void test_forgotten_after_a_minute(void **state)
{
	(void)state;
	search_at_once();
	get_shown(201);
	host->now_ns += 60 * NS_PER_SEC - 1;
	assert_int_equal(netns_names_discover(names), 2);
	host->now_ns++;
	assert_int_equal(netns_names_discover(names), 1);
}

/* The process that was reported is in no container, but another one in that namespace is. */
static void test_process_that_is_in_no_container(void **state)
{
	(void)state;
	add_process(50, 201, NULL);
	add_process(51, 201, "web");
	assert_string_equal(get_shown_by(201, 50), "lxc:web");
}

static void test_width_of_the_widest(void **state)
{
	(void)state;
	assert_int_equal(netns_names_widest(names), strlen("host"));
	add_file(201, "caf\303\251s");
	get_shown(201);
	assert_int_equal(netns_names_widest(names), 5);
	add_file(202, "abc");
	get_shown(202);
	assert_int_equal(netns_names_widest(names), 5);
}

#define host_test(test) cmocka_unit_test_setup_teardown(test, open_host, close_host)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		host_test(test_each_kind),
		host_test(test_files_named_like_others),
		host_test(test_file_names_go_before_containers_but_not_made_up_ones),
		host_test(test_several_names_of_one),
		host_test(test_names_that_cannot_be_read),
		host_test(test_hostile_names),
		host_test(test_discovery),
		host_test(test_new_ones_are_named_at_their_first_line),
		host_test(test_said_to_be_in_it_but_is_not),
		host_test(test_a_name_that_comes_late),
		host_test(test_only_some_processes_are_asked),
		host_test(test_names_outlive_their_namespace),
		host_test(test_names_outlive_silence),
		host_test(test_number_used_again),
		host_test(test_one_namespace_costs_next_to_nothing),
		host_test(test_nameless_ones_are_looked_for_ever_more_rarely),
		host_test(test_flood),
		host_test(test_stopped_meanwhile),
		host_test(test_container_of_short_lived_processes),
		host_test(test_memory_is_bounded),
		host_test(test_old_lines),
		host_test(test_when_names_are_read_again),
		host_test(test_when_nameless_ones_are_looked_for),
		host_test(test_name_that_has_gone_for_ten_seconds),
		host_test(test_forgotten_after_a_minute),
		host_test(test_process_that_is_in_no_container),
		host_test(test_width_of_the_widest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
