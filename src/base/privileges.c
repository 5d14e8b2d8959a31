// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "privileges.h"

#include <errno.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capability_bit.h"
#include "log.h"
#include "seccomp.h"

/* All capabilities that are ever raised: for bpf() (including the lifting of RLIMIT_MEMLOCK where locked memory
 * counts), for other processes (some containers' root has CAP_DAC_OVERRIDE alone), for setns(), and to run before
 * others. */
#define USED                                                                                                           \
	(CAPABILITY_BIT(CAP_BPF) | CAPABILITY_BIT(CAP_PERFMON) | CAPABILITY_BIT(CAP_SYS_RESOURCE) |                    \
	 CAPABILITY_BIT(CAP_SYS_PTRACE) | CAPABILITY_BIT(CAP_DAC_READ_SEARCH) | CAPABILITY_BIT(CAP_DAC_OVERRIDE) |     \
	 CAPABILITY_BIT(CAP_SYS_ADMIN) | CAPABILITY_BIT(CAP_SYS_NICE))

/* Value kept by a block where the kernel does not report capabilities (a seccomp filter): the block changes nothing. */
#define SETS_UNKNOWN UINT64_MAX

/* Capabilities of the calling thread, one bit each. */
struct capability_sets {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
};

/* ---- the system calls ---- */

static int read_capability_sets(struct capability_sets *sets)
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

static int write_capability_sets(const struct capability_sets *sets)
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

/* Writes the sets as they are, for seccomp_kills(). */
static int write_own_sets(void)
{
	struct capability_sets sets = {0};
	int err = read_capability_sets(&sets);

	return err ? err : write_capability_sets(&sets);
}

/* ---- blocks ---- */

/* True when the user is root, and has all permitted capabilities just by that (capabilities(7), securebits). */
static bool is_privileged_root(void)
{
	int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

	return getuid() == 0 && bits >= 0 && !(bits & SECBIT_NOROOT);
}

/* Returns those of `permitted` that any program has when its user starts it: all for root, else the ambient ones. The
 * kernel clears the ambient ones where the program's file gives any. */
static uint64_t select_user_capabilities(uint64_t permitted)
{
	uint64_t ambient = 0;

	if (is_privileged_root())
		return permitted;
	for (unsigned int capability = 0; capability < 64; capability++)
		if (permitted & CAPABILITY_BIT(capability) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, (unsigned long)capability, 0, 0) == 1)
			ambient |= CAPABILITY_BIT(capability);
	return ambient;
}

/* Ends the program at once: nothing is done with too many capabilities, not even what is done at exit. */
__attribute__((noreturn)) static void end_with_capabilities(int err)
{
	log_error("capabilities cannot be laid aside, and nothing is done with them: %s", strerror(-err));
	_exit(EXIT_FAILURE);
}

/* Returns the capabilities that were effective before. A capability that cannot be raised is no error here: the code
 * that needs it will fail and say so. One that cannot be lowered ends the program. */
static uint64_t make_effective(struct capability_sets *sets, uint64_t effective)
{
	uint64_t before = sets->effective;
	int err;

	sets->effective = effective;
	err = effective != before ? write_capability_sets(sets) : 0;
	if (err && before & ~effective)
		end_with_capabilities(err);
	return before;
}

uint64_t privileges_raise(void)
{
	struct capability_sets sets = {0};

	return read_capability_sets(&sets) ? SETS_UNKNOWN
					   : make_effective(&sets, sets.effective | (sets.permitted & USED));
}

uint64_t privileges_become_user(void)
{
	struct capability_sets sets = {0};

	return read_capability_sets(&sets) ? SETS_UNKNOWN
					   : make_effective(&sets, select_user_capabilities(sets.permitted));
}

/* A capability that is no longer permitted is not restored: it may have been dropped meanwhile. */
void privileges_restore(const uint64_t *before)
{
	struct capability_sets sets = {0};
	int err;

	if (*before == SETS_UNKNOWN)
		return;
	err = read_capability_sets(&sets);
	if (err)
		end_with_capabilities(err);
	make_effective(&sets, *before & sets.permitted);
}

uint64_t privileges_permitted(void)
{
	struct capability_sets sets = {0};

	return read_capability_sets(&sets) ? 0 : sets.permitted;
}

uint64_t privileges_of_user(void)
{
	return select_user_capabilities(privileges_permitted());
}

/* ---- beginning, and giving up ---- */

/* Makes the effective and saved ids those of the real user: else they would open files with somebody else's rights. */
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

/* Where a seccomp filter forbids these calls, or kills who makes them, a program whose file gave nothing goes on, with
 * the capabilities that any other program of its user has. All of these are effective then, and stay so: no block has
 * anything to change. */
int privileges_begin(void)
{
	struct capability_sets sets = {0};
	int err = become_real_user();

	if (err)
		return err;
	err = read_capability_sets(&sets);
	if (err)
		return getauxval(AT_SECURE) ? err : 0;
	if (sets.permitted && seccomp_kills(write_own_sets)) {
		err = -EPERM;
	} else if (sets.effective) {
		sets.effective = 0;
		err = write_capability_sets(&sets);
	}
	return sets.permitted == select_user_capabilities(sets.permitted) ? 0 : err;
}

int privileges_drop(bool enters_namespaces)
{
	uint64_t keep = CAPABILITY_BIT(CAP_BPF) | CAPABILITY_BIT(CAP_SYS_PTRACE) | CAPABILITY_BIT(CAP_DAC_READ_SEARCH);
	struct capability_sets sets;
	int err;

	if (enters_namespaces)
		keep |= CAPABILITY_BIT(CAP_SYS_ADMIN);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	err = read_capability_sets(&sets);
	if (err)
		return err;
	sets.effective &= keep;
	sets.permitted &= keep;
	sets.inheritable = 0;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return seccomp_kills(write_own_sets) ? -EPERM : write_capability_sets(&sets);
}
