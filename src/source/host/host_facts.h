/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Facts of this host that tcpledger needs or can use. They are only gathered here; checkup.h says what they mean.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "time_namespace.h"
#include "trial.h"

enum { FACT_TEXT = 512 };

enum lockdown { LOCKDOWN_UNKNOWN, LOCKDOWN_NONE, LOCKDOWN_INTEGRITY, LOCKDOWN_CONFIDENTIALITY };

/* Texts come from elsewhere, and are not escaped. */
struct host_facts {
	char release[65];
	char machine[65];

	/* privileges */
	uint64_t capabilities;  /* capabilities_held() */
	bool in_user_namespace; /* in another than the host's: the kernel does not count its capabilities for BPF */
	bool in_pid_namespace;  /* in another PID namespace than the host's */
	struct time_offsets time_offsets;
	bool no_new_privileges; /* neither sudo nor setcap will give any privileges */
	bool has_seccomp_filter;
	int system_call;         /* result of trial_system_call() */
	char program[FACT_TEXT]; /* the path of this program; "" when it is not known */

	/* the kernel */
	unsigned int btf_types; /* 0: no type information */
	int btf_file_err;       /* positive errno of reading VMLINUX_BTF; 0: it can be read */
	int btf_parse_err;      /* positive errno of parsing VMLINUX_BTF; 0: it was understood, or cannot be read */
	struct trial ring_buffer;
	struct trial tracepoint;
	struct trial socket_cookie;
	struct trial kernel_read;
	struct trial socket_iterator;
	struct trial descriptor_iterator;
	struct trial accept_exit;
	enum lockdown lockdown;

	/* limits */
	int possible_cpus;
	bool counts_locked_memory;
	uint64_t locked_memory; /* bytes; UINT64_MAX: no limit */
	uint64_t open_files;
	uint64_t netns_count; /* network namespaces that can be seen from here */
	bool may_enter_netns;
	uint64_t named_netns; /* those under /run/netns: each takes a descriptor while a snapshot is taken */

	/* /proc and /sys */
	bool has_proc;
	char hidepid[16];     /* value of this mount option of /proc; "" when /proc hides nothing by it */
	bool hides_processes; /* `hidepid` hides processes from this one */
};

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"

/* Gathers all facts. Loads trial programs where that is allowed: takes some 50 ms. */
void host_facts_gather(struct host_facts *facts);

/* ---- for the tests ---- */

/* Parses the word in brackets of "none [integrity] confidentiality". */
enum lockdown lockdown_of(const char *text);

/* Finds the value of the option hidepid in a line of /proc/self/mountinfo. True when the line is about /proc: the value
 * is then in `out`, of `size` bytes, "" when nothing is hidden. */
bool hidepid_of(const char *line, char *out, size_t size);
