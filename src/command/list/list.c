// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcpledger list: prints the sockets now, as ss and netstat list them. The sockets are printed in batches as they are
 * read: a listing of many thousands takes no more memory than one of a few, and the columns fit each batch.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "ending.h"
#include "errno_kind.h"
#include "filter_socket.h"
#include "identities.h"
#include "incomplete.h"
#include "least_age.h"
#include "list_json.h"
#include "list_options.h"
#include "list_text.h"
#include "list_totals.h"
#include "log.h"
#include "namespaces.h"
#include "socket_batch.h"
#include "socket_names.h"
#include "wanted_processes.h"

enum { BATCH_ROWS = 8192 };

#define LACKS_INTERFACE "the filter asks for the interface, which /proc does not tell"

struct listing {
	const struct list_options *options;
	struct socket_query query;
	bool wants_owners;
	struct netns_list namespaces;
	struct wall_clock clock;
	struct socket_names socket_names;
	struct identities *identities; /* NULL: who the holders are is not asked for */
	struct output *output;
	struct list_text *text; /* NULL: the output is JSON */
	struct list_json *json; /* NULL: the output is text */
	/* of one printing */
	struct holders *holders; /* NULL: not wanted, or not to be had */
	uint64_t round;          /* the number of this printing */
	struct socket_batch batch;
	struct list_totals totals;
	size_t unknown;  /* sockets without a known holder, which a process may hold that was not seen */
	size_t left_out; /* sockets left out: it is not known that they pass the filter */
	size_t lacking;  /* those of them without a known interface: /proc does not tell it */
	bool incomplete; /* one of the printings left something out */
};

/* ---- the query ---- */

/* Chooses the states to list. A filter that names states means these, whatever would be shown without it. */
static uint32_t choose_listed_states(const struct list_options *options)
{
	const struct filter *filter = options->sockets.filter.filter;
	uint32_t states = STATES_CONNECTED;

	if (filter_topics(filter) & TOPIC_STATE || options->all)
		states = STATES_ALL;
	else if (options->listening)
		states = STATES_LISTENING;
	else if (options->totals)
		states = STATES_ALL;
	return states & filter_states(filter);
}

/* True where all states are listed, or a filter names the states. A TCP socket that is only bound waits for nobody, as
 * a UDP socket does: it is not among the listening ones. */
static bool shows_bound_sockets(const struct list_options *options)
{
	return filter_topics(options->sockets.filter.filter) & TOPIC_STATE || options->all ||
	       (options->totals && !options->listening);
}

static struct socket_query make_list_query(const struct list_options *options)
{
	uint32_t otherwise = options->sockets.ipv4 || options->sockets.ipv6 ? PROTOCOLS_INET : PROTOCOLS_ALL;
	struct socket_query query = socket_options_query(&options->sockets, otherwise, choose_listed_states(options));

	query.internals = options->internals || options->age;
	query.bound = shows_bound_sockets(options) && query.states & 1u << STATE_CLOSE;
	return query;
}

/* ---- one printing ---- */

static void flush_batch(struct listing *listing)
{
	struct socket_batch *batch = &listing->batch;
	uint64_t now_ns = clock_monotonic_ns();

	wall_clock_refresh(&listing->clock, now_ns);
	if (listing->json)
		list_json_put(listing->json, batch->rows, batch->count, now_ns);
	else
		list_text_put(listing->text, batch->rows, batch->count, now_ns);
	socket_batch_clear(batch);
}

static int keep_listed_row(struct listing *listing, const struct socket *socket)
{
	int err = socket_batch_add(&listing->batch, socket);

	socket_names_expect(&listing->socket_names, socket);
	if (!err && listing->batch.count == BATCH_ROWS) {
		flush_batch(listing);
		err = output_flush(listing->output);
	}
	return err;
}

static void tell_age(struct socket *socket)
{
	struct least_age age = least_age_of(socket);

	socket->in_state_us = age.in_state_us;
	socket->alive_us = age.alive_us;
}

