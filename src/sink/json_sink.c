// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints one JSON object per line. The names are a contract with their readers: no name changes its meaning, and none
 * is removed.
 */
#include <stdlib.h>

#include "identity_json.h"
#include "interface_text.h"
#include "json_parts.h"
#include "sink.h"

struct json_sink {
	struct sink sink;
	struct json_writer json;
	struct json_stamp stamp;
};

static struct json_sink *json_sink_of(struct sink *sink)
{
	return (struct json_sink *)sink;
}

static void put_connection_netns(struct json_sink *sink, const struct change *change)
{
	const struct connection *conn = change->conn;

	json_netns(&sink->json, &sink->sink.netns, conn->tuple.netns, conn->owner.pid, change->ts_ns);
}

static void put_endpoints(struct json_sink *sink, const struct change *change)
{
	const struct connection *conn = change->conn;

	json_tuple(&sink->json, &conn->tuple, !connection_lacks_peer(conn));
	json_interface(&sink->json, &conn->tuple, interface_name_of(&sink->sink.netns, conn, change->ts_ns));
}

static void put_connection_owner(struct json_writer *json, const struct connection *conn)
{
	bool known = conn->owner.pid != 0;

	json_known(json, "pid", conn->owner.pid, owner_has_number(&conn->owner));
	if (known)
		json_text(json, "comm", conn->owner.comm, COMM_LEN);
	else
		json_null(json, "comm");
	json_known(json, "uid", conn->uid, conn->uid != UID_UNKNOWN);
	json_word_or_null(json, "owner_src", owner_source_name(conn->owner_source));
	json_word_or_null(json, "direction", direction_name(conn->direction));
	identity_json_put(json, conn->owner.identity);
}

/* Nothing is known of the closing of a minisocket that was found, and whose beginning was not seen. */
static void put_closing(struct json_writer *json, const struct change *change)
{
	static const struct closing unknown;
	const struct closing *closing = change->closing ? change->closing : &unknown;
	bool known = change->closing;

	json_known(json, "rx_bytes", closing->rx_bytes, known);
	json_known(json, "tx_bytes", closing->tx_bytes, known);
	json_known(json, "srtt_us", closing->srtt_us, closing->srtt_us != 0);
	json_known(json, "retrans", closing->retrans, known);
	json_span(json, "age_us", "age_known", change->age);
}

static void put_transition(struct json_sink *sink, const struct change *change)
{
	struct json_writer *json = &sink->json;
	const struct closing *closing = change->closing;
	uint16_t err = closing ? verdict_errno(change->oldstate, closing) : 0;

	json_line_begin(json, sink->sink.output);
	json_word(json, "type", "transition");
	json_time(&sink->json, &sink->stamp, sink->sink.clock, change->ts_ns);
	json_identity(json, change->conn->id, change->conn->cookie);
	put_connection_netns(sink, change);
	put_endpoints(sink, change);
	json_word(json, "oldstate", tcp_state_name(change->oldstate));
	json_word(json, "newstate", tcp_state_name(change->newstate));
	json_span(json, "in_state_us", "since_known", change->in_state);
	put_connection_owner(json, change->conn);
	json_word_or_null(json, "reason", reason_name(change->reason));
	json_known(json, "errno", err, err != 0);
	json_bool(json, "derived", change->derived);
	if (closing || change->newstate == STATE_CLOSE)
		put_closing(json, change);
	json_line_end(json);
}

static void put_connection_holders(struct json_writer *json, const struct connection *conn)
{
	json_array_begin(json, "owners");
	for (unsigned int i = 0; i < conn->owner_count; i++)
		json_holder(json, conn->owners ? &conn->owners[i] : &conn->owner);
	json_array_end(json);
}

static void put_connection_as_socket(struct json_sink *sink, const struct change *change)
{
	struct json_writer *json = &sink->json;
	const struct connection *conn = change->conn;

	json_line_begin(json, sink->sink.output);
	json_word(json, "type", "socket");
	json_time(&sink->json, &sink->stamp, sink->sink.clock, change->ts_ns);
	json_identity(json, conn->id, conn->cookie);
	json_word(json, "proto", "tcp");
	put_connection_netns(sink, change);
	put_endpoints(sink, change);
	json_word(json, "state", tcp_state_name(conn->state));
	json_span(json, "in_state_us", "since_known", change->in_state);
	json_queues(json, conn->recvq, conn->sendq);
	json_known(json, "inode", conn->inode, conn->inode != 0);
	put_connection_owner(json, conn);
	put_connection_holders(json, conn);
	json_line_end(json);
}

static void put_change_json(struct sink *sink, const struct change *change)
{
	if (change->kind == CHANGE_TRANSITION)
		put_transition(json_sink_of(sink), change);
	else
		put_connection_as_socket(json_sink_of(sink), change);
}

static void put_summary_counts(struct json_writer *json, const struct summary *summary)
{
	json_u64(json, "seen", summary->seen);
	json_u64(json, "received", summary->received);
	json_u64(json, "dropped", summary->dropped);
	json_u64(json, "missed", summary->missed);
	json_u64(json, "resyncs", summary->resyncs);
	json_u64(json, "healed", summary->healed);
	json_u64(json, "put_off", summary->put_off);
	json_bool(json, "complete", !summary->incomplete);
}

static void put_table_json(struct sink *sink, const struct table_view *view)
{
	struct json_sink *self = json_sink_of(sink);

	json_line_begin(&self->json, sink->output);
	json_word(&self->json, "type", "table");
	json_time(&self->json, &self->stamp, sink->clock, view->ts_ns);
	json_u64(&self->json, "iteration", view->iteration);
	json_u64(&self->json, "count", view->count);
	put_summary_counts(&self->json, &view->summary);
	json_line_end(&self->json);
	for (size_t i = 0; i < view->count; i++) {
		struct change change = change_of_socket(view->rows[i], view->ts_ns);

		put_connection_as_socket(self, &change);
	}
}

static void put_summary_json(struct sink *sink, const struct summary *summary)
{
	struct json_writer *json = &json_sink_of(sink)->json;

	json_line_begin(json, sink->output);
	json_word(json, "type", "summary");
	put_summary_counts(json, summary);
	json_line_end(json);
}

static void put_gap_json(struct sink *sink, const struct gap *gap)
{
	struct json_sink *self = json_sink_of(sink);
	struct json_writer *json = &self->json;

	json_line_begin(json, sink->output);
	json_word(json, "type", "gap");
	json_time(json, &self->stamp, sink->clock, gap->to_ns);
	json_u64(json, "lost", gap->lost);
	json_word(json, "reason", gap_reason_name(gap->reason));
	json_u64(json, "from_ns", wall_clock_at(sink->clock, gap->from_ns));
	json_u64(json, "to_ns", wall_clock_at(sink->clock, gap->to_ns));
	json_line_end(json);
}

static const struct sink_ops json_ops = {
	.change = put_change_json,
	.table = put_table_json,
	.gap = put_gap_json,
	.summary = put_summary_json,
};

struct sink *json_sink_new(struct output *output, const struct wall_clock *clock)
{
	struct json_sink *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->sink = (struct sink){.ops = &json_ops, .output = output, .clock = clock};
	return &self->sink;
}
