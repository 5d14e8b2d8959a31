// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "socket_ends.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "count_of.h"
#include "errno_kind.h"
#include "grow.h"
#include "holders.h"
#include "proc_family.h"
#include "process.h"
#include "process_dir.h"
#include "socket_batch.h"
#include "sockets.h"

#define NOT_FOUND SIZE_MAX

/* A socket to be found. */
struct sought_socket {
	uint32_t inode;
	size_t row;               /* index in the batch, or NOT_FOUND */
	struct family_row family; /* valid where `in_family` */
	bool in_family;           /* found in the table of netlink or packet */
	uint32_t family_netns;    /* the namespace of that table */
};

/* One search by inode, through one namespace after another. */
struct socket_search {
	struct sought_socket *sought; /* in ascending order of inodes */
	size_t count;
	size_t missing; /* not found yet */
	struct socket_query query;
	bool families;  /* some may be in the tables of netlink or packet */
	uint32_t netns; /* the namespace that is being searched */
	bool failed;    /* a table could not be read */
	struct socket_batch batch;
};

struct socket_ends {
	struct socket_search ends;
	struct socket_search peers; /* the other ends of unix sockets */
	struct holders *holders;
	bool bound_are_listed;   /* struct socket_end */
	struct netns_list homes; /* namespaces of the processes, and others in which a socket was found */
};

/* ---- the sockets to be found ---- */

static const struct socket_query blank_query = {.states = STATES_ALL, .ipv4 = true, .ipv6 = true, .bound = true};

/* Maps the kernel's name of the protocol to the tables to search: all, where the kernel does not give a name. */
static uint32_t map_end_protocols(const struct socket_end *end)
{
	static const struct {
		const char *name;
		uint32_t protocols;
	} known[] = {
		{"", PROTOCOLS_ALL},           {"tcp", 1u << PROTOCOL_TCP},     {"tcpv6", 1u << PROTOCOL_TCP},
		{"udp", 1u << PROTOCOL_UDP},   {"udpv6", 1u << PROTOCOL_UDP},   {"raw", 1u << PROTOCOL_RAW},
		{"rawv6", 1u << PROTOCOL_RAW}, {"unix", 1u << PROTOCOL_UNIX},   {"unix-stream", 1u << PROTOCOL_UNIX},
		{"mptcp", 1u << PROTOCOL_TCP}, {"mptcpv6", 1u << PROTOCOL_TCP},
	};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (!strcmp(end->protocol, known[i].name))
			return known[i].protocols;
	return 0;
}

static bool may_be_in_family(const struct socket_end *end)
{
	return !*end->protocol || !strcmp(end->protocol, "netlink") || !strcmp(end->protocol, "packet");
}

static int compare_sought_sockets(const void *a, const void *b)
{
	const struct sought_socket *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* Sorts by inode, and keeps each socket once. */
static void sort_sought_sockets(struct socket_search *search)
{
	size_t kept = 0;

	if (search->count)
		qsort(search->sought, search->count, sizeof(*search->sought), compare_sought_sockets);
	for (size_t i = 0; i < search->count; i++)
		if (!kept || search->sought[kept - 1].inode != search->sought[i].inode)
			search->sought[kept++] = search->sought[i];
	search->count = search->missing = kept;
}

static bool is_socket(const struct descriptor *descriptor)
{
	return descriptor->kind == KIND_SOCKET && descriptor->inode && descriptor->inode <= UINT32_MAX;
}

static int want_all_sockets(struct socket_search *search, struct descriptor *const *all, size_t count)
{
	search->query = blank_query;
	search->sought = calloc(count + 1, sizeof(*search->sought));
	if (!search->sought)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct socket_end *end = &all[i]->socket;

		if (!is_socket(all[i]) || !(map_end_protocols(end) || may_be_in_family(end)))
			continue;
		search->query.protocols |= map_end_protocols(end);
		search->families = search->families || may_be_in_family(end);
		search->sought[search->count++] =
			(struct sought_socket){.inode = (uint32_t)all[i]->inode, .row = NOT_FOUND};
	}
	sort_sought_sockets(search);
	return 0;
}

static int want_peers(struct socket_search *search, const struct socket_search *ends)
{
	search->query = blank_query;
	search->query.protocols = 1u << PROTOCOL_UNIX;
	search->sought = calloc(ends->batch.count + 1, sizeof(*search->sought));
	if (!search->sought)
		return -ENOMEM;
	for (size_t i = 0; i < ends->batch.count; i++) {
		uint32_t inode = ends->batch.rows[i].peer_inode;

		if (inode)
			search->sought[search->count++] = (struct sought_socket){.inode = inode, .row = NOT_FOUND};
	}
	sort_sought_sockets(search);
	return 0;
}

