// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what doctor concludes about hosts: made-up ones, for want of real ones at hand. Examining this host must leave
 * nothing open.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capability.h"
#include "capability_bit.h"
#include "check.h"
#include "checkup.h"

static const uint64_t to_trace = CAPABILITY_BIT(CAP_BPF) | CAPABILITY_BIT(CAP_PERFMON);
static const uint64_t all = CAPABILITY_BIT(CAP_BPF) | CAPABILITY_BIT(CAP_PERFMON) | CAPABILITY_BIT(CAP_SYS_PTRACE) |
			    CAPABILITY_BIT(CAP_DAC_READ_SEARCH) | CAPABILITY_BIT(CAP_SYS_ADMIN) |
			    CAPABILITY_BIT(CAP_SYS_NICE);

static struct trial refused(enum trial_step step, int err)
{
	return (struct trial){.failed_at = step, .err = err};
}

/* Returns the facts of a host on which all is well. */
static struct host_facts good_host(void)
{
	return (struct host_facts){
		.release = "6.1.0",
		.machine = "x86_64",
		.program = "/usr/local/bin/tcpledger",
		.capabilities = all,
		.system_call = -EBADF,
		.btf_types = 100000,
		.lockdown = LOCKDOWN_NONE,
		.possible_cpus = 8,
		.locked_memory = 8 << 20,
		.open_files = 1024,
		.netns_count = 3,
		.may_enter_netns = true,
		.has_proc = true,
		.time_offsets = {.known = true},
	};
}

static void refuse_all(struct host_facts *facts, enum trial_step step, int err)
{
	facts->ring_buffer = refused(TRIAL_LOAD, err);
	facts->tracepoint = refused(step, err);
	facts->socket_cookie = refused(step, err);
	facts->kernel_read = refused(step, err);
	facts->socket_iterator = refused(step, err);
	facts->descriptor_iterator = refused(step, err);
	facts->accept_exit = refused(step, err);
}

static const struct check *find_check(const struct checkup *checkup, const char *name)
{
	for (size_t i = 0; i < checkup->count; i++)
		if (!strcmp(checkup->checks[i].name, name))
			return &checkup->checks[i];
	fail_msg("no check %s", name);
	abort();
}

/* Asserts that every check is either well, or states its cost and its remedy. */
static void assert_whole(const struct checkup *checkup)
{
	for (size_t i = 0; i < checkup->count; i++) {
		const struct check *f = &checkup->checks[i];

		if (!*f->found || (f->state == CHECK_YES) != !*f->cost || (f->state == CHECK_YES) != !*f->remedy)
			fail_msg("%s: %s / %s / %s", f->name, f->found, f->cost, f->remedy);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(f->name, checkup->checks[j].name);
	}
}

static void judge_whole(const struct host_facts *facts, struct checkup *checkup)
{
	checkup_judge(facts, checkup);
	assert_whole(checkup);
}

static void assert_state(const struct checkup *checkup, const char *name, enum check_state state)
{
	if (find_check(checkup, name)->state != state)
		fail_msg("%s is %s", name, check_state_name(find_check(checkup, name)->state));
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in \"%s\"", part, text);
}

static void assert_says_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in \"%s\"", part, text);
}

/* ---- hosts ---- */

static void test_all_is_well(void **state)
{
	struct host_facts facts = good_host();
	struct checkup checkup;
	struct outlook outlook;

	(void)state;
	judge_whole(&facts, &checkup);
	checkup_add_program(&checkup, &facts, 0);
	assert_whole(&checkup);
	for (size_t i = 0; i < checkup.count; i++)
		assert_int_equal(checkup.checks[i].state, CHECK_YES);
	assert_null(checkup_obstacle(&checkup));
	outlook = checkup_outlook(&checkup, &facts);
	assert_true(outlook.runs && outlook.exact_snapshot && outlook.owner_at_accept);
	assert_int_equal(outlook.tier, 1);
}

