/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The sockets that have to do with one port: those that wait on it, those that are connected through it, those that
 * keep it from others.
 */
#include "socket_batch.h"
#include "tally.h"

enum port_family { PORT_IPV4, PORT_IPV6, PORT_FAMILIES };
enum { PORT_PROTOCOLS = PROTOCOL_UDP + 1 }; /* protocols that have ports here: TCP and UDP */

/* Sets of families (1 << family). */
#define PORT_BOTH (1u << PORT_IPV4 | 1u << PORT_IPV6)

/* The kernel's default range of ports to choose from for connect(). */
enum { DEFAULT_EPHEMERAL_LOW = 32768, DEFAULT_EPHEMERAL_HIGH = 60999 };

/* True if the port is within that range: a connection may have it from before the range was changed. */
static inline bool port_is_chosen_by_default(uint16_t port)
{
	return port >= DEFAULT_EPHEMERAL_LOW && port <= DEFAULT_EPHEMERAL_HIGH;
}

struct port_survey {
	uint16_t port;
	struct socket_batch servers;     /* TCP sockets that listen, or are only bound; UDP sockets */
	uint64_t local[STATE_COUNT];     /* TCP connections with this local port */
	uint64_t remote[STATE_COUNT];    /* TCP connections with this remote port */
	uint64_t udp_remote;             /* UDP sockets connected to this remote port */
	struct tally holders;            /* processes that hold connections with this local port */
	uint64_t held[PORT_FAMILIES];    /* connections that keep the port of that family, without those in TIME_WAIT */
	uint64_t waiting[PORT_FAMILIES]; /* those in TIME_WAIT */
	uint32_t waiting_ms;             /* ms until the last of those ends */
};

/* Begins a survey of `port`. Returns 0, or the error of index_init(). Either way, free it with port_survey_free(). */
int port_survey_init(struct port_survey *survey, uint16_t port);
void port_survey_free(struct port_survey *survey);

/* Adds a TCP or UDP socket, which is ignored if it has nothing to do with the port. Returns 0 or -ENOMEM. The socket's
 * holders must live as long as the survey. */
int port_survey_add(struct port_survey *survey, const struct socket *socket);

/* The set of families in which a socket keeps others from the port, at its address or at all addresses. An IPv6 socket
 * at :: keeps IPv4 as well, unless it is for IPv6 only. */
unsigned int port_families_of(const struct socket *socket);

/* The set of families in which no UDP socket has the port at an address of its own: any that has it has it at all
 * addresses. */
unsigned int port_udp_wildcards(const struct port_survey *survey);
