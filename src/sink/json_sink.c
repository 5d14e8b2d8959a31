// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One JSON object per line. The names are a contract with those who read them: none changes its meaning, none goes.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json_writer.h"
#include "sink.h"

enum {
	STAMP_SECONDS = 20, /* "2026-01-31T12:00:00." */
	STAMP_DIGITS = 9,
	STAMP_LENGTH = STAMP_SECONDS + STAMP_DIGITS + 1, /* and "Z" */
};

struct json_sink {
	struct sink sink;
	struct json_writer json;
	time_t second; /* the one that `stamp` spells */
	char stamp[STAMP_LENGTH + 1];
};

static struct json_sink *json_sink_of(struct sink *sink)
{
	return (struct json_sink *)sink;
}

/* "2026-01-31T12:00:00.123456789Z" */
static void put_time(struct json_sink *sink, uint64_t monotonic_ns)
{
	uint64_t wall_ns = wall_clock_at(sink->sink.clock, monotonic_ns);
	uint64_t fraction = wall_ns % NS_PER_SEC;
	time_t second = (time_t)(wall_ns / NS_PER_SEC);
	struct tm utc;

	if (second != sink->second || !sink->stamp[0]) {
		gmtime_r(&second, &utc);
		strftime(sink->stamp, sizeof(sink->stamp), "%Y-%m-%dT%H:%M:%S.000000000Z", &utc);
		sink->second = second;
	}
	for (int i = STAMP_SECONDS + STAMP_DIGITS - 1; i >= STAMP_SECONDS; i--) {
		sink->stamp[i] = (char)('0' + fraction % 10);
		fraction /= 10;
	}
	json_word_of(&sink->json, "ts", sink->stamp, STAMP_LENGTH);
	json_u64(&sink->json, "ts_ns", wall_ns);
}

JSON_INLINE void put_known(struct json_writer *json, const char *key, uint64_t value, bool known)
{
	if (known)
		json_u64(json, key, value);
	else
		json_null(json, key);
}

JSON_INLINE void put_word(struct json_writer *json, const char *key, const char *word)
{
	if (word)
		json_word(json, key, word);
	else
		json_null(json, key);
}

JSON_INLINE void put_span(struct json_writer *json, const char *key, const char *known_key, struct span span)
{
	put_known(json, key, span.ns / NS_PER_US, span.known != SPAN_UNKNOWN);
	json_bool(json, known_key, span.known == SPAN_EXACT);
}

/* The cookie is spelled as after "sk:" in ss -e. */
static void put_identity(struct json_writer *json, const struct connection *conn)
{
	json_decimal_word(json, "id", conn->id);
	if (conn->cookie)
		json_hex_word(json, "cookie", conn->cookie);
	else
		json_null(json, "cookie");
}

static void put_netns(struct json_sink *sink, const struct connection *conn, uint64_t ts_ns)
{
	struct netns_names *names = sink->sink.netns.names;
	uint32_t inode = conn->tuple.netns;
	const struct netns_label *label = names ? netns_names_find(names, inode, conn->owner.pid, ts_ns) : NULL;

	if (label)
		json_digits(&sink->json, "netns", label->number, label->number_length);
	else
		json_u64(&sink->json, "netns", inode);
	if (!label || !label->name)
		json_null(&sink->json, "netns_name");
	else if (label->plain && label->length <= JSON_WORD_MAX - 2)
		json_word_of(&sink->json, "netns_name", label->name, label->length);
	else
		json_text(&sink->json, "netns_name", label->name, label->length);
}

static void put_tuple(struct json_writer *json, const struct connection *conn)
{
	const struct tuple *tuple = &conn->tuple;
	bool peer_known = !connection_lacks_peer(conn);
	char address[ADDRESS_TEXT_MAX];

	json_u64(json, "family", tuple->family);
	json_word_of(json, "laddr", address, address_text(&tuple->laddr, tuple->family, address));
	put_known(json, "lport", tuple->lport, tuple->lport != 0);
	if (peer_known)
		json_word_of(json, "raddr", address, address_text(&tuple->raddr, tuple->family, address));
	else
		json_null(json, "raddr");
	put_known(json, "rport", tuple->rport, peer_known);
}

static void put_owner(struct json_writer *json, const struct connection *conn)
{
	bool known = conn->owner.pid != 0;

	put_known(json, "pid", conn->owner.pid, known);
	if (known)
		json_text(json, "comm", conn->owner.comm, COMM_LEN);
	else
		json_null(json, "comm");
	put_known(json, "uid", conn->uid, conn->uid != UID_UNKNOWN);
	put_word(json, "owner_src", owner_source_name(conn->owner_source));
	put_word(json, "direction", direction_name(conn->direction));
}

/* Of a minisocket that was found, and not made before our eyes, nothing is known. */
static void put_closing(struct json_writer *json, const struct change *change)
{
	static const struct closing unknown;
	const struct closing *closing = change->closing ? change->closing : &unknown;
	bool known = change->closing;

	put_known(json, "rx_bytes", closing->rx_bytes, known);
	put_known(json, "tx_bytes", closing->tx_bytes, known);
	put_known(json, "srtt_us", closing->srtt_us, closing->srtt_us != 0);
	put_known(json, "retrans", closing->retrans, known);
	put_span(json, "age_us", "age_known", change->age);
}

