// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state_survey.h"

#include <stdlib.h>

int state_survey_init(struct state_survey *survey, uint8_t state)
{
	int err;

	*survey = (struct state_survey){.state = state};
	err = tally_init(&survey->holders);
	if (!err)
		err = tally_init(&survey->ports);
	if (!err)
		err = tally_init(&survey->clients);
	return err ? err : tally_init(&survey->destinations);
}

void state_survey_free(struct state_survey *survey)
{
	tally_free(&survey->holders);
	tally_free(&survey->ports);
	tally_free(&survey->clients);
	tally_free(&survey->destinations);
	socket_batch_free(&survey->waiting);
}

void state_survey_note_listener(struct state_survey *survey, const struct socket *socket)
{
	port_set_add(&survey->listening, socket->tuple.lport);
}

/* True if the peer has called connect(). The kernel does not show which end has; but a local port that has a listener,
 * or that the kernel would not have chosen, is a server's. */
static bool is_incoming(const struct state_survey *survey, const struct socket *socket)
{
	uint16_t port = socket->tuple.lport;

	return port_set_has(&survey->listening, port) || port < survey->ephemeral_low || port > survey->ephemeral_high;
}

static int count_ends(struct state_survey *survey, const struct socket *socket)
{
	const struct tuple *tuple = &socket->tuple;
	const struct tally_key destination = {.number = tuple->rport, .family = tuple->family, .address = tuple->raddr};
	const struct tally_key client = {.family = tuple->family, .address = tuple->raddr};
	const struct tally_key port = {.number = tuple->lport};
	int err;

	if (!is_incoming(survey, socket))
		return tally_add(&survey->destinations, &destination);
	err = tally_add(&survey->ports, &port);
	return err ? err : tally_add(&survey->clients, &client);
}

bool listener_is_full(const struct socket *socket)
{
	return socket->recvq != QUEUE_UNKNOWN && socket->sendq != QUEUE_UNKNOWN && socket->recvq > socket->sendq;
}

static int count_listener(struct state_survey *survey, const struct socket *socket)
{
	if (!socket->recvq || socket->recvq == QUEUE_UNKNOWN)
		return 0;
	survey->full += listener_is_full(socket);
	return socket_batch_add(&survey->waiting, socket);
}

static void count_queues(struct state_survey *survey, const struct socket *socket)
{
	survey->unread += socket->recvq && socket->recvq != QUEUE_UNKNOWN;
	survey->unsent += socket->sendq && socket->sendq != QUEUE_UNKNOWN;
	survey->retrying += socket->retransmits != 0;
}

int state_survey_add(struct state_survey *survey, const struct socket *socket)
{
	int err;

	if (socket->tuple.family == 6)
		survey->ipv6++;
	else
		survey->ipv4++;
	survey->minis += socket->mini;
	survey->orphans += !socket->mini && !socket->inode;
	survey->unknown += socket->inode && !socket->owner_count;
	if (socket->mini && socket->timer_ms > survey->last_ms)
		survey->last_ms = socket->timer_ms;
	err = tally_add_owners(&survey->holders, socket->owners, socket->owner_count);
	if (err || survey->state == STATE_CLOSE)
		return err;
	if (survey->state == STATE_LISTEN)
		return count_listener(survey, socket);
	count_queues(survey, socket);
	return count_ends(survey, socket);
}

/* Orders listeners by how full their accept queues are, then by how many connections wait, then by port. */
static int compare_waiting(const void *a, const void *b)
{
	const struct socket *x = a, *y = b;
	uint64_t fuller = (uint64_t)y->recvq * (x->sendq + 1ULL), other = (uint64_t)x->recvq * (y->sendq + 1ULL);

	if (fuller != other)
		return fuller < other ? -1 : 1;
	return x->recvq != y->recvq ? (x->recvq > y->recvq ? -1 : 1)
				    : (x->tuple.lport > y->tuple.lport) - (x->tuple.lport < y->tuple.lport);
}

void state_survey_end(struct state_survey *survey)
{
	if (survey->waiting.count)
		qsort(survey->waiting.rows, survey->waiting.count, sizeof(*survey->waiting.rows), compare_waiting);
}

uint64_t state_survey_count(const struct state_survey *survey)
{
	return survey->ipv4 + survey->ipv6;
}
