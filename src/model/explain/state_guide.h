/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The guide to each state of TCP, as Linux implements it, for people who see many sockets in one state and wonder.
 * Commands in the texts stand between ` and `.
 */
#include <stdbool.h>

#include "tcp_state.h"

/* Settings of the kernel that matter to some state. */
enum setting {
	SETTING_NONE,
	SETTING_TCP_KEEPALIVE_TIME,
	SETTING_TCP_KEEPALIVE_INTVL,
	SETTING_TCP_KEEPALIVE_PROBES,
	SETTING_TCP_RETRIES2,
	SETTING_TCP_SYN_RETRIES,
	SETTING_TCP_SYN_LINEAR_TIMEOUTS,
	SETTING_TCP_SYNACK_RETRIES,
	SETTING_TCP_MAX_SYN_BACKLOG,
	SETTING_SOMAXCONN,
	SETTING_TCP_SYNCOOKIES,
	SETTING_TCP_ABORT_ON_OVERFLOW,
	SETTING_TCP_ORPHAN_RETRIES,
	SETTING_TCP_MAX_ORPHANS,
	SETTING_TCP_FIN_TIMEOUT,
	SETTING_TCP_MAX_TW_BUCKETS,
	SETTING_TCP_TW_REUSE,
	SETTING_IP_LOCAL_PORT_RANGE,
	SETTING_COUNT,
};

struct setting_guide {
	const char *name; /* as sysctl(8) spells it */
	const char *role;
};

enum { GUIDE_STEPS = 5, GUIDE_REMEDIES = 4, GUIDE_SETTINGS = 5 };

/* A transition into the state, or out of it. */
struct guide_step {
	uint8_t state;   /* at the other end of the transition: enum tcp_state; STATE_UNKNOWN: no socket */
	const char *how; /* the cause: a system call, a packet, a timer. NULL: there are no more steps */
};

struct state_guide {
	const char *brief; /* one line */
	const char *meaning;
	struct guide_step enters[GUIDE_STEPS];
	struct guide_step leaves[GUIDE_STEPS];
	const char *many;                     /* meaning of many sockets in the state */
	const char *remedies[GUIDE_REMEDIES]; /* up to NULL, or to the end */
	uint8_t settings[GUIDE_SETTINGS];     /* enum setting; up to SETTING_NONE, or to the end */
};

/* The guide to a state from ESTABLISHED to CLOSING. */
const struct state_guide *state_guide(unsigned int state);

/* The guide to a setting other than SETTING_NONE. */
const struct setting_guide *setting_guide(enum setting setting);

/* True if there is one value for all network namespaces, which only the first of them shows. */
bool setting_is_of_host(enum setting setting);
