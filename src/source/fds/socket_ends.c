// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "socket_ends.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "errno_kind.h"
#include "grow.h"
#include "holders.h"
#include "proc_family.h"
#include "process_dir.h"
#include "socket_batch.h"
#include "sockets.h"

#define NOT_FOUND SIZE_MAX

/* A socket that is looked for. */
struct wanted {
	uint32_t inode;
	size_t row; /* of the batch, or NOT_FOUND */
	struct family_row family;
	bool in_family;
};

/* One search by inode, through one namespace after the other. */
struct search {
	struct wanted *wanted; /* by inode */
	size_t count;
	size_t missing;
	struct socket_query query;
	bool families; /* some are in the tables of netlink or packet */
	bool failed;   /* a table could not be read */
	struct socket_batch batch;
};

struct socket_ends {
	struct search ends;
	struct search peers; /* the other ends of unix sockets */
	struct holders *holders;
	struct netns_list homes; /* of the processes, and those in which a socket was found */
};

/* ---- what is looked for ---- */

static const struct socket_query nothing = {.states = STATES_ALL, .ipv4 = true, .ipv6 = true, .bound = true};

/* A kernel that does not tell leaves it to all tables. */
static uint32_t protocols_of(const struct socket_end *end)
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

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(end->protocol, known[i].name))
			return known[i].protocols;
	return 0;
}

static bool is_in_family(const struct socket_end *end)
{
	return !*end->protocol || !strcmp(end->protocol, "netlink") || !strcmp(end->protocol, "packet");
}

