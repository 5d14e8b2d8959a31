// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests which capabilities are effective, when and for whom. A small kernel of the test's own stands for the system
 * calls: so any user may run the tests, and each refusal can be tried.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capability_bit.h"
#include "check.h"
#include "privileges.h"

#define BIT(capability) CAPABILITY_BIT(capability)

/* What a block may raise, as privileges.h says. */
#define USED                                                                                                           \
	(BIT(CAP_BPF) | BIT(CAP_PERFMON) | BIT(CAP_SYS_RESOURCE) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH) |    \
	 BIT(CAP_DAC_OVERRIDE) | BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_NICE))

#define ALL ((1ULL << 41) - 1) /* those of Linux 5.9 and later */

enum { ROOT = 0, ALICE = 1000, USERS = 100 };

/* ---- the kernel ---- */

static struct {
	uid_t uid, euid;
	gid_t gid, egid;
	uint64_t effective, permitted, inheritable, ambient;
	int securebits; /* or -1: the call fails */
	bool keeps_capabilities, no_new_privs;
	bool secure;                                                  /* AT_SECURE: the program's file gave rights */
	int capget_error, capset_error, setresuid_error, prctl_error; /* 0: the call succeeds */
	bool filtered, capset_kills;                                  /* seccomp */
	int capset_calls, id_calls;
} kernel;

static int end_call(int error)
{
	errno = error;
	return error ? -1 : 0;
}

static int get_sets(struct __user_cap_data_struct data[2])
{
	for (int half = 0; half < 2 && !kernel.capget_error; half++)
		data[half] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(kernel.effective >> 32 * half),
			.permitted = (uint32_t)(kernel.permitted >> 32 * half),
			.inheritable = (uint32_t)(kernel.inheritable >> 32 * half),
		};
	return end_call(kernel.capget_error);
}

static int set_sets(const struct __user_cap_data_struct data[2])
{
	uint64_t effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	uint64_t permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;

	kernel.capset_calls++;
	if (kernel.capset_kills) {
		signal(SIGSYS, SIG_DFL); /* cmocka catches it */
		raise(SIGSYS);
	}
	if (kernel.capset_error)
		return end_call(kernel.capset_error);
	if (permitted & ~kernel.permitted || effective & ~permitted)
		return end_call(EPERM);
	kernel.effective = effective;
	kernel.permitted = permitted;
	kernel.inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
	kernel.ambient &= permitted & kernel.inheritable;
	return 0;
}

/* These functions take the places of the C library's. */

long syscall(long number, ...)
{
	va_list arguments;
	struct __user_cap_header_struct *header;
	struct __user_cap_data_struct *data;

	va_start(arguments, number);
	header = va_arg(arguments, struct __user_cap_header_struct *);
	data = va_arg(arguments, struct __user_cap_data_struct *);
	va_end(arguments);
	assert_true(number == SYS_capget || number == SYS_capset);
	assert_int_equal(header->version, _LINUX_CAPABILITY_VERSION_3);
	assert_int_equal(header->pid, 0);
	return number == SYS_capget ? get_sets(data) : set_sets(data);
}

static int answer_about_ambient(unsigned long what, unsigned long capability)
{
	if (what == PR_CAP_AMBIENT_CLEAR_ALL) {
		kernel.ambient = 0;
		return 0;
	}
	assert_int_equal(what, PR_CAP_AMBIENT_IS_SET);
	return capability <= CAP_LAST_CAP ? (kernel.ambient & BIT(capability)) != 0 : end_call(EINVAL);
}

int prctl(int option, ...)
{
	unsigned long first, second;
	va_list arguments;

	va_start(arguments, option);
	first = va_arg(arguments, unsigned long);
	second = va_arg(arguments, unsigned long);
	va_end(arguments);
	switch (option) {
	case PR_GET_SECCOMP:
		return kernel.filtered ? SECCOMP_MODE_FILTER : 0;
	case PR_GET_SECUREBITS:
		return kernel.securebits < 0 ? end_call(EPERM) : kernel.securebits;
	case PR_CAP_AMBIENT:
		return answer_about_ambient(first, second);
	case PR_SET_KEEPCAPS:
		kernel.keeps_capabilities = (int)first;
		return end_call(kernel.prctl_error);
	case PR_SET_NO_NEW_PRIVS:
		kernel.no_new_privs = (int)first;
		return end_call(kernel.prctl_error);
	default:
		fail_msg("prctl(%d)", option);
		return -1;
	}
}

