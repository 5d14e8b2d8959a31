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
	interface_names_free(filter->interfaces);
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

static enum filter_answer answer_from_bool(bool yes)
{
	return yes ? FILTER_YES : FILTER_NO;
}

static enum filter_answer pick_higher_answer(enum filter_answer a, enum filter_answer b)
{
	return a > b ? a : b;
}

static enum filter_answer pick_lower_answer(enum filter_answer a, enum filter_answer b)
{
	return a < b ? a : b;
}

static enum filter_answer ask_port(const struct filter *filter, enum side side, const struct filter_subject *subject)
{
	uint16_t port = side == SIDE_LOCAL ? subject->tuple->lport : subject->tuple->rport;

	if (side == SIDE_LOCAL ? subject->lacks_lport : subject->lacks_peer)
		return FILTER_MAYBE;
	return answer_from_bool(port >= filter->low && port <= filter->high);
}

static enum filter_answer ask_address(const struct filter *filter, enum side side, const struct filter_subject *subject)
{
	const struct address *address = side == SIDE_LOCAL ? &subject->tuple->laddr : &subject->tuple->raddr;

	if (subject->lacks_peer)
		return FILTER_MAYBE;
	if (filter->family == 6 && subject->tuple->family != 6)
		return FILTER_NO;
	return answer_from_bool(address_in_prefix(address, &filter->address, filter->prefix_bits));
}

typedef enum filter_answer ask_side(const struct filter *filter, enum side side, const struct filter_subject *subject);

static enum filter_answer ask_sides(const struct filter *filter, const struct filter_subject *subject, ask_side *ask)
{
	if (!subject->has_endpoints)
		return FILTER_NO;
	if (filter->side != SIDE_EITHER)
		return ask(filter, filter->side, subject);
	return pick_higher_answer(ask(filter, SIDE_LOCAL, subject), ask(filter, SIDE_REMOTE, subject));
}

static bool matches_owner(const struct filter *filter, const struct owner *owner)
{
	if (owner->pid == 0)
		return false;
	if (filter->kind == FILTER_PID)
		return owner->pid == filter->number;
	if (filter->kind == FILTER_COMM)
		return fnmatch(filter->pattern, owner->comm, 0) == 0;
	return filter_matches_identity(filter, owner->identity);
}

static enum filter_answer ask_owner(const struct filter *filter, const struct filter_subject *subject)
{
	bool found = subject->owner && matches_owner(filter, subject->owner);

	if (subject->owner_is_open)
		return FILTER_MAYBE;
	for (size_t i = 0; !found && i < subject->owner_count; i++)
		found = matches_owner(filter, &subject->owners[i]);
	return answer_from_bool(found);
}

static enum filter_answer ask_family(const struct filter *filter, const struct filter_subject *subject)
{
	const struct tuple *tuple = subject->tuple;

	if (!subject->has_endpoints)
		return FILTER_NO;
	if (filter->number == 6 || tuple->family == 4)
		return answer_from_bool(tuple->family == filter->number);
	if (subject->lacks_peer)
		return FILTER_MAYBE;
	return answer_from_bool(address_is_ipv4(&tuple->laddr) || address_is_ipv4(&tuple->raddr));
}

enum filter_answer filter_ask_about(const struct filter *filter, const struct filter_subject *subject)
{
	if (!filter)
		return FILTER_YES;
	switch (filter->kind) {
	case FILTER_AND:
		return pick_lower_answer(filter_ask_about(filter->left, subject),
					 filter_ask_about(filter->right, subject));
	case FILTER_OR:
		return pick_higher_answer(filter_ask_about(filter->left, subject),
					  filter_ask_about(filter->right, subject));
	case FILTER_NOT:
		return FILTER_YES - filter_ask_about(filter->left, subject);
	case FILTER_STATE:
		return answer_from_bool(subject->states & filter->number);
	case FILTER_PORT:
		return ask_sides(filter, subject, ask_port);
	case FILTER_ADDRESS:
		return ask_sides(filter, subject, ask_address);
	case FILTER_PID:
	case FILTER_COMM:
	case FILTER_UNIT:
	case FILTER_CONTAINER:
	case FILTER_EXE:
	case FILTER_PCOMM:
		return ask_owner(filter, subject);
	case FILTER_UID:
		return answer_from_bool(subject->uid == filter->number);
	case FILTER_NETNS:
		return answer_from_bool(subject->tuple->netns == filter->number);
	case FILTER_FAMILY:
		return ask_family(filter, subject);
	case FILTER_PATH:
		return answer_from_bool(subject->path && fnmatch(filter->pattern, subject->path, 0) == 0);
	case FILTER_INTERFACE:
		return filter_ask_interface(filter, subject);
	}
	return FILTER_NO;
}

