// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Explains a port, as text.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "colors.h"
#include "escape.h"
#include "explain_words.h"
#include "line.h"
#include "socket_text.h"
#include "state_color.h"

enum { NAME_WIDTH = 8 };

/* The page that is being written. */
struct port_writer {
	struct page page;
	const struct explain_style *style;
	const struct port_page *about;
	struct socket_namer numbers; /* namer without services: the title names the service, once */
};

static const char *name_protocol_upper(enum protocol protocol)
{
	return protocol == PROTOCOL_UDP ? "UDP" : "TCP";
}

/* ---- the port itself ---- */

static void put_port_title(struct port_writer *writer)
{
	char names[EXPLAIN_WORDS] = "";
	size_t used = 0;

	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++) {
		const char *name = writer->about->names[protocol];

		if (name && port_page_covers(writer->about, protocol))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s (%s)", used ? ", " : ": ",
						 SERVICE(name), name_protocol_upper(protocol));
	}
	page_title(&writer->page, "Port %u%s", writer->about->survey->port, names);
}

static void put_port_privilege(struct port_writer *writer)
{
	const struct port_facts *facts = writer->about->facts;

	if (port_is_privileged(facts, writer->about->survey->port))
		page_paragraph(
			&writer->page,
			"It is privileged: below net.ipv4.ip_unprivileged_port_start, which is %u, so that bind() takes CAP_NET_BIND_SERVICE. We %s it.",
			facts->unprivileged_start, facts->may_bind_privileged ? "have" : "do not have");
	else
		page_paragraph(&writer->page,
			       "It takes no privilege to bind: net.ipv4.ip_unprivileged_port_start is %u.",
			       facts->unprivileged_start);
}

static void put_port_nature_text(struct port_writer *writer)
{
	const struct port_facts *facts = writer->about->facts;
	uint16_t port = writer->about->survey->port;

	page_heading(&writer->page, "What it is");
	put_port_privilege(writer);
	if (port_is_ephemeral(facts, port) && facts->reserved)
		page_paragraph(
			&writer->page,
			"It is within net.ipv4.ip_local_port_range (%u to %u), but in net.ipv4.ip_local_reserved_ports: the kernel does not choose it for a connection.",
			facts->ephemeral_low, facts->ephemeral_high);
	else if (port_is_ephemeral(facts, port))
		page_paragraph(
			&writer->page,
			"It is ephemeral: within net.ipv4.ip_local_port_range (%u to %u), from which the kernel chooses for connections that begin here. Any of them may have it when a server wants it; a server's port in this range belongs into net.ipv4.ip_local_reserved_ports.",
			facts->ephemeral_low, facts->ephemeral_high);
	else
		page_paragraph(
			&writer->page,
			"It is %s, and outside net.ipv4.ip_local_port_range (%u to %u): the kernel does not choose it for a connection%s.",
			port < 1024 ? "one of the well-known ports" : "one of the ports for servers",
			facts->ephemeral_low, facts->ephemeral_high,
			facts->reserved ? ", and net.ipv4.ip_local_reserved_ports, in which it is, forbids it, too"
					: "");
	if (facts->reserved)
		page_paragraph(&writer->page,
			       "A reserved port can be bound by who asks for it by its number, as ever.");
}

/* ---- the sockets that have it ---- */

static const char *spell_socket_user(const struct port_writer *writer, const struct socket *socket, char *out)
{
	const char *name = socket->uid == UID_UNKNOWN ? NULL : writer->style->user(writer->style->users, socket->uid);

	if (socket->uid == UID_UNKNOWN)
		*out = '\0';
	else if (name)
		snprintf(out, EXPLAIN_WORDS, ", user %s", NAMED(name));
	else
		snprintf(out, EXPLAIN_WORDS, ", user %u", socket->uid);
	return out;
}

static const char *describe_socket_use(const struct socket *socket)
{
	if (socket->protocol == PROTOCOL_UDP)
		return socket->tuple.rport ? "is connected on" : "is bound to";
	return socket->state == STATE_LISTEN ? "listens on" : "is only bound to";
}

