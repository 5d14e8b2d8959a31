// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests `fds` as a whole, on processes that are made up: which of them it shows, and what it says of those that it
 * cannot show.
 */
#include "capability.h"
#include "descriptors.h"
#include "made_up_identities.h"
#include "made_up_processes.h"
#include "pipe_holders.h"
#include "run_command.h"
#include "socket_ends.h"
#include "thread_tables.h"

extern const struct command fds_command;

/* ---- what they have open, in place of what these have (thread_tables.h, descriptors.h, and others) ---- */

bool thread_tables_are_comparable(void)
{
	return !processes.incomparable;
}

int thread_tables_each(uint32_t pid, int process, bool comparable, thread_table_handler *handler, void *context,
		       bool *denied)
{
	int result = 0;

	if (opened_task(process)->threads_denied)
		*denied = true;
	for (size_t i = 0; comparable && i < processes.count && !result; i++) {
		const struct made_up_task *task = &processes.all[i];
		int fd = task->of == pid && task->own_table ? process_open(task->pid) : -1;

		if (fd < 0)
			continue;
		result = handler(context, task->pid, fd);
		close(fd);
	}
	return result;
}

uint32_t thread_table_of(uint32_t pid, int process, bool comparable, uint32_t tid)
{
	(void)pid;
	(void)process;
	return comparable && find_task(tid)->own_table ? tid : 0;
}

int descriptors_read(int task, uint32_t pid, uint32_t tid, struct descriptors *out)
{
	const struct made_up_task *of = opened_task(task);

	assert_int_equal(pid, of->of ? of->of : of->pid);
	assert_int_equal(tid, of->of && of->own_table && !processes.incomparable ? of->pid : 0);
	if (of->table_err)
		return of->table_err;
	*out = (struct descriptors){.all = calloc(4, sizeof(*out->all)), .count = of->count, .room = 4};
	assert_non_null(out->all);
	memcpy(out->all, of->descriptors, sizeof(of->descriptors));
	for (size_t i = 0; i < out->count; i++)
		out->all[i].name = out->all[i].name ? strdup(out->all[i].name) : NULL;
	return 0;
}

int pipe_holders_find(struct descriptor *const *all, size_t count, size_t *hidden)
{
	for (size_t i = 0; i < count; i++)
		assert_non_null(all[i]);
	*hidden = processes.hidden_pipes;
	return processes.pipes_err;
}

int socket_ends_find(struct descriptor *const *all, size_t count, struct socket_ends **out, size_t *hidden)
{
	(void)all;
	(void)count;
	*out = NULL;
	*hidden = processes.hidden_ends;
	return processes.ends_err;
}

void socket_ends_free(struct socket_ends *ends)
{
	(void)ends;
}

const struct netns_list *socket_ends_namespaces(const struct socket_ends *ends)
{
	(void)ends;
	return NULL;
}

/* ---- which processes ---- */

#define TABLE_OF(who)                                                                                                  \
	who " 1 descriptor of at most 1024\n"                                                                          \
	    "FD KIND ACCESS FLAGS SIZE POS WHAT\n"                                                                     \
	    " 3 file r      -        -   - /x\n"

static void test_which_processes(void **state)
{
	static const struct {
		const char *word, *wanted;
	} cases[] = {
		{"12", TABLE_OF("nginx, pid 12, user 0:")},
		{"nginx", TABLE_OF("nginx, pid 12, user 0:") "\n" TABLE_OF("nginx, pid 13, user 0:")},
		{"ngin?", TABLE_OF("nginx, pid 12, user 0:") "\n" TABLE_OF("nginx, pid 13, user 0:")},
		{"'nginx'", TABLE_OF("nginx, pid 12, user 0:") "\n" TABLE_OF("nginx, pid 13, user 0:")},
		{"\"c*\"", TABLE_OF("cat, pid 14, user 0:")},
		{"77", TABLE_OF("\\x377, pid 15, user 0:")}, /* there is no pid 77: it is a name */
		{"\"\"", TABLE_OF("\"\", pid 16, user 0:")},
	};

	(void)state;
	add_process(12, "nginx");
	add_process(13, "nginx");
	add_process((uint32_t)getpid(), "nginx"); /* this process is not what was asked for */
	add_process(14, "cat");
	add_process(15, "77");
	add_process(16, "");
	add_process(17, "")->vanishes = true;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_run(&fds_command, cases[i].word, STATUS_DONE, cases[i].wanted, "");
}

