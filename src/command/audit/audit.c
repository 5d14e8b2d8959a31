// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcpledger audit: prints the listeners, who can reach each of them, and which of them are not expected. That is judged
 * by a policy, by a baseline that was saved before, or by a table of ports that should not be public.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit_json.h"
#include "audit_options.h"
#include "audit_text.h"
#include "baseline_file.h"
#include "clock.h"
#include "command.h"
#include "ending.h"
#include "filter_socket.h"
#include "grow.h"
#include "identities.h"
#include "log.h"
#include "namespaces.h"
#include "port_facts.h"
#include "process.h"
#include "socket_names.h"
#include "users.h"
#include "wanted_processes.h"

struct audit {
	const struct audit_options *options;
	struct audit_rules rules;
	struct netns_list namespaces;
	struct wall_clock clock;
	uint64_t now_ns;
	struct socket_names socket_names;
	struct users *users;
	struct holders *holders;
	struct identities *identities;
	enum holder_gap gap;       /* where holders may be missing */
	struct baseline *baseline; /* NULL: none is asked for, or none is saved yet */
	struct audit_row *rows;
	size_t count, room;
	size_t lacking; /* listeners left out: the filter asks for the interface, which /proc does not tell */
	struct audit_counts counts;
	struct output *output;
};

/* ---- the listeners ---- */

static struct audit_row *append_audit_row(struct audit *audit)
{
	if (!GROW(audit->rows, audit->count, audit->room, 64))
		return NULL;
	audit->rows[audit->count] = (struct audit_row){0};
	return &audit->rows[audit->count++];
}

static void copy_interface_name(struct audit *audit, const struct socket *socket, char *out)
{
	const struct socket_namer *namer = &audit->socket_names.namer;
	uint32_t index = tuple_known_interface(&socket->tuple);
	const char *name = NULL;

	if (index)
		name = namer->interface(namer->context, socket->tuple.netns, index);
	if (name)
		snprintf(out, INTERFACE_NAME_SIZE, "%s", name);
	else if (index)
		snprintf(out, INTERFACE_NAME_SIZE, "%u", index);
}

static void copy_user_name(struct audit *audit, uint32_t uid, char *out)
{
	const char *name = uid == UID_UNKNOWN ? NULL : users_name(audit->users, uid);

	if (name)
		snprintf(out, USER_NAME_SIZE, "%s", name);
	else if (uid != UID_UNKNOWN)
		snprintf(out, USER_NAME_SIZE, "%u", uid);
}

static void describe_holder(const struct owner *owner, struct listener *listener)
{
	struct container container;

	memcpy(listener->process, owner->comm, sizeof(listener->process));
	if (process_container(owner->pid, &container))
		container_name(&container, listener->container);
}

static const struct netns_label *find_netns_label(struct audit *audit, uint32_t inode, uint32_t pid)
{
	return netns_names_find(audit->socket_names.netns.names, inode, pid, audit->now_ns);
}

static void describe_listener(struct audit *audit, const struct socket *socket, struct listener *out)
{
	const struct netns_label *label = find_netns_label(audit, socket->tuple.netns, socket_first_pid(socket));

	*out = (struct listener){
		.protocol = socket->protocol,
		.address = socket->tuple.laddr,
		.family = socket->tuple.family,
		.port = socket->tuple.lport,
		.reach = reach_of(socket),
		.interface_unknown = socket->tuple.interface == INTERFACE_UNKNOWN,
	};
	copy_interface_name(audit, socket, out->interface);
	copy_user_name(audit, socket->uid, out->user);
	if (socket->owner_count)
		describe_holder(socket->owners, out);
	if (label->name)
		snprintf(out->netns, sizeof(out->netns), "%s", label->name);
}

