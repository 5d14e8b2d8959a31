// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "audit_json.h"

#include <string.h>

#include "json_parts.h"
#include "socket_json.h"

static void put_listener_netns(const struct audit_json *self, struct json_writer *json, const struct audit_row *row)
{
	const struct socket *socket = &row->socket;

	if (row->since == SINCE_GONE) {
		json_null(json, "netns");
		json_text_or_null(json, "netns_name", row->listener.netns);
		return;
	}
	json_netns(json, self->netns, socket->tuple.netns, socket_first_pid(socket), self->now_ns);
}

static void put_judgement_json(struct json_writer *json, const struct audit_row *row)
{
	char note[AUDIT_NOTE_SIZE];

	json_word(json, "reach", reach_word(row->listener.reach));
	json_text_or_null(json, "process", row->listener.process);
	json_text_or_null(json, "user", row->listener.user);
	socket_json_identity(json, &row->socket, *row->listener.container ? row->listener.container : NULL);
	json_text_or_null(json, "note", audit_note(row, note));
	json_tristate(json, "allowed", row->allowed);
	json_word_or_null(json, "change", audit_since_word(row->since));
	json_bool(json, "finding", row->flags != 0);
}

static void put_listener_json(const struct audit_json *self, const struct audit_row *row, uint64_t id,
			      struct json_stamp *stamp)
{
	const struct socket *socket = &row->socket;
	struct json_writer json;

	json_line_begin(&json, self->output);
	json_word(&json, "type", "listener");
	json_time(&json, stamp, self->clock, self->now_ns);
	json_identity(&json, id, socket->cookie);
	json_word(&json, "proto", protocol_name(socket->protocol));
	put_listener_netns(self, &json, row);
	socket_json_inet(&json, socket, self->namer);
	json_word(&json, "state", socket_state_name(socket));
	json_queues(&json, socket->recvq, socket->sendq);
	json_known(&json, "inode", socket->inode, socket->inode != 0);
	socket_json_identified(&json, socket);
	put_judgement_json(&json, row);
	json_line_end(&json);
}

void audit_json_put(const struct audit_json *self, const struct audit_row *rows, size_t count)
{
	struct json_stamp stamp = {0};

	for (size_t i = 0; i < count; i++)
		put_listener_json(self, &rows[i], i + 1, &stamp);
}

void audit_json_sum(const struct audit_json *self, const struct audit_counts *counts, const struct audit_rules *rules)
{
	struct json_stamp stamp = {0};
	struct json_writer json;

	json_line_begin(&json, self->output);
	json_word(&json, "type", "audit");
	json_time(&json, &stamp, self->clock, self->now_ns);
	json_u64(&json, "listeners", counts->listeners);
	json_object_begin(&json, "reach");
	for (unsigned int reach = 0; reach < REACH_COUNT; reach++)
		json_u64(&json, reach_word(reach), counts->reach[reach]);
	json_object_end(&json);
	json_u64(&json, "findings", counts->findings);
	json_known(&json, "outside", counts->outside, rules->policy);
	json_known(&json, "exposed", counts->exposed, !rules->policy && !rules->baseline);
	json_known(&json, "new", counts->appeared, rules->compared);
	json_known(&json, "changed", counts->changed, rules->compared);
	json_known(&json, "gone", counts->gone, rules->compared);
	json_u64(&json, "unknown_owners", counts->unknown);
	json_u64(&json, "left_out", counts->left_out);
	json_line_end(&json);
}

void exposed_ports_json(struct output *output)
{
	size_t count;
	const struct exposed_port *ports = exposed_ports(&count);
	struct json_writer json;

	for (size_t i = 0; i < count; i++) {
		json_line_begin(&json, output);
		json_word(&json, "type", "exposed_port");
		json_u64(&json, "first", ports[i].first);
		json_u64(&json, "last", ports[i].last);
		json_array_begin(&json, "protos");
		for (unsigned int protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
			if (ports[i].protocols & 1u << protocol)
				json_word(&json, NULL, protocol_name(protocol));
		json_array_end(&json);
		json_word_or_null(&json, "process", ports[i].process);
		json_bool(&json, "any_port", ports[i].anywhere);
		json_word(&json, "service", ports[i].what);
		json_word(&json, "why", ports[i].why);
		json_line_end(&json);
	}
}
