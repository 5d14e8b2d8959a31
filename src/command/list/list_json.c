// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "list_json.h"

#include <stdlib.h>

#include "container.h"
#include "json_parts.h"
#include "socket_json.h"
#include "tcp_info.h"

struct list_json {
	struct json_writer json;
	struct output *output;
	const struct wall_clock *clock;
	const struct socket_namer *namer;
	const struct netns_view *netns;
	struct list_json_style style;
	uint64_t id; /* the number of rows so far: the id of the last one */
	struct json_stamp stamp;
};

struct list_json *list_json_new(struct output *output, const struct wall_clock *clock, const struct socket_namer *namer,
				const struct netns_view *netns, struct list_json_style style)
{
	struct list_json *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	*self = (struct list_json){.output = output, .clock = clock, .namer = namer, .netns = netns, .style = style};
	return self;
}

void list_json_free(struct list_json *self)
{
	free(self);
}

static void put_unix_socket_json(struct json_writer *json, const struct socket *socket)
{
	json_no_tuple(json);
	json_word(json, "unix_type", unix_type_name(socket->unix_type));
	socket_json_path(json, "path", socket);
	json_known(json, "peer_inode", socket->peer_inode, socket->peer_inode != 0);
}

static void put_timer_json(struct json_writer *json, const struct socket *socket)
{
	const char *name = socket_timer_name(socket->timer);

	json_word_or_null(json, "timer", name);
	json_known(json, "timer_ms", socket->timer_ms, name);
	json_known(json, "retransmits", socket->retransmits, name);
}

/* Puts the control group in which the socket was made, and who holds it now. */
static void put_details_json(struct list_json *self, const struct socket *socket)
{
	const struct socket_namer *namer = self->namer;
	char name[CONTAINER_NAME_SIZE];
	struct container container;
	const char *path = NULL;

	if (socket->details.cgroup && namer->cgroup)
		path = namer->cgroup(namer->context, socket->details.cgroup);
	json_text_or_null(&self->json, "cgroup", path);
	socket_json_identity(&self->json, socket,
			     path && container_of_path(path, &container) ? container_name(&container, name) : NULL);
}

static void put_listed_socket_json(struct list_json *self, const struct socket *socket, uint64_t now_ns)
{
	struct json_writer *json = &self->json;
	uint32_t pid = socket_first_pid(socket);

	json_line_begin(json, self->output);
	json_word(json, "type", "socket");
	json_time(json, &self->stamp, self->clock, now_ns);
	json_identity(json, ++self->id, socket->cookie);
	json_word(json, "proto", protocol_name(socket->protocol));
	json_netns(json, self->netns, socket->tuple.netns, pid, now_ns);
	if (socket->protocol == PROTOCOL_UNIX)
		put_unix_socket_json(json, socket);
	else
		socket_json_inet(json, socket, self->namer);
	json_word(json, "state", socket_state_name(socket));
	json_span(json, "in_state_us", "since_known", span_at_least(socket->in_state_us));
	if (self->style.age)
		json_span(json, "age_us", "age_known", span_at_least(socket->alive_us));
	json_queues(json, socket->recvq, socket->sendq);
	json_known(json, "inode", socket->inode, socket->inode != 0);
	if (self->style.details)
		socket_json_identified(json, socket);
	else
		socket_json_owners(json, socket);
	put_timer_json(json, socket);
	if (self->style.details)
		put_details_json(self, socket);
	if (self->style.internals && socket->details.info)
		tcp_info_json(socket, json);
	json_line_end(json);
}

void list_json_put(struct list_json *self, const struct socket *rows, size_t count, uint64_t now_ns)
{
	for (size_t i = 0; i < count; i++)
		put_listed_socket_json(self, &rows[i], now_ns);
}