static int add_found_listener(void *context, const struct socket *found)
{
	struct audit *audit = context;
	const struct policy *policy = audit->options->policy;
	struct socket socket = *found;
	struct audit_row *row;
	enum filter_answer answer;
	bool owners_whole;

	if (!socket_is_listener(&socket))
		return 0;
	socket.owners = holders_of(audit->holders, socket.inode, &socket.owner_count);
	socket.owners_hidden = socket.inode && audit->gap != HOLDERS_WHOLE;
	answer = socket_passes(&socket, audit->options->sockets.filter.filter);
	audit->counts.left_out += answer == FILTER_MAYBE;
	audit->lacking +=
		answer == FILTER_MAYBE && socket_lacks_interface(&socket, audit->options->sockets.filter.filter);
	if (answer != FILTER_YES)
		return 0;
	row = append_audit_row(audit);
	if (!row)
		return -ENOMEM;
	owners_whole = socket.owner_count || !socket.owners_hidden;
	audit->counts.unknown += !owners_whole;
	socket.details = (struct socket_details){0}; /* borrowed from the source, and not valid later */
	row->socket = socket;
	row->exposed = exposed_port_of(&socket);
	row->allowed = policy ? policy_expects(policy, &socket, owners_whole) : TRISTATE_UNKNOWN;
	describe_listener(audit, &socket, &row->listener);
	return 0;
}

static struct socket_query make_audit_query(const struct audit_options *options)
{
	return socket_options_query(&options->sockets, 1u << PROTOCOL_TCP | 1u << PROTOCOL_UDP, STATES_LISTENING);
}

static int find_listeners(struct audit *audit)
{
	const struct socket_options *options = &audit->options->sockets;
	const struct socket_query query = make_audit_query(audit->options);
	int err = holders_find(options->holder_source, &audit->holders);

	if (err)
		return err;
	audit->gap = holders_gap(audit->holders);
	holders_identify(audit->holders, audit->identities, 1);
	return namespaces_each_socket(&audit->namespaces, options, &query, add_found_listener, audit);
}

/* ---- the judgement ---- */

/* Finds the namespace of that name among those that are looked at. False: there is none. */
static bool find_netns_by_name(struct audit *audit, const char *name, uint32_t *inode)
{
	for (size_t i = 0; i < audit->namespaces.count; i++) {
		const struct netns *netns = &audit->namespaces.all[i];
		int witness = netns->witness_count ? netns->witnesses[0] : 0;
		const struct netns_label *label = find_netns_label(audit, netns->inode, (uint32_t)witness);

		if (strcmp(label->name ? label->name : "", name) != 0)
			continue;
		*inode = netns->inode;
		return true;
	}
	return false;
}

/* Returns true for a listener of the baseline that would have been listed now, had it been there: it has gone. A
 * listener that was not looked at may still be there. */
static bool would_be_listed(struct audit *audit, const struct listener *listener)
{
	const struct socket_options *options = &audit->options->sockets;
	const struct socket_query query = make_audit_query(audit->options);
	struct owner owner;
	struct socket socket;
	uint32_t netns = 0;

	if (!(query.protocols & 1u << listener->protocol))
		return false;
	if (!(listener->family == 4 ? query.ipv4 : query.ipv6))
		return false;
	if (!find_netns_by_name(audit, listener->netns, &netns) && (!options->all_netns || audit->gap != HOLDERS_WHOLE))
		return false;
	if (filter_topics(options->filter.filter) & TOPIC_USER)
		return false; /* the baseline has the name of the user, not the number */
	socket = listener_socket(listener, netns, &owner);
	socket.owner_count = 0; /* the process that held the listener then says nothing of who would hold it now */
	socket.owners_hidden = true;
	return socket_passes(&socket, options->filter.filter) == FILTER_YES;
}

static int add_gone_listeners(struct audit *audit)
{
	const struct listener *listener;
	size_t at = 0;

	while ((listener = baseline_next_gone(audit->baseline, &at))) {
		struct audit_row *row;
		struct owner owner;

		if (!would_be_listed(audit, listener))
			continue;
		row = append_audit_row(audit);
		if (!row)
			return -ENOMEM;
		row->listener = *listener;
		row->socket = listener_socket(listener, 0, &owner);
		row->exposed = exposed_port_of(&row->socket);
		row->socket.owners = NULL; /* the number of the process is not known */
		row->socket.owner_count = 0;
		row->socket.owners_hidden = true;
		row->since = SINCE_GONE;
	}
	return 0;
}

