// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "checkup.h"

#include <errno.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "capability.h"
#include "clock.h"
#include "count_of.h"
#include "record.h"

enum {
	OWN_DESCRIPTORS = 64,   /* more than a trace has open, besides those of named namespaces */
	LEAST_DESCRIPTORS = 40, /* with fewer a trace cannot begin everywhere: one with iterators was seen to take 32 */
	LOCKED_MEMORY_WANTED = 64 << 20, /* bytes: the ring, the counters, the programs */
};

/* Adds to one of the texts of a check. */
__attribute__((format(printf, 2, 3))) static void add_check_text(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, CHECK_TEXT - used, format, args);
	va_end(args);
}

static bool trial_worked(const struct trial *trial)
{
	return trial->failed_at == TRIAL_DONE;
}

/* Asks the trial first: a program that could be attached proves more than any list of privileges. */
static bool may_trace(const struct host_facts *facts)
{
	char names[CAPABILITIES_TEXT];

	return trial_worked(&facts->tracepoint) ||
	       (!facts->in_user_namespace && !*capabilities_missing(facts->capabilities, CAPABILITY_TRACE, names));
}

static bool bpf_is_forbidden(const struct host_facts *facts)
{
	if (trial_worked(&facts->tracepoint) || facts->system_call == -EBADF)
		return false;
	return facts->system_call != -ENOSYS || facts->has_seccomp_filter;
}

/* ---- failed trials, and their causes ---- */

static void add_trial_failure(char *text, const struct trial *trial)
{
	switch (trial->failed_at) {
	case TRIAL_DONE:
		add_check_text(text, "works");
		break;
	case TRIAL_FIND:
		add_check_text(text, trial->err == -ENODATA ? "not tried, for want of type information"
							    : "not in this kernel");
		break;
	case TRIAL_LOAD:
		add_check_text(text, "refused at the load: %s", trial_error_text(trial->err));
		break;
	case TRIAL_ATTACH:
		add_check_text(text, "loads, but cannot be attached: %s", trial_error_text(trial->err));
		break;
	case TRIAL_RUN:
		add_check_text(text, "can be attached, but not opened: %s", trial_error_text(trial->err));
		break;
	}
}

const char *checkup_remedy_of_errno(int err)
{
	switch (err) {
	case -EMFILE:
		return "Allow it more open files: `ulimit -n 1024`, as root where the hard limit is lower; in a unit of systemd LimitNOFILE=";
	case -ENFILE:
		return "The whole host has no file left: raise fs.file-max, or see who has so many open";
	case -EAGAIN:
		return "Allow it more threads: a greater pids.max of its control group (a unit of systemd: TasksMax=), or `ulimit -u`";
	case -ENOMEM:
		return "Allow it more memory: `ulimit -d unlimited`, `ulimit -v unlimited`; in a container or a unit of systemd (MemoryMax=, LimitDATA=) a greater limit";
	default:
		return NULL;
	}
}

/* Adds the advice for a cause that is common to all trials, or else `otherwise`: what this trial asks of a kernel. */
static void advise_on_trial(char *text, const struct host_facts *facts, const struct trial *trial,
			    const char *otherwise)
{
	const char *remedy = checkup_remedy_of_errno(trial->err);

	if (trial->failed_at == TRIAL_FIND && trial->err == -ENODATA)
		add_check_text(text, "See btf");
	else if (remedy)
		add_check_text(text, "%s", remedy);
	else if (trial->err == -EPERM && !may_trace(facts))
		add_check_text(text, "See capabilities");
	else if (trial->failed_at == TRIAL_LOAD && bpf_is_forbidden(facts))
		add_check_text(text, "See seccomp");
	else
		add_check_text(text, "%s", otherwise);
}

/* ---- the checks ---- */

static void check_kernel(const struct host_facts *facts, struct check *check)
{
	add_check_text(check->found, "Linux %s, %s (5.15 and later are supported; from 5.8 on it may work)",
		       facts->release, facts->machine);
	if (facts->system_call != -ENOSYS || facts->has_seccomp_filter)
		return;
	check->state = CHECK_NO;
	add_check_text(check->found, ", built without bpf()");
	add_check_text(check->cost, "nothing can be traced");
	add_check_text(check->remedy, "Boot a kernel built with CONFIG_BPF_SYSCALL=y");
}

/* Adds the command that grants the capabilities. A path that a shell may take for something else is not worth quoting:
 * the shell looks up tcpledger instead. */