static void put_transition(struct json_sink *sink, const struct change *change)
{
	struct json_writer *json = &sink->json;
	const struct closing *closing = change->closing;

	json_line_begin(json, sink->sink.output);
	json_word(json, "type", "transition");
	put_time(sink, change->ts_ns);
	put_identity(json, change->conn);
	put_netns(sink, change->conn, change->ts_ns);
	put_tuple(json, change->conn);
	json_word(json, "oldstate", tcp_state_name(change->oldstate));
	json_word(json, "newstate", tcp_state_name(change->newstate));
	put_span(json, "in_state_us", "since_known", change->in_state);
	put_owner(json, change->conn);
	put_word(json, "reason", reason_name(change->reason));
	put_known(json, "errno", closing ? closing->err : 0, closing && closing->err);
	json_bool(json, "derived", change->derived);
	if (closing || change->newstate == STATE_CLOSE)
		put_closing(json, change);
	json_line_end(json);
}

static void put_holder(struct json_writer *json, const struct owner *owner)
{
	json_object_begin(json, NULL);
	json_u64(json, "pid", owner->pid);
	json_text(json, "comm", owner->comm, COMM_LEN);
	put_known(json, "fd", (uint64_t)owner->fd, owner->fd != FD_UNKNOWN);
	json_object_end(json);
}

static void put_holders(struct json_writer *json, const struct connection *conn)
{
	json_array_begin(json, "owners");
	for (unsigned int i = 0; i < conn->owner_count; i++)
		put_holder(json, conn->owners ? &conn->owners[i] : &conn->owner);
	json_array_end(json);
}

static void put_socket(struct json_sink *sink, const struct change *change)
{
	struct json_writer *json = &sink->json;
	const struct connection *conn = change->conn;

	json_line_begin(json, sink->sink.output);
	json_word(json, "type", "socket");
	put_time(sink, change->ts_ns);
	put_identity(json, conn);
	json_word(json, "proto", "tcp");
	put_netns(sink, conn, change->ts_ns);
	put_tuple(json, conn);
	json_word(json, "state", tcp_state_name(conn->state));
	put_span(json, "in_state_us", "since_known", change->in_state);
	put_known(json, "recvq", conn->recvq, conn->recvq != QUEUE_UNKNOWN);
	put_known(json, "sendq", conn->sendq, conn->sendq != QUEUE_UNKNOWN);
	put_known(json, "inode", conn->inode, conn->inode != 0);
	put_owner(json, conn);
	put_holders(json, conn);
	json_line_end(json);
}

static void json_change(struct sink *sink, const struct change *change)
{
	if (change->kind == CHANGE_TRANSITION)
		put_transition(json_sink_of(sink), change);
	else
		put_socket(json_sink_of(sink), change);
}

static void put_counts(struct json_writer *json, const struct summary *summary)
{
	json_u64(json, "seen", summary->seen);
	json_u64(json, "received", summary->received);
	json_u64(json, "dropped", summary->dropped);
	json_u64(json, "missed", summary->missed);
	json_u64(json, "resyncs", summary->resyncs);
}

static void json_table(struct sink *sink, const struct table_view *view)
{
	struct json_sink *self = json_sink_of(sink);

	json_line_begin(&self->json, sink->output);
	json_word(&self->json, "type", "table");
	put_time(self, view->ts_ns);
	json_u64(&self->json, "iteration", view->iteration);
	json_u64(&self->json, "count", view->count);
	put_counts(&self->json, &view->summary);
	json_line_end(&self->json);
	for (size_t i = 0; i < view->count; i++) {
		struct change change = change_of_socket(view->rows[i], view->ts_ns);

		put_socket(self, &change);
	}
}

static void json_summary(struct sink *sink, const struct summary *summary)
{
	struct json_writer *json = &json_sink_of(sink)->json;

	json_line_begin(json, sink->output);
	json_word(json, "type", "summary");
	put_counts(json, summary);
	json_line_end(json);
}

static void json_gap(struct sink *sink, const struct gap *gap)
{
	struct json_sink *self = json_sink_of(sink);
	struct json_writer *json = &self->json;

	json_line_begin(json, sink->output);
	json_word(json, "type", "gap");
	put_time(self, gap->to_ns);
	json_u64(json, "lost", gap->lost);
	json_word(json, "reason", gap->reason == GAP_RING_FULL ? "ring_full" : "skipped");
	json_u64(json, "from_ns", wall_clock_at(sink->clock, gap->from_ns));
	json_u64(json, "to_ns", wall_clock_at(sink->clock, gap->to_ns));
	json_line_end(json);
}

static const struct sink_ops json_ops = {
	.change = json_change,
	.table = json_table,
	.gap = json_gap,
	.summary = json_summary,
};

struct sink *json_sink_new(struct output *output, const struct wall_clock *clock)
{
	struct json_sink *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->sink = (struct sink){.ops = &json_ops, .output = output, .clock = clock};
	return &self->sink;
}