static int judge_rows(struct audit *audit)
{
	struct port_range ephemeral;
	int err = 0;

	port_facts_range(&ephemeral.first, &ephemeral.last);
	if (audit->baseline) {
		baseline_compare(audit->baseline, &ephemeral, audit->rows, audit->count);
		err = add_gone_listeners(audit);
	}
	for (size_t i = 0; i < audit->count; i++) {
		audit_judge(&audit->rows[i], &audit->rules);
		audit_count(&audit->counts, &audit->rows[i]);
	}
	audit_sort(audit->rows, audit->count);
	return err;
}

/* ---- the report ---- */

static void put_audit_json(struct audit *audit)
{
	const struct audit_json json = {
		.output = audit->output,
		.clock = &audit->clock,
		.namer = &audit->socket_names.namer,
		.netns = &audit->socket_names.netns,
		.now_ns = audit->now_ns,
	};

	audit_json_put(&json, audit->rows, audit->count);
	audit_json_sum(&json, &audit->counts, &audit->rules);
}

static void put_audit_text(struct audit *audit)
{
	const struct audit_style style = {
		.color = output_wants_color(&audit->options->sockets.output),
		.heading = !audit->options->sockets.no_heading,
		.netns = audit->namespaces.count > 1 && !audit->options->sockets.one_netns,
	};

	audit_text_put(audit->rows, audit->count, &style, &audit->socket_names.namer, audit->output);
}

static void warn_of_unknown_owners(const struct audit *audit)
{
	static const char *const holders[] = {
		[HOLDERS_WHOLE] = "nobody that can be found",
		[HOLDERS_DENIED] = "processes that may not be looked into",
		[HOLDERS_HIDDEN] = "processes that cannot be seen",
		[HOLDERS_ELSEWHERE] = "no process of this PID namespace",
		[HOLDERS_UNTOLD] = "somebody who could not be seen",
	};
	unsigned long long count = audit->counts.unknown;

	if (count)
		log_warning("%llu %s held by %s, shown as -: %s", count, count == 1 ? "listener is" : "listeners are",
			    holders[audit->gap], holders_remedy(audit->gap));
}

static void warn_of_unknown_interfaces(const struct audit *audit)
{
	bool unknown = false;

	for (size_t i = 0; i < audit->count; i++)
		unknown |= audit->rows[i].since != SINCE_GONE && audit->rows[i].listener.interface_unknown;
	if (unknown)
		log_warning(
			"/proc does not tell which interface a socket is bound to: fewer may reach it than is said");
}

static void log_sum_and_warnings(const struct audit *audit)
{
	char sum[AUDIT_SUM_SIZE];

	if (!audit->options->sockets.output.json)
		log_write(LOG_ERROR, "%s", audit_sum_text(&audit->counts, &audit->rules, sum));
	warn_of_unknown_owners(audit);
	warn_of_unknown_interfaces(audit);
	if (audit->counts.left_out > audit->lacking)
		log_warning("%llu %s could not be seen, and the filter asks for that",
			    (unsigned long long)audit->counts.left_out - audit->lacking,
			    audit->counts.left_out - audit->lacking == 1 ? "listener is left out: who holds it"
									 : "listeners are left out: who holds them");
	if (audit->lacking)
		log_warning("%zu %s left out: the filter asks for the interface, which /proc does not tell",
			    audit->lacking, audit->lacking == 1 ? "listener is" : "listeners are");
}

static int print_report(struct audit *audit)
{
	int err;

	wall_clock_refresh(&audit->clock, audit->now_ns);
	if (audit->options->sockets.output.json)
		put_audit_json(audit);
	else
		put_audit_text(audit);
	err = output_flush(audit->output);
	if (err != -EPIPE) /* the sum goes to stderr, which may be written to where the output may not */
		log_sum_and_warnings(audit);
	return err;
}

/* ---- opening, the baseline, the whole audit ---- */

static int open_audit(struct audit *audit, const struct audit_options *options)
{
	const struct socket_names_wanted wanted = {.services = !options->sockets.numeric,
						   .namespaces = &audit->namespaces};
	int err;

	audit->options = options;
	audit->now_ns = clock_monotonic_ns();
	audit->output = output_new(STDOUT_FILENO, -1);
	audit->users = users_new();
	audit->identities = identities_new(!options->sockets.output.no_cmdline);
	if (!audit->output || !audit->users || !audit->identities)
		return -ENOMEM;
	err = namespaces_find(&options->sockets, &audit->namespaces);
	return err ? err : socket_names_open(&audit->socket_names, &wanted);
}

