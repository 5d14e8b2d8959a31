/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The TCP sockets of one state, counted by what may explain why they are there: who holds them, which way they go, what
 * lies in their queues.
 */
#include "port_set.h"
#include "socket_batch.h"
#include "tally.h"

struct state_survey {
	uint8_t state;
	uint16_t ephemeral_low, ephemeral_high; /* the ports that the kernel chooses from for connect() */
	uint32_t ephemeral_count;               /* but for those that are reserved */
	struct port_set listening;              /* ports that somebody listens on */

	uint64_t ipv4, ipv6;
	uint64_t minis;    /* kept without a socket */
	uint64_t orphans;  /* sockets that no process holds: closed, or not accepted yet */
	uint64_t unknown;  /* sockets that somebody holds who was not found */
	uint64_t unread;   /* with something in the receive queue */
	uint64_t unsent;   /* with something in the send queue */
	uint64_t retrying; /* that send or probe again for want of an answer */
	uint32_t last_ms;  /* until the last of the minisockets ends; 0: there is none */

	struct tally holders;      /* processes, by the sockets that they hold */
	struct tally ports;        /* local ports that connections came in on */
	struct tally clients;      /* addresses that they came from */
	struct tally destinations; /* addresses and ports that connections went out to */

	/* LISTEN */
	struct socket_batch waiting; /* listeners for whose connections nobody has called accept() yet */
	uint64_t full;               /* of them: those that take no more */
};

/* `state` is one that a socket can be in. 0, or the error of index_init(); freed with state_survey_free() in either
 * case. */
int state_survey_init(struct state_survey *survey, uint8_t state);
void state_survey_free(struct state_survey *survey);

/* A listener, before the first socket is added: which way a connection goes depends on who listens. */
void state_survey_note_listener(struct state_survey *survey, const struct socket *socket);

/* A TCP socket in the state, with its holders as far as they are known. 0 or -ENOMEM. The holders must live as long as
 * the survey. */
int state_survey_add(struct state_survey *survey, const struct socket *socket);

/* After the last: puts the fullest listener first. */
void state_survey_end(struct state_survey *survey);

uint64_t state_survey_count(const struct state_survey *survey);

/* Whether a listener's accept queue takes no more. */
bool listener_is_full(const struct socket *socket);
