/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Simulates a small kernel that lives at random: sockets at few addresses and ports, which are soon used again,
 * listeners with their children and requests, minisockets, and processes that hold, share and close sockets. Emits the
 * events that the real kernel would, and loses some of them.
 */
#include "exact.h"

enum {
	SIM_SOCKETS = 24,
	SIM_MINIS = 32,
	SIM_HOLDERS = 4,
	SIM_PIDS = 5,
	SIM_PORTS = 6,
	SIM_LATE = 4,
	SIM_CONNECTIONS = 1 << 16
};

struct sim_socket {
	uint8_t state; /* 0: the address is free */
	struct tuple tuple;
	uint64_t cookie;
	uint32_t inode;
	bool inbound;
	bool refused;         /* for a TIME_WAIT with the same tuple, before anything was sent */
	bool named;           /* by the scan for holders that is under way */
	bool young;           /* born since the scan for holders began */
	unsigned int born_in; /* the snapshot during which the socket was born; 0: none */
	struct owner holders[SIM_HOLDERS];
	unsigned int holder_count;
};

struct sim_mini {
	uint8_t state; /* 0: none */
	struct tuple tuple;
	uint64_t cookie;
	bool settled; /* the snapshot under way has reported the minisocket: no silent change may follow */
};

/* The last change of a connection. */
struct last_change {
	uint64_t id;
	uint8_t state;
	bool exact;      /* the times in all states so far were exact */
	uint64_t sum_us; /* of these times */
};

struct sim {
	struct bench *bench;
	struct sim_socket sockets[SIM_SOCKETS];
	struct sim_mini minis[SIM_MINIS];
	uint64_t random;
	uint64_t next_cookie;
	size_t waiting; /* connections whose last change is to TIME_WAIT */
	unsigned int now_us;
	unsigned int loss; /* of 100 events */
	unsigned int snapshots;
	uint64_t whole_ns; /* end of the first snapshot; 0: none yet */
	bool cookies;      /* sockets have cookies */
	bool late_peers;   /* a child's peer is reported late, as by Linux before 6.15 */
	bool accept_hook;
	bool in_snapshot;                 /* a snapshot is under way */
	bool scanning;                    /* a scan for holders is under way: holders stay as they are */
	struct last_change *last_changes; /* by the id of the connection */
	struct event late[SIM_LATE];      /* rows of sockets that died while their row was on its way */
	unsigned int late_count;
};

static inline unsigned int sim_random(struct sim *sim, unsigned int below)
{
	sim->random = sim->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(sim->random >> 33) % below;
}

static inline uint64_t sim_sk(const struct sim *sim, const struct sim_socket *socket)
{
	return SK(1 + (socket - sim->sockets));
}

/* True for a change with which the changes of a connection may begin: a birth, or anything of a connection that was
 * there before the first snapshot had ended. */
static inline bool sim_may_begin(const struct sim *sim, const struct change *change)
{
	return !sim->whole_ns || change->conn->born_ns <= sim->whole_ns || change->oldstate == STATE_CLOSE ||
	       (change->oldstate == STATE_LISTEN && change->newstate == STATE_SYN_RECV);
}

/* Checks that the times in the states of a life that was seen whole add up to the life. */
static inline void sim_check_sum(struct last_change *last, const struct change *change, bool birth)
{
	if (birth)
		return;
	last->exact = last->exact && change->in_state.known == SPAN_EXACT;
	last->sum_us += change->in_state.us;
	if (last->exact && change->age.known == SPAN_EXACT)
		assert_int_equal(last->sum_us, change->age.us);
}

/* Checks that the changes of a connection form a chain: each begins in the state in which the one before it ended.
 * Nothing follows the end, and nothing but the end follows TIME_WAIT. */
