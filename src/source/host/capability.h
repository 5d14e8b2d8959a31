/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The capabilities that tcpledger has a use for.
 */
#include <stddef.h>
#include <stdint.h>

enum capability_use {
	CAPABILITY_TRACE,  /* to load and attach; nothing goes without */
	CAPABILITY_OWNERS, /* to look into /proc/PID/fd of other users' processes */
	CAPABILITY_NETNS,  /* to enter other network namespaces */
	CAPABILITY_NICE,   /* to run before others */
	CAPABILITY_USES,
};

/* What to give the program with setcap: enough for all but the last two uses, of which one is nearly root. */
#define CAPABILITIES_FOR_FILE "cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search"

enum { CAPABILITIES_TEXT = 128 };

/* Those of this process that are permitted (privileges.h), a bit each; and those that they stand for in the kernel:
 * CAP_SYS_ADMIN for CAP_BPF and CAP_PERFMON, CAP_DAC_OVERRIDE for CAP_DAC_READ_SEARCH. */
uint64_t capabilities_held(void);

/* The names of those wanted for `use` that are, or are not, in `held`, with commas, into `out` of CAPABILITIES_TEXT
 * bytes; "" when there are none. Returns `out`. */
const char *capabilities_present(uint64_t held, enum capability_use use, char *out);
const char *capabilities_missing(uint64_t held, enum capability_use use, char *out);

/* What to do, or what to know, where processes may not be looked into. */
const char *capabilities_owners_remedy(void);
