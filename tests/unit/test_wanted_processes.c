// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the warnings about processes that a filter asks for and that are not there, on a host that is made up.
 */
#include "filter_names.h"
#include "made_up_processes.h"
#include "run_command.h"
#include "wanted_processes.h"

/* Asserts the warnings, each without what all begin with. */
static void assert_warned(const char *text, bool waits, const char *wanted)
{
	struct filter_error error = {.message = ""};
	struct expected expected = {0};
	struct filter *filter = NULL;
	int err = open_memory(), kept;
	char *got;

	if (filter_parse(text, &host_names, &filter, &error))
		fail_msg("\"%s\": %s", text, error.message);
	kept = redirect_to(err, STDERR_FILENO);
	wanted_processes_warn(filter, waits);
	restore_from(kept, STDERR_FILENO);
	got = close_memory(err);
	while (*wanted) {
		int length = (int)strcspn(wanted, "\n");

		expect(&expected, "tcpledger: warning: %.*s\n", length, wanted);
		wanted += length + (wanted[length] == '\n');
	}
	assert_lines(got, expected.text);
	free(got);
	filter_free(filter);
}

static void test_what_is_there(void **state)
{
	(void)state;
	add_process(12, "nginx");
	add_process(13, "postgres");
	assert_warned("sport = :80", false, "");
	assert_warned("comm nginx", false, "");
	assert_warned("comm post*", false, "");
	assert_warned("comm postgres or comm nginx or pid 12", false, "");
	assert_warned("comm nginx or comm ngin? or comm nginx", false, "");
}

static void test_what_is_not(void **state)
{
	(void)state;
	add_process(12, "nginx");
	assert_warned("comm zqxjkvw", false, "no process has the name 'zqxjkvw' now");
	assert_warned("comm zqxjkvw", true, "no process has the name 'zqxjkvw' now, but one may come");
	assert_warned("comm nginy", false, "no process has the name 'nginy' now; the nearest is 'nginx'");
	assert_warned("comm nginy*", false, "no process has the name 'nginy*' now");
	assert_warned("comm nginy.*", false, "no process has the name 'nginy.*' now");
	assert_warned("comm nginy or comm nginx or comm b", false,
		      "no process has the name 'nginy' now; the nearest is 'nginx'\n"
		      "no process has the name 'b' now");
	assert_warned("pid 99", false, "no process has the pid 99 now");
	assert_warned("pid 99 or comm b", true,
		      "no process has the pid 99 now, but one may come\n"
		      "no process has the name 'b' now, but one may come");
}

/* This process holds nothing that is shown: its name is not meant. */
static void test_this_process(void **state)
{
	(void)state;
	add_process((uint32_t)getpid(), "postgres");
	assert_warned("comm postgres", false, "no process has the name 'postgres' now");
	assert_warned("comm postgrez", false, "no process has the name 'postgrez' now");
}

/* Some processes cannot be seen from here. */
static void test_hidden_processes(void **state)
{
	(void)state;
	processes.nameless = 1;
	assert_warned("comm b", false, "no process that may be seen from here has the name 'b' now");
	assert_warned("pid 99", false, "no process has the pid 99 now"); /* a pid is shown also of these */
	processes.nameless = 0;
	processes.view = PROCESSES_VISIBLE;
	assert_warned("comm b", false, "no process that may be seen from here has the name 'b' now");
	processes.view = PROCESSES_INSIDE;
	assert_warned("pid 99", true, "no process that may be seen from here has the pid 99 now, but one may come");
}

/* What else is called so may have been meant. */
static void test_hints(void **state)
{
	static const struct {
		const char *name, *hints;
	} cases[] = {
		{"http", "the port is ':http'"},
		{"estab", "the state is 'state estab'"},
		{"'10.0.0.1'", "the address is 10.0.0.1"},
		{"www-data", "the user is 'uid www-data'"},
		{"blue", "the network namespace is 'netns blue'"},
		{"localhost", "a host is known by its address only"},
		{"a.example", "a host is known by its address only"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *name = cases[i].name;
		bool quoted = *name == '\'';
		struct expected filter = {0}, wanted = {0};

		expect(&filter, "comm %s", name);
		expect(&wanted, "no process has the name '%.*s' now; %s", (int)strlen(name) - 2 * quoted, name + quoted,
		       cases[i].hints);
		assert_warned(filter.text, false, wanted.text);
	}
	add_process(12, "blueX");
	assert_warned(
		"comm blue", false,
		"no process has the name 'blue' now; the network namespace is 'netns blue'; the nearest is 'blueX'");
	assert_warned("comm '1001'", false, "no process has the name '\\x31001' now"); /* no namespace by number */
	assert_warned("comm blue*", false, "");
}

static void test_numbers_of_threads(void **state)
{
	(void)state;
	add_process(12, "ja va");
	add_thread(20, 12, "worker");
	assert_warned("pid 12", false, "");
	assert_warned("pid 20", false,
		      "20 is the number of a thread: the process, which holds its sockets, is 12 (ja va)");
	processes.all[1].facts_err = -EMFILE;
	assert_warned("pid 20", false, "");
	processes.all[1].facts_err = 0;
	processes.all[0].open_err = -ENOENT; /* it has exited meanwhile */
	assert_warned("pid 20", false, "");
	processes.all[0].open_err = 0;
	processes.names_fail_at = processes.names_read + 1;
	assert_warned("pid 20", false, "");
	processes.all[1].open_err = -EACCES; /* it is there */
	assert_warned("pid 20", false, "");
	processes.all[1].open_err = -ESRCH;
	assert_warned("pid 20", false, "no process has the pid 20 now");
}

/* Where the names cannot be read, nobody knows what is not there. */
static void test_shortage(void **state)
{
	(void)state;
	add_process(12, "nginx");
	processes.names_fail_at = 1;
	assert_warned("comm b or pid 99", false, "");
	processes.names_fail_at = 0;
	assert_warned("comm b", false, "no process has the name 'b' now");
}

/* Descriptor 0 is as good as any other, where standard input is closed. */
static void test_closed_standard_input(void **state)
{
	int kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);

	(void)state;
	add_process(12, "java");
	add_thread(20, 12, "worker");
	close(STDIN_FILENO);
	for (int i = 0; i < 2; i++) {
		processes.leave_0 = i;
		assert_warned("pid 20", false,
			      "20 is the number of a thread: the process, which holds its sockets, is 12 (java)");
	}
	if (kept >= 0) {
		dup2(kept, STDIN_FILENO);
		close(kept);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_is_there, renew_processes),
		cmocka_unit_test_setup(test_what_is_not, renew_processes),
		cmocka_unit_test_setup(test_this_process, renew_processes),
		cmocka_unit_test_setup(test_hidden_processes, renew_processes),
		cmocka_unit_test_setup(test_hints, renew_processes),
		cmocka_unit_test_setup(test_numbers_of_threads, renew_processes),
		cmocka_unit_test_setup(test_shortage, renew_processes),
		cmocka_unit_test_setup(test_closed_standard_input, renew_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
