// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "port_survey.h"

int port_survey_init(struct port_survey *survey, uint16_t port)
{
	*survey = (struct port_survey){.port = port};
	return tally_init(&survey->holders);
}

void port_survey_free(struct port_survey *survey)
{
	tally_free(&survey->holders);
	socket_batch_free(&survey->servers);
}

unsigned int port_families_of(const struct socket *socket)
{
	const struct address *address = &socket->tuple.laddr;

	if (socket->tuple.family == 4 || address_is_ipv4(address))
		return 1u << PORT_IPV4;
	if (address_is_any(address) && socket->v6only != TRISTATE_YES)
		return PORT_BOTH;
	return 1u << PORT_IPV6;
}

static bool is_server(const struct socket *socket)
{
	return socket->protocol == PROTOCOL_UDP || socket->state == STATE_LISTEN || socket->state == STATE_CLOSE;
}

/* Counts a connection with this local port. A half-open handshake does not keep the port: its listener does. */
static int count_local_connection(struct port_survey *survey, const struct socket *socket)
{
	unsigned int families = port_families_of(socket);

	survey->local[socket->state]++;
	for (unsigned int family = 0; family < PORT_FAMILIES; family++) {
		if (!(families & 1u << family) || (socket->mini && socket->state == STATE_SYN_RECV))
			continue;
		if (socket->state == STATE_TIME_WAIT)
			survey->waiting[family]++;
		else
			survey->held[family]++;
	}
	if (socket->state == STATE_TIME_WAIT && socket->timer_ms > survey->waiting_ms)
		survey->waiting_ms = socket->timer_ms;
	return tally_add_owners(&survey->holders, socket->owners, socket->owner_count);
}

unsigned int port_udp_wildcards(const struct port_survey *survey)
{
	unsigned int families = PORT_BOTH;

	for (size_t i = 0; i < survey->servers.count; i++) {
		const struct socket *server = &survey->servers.rows[i];

		if (server->protocol == PROTOCOL_UDP && !address_is_any(&server->tuple.laddr))
			families &= ~port_families_of(server);
	}
	return families;
}

int port_survey_add(struct port_survey *survey, const struct socket *socket)
{
	const struct tuple *tuple = &socket->tuple;
	int err = 0;

	if (tuple->lport == survey->port)
		err = is_server(socket) ? socket_batch_add(&survey->servers, socket)
					: count_local_connection(survey, socket);
	if (tuple->rport != survey->port || !tuple->rport)
		return err;
	if (socket->protocol == PROTOCOL_UDP)
		survey->udp_remote++;
	else if (socket->state != STATE_CLOSE) /* a socket that was reset keeps its peer, but is no connection */
		survey->remote[socket->state]++;
	return err;
}