#define OBJECT_OF(pid, comm, tid)                                                                                      \
	"{'type':'descriptor','pid':" pid ",'tid':" tid ",'comm':'" comm "'," NOT_IDENTIFIED                           \
	",'fd':3,'kind':'file','access':'r',"                                                                          \
	"'flags':null,'path':'/x','deleted':false,'inode':null,'dev':'0:0','size':null,'pos':null,'locks':0}\n"

static void test_json(void **state)
{
	(void)state;
	add_process(12, "nginx");
	add_process(13, "nginx");
	assert_run_json(&fds_command, "nginx --json", STATUS_DONE,
			OBJECT_OF("12", "nginx", "null") OBJECT_OF("13", "nginx", "null"), "");
}

/* A thread's table is its process's, as to who that is. */
static void test_who_it_is(void **state)
{
	static const struct {
		const char *line;
		bool with_cmdline;
	} cases[] = {{"12", true}, {"--no-cmdline 12", false}};

	(void)state;
	add_process(12, "nginx");
	add_thread(20, 12, "worker");
	know_process(0, 12);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct run run = run_line(&fds_command, cases[i].line);

		assert_non_null(strstr(run.out, "nginx, pid 12, user 0: 1 descriptor of at most 1024\n"
						" parent:systemd/1 unit:nginx.service exe:/usr/sbin/nginx cmd:"));
		assert_non_null(strstr(run.out, "of its own, user 0: 1 descriptor of at most 1024\n parent:systemd/1"));
		assert_int_equal(host_identities.with_cmdline, cases[i].with_cmdline);
		free_run(&run);
	}
}

/* ---- threads ---- */

static void test_threads(void **state)
{
	(void)state;
	add_process(12, "java");
	add_thread(20, 12, "worker");
	add_thread(21, 12, "shares")->own_table = false;
	assert_run(&fds_command, "12", STATUS_DONE,
		   TABLE_OF("java, pid 12, user 0:") "\n" TABLE_OF(
			   "java, pid 12, thread 20 worker with descriptors of its own, user 0:"),
		   "");
	assert_run_json(&fds_command, "12 --json", STATUS_DONE,
			OBJECT_OF("12", "java", "null") OBJECT_OF("12", "java", "20"), "");
	assert_run(&fds_command, "20", STATUS_DONE,
		   TABLE_OF("java, pid 12, thread 20 worker with descriptors of its own, user 0:"), "");
	assert_run(&fds_command, "21", STATUS_DONE, TABLE_OF("java, pid 12, thread 21 shares, user 0:"), "");
}

/* Where the main thread has exited, the tables of the other threads are all there is. */
static void test_main_thread_has_exited(void **state)
{
	(void)state;
	add_process(12, "java")->exited = true;
	assert_run(&fds_command, "12", STATUS_DONE, TABLE_OF("java, pid 12, which has exited, user 0:"), "");
	add_thread(20, 12, "worker");
	assert_run(
		&fds_command, "12", STATUS_DONE,
		TABLE_OF(
			"java, pid 12, whose main thread has exited, thread 20 worker with descriptors of its own, user 0:"),
		"");
}

/* A thread whose process has exited meanwhile was never there. */
static void test_thread_without_process(void **state)
{
	(void)state;
	add_thread(20, 12, "worker");
	assert_run(&fds_command, "20", STATUS_WRONG_USE, "",
		   "tcpledger: fds 20: there is no process of this number, or it has exited\n");
	add_process(12, "java")->open_err = -EMFILE;
	assert_run(&fds_command, "20", STATUS_FAILED, "", "tcpledger: fds: Too many open files\n");
	processes.all[1].open_err = 0;
	processes.all[1].facts_err = -EMFILE;
	assert_run(&fds_command, "20", STATUS_FAILED, "", "tcpledger: fds: Too many open files\n");
}