uid_t getuid(void)
{
	return kernel.uid;
}

uid_t geteuid(void)
{
	return kernel.euid;
}

gid_t getgid(void)
{
	return kernel.gid;
}

gid_t getegid(void)
{
	return kernel.egid;
}

int setresgid(gid_t real, gid_t effective, gid_t saved)
{
	kernel.id_calls++;
	assert_true(real == kernel.gid && effective == real && saved == real);
	kernel.egid = effective;
	return 0;
}

/* A process that leaves root loses its capabilities, unless it keeps them permitted (capabilities(7)). */
int setresuid(uid_t real, uid_t effective, uid_t saved)
{
	kernel.id_calls++;
	assert_true(real == kernel.uid && effective == real && saved == real);
	if (kernel.setresuid_error)
		return end_call(kernel.setresuid_error);
	kernel.effective = kernel.euid == ROOT ? 0 : kernel.effective;
	if (kernel.euid == ROOT && !kernel.keeps_capabilities)
		kernel.permitted = 0;
	kernel.euid = effective;
	return 0;
}

unsigned long getauxval(unsigned long type)
{
	return type == AT_SECURE ? kernel.secure : 0;
}

/* ---- the users ---- */

static void become_root(void)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.effective = kernel.permitted = ALL;
}

/* A user who runs a program; its file gives `permitted`. */
static void become_alice(uint64_t permitted)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.uid = kernel.euid = ALICE;
	kernel.gid = kernel.egid = USERS;
	kernel.effective = kernel.permitted = permitted;
	kernel.secure = permitted != 0;
}

