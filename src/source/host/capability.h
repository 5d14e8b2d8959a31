/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The capabilities that tcpledger has a use for.
 */
#include <stddef.h>
#include <stdint.h>

enum capability_use {
	CAPABILITY_TRACE,  /* to load and attach BPF programs; without it nothing works */
	CAPABILITY_OWNERS, /* to read /proc/PID/fd of other users' processes */
	CAPABILITY_NETNS,  /* to enter other network namespaces */
	CAPABILITY_NICE,   /* to run before other processes */
	CAPABILITY_USES,
};

/* Capabilities to give the program with setcap: enough for all uses but the last two. CAP_SYS_ADMIN, for one of those,
 * is nearly root. */
#define CAPABILITIES_FOR_FILE "cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search"

enum { CAPABILITIES_TEXT = 128 };

/* Returns the permitted capabilities of this process (privileges.h), a bit each, and those that they stand for in the
 * kernel: CAP_SYS_ADMIN for CAP_BPF and CAP_PERFMON, CAP_DAC_OVERRIDE for CAP_DAC_READ_SEARCH. */
uint64_t capabilities_held(void);

/* Write the names of the capabilities for `use` that are, or are not, in `held` into `out`, of CAPABILITIES_TEXT bytes,
 * separated by commas; "" when there are none. Return `out`. */
const char *capabilities_present(uint64_t held, enum capability_use use, char *out);
const char *capabilities_missing(uint64_t held, enum capability_use use, char *out);

/* Returns advice for where we may not inspect processes: what to do, or what to know. */
const char *capabilities_owners_remedy(void);
