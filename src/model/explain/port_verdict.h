/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Whether a port could be bound now, and if not, why: the kernel's answer to a trial, and what is known of the sockets
 * that explains it.
 */
#include "port_survey.h"

enum { BIND_UNTRIED = -1 };

/* What a socket is bound to: any address of a family, by itself, or those of both. */
enum { PORT_DUAL = PORT_FAMILIES, PORT_WAYS };

/* What bind() of the port returned: 0, a positive errno, or BIND_UNTRIED. */
struct bind_trial {
	int plain;
	int reuse; /* with SO_REUSEADDR */
};

struct port_facts {
	uint32_t unprivileged_start; /* ports below take a privilege */
	bool may_bind_privileged;    /* we have it */
	uint16_t ephemeral_low, ephemeral_high;
	bool reserved; /* from the kernel's own choice */
	struct bind_trial trials[PORT_PROTOCOLS][PORT_WAYS];
};

enum bind_answer {
	BIND_UNKNOWN,
	BIND_YES,
	BIND_WITH_REUSE, /* with SO_REUSEADDR only */
	BIND_IN_USE,
	BIND_FORBIDDEN,
	BIND_NO_FAMILY, /* this namespace has no such addresses */
};

enum port_why {
	WHY_PRIVILEGED, /* and we lack the privilege */
	WHY_FORBIDDEN,  /* by something else: a security module, a BPF program */
	WHY_LISTENER,
	WHY_UDP_SOCKET,
	WHY_BOUND,       /* by a TCP socket that does nothing else */
	WHY_OUTGOING,    /* by connections for which the kernel has chosen it, as far as can be told */
	WHY_CONNECTIONS, /* by others: of a listener that is gone, or of who bound it and called connect() */
	WHY_TIME_WAIT,
	WHY_UNSEEN, /* by a socket that the kernel does not show */
	WHY_COUNT,
};

struct port_reason {
	enum port_why why;
	enum protocol protocol;
	unsigned int families; /* a set: where it stands against a bind() to any address */
	bool one_address;      /* and only because it has one of them, */
	bool one_device;       /* or all of them on one device */
	uint64_t count;        /* of sockets; 0 where it is about none */
	uint32_t last_ms;      /* TIME_WAIT: until the last ends */
	size_t server;         /* the first of the survey's servers that it is about */
};

struct port_verdict {
	enum bind_answer answers[PORT_PROTOCOLS][PORT_WAYS];
	struct port_reason reasons[PORT_PROTOCOLS * WHY_COUNT];
	size_t reason_count;
};

/* Of `protocols` (a set). */
void port_verdict_make(const struct port_survey *survey, const struct port_facts *facts, uint32_t protocols,
		       struct port_verdict *out);

bool port_is_privileged(const struct port_facts *facts, uint16_t port);
bool port_is_ephemeral(const struct port_facts *facts, uint16_t port);

/* "yes", "with SO_REUSEADDR" … as JSON spells them: "yes", "with_reuseaddr", "in_use", "forbidden", "no_family"; NULL
 * for BIND_UNKNOWN. */
const char *bind_answer_name(enum bind_answer answer);

/* "privileged", "forbidden", "listener", "udp_socket", "bound", "outgoing", "connections", "time_wait", "unseen". */
const char *port_why_name(enum port_why why);
