// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

#define BIT(capability) (1ULL << (capability))

/* All that is ever raised: for bpf() (which lifts RLIMIT_MEMLOCK where locked memory counts), for other processes (some
 * containers' root has CAP_DAC_OVERRIDE alone), for setns(), and to run before others. */
#define USED                                                                                                           \
	(BIT(CAP_BPF) | BIT(CAP_PERFMON) | BIT(CAP_SYS_RESOURCE) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH) |    \
	 BIT(CAP_DAC_OVERRIDE) | BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_NICE))

/* What a block finds where the kernel tells of no capabilities (a seccomp filter): it changes nothing. */
#define NOT_TOLD UINT64_MAX

/* Of the calling thread, a bit each. */
struct capability_sets {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
};

/* ---- the system calls ---- */

static int read_sets(struct capability_sets *sets)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data))
		return -errno;
	sets->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	sets->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	sets->inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
	return 0;
}

static int write_sets(const struct capability_sets *sets)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (int half = 0; half < 2; half++) {
		data[half].effective = (uint32_t)(sets->effective >> 32 * half);
		data[half].permitted = (uint32_t)(sets->permitted >> 32 * half);
		data[half].inheritable = (uint32_t)(sets->inheritable >> 32 * half);
	}
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/* ---- blocks ---- */

/* Whether root has all that is permitted just because it is root (capabilities(7), securebits). */
static bool is_root(void)
{
	int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

	return getuid() == 0 && bits >= 0 && !(bits & SECBIT_NOROOT);
}

/* Of `permitted`, those that any program has which its user starts: all for root, else the ambient ones. The kernel
 * clears these where the file gives any. */
static uint64_t of_user(uint64_t permitted)
{
	uint64_t ambient = 0;

	if (is_root())
		return permitted;
	for (unsigned int capability = 0; capability < 64; capability++)
		if (permitted & BIT(capability) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, (unsigned long)capability, 0, 0) == 1)
			ambient |= BIT(capability);
	return ambient;
}

/* Returns what was. A capability that cannot be had is missed by what needs it, which says so; but nothing is done with
 * too many. */
static uint64_t make_effective(struct capability_sets *sets, uint64_t effective)
{
	uint64_t before = sets->effective;

	sets->effective = effective;
	if (effective != before && write_sets(sets) && before & ~effective)
		abort();
	return before;
}

uint64_t privileges_raise(void)
{
	struct capability_sets sets = {0};

	return read_sets(&sets) ? NOT_TOLD : make_effective(&sets, sets.effective | (sets.permitted & USED));
}

uint64_t privileges_become_user(void)
{
	struct capability_sets sets = {0};

	return read_sets(&sets) ? NOT_TOLD : make_effective(&sets, of_user(sets.permitted));
}

/* What was permitted may have been dropped meanwhile. */
void privileges_restore(const uint64_t *before)
{
	struct capability_sets sets = {0};

	if (*before == NOT_TOLD)
		return;
	if (read_sets(&sets))
		abort();
	make_effective(&sets, *before & sets.permitted);
}

uint64_t privileges_permitted(void)
{
	struct capability_sets sets = {0};

	return read_sets(&sets) ? 0 : sets.permitted;
}

uint64_t privileges_of_user(void)
{
	return of_user(privileges_permitted());
}

/* ---- beginning, and giving up ---- */

/* Its effective and saved ids would open files for somebody else. */
static int become_real_user(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (geteuid() == uid && getegid() == gid)
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid) ||
	    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0))
		return -errno;
	return 0;
}

/* Where a seccomp filter forbids it, a program whose file gave nothing goes on as its user would have any other. */
int privileges_begin(void)
{
	struct capability_sets sets = {0};
	int err = become_real_user();

	if (err)
		return err;
	err = read_sets(&sets);
	if (err)
		return getauxval(AT_SECURE) ? err : 0;
	if (sets.effective) {
		sets.effective = 0;
		err = write_sets(&sets);
	}
	return sets.permitted == of_user(sets.permitted) ? 0 : err;
}

int privileges_drop(bool enters_namespaces)
{
	uint64_t keep = BIT(CAP_BPF) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH);
	struct capability_sets sets;
	int err;

	if (enters_namespaces)
		keep |= BIT(CAP_SYS_ADMIN);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	err = read_sets(&sets);
	if (err)
		return err;
	sets.effective &= keep;
	sets.permitted &= keep;
	sets.inheritable = 0;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return write_sets(&sets);
}