/* Puts who the first holder is, in a line of its own, where that is known. */
static void put_server_identity(struct port_writer *writer, const struct socket *socket)
{
	char identity[EXPLAIN_WORDS];

	if (socket->owner_count && *explain_identity(writer->style, socket->owners, identity))
		page_entry(&writer->page, "", NAME_WIDTH, NULL, "%s (pid %u)%s", NAMED(socket->owners->comm),
			   socket->owners->pid, identity);
}

static void put_server_text(struct port_writer *writer, const struct socket *socket)
{
	char local[SOCKET_ENDPOINT_MAX], peer[SOCKET_ENDPOINT_MAX] = "";
	char holders[EXPLAIN_WORDS], user[EXPLAIN_WORDS], queue[2 * EXPLAIN_WORDS] = "", waiting[EXPLAIN_WORDS];

	socket_local_text(socket, &writer->numbers, local);
	if (socket->tuple.rport && socket->protocol == PROTOCOL_UDP) /* a TCP socket in CLOSE has that of its past */
		socket_peer_text(socket, &writer->numbers, peer);
	if (socket->state == STATE_LISTEN && socket->recvq != QUEUE_UNKNOWN && socket->sendq != QUEUE_UNKNOWN)
		snprintf(queue, sizeof(queue), ", %s for accept() with a backlog of %u%s",
			 explain_number(socket->recvq, "connection waits", "connections wait", waiting), socket->sendq,
			 listener_is_full(socket) ? ": FULL" : "");
	page_entry(&writer->page, name_protocol_upper(socket->protocol), NAME_WIDTH, state_color(socket->state),
		   "%s %s%s%s: %s%s%s", describe_socket_use(socket), local, *peer ? " to " : "", peer,
		   explain_holders(socket, writer->about->gap, holders), spell_socket_user(writer, socket, user),
		   queue);
	put_server_identity(writer, socket);
}

enum { SERVERS_SHOWN = 20 };

static void put_servers(struct port_writer *writer)
{
	const struct socket_batch *servers = &writer->about->survey->servers;

	for (size_t i = 0; i < servers->count && i < SERVERS_SHOWN; i++)
		put_server_text(writer, &servers->rows[i]);
	if (servers->count > SERVERS_SHOWN)
		page_paragraph(&writer->page, "and %zu more", servers->count - SERVERS_SHOWN);
	if (!servers->count)
		page_paragraph(&writer->page, "No socket listens on it or is bound to it.");
}

static void put_port_users(struct port_writer *writer)
{
	const struct port_survey *survey = writer->about->survey;
	char netns[EXPLAIN_WORDS], states[STATE_COUNTS_MAX], number[EXPLAIN_WORDS];

	page_heading(&writer->page, "Who has it now, in network namespace %s", explain_netns(writer->style, netns));
	put_servers(writer);
	if (port_page_covers(writer->about, PROTOCOL_TCP)) {
		state_counts_text(survey->local, tcp_state_name, states);
		page_paragraph(&writer->page, "TCP connections with this local port: %s", *states ? states : "none");
		explain_processes(&writer->page, writer->style, &survey->holders);
		state_counts_text(survey->remote, tcp_state_name, states);
		page_paragraph(&writer->page, "TCP connections with this remote port: %s", *states ? states : "none");
	}
	if (survey->udp_remote)
		page_paragraph(&writer->page, "%s connected to this remote port",
			       explain_number(survey->udp_remote, "UDP socket", "UDP sockets", number));
}

/* ---- the answers to bind() ---- */

static const char *describe_bind_answer(enum bind_answer answer)
{
	static const char *const texts[] = {
		[BIND_UNKNOWN] = "not known",
		[BIND_YES] = "yes",
		[BIND_WITH_REUSE] = "only with SO_REUSEADDR",
		[BIND_IN_USE] = "no, it is in use",
		[BIND_FORBIDDEN] = "no, not by us",
		[BIND_NO_FAMILY] = "no, there are no such addresses here",
	};

	return texts[answer];
}