static void test_tiers(void **state)
{
	struct host_facts facts = good_host();
	struct checkup checkup;

	(void)state;
	facts.accept_exit = refused(TRIAL_LOAD, -EPERM);
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "fentry", CHECK_NO);
	assert_says(find_check(&checkup, "fentry")->found, "at the load: Operation not permitted");
	assert_says(find_check(&checkup, "fentry")->remedy, "the kernel's own policy");
	assert_int_equal(checkup_outlook(&checkup, &facts).tier, 2);
	assert_false(checkup_outlook(&checkup, &facts).owner_at_accept);

	facts.accept_exit = refused(TRIAL_ATTACH, -524);
	facts.descriptor_iterator = refused(TRIAL_LOAD, -EINVAL);
	judge_whole(&facts, &checkup);
	assert_says(find_check(&checkup, "fentry")->found, "cannot be attached: not supported here");
	assert_state(&checkup, "iterators", CHECK_PARTLY);
	assert_says(find_check(&checkup, "iterators")->cost, "owners are read from /proc/PID/fd");
	assert_says_not(find_check(&checkup, "iterators")->cost, "snapshots");
	assert_int_equal(checkup_outlook(&checkup, &facts).tier, 2);
	assert_true(checkup_outlook(&checkup, &facts).exact_snapshot);

	facts.socket_iterator = refused(TRIAL_FIND, -ENOENT);
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "iterators", CHECK_NO);
	assert_says(find_check(&checkup, "iterators")->found, "tcp: not in this kernel, task_file: refused");
	assert_int_equal(checkup_outlook(&checkup, &facts).tier, 3);
	assert_false(checkup_outlook(&checkup, &facts).exact_snapshot);
	assert_null(checkup_obstacle(&checkup));
}

static void test_without_privileges(void **state)
{
	struct host_facts facts = good_host();
	struct checkup checkup;

	(void)state;
	facts.capabilities = 0;
	facts.system_call = -EPERM; /* as before Linux 6.4 */
	refuse_all(&facts, TRIAL_LOAD, -EPERM);
	judge_whole(&facts, &checkup);
	assert_string_equal(checkup_obstacle(&checkup)->name, "capabilities");
	assert_says(checkup_obstacle(&checkup)->found, "missing: CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE");
	assert_says(checkup_obstacle(&checkup)->remedy,
		    "`sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search=ep /usr/local/bin/tcpledger`");
	for (size_t i = 0; i < checkup.count; i++)
		if (checkup.checks[i].state == CHECK_NO && &checkup.checks[i] != checkup_obstacle(&checkup))
			assert_string_equal(checkup.checks[i].remedy, "See capabilities");
	assert_state(&checkup, "seccomp", CHECK_YES);
	assert_false(checkup_outlook(&checkup, &facts).runs);
	assert_int_equal(checkup_outlook(&checkup, &facts).tier, 0);

	strcpy(facts.program, "/tmp/$(reboot)/tcpledger");
	facts.no_new_privileges = true;
	judge_whole(&facts, &checkup);
	assert_says_not(checkup_obstacle(&checkup)->remedy, "reboot");
	assert_says(checkup_obstacle(&checkup)->remedy, "no_new_privs");
}

