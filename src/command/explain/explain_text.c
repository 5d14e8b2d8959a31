// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Explains states, as text.
 */
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "explain_words.h"
#include "socket_text.h"
#include "state_color.h"

enum { STATE_WIDTH = 11 };

/* ---- all states ---- */

void explain_states_text(const struct explain_style *style, const struct states_page *states)
{
	char netns[EXPLAIN_WORDS];
	struct page page;
	uint64_t total = 0;

	page_open(&page, style->output, style->width, style->color);
	page_title(&page, "The states of the TCP sockets there are now in network namespace %s",
		   explain_netns(style, netns));
	for (unsigned int state = 1; state < STATE_COUNT; state++) {
		char name[64];

		total += states->counts[state];
		if (!states->counts[state])
			continue;
		snprintf(name, sizeof(name), "%7llu  %-*s", (unsigned long long)states->counts[state], STATE_WIDTH,
			 tcp_state_name(state));
		page_entry(&page, name, strlen(name), state_color((uint8_t)state), "%s", state_guide(state)->brief);
	}
	if (!total)
		page_paragraph(&page, "There are no TCP sockets.");
	output_char(style->output, '\n');
	page_title(
		&page,
		"`tcpledger explain CLOSE_WAIT` tells of a state how sockets get into it, what many of them mean, and what to do; `tcpledger explain 80` tells who has a port, or why it cannot be bound.");
}

/* ---- the guide to a state ---- */

static void put_steps_text(struct page *page, const struct guide_step *steps, const char *word, const char *other)
{
	for (size_t i = 0; i < GUIDE_STEPS && steps[i].how; i++) {
		if (steps[i].state == STATE_UNKNOWN)
			page_item(page, "%s: %s", other, steps[i].how);
		else
			page_item(page, "%s %s: %s", word, tcp_state_name(steps[i].state), steps[i].how);
	}
}

static void put_settings_text(struct page *page, const struct state_guide *guide, char *const *values)
{
	if (guide->settings[0])
		page_heading(page, "Settings of this host");
	for (size_t i = 0; i < GUIDE_SETTINGS && guide->settings[i]; i++) {
		const struct setting_guide *setting = setting_guide(guide->settings[i]);

		if (values[i])
			page_item(page, "%s = %s: %s", setting->name, ESCAPED(values[i]), setting->role);
		else
			page_item(page, "%s (not shown here): %s", setting->name, setting->role);
	}
}

static void put_state_guide(struct page *page, uint8_t state, char *const *values)
{
	const struct state_guide *guide = state_guide(state);

	page_title(page, "%s: %s", tcp_state_name(state), guide->brief);
	page_heading(page, "What it means");
	page_paragraph(page, "%s", guide->meaning);
	page_heading(page, "How a socket gets in");
	put_steps_text(page, guide->enters, "from", "anew");
	page_heading(page, "How it gets out");
	put_steps_text(page, guide->leaves, "to", "for good");
	page_heading(page, "What many of them mean");
	page_paragraph(page, "%s", guide->many);
	page_heading(page, "What to do");
	for (size_t i = 0; i < GUIDE_REMEDIES && guide->remedies[i]; i++)
		page_item(page, "%s", guide->remedies[i]);
	put_settings_text(page, guide, values);
}

/* ---- the sockets in it now ---- */

static void put_count_unless_zero(struct page *page, uint64_t count, const char *what)
{
	if (count)
		page_count(page, count, "%s", what);
}

static const char *describe_orphans(uint8_t state)
{
	return state == STATE_ESTABLISHED || state == STATE_CLOSE_WAIT
		       ? "of them no process holds yet: they wait for accept()"
		       : "of them no process holds any more: they are closed, and the kernel finishes them";
}

static const char *describe_minisockets(const struct state_survey *survey, char *out)
{
	if (survey->state == STATE_SYN_RECV)
		snprintf(out, EXPLAIN_WORDS, "of them are requests that belong to a listener");
	else
		snprintf(out, EXPLAIN_WORDS, "of them are minisockets without a process; the last ends within %u s",
			 explain_seconds(survey->last_ms));
	return out;
}

static void put_queue_counts(struct page *page, const struct state_survey *survey)
{
	if (survey->state == STATE_CLOSE_WAIT) {
		put_count_unless_zero(
			page, survey->unread,
			"of them have something unread (Recv-Q): the process does not read up to the end");
		put_count_unless_zero(page, state_survey_count(survey) - survey->unread,
				      "of them are read to the end, and only lack close()");
	} else if (survey->state == STATE_ESTABLISHED) {
		put_count_unless_zero(page, survey->unread,
				      "of them have something that the process here has not read (Recv-Q)");
	}
	if (survey->state == STATE_ESTABLISHED || survey->state == STATE_CLOSE_WAIT)
		put_count_unless_zero(page, survey->unsent,
				      "of them have something that the peer has not acknowledged (Send-Q)");
	put_count_unless_zero(page, survey->retrying, "of them have sent again for want of an answer");
}

static void put_unknown_holders(struct page *page, const struct state_survey *survey, enum holder_gap gap)
{
	static const char *const holders[] = {
		[HOLDERS_WHOLE] = EXPLAIN_NOBODY,
		[HOLDERS_DENIED] = "processes that may not be looked into: ",
		[HOLDERS_HIDDEN] = "processes that cannot be seen: ",
		[HOLDERS_ELSEWHERE] = "no process of this PID namespace: ",
		[HOLDERS_UNTOLD] = "somebody who could not be seen: ",
	};

	if (survey->unknown)
		page_count(page, survey->unknown, "of them are held by %s%s", holders[gap],
			   gap == HOLDERS_WHOLE ? "" : holders_remedy(gap));
}

