// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints transitions in tcpstates' columns, and the reason: TIME PID COMM LADDR LPORT RADDR RPORT OLDSTATE -> NEWSTATE
 * MS WHY. With more than one network namespace, NETNS comes before LADDR. With --wide-owner, who the owner is ends the
 * line.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "colors.h"
#include "count_of.h"
#include "escape.h"
#include "identity_text.h"
#include "line.h"
#include "netns_text.h"
#include "sink.h"
#include "state_color.h"
#include "table_text.h"
#include "terminal.h"

enum {
	IPV4_WIDTH = 15,
	IPV6_WIDTH = 39,
	PID_WIDTH = 7,
	PORT_WIDTH = 5,
	STATE_WIDTH = 11,
	MS_WIDTH = 10,
	WHY_WIDTH = 20, /* columns that should be left for the reason */
	INDENT = 9,     /* of a second line, below the time */
	COMM_TEXT = 4 * COMM_LEN + 1,
};

/* Widths of columns. On a narrow terminal those of the time and of comm are reduced; addresses never are. */
struct layout {
	size_t time; /* 12: with milliseconds; 8: without */
	size_t comm;
	size_t address;
	size_t netns;    /* 0: no such column */
	size_t terminal; /* 0: no limit */
	bool stacked;    /* the terminal is too narrow for one line: the endpoints stand on a second line */
};

struct text_sink {
	struct sink sink;
	struct text_style style;
	struct layout layout;
	uint32_t netns;     /* the namespace of the last line; 0: none yet */
	size_t netns_width; /* of the NETNS column; 0: no such column */
	time_t second;      /* the second whose text is in `stamp` */
	char stamp[16];
	struct line line;
	struct line why;
};

static struct text_sink *text_sink_of(struct sink *sink)
{
	return (struct text_sink *)sink;
}

static size_t measure_fixed_columns(const struct layout *layout)
{
	return layout->time + 1 + PID_WIDTH + 1 + layout->comm + 1 + 2 * (layout->address + 1 + PORT_WIDTH + 1) +
	       2 * (STATE_WIDTH + 1) + sizeof("->") + MS_WIDTH + 1 + layout->netns + (layout->netns != 0);
}

static void fit_layout(struct text_sink *self)
{
	static const struct {
		size_t time, comm;
	} steps[] = {{12, 15}, {12, 10}, {8, 10}, {8, 7}};
	struct layout *layout = &self->layout;

	layout->address = self->style.wide ? IPV6_WIDTH : IPV4_WIDTH;
	layout->netns = self->netns_width;
	layout->terminal = self->style.terminal_fd < 0 ? 0 : terminal_width(self->style.terminal_fd);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		layout->time = steps[i].time;
		layout->comm = steps[i].comm;
		if (layout->terminal == 0 || measure_fixed_columns(layout) + WHY_WIDTH <= layout->terminal)
			break;
	}
	layout->stacked = layout->terminal && measure_fixed_columns(layout) + sizeof("WHY") - 1 > layout->terminal;
}

/* ---- colours ---- */

static bool is_trouble(enum reason reason)
{
	switch (reason) {
	case REASON_NONE:
	case REASON_CLOSED_BY_US:
	case REASON_CLOSED_BY_PEER:
	case REASON_CLOSED_BY_BOTH:
	case REASON_STOPPED_LISTENING:
	case REASON_END_NOT_SEEN:
		return false;
	default:
		return true;
	}
}

static void put_line_color(struct text_sink *self, const char *sequence)
{
	if (self->style.color)
		line_color(&self->line, sequence);
}

/* ---- columns ---- */

static void put_event_time(struct text_sink *self, uint64_t monotonic_ns)
{
	uint64_t wall_ns = wall_clock_at(self->sink.clock, monotonic_ns);
	time_t second = (time_t)(wall_ns / NS_PER_SEC);
	unsigned int ms = (unsigned int)(wall_ns % NS_PER_SEC / NS_PER_MS);
	char text[24];
	struct tm local;

	if (second != self->second || !self->stamp[0]) {
		localtime_r(&second, &local);
		strftime(self->stamp, sizeof(self->stamp), "%H:%M:%S", &local);
		self->second = second;
	}
	memcpy(text, self->stamp, 8);
	text[8] = '.';
	text[9] = (char)('0' + ms / 100);
	text[10] = (char)('0' + ms / 10 % 10);
	text[11] = (char)('0' + ms % 10);
	text[self->layout.time] = '\0';
	line_left(&self->line, text, self->layout.time);
}

static void put_owner_columns(struct text_sink *self, const struct connection *conn)
{
	char pid[32], comm[COMM_TEXT];
	bool known = conn->owner.pid != 0;

	line_left(&self->line, number_text(conn->owner.pid, owner_has_number(&conn->owner), pid), PID_WIDTH);
	escape_name(comm, sizeof(comm), conn->owner.comm, COMM_LEN);
	if (self->layout.terminal)
		escape_cut(comm, self->layout.comm);
	line_left(&self->line, known ? comm : "-", self->layout.comm);
}