static void test_some_privileges(void **state)
{
	struct host_facts facts = good_host();
	struct checkup checkup;

	(void)state;
	facts.capabilities = to_trace;
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "capabilities", CHECK_PARTLY);
	assert_says(find_check(&checkup, "capabilities")->found, "CAP_BPF, CAP_PERFMON; missing: CAP_SYS_PTRACE, ");
	assert_says(find_check(&checkup, "capabilities")->cost,
		    "without CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH: network namespaces");
	assert_says(find_check(&checkup, "capabilities")->cost, "; without CAP_SYS_ADMIN: no network namespace");
	assert_says_not(find_check(&checkup, "capabilities")->cost, "nothing can be traced");
	assert_null(checkup_obstacle(&checkup));

	facts.descriptor_iterator = refused(TRIAL_LOAD, -EINVAL);
	judge_whole(&facts, &checkup);
	assert_says(find_check(&checkup, "capabilities")->cost, "without CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH: owners");

	facts.may_enter_netns = false;
	judge_whole(&facts, &checkup);
	assert_false(checkup_outlook(&checkup, &facts).exact_snapshot);
	assert_int_equal(checkup_outlook(&checkup, &facts).tier, 3);
	facts.netns_count = 1;
	assert_true(checkup_outlook(&checkup, &facts).exact_snapshot);

	facts.capabilities = all & ~CAPABILITY_BIT(CAP_SYS_NICE);
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "capabilities", CHECK_PARTLY);
	assert_says_not(find_check(&checkup, "capabilities")->cost, "owners");
	assert_says_not(find_check(&checkup, "capabilities")->remedy, "setcap");
}

static void test_user_namespace(void **state)
{
	struct host_facts facts = good_host();
	struct checkup checkup;

	(void)state;
	facts.in_user_namespace = true;
	judge_whole(&facts, &checkup);
	assert_null(checkup_obstacle(&checkup)); /* tracing works all the same: by a token */
	refuse_all(&facts, TRIAL_LOAD, -EPERM);
	judge_whole(&facts, &checkup);
	assert_string_equal(checkup_obstacle(&checkup)->name, "capabilities");
	assert_says(checkup_obstacle(&checkup)->found, "user namespace");
	assert_says_not(checkup_obstacle(&checkup)->remedy, "setcap");
}

static void test_something_forbids_bpf(void **state)
{
	static const int said[] = {-EPERM, -ENOSYS, -EINVAL, -ESHUTDOWN};
	struct host_facts facts = good_host();
	struct checkup checkup;

	(void)state;
	facts.has_seccomp_filter = true;
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "seccomp", CHECK_YES);
	for (size_t i = 0; i < COUNT_OF(said); i++) {
		facts.system_call = said[i];
		refuse_all(&facts, TRIAL_LOAD, said[i]);
		judge_whole(&facts, &checkup);
		assert_state(&checkup, "kernel", CHECK_YES);
		assert_string_equal(checkup_obstacle(&checkup)->name, "seccomp");
		assert_says(checkup_obstacle(&checkup)->remedy, "seccomp=unconfined");
		assert_string_equal(find_check(&checkup, "tracepoint")->remedy, "See seccomp");
	}
	facts.capabilities = 0; /* then a filter cannot be distinguished from missing capabilities */
	facts.system_call = -EPERM;
	refuse_all(&facts, TRIAL_LOAD, -EPERM);
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "seccomp", CHECK_PARTLY);
	assert_string_equal(find_check(&checkup, "tracepoint")->remedy, "See capabilities");

	facts = good_host();
	facts.system_call = -EPERM;
	refuse_all(&facts, TRIAL_LOAD, -EPERM);
	judge_whole(&facts, &checkup);
	assert_string_equal(checkup_obstacle(&checkup)->name, "seccomp");
	assert_says(checkup_obstacle(&checkup)->remedy, "security module");

	facts.system_call = -ENOSYS;
	refuse_all(&facts, TRIAL_LOAD, -ENOSYS);
	judge_whole(&facts, &checkup);
	assert_string_equal(checkup_obstacle(&checkup)->name, "kernel");
	assert_says(checkup_obstacle(&checkup)->remedy, "CONFIG_BPF_SYSCALL=y");
}