static const char *find_port_service(const struct explain_style *style, uint32_t port)
{
	const struct socket_namer *namer = style->namer;
	const char *name = namer->service ? namer->service(namer->context, PROTOCOL_TCP, (uint16_t)port) : NULL;

	return name ? name : "";
}

static void put_port_counts(struct page *page, const struct explain_style *style, const struct tally *tally)
{
	struct tally_count top[EXPLAIN_TOP];
	size_t count = tally_top(tally, top, EXPLAIN_TOP);

	for (size_t i = 0; i < count; i++) {
		const char *name = find_port_service(style, top[i].key.number);

		page_count(page, top[i].count, "%u%s%s%s", top[i].key.number, *name ? " (" : "", SERVICE(name),
			   *name ? ")" : "");
	}
	explain_more(page, tally->index.count - count);
}

/* Puts the addresses with the highest counts, each with its port where it has one. */
static void put_address_counts(struct page *page, const struct explain_style *style, const struct tally *tally)
{
	struct tally_count top[EXPLAIN_TOP];
	size_t count = tally_top(tally, top, EXPLAIN_TOP);

	for (size_t i = 0; i < count; i++) {
		const struct tally_key *key = &top[i].key;
		bool bracket = key->family == 6 && key->number;
		char address[ADDRESS_TEXT_MAX];
		const char *name = key->number ? find_port_service(style, key->number) : "";

		address_text(&key->address, key->family, address);
		if (key->number)
			page_count(page, top[i].count, "%s%s%s:%u%s%s%s", bracket ? "[" : "", address,
				   bracket ? "]" : "", key->number, *name ? " (" : "", SERVICE(name), *name ? ")" : "");
		else
			page_count(page, top[i].count, "%s", address);
	}
	explain_more(page, tally->index.count - count);
}

static void put_socket_groups(struct page *page, const struct explain_style *style, const struct state_survey *survey)
{
	if (survey->holders.total) {
		page_paragraph(page, "Held by:");
		explain_processes(page, style, &survey->holders);
	}
	if (survey->ports.total) {
		page_paragraph(page, "Came in on local port:");
		put_port_counts(page, style, &survey->ports);
		page_paragraph(page, "Came in from:");
		put_address_counts(page, style, &survey->clients);
	}
	if (survey->destinations.total) {
		page_paragraph(page, "Went out to (there are %u local ports to each):", survey->ephemeral_count);
		put_address_counts(page, style, &survey->destinations);
	}
	if (survey->either_way.total) {
		page_paragraph(
			page,
			"Came in or went out, by a local port that has no listener and that the kernel does not choose (the listener is gone, or a client has bound the port):");
		put_address_counts(page, style, &survey->either_way);
	}
}

static void put_waiting_text(struct page *page, const struct explain_style *style, const struct state_page *state)
{
	const struct socket_batch *waiting = &state->survey->waiting;
	char number[EXPLAIN_WORDS];

	if (!waiting->count) {
		page_paragraph(page, "No accept queue is full: nothing waits for accept() in any of them.");
		return;
	}
	page_paragraph(page, "Connections wait for accept() in the queues of %s; %llu %s full:",
		       explain_number(waiting->count, "listener", "listeners", number),
		       (unsigned long long)state->survey->full, state->survey->full == 1 ? "is" : "are");
	for (size_t i = 0; i < waiting->count && i < EXPLAIN_TOP; i++) {
		const struct socket *row = &waiting->rows[i];
		char local[SOCKET_ENDPOINT_MAX], holders[EXPLAIN_WORDS];

		socket_local_text(row, style->namer, local);
		page_count(page, row->recvq, "with a backlog of %u on %s, %s%s", row->sendq, local,
			   explain_holders(row, state->gap, holders), listener_is_full(row) ? ": FULL" : "");
	}
	explain_more(page, waiting->count > EXPLAIN_TOP ? waiting->count - EXPLAIN_TOP : 0);
}

static void put_current_counts_text(struct page *page, const struct explain_style *style,
				    const struct state_page *state)
{
	const struct state_survey *survey = state->survey;
	uint64_t count = state_survey_count(survey);
	char number[EXPLAIN_WORDS], netns[EXPLAIN_WORDS], minis[EXPLAIN_WORDS];

	page_heading(page, "Now, in network namespace %s", explain_netns(style, netns));
	if (state->hidden) {
		page_paragraph(page, "How many are in %s is not known: this kernel does not show them.",
			       tcp_state_name(survey->state));
		return;
	}
	page_paragraph(page, "%s %s in %s: IPv4 %llu, IPv6 %llu.", explain_number(count, "socket", "sockets", number),
		       count == 1 ? "is" : "are", tcp_state_name(survey->state), (unsigned long long)survey->ipv4,
		       (unsigned long long)survey->ipv6);
	if (!count)
		return;
	put_count_unless_zero(page, survey->minis, describe_minisockets(survey, minis));
	put_count_unless_zero(page, survey->orphans, describe_orphans(survey->state));
	put_queue_counts(page, survey);
	put_unknown_holders(page, survey, state->gap);
	put_socket_groups(page, style, survey);
	if (survey->state == STATE_LISTEN)
		put_waiting_text(page, style, state);
}

void explain_state_text(const struct explain_style *style, const struct state_page *state)
{
	struct page page;

	page_open(&page, style->output, style->width, style->color);
	put_state_guide(&page, state->survey->state, state->values);
	put_current_counts_text(&page, style, state);
}
