/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Ports of services that should not be public: databases, caches, brokers, what administers machines and clusters, what
 * debuggers listen on, and protocols without encryption or a login. The one table that `audit` judges by and prints.
 */
#include "socket.h"

struct exposed_port {
	uint16_t first, last;
	uint32_t protocols;  /* a set */
	const char *process; /* that mostly waits there; NULL: none that is known */
	bool anywhere;       /* where that process waits, on whatever port, the danger is the same */
	const char *what;
	const char *why; /* it should not be public */
};

/* All there are, by port. */
const struct exposed_port *exposed_ports(size_t *count);

/* By the port and the process that holds the socket; else by a process that is known on any port; else by the port.
 * NULL: none that is known. */
const struct exposed_port *exposed_port_of(const struct socket *socket);

enum { EXPOSED_PORT_TEXT = 32 };

/* "6379/tcp", "512-514/tcp", "161/tcp+udp". Returns `out`, of EXPOSED_PORT_TEXT. */
const char *exposed_port_text(const struct exposed_port *port, char *out);