static int compare(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* Puts what is wanted in order, each once. */
static void order(struct search *search)
{
	size_t kept = 0;

	if (search->count)
		qsort(search->wanted, search->count, sizeof(*search->wanted), compare);
	for (size_t i = 0; i < search->count; i++)
		if (!kept || search->wanted[kept - 1].inode != search->wanted[i].inode)
			search->wanted[kept++] = search->wanted[i];
	search->count = search->missing = kept;
}

static bool is_socket(const struct descriptor *descriptor)
{
	return descriptor->kind == KIND_SOCKET && descriptor->inode && descriptor->inode <= UINT32_MAX;
}

static int want_all(struct search *search, struct descriptor *const *all, size_t count)
{
	search->query = nothing;
	search->wanted = calloc(count + 1, sizeof(*search->wanted));
	if (!search->wanted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct socket_end *end = &all[i]->socket;

		if (!is_socket(all[i]) || !(protocols_of(end) || is_in_family(end)))
			continue;
		search->query.protocols |= protocols_of(end);
		search->families = search->families || is_in_family(end);
		search->wanted[search->count++] = (struct wanted){.inode = (uint32_t)all[i]->inode, .row = NOT_FOUND};
	}
	order(search);
	return 0;
}

static int want_peers(struct search *search, const struct search *ends)
{
	search->query = nothing;
	search->query.protocols = 1u << PROTOCOL_UNIX;
	search->wanted = calloc(ends->batch.count + 1, sizeof(*search->wanted));
	if (!search->wanted)
		return -ENOMEM;
	for (size_t i = 0; i < ends->batch.count; i++) {
		uint32_t inode = ends->batch.rows[i].peer_inode;

		if (inode)
			search->wanted[search->count++] = (struct wanted){.inode = inode, .row = NOT_FOUND};
	}
	order(search);
	return 0;
}

static struct wanted *find(const struct search *search, uint64_t inode)
{
	const struct wanted key = {.inode = (uint32_t)inode};

	if (!inode || inode > UINT32_MAX || !search->count)
		return NULL;
	return bsearch(&key, search->wanted, search->count, sizeof(key), compare);
}

/* ---- the search ---- */

static int take_socket(void *context, const struct socket *socket)
{
	struct search *search = context;
	struct wanted *wanted = find(search, socket->inode);
	int err;

	if (!wanted || wanted->row != NOT_FOUND)
		return 0;
	err = socket_batch_add(&search->batch, socket);
	if (err)
		return err;
	wanted->row = search->batch.count - 1;
	search->missing--;
	return 0;
}

static void take_family(void *context, enum proc_family family, const struct family_row *row)
{
	struct search *search = context;
	struct wanted *wanted = find(search, row->inode);

	(void)family;
	if (!wanted || wanted->in_family)
		return;
	wanted->family = *row;
	wanted->in_family = true;
	search->missing--;
}

static void look_into_families(struct search *search, const struct netns *netns)
{
	static const char *const tables[FAMILY_COUNT] = {[FAMILY_NETLINK] = "netlink", [FAMILY_PACKET] = "packet"};

	for (enum proc_family family = 0; family < FAMILY_COUNT; family++) {
		CLEANUP(cleanup_close) int fd = netns_open_table(netns, tables[family]);

		if (fd >= 0)
			proc_family_each(family, fd, take_family, search);
	}
}

static int look_into(struct search *search, const struct netns *netns)
{
	int err = 0;

	if (search->query.protocols)
		err = sockets_each(netns, SOCKETS_BY_AUTO, &search->query, take_socket, search, NULL);
	if (search->families)
		look_into_families(search, netns);
	search->failed = search->failed || err;
	return errno_is_resource(err) ? err : 0;
}

static bool is_home(const struct netns_list *homes, uint32_t inode)
{
	for (size_t i = 0; i < homes->count; i++)
		if (homes->all[i].inode == inode)
			return true;
	return false;
}

/* Takes its descriptor. */
static int keep(struct netns_list *homes, struct netns *netns)
{
	if (!GROW(homes->all, homes->count, homes->room, 4))
		return -ENOMEM;
	homes->all[homes->count++] = *netns;
	netns->fd = -1;
	return 0;
}

static int look_everywhere_else(struct search *search, struct netns_list *homes)
{
	struct netns_list all = {0};
	int err = netns_discover(&all);

	search->failed = search->failed || err;
	for (size_t i = 0; !err && i < all.count && search->missing; i++) {
		size_t missing = search->missing;

		if (is_home(homes, all.all[i].inode))
			continue;
		err = look_into(search, &all.all[i]);
		if (!err && search->missing < missing)
			err = keep(homes, &all.all[i]);
	}
	netns_list_free(&all);
	return errno_is_resource(err) ? err : 0;
}

static int run(struct search *search, struct netns_list *homes)
{
	int err = 0;

	for (size_t i = 0; !err && i < homes->count && search->missing; i++)
		err = look_into(search, &homes->all[i]);
	return err || !search->missing ? err : look_everywhere_else(search, homes);
}

/* ---- the namespaces of the processes ---- */

/* `task`: a process or a thread. */
static int add_home(struct netns_list *homes, uint32_t task)
{
	struct netns home = {.witnesses = {(int)task}, .witness_count = 1, .fd = -1};

	if (netns_of_process(task, &home.inode) || is_home(homes, home.inode))
		return 0;
	return keep(homes, &home);
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

/* ---- what was found ---- */

static const struct socket *row_of(const struct search *search, uint64_t inode)
{
	const struct wanted *wanted = find(search, inode);

	return wanted && wanted->row != NOT_FOUND ? &search->batch.rows[wanted->row] : NULL;
}

static void fill_end(const struct socket_ends *ends, struct socket_end *end, uint64_t inode)
{
	const struct wanted *wanted = find(&ends->ends, inode);

	end->found = row_of(&ends->ends, inode);
	if (end->found && end->found->peer_inode) {
		end->peer = row_of(&ends->peers, end->found->peer_inode);
		if (ends->holders)
			end->peer_owners = holders_of(ends->holders, end->found->peer_inode, &end->peer_owner_count);
	}
	if (wanted && wanted->in_family) {
		end->has_numbers = true;
		end->family_protocol = wanted->family.protocol;
		end->family_port = wanted->family.port;
		end->family_groups = wanted->family.groups;
	}
	end->unlisted = !end->found && *end->protocol && protocols_of(end) && !ends->ends.failed;
}

static int fill_others(const struct socket_ends *ends, struct descriptor *socket, bool complete)
{
	const struct owner *owners;
	size_t count;

	if (!ends->holders)
		return 0;
	owners = holders_of(ends->holders, (uint32_t)socket->inode, &count);
	socket->others = calloc(count + 1, sizeof(*socket->others));
	if (!socket->others)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (owners[i].pid != (uint32_t)getpid() &&
		    (owners[i].pid != socket->holder || owners[i].fd != socket->fd))
			socket->others[socket->other_count++] =
				(struct other_holder){.owner = owners[i], .access = ACCESS_BOTH};
	socket->others_complete = complete;
	return 0;
}

static int fill(const struct socket_ends *ends, struct descriptor *const *all, size_t count, size_t *hidden)
{
	bool complete;
	int err = 0;

	*hidden = ends->holders ? holders_denied(ends->holders) : 0;
	complete = !*hidden && process_all_are_shown();
	for (size_t i = 0; !err && i < count; i++) {
		if (!is_socket(all[i]))
			continue;
		fill_end(ends, &all[i]->socket, all[i]->inode);
		err = fill_others(ends, all[i], complete);
	}
	return err;
}

static int search_all(struct socket_ends *ends, struct descriptor *const *all, size_t count)
{
	int err = want_all(&ends->ends, all, count);

	if (!err)
		err = find_homes(&ends->homes, all, count);
	if (!err)
		err = run(&ends->ends, &ends->homes);
	if (!err)
		err = want_peers(&ends->peers, &ends->ends);
	return err ? err : run(&ends->peers, &ends->homes);
}

static bool any_socket(struct descriptor *const *all, size_t count)
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
	if (!err && any_socket(all, count)) {
		err = search_all(ends, all, count);
		if (!err)
			err = holders_find(HOLDERS_BY_AUTO, &ends->holders);
		if (!errno_is_resource(err)) /* without them, the rest is worth telling all the same */
			err = fill(ends, all, count, hidden);
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

static void free_search(struct search *search)
{
	free(search->wanted);
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