static int list_socket(void *context, const struct socket *found)
{
	struct listing *listing = context;
	struct socket socket = *found;
	enum filter_answer answer;

	if (listing->holders) {
		socket.owners = holders_of(listing->holders, socket.inode, &socket.owner_count);
		socket.owners_hidden = socket.inode && holders_gap(listing->holders) != HOLDERS_WHOLE;
	} else {
		socket.owners_hidden = socket.inode && listing->wants_owners;
	}
	answer = socket_passes(&socket, listing->options->sockets.filter.filter);
	if (answer == FILTER_MAYBE) {
		bool lacks = socket_lacks_interface(&socket, listing->options->sockets.filter.filter);

		listing->left_out++;
		listing->lacking += lacks;
	}
	if (answer != FILTER_YES)
		return 0;
	listing->unknown += socket.owners_hidden && !socket.owner_count;
	if (listing->options->age)
		tell_age(&socket);
	if (!listing->options->totals)
		return keep_listed_row(listing, &socket);
	list_totals_add(&listing->totals, &socket);
	return 0;
}

static enum holder_gap find_holder_gap(const struct listing *listing)
{
	return listing->holders ? holders_gap(listing->holders) : HOLDERS_DENIED;
}

static void warn_of_hidden_owners(const struct listing *listing)
{
	bool shown = listing->options->owners || listing->options->sockets.output.json;
	enum holder_gap gap = find_holder_gap(listing);
	size_t unheld = listing->left_out - listing->lacking;

	if (shown && listing->holders && listing->unknown)
		log_warning("who holds %zu of the sockets could not be seen, shown as %s: %s", listing->unknown,
			    listing->options->sockets.output.json ? "owners_complete false" : "-", holders_remedy(gap));
	if (unheld)
		log_warning("%zu %s could not be seen, and the filter asks for that: %s", unheld,
			    unheld == 1 ? "socket is left out: who holds it" : "sockets are left out: who holds them",
			    holders_remedy(gap));
	if (listing->lacking)
		log_warning("%zu %s left out: " LACKS_INTERFACE, listing->lacking,
			    listing->lacking == 1 ? "socket is" : "sockets are");
}

static void print_totals(struct listing *listing)
{
	uint64_t now_ns = clock_monotonic_ns();

	wall_clock_refresh(&listing->clock, now_ns);
	if (listing->json)
		list_totals_json(&listing->totals, &listing->clock, now_ns, listing->output);
	else
		list_totals_text(&listing->totals, !listing->options->sockets.no_heading, listing->output);
}

/* Finds the holders of the sockets. A failure is an error where the user chose their source, or where descriptors or
 * memory ran out. Else it is only a warning: the sockets are worth printing without their holders. */
static int find_holders(struct listing *listing)
{
	enum holder_source source = listing->options->sockets.holder_source;
	int err = listing->wants_owners ? holders_find(source, &listing->holders) : 0;

	if (err && source == HOLDERS_BY_AUTO && !errno_is_resource(err)) {
		log_warning("who holds the sockets cannot be found out: %s", strerror(-err));
		return 0;
	}
	if (!err && listing->identities)
		holders_identify(listing->holders, listing->identities, ++listing->round);
	return err;
}

static int print_sockets(struct listing *listing)
{
	int err, flush_err;

	listing->unknown = 0;
	listing->left_out = 0;
	listing->lacking = 0;
	listing->totals = (struct list_totals){0};
	err = namespaces_each_socket(&listing->namespaces, &listing->options->sockets, &listing->query, list_socket,
				     listing);
	if (listing->options->totals)
		print_totals(listing);
	else
		flush_batch(listing);
	listing->incomplete = listing->incomplete || listing->left_out;
	if (listing->json && listing->left_out > listing->lacking)
		incomplete_json(listing->output, "sockets", listing->left_out - listing->lacking,
				holders_remedy(find_holder_gap(listing)));
	if (listing->json && listing->lacking)
		incomplete_json(listing->output, "sockets", listing->lacking, LACKS_INTERFACE);
	flush_err = output_flush(listing->output);
	return err ? err : flush_err;
}

static int print_list(struct listing *listing)
{
	int err = find_holders(listing);

	if (!err) {
		err = print_sockets(listing);
		if (err != -EPIPE) { /* what was printed before an error has its warnings too */
			warn_of_hidden_owners(listing);
			socket_names_warn(&listing->socket_names);
		}
	}
	holders_free(listing->holders);
	listing->holders = NULL;
	return err;
}

/* ---- opening, repeating, closing ---- */

static int find_namespaces(struct listing *listing)
{
	netns_list_free(&listing->namespaces);
	return namespaces_find(&listing->options->sockets, &listing->namespaces);
}