static inline void sim_check_change(void *context, const struct change *change)
{
	struct sim *sim = context;
	struct last_change *last = &sim->last_changes[change->conn->id % SIM_CONNECTIONS];
	bool birth;

	if (change->kind != CHANGE_TRANSITION)
		return;
	assert_int_not_equal(change->oldstate, change->newstate);
	birth = last->id != change->conn->id;
	if (last->id == change->conn->id) {
		assert_int_not_equal(last->state, STATE_CLOSE);
		assert_int_equal(change->oldstate, last->state);
	} else {
		*last = (struct last_change){.id = change->conn->id, .exact = true};
		assert_true(sim_may_begin(sim, change));
	}
	if (last->state == STATE_TIME_WAIT)
		assert_int_equal(change->newstate, STATE_CLOSE);
	sim->waiting += (change->newstate == STATE_TIME_WAIT) - (last->state == STATE_TIME_WAIT);
	last->state = change->newstate;
	sim_check_sum(last, change, birth);
}

static inline void sim_emit(struct sim *sim, const struct event *event)
{
	assert_int_equal(table_apply(sim->bench->table, event, sim_check_change, sim), 0);
}

/* ---- events ---- */

static inline void sim_step(struct sim *sim, struct sim_socket *socket, uint8_t newstate, const struct owner *caller,
			    struct tuple tuple, uint8_t lives_on)
{
	struct closing closing = {.sent = !socket->refused, .had_port = true, .lives_on = lives_on};
	struct event event = transition_of(sim_sk(sim, socket), socket->state, newstate, sim->now_us, tuple);

	sim->now_us += sim_random(sim, 100);
	event.ts_ns = AT_US(sim->now_us) + sim_random(sim, 1000);
	event.cookie = socket->cookie;
	event.inode = socket->inode;
	event.owners = caller;
	event.owner_count = caller ? 1 : 0;
	event.closing = newstate == STATE_CLOSE ? &closing : NULL;
	socket->state = newstate;
	if (sim_random(sim, 100) >= sim->loss)
		sim_emit(sim, &event);
}

static inline void sim_mini_row(struct sim *sim, struct sim_mini *mini)
{
	struct event row = mini_row_of(mini->state, sim->now_us, mini->tuple);

	row.cookie = mini->cookie;
	mini->settled = true;
	sim_emit(sim, &row);
}

static inline struct event sim_row_of(struct sim *sim, const struct sim_socket *socket)
{
	struct event row = exact_row_of(sim_sk(sim, socket), socket->state, sim->now_us, socket->tuple);

	row.cookie = socket->cookie;
	row.inode = socket->inode;
	return row;
}

/* ---- tuples ---- */

/* The same addresses and ports are used on two interfaces, as by two VRFs. */
static inline struct tuple sim_tuple(struct sim *sim, bool inbound, uint16_t port, uint16_t other)
{
	struct tuple tuple = inbound ? tuple_of(4, "10.0.0.2", port, "10.0.0.1", other)
				     : tuple_of(4, "10.0.0.1", other, "10.0.0.3", port);

	tuple.interface = 1 + sim_random(sim, 2);
	return tuple;
}

static inline struct tuple sim_listening(uint16_t port)
{
	return tuple_of(4, "0.0.0.0", port, "0.0.0.0", 0);
}

static inline bool sim_in_use(const struct sim *sim, const struct tuple *tuple)
{
	for (unsigned int i = 0; i < SIM_SOCKETS; i++)
		if (sim->sockets[i].state && tuple_equal(&sim->sockets[i].tuple, tuple))
			return true;
	return false;
}

static inline struct sim_mini *sim_mini_of(struct sim *sim, const struct tuple *tuple)
{
	for (unsigned int i = 0; i < SIM_MINIS; i++)
		if (sim->minis[i].state && tuple_equal(&sim->minis[i].tuple, tuple))
			return &sim->minis[i];
	return NULL;
}

static inline struct sim_mini *sim_free_mini(struct sim *sim)
{
	for (unsigned int i = 0; i < SIM_MINIS; i++)
		if (!sim->minis[i].state)
			return &sim->minis[i];
	return NULL;
}

/* ---- births ---- */

static inline struct owner sim_process(struct sim *sim, int32_t fd)
{
	return owner_of(1 + sim_random(sim, SIM_PIDS), fd, "process");
}