static struct sought_socket *find_sought_socket(const struct socket_search *search, uint64_t inode)
{
	const struct sought_socket key = {.inode = (uint32_t)inode};

	if (!inode || inode > UINT32_MAX || !search->count)
		return NULL;
	return bsearch(&key, search->sought, search->count, sizeof(key), compare_sought_sockets);
}

/* ---- the search ---- */

static int match_socket(void *context, const struct socket *socket)
{
	struct socket_search *search = context;
	struct sought_socket *sought = find_sought_socket(search, socket->inode);
	int err;

	if (!sought || sought->row != NOT_FOUND)
		return 0;
	err = socket_batch_add(&search->batch, socket);
	if (err)
		return err;
	sought->row = search->batch.count - 1;
	search->missing--;
	return 0;
}

static void match_family_row(void *context, enum proc_family family, const struct family_row *row)
{
	struct socket_search *search = context;
	struct sought_socket *sought = find_sought_socket(search, row->inode);

	(void)family;
	if (!sought || sought->in_family)
		return;
	sought->family = *row;
	sought->in_family = true;
	sought->family_netns = search->netns;
	search->missing--;
}

/* 0, or a negative errno where descriptors or memory ran out. */
static int search_families(struct socket_search *search, const struct netns *netns)
{
	static const char *const tables[FAMILY_COUNT] = {[FAMILY_NETLINK] = "netlink", [FAMILY_PACKET] = "packet"};

	for (enum proc_family family = 0; family < FAMILY_COUNT; family++) {
		CLEANUP(cleanup_close) int fd = netns_open_table(netns, tables[family]);

		int err = fd < 0 ? fd : proc_family_each(family, fd, match_family_row, search);

		if (errno_is_resource(err))
			return err;
	}
	return 0;
}

static int search_namespace(struct socket_search *search, const struct netns *netns)
{
	int err = 0;

	search->netns = netns->inode;
	if (search->query.protocols)
		err = sockets_each(netns, SOCKETS_BY_AUTO, &search->query, match_socket, search, NULL);
	if (search->families && !errno_is_resource(err)) {
		int family_err = search_families(search, netns);

		err = err ? err : family_err;
	}
	search->failed = search->failed || err;
	return errno_is_resource(err) ? err : 0;
}

/* Appends the namespace, and takes over its descriptor. */
static int keep_namespace(struct netns_list *homes, struct netns *netns)
{
	if (!GROW(homes->all, homes->count, homes->room, 4))
		return -ENOMEM;
	homes->all[homes->count++] = *netns;
	netns->fd = -1;
	return 0;
}

static int search_other_namespaces(struct socket_search *search, struct netns_list *homes)
{
	struct netns_list all = {0};
	int err = netns_discover(&all);

	if (!err && errno_is_resource(all.err))
		err = all.err;
	search->failed = search->failed || err;
	for (size_t i = 0; !err && i < all.count && search->missing; i++) {
		size_t missing = search->missing;

		if (netns_list_find(homes, all.all[i].inode))
			continue;
		err = search_namespace(search, &all.all[i]);
		if (!err && search->missing < missing)
			err = keep_namespace(homes, &all.all[i]);
	}
	netns_list_free(&all);
	return errno_is_resource(err) ? err : 0;
}

static int run_search(struct socket_search *search, struct netns_list *homes)
{
	int err = 0;

	for (size_t i = 0; !err && i < homes->count && search->missing; i++)
		err = search_namespace(search, &homes->all[i]);
	return err || !search->missing ? err : search_other_namespaces(search, homes);
}

/* ---- the namespaces of the processes ---- */

/* Adds the namespace of `task`, which is a process or a thread. */
static int add_home(struct netns_list *homes, uint32_t task)
{
	struct netns home = {.witnesses = {(int)task}, .witness_count = 1, .fd = -1};

	if (netns_of_process(task, &home.inode) || netns_list_find(homes, home.inode))
		return 0;
	return keep_namespace(homes, &home);
}

static int find_homes(struct netns_list *homes, struct descriptor *const *all, size_t count)
{
	uint32_t last = 0;
	int err = 0;

	for (size_t i = 0; !err && i < count; i++) {
		uint32_t task = all[i]->tid ? all[i]->tid : all[i]->holder;

		if (!is_socket(all[i]) || task == last)
			continue;
		last = task;
		err = add_home(homes, task);
	}
	return err;
}

