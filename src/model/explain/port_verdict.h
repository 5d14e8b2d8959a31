/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The verdict on a port: if it could be bound now, and if not, why. It is made of the kernel's answer to a trial, and
 * of the sockets that explain that answer.
 */
#include "port_survey.h"

enum { BIND_UNTRIED = -1 };

/* Ways of binding a socket: to any address of one family (enum port_family), or of both at once (PORT_DUAL). */
enum { PORT_DUAL = PORT_FAMILIES, PORT_WAYS };

/* Results of bind() to the port: 0, a positive errno, or BIND_UNTRIED. */
struct bind_trial {
	int plain;
	int reuse; /* with SO_REUSEADDR */
};

struct port_facts {
	uint32_t unprivileged_start; /* ports below this one need a privilege */
	bool may_bind_privileged;    /* we have that privilege */
	uint16_t ephemeral_low, ephemeral_high;
	bool reserved; /* excluded from the kernel's own choice */
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
	WHY_PRIVILEGED, /* the port needs a privilege that we lack */
	WHY_FORBIDDEN,  /* something else forbids it: a security module, a BPF program */
	WHY_LISTENER,
	WHY_UDP_SOCKET,
	WHY_BOUND,       /* a TCP socket is bound to it, and does nothing else */
	WHY_OUTGOING,    /* connections for which the kernel has chosen it, as far as is known */
	WHY_CONNECTIONS, /* others: of a listener that is gone, or of a process that bound it and called connect() */
	WHY_TIME_WAIT,
	WHY_UNSEEN, /* a socket that the kernel does not show */
	WHY_COUNT,
};

struct port_reason {
	enum port_why why;
	enum protocol protocol;
	unsigned int families; /* the set of those in which it prevents a bind() to any address */
	bool one_address;      /* its sockets have single addresses only: others are free */
	bool one_device;       /* those that have all addresses are bound to one device each */
	uint64_t count;        /* of sockets; 0: the reason is about none */
	uint32_t last_ms;      /* TIME_WAIT: ms until the last ends */
	size_t server;         /* index of the first of the survey's servers that it is about */
};

struct port_verdict {
	enum bind_answer answers[PORT_PROTOCOLS][PORT_WAYS];
	struct port_reason reasons[PORT_PROTOCOLS * WHY_COUNT];
	size_t reason_count;
};

/* Makes the verdict for `protocols`, a set (1 << protocol). */
void port_verdict_make(const struct port_survey *survey, const struct port_facts *facts, uint32_t protocols,
		       struct port_verdict *out);

bool port_is_privileged(const struct port_facts *facts, uint16_t port);
bool port_is_ephemeral(const struct port_facts *facts, uint16_t port);

/* The names in JSON: "yes", "with_reuseaddr", "in_use", "forbidden", "no_family"; NULL for BIND_UNKNOWN. */
const char *bind_answer_name(enum bind_answer answer);

/* "privileged", "forbidden", "listener", "udp_socket", "bound", "outgoing", "connections", "time_wait", "unseen". */
const char *port_why_name(enum port_why why);
