// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "checkup.h"

#include <errno.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "capability.h"
#include "record.h"

enum {
	OWN_DESCRIPTORS = 64,   /* more than a trace has open, but for those of named namespaces */
	LEAST_DESCRIPTORS = 40, /* with fewer it cannot begin everywhere: one with iterators was seen to take 32 */
	LOCKED_MEMORY_WANTED = 64 << 20, /* the ring, the counters, the programs */
};

/* Adds to one of the texts of a check. */
__attribute__((format(printf, 2, 3))) static void say(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, CHECK_TEXT - used, format, args);
	va_end(args);
}

static bool works(const struct trial *trial)
{
	return trial->failed_at == TRIAL_DONE;
}

/* A program that could be attached proves more than any list of privileges. */
static bool may_trace(const struct host_facts *facts)
{
	char names[CAPABILITIES_TEXT];

	return works(&facts->tracepoint) ||
	       (!facts->in_user_namespace && !*capabilities_missing(facts->capabilities, CAPABILITY_TRACE, names));
}

static bool bpf_is_forbidden(const struct host_facts *facts)
{
	if (works(&facts->tracepoint) || facts->system_call == -EBADF)
		return false;
	return facts->system_call != -ENOSYS || facts->has_seccomp_filter;
}

/* ---- what failed in a trial, and what that comes from ---- */

static void say_failure(char *text, const struct trial *trial)
{
	switch (trial->failed_at) {
	case TRIAL_DONE:
		say(text, "works");
		break;
	case TRIAL_FIND:
		say(text, trial->err == -ENODATA ? "not tried, for want of type information" : "not in this kernel");
		break;
	case TRIAL_LOAD:
		say(text, "refused at the load: %s", trial_error_text(trial->err));
		break;
	case TRIAL_ATTACH:
		say(text, "loads, but cannot be attached: %s", trial_error_text(trial->err));
		break;
	case TRIAL_RUN:
		say(text, "can be attached, but not opened: %s", trial_error_text(trial->err));
		break;
	}
}

const char *checkup_remedy_of_shortage(int err)
{
	switch (err) {
	case -EMFILE:
		return "Allow it more open files: `ulimit -n 1024`, as root where the hard limit is lower; in a unit of systemd LimitNOFILE=";
	case -ENFILE:
		return "The whole host has no file left: raise fs.file-max, or see who has so many open";
	case -ENOMEM:
		return "Allow it more memory: `ulimit -d unlimited`, `ulimit -v unlimited`; in a container or a unit of systemd (MemoryMax=, LimitDATA=) a greater limit";
	default:
		return NULL;
	}
}

/* What is common to all trials, or else `otherwise`: what this one asks of a kernel. */
static void advise(char *text, const struct host_facts *facts, const struct trial *trial, const char *otherwise)
{
	const char *shortage = checkup_remedy_of_shortage(trial->err);

	if (trial->failed_at == TRIAL_FIND && trial->err == -ENODATA)
		say(text, "See btf");
	else if (shortage)
		say(text, "%s", shortage);
	else if (trial->err == -EPERM && !may_trace(facts))
		say(text, "See capabilities");
	else if (trial->failed_at == TRIAL_LOAD && bpf_is_forbidden(facts))
		say(text, "See seccomp");
	else
		say(text, "%s", otherwise);
}

/* ---- the checks ---- */

static void check_kernel(const struct host_facts *facts, struct check *check)
{
	say(check->found, "Linux %s, %s (5.15 and later are supported; from 5.8 on it may work)", facts->release,
	    facts->machine);
	if (facts->system_call != -ENOSYS || facts->has_seccomp_filter)
		return;
	check->state = CHECK_NO;
	say(check->found, ", built without bpf()");
	say(check->cost, "nothing can be traced");
	say(check->remedy, "Boot a kernel built with CONFIG_BPF_SYSCALL=y");
}

