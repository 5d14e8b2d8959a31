// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "list_text.h"

#include <stdlib.h>
#include <string.h>

#include "colors.h"
#include "line.h"
#include "netns_text.h"
#include "socket_text.h"
#include "state_color.h"
#include "tcp_info.h"

enum { NETID_WIDTH = 5, QUEUE_WIDTH = 6, AGE_WIDTH = 8 };

struct list_widths {
	size_t state, recvq, sendq, netns, local, peer;
};

struct list_text {
	struct output *output;
	struct list_style style;
	const struct socket_namer *namer;
	const struct netns_view *netns;
	struct list_widths widths;
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	bool headed;
};

struct list_text *list_text_new(struct output *output, const struct list_style *style, const struct socket_namer *namer,
				const struct netns_view *netns)
{
	struct list_text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	*text = (struct list_text){.output = output, .style = *style, .namer = namer, .netns = netns};
	list_text_restart(text, style->netns);
	return text;
}

void list_text_free(struct list_text *text)
{
	free(text);
}

void list_text_restart(struct list_text *text, bool shows_netns)
{
	text->headed = false;
	text->style.netns = shows_netns;
	text->widths = (struct list_widths){
		.state = sizeof("State") - 1,
		.recvq = QUEUE_WIDTH,
		.sendq = QUEUE_WIDTH,
		.netns = NETNS_WIDTH_MIN,
		.local = sizeof("Local Address:Port") - 1,
		.peer = sizeof("Peer Address:Port") - 1,
	};
}

/* ---- widths ---- */

static const char *spell_socket_netns(const struct list_text *text, const struct socket *socket, char *out)
{
	uint32_t pid = socket_first_pid(socket);

	return netns_inode_text(text->netns, socket->tuple.netns, pid, text->now_ns, out);
}

static void measure_listed_socket(struct list_text *text, const struct socket *socket)
{
	struct list_widths *widths = &text->widths;
	char shown[SOCKET_ENDPOINT_MAX];

	line_widen(&widths->state, socket_state_name(socket));
	line_widen(&widths->recvq, number_text(socket->recvq, socket->recvq != QUEUE_UNKNOWN, shown));
	line_widen(&widths->sendq, number_text(socket->sendq, socket->sendq != QUEUE_UNKNOWN, shown));
	if (text->style.netns)
		line_widen(&widths->netns, spell_socket_netns(text, socket, shown));
	socket_local_text(socket, text->namer, shown);
	line_widen(&widths->local, shown);
	socket_peer_text(socket, text->namer, shown);
	line_widen(&widths->peer, shown);
}

/* ---- lines ---- */

static void put_list_heading(const struct list_text *text)
{
	const struct list_widths *widths = &text->widths;
	struct line line;

	line_clear(&line);
	line_left(&line, "Netid", NETID_WIDTH);
	line_left(&line, "State", widths->state);
	line_right(&line, "Recv-Q", widths->recvq);
	line_right(&line, "Send-Q", widths->sendq);
	if (text->style.age)
		line_right(&line, "IN-STATE", AGE_WIDTH);
	if (text->style.netns)
		line_left(&line, "NETNS", widths->netns);
	line_left(&line, "Local Address:Port", widths->local);
	line_left(&line, "Peer Address:Port", widths->peer);
	if (text->style.owners)
		line_text(&line, "Process");
	line_put(&line, text->output);
}

static void put_list_columns(const struct list_text *text, const struct socket *socket, struct line *line)
{
	const struct list_widths *widths = &text->widths;
	char shown[SOCKET_ENDPOINT_MAX];

	line_clear(line);
	line_left(line, socket_netid(socket), NETID_WIDTH);
	if (text->style.color)
		line_color(line, state_color(socket->state));
	line_left(line, socket_state_name(socket), widths->state);
	if (text->style.color)
		line_color(line, COLOR_END);
	line_right(line, number_text(socket->recvq, socket->recvq != QUEUE_UNKNOWN, shown), widths->recvq);
	line_right(line, number_text(socket->sendq, socket->sendq != QUEUE_UNKNOWN, shown), widths->sendq);
	if (text->style.age)
		line_right(line, span_text(span_at_least(socket->in_state_us), shown), AGE_WIDTH);
	if (text->style.netns)
		line_left(line, spell_socket_netns(text, socket, shown), widths->netns);
	socket_local_text(socket, text->namer, shown);
	line_left(line, shown, widths->local);
	socket_peer_text(socket, text->namer, shown);
	line_left(line, shown, text->style.owners ? widths->peer : 0);
}

static void put_tcp_internals(const struct list_text *text, const struct socket *socket)
{
	if (!socket->details.info)
		return;
	output_text(text->output, text->style.one_line ? " " : "\n\t");
	tcp_info_text(socket, text->output);
}

static void put_list_row(const struct list_text *text, const struct socket *socket)
{
	struct line line;

	put_list_columns(text, socket, &line);
	if (!text->style.owners)
		line.used--; /* the space between columns */
	output_bytes(text->output, line.bytes, line.used);
	if (text->style.owners)
		socket_owners_put(socket, text->output);
	if (text->style.timers)
		socket_timer_put(socket, text->output);
	if (text->style.details)
		socket_details_put(socket, text->namer, text->output);
	if (text->style.internals)
		put_tcp_internals(text, socket);
	output_char(text->output, '\n');
}

void list_text_put(struct list_text *text, const struct socket *rows, size_t count, uint64_t now_ns)
{
	text->now_ns = now_ns;
	for (size_t i = 0; i < count; i++)
		measure_listed_socket(text, &rows[i]);
	if (!text->headed && text->style.heading)
		put_list_heading(text);
	text->headed = true;
	for (size_t i = 0; i < count; i++)
		put_list_row(text, &rows[i]);
}
