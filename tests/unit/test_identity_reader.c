// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what is read of a process, with processes of this test's own: while they live, after they have called execve(),
 * taken another name, or exited.
 */
#include "identity_reader.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup_tree.h"
#include "check.h"
#include "clock.h"

/* A child that does what it is told by a byte, and says when it is done. */
struct child {
	pid_t pid;
	int orders, answers;
	uint64_t before_ns, after_ns; /* it began between these times */
};

enum order { RENAME = 'n', LONG_COMMAND = 'l', SAME_NAME = 's' };

static const char new_name[] = "new \x1b(name)";

static void exec_sleep(char *name)
{
	char *arguments[] = {name, strdup("1000"), NULL};

	execv("/bin/sleep", arguments);
}

/* A shell stops itself, whatever its further arguments are. */
static void exec_long_command(void)
{
	static char zeros[1001];
	char shell[] = "/bin/sh", option[] = "-c", stop[] = "kill -STOP $$", empty[] = "";
	char *arguments[] = {shell, option, stop, empty, zeros, NULL};

	memset(zeros, '0', sizeof(zeros) - 1);
	execv("/bin/sh", arguments);
}

static void obey(int orders, int answers)
{
	char order;

	while (read(orders, &order, 1) == 1) {
		if (order == RENAME)
			prctl(PR_SET_NAME, new_name);
		if (order == LONG_COMMAND)
			exec_long_command(); /* the pipe is closed by that */
		if (order == SAME_NAME)
			exec_sleep(strdup("sleep"));
		if (write(answers, &order, 1) != 1)
			break;
	}
	_exit(0);
}

static struct child start_child(void)
{
	struct child child = {.before_ns = clock_monotonic_ns()};
	int orders[2], answers[2];

	assert_int_equal(pipe2(orders, O_CLOEXEC), 0);
	assert_int_equal(pipe2(answers, O_CLOEXEC), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		close(orders[1]);
		close(answers[0]);
		obey(orders[0], answers[1]);
	}
	child.after_ns = clock_monotonic_ns();
	close(orders[0]);
	close(answers[1]);
	child.orders = orders[1];
	child.answers = answers[0];
	return child;
}

/* An execve() closes the pipe and changes the name before the arguments can be read. */
static void await_arguments(const struct child *child)
{
	char path[64], byte;
	ssize_t got = 0;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", child->pid);
	while (got == 0) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		got = read(fd, &byte, 1);
		close(fd);
	}
	assert_int_equal(got, 1);
}

/* Gives an order, and waits until it is done. */
static void tell_child(const struct child *child, char order)
{
	char answer;
	ssize_t got;

	assert_int_equal(write(child->orders, &order, 1), 1);
	got = read(child->answers, &answer, 1);
	assert_int_equal(got, order == RENAME);
	if (order != RENAME)
		await_arguments(child);
}

static void end_child(struct child *child)
{
	kill(child->pid, SIGKILL);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
	close(child->orders);
	close(child->answers);
}

static struct owner owner_called(pid_t pid, const char *comm)
{
	struct owner owner = {.pid = (uint32_t)pid, .fd = FD_UNKNOWN};

	snprintf(owner.comm, sizeof(owner.comm), "%s", comm);
	return owner;
}

static const char *own_comm(void)
{
	static char comm[COMM_LEN];

	prctl(PR_GET_NAME, comm);
	return comm;
}

static const char *own_exe(void)
{
	static char exe[4096];
	ssize_t length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(length > 0);
	exe[length] = '\0';
	return exe;
}

static struct identity *read_child(const struct child *child, const char *comm, const struct lineage *lineage)
{
	const struct owner owner = owner_called(child->pid, comm);
	struct identity *identity = identity_read(&owner, lineage, true);

	assert_non_null(identity);
	return identity;
}

/* ---- a process that lives ---- */

