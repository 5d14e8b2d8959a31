/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Facts of this host that decide who may bind a port, in the network namespace that the calling thread is in.
 */
#include "port_verdict.h"

/* Reads the range of ports that the kernel chooses from. Where the kernel does not show it: the kernel's default. */
void port_facts_range(uint16_t *low, uint16_t *high);

/* Counts the ports from `low` to `high` that the kernel may choose: those that are not reserved. */
uint32_t port_facts_choice(uint16_t low, uint16_t high);

/* Gathers all facts but the trials, which stay BIND_UNTRIED. */
void port_facts_gather(uint16_t port, struct port_facts *out);

/* Tries to bind a port other than 0, of `protocols` (a set), to any address: each family by itself, and both at once.
 * The port is let go at once. Nobody notices: the bound socket does not listen, takes no part in a connection, and
 * refuses none.
 *
 * With UDP, the socket that was bound last with SO_REUSEADDR gets the packets. So SO_REUSEADDR is tried at an address
 * that this host does not have. A socket that keeps others from binding to any address keeps them from that address as
 * well, unless it is at an address of its own. `udp_reuse`: the families without such sockets (port_udp_wildcards()).
 */
void port_facts_try(uint16_t port, uint32_t protocols, unsigned int udp_reuse, struct port_facts *facts);
