/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The sockets that have to do with one port: who waits on it, what is connected through it, what keeps it from others.
 */
#include "socket_batch.h"
#include "tally.h"

enum port_family { PORT_IPV4, PORT_IPV6, PORT_FAMILIES };
enum { PORT_PROTOCOLS = PROTOCOL_UDP + 1 }; /* those that have ports here */

/* Sets of families (1 << family). */
#define PORT_BOTH (1u << PORT_IPV4 | 1u << PORT_IPV6)

struct port_survey {
	uint16_t port;
	struct socket_batch servers;     /* TCP sockets that listen, or are only bound; UDP sockets */
	uint64_t local[STATE_COUNT];     /* TCP connections whose local port it is */
	uint64_t remote[STATE_COUNT];    /* whose remote port it is */
	uint64_t udp_remote;             /* UDP sockets connected to it */
	struct tally holders;            /* processes that hold connections whose local port it is */
	uint64_t held[PORT_FAMILIES];    /* connections, but for TIME_WAIT, that keep the port of that family */
	uint64_t waiting[PORT_FAMILIES]; /* TIME_WAIT */
	uint32_t waiting_ms;             /* until the last of those ends */
};

/* 0, or the error of index_init(); freed with port_survey_free() in either case. */
int port_survey_init(struct port_survey *survey, uint16_t port);
void port_survey_free(struct port_survey *survey);

/* Any TCP or UDP socket; what has nothing to do with the port is passed over. 0 or -ENOMEM. The holders must live as
 * long as the survey. */
int port_survey_add(struct port_survey *survey, const struct socket *socket);

/* The families of which a socket keeps others from the port, at its address or at all: an IPv6 socket at :: keeps IPv4
 * as well, unless it is for IPv6 only. A set. */
unsigned int port_families_of(const struct socket *socket);

/* The families in which no UDP socket has the port at an address of its own: whoever has it there has it at all. A set.
 */
unsigned int port_udp_wildcards(const struct port_survey *survey);