static inline struct sim_socket *sim_new(struct sim *sim, struct tuple tuple, bool inbound)
{
	struct sim_socket *socket = &sim->sockets[sim_random(sim, SIM_SOCKETS)];

	if (socket->state)
		return NULL;
	*socket = (struct sim_socket){.tuple = tuple, .inbound = inbound, .young = true};
	socket->cookie = sim->cookies ? ++sim->next_cookie : 0;
	socket->born_in = sim->in_snapshot ? sim->snapshots : 0;
	socket->inode = inbound ? 0 : 1000 + sim_random(sim, 1u << 30);
	return socket;
}

static inline void sim_hold(struct sim_socket *socket, struct owner owner)
{
	if (socket->holder_count == SIM_HOLDERS)
		return;
	for (unsigned int i = 0; i < socket->holder_count; i++)
		if (socket->holders[i].pid == owner.pid && socket->holders[i].fd == owner.fd)
			return;
	socket->holders[socket->holder_count++] = owner;
}

/* Connects a new socket. A port that bind() chose may be one in TIME_WAIT; the kernel itself takes a free port, and
 * reports the port late. */
static inline void sim_connect(struct sim *sim)
{
	struct tuple tuple = sim_tuple(sim, false, (uint16_t)(80 + sim_random(sim, 2)),
				       (uint16_t)(40000 + sim_random(sim, SIM_PORTS))),
		     reported = tuple;
	struct sim_mini *mini = sim_mini_of(sim, &tuple);
	bool bound = sim_random(sim, 2);
	struct sim_socket *socket;
	struct owner caller;

	if (sim_in_use(sim, &tuple) || (mini && (!bound || mini->state != STATE_TIME_WAIT)))
		return;
	socket = sim_new(sim, tuple, false);
	if (!socket)
		return;
	socket->refused = mini && sim_random(sim, 2);
	if (mini && !socket->refused)
		mini->state = 0;
	caller = sim_process(sim, 3);
	sim_hold(socket, caller);
	caller.fd = FD_UNKNOWN;
	reported.lport = bound ? tuple.lport : 0;
	socket->state = STATE_CLOSE;
	sim_step(sim, socket, STATE_SYN_SENT, &caller, reported, 0);
	if (!socket->refused)
		return;
	sim_step(sim, socket, STATE_CLOSE, &caller, reported, 0);
	socket->state = 0;
}

static inline void sim_listen(struct sim *sim)
{
	struct tuple tuple = sim_listening((uint16_t)(80 + sim_random(sim, 2)));
	struct sim_socket *socket = sim_new(sim, tuple, false);
	struct owner caller = sim_process(sim, 4);

	if (!socket)
		return;
	sim_hold(socket, caller);
	caller.fd = FD_UNKNOWN;
	socket->state = STATE_CLOSE;
	sim_step(sim, socket, STATE_LISTEN, &caller, tuple, 0);
}

static inline void sim_request(struct sim *sim)
{
	struct tuple tuple = sim_tuple(sim, true, (uint16_t)(80 + sim_random(sim, 2)),
				       (uint16_t)(50000 + sim_random(sim, SIM_PORTS)));
	struct sim_mini *mini = sim_free_mini(sim);

	if (!mini || sim->in_snapshot || sim_in_use(sim, &tuple) || sim_mini_of(sim, &tuple))
		return;
	*mini = (struct sim_mini){.state = STATE_SYN_RECV, .tuple = tuple};
	mini->cookie = sim->cookies ? ++sim->next_cookie : 0;
}

/* Removes a request from the hash. The child is reported before that. */
static inline void sim_leave_request(struct sim *sim, struct sim_socket *child, struct sim_mini *mini)
{
	bool reported = mini && mini->state == STATE_SYN_RECV && sim->in_snapshot;

	if (reported)
		sim_mini_row(sim, mini);
	if (mini)
		mini->state = 0;
	if (reported)
		sim_step(sim, child, STATE_ESTABLISHED, NULL, child->tuple, 0);
}

/* Opens a child, as the third packet of a handshake does. The first packet may have come long ago, or taken the place
 * of a TIME_WAIT. */