static void test_living_process(void **state)
{
	struct child child = start_child();
	struct identity *identity = read_child(&child, own_comm(), NULL);
	const struct owner owner = owner_called(child.pid, own_comm());

	(void)state;
	assert_string_equal(identity->exe, own_exe());
	assert_non_null(strstr(identity->cmdline, "test_identity_reader"));
	assert_int_equal(identity->lineage.ppid, getpid());
	assert_string_equal(identity->lineage.pcomm, own_comm());
	/* /proc has ticks only: the time is the end of one */
	assert_true(identity->lineage.start_ns + NS_PER_SEC >= child.before_ns);
	assert_true(identity->lineage.start_ns <= child.after_ns + NS_PER_SEC);
	assert_true(identity_holds(identity, &owner));
	identity_unref(identity);
	identity = identity_read(&owner, NULL, false);
	assert_string_equal(identity->exe, own_exe());
	assert_null(identity->cmdline);
	identity_unref(identity);
	end_child(&child);
}

/* What the kernel told stays as it was told. */
static void test_told_lineage(void **state)
{
	struct child child = start_child();
	const struct lineage told = {
		.start_ns = (child.before_ns + child.after_ns) / 2, .ppid = 4711, .pcomm = "told", .execs = 3};
	struct identity *identity = read_child(&child, own_comm(), &told);

	(void)state;
	assert_string_equal(identity->exe, own_exe());
	assert_memory_equal(&identity->lineage, &told, sizeof(told));
	identity_unref(identity);
	end_child(&child);
}

/* ---- another process, or another program ---- */

/* A process that began at another time is another one, though it has the pid and the name. */
static void test_another_process(void **state)
{
	struct child child = start_child();
	struct lineage told = {.start_ns = child.before_ns - 10 * NS_PER_SEC, .ppid = 4711};
	const struct owner owner = owner_called(child.pid, own_comm());

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct identity *identity = read_child(&child, own_comm(), &told);

		assert_null(identity->exe);
		assert_null(identity->cmdline);
		assert_null(identity->unit);
		assert_null(identity->container);
		assert_false(identity_holds(identity, &owner));
		identity_unref(identity);
		told.start_ns = child.after_ns + 10 * NS_PER_SEC;
	}
	end_child(&child);
}

static void assert_no_program(const struct child *child, const char *comm)
{
	struct identity *identity = read_child(child, comm, NULL);
	const struct owner owner = owner_called(child->pid, comm);

	assert_null(identity->exe);
	assert_null(identity->cmdline);
	assert_int_equal(identity->lineage.ppid, getpid());
	assert_false(identity_holds(identity, &owner));
	identity_unref(identity);
}

static void test_another_name(void **state)
{
	struct child child = start_child();
	struct identity *identity;

	(void)state;
	tell_child(&child, RENAME);
	assert_no_program(&child, own_comm());
	identity = read_child(&child, new_name, NULL);
	assert_string_equal(identity->exe, own_exe());
	identity_unref(identity);
	end_child(&child);
}

static void test_another_program(void **state)
{
	struct child child = start_child();
	struct identity *identity;

	(void)state;
	tell_child(&child, SAME_NAME);
	assert_no_program(&child, own_comm());
	identity = read_child(&child, "sleep", NULL);
	assert_string_not_equal(identity->exe, own_exe());
	assert_string_equal(identity->cmdline, "sleep 1000");
	identity_unref(identity);
	end_child(&child);
}

/* Arguments are joined by spaces, and cut at a length; an empty one leaves two spaces. */
static void test_long_command_line(void **state)
{
	static const char start[] = "/bin/sh -c kill -STOP $$  000";
	struct child child = start_child();
	struct identity *identity;

	(void)state;
	tell_child(&child, LONG_COMMAND);
	identity = read_child(&child, "sh", NULL);
	assert_int_equal(strlen(identity->cmdline), CMDLINE_MAX);
	assert_int_equal(strncmp(identity->cmdline, start, strlen(start)), 0);
	identity_unref(identity);
	end_child(&child);
}

/* Where descriptors run out, what is left out may be there: that is no identity to remember. */
static void test_no_descriptors(void **state)
{
	struct child child = start_child();
	const struct owner owner = owner_called(child.pid, own_comm());
	const struct lineage told = {.start_ns = child.after_ns, .cgroup = 1};
	struct rlimit before, few;
	struct identity *identity;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	for (few.rlim_cur = 0; few.rlim_cur < 64; few.rlim_cur++) {
		setrlimit(RLIMIT_NOFILE, &few);
		identity = identity_read(&owner, NULL, true);
		setrlimit(RLIMIT_NOFILE, &before);
		if (identity)
			break;
		assert_true(few.rlim_cur < 63);
	}
	assert_non_null(identity->exe); /* all, or nothing */
	assert_non_null(identity->cmdline);
	identity_unref(identity);
	end_child(&child);
	few.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &few);
	assert_null(identity_read(&owner, &told, true)); /* nor is it known that the process is gone */
	setrlimit(RLIMIT_NOFILE, &before);
}