/* Asks about the owner and the holders that are known now. For a socket as it stands, they decide. For a transition,
 * the answer is maybe while the owner may still turn out to be another process. */
enum filter_answer filter_ask(const struct filter *filter, const struct change *change)
{
	const struct connection *conn = change->conn;
	struct filter_subject subject = {
		.tuple = &conn->tuple,
		.has_endpoints = true,
		.states = 1u << change->newstate,
		.uid = conn->uid,
		.ts_ns = change->ts_ns,
		.owner = &conn->owner,
		.owners = conn->owners,
		.owner_count = conn->owners ? conn->owner_count : 0,
	};

	if (!filter)
		return FILTER_YES;
	subject.lacks_lport = connection_lacks_lport(conn);
	subject.lacks_peer = connection_lacks_peer(conn);
	if (change->kind == CHANGE_TRANSITION) {
		subject.states |= 1u << change->oldstate;
		subject.owner_is_open = connection_owner_is_open(conn);
	}
	return filter_ask_about(filter, &subject);
}

uint32_t filter_topics(const struct filter *filter)
{
	if (!filter)
		return 0;
	switch (filter->kind) {
	case FILTER_STATE:
		return TOPIC_STATE;
	case FILTER_PID:
	case FILTER_COMM:
		return TOPIC_OWNER;
	case FILTER_UNIT:
	case FILTER_CONTAINER:
	case FILTER_EXE:
	case FILTER_PCOMM:
		return TOPIC_OWNER | TOPIC_IDENTITY;
	case FILTER_UID:
		return TOPIC_USER;
	case FILTER_NETNS:
		return TOPIC_NETNS;
	case FILTER_INTERFACE:
		return TOPIC_INTERFACE;
	default:
		return filter_topics(filter->left) | filter_topics(filter->right);
	}
}

static void find_processes(const struct filter *filter, bool left_out, filter_process_handler *handler, void *context)
{
	if (!filter)
		return;
	if (filter->kind == FILTER_PID && !left_out)
		handler(context, filter->number, NULL);
	if (filter->kind == FILTER_COMM && !left_out)
		handler(context, 0, filter->pattern);
	left_out = left_out != (filter->kind == FILTER_NOT);
	find_processes(filter->left, left_out, handler, context);
	find_processes(filter->right, left_out, handler, context);
}

void filter_each_process(const struct filter *filter, filter_process_handler *handler, void *context)
{
	find_processes(filter, false, handler, context);
}

static enum filter_answer ask_netns_alone(const struct filter *filter, uint32_t netns)
{
	switch (filter->kind) {
	case FILTER_AND:
		return pick_lower_answer(ask_netns_alone(filter->left, netns), ask_netns_alone(filter->right, netns));
	case FILTER_OR:
		return pick_higher_answer(ask_netns_alone(filter->left, netns), ask_netns_alone(filter->right, netns));
	case FILTER_NOT:
		return FILTER_YES - ask_netns_alone(filter->left, netns);
	case FILTER_NETNS:
		return answer_from_bool(filter->number == netns);
	default:
		return FILTER_MAYBE;
	}
}

bool filter_may_pass_in(const struct filter *filter, uint32_t netns)
{
	return !filter || ask_netns_alone(filter, netns) != FILTER_NO;
}

uint32_t filter_states(const struct filter *filter)
{
	if (!filter)
		return UINT32_MAX;
	switch (filter->kind) {
	case FILTER_STATE:
		return filter->number;
	case FILTER_AND:
		return filter_states(filter->left) & filter_states(filter->right);
	case FILTER_OR:
		return filter_states(filter->left) | filter_states(filter->right);
	case FILTER_NOT:
		return filter->left->kind == FILTER_STATE ? ~filter->left->number : UINT32_MAX;
	default:
		return UINT32_MAX;
	}
}
