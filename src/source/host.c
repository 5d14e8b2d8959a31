// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "host.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

#define VMLINUX_BTF       "/sys/kernel/btf/vmlinux"
#define LOCKDOWN          "/sys/kernel/security/lockdown"
#define FILE_CAPABILITIES "cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search=ep"

/* PROC_PID_INIT_INO, include/linux/proc_ns.h */
#define FIRST_PID_NAMESPACE 0xeffffffc

struct capability {
	unsigned int number;
	const char *name;
};

static uint64_t effective_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data))
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

/* The names of those that are missing, with commas; empty when none is. CAP_SYS_ADMIN stands for CAP_BPF and
 * CAP_PERFMON. */
static void list_missing(const struct capability *wanted, size_t count, char *out, size_t size)
{
	uint64_t have = effective_capabilities();
	bool admin = have >> CAP_SYS_ADMIN & 1;

	*out = '\0';
	for (size_t i = 0; i < count; i++) {
		bool stands_in = admin && (wanted[i].number == CAP_BPF || wanted[i].number == CAP_PERFMON);

		if (have >> wanted[i].number & 1 || stands_in)
			continue;
		if (*out)
			strncat(out, ", ", size - strlen(out) - 1);
		strncat(out, wanted[i].name, size - strlen(out) - 1);
	}
}

static bool explain_capabilities(void)
{
	static const struct capability wanted[] = {{CAP_BPF, "CAP_BPF"}, {CAP_PERFMON, "CAP_PERFMON"}};
	char missing[64], self[512];
	ssize_t length;

	list_missing(wanted, sizeof(wanted) / sizeof(wanted[0]), missing, sizeof(missing));
	if (!*missing)
		return false;
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[length < 0 ? 0 : length] = '\0';
	log_error("tracing needs privileges: %s missing. Run it with sudo, or grant them to the program once:\n"
		  "    sudo setcap " FILE_CAPABILITIES " %s",
		  missing, self);
	return true;
}

static bool explain_btf(void)
{
	struct utsname kernel;

	if (access(VMLINUX_BTF, R_OK) == 0)
		return false;
	uname(&kernel);
	log_error("kernel %s offers no type information (" VMLINUX_BTF ": %s). Boot a kernel built with "
		  "CONFIG_DEBUG_INFO_BTF=y: Debian 11, Ubuntu 20.10, Fedora 31, RHEL 8.2 and later have it",
		  kernel.release, strerror(errno));
	return true;
}

static bool explain_kernel(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct utsname kernel;
	bool no_tracepoint, no_ring;

	if (!btf || libbpf_get_error(btf))
		return false;
	uname(&kernel);
	no_tracepoint = btf__find_by_name_kind(btf, "btf_trace_inet_sock_set_state", BTF_KIND_TYPEDEF) < 0;
	no_ring = btf__find_by_name_kind(btf, "bpf_ringbuf", BTF_KIND_STRUCT) < 0;
	btf__free(btf);
	if (no_ring)
		log_error("kernel %s is too old: it has no BPF ring buffer. Linux 5.8 is the oldest that can do, 5.15 "
			  "the oldest that is supported",
			  kernel.release);
	else if (no_tracepoint)
		log_error("kernel %s has no tracepoint sock:inet_sock_set_state that BPF can attach to. It needs "
			  "CONFIG_INET=y and CONFIG_TRACEPOINTS=y",
			  kernel.release);
	return no_ring || no_tracepoint;
}

static bool explain_lockdown(void)
{
	CLEANUP(cleanup_close) int fd = open(LOCKDOWN, O_RDONLY | O_CLOEXEC);
	char text[128];
	ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[length < 0 ? 0 : length] = '\0';
	if (!strstr(text, "[confidentiality]"))
		return false;
	log_error("the kernel is locked down for confidentiality, which forbids BPF programs to read kernel memory "
		  "(" LOCKDOWN "). Boot with lockdown=integrity or lower");
	return true;
}

void host_explain_failure(int err)
{
	if (explain_capabilities() || explain_btf() || explain_kernel() || explain_lockdown())
		return;
	if (err == -EPERM)
		log_error("the kernel refused the BPF program (%s) though the capabilities are there. In a container, "
			  "its seccomp profile or security module forbids bpf(): run it on the host, or with "
			  "--privileged",
			  strerror(-err));
	else
		log_error("this kernel does not take the BPF program: %s. Run it with -v to see why, in the last lines "
			  "of "
			  "libbpf's own messages",
			  strerror(-err));
}

void host_check_owners(void)
{
	static const struct capability wanted[] = {{CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
						   {CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"}};
	struct stat pid_namespace;
	char missing[64];

	list_missing(wanted, sizeof(wanted) / sizeof(wanted[0]), missing, sizeof(missing));
	if (*missing)
		log_warning("%s missing: owners of sockets that other users opened before now stay unknown (-)",
			    missing);
	if (stat("/proc/self/ns/pid", &pid_namespace) == 0 && pid_namespace.st_ino != FIRST_PID_NAMESPACE)
		log_warning(
			"this is not the host's pid namespace: events name processes by the host's numbers, and only "
			"those of this namespace are found in /proc");
}
