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
	size_t count;
	bool unclear; /* the kernel cannot be asked for one of them: its interface is not known */
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
	choice->unclear = choice->unclear || conn->tuple.interface == INTERFACE_UNKNOWN;
	choice->questions[choice->count++].tuple = conn->tuple;
}

static void apply_answers(struct live *live, const struct mini_choice *choice)
{
	struct event answer = {.kind = EVENT_MINI, .ts_ns = clock_monotonic_ns()};

	for (size_t i = 0; i < choice->count; i++) {
		answer.tuple = choice->questions[i].tuple;
		answer.newstate = choice->questions[i].state;
		live_handle_event(live, &answer);
	}
}

size_t live_count_minis(const struct live *live)
{
	return table_minis(live->table, STATE_TIME_WAIT) + table_minis(live->table, STATE_FIN_WAIT2);
}

int live_ask_minis(struct live *live)
{
	struct mini_choice choice = {0};
	size_t count = live_count_minis(live);
	int err;

	if (count > FEW_MINIS || !snapshot_kit_is_exact(live->kit))
		return -E2BIG;
	choice.questions = calloc(count + 1, sizeof(*choice.questions));
	if (!choice.questions)
		return -ENOMEM;
	table_each_mini(live->table, choose_mini, &choice);
	err = choice.unclear ? -EINVAL : mini_asker_ask(live->mini_asker, choice.questions, choice.count);
	if (!err)
		apply_answers(live, &choice);
	free(choice.questions);
	return err;
}