/* A path that a shell may take for something else is not worth quoting. */
static void say_setcap(char *text, const struct host_facts *facts)
{
	bool plain = facts->program[0] == '/' &&
		     !facts->program[strspn(facts->program,
					    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-")];

	say(text, "`sudo setcap " CAPABILITIES_FOR_FILE "=ep %s`",
	    plain ? facts->program : "\"$(command -v tcpledger)\"");
}

static void say_use(struct check *check, const struct host_facts *facts, enum capability_use use, const char *cost)
{
	char names[CAPABILITIES_TEXT];

	if (*capabilities_missing(facts->capabilities, use, names))
		say(check->cost, "%swithout %s: %s", *check->cost ? "; " : "", names, cost);
}

static void say_capabilities(const struct host_facts *facts, struct check *check)
{
	char names[CAPABILITIES_TEXT];
	const char *separator = "";

	for (unsigned int use = 0; use < CAPABILITY_USES; use++)
		if (*capabilities_present(facts->capabilities, use, names)) {
			say(check->found, "%s%s", separator, names);
			separator = ", ";
		}
	separator = *separator ? "; missing: " : "missing: ";
	for (unsigned int use = 0; use < CAPABILITY_USES; use++)
		if (*capabilities_missing(facts->capabilities, use, names)) {
			say(check->found, "%s%s", separator, names);
			separator = ", ";
		}
}

static void advise_capabilities(const struct host_facts *facts, struct check *check)
{
	char names[CAPABILITIES_TEXT];
	bool enough = may_trace(facts) && !*capabilities_missing(facts->capabilities, CAPABILITY_OWNERS, names);

	if (facts->no_new_privileges)
		say(check->remedy,
		    "Nothing started from here can gain privileges (no_new_privs): start it from elsewhere. ");
	if (enough) {
		say(check->remedy, "Run it with sudo where that matters");
		return;
	}
	say(check->remedy,
	    "Run it with sudo, or grant them to the program once. It then shows everybody's sockets and descriptors to all who may run it: first let only a group do that (`chown root:GROUP`, `chmod 0750`), then ");
	say_setcap(check->remedy, facts);
	if (facts->in_pid_namespace)
		say(check->remedy,
		    ". In a container they must be granted to that: `docker run --cap-add BPF --cap-add PERFMON`");
}

/* Iterators find the holders of sockets without looking into /proc. */
static const char *cost_of_hidden_processes(const struct host_facts *facts)
{
	return works(&facts->descriptor_iterator) ? COST_OF_HIDDEN_NETNS : COST_OF_HIDDEN_OWNERS;
}

static const char *cost_of_staying(const struct host_facts *facts)
{
	return facts->netns_count > 1
		       ? "no network namespace can be entered, and there are several: snapshots are read from /proc, where those without a process are missing"
		       : "no network namespace can be entered: once there are several, snapshots are read from /proc";
}

static void check_capabilities(const struct host_facts *facts, struct check *check)
{
	say_capabilities(facts, check);
	if (facts->in_user_namespace && !works(&facts->tracepoint)) {
		check->state = CHECK_NO;
		say(check->found,
		    "; but they are those of a user namespace (a rootless container?), and the kernel asks for the host's");
		say(check->cost, "nothing can be traced");
		say(check->remedy, "Run it as root of the host, outside of the container");
		return;
	}
	if (!may_trace(facts))
		check->state = CHECK_NO;
	say_use(check, facts, CAPABILITY_TRACE, "nothing can be traced");
	say_use(check, facts, CAPABILITY_OWNERS, cost_of_hidden_processes(facts));
	say_use(check, facts, CAPABILITY_NETNS, cost_of_staying(facts));
	say_use(check, facts, CAPABILITY_NICE, "a busy host may run others first, and transitions may be lost");
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
		say(check->found, filter ? "a filter, which lets bpf() pass" : "no filter");
		return;
	}
	if (!may_trace(facts) && facts->system_call != -ESHUTDOWN) {
		/* Linux before 6.4 says EPERM to whoever has no CAP_BPF, whatever he asks */
		check->state = filter ? CHECK_PARTLY : CHECK_YES;
		say(check->found,
		    filter ? "a filter; whether it lets bpf() pass cannot be told without CAP_BPF" : "no filter");
		say(check->cost, filter ? "perhaps nothing can be traced, whatever the capabilities" : "");
		say(check->remedy, filter ? "Grant the capabilities first, and ask again" : "");
		return;
	}
	check->state = CHECK_NO;
	say(check->found, "%s bpf(): %s", filter ? "a filter forbids" : "no filter, but something else forbids",
	    trial_error_text(facts->system_call));
	say(check->cost, "nothing can be traced");
	say(check->remedy,
	    filter ? "Allow it: `docker run --security-opt seccomp=unconfined`, or --privileged, or a profile with bpf; in a unit of systemd SystemCallFilter=bpf. Or run it on the host"
		   : "A security module (SELinux, AppArmor, a BPF LSM) does so: allow bpf() to tcpledger in its policy, or run it outside of the container");
}

static void check_btf(const struct host_facts *facts, struct check *check)
{
	int err = facts->btf_file_err ? facts->btf_file_err : facts->btf_parse_err;
	const char *shortage = checkup_remedy_of_shortage(-err);

	if (facts->btf_types) {
		if (facts->btf_file_err)
			say(check->found, "type information of this kernel, from a file beside it");
		else
			say(check->found, VMLINUX_BTF);
		return;
	}
	check->state = CHECK_NO;
	say(check->cost, "nothing can be traced");
	if (shortage) {
		say(check->found, "the type information in " VMLINUX_BTF " could not be read: %s", strerror(err));
		say(check->remedy, "%s", shortage);
		return;
	}
	say(check->found, "kernel %s offers no type information (" VMLINUX_BTF ": %s)", facts->release,
	    facts->btf_file_err ? strerror(facts->btf_file_err) : "not understood");
	say(check->remedy,
	    "Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y: Debian 11, Ubuntu 20.10, Fedora 31, RHEL 8.2 and later have it. In a container, see to it that /sys is mounted");
}

static void check_ring_buffer(const struct host_facts *facts, struct check *check)
{
	if (works(&facts->ring_buffer)) {
		say(check->found, "can be made");
		return;
	}
	check->state = CHECK_NO;
	say(check->found, "a BPF ring buffer is refused: %s", trial_error_text(facts->ring_buffer.err));
	say(check->cost, "nothing can be traced");
	advise(check->remedy, facts, &facts->ring_buffer,
	       facts->ring_buffer.err == -EINVAL
		       ? "This kernel is too old: Linux 5.8 is the oldest that can do, 5.15 the oldest that is supported"
		       : "See limits, and the kernel's log");
}

static void check_tracepoint(const struct host_facts *facts, struct check *check)
{
	say(check->found, "sock:inet_sock_set_state ");
	if (works(&facts->tracepoint)) {
		say(check->found, "takes BPF programs (tp_btf)");
		return;
	}
	check->state = CHECK_NO;
	say(check->found, "as tp_btf: ");
	say_failure(check->found, &facts->tracepoint);
	say(check->cost, "nothing can be traced");
	advise(check->remedy, facts, &facts->tracepoint,
	       "Boot a kernel, 5.8 or later, built with CONFIG_INET=y, CONFIG_TRACEPOINTS=y and CONFIG_BPF_EVENTS=y");
}

static void check_cookies(const struct host_facts *facts, struct check *check)
{
	if (works(&facts->socket_cookie)) {
		say(check->found, "bpf_get_socket_cookie() in tracing programs");
		return;
	}
	check->state = CHECK_NO;
	say(check->found, "bpf_get_socket_cookie() in tracing programs: ");
	say_failure(check->found, &facts->socket_cookie);
	say(check->cost, "cookie is null for sockets that nobody else has asked the cookie of");
	advise(check->remedy, facts, &facts->socket_cookie, "Linux 5.12 and later have it");
}

static void check_iterators(const struct host_facts *facts, struct check *check)
{
	const struct trial *sockets = &facts->socket_iterator, *descriptors = &facts->descriptor_iterator;
	const struct trial *failed = works(sockets) ? descriptors : sockets;

	if (sockets->failed_at == descriptors->failed_at && sockets->err == descriptors->err) {
		say(check->found, "tcp and task_file: ");
	} else {
		say(check->found, "tcp: ");
		say_failure(check->found, sockets);
		say(check->found, ", task_file: ");
	}
	say_failure(check->found, descriptors);

	if (works(failed))
		return;
	check->state = works(sockets) || works(descriptors) ? CHECK_PARTLY : CHECK_NO;
	if (!works(sockets))
		say(check->cost,
		    "snapshots are read from /proc: later and less exact; what has moved meanwhile is mended by its next transition, TIME_WAIT by the next snapshot");
	if (!works(descriptors))
		say(check->cost, "%sowners are read from /proc/PID/fd, which takes several times as long",
		    *check->cost ? "; " : "");
	advise(check->remedy, facts, failed,
	       "Linux 5.9 (tcp) and 5.11 (task_file with bpf_sock_from_file) and later have them, built with CONFIG_BPF_EVENTS=y and CONFIG_PROC_FS=y");
}

static void check_fentry(const struct host_facts *facts, struct check *check)
{
	const struct trial *trial = &facts->accept_exit;

	say(check->found, "fexit/inet_csk_accept: ");
	say_failure(check->found, trial);
	if (works(trial))
		return;
	check->state = CHECK_NO;
	say(check->cost,
	    "the process that accepts a connection is not told by the kernel, but found by a scan half a second later: of a shorter connection only the listener's owner is known");
	advise(check->remedy, facts, trial,
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

	say(check->found, "%s; ", found[facts->lockdown]);
	if (works(&facts->kernel_read)) {
		say(check->found, "BPF programs may read kernel memory");
		return;
	}
	if (!forbidden && !works(&facts->tracepoint)) {
		say(check->found, "nothing can be tried here");
		return;
	}
	check->state = CHECK_PARTLY;
	say(check->found, "BPF programs may not read kernel memory freely");
	if (works(&facts->tracepoint)) {
		say(check->found, ": bpf_probe_read_kernel() ");
		say_failure(check->found, &facts->kernel_read);
	}
	say(check->cost,
	    "TIME_WAIT is not told exactly when a connection closes, but inferred, and confirmed by the next snapshot");
	say(check->remedy, forbidden ? "Boot with lockdown=integrity or none (it may come with Secure Boot)"
				     : "Linux 5.5 and later have it");
}

static void check_limits(const struct host_facts *facts, struct check *check)
{
	uint64_t descriptors = OWN_DESCRIPTORS + facts->named_netns;

	if (facts->possible_cpus > 0)
		say(check->found, "processors: %d possible, of %d", facts->possible_cpus, RECORD_MAX_CPUS);
	else /* no /sys */
		say(check->found, "processors: number not known");
	if (facts->open_files == UINT64_MAX)
		say(check->found, "; open files: any number");
	else
		say(check->found, "; open files: %llu", (unsigned long long)facts->open_files);
	if (!facts->counts_locked_memory)
		say(check->found, "; locked memory: does not matter");
	else if (facts->locked_memory == UINT64_MAX)
		say(check->found, "; locked memory: any amount");
	else
		say(check->found, "; locked memory: %llu KiB", (unsigned long long)facts->locked_memory / 1024);

	if (facts->counts_locked_memory && facts->locked_memory < LOCKED_MEMORY_WANTED) {
		check->state = CHECK_PARTLY;
		say(check->cost, "the kernel (before 5.11) may refuse the maps");
		say(check->remedy, "`ulimit -l unlimited`, or grant CAP_SYS_RESOURCE");
	}
	if (facts->open_files < descriptors) {
		bool too_few = facts->open_files < LEAST_DESCRIPTORS;

		check->state = too_few ? CHECK_NO : CHECK_PARTLY;
		say(check->cost,
		    too_few ? "%snothing can be traced: that takes up to %d descriptors"
			    : "%snamed network namespaces may be missing from snapshots",
		    *check->cost ? "; " : "", LEAST_DESCRIPTORS);
		say(check->remedy, "%s`ulimit -n %llu`, as root where the hard limit is lower",
		    *check->remedy ? "; " : "", (unsigned long long)descriptors);
	}
	if (facts->possible_cpus > RECORD_MAX_CPUS) {
		check->state = CHECK_NO;
		say(check->cost, "%snothing can be traced: events are counted per processor", *check->cost ? "; " : "");
		say(check->remedy, "%sraise RECORD_MAX_CPUS in include/record.h, and build again",
		    *check->remedy ? "; " : "");
	}
}

static void check_proc(const struct host_facts *facts, struct check *check)
{
	if (!facts->has_proc) {
		check->state = CHECK_NO;
		say(check->found, "/proc is not mounted");
		say(check->cost, "nothing can be traced: what was there before cannot be known");
		say(check->remedy, "`mount -t proc proc /proc`");
		return;
	}
	say(check->found, "/proc is mounted");
	if (!*facts->hidepid)
		return;
	say(check->found, " with hidepid=%s", facts->hidepid);
	if (!facts->hides_processes) {
		say(check->found, ", which hides nothing from this process");
		return;
	}
	check->state = CHECK_PARTLY;
	say(check->found, ", which hides the processes of others");
	say(check->cost, "%s", cost_of_hidden_processes(facts));
	say(check->remedy, "Grant CAP_SYS_PTRACE (see capabilities), or `mount -o remount,hidepid=0 /proc`");
}

static void check_pid_namespace(const struct host_facts *facts, struct check *check)
{
	if (!facts->in_pid_namespace) {
		say(check->found, "the host's");
		return;
	}
	check->state = CHECK_PARTLY;
	say(check->found, "not the host's (a container?)");
	say(check->cost, COST_OF_PID_NAMESPACE);
	say(check->remedy, "Run it on the host; or `docker run --pid=host`, in a pod hostPID: true");
}

static void check_rps(const struct host_facts *facts, struct check *check)
{
	if (!*facts->steered) {
		say(check->found, "packets are not steered between processors in this network namespace");
		return;
	}
	check->state = CHECK_PARTLY;
	say(check->found, "packets are steered between processors: %s", facts->steered);
	say(check->cost, "up to 0.2 %% of transitions reached no BPF program on Linux 6.18, and nothing counts them");
	say(check->remedy,
	    "Where each one matters: `for f in /sys/class/net/*/queues/rx-*/rps_cpus; do echo 0 > $f; done`");
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
	{"rps", check_rps, false},
};

enum { CHECK_COUNT = sizeof(checks) / sizeof(checks[0]) };

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
	const char *shortage = checkup_remedy_of_shortage(err);

	check->name = "program";
	check->needed = true;
	check->state = err ? CHECK_NO : CHECK_YES;
	if (!err) {
		say(check->found, "the real thing loads and attaches");
		return;
	}
	say(check->found, shortage ? "it cannot begin: %s" : "the kernel refuses the BPF program: %s",
	    trial_error_text(err));
	say(check->cost, "nothing can be traced");
	if (shortage) {
		say(check->remedy, "%s", shortage);
		return;
	}
	if (facts->lockdown == LOCKDOWN_CONFIDENTIALITY)
		say(check->remedy, "It may be that the kernel is locked down: boot with lockdown=integrity or none. ");
	if (err == -EPERM && facts->counts_locked_memory)
		say(check->remedy, "It may be for want of locked memory: `ulimit -l unlimited`. ");
	say(check->remedy, "With -v the last lines of libbpf's messages say why");
}

struct outlook checkup_outlook(const struct checkup *checkup, const struct host_facts *facts)
{
	struct outlook outlook = {.runs = !checkup_obstacle(checkup)};

	if (!outlook.runs)
		return outlook;
	/* an iterator shows the namespace that it is opened in */
	outlook.exact_snapshot = works(&facts->socket_iterator) && (facts->may_enter_netns || facts->netns_count <= 1);
	outlook.owner_at_accept = works(&facts->accept_exit);
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