/* ---- no process ---- */

static void test_exited_process(void **state)
{
	struct child child = start_child();
	const struct lineage told = {.start_ns = child.after_ns, .ppid = 4711, .pcomm = "told"};
	const struct owner owner = owner_called(child.pid, own_comm());
	struct identity *identity;

	(void)state;
	end_child(&child);
	identity = read_child(&child, own_comm(), &told);
	assert_null(identity->exe);
	assert_null(identity->cmdline);
	assert_int_equal(identity->lineage.ppid, 4711);
	assert_string_equal(identity->lineage.pcomm, "told");
	assert_false(identity_holds(identity, &owner));
	identity_unref(identity);
	identity = read_child(&child, own_comm(), NULL);
	assert_null(identity->exe);
	assert_int_equal(identity->lineage.ppid, 0);
	identity_unref(identity);
}

/* A process that /proc does not show is not looked for: its number there is another one's. */
static void test_foreign_process(void **state)
{
	struct owner owner = owner_called(getpid(), own_comm());
	struct identity *identity;

	(void)state;
	owner.pid |= OWNER_FOREIGN;
	identity = identity_read(&owner, NULL, true);
	assert_non_null(identity);
	assert_null(identity->exe);
	assert_int_equal(identity->lineage.ppid, 0);
	assert_false(identity_holds(identity, &owner));
	identity_unref(identity);
}

/* ---- control groups ---- */

/* Makes a group of this test's own, and returns its id; 0 where it may not. */
static uint64_t make_group(const char *name, char path[256])
{
	const char *tree = cgroup_tree();
	struct stat group;

	snprintf(path, 256, "%s/tl-%d-%s", tree ? tree : "", getpid(), name);
	if (!tree || geteuid() != 0 || mkdir(path, 0755) || stat(path, &group))
		return 0;
	return group.st_ino;
}

static void test_groups_by_id(void **state)
{
	char path[256], found[256] = "untouched", small[4];
	uint64_t id = make_group("unit.service", path);

	(void)state;
	if (!id)
		skip();
	assert_true(cgroup_path_of(id, found, sizeof(found)));
	assert_string_equal(found, path + strlen(cgroup_tree()));
	assert_false(cgroup_path_of(id, small, sizeof(small)));
	assert_int_equal(rmdir(path), 0);
	assert_false(cgroup_path_of(id, found, sizeof(found)));
	assert_false(cgroup_path_of(UINT64_MAX, found, sizeof(found)));
	assert_true(cgroup_path_of(1, found, sizeof(found))); /* the root of kernfs */
	assert_string_equal(found, "/");
}

/* The group of a process that is gone tells its unit, as long as it is there. */
static void test_group_of_exited_process(void **state)
{
	char path[256];
	uint64_t id = make_group("gone.service", path);
	const struct lineage told = {.start_ns = 1, .cgroup = id};
	const struct owner owner = owner_called(INT32_MAX, "gone"); /* no pid is so high */
	struct identity *identity;

	(void)state;
	if (!id)
		skip();
	identity = identity_read(&owner, &told, true);
	assert_int_equal(rmdir(path), 0);
	assert_string_equal(identity->unit, strrchr(path, '/') + 1);
	assert_null(identity->container);
	identity_unref(identity);
	identity = identity_read(&owner, &told, true);
	assert_null(identity->unit);
	identity_unref(identity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_living_process),          cmocka_unit_test(test_told_lineage),
		cmocka_unit_test(test_another_process),         cmocka_unit_test(test_another_name),
		cmocka_unit_test(test_another_program),         cmocka_unit_test(test_long_command_line),
		cmocka_unit_test(test_no_descriptors),          cmocka_unit_test(test_exited_process),
		cmocka_unit_test(test_foreign_process),         cmocka_unit_test(test_groups_by_id),
		cmocka_unit_test(test_group_of_exited_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
