// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "explain.h"

#include "identity_json.h"
#include "json_parts.h"
#include "socket_json.h"

enum { TOP = 10 };

static void begin_explanation(struct json_writer *json, const struct explain_style *style, const char *kind)
{
	json_line_begin(json, style->output);
	json_word(json, "type", "explanation");
	json_word(json, "kind", kind);
}

/* ---- all states ---- */

void explain_states_json(const struct explain_style *style, const struct states_page *page)
{
	struct json_writer json;

	begin_explanation(&json, style, "overview");
	json_netns(&json, style->netns, style->home, 0, style->now_ns);
	json_array_begin(&json, "states");
	for (unsigned int state = 1; state < STATE_COUNT; state++) {
		if (!page->counts[state])
			continue;
		json_object_begin(&json, NULL);
		json_word(&json, "name", tcp_state_name(state));
		json_u64(&json, "count", page->counts[state]);
		json_text_or_null(&json, "meaning", state_guide(state)->brief);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_line_end(&json);
}

/* ---- a state ---- */

static void put_steps_json(struct json_writer *json, const char *key, const struct guide_step *steps)
{
	json_array_begin(json, key);
	for (size_t i = 0; i < GUIDE_STEPS && steps[i].how; i++) {
		const char *other = steps[i].state == STATE_UNKNOWN ? NULL : tcp_state_name(steps[i].state);

		json_object_begin(json, NULL);
		json_word_or_null(json, "state", other);
		json_text_or_null(json, "how", steps[i].how);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_settings_json(struct json_writer *json, const struct state_guide *guide, char *const *values)
{
	json_array_begin(json, "settings");
	for (size_t i = 0; i < GUIDE_SETTINGS && guide->settings[i]; i++) {
		const struct setting_guide *setting = setting_guide(guide->settings[i]);

		json_object_begin(json, NULL);
		json_word(json, "name", setting->name);
		json_text_or_null(json, "value", values[i]);
		json_text_or_null(json, "meaning", setting->role);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_tally_address(struct json_writer *json, const struct tally_key *key)
{
	char address[ADDRESS_TEXT_MAX];
	size_t length = address_text(&key->address, key->family, address);

	json_u64(json, "family", key->family);
	json_word_of(json, "raddr", address, length);
}

static void put_tally_port(struct json_writer *json, const struct tally_key *key)
{
	json_u64(json, "lport", key->number);
}

static void put_tally_destination(struct json_writer *json, const struct tally_key *key)
{
	put_tally_address(json, key);
	json_u64(json, "rport", key->number);
}

static void put_tally(struct json_writer *json, const char *key, const struct tally *tally,
		      void (*put)(struct json_writer *json, const struct tally_key *key))
{
	struct tally_count top[TOP];
	size_t count = tally_top(tally, top, TOP);

	json_array_begin(json, key);
	for (size_t i = 0; i < count; i++) {
		json_object_begin(json, NULL);
		put(json, &top[i].key);
		json_u64(json, "count", top[i].count);
		json_object_end(json);
	}
	json_array_end(json);
}

/* Puts the processes that hold most, and who they are. */
static void put_holder_tally(struct json_writer *json, const struct explain_style *style, const struct tally *tally)
{
	struct tally_count top[TOP];
	size_t count = tally_top(tally, top, TOP);

	json_array_begin(json, "holders");
	for (size_t i = 0; i < count; i++) {
		const struct owner owner = tally_owner(&top[i].key);

		json_object_begin(json, NULL);
		json_u64(json, "pid", owner.pid);
		json_text(json, "comm", owner.comm, COMM_LEN);
		json_u64(json, "count", top[i].count);
		identity_json_put(json, explain_identity_of(style, &owner));
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_owners_json(struct json_writer *json, const struct explain_style *style, const struct socket *socket)
{
	json_array_begin(json, "owners");
	for (size_t i = 0; i < socket->owner_count; i++)
		socket_json_holder(json, &socket->owners[i], explain_identity_of(style, &socket->owners[i]));
	json_array_end(json);
	json_bool(json, "owners_complete", !socket->owners_hidden);
}

static void put_waiting_json(struct json_writer *json, const struct explain_style *style,
			     const struct state_survey *survey)
{
	json_array_begin(json, "waiting");
	for (size_t i = 0; i < survey->waiting.count; i++) {
		const struct socket *row = &survey->waiting.rows[i];

		json_object_begin(json, NULL);
		socket_json_inet(json, row, style->namer);
		json_queues(json, row->recvq, row->sendq);
		json_bool(json, "full", listener_is_full(row));
		put_owners_json(json, style, row);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_current_counts_json(struct json_writer *json, const struct explain_style *style,
				    const struct state_survey *survey)
{
	json_object_begin(json, "now");
	json_u64(json, "count", state_survey_count(survey));
	json_u64(json, "ipv4", survey->ipv4);
	json_u64(json, "ipv6", survey->ipv6);
	json_u64(json, "minisockets", survey->minis);
	json_known(json, "last_ends_ms", survey->last_ms, survey->minis && survey->state != STATE_SYN_RECV);
	json_u64(json, "without_process", survey->orphans);
	json_u64(json, "holder_unknown", survey->unknown);
	json_u64(json, "unread", survey->unread);
	json_u64(json, "unsent", survey->unsent);
	json_u64(json, "retrying", survey->retrying);
	put_holder_tally(json, style, &survey->holders);
	put_tally(json, "local_ports", &survey->ports, put_tally_port);
	put_tally(json, "clients", &survey->clients, put_tally_address);
	put_tally(json, "destinations", &survey->destinations, put_tally_destination);
	put_tally(json, "either_way", &survey->either_way, put_tally_destination);
	if (survey->state == STATE_LISTEN) {
		json_u64(json, "full", survey->full);
		put_waiting_json(json, style, survey);
	}
	json_object_end(json);
}

void explain_state_json(const struct explain_style *style, const struct state_page *page)
{
	const struct state_guide *guide = state_guide(page->survey->state);
	struct json_writer json;

	begin_explanation(&json, style, "state");
	json_word(&json, "name", tcp_state_name(page->survey->state));
	json_text_or_null(&json, "brief", guide->brief);
	json_text_or_null(&json, "meaning", guide->meaning);
	put_steps_json(&json, "enters", guide->enters);
	put_steps_json(&json, "leaves", guide->leaves);
	json_text_or_null(&json, "many", guide->many);
	json_array_begin(&json, "remedy");
	for (size_t i = 0; i < GUIDE_REMEDIES && guide->remedies[i]; i++)
		json_text_or_null(&json, NULL, guide->remedies[i]);
	json_array_end(&json);
	put_settings_json(&json, guide, page->values);
	json_netns(&json, style->netns, style->home, 0, style->now_ns);
	json_bool(&json, "owners_complete", page->gap == HOLDERS_WHOLE);
	if (page->hidden)
		json_null(&json, "now");
	else
		put_current_counts_json(&json, style, page->survey);
	json_line_end(&json);
}

/* ---- a port ---- */

static void put_port_nature_json(struct json_writer *json, const struct port_page *page)
{
	const struct port_facts *facts = page->facts;
	uint16_t port = page->survey->port;

	json_u64(json, "port", port);
	json_object_begin(json, "service");
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++)
		if (port_page_covers(page, protocol))
			json_text_or_null(json, protocol_name(protocol), page->names[protocol]);
	json_object_end(json);
	json_bool(json, "privileged", port_is_privileged(facts, port));
	json_bool(json, "may_bind_privileged", facts->may_bind_privileged);
	json_u64(json, "unprivileged_start", facts->unprivileged_start);
	json_bool(json, "ephemeral", port_is_ephemeral(facts, port));
	json_u64(json, "ephemeral_low", facts->ephemeral_low);
	json_u64(json, "ephemeral_high", facts->ephemeral_high);
	json_bool(json, "reserved", facts->reserved);
}

static void put_server_json(struct json_writer *json, const struct explain_style *style, const struct socket *socket)
{
	bool listens = socket->state == STATE_LISTEN;

	json_object_begin(json, NULL);
	json_word(json, "proto", protocol_name(socket->protocol));
	json_word(json, "state", socket_state_name(socket));
	socket_json_inet(json, socket, style->namer);
	json_queues(json, socket->recvq, socket->sendq);
	json_bool(json, "full", listens && listener_is_full(socket));
	json_known(json, "uid", socket->uid, socket->uid != UID_UNKNOWN);
	json_text_or_null(json, "user", socket->uid == UID_UNKNOWN ? NULL : style->user(style->users, socket->uid));
	put_owners_json(json, style, socket);
	json_object_end(json);
}

static void put_state_counts_json(struct json_writer *json, const char *key, const uint64_t counts[STATE_COUNT])
{
	json_object_begin(json, key);
	for (unsigned int state = 1; state < STATE_COUNT; state++)
		if (counts[state])
			json_u64(json, tcp_state_name(state), counts[state]);
	json_object_end(json);
}

static void put_connections_json(struct json_writer *json, const struct explain_style *style,
				 const struct port_survey *survey)
{
	json_object_begin(json, "connections");
	put_state_counts_json(json, "local", survey->local);
	put_state_counts_json(json, "remote", survey->remote);
	json_u64(json, "udp_remote", survey->udp_remote);
	put_holder_tally(json, style, &survey->holders);
	json_object_end(json);
}

/* Puts the errno of a bind(), 0 where it succeeded; null where it was not tried. */
static void put_bind_error(struct json_writer *json, const char *key, int err)
{
	json_known(json, key, (uint64_t)err, err != BIND_UNTRIED);
}

static void put_bind_answers(struct json_writer *json, const struct port_page *page, enum protocol protocol)
{
	static const char *const ways[PORT_WAYS] = {[PORT_IPV4] = "ipv4", [PORT_IPV6] = "ipv6", [PORT_DUAL] = "dual"};

	json_object_begin(json, protocol_name(protocol));
	for (unsigned int way = 0; way < PORT_WAYS; way++) {
		const struct bind_trial *trial = &page->facts->trials[protocol][way];

		json_object_begin(json, ways[way]);
		json_word_or_null(json, "answer", bind_answer_name(page->verdict->answers[protocol][way]));
		put_bind_error(json, "errno", trial->plain);
		json_text_or_null(json, "error", trial->plain > 0 ? strerror(trial->plain) : NULL);
		put_bind_error(json, "errno_reuseaddr", trial->reuse);
		json_object_end(json);
	}
	json_object_end(json);
}

static void put_reason_json(struct json_writer *json, const struct port_reason *reason)
{
	json_object_begin(json, NULL);
	json_word(json, "why", port_why_name(reason->why));
	json_word(json, "proto", protocol_name(reason->protocol));
	json_bool(json, "ipv4", reason->families >> PORT_IPV4 & 1);
	json_bool(json, "ipv6", reason->families >> PORT_IPV6 & 1);
	json_known(json, "sockets", reason->count, reason->count != 0);
	json_bool(json, "one_address", reason->one_address);
	json_bool(json, "one_device", reason->one_device);
	json_known(json, "last_ends_ms", reason->last_ms, reason->why == WHY_TIME_WAIT);
	json_object_end(json);
}

static void put_bindable_json(struct json_writer *json, const struct port_page *page)
{
	json_object_begin(json, "bindable");
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++)
		if (port_page_covers(page, protocol))
			put_bind_answers(json, page, protocol);
	json_array_begin(json, "reasons");
	for (size_t i = 0; i < page->verdict->reason_count; i++)
		put_reason_json(json, &page->verdict->reasons[i]);
	json_array_end(json);
	json_object_end(json);
}

void explain_port_json(const struct explain_style *style, const struct port_page *page)
{
	const struct socket_batch *servers = &page->survey->servers;
	struct json_writer json;

	begin_explanation(&json, style, "port");
	json_decimal_word(&json, "name", page->survey->port);
	put_port_nature_json(&json, page);
	json_netns(&json, style->netns, style->home, 0, style->now_ns);
	json_bool(&json, "owners_complete", page->gap == HOLDERS_WHOLE);
	json_array_begin(&json, "listeners");
	for (size_t i = 0; i < servers->count; i++)
		put_server_json(&json, style, &servers->rows[i]);
	json_array_end(&json);
	put_connections_json(&json, style, page->survey);
	put_bindable_json(&json, page);
	json_line_end(&json);
}
