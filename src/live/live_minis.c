// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Minisockets that are asked for one by one, where there are few: it spares a walk over all sockets of the host.
 */
#include <errno.h>
#include <stdlib.h>

#include "live_internal.h"

/* So many are asked for, each second: that takes a millisecond or two. */
enum { FEW_MINIS = 500 };

struct mini_choice {
	struct mini_question *questions;
	size_t count, room;
	bool partial; /* the kernel cannot be asked for one of them: its interface is not known */
};

static bool is_closed_mini(const struct connection *conn)
{
	return conn->state == STATE_TIME_WAIT || conn->state == STATE_FIN_WAIT2;
}

static void choose_mini(void *context, struct connection *conn)
{
	struct mini_choice *choice = context;

	if (!is_closed_mini(conn))
		return;
	if (conn->tuple.interface == INTERFACE_UNKNOWN || choice->count == choice->room)
		choice->partial = true;
	else
		choice->questions[choice->count++].tuple = conn->tuple;
}

static void apply_answers(struct live *live, const struct mini_choice *choice)
{
	struct event answer = {.kind = EVENT_MINI, .ts_ns = clock_monotonic_ns()};

	for (size_t i = 0; i < choice->count; i++) {
		answer.tuple = choice->questions[i].tuple;
		answer.newstate = choice->questions[i].state;
		if (answer.newstate != STATE_UNKNOWN)
			live_handle_event(live, &answer);
	}
}

size_t live_count_minis(const struct live *live)
{
	return table_minis(live->table, STATE_TIME_WAIT) + table_minis(live->table, STATE_FIN_WAIT2);
}

/* Handshakes are not asked for: what answers may be the child that one has become. */
static bool may_ask_minis(const struct live *live)
{
	return live_count_minis(live) <= FEW_MINIS && !table_minis(live->table, STATE_SYN_RECV) &&
	       snapshot_kit_is_exact(live->kit);
}

int live_ask_minis(struct live *live)
{
	struct mini_choice choice = {.room = live_count_minis(live)};
	uint64_t began_ns = clock_monotonic_ns(), ended_ns;
	int err;

	if (!may_ask_minis(live))
		return -E2BIG;
	choice.questions = calloc(choice.room + 1, sizeof(*choice.questions));
	if (!choice.questions)
		return -ENOMEM;
	table_each_mini(live->table, choose_mini, &choice);
	err = mini_asker_ask(live->mini_asker, choice.questions, choice.count);
	apply_answers(live, &choice);
	free(choice.questions);
	ended_ns = clock_monotonic_ns();
	schedule_end(&live->schedule, SNAPSHOT_MINIS, ended_ns - began_ns, ended_ns);
	return choice.partial ? -EINVAL : err;
}
