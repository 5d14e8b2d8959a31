// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "host_facts.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capability.h"
#include "cleanup.h"
#include "dir.h"
#include "netns.h"
#include "netns_known.h"
#include "privileges.h"
#include "process.h"
#include "seccomp.h"

#define LOCKDOWN "/sys/kernel/security/lockdown"

/* PROC_USER_INIT_INO, include/linux/proc_ns.h */
enum { FIRST_USER_NAMESPACE = 0xeffffffd };

enum { FIELDS_BEFORE_POINT = 4 }; /* of a line of mountinfo, before the mount point */

/* Reads a small file of /proc or /sys; "" when it cannot be read. */
static void read_small_file(const char *path, char *out, size_t size)
{
	CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, out, size - 1);

	out[length < 0 ? 0 : length] = '\0';
}

/* Tries to open a file for reading: 0, or a positive errno. Not by access(), which asks without our capabilities. */
static int find_read_error(const char *path)
{
	CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

/* ---- privileges ---- */

/* True in another user namespace than the host's. Where /proc does not show ours, ours is taken for the host's. */
static bool is_in_user_namespace(void)
{
	struct stat file;

	return stat("/proc/self/ns/user", &file) == 0 && file.st_ino != FIRST_USER_NAMESPACE;
}

static void gather_privileges(struct host_facts *facts)
{
	ssize_t length = readlink("/proc/self/exe", facts->program, sizeof(facts->program) - 1);

	facts->program[length < 0 ? 0 : length] = '\0';
	facts->capabilities = capabilities_held();
	facts->in_user_namespace = is_in_user_namespace();
	facts->in_pid_namespace = !process_is_in_first_namespace();
	facts->time_offsets = time_namespace_offsets();
	facts->no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	facts->has_seccomp_filter = seccomp_is_on();
	facts->system_call = trial_system_call();
}

/* ---- the kernel ---- */

enum lockdown lockdown_of(const char *text)
{
	if (strstr(text, "[none]"))
		return LOCKDOWN_NONE;
	if (strstr(text, "[integrity]"))
		return LOCKDOWN_INTEGRITY;
	if (strstr(text, "[confidentiality]"))
		return LOCKDOWN_CONFIDENTIALITY;
	return LOCKDOWN_UNKNOWN;
}

/* Parses the file once more, for its error (a positive errno): btf__load_vmlinux_btf() returns ESRCH, whatever the
 * cause. */
static int find_btf_parse_error(const char *path)
{
	struct btf *btf = btf__parse(path, NULL);
	int err = btf ? 0 : errno;

	btf__free(btf);
	return err;
}

static void run_all_trials(struct host_facts *facts)
{
	struct btf *btf = btf__load_vmlinux_btf();

	facts->btf_types = btf ? btf__type_cnt(btf) : 0;
	facts->btf_file_err = find_read_error(VMLINUX_BTF);
	if (!btf && !facts->btf_file_err)
		facts->btf_parse_err = find_btf_parse_error(VMLINUX_BTF);
	facts->ring_buffer = trial_ring_buffer();
	facts->tracepoint = trial_tracepoint(btf);
	facts->socket_cookie = trial_socket_cookie(btf);
	facts->kernel_read = trial_kernel_read(btf);
	facts->socket_iterator = trial_socket_iterator(btf);
	facts->descriptor_iterator = trial_descriptor_iterator(btf);
	facts->accept_exit = trial_accept_exit(btf);
	facts->counts_locked_memory = trial_counts_locked_memory();
	btf__free(btf);
}

/* Marks all trials as failed without calling bpf(): the caller would be killed. */
static void fail_all_trials(struct host_facts *facts)
{
	const struct trial killed = {.failed_at = TRIAL_LOAD, .err = -ESHUTDOWN};

	facts->btf_file_err = find_read_error(VMLINUX_BTF);
	facts->btf_types = facts->btf_file_err == 0;
	facts->ring_buffer = killed;
	facts->tracepoint = killed;
	facts->socket_cookie = killed;
	facts->kernel_read = killed;
	facts->socket_iterator = killed;
	facts->descriptor_iterator = killed;
	facts->accept_exit = killed;
}

static void gather_kernel(struct host_facts *facts)
{
	struct utsname kernel;
	char text[128];

	uname(&kernel);
	memcpy(facts->release, kernel.release, sizeof(facts->release));
	memcpy(facts->machine, kernel.machine, sizeof(facts->machine));
	read_small_file(LOCKDOWN, text, sizeof(text));
	facts->lockdown = lockdown_of(text);
	if (facts->system_call == -ESHUTDOWN)
		fail_all_trials(facts);
	else
		run_all_trials(facts);
}

/* ---- limits, network namespaces ---- */

static uint64_t count_netns(void)
{
	struct netns_list namespaces;
	uint64_t count;

	if (netns_discover(&namespaces))
		return 0;
	count = namespaces.count;
	netns_list_free(&namespaces);
	return count;
}

static uint64_t read_soft_limit(int resource)
{
	struct rlimit limit;

	return getrlimit(resource, &limit) || limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

static uint64_t count_dir_entries(const char *path)
{
	CLEANUP(cleanup_closedir) DIR *dir = opendir(path);
	const struct dirent *entry;
	uint64_t count = 0;

	while (dir && dir_next(dir, &entry) > 0)
		count += entry->d_name[0] != '.';
	return count;
}

/* To be called after the trials: for these libbpf lifts RLIMIT_MEMLOCK where it matters and where it may, as it will
 * for the real programs. */
static void gather_limits(struct host_facts *facts)
{
	facts->possible_cpus = libbpf_num_possible_cpus();
	facts->locked_memory = read_soft_limit(RLIMIT_MEMLOCK);
	facts->open_files = read_soft_limit(RLIMIT_NOFILE);
	facts->named_netns = count_dir_entries(NETNS_FOLDER);
	facts->netns_count = count_netns();
	facts->may_enter_netns = netns_may_enter();
}

/* ---- /proc and /sys ---- */

/* Returns the field of a line of mountinfo behind the one at `field`. One blank separates them: the kernel writes a
 * blank in a field as \040. NULL: there is none, or `field` is NULL. */
static const char *find_next_field(const char *field)
{
	const char *blank = field ? strchr(field, ' ') : NULL;

	return blank ? blank + 1 : NULL;
}

static bool field_is(const char *field, const char *word)
{
	size_t length = strlen(word);

	return field && strncmp(field, word, length) == 0 && strchr(" \n", field[length]);
}

/* Finds the type of the file system, to which a "-" leads. */
static const char *find_type_field(const char *line)
{
	while (line && !field_is(line, "-"))
		line = find_next_field(line);
	return find_next_field(line);
}

/* Parses a line such as "24 30 0:22 / /proc rw,nosuid shared:5 - proc proc rw,hidepid=invisible". The last field but
 * one is the source, and may be any text. */
bool hidepid_of(const char *line, char *out, size_t size)
{
	static const char name[] = "hidepid=";
	const char *point = line, *type = find_type_field(line);
	const char *option = find_next_field(find_next_field(type));

	for (int i = 0; i < FIELDS_BEFORE_POINT; i++)
		point = find_next_field(point);
	if (!field_is(point, "/proc") || !field_is(type, "proc") || !option)
		return false;
	*out = '\0';
	while (*option && strncmp(option, name, strlen(name)) != 0)
		option += strcspn(option, ",") + (strchr(option, ',') != NULL);
	if (!*option)
		return true;
	option += strlen(name);
	snprintf(out, size, "%.*s", (int)strcspn(option, ",\n"), option);
	if (!strcmp(out, "0") || !strcmp(out, "off"))
		*out = '\0';
	return true;
}

static void gather_proc(struct host_facts *facts)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;

	facts->has_proc = access("/proc/self/net", F_OK) == 0;
	/* of several mounts at one place the last one lies on top */
	while (mounts && getline(&line, &room, mounts) > 0)
		hidepid_of(line, facts->hidepid, sizeof(facts->hidepid));
	free(line);
	if (mounts)
		fclose(mounts);
	facts->hides_processes = *facts->hidepid && find_read_error("/proc/1/comm");
}

void host_facts_gather(struct host_facts *facts)
{
	WITH_PRIVILEGES;
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* the caller reports what is missing */

	memset(facts, 0, sizeof(*facts));
	gather_privileges(facts);
	gather_kernel(facts);
	gather_limits(facts);
	gather_proc(facts);
	libbpf_set_print(print);
}
