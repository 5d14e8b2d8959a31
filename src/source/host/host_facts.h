/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What there is on this host of what tcpledger needs or can use. Only gathered here; checkup.h says what it means.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trial.h"

enum { FACT_TEXT = 512 };

enum lockdown { LOCKDOWN_UNKNOWN, LOCKDOWN_NONE, LOCKDOWN_INTEGRITY, LOCKDOWN_CONFIDENTIALITY };

/* Texts come from elsewhere, and are not escaped. */
struct host_facts {
	char release[65];
	char machine[65];

	/* privileges */
	uint64_t capabilities;  /* capabilities_held() */
	bool in_user_namespace; /* not the host's: the kernel does not count its capabilities for BPF */
	bool in_pid_namespace;  /* not the host's */
	bool no_new_privileges; /* neither sudo nor setcap will give any */
	bool has_seccomp_filter;
	int system_call;         /* trial_system_call() */
	char program[FACT_TEXT]; /* the path of this program; "" when it is not known */

	/* the kernel */
	unsigned int btf_types; /* 0: no type information */
	int btf_file_err;       /* why VMLINUX_BTF cannot be read, as a positive errno; 0: it can */
	int btf_parse_err;      /* why nothing was made of what is in it, as a positive errno; 0: something was */
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
	uint64_t named_netns; /* each takes a descriptor while a snapshot is taken */

	/* /proc and /sys */
	bool has_proc;
	char hidepid[16];        /* "" when it hides nothing by this option */
	bool hides_processes;    /* and it does so from this process */
	char steered[FACT_TEXT]; /* network devices of this namespace with RPS, with commas; "" for none */
};

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"

/* Loads trial programs where it may: takes some 50 ms. */
void host_facts_gather(struct host_facts *facts);

/* ---- for the tests ---- */

/* The word in brackets of "none [integrity] confidentiality". */
enum lockdown lockdown_of(const char *text);

/* The value of the option hidepid in a line of /proc/self/mountinfo, when the line is about /proc. True when it is;
 * the value is then in `out` of `size` bytes, "" when nothing is hidden. */
bool hidepid_of(const char *line, char *out, size_t size);

/* Whether a mask of processors as in "00000000,00000003" has any. */
bool mask_is_empty(const char *mask);