static void begin_indented_line(struct text_sink *self)
{
	line_put(&self->line, self->sink.output);
	line_clear(&self->line);
	line_pad_to(&self->line, INDENT);
}

static void put_netns_column(struct text_sink *self, const struct connection *conn, uint64_t ts_ns)
{
	char number[32], cut[4 * NETNS_WIDTH_MAX + 1] = "";
	const char *text = netns_text(&self->sink.netns, conn, ts_ns, number);

	if (self->layout.terminal) {
		strncat(cut, text, sizeof(cut) - 1);
		escape_cut(cut, self->layout.netns);
		text = cut;
	}
	line_left(&self->line, text, self->layout.netns);
}

static void put_endpoint_columns(struct text_sink *self, const struct connection *conn, uint64_t ts_ns)
{
	const struct tuple *tuple = &conn->tuple;
	bool peer_known = !connection_lacks_peer(conn);
	char text[ADDRESS_TEXT_MAX + INTERFACE_TEXT_MAX], *end = text;

	if (self->layout.netns)
		put_netns_column(self, conn, ts_ns);
	end += address_text(&tuple->laddr, tuple->family, text);
	*interface_suffix_put(end, tuple, interface_name_of(&self->sink.netns, conn, ts_ns)) = '\0';
	line_left(&self->line, text, self->layout.address);
	line_left(&self->line, number_text(tuple->lport, tuple->lport != 0, text), PORT_WIDTH);
	address_text(&tuple->raddr, tuple->family, text);
	line_left(&self->line, peer_known ? text : "-", self->layout.address);
	line_left(&self->line, number_text(tuple->rport, peer_known, text), PORT_WIDTH);
}

static void put_state_columns(struct text_sink *self, const struct change *change)
{
	bool transition = change->kind == CHANGE_TRANSITION;

	line_left(&self->line, transition ? tcp_state_name(change->oldstate) : "-", STATE_WIDTH);
	line_text(&self->line, "-> ");
	put_line_color(self, state_color(change->newstate));
	line_left(&self->line, tcp_state_name(change->newstate), STATE_WIDTH);
	put_line_color(self, COLOR_END);
}

/* ---- the reason ---- */

static void put_why_item(struct line *why, const char *label, const char *value)
{
	if (why->used)
		line_text(why, ", ");
	line_text(why, label);
	line_text(why, value);
}

static void put_account(struct line *why, const struct change *change)
{
	const struct closing *closing = change->closing;
	bool talked = change->oldstate != STATE_SYN_SENT && change->oldstate != STATE_LISTEN;
	char value[32];

	if (change->age.known != SPAN_UNKNOWN && change->oldstate != STATE_SYN_SENT)
		put_why_item(why, "age ", span_text(change->age, value));
	if (talked) {
		struct span rtt = {.us = closing->srtt_us, .known = closing->srtt_us ? SPAN_EXACT : SPAN_UNKNOWN};

		put_why_item(why, "rx ", size_text(closing->rx_bytes, value));
		put_why_item(why, "tx ", size_text(closing->tx_bytes, value));
		put_why_item(why, "rtt ", span_text(rtt, value));
	}
	if (change->oldstate != STATE_LISTEN)
		put_why_item(why, "retrans ", number_text(closing->retrans, true, value));
}

/* Writes in a few words the reason that the events alone prove; `why` is empty when they prove none. */
static void spell_why(struct line *why, const struct change *change)
{
	const char *reason = reason_text(change->reason);

	line_clear(why);
	if (change->kind == CHANGE_SOCKET)
		reason = "was there before";
	else if (change->healed && !reason)
		reason = "not seen as it happened";
	if (reason)
		line_text(why, reason);
	if (change->reason == REASON_FAILED) {
		line_text(why, ": ");
		line_text(why, strerror(verdict_errno(change->oldstate, change->closing)));
	}
	if (change->closing)
		put_account(why, change);
}

static void put_why(struct text_sink *self, const struct change *change)
{
	struct line *line = &self->line, *why = &self->why;

	spell_why(why, change);
	if (!why->used)
		return;
	if (self->layout.terminal && line->column + why->column > self->layout.terminal)
		begin_indented_line(self);
	if (is_trouble(change->reason))
		put_line_color(self, COLOR_RED);
	line_append(line, why);
	if (is_trouble(change->reason))
		put_line_color(self, COLOR_END);
}

/* Ends the line, after who the owner is where that is wanted and known. On a terminal that has a line of its own where
 * there is no room for it. Before it stands a space, as behind each column. */
