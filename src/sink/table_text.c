// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "table_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "escape.h"
#include "line.h"
#include "netns_text.h"

enum { COMM_TEXT = 4 * COMM_LEN + 1, STATE_WIDTH = 11, QUEUE_WIDTH = 7, AGE_WIDTH = 8, PID_WIDTH = 7 };

struct table_widths {
	size_t netns; /* 0: no such column */
	size_t local, remote;
};

/* True where the table needs a NETNS column. It needs none where all rows are of one namespace, if that is the reader's
 * own or the one that was asked for. */
static bool wants_netns(const struct netns_view *netns, const struct table_view *view)
{
	uint32_t home = netns->home;

	for (size_t i = 0; i < view->count && !netns->fixed; i++) {
		if (!home)
			home = view->rows[i]->tuple.netns;
		if (view->rows[i]->tuple.netns != home)
			return true;
	}
	return false;
}

static size_t measure_netns(const struct netns_view *netns, const struct table_view *view)
{
	size_t width = 0;
	char number[32];

	for (size_t i = 0; i < view->count; i++) {
		size_t length = text_width(netns_text(netns, view->rows[i], view->ts_ns, number));

		width = length > width ? length : width;
	}
	return netns_column(width);
}

static struct table_widths measure_table(const struct netns_view *netns, const struct table_view *view)
{
	struct table_widths widths = {.local = sizeof("LADDR:LPORT") - 1, .remote = sizeof("RADDR:RPORT") - 1};
	char text[ENDPOINT_TEXT_MAX];

	for (size_t i = 0; i < view->count; i++) {
		const char *interface = interface_name_of(netns, view->rows[i], view->ts_ns);

		line_widen(&widths.local, local_text(view->rows[i], interface, text));
		line_widen(&widths.remote, remote_text(view->rows[i], text));
	}
	if (wants_netns(netns, view))
		widths.netns = measure_netns(netns, view);
	return widths;
}

static void put_count(struct output *output, const char *label, uint64_t count)
{
	output_text(output, label);
	output_u64(output, count);
}

/* "transitions: seen 12, received 12, dropped 0, missed 0, resyncs 0, healed 0" */
static void put_transition_counts(struct output *output, const struct summary *summary)
{
	put_count(output, "transitions: seen ", summary->seen);
	put_count(output, ", received ", summary->received);
	put_count(output, ", dropped ", summary->dropped);
	put_count(output, ", missed ", summary->missed);
	put_count(output, ", resyncs ", summary->resyncs);
	put_count(output, ", healed ", summary->healed);
	if (summary->put_off)
		put_count(output, ", snapshots put off ", summary->put_off);
	output_char(output, '\n');
}

/* "top: 14:03:22, 7 sockets: 3 ESTABLISHED, 4 LISTEN" */
static void put_totals(struct output *output, const struct wall_clock *clock, const struct table_view *view)
{
	time_t now = (time_t)(wall_clock_at(clock, view->ts_ns) / NS_PER_SEC);
	uint64_t totals[STATE_COUNT] = {0};
	struct tm local;
	char time[16], states[STATE_COUNTS_MAX];

	for (size_t i = 0; i < view->count; i++)
		totals[view->rows[i]->state]++;
	localtime_r(&now, &local);
	strftime(time, sizeof(time), "%H:%M:%S", &local);
	output_text(output, "top: ");
	output_text(output, time);
	output_text(output, ", ");
	output_u64(output, view->count);
	output_text(output, view->count == 1 ? " socket" : " sockets");
	output_text(output, view->count ? ": " : "");
	output_text(output, state_counts_text(totals, tcp_state_name, states));
	output_char(output, '\n');
	put_transition_counts(output, &view->summary);
}

static void put_table_heading(struct output *output, const struct table_widths *widths)
{
	struct line line;

	line_clear(&line);
	line_left(&line, "STATE", STATE_WIDTH);
	line_right(&line, "RECV-Q", QUEUE_WIDTH);
	line_right(&line, "SEND-Q", QUEUE_WIDTH);
	if (widths->netns)
		line_left(&line, "NETNS", widths->netns);
	line_left(&line, "LADDR:LPORT", widths->local);
	line_left(&line, "RADDR:RPORT", widths->remote);
	line_right(&line, "IN-STATE", AGE_WIDTH);
	line_left(&line, "PID", PID_WIDTH);
	line_text(&line, "COMM");
	line_put(&line, output);
}

static void put_connection_row(struct output *output, const struct table_widths *widths, const struct netns_view *netns,
			       const struct connection *conn, uint64_t now_ns)
{
	bool known = conn->owner.pid != 0;
	char text[ENDPOINT_TEXT_MAX], comm[COMM_TEXT];
	struct line line;

	line_clear(&line);
	line_left(&line, tcp_state_name(conn->state), STATE_WIDTH);
	line_right(&line, number_text(conn->recvq, conn->recvq != QUEUE_UNKNOWN, text), QUEUE_WIDTH);
	line_right(&line, number_text(conn->sendq, conn->sendq != QUEUE_UNKNOWN, text), QUEUE_WIDTH);
	if (widths->netns)
		line_left(&line, netns_text(netns, conn, now_ns, text), widths->netns);
	line_left(&line, local_text(conn, interface_name_of(netns, conn, now_ns), text), widths->local);
	line_left(&line, remote_text(conn, text), widths->remote);
	line_right(&line, span_text(connection_in_state(conn, now_ns), text), AGE_WIDTH);
	line_left(&line, number_text(conn->owner.pid, owner_has_number(&conn->owner), text), PID_WIDTH);
	escape_name(comm, sizeof(comm), conn->owner.comm, COMM_LEN);
	line_text(&line, known ? comm : "-");
	if (conn->owner_count > 1) {
		line_text(&line, " +");
		line_u64(&line, conn->owner_count - 1u);
	}
	line_put(&line, output);
}

void table_text_put(struct output *output, const struct wall_clock *clock, const struct netns_view *netns,
		    const struct table_view *view)
{
	struct table_widths widths = measure_table(netns, view);

	if (view->iteration > 1)
		output_char(output, '\n');
	put_totals(output, clock, view);
	put_table_heading(output, &widths);
	for (size_t i = 0; i < view->count; i++)
		put_connection_row(output, &widths, netns, view->rows[i], view->ts_ns);
}
