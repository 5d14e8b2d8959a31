// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "filter_node.h"

struct filter *filter_node(enum filter_kind kind, struct filter *left, struct filter *right)
{
	struct filter *node = calloc(1, sizeof(*node));

	if (!node) {
		filter_free(left);
		filter_free(right);
		return NULL;
	}
	node->kind = kind;
	node->left = left;
	node->right = right;
	return node;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	filter_free(filter->left);
	filter_free(filter->right);
	free(filter->pattern);
	free(filter);
}

struct filter *filter_and(struct filter *a, struct filter *b, int *err)
{
	struct filter *both;

	*err = 0;
	if (!a || !b)
		return a ? a : b;
	both = filter_node(FILTER_AND, a, b);
	if (!both)
		*err = -ENOMEM;
	return both;
}

static enum filter_answer answer(bool yes)
{
	return yes ? FILTER_YES : FILTER_NO;
}

static enum filter_answer either(enum filter_answer a, enum filter_answer b)
{
	return a > b ? a : b;
}

static enum filter_answer both(enum filter_answer a, enum filter_answer b)
{
	return a < b ? a : b;
}

static enum filter_answer ask_port(const struct filter *filter, enum side side, const struct connection *conn)
{
	uint16_t port = side == SIDE_LOCAL ? conn->tuple.lport : conn->tuple.rport;

	if (side == SIDE_LOCAL && connection_lacks_lport(conn))
		return FILTER_MAYBE;
	if (side == SIDE_REMOTE && connection_lacks_peer(conn))
		return FILTER_MAYBE;
	return answer(port >= filter->low && port <= filter->high);
}

static enum filter_answer ask_address(const struct filter *filter, enum side side, const struct connection *conn)
{
	const struct address *address = side == SIDE_LOCAL ? &conn->tuple.laddr : &conn->tuple.raddr;

	if (connection_lacks_peer(conn))
		return FILTER_MAYBE;
	if (filter->family == 6 && conn->tuple.family != 6)
		return FILTER_NO;
	return answer(address_in_prefix(address, &filter->address, filter->prefix_bits));
}

typedef enum filter_answer ask_side(const struct filter *filter, enum side side, const struct connection *conn);

static enum filter_answer ask_sides(const struct filter *filter, const struct connection *conn, ask_side *ask)
{
	if (filter->side != SIDE_EITHER)
		return ask(filter, filter->side, conn);
	return either(ask(filter, SIDE_LOCAL, conn), ask(filter, SIDE_REMOTE, conn));
}

static bool holds(const struct filter *filter, const struct owner *owner)
{
	if (owner->pid == 0)
		return false;
	if (filter->kind == FILTER_PID)
		return owner->pid == filter->number;
	return fnmatch(filter->pattern, owner->comm, 0) == 0;
}

/* Of a socket as it stands, who is known to hold it is asked for; of a transition, who did then. */
static enum filter_answer ask_owner(const struct filter *filter, const struct change *change)
{
	const struct connection *conn = change->conn;
	bool found = holds(filter, &conn->owner);

	if (change->kind == CHANGE_TRANSITION && connection_owner_is_open(conn))
		return FILTER_MAYBE;
	for (unsigned int i = 0; !found && conn->owners && i < conn->owner_count; i++)
		found = holds(filter, &conn->owners[i]);
	return answer(found);
}

static enum filter_answer ask_family(const struct filter *filter, const struct connection *conn)
{
	const struct tuple *tuple = &conn->tuple;

	if (filter->number == 6 || tuple->family == 4)
		return answer(tuple->family == filter->number);
	if (connection_lacks_peer(conn))
		return FILTER_MAYBE;
	return answer(address_is_ipv4(&tuple->laddr) || address_is_ipv4(&tuple->raddr));
}

static uint32_t states_of(const struct change *change)
{
	uint32_t states = 1u << change->newstate;

	return change->kind == CHANGE_TRANSITION ? states | 1u << change->oldstate : states;
}

enum filter_answer filter_ask(const struct filter *filter, const struct change *change)
{
	const struct connection *conn = change->conn;

	if (!filter)
		return FILTER_YES;
	switch (filter->kind) {
	case FILTER_AND:
		return both(filter_ask(filter->left, change), filter_ask(filter->right, change));
	case FILTER_OR:
		return either(filter_ask(filter->left, change), filter_ask(filter->right, change));
	case FILTER_NOT:
		return FILTER_YES - filter_ask(filter->left, change);
	case FILTER_STATE:
		return answer(states_of(change) & filter->number);
	case FILTER_PORT:
		return ask_sides(filter, conn, ask_port);
	case FILTER_ADDRESS:
		return ask_sides(filter, conn, ask_address);
	case FILTER_PID:
	case FILTER_COMM:
		return ask_owner(filter, change);
	case FILTER_UID:
		return answer(conn->uid == filter->number);
	case FILTER_NETNS:
		return answer(conn->tuple.netns == filter->number);
	case FILTER_FAMILY:
		return ask_family(filter, conn);
	}
	return FILTER_NO;
}