static bool shows_netns(const struct listing *listing)
{
	return listing->namespaces.count > 1 && !listing->options->sockets.one_netns;
}

static int open_sink(struct listing *listing)
{
	const struct list_options *options = listing->options;
	const struct socket_names *names = &listing->socket_names;
	const struct list_style style = {
		.color = output_wants_color(&options->sockets.output),
		.heading = !options->sockets.no_heading,
		.owners = options->owners,
		.timers = options->timers,
		.details = options->details,
		.internals = options->internals,
		.one_line = options->one_line,
		.netns = shows_netns(listing),
		.age = options->age,
	};

	if (options->sockets.output.json)
		listing->json =
			list_json_new(listing->output, &listing->clock, &names->namer, &names->netns,
				      (struct list_json_style){options->details, options->internals, options->age});
	else
		listing->text = list_text_new(listing->output, &style, &names->namer, &names->netns);
	return listing->json || listing->text ? 0 : -ENOMEM;
}

/* Who the holders are is looked up only where it is shown or asked for. */
static int open_identities(struct listing *listing)
{
	const struct list_options *options = listing->options;
	uint32_t topics = filter_topics(options->sockets.filter.filter);
	bool shown = options->details && !options->totals;

	listing->wants_owners = options->owners || shown || options->sockets.output.json || topics & TOPIC_OWNER;
	if (!shown && !(topics & TOPIC_IDENTITY))
		return 0;
	listing->identities = identities_new(!options->sockets.output.no_cmdline);
	return listing->identities ? 0 : -errno;
}

static int open_listing(struct listing *listing, const struct list_options *options)
{
	const struct socket_names_wanted wanted = {.services = !options->sockets.numeric,
						   .hosts = options->resolve,
						   .cgroups = options->details,
						   .namespaces = &listing->namespaces};
	int err;

	listing->options = options;
	listing->query = make_list_query(options);
	listing->output = output_new(STDOUT_FILENO, -1);
	err = listing->output ? open_identities(listing) : -ENOMEM;
	if (!err)
		err = find_namespaces(listing);
	if (!err)
		err = socket_names_open(&listing->socket_names, &wanted);
	return err ? err : open_sink(listing);
}

static void close_listing(struct listing *listing)
{
	list_text_free(listing->text);
	list_json_free(listing->json);
	socket_names_close(&listing->socket_names);
	socket_batch_free(&listing->batch);
	netns_list_free(&listing->namespaces);
	identities_free(listing->identities);
	output_free(listing->output);
}

/* Waits until the next list is due. 0 when the time has come; -EPIPE when the reader has gone before. */
static int wait_for_next_list(uint64_t interval_ns)
{
	uint64_t until_ns = clock_monotonic_ns() + interval_ns, now_ns;

	while ((now_ns = clock_monotonic_ns()) < until_ns) {
		uint64_t left_ms = (until_ns - now_ns) / NS_PER_MS + 1;
		struct pollfd reader = {.fd = STDOUT_FILENO};

		if (poll(&reader, 1, left_ms < INT_MAX ? (int)left_ms : INT_MAX) > 0)
			return -EPIPE;
	}
	return 0;
}

static int print_list_repeatedly(struct listing *listing)
{
	int err;

	wanted_processes_warn(listing->options->sockets.filter.filter, listing->options->again);
	err = print_list(listing);
	while (!err && listing->options->again) {
		err = wait_for_next_list(listing->options->interval_ns);
		if (!err)
			err = find_namespaces(listing);
		if (err)
			break;
		socket_names_renew(&listing->socket_names);
		if (listing->text) {
			output_char(listing->output, '\n');
			list_text_restart(listing->text, shows_netns(listing));
		}
		err = print_list(listing);
	}
	return err;
}

static int run_list(void *given)
{
	const struct list_options *options = given;
	struct listing listing = {0};
	int err = open_listing(&listing, options);

	if (!err)
		err = print_list_repeatedly(&listing);
	close_listing(&listing);
	filter_free(options->sockets.filter.filter);
	return ending_status_of_part("list", err, listing.incomplete);
}

const struct command list_command = {
	.name = "list",
	.summary = "print the sockets now, with the letters of ss and netstat: -tulnp, -at",
	.argp = &list_argp,
	.options_size = sizeof(struct list_options),
	.run = run_list,
};