static const char *choose_answer_color(enum bind_answer answer)
{
	return answer == BIND_YES ? COLOR_GREEN : answer == BIND_WITH_REUSE ? COLOR_YELLOW : COLOR_RED;
}

static void put_bind_answer(struct port_writer *writer, enum protocol protocol, unsigned int way)
{
	const struct bind_trial *trial = &writer->about->facts->trials[protocol][way];
	enum bind_answer answer = writer->about->verdict->answers[protocol][way];
	char name[16], kernel[EXPLAIN_WORDS] = "";

	snprintf(name, sizeof(name), "%s %s", name_protocol_upper(protocol),
		 way == PORT_DUAL ? "dual" : explain_families(1u << way));
	if (trial->plain > 0)
		snprintf(kernel, sizeof(kernel), "; the kernel says: %s%s", strerror(trial->plain),
			 trial->plain != EADDRINUSE || trial->reuse == BIND_UNTRIED ? ""
			 : trial->reuse                                             ? "; also with SO_REUSEADDR"
										    : "; with SO_REUSEADDR it agrees");
	page_entry(&writer->page, name, NAME_WIDTH, choose_answer_color(answer), "%s%s%s", describe_bind_answer(answer),
		   way == PORT_DUAL ? " (one socket on [::] for both, as servers mostly have it)" : "", kernel);
}

/* ---- the reasons ---- */

static const struct socket *find_reason_server(const struct port_writer *writer, const struct port_reason *reason)
{
	return &writer->about->survey->servers.rows[reason->server];
}

/* Describes the sockets that a reason is about: the holders and the address where there is only one, else the
 * number. */
static const char *describe_reason_servers(const struct port_writer *writer, const struct port_reason *reason,
					   const char *one, const char *many, char *out)
{
	const struct socket *socket = find_reason_server(writer, reason);
	char local[SOCKET_ENDPOINT_MAX], holders[EXPLAIN_WORDS];

	if (reason->count > 1) {
		explain_number(reason->count, "", many, out);
		return out;
	}
	socket_local_text(socket, &writer->numbers, local);
	snprintf(out, EXPLAIN_WORDS, "%s %s %s", explain_holders(socket, writer->about->gap, holders), one, local);
	return out;
}

/* Describes where else the port can be bound. */
static const char *describe_elsewhere(const struct port_reason *reason)
{
	if (reason->one_device)
		return "; only a socket that is bound to another device (SO_BINDTODEVICE) can have it too";
	return reason->one_address ? "; on other addresses it is free" : "";
}

static void put_listener_reason(struct port_writer *writer, const struct port_reason *reason, const char *where)
{
	char who[EXPLAIN_WORDS];

	describe_reason_servers(writer, reason, "listens on", "sockets listen on it (see above)", who);
	if (reason->one_address)
		page_item(
			&writer->page,
			"%s: %s. A bind() to all addresses (0.0.0.0, ::) needs %s as well; on any other address alone the port is free.",
			where, who, reason->count == 1 ? "that one" : "those");
	else
		page_item(
			&writer->page,
			"%s: %s, on all addresses%s. Stop it first; SO_REUSEADDR does not help against a listener. Two share a port only where both set SO_REUSEPORT before bind() and belong to the same user.",
			where, who, reason->one_device ? describe_elsewhere(reason) : ", so that none is left");
}

/* True when no other reason keeps the port of that protocol. */
static bool is_only_reason(const struct port_writer *writer, const struct port_reason *reason)
{
	const struct port_verdict *verdict = writer->about->verdict;

	for (size_t i = 0; i < verdict->reason_count; i++)
		if (&verdict->reasons[i] != reason && verdict->reasons[i].protocol == reason->protocol)
			return false;
	return true;
}

enum reuse { REUSE_UNKNOWN, REUSE_HELPS, REUSE_HELPS_NOT };

/* Judges by the kernel's answers whether SO_REUSEADDR helps. */
static enum reuse judge_reuse(const struct port_writer *writer, const struct port_reason *reason)
{
	unsigned int helped = 0, refused = 0;