static void end_change_line(struct text_sink *self, const struct connection *conn)
{
	const struct identity *identity = self->style.wide_owner ? conn->owner.identity : NULL;
	struct output *output = self->sink.output;
	struct line *line = &self->line;
	size_t used;

	if (!identity) {
		line_put(line, output);
		return;
	}
	if (self->layout.terminal && line->column + identity_width(identity) > self->layout.terminal)
		begin_indented_line(self);
	used = line->used;
	output_bytes(output, line->bytes, line->bytes[used - 1] == ' ' ? used - 1 : used);
	identity_put(identity, output);
	output_char(output, '\n');
}

/* ---- the sink ---- */

static void put_endpoint_headings(struct text_sink *self)
{
	if (self->layout.netns)
		line_left(&self->line, "NETNS", self->layout.netns);
	line_left(&self->line, "LADDR", self->layout.address);
	line_left(&self->line, "LPORT", PORT_WIDTH);
	line_left(&self->line, "RADDR", self->layout.address);
	line_left(&self->line, "RPORT", PORT_WIDTH);
}

static void widen_netns(struct text_sink *self)
{
	struct netns_names *names = self->sink.netns.names;
	size_t width = netns_column(names ? netns_names_widest(names) : 0);

	if (width > self->netns_width)
		self->netns_width = width;
}

static void put_heading_text(struct sink *sink)
{
	struct text_sink *self = text_sink_of(sink);
	struct line *line = &self->line;

	if (sink->netns.several && !sink->netns.fixed)
		widen_netns(self);
	fit_layout(self);
	line_clear(line);
	line_left(line, "TIME", self->layout.time);
	line_left(line, "PID", PID_WIDTH);
	line_left(line, "COMM", self->layout.comm);
	if (!self->layout.stacked)
		put_endpoint_headings(self);
	line_left(line, "OLDSTATE", STATE_WIDTH);
	line_text(line, "-> ");
	line_left(line, "NEWSTATE", STATE_WIDTH);
	line_right(line, "MS", MS_WIDTH);
	if (self->layout.stacked) {
		begin_indented_line(self);
		put_endpoint_headings(self);
	}
	line_text(line, "WHY");
	line_put(line, sink->output);
}

/* Adds the NETNS column with the first line of a second namespace, and widens it for longer names. Prints the heading
 * again each time. */
static void notice_netns(struct text_sink *self, const struct change *change)
{
	struct netns_view *netns = &self->sink.netns;
	uint32_t inode = change->conn->tuple.netns, before = self->netns ? self->netns : netns->home;
	char number[32];
	size_t width;

	self->netns = inode;
	if (netns->fixed || (!netns->several && (!before || before == inode)))
		return;
	width = netns_column(text_width(netns_text(netns, change->conn, change->ts_ns, number)));
	if (netns->several && width <= self->netns_width)
		return;
	netns->several = true;
	self->netns_width = width;
	put_heading_text(&self->sink);
}

static void put_change_text(struct sink *sink, const struct change *change)
{
	struct text_sink *self = text_sink_of(sink);
	char ms[32];

	if (change->conn->tuple.netns != self->netns)
		notice_netns(self, change);
	if (self->style.terminal_fd >= 0)
		fit_layout(self);
	line_clear(&self->line);
	put_event_time(self, change->ts_ns);
	put_owner_columns(self, change->conn);
	if (!self->layout.stacked)
		put_endpoint_columns(self, change->conn, change->ts_ns);
	put_state_columns(self, change);
	line_right(&self->line, span_ms_text(change->in_state, ms), MS_WIDTH);
	if (self->layout.stacked) {
		begin_indented_line(self);
		put_endpoint_columns(self, change->conn, change->ts_ns);
	}
	put_why(self, change);
	end_change_line(self, change->conn);
}

/* Prints "12:00:00.123 GAP: 1234 transitions lost since 11:59:59.900 because the buffer was full". */
static void put_gap_text(struct sink *sink, const struct gap *gap)
{
	struct text_sink *self = text_sink_of(sink);
	struct line *line = &self->line;

	line_clear(line);
	put_event_time(self, gap->to_ns);
	put_line_color(self, COLOR_RED);
	line_text(line, "GAP: ");
	line_u64(line, gap->lost);
	line_text(line, gap->lost == 1 ? " transition" : " transitions");
	line_text(line, " lost since ");
	put_event_time(self, gap->from_ns);
	line_text(line, "because ");
	line_text(line, gap_reason_text(gap->reason));
	put_line_color(self, COLOR_END);
	line_put(line, sink->output);
}

static void put_table_text(struct sink *sink, const struct table_view *view)
{
	table_text_put(sink->output, sink->clock, &sink->netns, view);
}

static const struct sink_ops text_ops = {
	.heading = put_heading_text,
	.change = put_change_text,
	.table = put_table_text,
	.gap = put_gap_text,
};

struct sink *text_sink_new(struct output *output, const struct wall_clock *clock, const struct text_style *style)
{
	struct text_sink *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->sink = (struct sink){.ops = &text_ops, .output = output, .clock = clock};
	self->style = *style;
	tzset(); /* reads the file of the time zone now: later there may be no descriptor for it */
	fit_layout(self);
	return &self->sink;
}
