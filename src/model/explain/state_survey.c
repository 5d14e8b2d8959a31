// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state_survey.h"

#include <stdlib.h>

#include "port_survey.h"

int state_survey_init(struct state_survey *survey, uint8_t state)
{
	int err;

	*survey = (struct state_survey){.state = state};
	err = tally_init(&survey->holders);
	if (!err)
		err = tally_init(&survey->ports);
	if (!err)
		err = tally_init(&survey->clients);
	if (!err)
		err = tally_init(&survey->destinations);
	return err ? err : tally_init(&survey->either_way);
}

void state_survey_free(struct state_survey *survey)
{
	tally_free(&survey->holders);
	tally_free(&survey->ports);
	tally_free(&survey->clients);
	tally_free(&survey->destinations);
	tally_free(&survey->either_way);
	socket_batch_free(&survey->waiting);
}

void state_survey_note_listener(struct state_survey *survey, const struct socket *socket)
{
	port_set_add(&survey->listening, socket->tuple.lport);
}

/* True if the kernel would choose the local port for a connect(), or would have before the range was changed. Another
 * port may be that of a server whose listener is gone, or that of a client that has bound it. */
static bool has_chosen_port(const struct state_survey *survey, uint16_t port)
{
	return (port >= survey->ephemeral_low && port <= survey->ephemeral_high) || port_is_chosen_by_default(port);
}

/* True if the peer is a server of the same address. */
static bool is_to_own_listener(const struct state_survey *survey, const struct tuple *tuple)
{
	return address_equal(&tuple->laddr, &tuple->raddr) && port_set_has(&survey->listening, tuple->rport);
}

/* Chooses by the ports where a connection counts, by its peer: NULL for one that came in. The kernel does not show
 * which end has called connect(); but a port that has a listener is a server's. */
static struct tally *choose_direction(struct state_survey *survey, const struct tuple *tuple)
{
	if (port_set_has(&survey->listening, tuple->lport))
		return NULL;
	if (is_to_own_listener(survey, tuple) || has_chosen_port(survey, tuple->lport))
		return &survey->destinations;
	return &survey->either_way;
}

static int count_ends(struct state_survey *survey, const struct socket *socket)
{
	const struct tuple *tuple = &socket->tuple;
	const struct tally_key peer = {.number = tuple->rport, .family = tuple->family, .address = tuple->raddr};
	const struct tally_key client = {.family = tuple->family, .address = tuple->raddr};
	const struct tally_key port = {.number = tuple->lport};
	struct tally *tally = choose_direction(survey, tuple);
	int err;

	if (tally)
		return tally_add(tally, &peer);
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