static void test_old_kernels(void **state)
{
	struct host_facts facts = good_host();
	struct checkup checkup;

	(void)state;
	facts.btf_types = 0;
	facts.btf_file_err = ENOENT;
	refuse_all(&facts, TRIAL_FIND, -ENODATA);
	facts.ring_buffer = (struct trial){0};
	judge_whole(&facts, &checkup);
	assert_string_equal(checkup_obstacle(&checkup)->name, "btf");
	assert_says(checkup_obstacle(&checkup)->found, "/sys/kernel/btf/vmlinux: No such file");
	assert_says(checkup_obstacle(&checkup)->remedy, "CONFIG_DEBUG_INFO_BTF=y");
	assert_string_equal(find_check(&checkup, "tracepoint")->remedy, "See btf");

	facts = good_host();
	facts.ring_buffer = refused(TRIAL_LOAD, -EINVAL);
	judge_whole(&facts, &checkup);
	assert_string_equal(checkup_obstacle(&checkup)->name, "ring-buffer");
	assert_says(checkup_obstacle(&checkup)->remedy, "5.8");

	facts = good_host();
	facts.tracepoint = refused(TRIAL_FIND, -ENOENT);
	judge_whole(&facts, &checkup);
	assert_string_equal(checkup_obstacle(&checkup)->name, "tracepoint");
	assert_says(checkup_obstacle(&checkup)->remedy, "CONFIG_INET=y");

	facts = good_host();
	facts.socket_cookie = refused(TRIAL_LOAD, -EINVAL);
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "cookies", CHECK_NO);
	assert_null(checkup_obstacle(&checkup));
}

static void test_lockdown(void **state)
{
	struct host_facts facts = good_host();
	struct checkup checkup;

	(void)state;
	assert_int_equal(lockdown_of("[none] integrity confidentiality\n"), LOCKDOWN_NONE);
	assert_int_equal(lockdown_of("none [integrity] confidentiality\n"), LOCKDOWN_INTEGRITY);
	assert_int_equal(lockdown_of("none integrity [confidentiality]\n"), LOCKDOWN_CONFIDENTIALITY);
	assert_int_equal(lockdown_of(""), LOCKDOWN_UNKNOWN);

	/* seen on 6.1 and 6.12: only the helper that reads kernel memory is refused, the rest loads and attaches */
	facts.lockdown = LOCKDOWN_CONFIDENTIALITY;
	facts.kernel_read = refused(TRIAL_LOAD, -EINVAL);
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "lockdown", CHECK_PARTLY);
	assert_says(find_check(&checkup, "lockdown")->cost, "TIME_WAIT");
	assert_says(find_check(&checkup, "lockdown")->remedy, "lockdown=integrity");
	assert_int_equal(checkup_outlook(&checkup, &facts).tier, 1);
	checkup_add_program(&checkup, &facts, -EACCES);
	assert_whole(&checkup);
	assert_string_equal(checkup_obstacle(&checkup)->name, "program");
	assert_says(checkup_obstacle(&checkup)->remedy, "lockdown=integrity");
}

static void test_limits(void **state)
{
	struct host_facts facts = good_host();
	struct checkup checkup;

	(void)state;
	facts.named_netns = 961;
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "limits", CHECK_PARTLY);
	assert_says(find_check(&checkup, "limits")->remedy, "`ulimit -n 1025`");
	facts.named_netns = 960;
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "limits", CHECK_YES);

	facts.named_netns = 0;
	facts.open_files = 40;
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "limits", CHECK_PARTLY);
	facts.open_files = 39;
	judge_whole(&facts, &checkup);
	assert_string_equal(checkup_obstacle(&checkup)->name, "limits");
	assert_says(checkup_obstacle(&checkup)->remedy, "`ulimit -n 64`");
	facts.open_files = 1024;

	facts.counts_locked_memory = true;
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "limits", CHECK_PARTLY);
	assert_says(find_check(&checkup, "limits")->found, "locked memory: 8192 KiB");
	facts.locked_memory = UINT64_MAX;
	facts.open_files = UINT64_MAX;
	facts.possible_cpus = 4096;
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "limits", CHECK_YES);

	facts.possible_cpus = 4097;
	judge_whole(&facts, &checkup);
	assert_string_equal(checkup_obstacle(&checkup)->name, "limits");
}