	for (unsigned int family = 0; family < PORT_FAMILIES; family++) {
		enum bind_answer answer = writer->about->verdict->answers[reason->protocol][family];
		bool tried = writer->about->facts->trials[reason->protocol][family].reuse != BIND_UNTRIED;

		helped |= (unsigned int)(answer == BIND_WITH_REUSE) << family;
		refused |= (unsigned int)(answer == BIND_IN_USE && tried) << family;
	}
	if ((helped & reason->families) == reason->families)
		return REUSE_HELPS;
	return (refused & reason->families) == reason->families && is_only_reason(writer, reason) ? REUSE_HELPS_NOT
												  : REUSE_UNKNOWN;
}

static const char *choose_reuse_text(enum reuse reuse, const char *helps, const char *helps_not)
{
	return reuse == REUSE_HELPS ? helps : reuse == REUSE_HELPS_NOT ? helps_not : "";
}

static void put_udp_socket_reason(struct port_writer *writer, const struct port_reason *reason, const char *where)
{
	bool one = reason->count == 1;
	char who[EXPLAIN_WORDS];

	describe_reason_servers(writer, reason, "has bound", "sockets are bound to it (see above)", who);
	page_item(
		&writer->page,
		"%s: %s%s. Close %s first; two share a port only where both set SO_REUSEPORT, or both SO_REUSEADDR, before bind().%s",
		where, who, describe_elsewhere(reason), one ? "it" : "them",
		choose_reuse_text(
			judge_reuse(writer, reason),
			one ? " This one has set SO_REUSEADDR: who sets that, too, can bind the port, and may then get the packets in its place."
			    : " These have set SO_REUSEADDR: who sets that, too, can bind the port, and may then get the packets in their place.",
			""));
}

static void put_bound_reason(struct port_writer *writer, const struct port_reason *reason, const char *where)
{
	bool one = reason->count == 1;
	char who[EXPLAIN_WORDS];

	describe_reason_servers(writer, reason, "has bound, without listening on it,",
				"sockets are bound to it (see above), without listening", who);
	page_item(&writer->page, "%s: %s. The port stays taken until %s closed%s.%s", where, who,
		  one ? "that socket is" : "they are", describe_elsewhere(reason),
		  choose_reuse_text(judge_reuse(writer, reason),
				    one ? " It has set SO_REUSEADDR: who sets that, too, can bind the port."
					: " They have set SO_REUSEADDR: who sets that, too, can bind the port.",
				    ""));
}

static void put_time_wait_reason(struct port_writer *writer, const struct port_reason *reason, const char *where)
{
	char number[EXPLAIN_WORDS];

	explain_number(reason->count, "connection in TIME_WAIT keeps it", "connections in TIME_WAIT keep it", number);
	page_item(
		&writer->page, "%s: %s without a listener; the last of them ends within %u s.%s", where, number,
		explain_seconds(reason->last_ms),
		choose_reuse_text(
			judge_reuse(writer, reason),
			" A server that sets SO_REUSEADDR before bind(), as nearly all do, gets it at once.",
			" SO_REUSEADDR does not help: it has to be set by the sockets that these were, too, and it was not, as on a client's. Wait, or take another port."));
}

static void put_outgoing_reason(struct port_writer *writer, const struct port_reason *reason, const char *where)
{
	char number[EXPLAIN_WORDS];

	explain_number(reason->count, "connection has it", "connections have it", number);
	page_item(
		&writer->page,
		"%s: %s, most likely of a client for which the kernel has chosen it: it is an ephemeral port (see above whose they are). End the client, or take another port; `sysctl -w net.ipv4.ip_local_reserved_ports=%u` (with what is in it already) keeps it from clients from now on.%s",
		where, number, writer->about->survey->port,
		choose_reuse_text(judge_reuse(writer, reason), "",
				  " SO_REUSEADDR does not help: the client has not set it."));
}

/* Puts the connections that keep the port. SO_REUSEADDR, which most servers set, distinguishes an accepted connection
 * from a client's. */
