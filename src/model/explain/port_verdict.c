// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "port_verdict.h"

#include <errno.h>

/* State of one judgement. */
struct judging {
	const struct port_survey *survey;
	const struct port_facts *facts;
	struct port_verdict *verdict;
	enum protocol protocol;
	unsigned int unexplained; /* families for which no reason has been found yet why the port is in use */
};

bool port_is_privileged(const struct port_facts *facts, uint16_t port)
{
	return port && port < facts->unprivileged_start;
}

bool port_is_ephemeral(const struct port_facts *facts, uint16_t port)
{
	return port >= facts->ephemeral_low && port <= facts->ephemeral_high;
}

const char *bind_answer_name(enum bind_answer answer)
{
	static const char *const names[] = {
		[BIND_UNKNOWN] = NULL,          [BIND_YES] = "yes",
		[BIND_IN_USE] = "in_use",       [BIND_WITH_REUSE] = "with_reuseaddr",
		[BIND_FORBIDDEN] = "forbidden", [BIND_NO_FAMILY] = "no_family",
	};

	return names[answer];
}

const char *port_why_name(enum port_why why)
{
	static const char *const names[WHY_COUNT] = {
		[WHY_PRIVILEGED] = "privileged",   [WHY_FORBIDDEN] = "forbidden", [WHY_LISTENER] = "listener",
		[WHY_UDP_SOCKET] = "udp_socket",   [WHY_BOUND] = "bound",         [WHY_OUTGOING] = "outgoing",
		[WHY_CONNECTIONS] = "connections", [WHY_TIME_WAIT] = "time_wait", [WHY_UNSEEN] = "unseen",
	};

	return names[why];
}

static enum bind_answer interpret_trial(const struct bind_trial *trial)
{
	if (trial->plain == 0)
		return BIND_YES;
	if (trial->plain == EACCES || trial->plain == EPERM)
		return BIND_FORBIDDEN;
	if (trial->plain == EAFNOSUPPORT || trial->plain == EADDRNOTAVAIL)
		return BIND_NO_FAMILY;
	if (trial->plain != EADDRINUSE)
		return BIND_UNKNOWN;
	return trial->reuse == 0 ? BIND_WITH_REUSE : BIND_IN_USE;
}

/* Returns the families in which a reason may count. The kernel's yes is final: it leaves nothing to explain. */
static unsigned int find_open_families(const struct judging *judging)
{
	unsigned int families = 0;

	for (unsigned int family = 0; family < PORT_FAMILIES; family++) {
		enum bind_answer answer = judging->verdict->answers[judging->protocol][family];

		if (answer != BIND_YES && answer != BIND_NO_FAMILY)
			families |= 1u << family;
	}
	return families;
}

static void add_reason(struct judging *judging, const struct port_reason *reason)
{
	struct port_reason *added = &judging->verdict->reasons[judging->verdict->reason_count];

	*added = *reason;
	added->protocol = judging->protocol;
	added->families &= find_open_families(judging);
	if (!added->families)
		return;
	judging->unexplained &= ~added->families;
	judging->verdict->reason_count++;
}

static void judge_permission(struct judging *judging)
{
	bool privileged =
		port_is_privileged(judging->facts, judging->survey->port) && !judging->facts->may_bind_privileged;
	struct port_reason reason = {.why = privileged ? WHY_PRIVILEGED : WHY_FORBIDDEN};

	for (unsigned int family = 0; family < PORT_FAMILIES; family++)
		if (judging->verdict->answers[judging->protocol][family] == BIND_FORBIDDEN)
			reason.families |= 1u << family;
	add_reason(judging, &reason);
}

static enum port_why classify_server(const struct socket *server)
{
	if (server->protocol == PROTOCOL_UDP)
		return WHY_UDP_SOCKET;
	return server->state == STATE_LISTEN ? WHY_LISTENER : WHY_BOUND;
}

static void judge_servers(struct judging *judging, enum port_why why)
{
	const struct socket_batch *servers = &judging->survey->servers;
	struct port_reason reason = {.why = why};
	bool any_address = false, any_device = false;

	for (size_t i = 0; i < servers->count; i++) {
		const struct socket *server = &servers->rows[i];

		if (server->protocol != judging->protocol || classify_server(server) != why)
			continue;
		if (!reason.count++)
			reason.server = i;
		reason.families |= port_families_of(server);
		if (address_is_any(&server->tuple.laddr)) {
			any_address = true;
			any_device = any_device || !tuple_known_interface(&server->tuple);
		}
	}
	reason.one_address = !any_address;
	reason.one_device = any_address && !any_device;
	add_reason(judging, &reason);
}

/* Adds connections as a reason. `families`: those in which no server is in the way. Connections that a listener has
 * accepted need no reason of their own. */
static void judge_connections(struct judging *judging, enum port_why why, unsigned int families,
			      const uint64_t counts[PORT_FAMILIES])
{
	struct port_reason reason = {.why = why};

	for (unsigned int family = 0; family < PORT_FAMILIES; family++) {
		if (!counts[family] || !(families & 1u << family))
			continue;
		reason.families |= 1u << family;
		reason.count += counts[family];
	}
	if (why == WHY_TIME_WAIT)
		reason.last_ms = judging->survey->waiting_ms;
	add_reason(judging, &reason);
}

/* Returns the families in which SO_REUSEADDR helps. All sockets in the way have set it there, as servers do. */
static unsigned int find_reuse_families(const struct judging *judging)
{
	unsigned int families = 0;

	for (unsigned int family = 0; family < PORT_FAMILIES; family++)
		if (judging->verdict->answers[judging->protocol][family] == BIND_WITH_REUSE)
			families |= 1u << family;
	return families;
}

static void judge_tcp(struct judging *judging)
{
	const struct port_survey *survey = judging->survey;
	unsigned int families, chosen = 0;

	judge_servers(judging, WHY_LISTENER);
	judge_servers(judging, WHY_BOUND);
	families = judging->unexplained;
	if (port_is_ephemeral(judging->facts, survey->port))
		chosen = families & ~find_reuse_families(judging);
	judge_connections(judging, WHY_OUTGOING, chosen, survey->held);
	judge_connections(judging, WHY_CONNECTIONS, families & ~chosen, survey->held);
	judge_connections(judging, WHY_TIME_WAIT, families, survey->waiting);
}

static void judge_unseen(struct judging *judging)
{
	struct port_reason reason = {.why = WHY_UNSEEN};

	for (unsigned int family = 0; family < PORT_FAMILIES; family++) {
		enum bind_answer answer = judging->verdict->answers[judging->protocol][family];

		if (judging->unexplained & 1u << family && (answer == BIND_IN_USE || answer == BIND_WITH_REUSE))
			reason.families |= 1u << family;
	}
	add_reason(judging, &reason);
}

void port_verdict_make(const struct port_survey *survey, const struct port_facts *facts, uint32_t protocols,
		       struct port_verdict *out)
{
	struct judging judging = {.survey = survey, .facts = facts, .verdict = out};

	*out = (struct port_verdict){0};
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++) {
		if (!(protocols & 1u << protocol))
			continue;
		judging.protocol = protocol;
		for (unsigned int way = 0; way < PORT_WAYS; way++)
			out->answers[protocol][way] = interpret_trial(&facts->trials[protocol][way]);
		judge_permission(&judging);
		judging.unexplained = find_open_families(&judging);
		if (protocol == PROTOCOL_TCP)
			judge_tcp(&judging);
		else
			judge_servers(&judging, WHY_UDP_SOCKET);
		judge_unseen(&judging);
	}
}
