// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "live_internal.h"
#include "log.h"
#include "process.h"

/* How often what no event tells is looked after: minisockets, and owners that exit. Where only tables are printed, each
 * after a look of its own, it is enough to keep what is over from piling up. */
#define ROUND_NS      NS_PER_SEC
#define RARE_ROUND_NS (30 * NS_PER_SEC)

/* Now and then, where something has happened, everything is looked at: Linux 6.18 was seen not to tell any BPF program
 * of a transition in thousands, without counting it. */
#define WHOLE_NS (10 * NS_PER_SEC)

/* For so long the kernel's count of minisockets is trusted to tell whether one has ended. */
#define COUNT_NS (5 * NS_PER_SEC)

/* How soon to read /proc again, where a reading has missed what was there before. */
#define DOUBT_NS (100 * NS_PER_MS)

/* A connection that nobody has accepted yet is looked for again after twice as long each time, to this. */
#define MAX_PATIENCE_NS (8 * NS_PER_SEC)

/* When it is time to end, a snapshot is seen through all the same, unless it takes longer than this. */
#define GRACE_NS (500 * NS_PER_MS)

enum { JOIN_TRIES = 5 };

/* ---- what a round looks for ---- */

static bool should_have_owner(const struct connection *conn)
{
	return conn->state == STATE_ESTABLISHED || conn->state == STATE_CLOSE_WAIT || conn->state == STATE_LISTEN ||
	       conn->state == STATE_SYN_SENT;
}

enum { ALIVE_SLOTS = 64 };

struct round_survey {
	size_t time_waits;
	size_t orphans; /* minisockets in FIN_WAIT2: they may turn into TIME_WAIT */
	bool owner_is_gone;
	bool unsettled;              /* a listener or an accepted connection whose holder nobody has seen */
	uint32_t alive[ALIVE_SLOTS]; /* some of the processes that are there: most have many connections */
};

static bool is_alive(struct round_survey *found, uint32_t pid)
{
	uint32_t *slot = &found->alive[pid % ALIVE_SLOTS];

	if (*slot == pid)
		return true;
	if (process_is_gone(pid))
		return false;
	*slot = pid;
	return true;
}

static void find(void *context, struct connection *conn)
{
	struct round_survey *found = context;

	found->unsettled = found->unsettled || (conn->state == STATE_LISTEN && !conn->scanned) ||
			   (connection_owner_is_open(conn) && should_have_owner(conn));
	found->time_waits += conn->state == STATE_TIME_WAIT;
	found->orphans += conn->mini && conn->state == STATE_FIN_WAIT2;
	if (!found->owner_is_gone && should_have_owner(conn) && conn->owner.pid)
		found->owner_is_gone = !is_alive(found, conn->owner.pid);
}

static struct round_survey find_all(const struct live *live)
{
	struct round_survey found = {0};

	table_each(live->table, find, &found);
	return found;
}

/* ---- joining ---- */