static void test_tables_that_cannot_be_compared(void **state)
{
	struct expected one = {0}, two = {0};

	(void)state;
	expect(&one,
	       "tcpledger: warning: of 1 process it cannot be seen whether threads have descriptors of their own: %s\n",
	       capabilities_owners_remedy());
	expect(&two,
	       "tcpledger: warning: of 2 processes it cannot be seen whether threads have descriptors of their own: %s\n",
	       capabilities_owners_remedy());
	add_process(12, "java")->threads_denied = true;
	assert_run(&fds_command, "12", STATUS_FINDINGS, TABLE_OF("java, pid 12, user 0:"), one.text);
	add_process(13, "java")->threads_denied = true;
	assert_run(&fds_command, "java", STATUS_FINDINGS,
		   TABLE_OF("java, pid 12, user 0:") "\n" TABLE_OF("java, pid 13, user 0:"), two.text);
	processes.incomparable = true;
	add_thread(20, 12, "worker");
	assert_run(&fds_command, "20", STATUS_FINDINGS, TABLE_OF("java, pid 12, thread 20 worker, user 0:"), one.text);
}

/* ---- no such process ---- */

static void test_no_such_process(void **state)
{
	static const struct {
		enum process_view view;
		size_t nameless;
		const char *word, *wanted;
	} cases[] = {
		{PROCESSES_ALL, 0, "99", "there is no process of this number, or it has exited"},
		{PROCESSES_ALL, 3, "99", "there is no process of this number that may be seen from here"},
		{PROCESSES_VISIBLE, 3, "99",
		 "there is no process of this number that may be seen from here, where /proc hides those of others (hidepid)"},
		{PROCESSES_INSIDE, 3, "99", "there is no process of this number in this PID namespace"},
		{PROCESSES_ALL, 0, "nginy", "there is no process of this name; the nearest is nginx"},
		{PROCESSES_INSIDE, 0, "nginy",
		 "there is no process of this name in this PID namespace; the nearest is nginx"},
		{PROCESSES_ALL, 0, "zqxjkvw", "there is no process of this name, nor one that is nearly called so"},
		{PROCESSES_ALL, 0, "postgrez", /* this process is not what was meant */
		 "there is no process of this name, nor one that is nearly called so"},
		{PROCESSES_ALL, 1, "zqxjkvw",
		 "there is no process of this name that may be seen from here, nor one that is nearly called so"},
	};

	(void)state;
	add_process(12, "nginx");
	add_process(13, "mmmmmm");
	add_process((uint32_t)getpid(), "postgres");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct expected message = {0};

		processes.view = cases[i].view;
		processes.nameless = cases[i].nameless;
		expect(&message, "tcpledger: fds %s: %s\n", cases[i].word, cases[i].wanted);
		assert_run(&fds_command, cases[i].word, STATUS_WRONG_USE, "", message.text);
	}
}

/* Where the names cannot be read, none is the nearest. */
static void test_no_nearest_name(void **state)
{
	(void)state;
	add_process(12, "nginx");
	processes.names_fail_at = 2; /* the first reading compares */
	assert_run(&fds_command, "nginy", STATUS_WRONG_USE, "",
		   "tcpledger: fds nginy: there is no process of this name, nor one that is nearly called so\n");
	processes.names_fail_at = 3;
	assert_run(&fds_command, "nginx", STATUS_FAILED, "", "tcpledger: fds: Too many open files\n");
}

/* Descriptor 0 is as good as any other, where standard input is closed. */
static void test_closed_standard_input(void **state)
{
	int kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);

	(void)state;
	add_process(12, "java");
	add_thread(20, 12, "worker");
	processes.leave_0 = true;
	close(STDIN_FILENO);
	assert_run(&fds_command, "12", STATUS_DONE,
		   TABLE_OF("java, pid 12, user 0:") "\n" TABLE_OF(
			   "java, pid 12, thread 20 worker with descriptors of its own, user 0:"),
		   "");
	assert_run(&fds_command, "20", STATUS_DONE,
		   TABLE_OF("java, pid 12, thread 20 worker with descriptors of its own, user 0:"), "");
	if (kept >= 0) {
		dup2(kept, STDIN_FILENO);
		close(kept);
	}
}

static void test_process_that_exits_meanwhile(void **state)
{
	(void)state;
	add_process(12, "nginx")->table_err = -ESRCH;
	assert_run(&fds_command, "12", STATUS_WRONG_USE, "",
		   "tcpledger: fds 12: there is no process of this number, or it has exited\n");
	processes.all[0].open_err = -ESRCH;
	assert_run(&fds_command, "12", STATUS_WRONG_USE, "",
		   "tcpledger: fds 12: there is no process of this number, or it has exited\n");
}