static inline void sim_child(struct sim *sim)
{
	struct tuple tuple = sim_tuple(sim, true, (uint16_t)(80 + sim_random(sim, 2)),
				       (uint16_t)(50000 + sim_random(sim, SIM_PORTS)));
	struct sim_mini *mini = sim_mini_of(sim, &tuple);
	uint64_t cookie = mini && mini->state == STATE_SYN_RECV ? mini->cookie : 0;
	struct sim_socket *socket;

	if (sim_in_use(sim, &tuple) || (mini && mini->state == STATE_FIN_WAIT2))
		return;
	socket = sim_new(sim, tuple, true);
	if (!socket)
		return;
	if (cookie)
		socket->cookie = cookie;
	socket->state = STATE_LISTEN;
	if (!sim->late_peers) {
		sim_step(sim, socket, STATE_SYN_RECV, NULL, tuple, 0);
		sim_leave_request(sim, socket, mini);
		return;
	}
	if (mini)
		mini->state = 0;
	cookie = socket->cookie;
	socket->cookie = 0;
	sim_step(sim, socket, STATE_SYN_RECV, NULL, sim_listening(tuple.lport), 0);
	socket->cookie = cookie;
	sim_step(sim, socket, STATE_ESTABLISHED, NULL, tuple, 0);
}

/* ---- deaths ---- */

/* Closes a socket. As in tcp_time_wait(), the minisocket is made first. */
static inline void sim_close(struct sim *sim, struct sim_socket *socket, uint8_t lives_on)
{
	struct sim_mini *mini = lives_on ? sim_free_mini(sim) : NULL;

	if (sim->in_snapshot && sim->late_count < SIM_LATE && sim_random(sim, 3) == 0)
		sim->late[sim->late_count++] = sim_row_of(sim, socket);
	if (mini) {
		*mini = (struct sim_mini){.state = lives_on, .tuple = socket->tuple, .cookie = socket->cookie};
		mini->settled = sim->in_snapshot;
		if (sim->in_snapshot && sim_random(sim, 3) == 0)
			sim_mini_row(sim, mini);
	}
	sim_step(sim, socket, STATE_CLOSE, NULL, socket->tuple, mini ? lives_on : 0);
	socket->state = 0;
}

/* ---- lives ---- */

static inline void sim_shut(struct sim *sim, struct sim_socket *socket, uint8_t newstate)
{
	struct owner caller = {.fd = FD_UNKNOWN};

	if (socket->holder_count)
		caller = socket->holders[sim_random(sim, socket->holder_count)];
	caller.fd = FD_UNKNOWN;
	sim_step(sim, socket, newstate, caller.pid ? &caller : NULL, socket->tuple, 0);
}

static inline void sim_move(struct sim *sim, struct sim_socket *socket, uint8_t newstate)
{
	sim_step(sim, socket, newstate, NULL, socket->tuple, 0);
}

static inline void sim_progress(struct sim *sim, struct sim_socket *socket)
{
	static const uint8_t nexts[STATE_COUNT][2] = {
		[STATE_SYN_SENT] = {STATE_ESTABLISHED, STATE_CLOSE},
		[STATE_SYN_RECV] = {STATE_ESTABLISHED, STATE_CLOSE},
		[STATE_ESTABLISHED] = {STATE_CLOSE_WAIT, STATE_FIN_WAIT1},
		[STATE_CLOSE_WAIT] = {STATE_LAST_ACK, STATE_CLOSE},
		[STATE_LAST_ACK] = {STATE_CLOSE, STATE_CLOSE},
		[STATE_FIN_WAIT1] = {STATE_FIN_WAIT2, STATE_CLOSING},
		[STATE_FIN_WAIT2] = {STATE_CLOSE, STATE_CLOSE},
		[STATE_CLOSING] = {STATE_CLOSE, STATE_CLOSE},
		[STATE_LISTEN] = {STATE_LISTEN, STATE_CLOSE},
	};
	uint8_t next = nexts[socket->state][sim_random(sim, 8) == 0];
	bool orphan = socket->state == STATE_FIN_WAIT2 && socket->holder_count == 0;
	bool lingers = socket->state == STATE_FIN_WAIT2 || socket->state == STATE_CLOSING;

	if (!socket->state || next == STATE_LISTEN)
		return;
	if (next == STATE_FIN_WAIT1 || next == STATE_LAST_ACK)
		sim_shut(sim, socket, next);
	else if (next != STATE_CLOSE)
		sim_move(sim, socket, next);
	else if (lingers && sim_random(sim, 8)) /* else there are too many minisockets */
		sim_close(sim, socket, orphan && sim_random(sim, 2) ? STATE_FIN_WAIT2 : STATE_TIME_WAIT);
	else
		sim_close(sim, socket, 0);
}

