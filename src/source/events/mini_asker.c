// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "mini_asker.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "clock.h"
#include "netns.h"
#include "privileges.h"

/* Rest after a search for namespaces, in times of what it took: it looks at every thread of the host. */
enum { SEARCH_REST = 1000 };

struct mini_asker {
	struct sock_diag *here; /* in our own namespace; NULL: not opened yet */
	uint32_t home;
	struct netns_list seen;  /* by the last search, without the descriptors, which would keep them from ending */
	uint64_t search_from_ns; /* no search before this */
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
	netns_list_free(&asker->seen);
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

/* ---- other namespaces ---- */

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

/* Enters by one of the threads that the last search has found in the namespace. */
static int ask_by_witness(const struct mini_asker *asker, struct questions *questions)
{
	const struct netns *netns = netns_list_find(&asker->seen, questions->all->tuple.netns);

	return netns && netns->witness_count ? netns_run_inside(netns, ask_inside, questions) : -ESRCH;
}

/* A netns_file_handler: takes the descriptor of the namespace that is looked for. */
static int take_netns_file(void *context, uint32_t inode, const char *name, int *fd)
{
	struct netns *netns = context;

	(void)name;
	if (inode == netns->inode && netns->fd < 0)
		netns->fd = TAKE_FD(*fd);
	return 0;
}

/* Enters by the namespace's file under /run/netns. */
static int ask_by_file(struct questions *questions)
{
	struct netns netns = {.inode = questions->all->tuple.netns, .fd = -1};
	int err = netns_each_file(take_netns_file, &netns);

	if (netns.fd < 0)
		return err ? err : -ESRCH;
	err = netns_run_inside(&netns, ask_inside, questions);
	cleanup_close(&netns.fd);
	return err;
}

/* Searches for the namespaces, unless the last search was a short while ago. True when it did. */
static bool search_namespaces(struct mini_asker *asker)
{
	uint64_t began_ns = clock_monotonic_ns(), ended_ns;

	if (began_ns < asker->search_from_ns)
		return false;
	netns_list_free(&asker->seen);
	if (netns_discover(&asker->seen))
		return false;
	for (size_t i = 0; i < asker->seen.count; i++) {
		cleanup_close(&asker->seen.all[i].fd);
		asker->seen.all[i].fd = -1;
	}
	ended_ns = clock_monotonic_ns();
	asker->search_from_ns = ended_ns + SEARCH_REST * (ended_ns - began_ns);
	return true;
}

static int ask_elsewhere(struct mini_asker *asker, struct questions *questions)
{
	int err = ask_by_witness(asker, questions);

	if (err == -ESRCH)
		err = ask_by_file(questions);
	if (err == -ESRCH && search_namespaces(asker))
		err = ask_by_witness(asker, questions);
	return err;
}

/* ---- all ---- */

static size_t count_of_same_namespace(const struct mini_question *questions, size_t count)
{
	size_t same = 1;

	while (same < count && questions[same].tuple.netns == questions->tuple.netns)
		same++;
	return same;
}

static int ask_in_namespace(struct mini_asker *asker, struct questions *questions)
{
	bool here = questions->all->tuple.netns == asker->home;
	int err = here ? ask_here(asker, questions) : ask_elsewhere(asker, questions);

	for (size_t i = 0; err && i < questions->count; i++)
		questions->all[i].state = STATE_UNKNOWN;
	return err;
}

int mini_asker_ask(struct mini_asker *asker, struct mini_question *questions, size_t count)
{
	WITH_PRIVILEGES;
	int last_err = 0;

	qsort(questions, count, sizeof(*questions), compare_namespaces);
	for (size_t done = 0; done < count;) {
		struct questions next = {questions + done, count_of_same_namespace(questions + done, count - done)};
		int err = ask_in_namespace(asker, &next);

		last_err = err ? err : last_err;
		done += next.count;
	}
	return last_err;
}
