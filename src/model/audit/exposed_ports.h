/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Ports of services that should not be public: databases, caches, brokers, administration of machines and clusters,
 * debuggers, and protocols without encryption or a login. The one table that `audit` judges by and prints.
 */
#include "socket.h"

struct exposed_port {
	uint16_t first, last;
	uint32_t protocols;  /* a set (1 << protocol) */
	const char *process; /* the one that mostly waits there; NULL: none is known */
	bool anywhere;       /* the danger is the same on any port on which that process waits */
	const char *what;    /* the service */
	const char *why;     /* why it should not be public */
};

/* The whole table, in the order of ports. */
const struct exposed_port *exposed_ports(size_t *count);

/* Finds the entry of a socket: by the port and the process that holds the socket; else by a process that is known on
 * any port; else by the port alone. NULL: there is none. */
const struct exposed_port *exposed_port_of(const struct socket *socket);

enum { EXPOSED_PORT_TEXT = 32 };

/* Writes "6379/tcp", "512-514/tcp", "161/tcp+udp" into `out`, of EXPOSED_PORT_TEXT bytes. Returns `out`. */
const char *exposed_port_text(const struct exposed_port *port, char *out);