static inline void sim_accept(struct sim *sim, struct sim_socket *socket)
{
	struct owner owner = sim_process(sim, (int32_t)(5 + sim_random(sim, 3)));
	struct event event = {.kind = EVENT_ACCEPT, .sk = sim_sk(sim, socket), .owners = &owner, .owner_count = 1};

	if (!socket->inbound || socket->holder_count || socket->inode)
		return;
	if (socket->state != STATE_ESTABLISHED && socket->state != STATE_CLOSE_WAIT)
		return;
	sim_hold(socket, owner);
	socket->inode = 1000 + sim_random(sim, 1u << 30);
	if (sim->accept_hook && sim_random(sim, 100) >= sim->loss)
		sim_emit(sim, &event);
}

/* Takes a holder away. The last holder closes the socket. */
static inline void sim_let_go(struct sim *sim, struct sim_socket *socket)
{
	struct owner caller = socket->holders[0];

	caller.fd = FD_UNKNOWN;
	socket->holder_count--;
	memmove(socket->holders, socket->holders + 1, socket->holder_count * sizeof(socket->holders[0]));
	if (socket->holder_count)
		return;
	socket->inode = 0;
	switch (socket->state) {
	case STATE_ESTABLISHED:
		sim_step(sim, socket, STATE_FIN_WAIT1, &caller, socket->tuple, 0);
		break;
	case STATE_CLOSE_WAIT:
		sim_step(sim, socket, STATE_LAST_ACK, &caller, socket->tuple, 0);
		break;
	case STATE_SYN_SENT:
	case STATE_LISTEN:
		sim_close(sim, socket, 0);
		break;
	default:
		break;
	}
}

static inline void sim_processes(struct sim *sim, struct sim_socket *socket)
{
	if (!socket->state || sim->scanning)
		return;
	if (!socket->holder_count)
		sim_accept(sim, socket);
	else if (sim_random(sim, 3))
		sim_hold(socket, sim_process(sim, (int32_t)(3 + sim_random(sim, 3))));
	else
		sim_let_go(sim, socket);
}

static inline void sim_minis(struct sim *sim, struct sim_mini *mini)
{
	if (!mini->state || (sim->in_snapshot && mini->settled))
		return;
	mini->state = mini->state == STATE_FIN_WAIT2 && sim_random(sim, 2) ? STATE_TIME_WAIT : 0;
}

/* Makes one thing happen, or nothing. */
static inline void sim_act(struct sim *sim)
{
	switch (sim_random(sim, 12)) {
	case 0:
		sim_connect(sim);
		break;
	case 1:
		sim_child(sim);
		break;
	case 2:
		sim_request(sim);
		break;
	case 3:
		sim_minis(sim, &sim->minis[sim_random(sim, SIM_MINIS)]);
		break;
	case 4:
		if (sim_random(sim, 4) == 0)
			sim_listen(sim);
		break;
	case 5:
	case 6:
		sim_processes(sim, &sim->sockets[sim_random(sim, SIM_SOCKETS)]);
		break;
	default:
		sim_progress(sim, &sim->sockets[sim_random(sim, SIM_SOCKETS)]);
	}
}

static inline void sim_act_some(struct sim *sim, unsigned int most)
{
	for (unsigned int count = sim_random(sim, most + 1); count; count--)
		sim_act(sim);
}
