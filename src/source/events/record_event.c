// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "record_event.h"

#include <linux/types.h>
#include <string.h>

#include "count_of.h"
#include "record.h"

_Static_assert((int)RECORD_ADDR_LEN == (int)ADDRESS_LEN, "one form of address");
_Static_assert((int)RECORD_COMM_LEN == (int)COMM_LEN, "one form of name");
_Static_assert(RECORD_FOREIGN_PID == OWNER_FOREIGN, "one form of number");

/* Reads the interface behind the record's struct, which has `size` bytes. */
static uint32_t read_binding(const struct transition_record *t, size_t size)
{
	struct record_binding binding = {0};

	if (t->kind & RECORD_BOUND)
		memcpy(&binding, (const char *)t + size, sizeof(binding));
	return binding.interface;
}

static void read_record_tuple(struct tuple *tuple, const struct transition_record *t, size_t size)
{
	memcpy(tuple->laddr.bytes, t->laddr, ADDRESS_LEN);
	memcpy(tuple->raddr.bytes, t->raddr, ADDRESS_LEN);
	tuple->lport = t->lport;
	tuple->rport = t->rport;
	tuple->netns = t->netns;
	tuple->interface = read_binding(t, size);
	tuple->family = t->family;
}

static uint8_t map_record_state(uint8_t state)
{
	return state < STATE_COUNT ? state : STATE_UNKNOWN;
}

/* Only in these two states the kernel keeps a connection without its socket. */
static uint8_t map_heir_state(uint8_t state)
{
	return state == STATE_TIME_WAIT || state == STATE_FIN_WAIT2 ? state : 0;
}

/* `size`: of the struct that begins with `t`. */
static int hand_on_transition(const struct transition_record *t, size_t size, struct event *event,
			      event_handler *handler, void *context)
{
	event->kind = EVENT_TRANSITION;
	event->ts_ns = t->ts_ns;
	event->sk = t->sk;
	event->cookie = t->cookie;
	read_record_tuple(&event->tuple, t, size);
	event->oldstate = map_record_state(t->oldstate);
	event->newstate = map_record_state(t->newstate);
	event->again = t->kind & RECORD_AGAIN;
	event->uid = t->uid;
	return handler(context, event);
}

static struct owner make_record_owner(uint32_t pid, int32_t fd, const char comm[RECORD_COMM_LEN])
{
	struct owner owner = {.pid = pid, .fd = fd};

	memcpy(owner.comm, comm, COMM_LEN);
	owner.comm[COMM_LEN - 1] = '\0';
	return owner;
}

static struct lineage make_record_lineage(const struct record_lineage *record)
{
	struct lineage lineage = {.start_ns = record->start_ns > 0 ? (uint64_t)record->start_ns : 0,
				  .cgroup = record->cgroup,
				  .ppid = record->ppid,
				  .execs = record->execs,
				  .forked = record->forked};

	memcpy(lineage.pcomm, record->pcomm, COMM_LEN);
	lineage.pcomm[COMM_LEN - 1] = '\0';
	return lineage;
}

static int hand_on_call(const struct call_record *c, event_handler *handler, void *context)
{
	struct owner caller = make_record_owner(c->pid, FD_UNKNOWN, c->comm);
	struct lineage lineage = make_record_lineage(&c->lineage);
	struct event event = {.inode = c->inode,
			      .owners = &caller,
			      .owner_count = c->pid ? 1 : 0,
			      .lineage = c->pid ? &lineage : NULL};

	return hand_on_transition(&c->transition, sizeof(*c), &event, handler, context);
}

static int hand_on_closing(const struct closing_record *c, event_handler *handler, void *context)
{
	struct closing closing = {
		.rx_bytes = c->rx_bytes,
		.tx_bytes = c->tx_bytes,
		.srtt_us = c->srtt_us,
		.retrans = c->retrans,
		.err = c->err,
		.lives_on = map_heir_state(c->lives_on),
		.sent = c->flags & CLOSING_SENT,
		.acked = c->flags & CLOSING_ACKED,
		.peer_fin = c->flags & CLOSING_PEER_FIN,
		.shut_read = c->flags & CLOSING_SHUT_READ,
		.shut_write = c->flags & CLOSING_SHUT_WRITE,
		.orphan = c->flags & CLOSING_ORPHAN,
		.had_port = c->transition.lport != 0,
	};
	struct event event = {.inode = c->inode, .closing = &closing};

	return hand_on_transition(&c->transition, sizeof(*c), &event, handler, context);
}