/* Runs `part` in a process of its own; returns its exit status. */
static int status_of(void (*part)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		close(STDERR_FILENO);
		part();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* ---- blocks ---- */

static void test_nothing_is_effective_outside_of_blocks(void **state)
{
	(void)state;
	become_root();
	assert_int_equal(privileges_begin(), 0);
	assert_int_equal(kernel.effective, 0);
	assert_int_equal(kernel.permitted, ALL);
	{
		WITH_PRIVILEGES;
		assert_int_equal(kernel.effective, USED);
	}
	assert_int_equal(kernel.effective, 0);
	assert_int_equal(kernel.permitted, ALL);
}

static void raise_within_user_block(void)
{
	WITH_PRIVILEGES;
	assert_int_equal(kernel.effective, ALL); /* nothing is lowered by that */
}

static void become_user_within_block(void)
{
	AS_USER;
	assert_int_equal(kernel.effective, ALL);
	raise_within_user_block();
	assert_int_equal(kernel.effective, ALL);
}

static void test_blocks_nest(void **state)
{
	(void)state;
	become_root();
	assert_int_equal(privileges_begin(), 0);
	{
		WITH_PRIVILEGES;
		become_user_within_block();
		assert_int_equal(kernel.effective, USED);
	}
	assert_int_equal(kernel.effective, 0);
}

static void test_only_what_is_permitted_is_raised(void **state)
{
	(void)state;
	become_alice(BIT(CAP_BPF) | BIT(CAP_NET_ADMIN));
	assert_int_equal(privileges_begin(), 0);
	{
		WITH_PRIVILEGES;
		assert_int_equal(kernel.effective, BIT(CAP_BPF)); /* CAP_NET_ADMIN serves nothing */
	}
	become_alice(0);
	assert_int_equal(privileges_begin(), 0);
	{
		WITH_PRIVILEGES;
		assert_int_equal(kernel.effective, 0);
	}
	assert_int_equal(kernel.capset_calls, 0); /* nothing was to be changed */
}

/* What the file gave is not the user's: a path that the user names is opened without it. */
static void test_rights_of_the_user(void **state)
{
	static const struct {
		uid_t uid;
		int securebits;
		uint64_t permitted, ambient, wanted;
	} cases[] = {
		{ROOT, 0, ALL, 0, ALL},
		{ROOT, 0, BIT(CAP_BPF), 0, BIT(CAP_BPF)},
		{ROOT, SECBIT_NOROOT, ALL, 0, 0}, /* root by its number only */
		{ROOT, SECBIT_NOROOT, ALL, BIT(CAP_BPF), BIT(CAP_BPF)},
		{ROOT, -1, ALL, 0, 0}, /* nobody knows: then it is not assumed */
		{ALICE, 0, USED, 0, 0},
		{ALICE, 0, USED, BIT(CAP_CHOWN), BIT(CAP_CHOWN) & USED},
		{ALICE, 0, ALL, BIT(CAP_CHOWN) | BIT(CAP_BPF), BIT(CAP_CHOWN) | BIT(CAP_BPF)},
		{ALICE, 0, ALL, BIT(CAP_LAST_CAP), BIT(CAP_LAST_CAP)},
		{ALICE, 0, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		become_alice(cases[i].permitted);
		kernel.uid = kernel.euid = cases[i].uid;
		kernel.securebits = cases[i].securebits;
		kernel.ambient = cases[i].ambient;
		kernel.effective = 0;
		assert_int_equal(privileges_permitted(), cases[i].permitted);
		assert_int_equal(privileges_of_user(), cases[i].wanted);
		{
			AS_USER;
			assert_int_equal(kernel.effective, cases[i].wanted);
		}
		assert_int_equal(kernel.effective, 0);
	}
}

/* A capability that was given up within a block does not come back at its end. */
static void test_what_was_dropped_is_not_restored(void **state)
{
	(void)state;
	become_root();
	kernel.effective = USED;
	{
		AS_USER;
		kernel.effective = kernel.permitted = BIT(CAP_BPF) | BIT(CAP_CHOWN);
	}
	assert_int_equal(kernel.effective, BIT(CAP_BPF));
}

/* ---- refusals ---- */

/* Where the sets cannot be read, as under some seccomp filters, blocks change nothing. */
static void test_sets_that_cannot_be_read(void **state)
{
	(void)state;
	become_root();
	kernel.capget_error = EPERM;
	assert_int_equal(privileges_permitted(), 0);
	{
		WITH_PRIVILEGES;
		assert_int_equal(kernel.effective, ALL);
	}
	{
		AS_USER;
		assert_int_equal(kernel.effective, ALL);
	}
	assert_int_equal(kernel.effective, ALL);
	assert_int_equal(kernel.capset_calls, 0);
}

static void test_raising_that_fails_is_no_error(void **state)
{
	(void)state;
	become_root();
	kernel.effective = 0;
	kernel.capset_error = EPERM;
	{
		WITH_PRIVILEGES;
		assert_int_equal(kernel.effective, 0);
	}
	assert_int_equal(kernel.capset_calls, 1);
}

static void lower_in_vain(void)
{
	become_root();
	kernel.effective = 0;
	WITH_PRIVILEGES;
	kernel.capset_error = EPERM;
}

static void lower_without_reading(void)
{
	uint64_t before = 0;

	become_root();
	kernel.capget_error = EPERM;
	privileges_restore(&before);
}

static void become_user_in_vain(void)
{
	become_alice(USED);
	kernel.capset_error = EPERM;
	privileges_become_user();
}

/* Nothing is done with too many capabilities. */
static void test_lowering_that_fails_ends_the_program(void **state)
{
	(void)state;
	assert_int_equal(status_of(lower_in_vain), 1);
	assert_int_equal(status_of(lower_without_reading), 1);
	assert_int_equal(status_of(become_user_in_vain), 1);
}

/* ---- the beginning ---- */

static void test_begins_as_the_real_user(void **state)
{
	(void)state;
	become_root();
	kernel.uid = ALICE; /* a set-uid program */
	kernel.gid = kernel.egid = USERS;
	kernel.secure = true;
	assert_int_equal(privileges_begin(), 0);
	assert_int_equal(kernel.euid, ALICE);
	assert_int_equal(kernel.effective, 0);
	assert_int_equal(kernel.permitted, ALL);
	assert_false(kernel.keeps_capabilities);

	become_alice(USED);
	kernel.egid = 0; /* a set-gid program */
	assert_int_equal(privileges_begin(), 0);
	assert_int_equal(kernel.egid, USERS);

	become_alice(USED);
	assert_int_equal(privileges_begin(), 0);
	assert_int_equal(kernel.id_calls, 0);
}

static void test_beginning_that_is_refused(void **state)
{
	(void)state;
	become_root();
	kernel.uid = ALICE;
	kernel.setresuid_error = EAGAIN;
	assert_int_equal(privileges_begin(), -EAGAIN);

	become_root();
	kernel.uid = ALICE;
	kernel.prctl_error = EPERM;
	assert_int_equal(privileges_begin(), -EPERM);
	assert_int_equal(kernel.euid, ROOT);
}

/* Where capabilities can be neither read nor laid aside, only a program goes on that has no more than its user. */
static void test_begins_without_capability_calls(void **state)
{
	static const struct {
		bool root, secure;
		int capget_error, capset_error, wanted;
	} cases[] = {
		{true, false, EPERM, 0, 0},      {false, true, EPERM, 0, -EPERM}, {true, false, 0, EPERM, 0},
		{false, true, 0, EPERM, -EPERM}, {false, true, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		become_alice(USED);
		if (cases[i].root)
			become_root();
		kernel.secure = cases[i].secure;
		kernel.capget_error = cases[i].capget_error;
		kernel.capset_error = cases[i].capset_error;
		assert_int_equal(privileges_begin(), cases[i].wanted);
	}
	become_root();
	kernel.effective = 0; /* nothing to be laid aside */
	assert_int_equal(privileges_begin(), 0);
	assert_int_equal(kernel.capset_calls, 0);
}

/* A seccomp filter may kill who changes capabilities. It is tried in a child, and then done without. */
static void test_changes_that_would_kill(void **state)
{
	(void)state;
	become_root();
	kernel.filtered = kernel.capset_kills = true;
	assert_int_equal(privileges_begin(), 0);
	{
		WITH_PRIVILEGES;
		assert_int_equal(kernel.effective, ALL);
	}
	{
		AS_USER;
		assert_int_equal(kernel.effective, ALL);
	}
	assert_int_equal(privileges_drop(false), -EPERM);
	assert_true(kernel.no_new_privs);
	assert_int_equal(kernel.capset_calls, 0);

	become_alice(USED); /* by the program's file */
	kernel.filtered = kernel.capset_kills = true;
	assert_int_equal(privileges_begin(), -EPERM);

	become_root();
	kernel.filtered = true; /* by a filter that lets it pass */
	assert_int_equal(privileges_begin(), 0);
	assert_int_equal(kernel.effective, 0);
}

/* ---- giving up ---- */

static void test_drop(void **state)
{
	const uint64_t kept = BIT(CAP_BPF) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH);

	(void)state;
	for (int enters = 0; enters < 2; enters++) {
		become_root();
		kernel.inheritable = kernel.ambient = ALL;
		assert_int_equal(privileges_drop(enters), 0);
		assert_int_equal(kernel.permitted, kept | (enters ? BIT(CAP_SYS_ADMIN) : 0));
		assert_int_equal(kernel.effective, kernel.permitted);
		assert_int_equal(kernel.inheritable, 0);
		assert_int_equal(kernel.ambient, 0);
		assert_true(kernel.no_new_privs);
	}
	become_root();
	kernel.effective = 0;
	assert_int_equal(privileges_drop(true), 0);
	assert_int_equal(kernel.effective, 0); /* nothing is raised by that */
}

static void test_drop_that_is_refused(void **state)
{
	(void)state;
	become_root();
	kernel.prctl_error = EACCES;
	assert_int_equal(privileges_drop(false), -EACCES);
	become_root();
	kernel.capget_error = EPERM;
	assert_int_equal(privileges_drop(false), -EPERM);
	become_root();
	kernel.capset_error = EPERM;
	assert_int_equal(privileges_drop(false), -EPERM);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_effective_outside_of_blocks),
		cmocka_unit_test(test_blocks_nest),
		cmocka_unit_test(test_only_what_is_permitted_is_raised),
		cmocka_unit_test(test_rights_of_the_user),
		cmocka_unit_test(test_what_was_dropped_is_not_restored),
		cmocka_unit_test(test_sets_that_cannot_be_read),
		cmocka_unit_test(test_raising_that_fails_is_no_error),
		cmocka_unit_test(test_lowering_that_fails_ends_the_program),
		cmocka_unit_test(test_begins_as_the_real_user),
		cmocka_unit_test(test_beginning_that_is_refused),
		cmocka_unit_test(test_begins_without_capability_calls),
		cmocka_unit_test(test_changes_that_would_kill),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_drop_that_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