static void add_setcap_command(char *text, const struct host_facts *facts)
{
	bool plain = facts->program[0] == '/' &&
		     !facts->program[strspn(facts->program,
					    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-")];

	add_check_text(text, "`sudo setcap " CAPABILITIES_FOR_FILE "=ep %s`",
		       plain ? facts->program : "\"$(command -v tcpledger)\"");
}

static void add_capability_cost(struct check *check, const struct host_facts *facts, enum capability_use use,
				const char *cost)
{
	char names[CAPABILITIES_TEXT];

	if (*capabilities_missing(facts->capabilities, use, names))
		add_check_text(check->cost, "%swithout %s: %s", *check->cost ? "; " : "", names, cost);
}

static void add_capability_lists(const struct host_facts *facts, struct check *check)
{
	char names[CAPABILITIES_TEXT];
	const char *separator = "";

	for (unsigned int use = 0; use < CAPABILITY_USES; use++)
		if (*capabilities_present(facts->capabilities, use, names)) {
			add_check_text(check->found, "%s%s", separator, names);
			separator = ", ";
		}
	separator = *separator ? "; missing: " : "missing: ";
	for (unsigned int use = 0; use < CAPABILITY_USES; use++)
		if (*capabilities_missing(facts->capabilities, use, names)) {
			add_check_text(check->found, "%s%s", separator, names);
			separator = ", ";
		}
}

static void advise_capabilities(const struct host_facts *facts, struct check *check)
{
	char names[CAPABILITIES_TEXT];
	bool enough = may_trace(facts) && !*capabilities_missing(facts->capabilities, CAPABILITY_OWNERS, names);

	if (facts->no_new_privileges)
		add_check_text(
			check->remedy,
			"Nothing started from here can gain privileges (no_new_privs): start it from elsewhere. ");
	if (enough) {
		add_check_text(check->remedy, "Run it with sudo where that matters");
		return;
	}
	add_check_text(
		check->remedy,
		"Run it with sudo, or grant them to the program once. It then shows everybody's sockets and descriptors to all who may run it: first let only a group do that (`chown root:GROUP`, `chmod 0750`), then ");
	add_setcap_command(check->remedy, facts);
	if (facts->in_pid_namespace)
		add_check_text(
			check->remedy,
			". In a container they must be granted to that: `docker run --cap-add BPF --cap-add PERFMON`");
}

/* With iterators no owners are missed: they find the holders of sockets without reading /proc. */
static const char *get_cost_of_hidden_processes(const struct host_facts *facts)
{
	return trial_worked(&facts->descriptor_iterator) ? COST_OF_HIDDEN_NETNS : COST_OF_HIDDEN_OWNERS;
}

static const char *get_cost_of_not_entering(const struct host_facts *facts)
{
	return facts->netns_count > 1
		       ? "no network namespace can be entered, and there are several: snapshots are read from /proc, where those without a process are missing"
		       : "no network namespace can be entered: once there are several, snapshots are read from /proc";
}

static void check_capabilities(const struct host_facts *facts, struct check *check)
{
	add_capability_lists(facts, check);
	if (facts->in_user_namespace && !trial_worked(&facts->tracepoint)) {
		check->state = CHECK_NO;
		add_check_text(
			check->found,
			"; but they are those of a user namespace (a rootless container?), and the kernel asks for the host's");
		add_check_text(check->cost, "nothing can be traced");
		add_check_text(check->remedy, "Run it as root of the host, outside of the container");
		return;
	}
	if (!may_trace(facts))
		check->state = CHECK_NO;
	add_capability_cost(check, facts, CAPABILITY_TRACE, "nothing can be traced");
	add_capability_cost(check, facts, CAPABILITY_OWNERS, get_cost_of_hidden_processes(facts));
	add_capability_cost(check, facts, CAPABILITY_NETNS, get_cost_of_not_entering(facts));
	add_capability_cost(check, facts, CAPABILITY_NICE,
			    "a busy host may run others first, and transitions may be lost");
	if (!*check->cost)
		return;
	if (check->state == CHECK_YES)
		check->state = CHECK_PARTLY;
	advise_capabilities(facts, check);
}

static void check_seccomp(const struct host_facts *facts, struct check *check)
{
	bool filter = facts->has_seccomp_filter;

	if (!bpf_is_forbidden(facts)) {
		add_check_text(check->found, filter ? "a filter, which lets bpf() pass" : "no filter");
		return;
	}
	if (!may_trace(facts) && facts->system_call != -ESHUTDOWN) {
		/* Linux before 6.4 returns EPERM to any caller without CAP_BPF, whatever the command */
		check->state = filter ? CHECK_PARTLY : CHECK_YES;
		add_check_text(check->found,
			       filter ? "a filter; whether it lets bpf() pass cannot be told without CAP_BPF"
				      : "no filter");
		add_check_text(check->cost, filter ? "perhaps nothing can be traced, whatever the capabilities" : "");
		add_check_text(check->remedy, filter ? "Grant the capabilities first, and ask again" : "");
		return;
	}
	check->state = CHECK_NO;
	add_check_text(check->found, "%s bpf(): %s",
		       filter ? "a filter forbids" : "no filter, but something else forbids",
		       trial_error_text(facts->system_call));
	add_check_text(check->cost, "nothing can be traced");
	add_check_text(
		check->remedy,
		filter ? "Allow it: `docker run --security-opt seccomp=unconfined`, or --privileged, or a profile with bpf; in a unit of systemd SystemCallFilter=bpf. Or run it on the host"
		       : "A security module (SELinux, AppArmor, a BPF LSM) does so: allow bpf() to tcpledger in its policy, or run it outside of the container");
}

static void check_btf(const struct host_facts *facts, struct check *check)
{
	int err = facts->btf_file_err ? facts->btf_file_err : facts->btf_parse_err;
	const char *remedy = checkup_remedy_of_errno(-err);

	if (facts->btf_types) {
		if (facts->btf_file_err)
			add_check_text(check->found, "type information of this kernel, from a file beside it");
		else
			add_check_text(check->found, VMLINUX_BTF);
		return;
	}
	check->state = CHECK_NO;
	add_check_text(check->cost, "nothing can be traced");
	if (remedy) {
		add_check_text(check->found, "the type information in " VMLINUX_BTF " could not be read: %s",
			       strerror(err));
		add_check_text(check->remedy, "%s", remedy);
		return;
	}
	if (!err && facts->has_seccomp_filter) { /* libbpf looks for the file by faccessat2() */
		add_check_text(check->found, VMLINUX_BTF " can be read, but a filter keeps libbpf from looking for it");
		add_check_text(
			check->remedy,
			"Let the seccomp filter allow faccessat2(): that of Docker does with a libseccomp of 2.5 or later");
		return;
	}
	add_check_text(check->found, "kernel %s offers no type information (" VMLINUX_BTF ": %s)", facts->release,
		       facts->btf_file_err ? strerror(facts->btf_file_err) : "not understood");
	add_check_text(
		check->remedy,
		"Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y: Debian 11, Ubuntu 20.10, Fedora 31, RHEL 8.2 and later have it. In a container, see to it that /sys is mounted");
}

static void check_ring_buffer(const struct host_facts *facts, struct check *check)
{
	if (trial_worked(&facts->ring_buffer)) {
		add_check_text(check->found, "can be made");
		return;
	}
	check->state = CHECK_NO;
	add_check_text(check->found, "a BPF ring buffer is refused: %s", trial_error_text(facts->ring_buffer.err));
	add_check_text(check->cost, "nothing can be traced");
	advise_on_trial(
		check->remedy, facts, &facts->ring_buffer,
		facts->ring_buffer.err == -EINVAL
			? "This kernel is too old: Linux 5.8 is the oldest that can do, 5.15 the oldest that is supported"
			: "See limits, and the kernel's log");
}

static void check_tracepoint(const struct host_facts *facts, struct check *check)
{
	add_check_text(check->found, "sock:inet_sock_set_state ");
	if (trial_worked(&facts->tracepoint)) {
		add_check_text(check->found, "takes BPF programs (tp_btf)");
		return;
	}
	check->state = CHECK_NO;
	add_check_text(check->found, "as tp_btf: ");
	add_trial_failure(check->found, &facts->tracepoint);
	add_check_text(check->cost, "nothing can be traced");
	advise_on_trial(
		check->remedy, facts, &facts->tracepoint,
		"Boot a kernel, 5.8 or later, built with CONFIG_INET=y, CONFIG_TRACEPOINTS=y and CONFIG_BPF_EVENTS=y");
}

static void check_cookies(const struct host_facts *facts, struct check *check)
{
	if (trial_worked(&facts->socket_cookie)) {
		add_check_text(check->found, "bpf_get_socket_cookie() in tracing programs");
		return;
	}
	check->state = CHECK_NO;
	add_check_text(check->found, "bpf_get_socket_cookie() in tracing programs: ");
	add_trial_failure(check->found, &facts->socket_cookie);
	add_check_text(check->cost, "cookie is null for sockets that nobody else has asked the cookie of");
	advise_on_trial(check->remedy, facts, &facts->socket_cookie, "Linux 5.12 and later have it");
}

static void check_iterators(const struct host_facts *facts, struct check *check)
{
	const struct trial *sockets = &facts->socket_iterator, *descriptors = &facts->descriptor_iterator;
	const struct trial *failed = trial_worked(sockets) ? descriptors : sockets;

	if (sockets->failed_at == descriptors->failed_at && sockets->err == descriptors->err) {
		add_check_text(check->found, "tcp and task_file: ");
	} else {
		add_check_text(check->found, "tcp: ");
		add_trial_failure(check->found, sockets);
		add_check_text(check->found, ", task_file: ");
	}
	add_trial_failure(check->found, descriptors);

	if (trial_worked(failed))
		return;
	check->state = trial_worked(sockets) || trial_worked(descriptors) ? CHECK_PARTLY : CHECK_NO;
	if (!trial_worked(sockets))
		add_check_text(
			check->cost,
			"snapshots are read from /proc: later and less exact; what has moved meanwhile is mended by its next transition, TIME_WAIT by the next snapshot");
	if (!trial_worked(descriptors))
		add_check_text(check->cost, "%sowners are read from /proc/PID/fd, which takes several times as long",
			       *check->cost ? "; " : "");
	advise_on_trial(
		check->remedy, facts, failed,
		"Linux 5.9 (tcp) and 5.11 (task_file with bpf_sock_from_file) and later have them, built with CONFIG_BPF_EVENTS=y and CONFIG_PROC_FS=y");
}

static void check_fentry(const struct host_facts *facts, struct check *check)
{
	const struct trial *trial = &facts->accept_exit;

	add_check_text(check->found, "fexit/inet_csk_accept: ");
	add_trial_failure(check->found, trial);
	if (trial_worked(trial))
		return;
	check->state = CHECK_NO;
	add_check_text(
		check->cost,
		"the process that accepts a connection is not told by the kernel, but found by a scan half a second later: of a shorter connection only the listener's owner is known");
	advise_on_trial(
		check->remedy, facts, trial,
		trial->err == -EPERM
			? "With these capabilities it is the kernel's own policy: only another kernel helps, one with CONFIG_FUNCTION_TRACER=y and CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y and no such policy"
			: "Boot a kernel built with CONFIG_FUNCTION_TRACER=y and CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y (on arm64 Linux 6.4 or later)");
}

static void check_lockdown(const struct host_facts *facts, struct check *check)
{
	static const char *const found[] = {
		[LOCKDOWN_UNKNOWN] = "no sign of one",
		[LOCKDOWN_NONE] = "none",
		[LOCKDOWN_INTEGRITY] = "integrity",
		[LOCKDOWN_CONFIDENTIALITY] = "confidentiality",
	};
	bool forbidden = facts->lockdown == LOCKDOWN_CONFIDENTIALITY;

	add_check_text(check->found, "%s; ", found[facts->lockdown]);
	if (trial_worked(&facts->kernel_read)) {
		add_check_text(check->found, "BPF programs may read kernel memory");
		return;
	}
	if (!forbidden && !trial_worked(&facts->tracepoint)) {
		add_check_text(check->found, "nothing can be tried here");
		return;
	}
	check->state = CHECK_PARTLY;
	add_check_text(check->found, "BPF programs may not read kernel memory freely");
	if (trial_worked(&facts->tracepoint)) {
		add_check_text(check->found, ": bpf_probe_read_kernel() ");
		add_trial_failure(check->found, &facts->kernel_read);
	}
	add_check_text(
		check->cost,
		"TIME_WAIT is not told exactly when a connection closes, but inferred, and confirmed by the next snapshot");
	add_check_text(check->remedy, forbidden ? "Boot with lockdown=integrity or none (it may come with Secure Boot)"
						: "Linux 5.5 and later have it");
}

static void check_limits(const struct host_facts *facts, struct check *check)
{
	uint64_t descriptors = OWN_DESCRIPTORS + facts->named_netns;

	if (facts->possible_cpus > 0)
		add_check_text(check->found, "processors: %d possible, of %d", facts->possible_cpus, RECORD_MAX_CPUS);
	else /* no /sys */
		add_check_text(check->found, "processors: number not known");
	if (facts->open_files == UINT64_MAX)
		add_check_text(check->found, "; open files: any number");
	else
		add_check_text(check->found, "; open files: %llu", (unsigned long long)facts->open_files);
	if (!facts->counts_locked_memory)
		add_check_text(check->found, "; locked memory: does not matter");
	else if (facts->locked_memory == UINT64_MAX)
		add_check_text(check->found, "; locked memory: any amount");
	else
		add_check_text(check->found, "; locked memory: %llu KiB",
			       (unsigned long long)facts->locked_memory / 1024);

	if (facts->counts_locked_memory && facts->locked_memory < LOCKED_MEMORY_WANTED) {
		check->state = CHECK_PARTLY;
		add_check_text(check->cost, "the kernel (before 5.11) may refuse the maps");
		add_check_text(check->remedy, "`ulimit -l unlimited`, or grant CAP_SYS_RESOURCE");
	}
	if (facts->open_files < descriptors) {
		bool too_few = facts->open_files < LEAST_DESCRIPTORS;

		check->state = too_few ? CHECK_NO : CHECK_PARTLY;
		add_check_text(
			check->cost,
			too_few ? "%snothing can be traced: that takes up to %d descriptors"
				: "%sthere may be no snapshots: each named network namespace takes a descriptor meanwhile",
			*check->cost ? "; " : "", LEAST_DESCRIPTORS);
		add_check_text(check->remedy, "%s`ulimit -n %llu`, as root where the hard limit is lower",
			       *check->remedy ? "; " : "", (unsigned long long)descriptors);
	}
	if (facts->possible_cpus > RECORD_MAX_CPUS) {
		check->state = CHECK_NO;
		add_check_text(check->cost, "%snothing can be traced: events are counted per processor",
			       *check->cost ? "; " : "");
		add_check_text(check->remedy, "%sraise RECORD_MAX_CPUS in include/record.h, and build again",
			       *check->remedy ? "; " : "");
	}
}

static void check_proc(const struct host_facts *facts, struct check *check)
{
	if (!facts->has_proc) {
		check->state = CHECK_NO;
		add_check_text(check->found, "/proc is not mounted");
		add_check_text(check->cost, "nothing can be traced: what was there before cannot be known");
		add_check_text(check->remedy, "`mount -t proc proc /proc`");
		return;
	}
	add_check_text(check->found, "/proc is mounted");
	if (!*facts->hidepid)
		return;
	add_check_text(check->found, " with hidepid=%s", facts->hidepid);
	if (!facts->hides_processes) {
		add_check_text(check->found, ", which hides nothing from this process");
		return;
	}
	check->state = CHECK_PARTLY;
	add_check_text(check->found, ", which hides the processes of others");
	add_check_text(check->cost, "%s", get_cost_of_hidden_processes(facts));
	add_check_text(check->remedy, "Grant CAP_SYS_PTRACE (see capabilities), or `mount -o remount,hidepid=0 /proc`");
}

static void check_pid_namespace(const struct host_facts *facts, struct check *check)
{
	if (!facts->in_pid_namespace) {
		add_check_text(check->found, "the host's");
		return;
	}
	check->state = CHECK_PARTLY;
	add_check_text(check->found, "not the host's (a container?)");
	add_check_text(check->cost, COST_OF_PID_NAMESPACE);
	add_check_text(check->remedy, "Run it on the host; or `docker run --pid=host`, in a pod hostPID: true");
}

/* Adds "CLOCK_MONOTONIC is 100000.000000000 s ahead of the host's". */
static void add_clock_offset(char *text, const char *clock, int64_t offset_ns)
{
	uint64_t apart_ns = offset_ns < 0 ? -(uint64_t)offset_ns : (uint64_t)offset_ns;

	add_check_text(text, "%s is %llu.%09llu s %s the host's", clock, (unsigned long long)(apart_ns / NS_PER_SEC),
		       (unsigned long long)(apart_ns % NS_PER_SEC), offset_ns < 0 ? "behind" : "ahead of");
}

static void check_time_namespace(const struct host_facts *facts, struct check *check)
{
	const struct time_offsets *offsets = &facts->time_offsets;

	if (!offsets->known) {
		check->state = CHECK_PARTLY;
		add_check_text(check->found, "not the host's, and /proc does not show by how much its clocks are off");
		add_check_text(check->cost, "times of transitions, and in a state, may be off by that");
		add_check_text(check->remedy, "Start it by a process that was started in the time namespace");
		return;
	}
	if (!offsets->monotonic_ns && !offsets->boottime_ns) {
		add_check_text(check->found, "the host's, or one without offsets");
		return;
	}
	add_check_text(check->found, "not the host's: ");
	add_clock_offset(check->found, "CLOCK_MONOTONIC", offsets->monotonic_ns);
	add_clock_offset(check->found, ", CLOCK_BOOTTIME", offsets->boottime_ns);
	add_check_text(check->found, "; this is taken into account");
}

typedef void check_function(const struct host_facts *facts, struct check *check);

static const struct {
	const char *name;
	check_function *check;
	bool needed;
} checks[] = {
	{"kernel", check_kernel, true},
	{"capabilities", check_capabilities, true},
	{"seccomp", check_seccomp, true},
	{"limits", check_limits, true},
	{"btf", check_btf, true},
	{"ring-buffer", check_ring_buffer, true},
	{"tracepoint", check_tracepoint, true},
	{"proc", check_proc, true},
	{"iterators", check_iterators, false},
	{"fentry", check_fentry, false},
	{"cookies", check_cookies, false},
	{"lockdown", check_lockdown, false},
	{"pid-namespace", check_pid_namespace, false},
	{"time-namespace", check_time_namespace, false},
};

enum { CHECK_COUNT = COUNT_OF(checks) };

_Static_assert((int)CHECK_COUNT < (int)CHECKUP_MAX, "room for all, and for the program");

void checkup_judge(const struct host_facts *facts, struct checkup *checkup)
{
	memset(checkup, 0, sizeof(*checkup));
	for (int i = 0; i < CHECK_COUNT; i++) {
		struct check *check = &checkup->checks[checkup->count++];

		check->name = checks[i].name;
		check->needed = checks[i].needed;
		check->state = CHECK_YES;
		checks[i].check(facts, check);
	}
}

void checkup_add_program(struct checkup *checkup, const struct host_facts *facts, int err)
{
	struct check *check = &checkup->checks[checkup->count++];
	const char *remedy = checkup_remedy_of_errno(err);

	check->name = "program";
	check->needed = true;
	check->state = err ? CHECK_NO : CHECK_YES;
	if (!err) {
		add_check_text(check->found, "the real thing loads and attaches");
		return;
	}
	add_check_text(check->found, remedy ? "it cannot begin: %s" : "the kernel refuses the BPF program: %s",
		       trial_error_text(err));
	add_check_text(check->cost, "nothing can be traced");
	if (remedy) {
		add_check_text(check->remedy, "%s", remedy);
		return;
	}
	if (facts->lockdown == LOCKDOWN_CONFIDENTIALITY)
		add_check_text(check->remedy,
			       "It may be that the kernel is locked down: boot with lockdown=integrity or none. ");
	if (err == -EPERM && facts->counts_locked_memory)
		add_check_text(check->remedy, "It may be for want of locked memory: `ulimit -l unlimited`. ");
	add_check_text(check->remedy, "With -v the last lines of libbpf's messages say why");
}

struct outlook checkup_outlook(const struct checkup *checkup, const struct host_facts *facts)
{
	struct outlook outlook = {.runs = !checkup_obstacle(checkup)};

	if (!outlook.runs)
		return outlook;
	/* an iterator shows the namespace that it is opened in */
	outlook.exact_snapshot =
		trial_worked(&facts->socket_iterator) && (facts->may_enter_netns || facts->netns_count <= 1);
	outlook.owner_at_accept = trial_worked(&facts->accept_exit);
	outlook.tier = !outlook.exact_snapshot ? 3 : outlook.owner_at_accept ? 1 : 2;
	return outlook;
}

const struct check *checkup_obstacle(const struct checkup *checkup)
{
	for (size_t i = 0; i < checkup->count; i++)
		if (checkup->checks[i].needed && checkup->checks[i].state == CHECK_NO)
			return &checkup->checks[i];
	return NULL;
}

const char *check_state_name(enum check_state state)
{
	static const char *const names[] = {[CHECK_NO] = "no", [CHECK_PARTLY] = "partly", [CHECK_YES] = "yes"};

	return names[state];
}
