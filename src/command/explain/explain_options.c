// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The options of explain, and the reading of its argument.
 */
#include "explain_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "escape.h"
#include "filter_names.h"
#include "nearest.h"
#include "options_internal.h"
#include "parse.h"
#include "port_survey.h"
#include "services.h"

static const struct argp_option explain_options[] = {
	OPTION_NETNS('N'),
	{"numeric", 'n', 0, 0, "ports as numbers, not as services", 0},
	{"json", KEY_JSON, 0, 0, "one JSON object", 0},
	OPTION_COLOR,
	OPTION_NO_CMDLINE,
	OPTION_VERBOSE,
	{0},
};

#define ALL_STATES                                                                                                     \
	"ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN or CLOSING"

/* ---- a state ---- */

static bool parse_state_word(struct explain_options *explain, const char *word)
{
	uint32_t set = tcp_state_set(word, strlen(word));

	if (!set)
		return false;
	if (set & (set - 1))
		options_fail("explain '%s': these are several states: give one, %s", TYPED(word), ALL_STATES);
	explain->topic = EXPLAIN_STATE;
	explain->state = (uint8_t)__builtin_ctz(set);
	return true;
}

/* ---- a port ---- */

static int look_up_ports(const char *name, struct service_ports *ports)
{
	return host_names.service(host_names.context, name, ports);
}

/* Returns the protocol after the slash, and cuts it off; PROTOCOL_COUNT where none is named. The slash may also stand
 * in the name of a service. */
static enum protocol cut_protocol(char *name, const char *word)
{
	char *slash = strrchr(name, '/');
	struct service_ports ports;

	if (!slash || !look_up_ports(name, &ports))
		return PROTOCOL_COUNT;
	*slash++ = '\0';
	if (!*slash)
		options_fail("explain '%s': a protocol is missing after the slash: give tcp or udp", TYPED(word));
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++)
		if (!strcasecmp(slash, protocol_name(protocol)))
			return protocol;
	options_fail("explain '%s': '%s' is no protocol whose ports are explained: give tcp or udp", TYPED(word),
		     TYPED(slash));
}

/* Returns the only port of a service, or the only one of that protocol. */
static uint16_t choose_port(const struct service_ports *ports, enum protocol protocol, const char *word)
{
	size_t fitting = 0, found = 0;

	for (size_t i = 0; i < ports->count; i++) {
		if (protocol == PROTOCOL_COUNT || !(ports->all[i].protocols & 1u << protocol))
			continue;
		fitting++;
		found = i;
	}
	if (fitting != 1 && ports->count > 1)
		options_fail("explain '%s': this service has several ports, as %u and %u: give one of them",
			     TYPED(word), ports->all[0].port, ports->all[1].port);
	return ports->all[found].port;
}

/* Finds the port of a number or of the name of a service. A name that only the other protocol has is taken for its port
 * all the same. */
static bool find_port_number(const char *name, enum protocol protocol, const char *word, uint16_t *port)
{
	struct service_ports ports;
	uint32_t number;
	int err = parse_u32(name, 0, UINT16_MAX, &number);

	if (err == -ERANGE)
		options_fail("explain '%s': no port is greater than 65535", TYPED(word));
	if (!err)
		*port = (uint16_t)number;
	else if (!look_up_ports(name, &ports))
		*port = choose_port(&ports, protocol, word);
	else
		return false;
	return true;
}

static bool parse_port_word(struct explain_options *explain, const char *word)
{
	char name[256];
	enum protocol protocol;

	if (snprintf(name, sizeof(name), "%s", *word == ':' ? word + 1 : word) >= (int)sizeof(name))
		return false;
	protocol = cut_protocol(name, word);
	if (!find_port_number(name, protocol, word, &explain->port))
		return false;
	explain->topic = EXPLAIN_PORT;
	explain->protocols = protocol == PROTOCOL_COUNT ? 1u << PROTOCOL_TCP | 1u << PROTOCOL_UDP : 1u << protocol;
	return true;
}

