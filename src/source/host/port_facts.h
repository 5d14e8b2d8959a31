/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What of this host decides who may bind a port, in the network namespace that the calling thread is in.
 */
#include "port_verdict.h"

/* The ports that the kernel chooses from; those of a kernel that was told nothing else, where it does not say. */
void port_facts_range(uint16_t *low, uint16_t *high);

/* How many ports from `low` to `high` the kernel may choose: those that are not reserved. */
uint32_t port_facts_choice(uint16_t low, uint16_t high);

/* All but the trials, which stay BIND_UNTRIED. */
void port_facts_gather(uint16_t port, struct port_facts *out);

/* Tries to bind a port other than 0, of `protocols` (a set), to any address, each family by itself and both at once,
 * and lets it go at once. Nobody notices: what is bound does not listen, takes no part in a connection, and refuses
 * none.
 *
 * Of UDP, whoever binds last with SO_REUSEADDR gets the packets. So that is tried at an address that this host does
 * not have: what stands against a bind() to any address stands against that one as well, but for sockets at an address
 * of their own. `udp_reuse`: the families in which there are none (port_udp_wildcards()). */
void port_facts_try(uint16_t port, uint32_t protocols, unsigned int udp_reuse, struct port_facts *facts);