static int hand_on_socket(const struct socket_record *s, event_handler *handler, void *context)
{
	const struct transition_record *t = &s->transition;
	struct event event = {
		.kind = EVENT_ROW,
		.ts_ns = t->ts_ns,
		.sk = s->mini ? 0 : t->sk,
		.cookie = t->cookie,
		.newstate = map_record_state(t->newstate),
		.mini = s->mini,
		.uid = s->mini && t->newstate != STATE_SYN_RECV ? UID_UNKNOWN : t->uid,
		.inode = s->inode,
		.recvq = s->recvq,
		.sendq = s->sendq,
		.state_since_ns = s->state_since_ns,
		.alive_since_ns = s->alive_since_ns,
	};

	read_record_tuple(&event.tuple, t, sizeof(*s));
	return handler(context, &event);
}

/* `lineage`: of the holder; NULL: not known. */
static int hand_on_holder(const struct holder_record *h, const struct lineage *lineage, event_handler *handler,
			  void *context)
{
	struct owner owner = make_record_owner(h->pid, h->fd, h->comm);
	struct event event = {
		.kind = h->kind == RECORD_ACCEPT ? EVENT_ACCEPT : EVENT_HOLDER,
		.sk = h->sk,
		.tuple = {.netns = h->netns},
		.uid = h->uid,
		.inode = h->inode,
		.owners = &owner,
		.owner_count = 1,
		.lineage = lineage,
	};

	return handler(context, &event);
}

static int hand_on_accept(const struct accept_record *a, event_handler *handler, void *context)
{
	struct lineage lineage = make_record_lineage(&a->lineage);

	return hand_on_holder(&a->holder, &lineage, handler, context);
}

static size_t find_record_size(unsigned int kind)
{
	static const uint8_t sizes[] = {
		[RECORD_TRANSITION] = sizeof(struct transition_record), [RECORD_CALL] = sizeof(struct call_record),
		[RECORD_CLOSING] = sizeof(struct closing_record),       [RECORD_SOCKET] = sizeof(struct socket_record),
		[RECORD_HOLDER] = sizeof(struct holder_record),         [RECORD_ACCEPT] = sizeof(struct accept_record),
	};

	return kind < COUNT_OF(sizes) ? sizes[kind] : 0;
}

static size_t find_binding_size(unsigned int flags)
{
	return flags & RECORD_BOUND ? sizeof(struct record_binding) : 0;
}

bool record_is_whole(const void *record, size_t size)
{
	const struct transition_record *t = record;
	unsigned int kind, flags;

	if (!size)
		return false;
	kind = t->kind & ~RECORD_FLAGS;
	flags = t->kind & RECORD_FLAGS;
	if (flags & RECORD_AGAIN && !record_is_transition(t))
		return false;
	if (flags & RECORD_BOUND && kind > RECORD_SOCKET)
		return false;
	if (!find_record_size(kind) || size != find_record_size(kind) + find_binding_size(flags))
		return false;
	if (kind == RECORD_HOLDER || kind == RECORD_ACCEPT)
		return true;
	return (t->family == 4 || t->family == 6) && (kind != RECORD_CLOSING || t->newstate == STATE_CLOSE);
}

bool record_is_transition(const void *record)
{
	unsigned int kind = ((const struct transition_record *)record)->kind & ~RECORD_FLAGS;

	return kind == RECORD_TRANSITION || kind == RECORD_CALL || kind == RECORD_CLOSING;
}

int record_hand_on(const void *record, event_handler *handler, void *context)
{
	const struct transition_record *t = record;
	struct event event = {0};

	switch (t->kind & ~RECORD_FLAGS) {
	case RECORD_CALL:
		return hand_on_call(record, handler, context);
	case RECORD_CLOSING:
		return hand_on_closing(record, handler, context);
	case RECORD_SOCKET:
		return hand_on_socket(record, handler, context);
	case RECORD_HOLDER:
		return hand_on_holder(record, NULL, handler, context);
	case RECORD_ACCEPT:
		return hand_on_accept(record, handler, context);
	default:
		return hand_on_transition(t, sizeof(*t), &event, handler, context);
	}
}