static void close_audit(struct audit *audit)
{
	baseline_free(audit->baseline);
	free(audit->rows);
	holders_free(audit->holders);
	identities_free(audit->identities);
	socket_names_close(&audit->socket_names);
	users_free(audit->users);
	netns_list_free(&audit->namespaces);
	output_free(audit->output);
}

/* Reads the baseline. A file that is not there yet is saved at the end. */
static int find_baseline(struct audit *audit)
{
	const struct audit_options *options = audit->options;
	int err = options->baseline ? baseline_load(options->baseline, options->save, &audit->baseline) : 0;

	audit->rules = (struct audit_rules){
		.policy = options->policy, .baseline = options->baseline, .compared = audit->baseline};
	return err == -ENOENT ? 0 : err;
}

static int keep_baseline_line(void *context, const struct listener *listener)
{
	return baseline_lines_add(context, listener);
}

static int keep_found_listeners(const struct audit *audit, struct baseline_lines *lines)
{
	int err = 0;

	for (size_t i = 0; i < audit->count && !err; i++)
		if (audit->rows[i].since != SINCE_GONE)
			err = baseline_renew(audit->baseline, &audit->rows[i], keep_baseline_line, lines);
	baseline_lines_settle(lines);
	return err;
}

static int keep_unseen_listeners(struct audit *audit, struct baseline_lines *lines)
{
	const struct listener *listener;
	size_t at = 0;
	int err = 0;

	while (audit->baseline && !err && (listener = baseline_next_gone(audit->baseline, &at)))
		if (!would_be_listed(audit, listener))
			err = baseline_lines_add(lines, listener);
	baseline_lines_settle(lines);
	return err;
}

static int save_baseline(struct audit *audit)
{
	const struct audit_options *options = audit->options;
	struct baseline_lines lines = {0};
	size_t found;
	int err;

	if (!options->baseline || (audit->baseline && !options->save))
		return 0;
	err = keep_found_listeners(audit, &lines);
	found = lines.count;
	if (!err)
		err = keep_unseen_listeners(audit, &lines);
	if (!err)
		err = baseline_save(options->baseline, &lines, lines.count - found);
	baseline_lines_free(&lines);
	return err;
}

/* Reports the listeners that could be read, also where not all could be read. Then they are not saved as a baseline. */
static int audit_listeners(struct audit *audit)
{
	int err = find_baseline(audit), failed;

	if (err)
		return err;
	wanted_processes_warn(audit->options->sockets.filter.filter, false);
	failed = find_listeners(audit);
	if (failed && failed != ERR_REPORTED)
		return failed;
	err = judge_rows(audit);
	if (err)
		return err;
	err = print_report(audit);
	if (failed || (err && err != -EPIPE)) /* the baseline is saved also when the reader has gone */
		return failed ? failed : err;
	failed = save_baseline(audit);
	return failed ? failed : err;
}

static int print_exposed_ports(const struct audit_options *options, struct output *output)
{
	if (options->sockets.output.json)
		exposed_ports_json(output);
	else
		exposed_ports_text(!options->sockets.no_heading, output);
	return output_flush(output);
}

/* Chooses the exit status. -EBADMSG: the baseline cannot be used, which was reported already (baseline_file.h). */
static int choose_audit_status(const struct audit *audit, int err)
{
	int status = err == -EBADMSG ? STATUS_WRONG_USE : ending_status("audit", err);

	return status == STATUS_DONE && (audit->counts.findings || audit->counts.left_out) ? STATUS_FINDINGS : status;
}

static int run_audit(void *given)
{
	const struct audit_options *options = given;
	struct audit audit = {0};
	int err = open_audit(&audit, options), status;

	if (!err)
		err = options->ports ? print_exposed_ports(options, audit.output) : audit_listeners(&audit);
	status = choose_audit_status(&audit, err);
	close_audit(&audit);
	policy_free(options->policy);
	filter_free(options->sockets.filter.filter);
	return status;
}

const struct command audit_command = {
	.name = "audit",
	.summary = "say what listens, who can reach it, and which of that nobody expects",
	.argp = &audit_argp,
	.options_size = sizeof(struct audit_options),
	.run = run_audit,
};