static void test_shortage(void **state)
{
	(void)state;
	add_process(12, "nginx");
	processes.pipes_err = -ENOMEM;
	assert_run(&fds_command, "12", STATUS_FAILED, "", "tcpledger: fds: Cannot allocate memory\n");
	processes.pipes_err = 0;
	processes.ends_err = -EMFILE;
	assert_run(&fds_command, "12", STATUS_FAILED, "", "tcpledger: fds: Too many open files\n");
	processes.ends_err = 0;
	processes.all[0].table_err = -EMFILE;
	assert_run(&fds_command, "12", STATUS_FAILED, "", "tcpledger: fds: Too many open files\n");
	processes.all[0].facts_err = -ENFILE;
	assert_run(&fds_command, "nginx", STATUS_FAILED, "", "tcpledger: fds: Too many open files in system\n");
	processes.all[0].open_err = -EMFILE;
	assert_run(&fds_command, "12", STATUS_FAILED, "", "tcpledger: fds: Too many open files\n");
}

/* ---- processes that may not be looked at ---- */

static void test_denied(void **state)
{
	const char *remedy = capabilities_owners_remedy();
	struct expected number = {0}, one = {0}, two = {0};

	(void)state;
	expect(&number, "tcpledger: the process 12 may not be looked at: %s\n", remedy);
	expect(&one, "tcpledger: nginx (pid 12): its descriptors may not be looked at: %s\n", remedy);
	expect(&two, "tcpledger: the descriptors of 2 processes may not be looked at: %s\n", remedy);
	add_process(12, "nginx")->open_err = -EACCES;
	assert_run(&fds_command, "12", STATUS_FAILED, "", number.text);
	processes.all[0].open_err = -EPERM;
	assert_run(&fds_command, "12", STATUS_FAILED, "", number.text);
	processes.all[0].open_err = 0;
	processes.all[0].table_err = -EACCES;
	assert_run(&fds_command, "12", STATUS_FAILED, "", one.text);
	processes.all[0].table_err = -EPERM;
	assert_run(&fds_command, "nginx", STATUS_FAILED, "", one.text);
	add_process(13, "nginx");
	assert_run(&fds_command, "nginx", STATUS_FINDINGS, TABLE_OF("nginx, pid 13, user 0:"), one.text);
	processes.all[1].table_err = -EACCES;
	assert_run(&fds_command, "nginx", STATUS_FAILED, "", two.text);
}

/* Of a process that may not be looked at, the threads are not looked at either. */
static void test_denied_with_threads(void **state)
{
	const char *remedy = capabilities_owners_remedy();
	struct expected one = {0};

	(void)state;
	expect(&one, "tcpledger: java (pid 12): its descriptors may not be looked at: %s\n", remedy);
	add_process(12, "java")->table_err = -EACCES;
	processes.all[0].threads_denied = true;
	add_thread(20, 12, "worker");
	assert_run(&fds_command, "12", STATUS_FAILED, "", one.text);
	processes.all[0].exited = true;
	processes.all[1].table_err = -EACCES;
	assert_run(&fds_command, "12", STATUS_FAILED, "", one.text);
}

static void test_denied_in_json(void **state)
{
	const char *remedy = capabilities_owners_remedy();
	struct expected out = {0}, err = {0};
	struct run run;

	(void)state;
	add_process(12, "nginx")->table_err = -EACCES;
	add_process(13, "nginx")->threads_denied = true;
	expect(&out,
	       "{\"type\":\"incomplete\",\"what\":\"processes\",\"count\":1,\"why\":\"%s\"}\n"
	       "{\"type\":\"incomplete\",\"what\":\"threads\",\"count\":1,\"why\":\"%s\"}\n",
	       remedy, remedy);
	expect(&err,
	       "tcpledger: nginx (pid 12): its descriptors may not be looked at: %s\n"
	       "tcpledger: warning: of 1 process it cannot be seen whether threads have descriptors of their own: %s\n",
	       remedy, remedy);
	run = run_line(&fds_command, "nginx --json");
	assert_lines(strchr(run.out, '\n') + 1, out.text);
	assert_lines(run.err, err.text);
	assert_int_equal(run.status, STATUS_FINDINGS);
	free_run(&run);
}

/* ---- other ends that were not seen ---- */

static void assert_warned_of_ends(const char *wanted)
{
	struct expected warning = {0};
	struct run run = run_line(&fds_command, "12");

	if (*wanted)
		expect(&warning, "tcpledger: warning: who holds the other end of %s\n", wanted);
	assert_lines(run.err, warning.text);
	assert_int_equal(run.status, STATUS_DONE);
	free_run(&run);
}

