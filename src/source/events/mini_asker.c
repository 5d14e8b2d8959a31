// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "mini_asker.h"

#include <errno.h>
#include <stdlib.h>

#include "netns.h"
#include "privileges.h"

struct mini_asker {
	struct sock_diag *here; /* in our own namespace; NULL: not opened yet */
	uint32_t home;
};

/* Questions for one namespace. */
struct questions {
	struct mini_question *all;
	size_t count;
};

struct mini_asker *mini_asker_new(void)
{
	struct mini_asker *asker = calloc(1, sizeof(*asker));

	if (asker)
		asker->home = netns_home();
	return asker;
}

void mini_asker_free(struct mini_asker *asker)
{
	if (!asker)
		return;
	sock_diag_close(asker->here);
	free(asker);
}

static int compare_namespaces(const void *a, const void *b)
{
	const struct mini_question *x = a, *y = b;

	return (x->tuple.netns > y->tuple.netns) - (x->tuple.netns < y->tuple.netns);
}

static int ask_here(struct mini_asker *asker, struct questions *questions)
{
	int err = asker->here ? 0 : sock_diag_open(asker->home, &asker->here);

	if (!err)
		err = sock_diag_ask(asker->here, questions->all, questions->count);
	if (err) { /* answers may still be on their way */
		sock_diag_close(asker->here);
		asker->here = NULL;
	}
	return err;
}

/* A netns_work. The netlink socket is closed again: an open one would keep the namespace from ending. */
static int ask_inside(void *context)
{
	const struct questions *questions = context;
	struct sock_diag *diag;
	int err = sock_diag_open(questions->all->tuple.netns, &diag);

	if (err)
		return err;
	err = sock_diag_ask(diag, questions->all, questions->count);
	sock_diag_close(diag);
	return err;
}

/* `others`: the namespaces of this host, found when the first one is needed. */
static int ask_elsewhere(struct netns_list *others, struct questions *questions)
{
	const struct netns *netns;
	int err = others->all ? 0 : netns_discover(others);

	if (err)
		return err;
	netns = netns_list_find(others, questions->all->tuple.netns);
	return netns ? netns_run_inside(netns, ask_inside, questions) : -ESRCH;
}

static size_t count_of_same_namespace(const struct mini_question *questions, size_t count)
{
	size_t same = 1;

	while (same < count && questions[same].tuple.netns == questions->tuple.netns)
		same++;
	return same;
}

int mini_asker_ask(struct mini_asker *asker, struct mini_question *questions, size_t count)
{
	WITH_PRIVILEGES;
	struct netns_list others = {0};
	int err = 0;

	qsort(questions, count, sizeof(*questions), compare_namespaces);
	for (size_t done = 0; !err && done < count;) {
		struct questions next = {questions + done, count_of_same_namespace(questions + done, count - done)};

		err = next.all->tuple.netns == asker->home ? ask_here(asker, &next) : ask_elsewhere(&others, &next);
		done += next.count;
	}
	netns_list_free(&others);
	return err;
}
