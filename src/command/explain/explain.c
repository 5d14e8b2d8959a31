// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcpledger explain: prints what a state means, or who has a port, with the numbers of this host now. The numbers are
 * gathered inside the network namespace that is asked about, by entering it. The text is made after the return to our
 * own namespace.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "ending.h"
#include "escape.h"
#include "explain.h"
#include "explain_options.h"
#include "identities.h"
#include "log.h"
#include "port_facts.h"
#include "socket_names.h"
#include "sysctl.h"
#include "terminal.h"
#include "users.h"

enum { WIDTH_WITHOUT_TERMINAL = 100 };

/* The data gathered for the topic. What other topics need stays empty. */
struct gathered {
	const struct explain_options *options;
	struct holders *holders; /* NULL: the topic has no use for them */
	struct netns_list namespaces;
	uint64_t counts[STATE_COUNT];
	struct state_survey state;
	char *values[GUIDE_SETTINGS];
	bool state_is_listed; /* the kernel lists sockets of that state */
	struct port_survey port;
	struct port_facts facts;
};

/* ---- gathering, inside the network namespace ---- */

static int count_state(void *context, const struct socket *socket)
{
	((struct gathered *)context)->counts[socket->state]++;
	return 0;
}

static int note_listener(void *context, const struct socket *socket)
{
	state_survey_note_listener(&((struct gathered *)context)->state, socket);
	return 0;
}

static void find_socket_owners(const struct gathered *gathered, struct socket *socket)
{
	socket->owners = holders_of(gathered->holders, socket->inode, &socket->owner_count);
	socket->owners_hidden = socket->inode && holders_gap(gathered->holders) != HOLDERS_WHOLE;
}

static int add_socket_of_state(void *context, const struct socket *found)
{
	struct gathered *gathered = context;
	struct socket socket = *found;

	find_socket_owners(gathered, &socket);
	return state_survey_add(&gathered->state, &socket);
}

static int add_socket_of_port(void *context, const struct socket *found)
{
	struct gathered *gathered = context;
	struct socket socket = *found;

	find_socket_owners(gathered, &socket);
	return port_survey_add(&gathered->port, &socket);
}

static int read_tcp_udp_sockets(struct gathered *gathered, uint32_t protocols, uint32_t states, socket_handler *handler)
{
	const struct socket_query query = {
		.protocols = protocols, .states = states, .ipv4 = true, .ipv6 = true, .bound = true};
	const struct netns here = sockets_here();

	return sockets_each(&here, SOCKETS_BY_AUTO, &query, handler, gathered, NULL);
}

/* Reads the values of the settings that the guide of the state names: those of the whole host (`of_host`) in our own
 * namespace, the others inside the namespace asked about. */
static void read_setting_values(struct gathered *gathered, bool of_host)
{
	const struct state_guide *guide = state_guide(gathered->options->state);

	for (size_t i = 0; i < GUIDE_SETTINGS && guide->settings[i]; i++)
		if (setting_is_of_host(guide->settings[i]) == of_host)
			gathered->values[i] = sysctl_read(setting_guide(guide->settings[i])->name);
}

static int gather_state(struct gathered *gathered)
{
	uint8_t state = gathered->options->state;
	struct state_survey *survey = &gathered->state;
	int err = state_survey_init(survey, state);

	if (err)
		return err;
	gathered->state_is_listed = state != STATE_CLOSE || sockets_bound_are_listed();
	read_setting_values(gathered, false);
	port_facts_range(&survey->ephemeral_low, &survey->ephemeral_high);
	survey->ephemeral_count = port_facts_choice(survey->ephemeral_low, survey->ephemeral_high);
	err = read_tcp_udp_sockets(gathered, 1u << PROTOCOL_TCP, 1u << STATE_LISTEN, note_listener);
	if (!err)
		err = read_tcp_udp_sockets(gathered, 1u << PROTOCOL_TCP, 1u << state, add_socket_of_state);
	state_survey_end(survey);
	return err;
}

static int gather_port(struct gathered *gathered)
{
	const struct explain_options *options = gathered->options;
	int err = port_survey_init(&gathered->port, options->port);

	if (err)
		return err;
	err = read_tcp_udp_sockets(gathered, options->protocols, STATES_ALL, add_socket_of_port);
	port_facts_gather(options->port, &gathered->facts);
	if (options->port)
		port_facts_try(options->port, options->protocols, port_udp_wildcards(&gathered->port),
			       &gathered->facts);
	return err;
}

static int gather_topic(struct gathered *gathered)
{
	switch (gathered->options->topic) {
	case EXPLAIN_STATE:
		return gather_state(gathered);
	case EXPLAIN_PORT:
		return gather_port(gathered);
	default:
		return read_tcp_udp_sockets(gathered, 1u << PROTOCOL_TCP, STATES_ALL, count_state);
	}
}

/* ---- entering the network namespace ---- */

/* What is gathered inside of the network namespace, and how that went. */
struct gathering {
	struct gathered *gathered;
	int err;
};

static int gather_here(void *context)
{
	struct gathering *gathering = context;

	gathering->err = gather_topic(gathering->gathered);
	return 0;
}

static int gather_inside(const struct netns_list *all, uint32_t inode, struct gathering *gathering)
{
	const struct netns *netns = netns_list_find(all, inode);

	if (!netns)
		return all->err ? all->err : -ENOENT;
	return netns_run_inside(netns, gather_here, gathering);
}

