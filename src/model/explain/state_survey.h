/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The TCP sockets of one state, counted by what may explain why they are there: their holders, their direction, the
 * content of their queues.
 */
#include "port_set.h"
#include "socket_batch.h"
#include "tally.h"

struct state_survey {
	uint8_t state;
	uint16_t ephemeral_low, ephemeral_high; /* the ports that the kernel chooses from for connect() */
	uint32_t ephemeral_count;               /* how many those are, without reserved ones */
	struct port_set listening;              /* local ports that have a listener */

	uint64_t ipv4, ipv6;
	uint64_t minis;    /* minisockets: kept by the kernel without a socket */
	uint64_t orphans;  /* sockets that no process holds: closed, or not accepted yet */
	uint64_t unknown;  /* sockets that are held, but whose holder was not found */
	uint64_t unread;   /* sockets with something in the receive queue */
	uint64_t unsent;   /* sockets with something in the send queue */
	uint64_t retrying; /* sockets that send or probe again for want of an answer */
	uint32_t last_ms;  /* ms until the last of the minisockets ends; 0: there is none */

	struct tally holders;      /* processes, by the sockets that they hold */
	struct tally ports;        /* local ports that connections came in on */
	struct tally clients;      /* addresses that those came from */
	struct tally destinations; /* addresses and ports that connections went out to */
	struct tally either_way; /* addresses and ports of connections of which it is not known who called connect() */

	/* only of STATE_LISTEN */
	struct socket_batch waiting; /* listeners with connections that are not accepted yet */
	uint64_t full;               /* those of them that take no more connections */
};

/* Begins a survey of `state`, which is one that a socket can be in. Returns 0, or the error of index_init(). Either
 * way, free it with state_survey_free(). */
int state_survey_init(struct state_survey *survey, uint8_t state);
void state_survey_free(struct state_survey *survey);

/* Notes a listener. Comes before the first state_survey_add(): the listeners decide which way a connection goes. */
void state_survey_note_listener(struct state_survey *survey, const struct socket *socket);

/* Adds a TCP socket in the state, with its holders as far as they are known. Returns 0 or -ENOMEM. The holders must
 * live as long as the survey. */
int state_survey_add(struct state_survey *survey, const struct socket *socket);

/* Ends the survey after the last socket: sorts the listeners, the fullest first. */
void state_survey_end(struct state_survey *survey);

uint64_t state_survey_count(const struct state_survey *survey);

/* True if a listener's accept queue takes no more connections. */
bool listener_is_full(const struct socket *socket);