/* What an exact one tells is taken as it comes; any other is older than what comes meanwhile. */
static int await_snapshot(struct live *live, struct snapshot *snapshot)
{
	int fd = snapshot_fd(snapshot), done = 0, err;
	bool exact = snapshot_kit_is_exact(live->kit);
	uint64_t over_ns = 0;

	err = live_watch(live, fd, EPOLLIN);
	while (!err && !done) {
		done = live_wait(live, exact && live->more ? 0 : LOOK_MS);
		if (done < 0)
			err = done;
		else if (exact)
			err = live_consume(live);
		else
			err = bpf_source_set_aside(live->source);
		if (!over_ns && live_is_over(live))
			over_ns = clock_monotonic_ns();
		if (err == -ENOBUFS || (over_ns && clock_monotonic_ns() > over_ns + GRACE_NS)) {
			snapshot_abandon(snapshot);
			err = err == -ENOBUFS ? 0 : err;
		}
		if (live->signalled) /* which keeps live_wait() from waiting */
			usleep(1000);
	}
	epoll_ctl(live->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	return err;
}

static int join(struct live *live, struct snapshot *snapshot, uint64_t began_ns)
{
	int err = snapshot_announce(snapshot, began_ns, live_handle_event, live), end_err;

	if (!err)
		err = await_snapshot(live, snapshot);
	if (!err)
		err = snapshot_rows(snapshot, began_ns, live_handle_event, live);
	if (!err)
		err = live_consume_all(live);
	if (err == -EAGAIN)
		snapshot_spoil(snapshot);
	else if (err)
		return err;
	end_err = snapshot_end(snapshot, began_ns, live_handle_event, live);
	live->incomplete = end_err == -ENOBUFS;
	if (!live->incomplete)
		return end_err;
	schedule_want_now(&live->schedule, clock_monotonic_ns());
	return 0;
}

/* With a snapshot of everything, during which nothing was lost, the table is right again. */
static void note_resync(struct live *live, uint8_t scope, bool was_out_of_step)
{
	if (scope != SCOPE_ALL || live->incomplete)
		live->out_of_step = live->out_of_step || was_out_of_step;
	else if (live->out_of_step)
		schedule_want_now(&live->schedule, clock_monotonic_ns());
	else
		live->resyncs += was_out_of_step;
}

/* The hook sees each accept() but those that were waiting when it came. Where it has settled all there is, no
 * descriptors need be walked over. */
static bool is_settled(const struct live *live, uint8_t scope)
{
	struct round_survey found;

	if (!live->accept_hook || scope != SNAPSHOT_HOLDERS)
		return false;
	if (!snapshot_kit_is_exact(live->kit) &&
	    table_unheld(live->table)) /* the hook names addresses, which /proc does not */
		return false;
	found = find_all(live);
	return !found.unsettled && !found.owner_is_gone;
}

/* Who is not accepted yet will be. */
static void await_accepts(struct live *live, uint64_t now_ns)
{
	if (table_unheld(live->table) == 0 || !live->wants_changes)
		return;
	schedule_want(&live->schedule, SNAPSHOT_HOLDERS, now_ns + live->patience_ns);
	if (live->patience_ns < MAX_PATIENCE_NS)
		live->patience_ns *= 2;
}

/* How many there must be in the kernel at least if none has ended, or changed its state; 0: that cannot be told. Where
 * we do not know of all, others hide the end of ours; and from time to time it is better to look than to count. */
static size_t steady_minis(struct live *live, uint8_t scope, uint64_t now_ns)
{
	bool knows_all = !kernel_filter_leaves_out(live->kernel_filter) && snapshot_kit_enters(live->kit);
	struct round_survey found = {0};

	if (scope == SNAPSHOT_MINIS && knows_all && now_ns < live->looked_ns + COUNT_NS)
		found = find_all(live);
	if (scope & SNAPSHOT_MINIS && (found.orphans || !found.time_waits))
		live->looked_ns = now_ns;
	return found.orphans ? 0 : found.time_waits;
}

/* What a look tells is to be newer than what was heard before it; an exact one has its place in the ring. */
static int catch_up(struct live *live)
{
	int err = snapshot_kit_is_exact(live->kit) ? live_consume(live) : live_consume_all(live);

	return err == -EAGAIN ? 0 : err;
}

int live_look(struct live *live, uint8_t scope)
{
	int err = live->joined ? catch_up(live) : 0;
	uint64_t began_ns = live->joined ? clock_monotonic_ns() : live->attached_ns, ended_ns;
	bool was_out_of_step = live->out_of_step;
	struct snapshot *snapshot;

	if (was_out_of_step) /* which only a look at everything heals */
		scope = SCOPE_ALL;
	schedule_begin(&live->schedule, scope);
	if (!err && is_settled(live, scope))
		return 0;
	if (!err)
		err = snapshot_start(live->kit, scope, steady_minis(live, scope, began_ns), &snapshot);
	if (err)
		return err;
	live->out_of_step = false;
	err = join(live, snapshot, began_ns);
	ended_ns = clock_monotonic_ns();
	schedule_end(&live->schedule, 2 * snapshot_cost_ns(snapshot), ended_ns);
	if (scope & SNAPSHOT_SOCKETS) {
		live->whole_ns = ended_ns;
		live->whole_seen = live->counts.seen;
	}
	snapshot_free(snapshot);
	live->joined = true;
	if (err) {
		if (err != -EPIPE)
			log_error("the snapshot of existing sockets failed: %s", strerror(-err));
		return err;
	}
	gate_release(&live->gate);
	note_resync(live, scope, was_out_of_step);
	if (scope != SNAPSHOT_MINIS)
		log_info("joined with what is there: %zu sockets%s", table_count(live->table),
			 live->incomplete ? ", and others" : "");
	if (scope & SNAPSHOT_HOLDERS)
		await_accepts(live, ended_ns);
	if (table_doubtful(live->table) && live->wants_changes)
		schedule_want(&live->schedule, scope, ended_ns + DOUBT_NS);
	return 0;
}

/* Until there is nothing left to doubt: rows of which the ring had no room for some, at the first time, or which a
 * reading of /proc may have missed. */
int live_join(struct live *live)
{
	bool first = !live->joined;
	int err = live_look(live, SCOPE_ALL);

	if (!err && table_doubtful(live->table) && !live_is_over(live))
		err = live_look(live, SCOPE_ALL);
	for (int i = 1; first && i < JOIN_TRIES && !err && live->incomplete && !live_is_over(live); i++)
		err = live_look(live, SCOPE_ALL);
	if (first && !err && live->incomplete && live_is_over(live))
		log_warning("not all that is there could be told before it was time to end");
	else if (first && !err && live->incomplete)
		log_warning(
			"not all that is there could be told, for want of room in the ring: give more than --ring-size %llu",
			(unsigned long long)bpf_source_ring(live->source)->bytes);
	return err;
}

void live_make_round(struct live *live, uint64_t now_ns)
{
	struct round_survey found;

	if (now_ns < live->round_ns)
		return;
	found = find_all(live);
	if (found.time_waits + found.orphans)
		schedule_want(&live->schedule, SNAPSHOT_MINIS, now_ns);
	if (live->counts.seen != live->whole_seen && now_ns >= live->whole_ns + WHOLE_NS)
		schedule_want(&live->schedule, SCOPE_ALL, now_ns);
	if (found.owner_is_gone && live->wants_changes)
		schedule_want(&live->schedule, SNAPSHOT_HOLDERS, now_ns);
	live->round_ns = now_ns + (live->wants_changes ? ROUND_NS : RARE_ROUND_NS);
}