static void log_closed_netns(const struct explain_options *options, int err)
{
	if (err == -EPERM)
		log_error("--netns %s: it cannot be entered: that takes CAP_SYS_ADMIN; run as root",
			  TYPED(options->netns_word));
	else
		log_error("--netns %s: it cannot be entered: %s", TYPED(options->netns_word), strerror(-err));
}

static int gather_in_netns(struct gathered *gathered)
{
	const struct explain_options *options = gathered->options;
	struct gathering gathering = {.gathered = gathered};
	int err;

	if (!options->netns)
		return gather_topic(gathered);
	err = netns_discover(&gathered->namespaces);
	netns_list_keep(&gathered->namespaces, options->netns); /* the rest hold descriptors */
	if (!err)
		err = gather_inside(&gathered->namespaces, options->netns, &gathering);
	if (err) {
		log_closed_netns(options, err);
		return ERR_REPORTED;
	}
	return gathering.err;
}

/* ---- printing, in our own network namespace ---- */

static size_t measure_page_width(void)
{
	size_t width = terminal_width(STDOUT_FILENO);

	return width ? width : WIDTH_WITHOUT_TERMINAL;
}

static void print_state(const struct gathered *gathered, const struct explain_style *style, bool json)
{
	const struct state_page page = {
		.survey = &gathered->state,
		.values = gathered->values,
		.gap = holders_gap(gathered->holders),
		.hidden = !gathered->state_is_listed,
	};

	if (json)
		explain_state_json(style, &page);
	else
		explain_state_text(style, &page);
}

static void print_port(const struct gathered *gathered, const struct explain_style *style, bool json)
{
	const struct explain_options *options = gathered->options;
	const struct socket_namer *namer = style->namer;
	struct port_verdict verdict;
	struct port_page page = {
		.survey = &gathered->port,
		.facts = &gathered->facts,
		.verdict = &verdict,
		.protocols = options->protocols,
		.gap = holders_gap(gathered->holders),
	};

	port_verdict_make(&gathered->port, &gathered->facts, options->protocols, &verdict);
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS && namer->service; protocol++)
		page.names[protocol] = namer->service(namer->context, protocol, options->port);
	if (json)
		explain_port_json(style, &page);
	else
		explain_port_text(style, &page);
}

static void print_states(const struct gathered *gathered, const struct explain_style *style, bool json)
{
	const struct states_page page = {.counts = gathered->counts};

	if (json)
		explain_states_json(style, &page);
	else
		explain_states_text(style, &page);
}

static int print_topic(const struct gathered *gathered, const struct explain_style *style, bool json)
{
	switch (gathered->options->topic) {
	case EXPLAIN_STATE:
		print_state(gathered, style, json);
		break;
	case EXPLAIN_PORT:
		print_port(gathered, style, json);
		break;
	default:
		print_states(gathered, style, json);
		break;
	}
	return output_flush(style->output);
}

static const char *find_user_name(void *users, uint32_t uid)
{
	return users_name(users, uid);
}

static struct identity *find_identity(void *identities, const struct owner *owner)
{
	return identities_of_holder(identities, owner, 1);
}

static int print_page(const struct gathered *gathered, const struct explain_options *options)
{
	const struct socket_names_wanted wanted = {.services = !options->numeric, .namespaces = &gathered->namespaces};
	struct socket_names socket_names;
	struct explain_style style = {
		.output = output_new(STDOUT_FILENO, -1),
		.namer = &socket_names.namer,
		.user = find_user_name,
		.users = users_new(),
		.identity = find_identity,
		.identities = identities_new(!options->output.no_cmdline),
		.netns = &socket_names.netns,
		.now_ns = clock_monotonic_ns(),
		.color = output_wants_color(&options->output),
		.width = measure_page_width(),
	};
	int err = style.output && style.users && style.identities ? socket_names_open(&socket_names, &wanted) : -ENOMEM;

	if (!err) {
		style.home = options->netns ? options->netns : socket_names.netns.home;
		err = print_topic(gathered, &style, options->output.json);
		socket_names_close(&socket_names);
	}
	output_free(style.output);
	users_free(style.users);
	identities_free(style.identities);
	return err;
}

static void free_gathered(struct gathered *gathered)
{
	for (size_t i = 0; i < GUIDE_SETTINGS; i++)
		free(gathered->values[i]);
	state_survey_free(&gathered->state);
	port_survey_free(&gathered->port);
	holders_free(gathered->holders);
	netns_list_free(&gathered->namespaces);
}

static int explain_topic(const struct explain_options *options)
{
	struct gathered gathered = {.options = options};
	int err = 0;

	if (options->topic != EXPLAIN_OVERVIEW)
		err = holders_find(HOLDERS_BY_AUTO, &gathered.holders);
	if (options->topic == EXPLAIN_STATE)
		read_setting_values(&gathered, true);
	if (!err)
		err = gather_in_netns(&gathered);
	if (!err)
		err = print_page(&gathered, options);
	free_gathered(&gathered);
	return err;
}

static int run_explain(void *options)
{
	return ending_status("explain", explain_topic(options));
}

const struct command explain_command = {
	.name = "explain",
	.summary = "say what a state means, or who has a port: explain CLOSE_WAIT, explain 80",
	.argp = &explain_argp,
	.options_size = sizeof(struct explain_options),
	.run = run_explain,
};