/* Reports that descriptors, files or memory are used up as such, not as a refusal by the kernel. */
static void test_remedy_of_errno(void **state)
{
	static const struct {
		int err;
		const char *remedy;
	} cases[] = {{EMFILE, "`ulimit -n "}, {ENFILE, "fs.file-max"}, {ENOMEM, "memory"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct host_facts facts = good_host();
		struct checkup checkup;

		checkup_judge(&facts, &checkup);
		checkup_add_program(&checkup, &facts, -cases[i].err);
		assert_says(checkup_obstacle(&checkup)->remedy, cases[i].remedy);
		assert_says_not(checkup_obstacle(&checkup)->found, "refuses");
		refuse_all(&facts, TRIAL_LOAD, -cases[i].err);
		judge_whole(&facts, &checkup);
		assert_string_equal(checkup_obstacle(&checkup)->name, "ring-buffer");
		assert_says(find_check(&checkup, "ring-buffer")->remedy, cases[i].remedy);
		assert_says(find_check(&checkup, "tracepoint")->remedy, cases[i].remedy);
		facts.btf_types = 0;
		facts.btf_parse_err = cases[i].err;
		judge_whole(&facts, &checkup);
		assert_string_equal(checkup_obstacle(&checkup)->name, "btf");
		assert_says(checkup_obstacle(&checkup)->remedy, cases[i].remedy);
		assert_says_not(checkup_obstacle(&checkup)->remedy, "Boot");
	}
	assert_null(checkup_remedy_of_errno(-EINVAL));
}

static void test_surroundings(void **state)
{
	struct host_facts facts = good_host();
	struct checkup checkup;

	(void)state;
	facts.in_pid_namespace = true;
	strcpy(facts.hidepid, "invisible");
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "pid-namespace", CHECK_PARTLY);
	assert_state(&checkup, "proc", CHECK_YES);
	assert_says(find_check(&checkup, "proc")->found, "hidepid=invisible, which hides nothing");
	assert_null(checkup_obstacle(&checkup));
	assert_says(find_check(&checkup, "time-namespace")->found, "the host's, or one without offsets");

	facts.time_offsets.monotonic_ns = -1500000000;
	facts.time_offsets.boottime_ns = 7000000001;
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "time-namespace", CHECK_YES);
	assert_says(find_check(&checkup, "time-namespace")->found,
		    "CLOCK_MONOTONIC is 1.500000000 s behind the host's");
	assert_says(find_check(&checkup, "time-namespace")->found,
		    "CLOCK_BOOTTIME is 7.000000001 s ahead of the host's");
	facts.time_offsets.known = false;
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "time-namespace", CHECK_PARTLY);

	facts.hides_processes = true;
	judge_whole(&facts, &checkup);
	assert_state(&checkup, "proc", CHECK_PARTLY);
	facts.has_proc = false;
	judge_whole(&facts, &checkup);
	assert_string_equal(checkup_obstacle(&checkup)->name, "proc");
}

static void test_long_texts_are_kept(void **state)
{
	struct host_facts facts = good_host();
	struct checkup checkup;

	(void)state;
	memset(facts.program, 'x', sizeof(facts.program) - 1);
	facts.program[0] = '/';
	facts.program[sizeof(facts.program) - 1] = '\0';
	facts.capabilities = 0;
	facts.no_new_privileges = true;
	facts.in_pid_namespace = true;
	refuse_all(&facts, TRIAL_LOAD, -EPERM);
	judge_whole(&facts, &checkup);
	for (size_t i = 0; i < checkup.count; i++) {
		assert_true(strlen(checkup.checks[i].found) < CHECK_TEXT - 1);
		assert_true(strlen(checkup.checks[i].cost) < CHECK_TEXT - 1);
		assert_true(strlen(checkup.checks[i].remedy) < CHECK_TEXT - 1);
	}
}

/* ---- parsing ---- */