static void put_connections_reason(struct port_writer *writer, const struct port_reason *reason, const char *where)
{
	enum reuse reuse = judge_reuse(writer, reason);
	char number[EXPLAIN_WORDS];

	explain_number(reason->count, "connection keeps it", "connections keep it", number);
	page_item(&writer->page, "%s: %s, %s (see above whose they are).%s%s", where, number,
		  reuse == REUSE_HELPS
			  ? "most likely accepted by a listener that is gone"
			  : "accepted by a listener that is gone, or begun here by a client that has bound this port",
		  choose_reuse_text(reuse, " A server that sets SO_REUSEADDR before bind() gets it all the same.",
				    " SO_REUSEADDR does not help: they have not set it. They have to end first."),
		  reuse != REUSE_HELPS && port_is_chosen_by_default(writer->about->survey->port)
			  ? " Or the kernel had chosen it for a client, before the range was changed."
			  : "");
}

static void put_refusal_reason(struct port_writer *writer, const struct port_reason *reason, const char *where)
{
	if (reason->why == WHY_PRIVILEGED)
		page_item(
			&writer->page,
			"%s: the port is privileged, and we lack CAP_NET_BIND_SERVICE: whether it is free was not tried. Run the server as root, give it the capability (`setcap cap_net_bind_service=ep FILE`, or AmbientCapabilities= in its unit), or lower net.ipv4.ip_unprivileged_port_start.",
			where);
	else
		page_item(
			&writer->page,
			"%s: the kernel forbids it, though no privilege lacks: a security module (SELinux, AppArmor), a BPF program of the control group, or this network namespace belongs to a user namespace in which we are nobody. See `dmesg` and the audit log.",
			where);
}

static void put_reason_text(struct port_writer *writer, const struct port_reason *reason)
{
	char where[64];

	snprintf(where, sizeof(where), "%s, %s", name_protocol_upper(reason->protocol),
		 explain_families(reason->families));
	switch (reason->why) {
	case WHY_PRIVILEGED:
	case WHY_FORBIDDEN:
		put_refusal_reason(writer, reason, where);
		break;
	case WHY_LISTENER:
		put_listener_reason(writer, reason, where);
		break;
	case WHY_UDP_SOCKET:
		put_udp_socket_reason(writer, reason, where);
		break;
	case WHY_BOUND:
		put_bound_reason(writer, reason, where);
		break;
	case WHY_OUTGOING:
		put_outgoing_reason(writer, reason, where);
		break;
	case WHY_CONNECTIONS:
		put_connections_reason(writer, reason, where);
		break;
	case WHY_TIME_WAIT:
		put_time_wait_reason(writer, reason, where);
		break;
	default:
		page_item(
			&writer->page,
			"%s: a socket has it that the kernel does not show: bound, but neither listening nor connected (before Linux 6.8 such are in no list), or one that has just gone.",
			where);
	}
}

static void put_port_verdict(struct port_writer *writer)
{
	const struct port_verdict *verdict = writer->about->verdict;

	page_heading(&writer->page, "Can it be bound now?");
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++)
		for (unsigned int way = 0; way < PORT_WAYS; way++)
			if (port_page_covers(writer->about, protocol))
				put_bind_answer(writer, protocol, way);
	if (verdict->reason_count)
		page_heading(&writer->page, "Why not, and what to do");
	for (size_t i = 0; i < verdict->reason_count; i++)
		put_reason_text(writer, &verdict->reasons[i]);
}

void explain_port_text(const struct explain_style *style, const struct port_page *about)
{
	struct port_writer writer = {.style = style, .about = about, .numbers = *style->namer};

	writer.numbers.service = NULL;
	page_open(&writer.page, style->output, style->width, style->color);
	put_port_title(&writer);
	if (!about->survey->port) {
		page_paragraph(
			&writer.page,
			"No socket has port 0. bind() to it asks the kernel for a free port within net.ipv4.ip_local_port_range, which is %u to %u.",
			about->facts->ephemeral_low, about->facts->ephemeral_high);
		return;
	}
	put_port_nature_text(&writer);
	put_port_users(&writer);
	put_port_verdict(&writer);
}