/* ---- results ---- */

static const struct socket *find_socket_row(const struct socket_search *search, uint64_t inode)
{
	const struct sought_socket *sought = find_sought_socket(search, inode);

	return sought && sought->row != NOT_FOUND ? &search->batch.rows[sought->row] : NULL;
}

static void fill_end(const struct socket_ends *ends, struct socket_end *end, uint64_t inode)
{
	const struct sought_socket *sought = find_sought_socket(&ends->ends, inode);

	end->found = find_socket_row(&ends->ends, inode);
	if (end->found && end->found->peer_inode) {
		end->peer = find_socket_row(&ends->peers, end->found->peer_inode);
		if (ends->holders)
			end->peer_owners = holders_of(ends->holders, end->found->peer_inode, &end->peer_owner_count);
	}
	if (sought && sought->in_family) {
		end->has_numbers = true;
		end->family_protocol = sought->family.protocol;
		end->family_port = sought->family.port;
		end->family_groups = sought->family.groups;
		end->family_netns = sought->family_netns;
	}
	end->unlisted = !end->found && *end->protocol && map_end_protocols(end) && !ends->ends.failed;
	end->bound_are_listed = ends->bound_are_listed;
}

static int fill_others(const struct socket_ends *ends, struct descriptor *socket, bool complete)
{
	const uint32_t self = process_self();
	const struct owner *owners;
	size_t count;

	if (!ends->holders)
		return 0;
	owners = holders_of(ends->holders, (uint32_t)socket->inode, &count);
	socket->others = calloc(count + 1, sizeof(*socket->others));
	if (!socket->others)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (owners[i].pid != self &&
		    (owners[i].pid != socket->holder || owners[i].fd != descriptor_holder_fd(socket)))
			socket->others[socket->other_count++] =
				(struct other_holder){.owner = owners[i], .access = ACCESS_BOTH};
	socket->others_complete = complete;
	return 0;
}

static int fill_sockets(struct socket_ends *ends, struct descriptor *const *all, size_t count, size_t *hidden)
{
	bool complete;
	int err = 0;

	*hidden = ends->holders ? holders_denied(ends->holders) : 0;
	if (ends->ends.missing)
		ends->bound_are_listed = sockets_bound_are_listed();
	complete = ends->holders && holders_gap(ends->holders) == HOLDERS_WHOLE && process_view() == PROCESSES_ALL;
	for (size_t i = 0; !err && i < count; i++) {
		if (!is_socket(all[i]))
			continue;
		fill_end(ends, &all[i]->socket, all[i]->inode);
		err = fill_others(ends, all[i], complete);
	}
	return err;
}

static int search_ends_and_peers(struct socket_ends *ends, struct descriptor *const *all, size_t count)
{
	int err = want_all_sockets(&ends->ends, all, count);

	if (!err)
		err = find_homes(&ends->homes, all, count);
	if (!err)
		err = run_search(&ends->ends, &ends->homes);
	if (!err)
		err = want_peers(&ends->peers, &ends->ends);
	return err ? err : run_search(&ends->peers, &ends->homes);
}

static bool has_any_socket(struct descriptor *const *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_socket(all[i]))
			return true;
	return false;
}

int socket_ends_find(struct descriptor *const *all, size_t count, struct socket_ends **out, size_t *hidden)
{
	struct socket_ends *ends = calloc(1, sizeof(*ends));
	int err = ends ? 0 : -ENOMEM;

	*hidden = 0;
	if (!err && has_any_socket(all, count)) {
		err = search_ends_and_peers(ends, all, count);
		if (!err)
			err = holders_find(HOLDERS_BY_AUTO, &ends->holders);
		if (!errno_is_resource(err)) /* without the holders, the rest is still worth reporting */
			err = fill_sockets(ends, all, count, hidden);
	}
	if (err) {
		socket_ends_free(ends);
		return err;
	}
	*out = ends;
	return 0;
}

const struct netns_list *socket_ends_namespaces(const struct socket_ends *ends)
{
	return &ends->homes;
}

static void free_search(struct socket_search *search)
{
	free(search->sought);
	socket_batch_free(&search->batch);
}

void socket_ends_free(struct socket_ends *ends)
{
	if (!ends)
		return;
	free_search(&ends->ends);
	free_search(&ends->peers);
	holders_free(ends->holders);
	netns_list_free(&ends->homes);
	free(ends);
}