static void assert_may_not_be_looked_into(const char *ends_and_processes)
{
	struct expected wanted = {0};

	expect(&wanted, "%s may not be looked into: %s", ends_and_processes, capabilities_owners_remedy());
	assert_warned_of_ends(wanted.text);
}

static void test_hidden_holders(void **state)
{
	struct made_up_task *task = add_process(12, "cat");

	(void)state;
	task->descriptors[0] = (struct descriptor){.kind = KIND_PIPE, .access = ACCESS_READ};
	assert_warned_of_ends("");
	processes.hidden_pipes = 1;
	assert_may_not_be_looked_into("1 pipe or socket is not known, since 1 process");
	processes.hidden_ends = 3; /* the greater number counts */
	assert_may_not_be_looked_into("1 pipe or socket is not known, since 3 processes");
	processes.hidden_ends = 0;
	task->descriptors[1] = (struct descriptor){.kind = KIND_FIFO, .access = ACCESS_WRITE};
	task->count = 2;
	assert_may_not_be_looked_into("2 pipes or sockets is not known, since 1 process");
	processes.hidden_pipes = 0;
	processes.view = PROCESSES_VISIBLE;
	assert_warned_of_ends("2 pipes or sockets is not known: remount /proc");
	task->count = 1;
	processes.view = PROCESSES_INSIDE;
	assert_warned_of_ends("1 pipe or socket is not known: no remedy");
}

/* Ends that nobody can hold, or whose holder was found, are not missed. */
static void test_ends_that_are_not_missed(void **state)
{
	static const struct owner owner = {.pid = 13, .fd = 3};
	const struct socket alone = {.protocol = PROTOCOL_UNIX, .inode = 5};
	const struct socket connected = {.protocol = PROTOCOL_UNIX, .inode = 5, .peer_inode = 6};
	const struct {
		struct descriptor descriptor;
		bool missed;
	} cases[] = {
		{{.kind = KIND_FILE}, false},
		{{.kind = KIND_PIPE, .access = ACCESS_READ, .other_end = TRISTATE_NO}, false},
		{{.kind = KIND_PIPE, .access = ACCESS_READ, .other_end = TRISTATE_YES}, true},
		{{.kind = KIND_PIPE, .access = ACCESS_BOTH}, false},
		{{.kind = KIND_SOCKET}, false},
		{{.kind = KIND_SOCKET, .socket.found = &alone}, false},
		{{.kind = KIND_SOCKET, .socket.found = &connected}, true},
		{{.kind = KIND_SOCKET, .socket = {.found = &connected, .peer_owners = &owner, .peer_owner_count = 1}},
		 false},
	};
	struct made_up_task *task = add_process(12, "cat");

	(void)state;
	processes.hidden_pipes = 1;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		task->descriptors[0] = cases[i].descriptor;
		if (cases[i].missed)
			assert_may_not_be_looked_into("1 pipe or socket is not known, since 1 process");
		else
			assert_warned_of_ends("");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_which_processes, renew_processes),
		cmocka_unit_test_setup(test_json, renew_processes),
		cmocka_unit_test_setup(test_who_it_is, renew_processes),
		cmocka_unit_test_setup(test_threads, renew_processes),
		cmocka_unit_test_setup(test_main_thread_has_exited, renew_processes),
		cmocka_unit_test_setup(test_thread_without_process, renew_processes),
		cmocka_unit_test_setup(test_tables_that_cannot_be_compared, renew_processes),
		cmocka_unit_test_setup(test_no_such_process, renew_processes),
		cmocka_unit_test_setup(test_no_nearest_name, renew_processes),
		cmocka_unit_test_setup(test_closed_standard_input, renew_processes),
		cmocka_unit_test_setup(test_process_that_exits_meanwhile, renew_processes),
		cmocka_unit_test_setup(test_shortage, renew_processes),
		cmocka_unit_test_setup(test_denied, renew_processes),
		cmocka_unit_test_setup(test_denied_with_threads, renew_processes),
		cmocka_unit_test_setup(test_denied_in_json, renew_processes),
		cmocka_unit_test_setup(test_hidden_holders, renew_processes),
		cmocka_unit_test_setup(test_ends_that_are_not_missed, renew_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