/* ---- words that are neither ---- */

/* Fails with a message of its own for a word that is nearly a port, has a port in it, or is an address. Returns for any
 * other word. */
static void fail_malformed_word(const char *word)
{
	const char *colon = strrchr(word, ':');
	size_t digits = strspn(word, "0123456789");
	struct address address;

	if (!*word)
		options_fail("explain: an empty word is neither a state nor a port");
	if (digits && word[digits] && !word[strspn(word, "0123456789-, ")])
		options_fail("explain '%s': this is more than one port: give one, as %.*s", TYPED(word), (int)digits,
			     word);
	if (*word == '-' && word[1] && !word[1 + strspn(word + 1, "0123456789")])
		options_fail("explain '%s': no port is less than 0", TYPED(word));
	if (address_parse(word, &address))
		options_fail("explain '%s': this is an address: give a state, or a port", TYPED(word));
	if (colon && colon[1] && colon > word && (strchr(word, ':') == colon || colon[-1] == ']' || strchr(word, '%')))
		options_fail("explain '%s': a port is explained for all addresses at once: give %s", TYPED(word),
			     TYPED(colon));
}

/* Fails, and names the state or the service that is near; where both are near, the nearer one. */
__attribute__((noreturn)) static void fail_unknown_word(const char *word)
{
	const char *name = *word == ':' ? word + 1 : word;
	const char *near = tcp_state_nearest(name), *shown = near;
	char service[SERVICE_NAME_SIZE], service_text[4 * SERVICE_NAME_SIZE];

	if (services_find_nearest(name, service, sizeof(service)) &&
	    (!near || word_distance(name, service) < word_distance(name, near)))
		shown = escape_service_into(service_text, sizeof(service_text), service);
	if (shown)
		options_fail("explain '%s': there is no such state, port or service; the nearest is %s", TYPED(word),
			     shown);
	options_fail(
		"explain '%s': there is no such state, port or service: give %s, a port from 0 to 65535, or a name of /etc/services",
		TYPED(word), ALL_STATES);
}

static void parse_topic_word(struct explain_options *explain, char *word)
{
	char *end = word + strlen(word);

	if (explain->topic != EXPLAIN_OVERVIEW)
		options_fail("explain takes one STATE or PORT, and '%s' is a second", TYPED(word));
	while (end > word && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*word))
		word++;
	if (parse_state_word(explain, word) || parse_port_word(explain, word))
		return;
	fail_malformed_word(word);
	fail_unknown_word(word);
}

/* ---- the options ---- */

static void parse_netns_word(struct explain_options *explain, const char *word)
{
	struct netns_choice choice = {.count = 0};

	if (host_names.netns(host_names.context, word, &choice))
		options_fail("--netns %s: %s", TYPED(word), choice.why);
	if (choice.count > 1)
		options_fail("--netns %s: it is in %zu network namespaces: give one of them by its inode, as %u",
			     TYPED(word), choice.count, choice.inodes[0]);
	explain->netns = choice.inodes[0];
	explain->netns_word = word;
}

static error_t read_explain_option(int key, char *value, struct argp_state *state)
{
	struct explain_options *explain = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		parse_topic_word(explain, value);
		break;
	case 'N':
		parse_netns_word(explain, value);
		break;
	case 'n':
		explain->numeric = true;
		break;
	default:
		return option_output(key, value, &explain->output);
	}
	return 0;
}

const struct argp explain_argp = {
	.options = explain_options,
	.parser = read_explain_option,
	.args_doc = "[STATE|PORT]",
	.doc = "Say what a state of TCP means, how a socket gets in and out, what many of them mean and what to do, with the numbers of this host now; or who has a port, and whether it can be bound, and if not, why. Without an argument: the states there are now.\vSTATE is close-wait, CLOSE_WAIT, estab, listening …; PORT is 80, :80, 80/tcp, 53/udp, https.\n\nExit status: 0 done, 1 failed, 2 wrong use.",
};
