// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "list_totals.h"

#include "json_parts.h"
#include "line.h"

enum { PROTOCOL_WIDTH = 8, COUNT_WIDTH = 7 };

void list_totals_add(struct list_totals *totals, const struct socket *socket)
{
	if (socket->tuple.family == 6)
		totals->ipv6[socket->protocol][socket->state]++;
	else
		totals->ipv4[socket->protocol][socket->state]++;
}

static uint64_t sum_states(const uint64_t counts[STATE_COUNT])
{
	uint64_t total = 0;

	for (unsigned int state = 0; state < STATE_COUNT; state++)
		total += counts[state];
	return total;
}

static const char *name_tcp_state(unsigned int state)
{
	const struct socket socket = {.protocol = PROTOCOL_TCP, .state = (uint8_t)state};

	return socket_state_name(&socket);
}

static const char *name_other_state(unsigned int state)
{
	const struct socket socket = {.protocol = PROTOCOL_UDP, .state = (uint8_t)state};

	return socket_state_name(&socket);
}

/* ---- text ---- */

static void put_state_totals(struct line *line, const struct list_totals *totals, enum protocol protocol)
{
	uint64_t counts[STATE_COUNT];
	char text[STATE_COUNTS_MAX];

	for (unsigned int state = 0; state < STATE_COUNT; state++)
		counts[state] = totals->ipv4[protocol][state] + totals->ipv6[protocol][state];
	line_text(line, state_counts_text(counts, protocol == PROTOCOL_TCP ? name_tcp_state : name_other_state, text));
}

static void put_protocol_totals(const struct list_totals *totals, enum protocol protocol, struct output *output)
{
	uint64_t ipv4 = sum_states(totals->ipv4[protocol]), ipv6 = sum_states(totals->ipv6[protocol]);
	bool inet = protocol != PROTOCOL_UNIX;
	struct line line;
	char text[32];

	line_clear(&line);
	line_left(&line, protocol_name(protocol), PROTOCOL_WIDTH);
	line_right(&line, number_text(ipv4 + ipv6, true, text), COUNT_WIDTH);
	line_right(&line, number_text(ipv4, inet, text), COUNT_WIDTH);
	line_right(&line, number_text(ipv6, inet, text), COUNT_WIDTH);
	put_state_totals(&line, totals, protocol);
	line_put(&line, output);
}

static void put_totals_heading(struct output *output)
{
	struct line line;

	line_clear(&line);
	line_left(&line, "Protocol", PROTOCOL_WIDTH);
	line_right(&line, "Total", COUNT_WIDTH);
	line_right(&line, "IPv4", COUNT_WIDTH);
	line_right(&line, "IPv6", COUNT_WIDTH);
	line_text(&line, "States");
	line_put(&line, output);
}

void list_totals_text(const struct list_totals *totals, bool heading, struct output *output)
{
	if (heading)
		put_totals_heading(output);
	for (unsigned int protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
		if (sum_states(totals->ipv4[protocol]) + sum_states(totals->ipv6[protocol]))
			put_protocol_totals(totals, protocol, output);
}

/* ---- JSON ---- */

void list_totals_json(const struct list_totals *totals, const struct wall_clock *clock, uint64_t now_ns,
		      struct output *output)
{
	struct json_stamp stamp = {0};
	struct json_writer json;

	for (unsigned int i = 0; i < 2 * PROTOCOL_COUNT * STATE_COUNT; i++) {
		unsigned int protocol = i / (2 * STATE_COUNT), state = i % STATE_COUNT;
		bool ipv6 = i / STATE_COUNT % 2;
		uint64_t count = ipv6 ? totals->ipv6[protocol][state] : totals->ipv4[protocol][state];

		if (!count)
			continue;
		json_line_begin(&json, output);
		json_word(&json, "type", "total");
		json_time(&json, &stamp, clock, now_ns);
		json_word(&json, "proto", protocol_name(protocol));
		json_known(&json, "family", ipv6 ? 6 : 4, protocol != PROTOCOL_UNIX);
		json_word(&json, "state", protocol == PROTOCOL_TCP ? name_tcp_state(state) : name_other_state(state));
		json_u64(&json, "count", count);
		json_line_end(&json);
	}
}