static void test_hidepid(void **state)
{
	char value[16] = "left alone";

	(void)state;
	assert_false(hidepid_of("22 27 0:21 / /sys rw - sysfs sysfs rw\n", value, sizeof(value)));
	assert_false(hidepid_of("22 27 0:21 / /proc/sys ro - proc proc rw,hidepid=2\n", value, sizeof(value)));
	assert_false(hidepid_of("22 27 0:21 / /proc rw - tmpfs proc rw,hidepid=2\n", value, sizeof(value)));
	assert_false(hidepid_of("", value, sizeof(value)));
	assert_string_equal(value, "left alone");
	assert_true(
		hidepid_of("22 27 0:21 / /proc rw shared:3 - proc proc rw,hidepid=invisible\n", value, sizeof(value)));
	assert_string_equal(value, "invisible");
	assert_true(
		hidepid_of("22 27 0:21 / /proc rw - proc proc rw,gid=4,hidepid=2,subset=pid\n", value, sizeof(value)));
	assert_string_equal(value, "2");
	assert_true(hidepid_of("22 27 0:21 / /proc rw - proc proc rw,hidepid=off\n", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(hidepid_of("22 27 0:21 / /proc rw - proc proc rw,hidepid=0\n", value, sizeof(value)));
	assert_string_equal(value, "");
	strcpy(value, "covered");
	assert_true(hidepid_of("22 27 0:21 / /proc rw,relatime - proc proc rw\n", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(
		hidepid_of("22 27 0:21 / /proc rw - proc proc rw,hidepid=somethingverylong\n", value, sizeof(value)));
	assert_string_equal(value, "somethingverylo");
}

/* What is mounted has a name of its own, which whoever mounts it chooses. */
static void test_hidepid_in_a_name(void **state)
{
	char value[16] = "covered";

	(void)state;
	assert_true(hidepid_of("22 27 0:21 / /proc rw - proc hidepid=2 rw\n", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(hidepid_of("22 27 0:21 / /proc rw - proc x,hidepid=2 rw,hidepid=1\n", value, sizeof(value)));
	assert_string_equal(value, "1");
	assert_true(hidepid_of("22 27 0:21 / /proc rw - proc  rw,xhidepid=1,hidepid=4", value, sizeof(value)));
	assert_string_equal(value, "4");
	strcpy(value, "left alone");
	assert_false(hidepid_of("22 27 0:21 / /proc rw - fuse.a b - proc proc hidepid=2\n", value, sizeof(value)));
	assert_false(hidepid_of("22 27 0:21 / /procfs rw - proc proc rw,hidepid=2\n", value, sizeof(value)));
	assert_false(hidepid_of("22 27 0:21 / /proc rw -", value, sizeof(value)));
	assert_string_equal(value, "left alone");
}

/* ---- this host ---- */

static size_t count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void test_gathering_leaves_nothing_open(void **state)
{
	size_t before = count_descriptors();
	struct host_facts facts, again;
	struct checkup checkup;

	(void)state;
	host_facts_gather(&facts);
	host_facts_gather(&again);
	assert_int_equal(count_descriptors(), before);
	assert_string_equal(facts.release, again.release);
	assert_int_equal(facts.locked_memory, again.locked_memory);
	assert_true(facts.has_proc && facts.possible_cpus > 0);
	judge_whole(&facts, &checkup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_well),
		cmocka_unit_test(test_tiers),
		cmocka_unit_test(test_without_privileges),
		cmocka_unit_test(test_some_privileges),
		cmocka_unit_test(test_user_namespace),
		cmocka_unit_test(test_something_forbids_bpf),
		cmocka_unit_test(test_old_kernels),
		cmocka_unit_test(test_lockdown),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_remedy_of_errno),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_long_texts_are_kept),
		cmocka_unit_test(test_hidepid),
		cmocka_unit_test(test_hidepid_in_a_name),
		cmocka_unit_test(test_gathering_leaves_nothing_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
