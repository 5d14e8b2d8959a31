// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "checkup.h"
#include "live_internal.h"
#include "log.h"
#include "process.h"

/* The interval of rounds, which see to what no event reports: minisockets, owners that exit, and transitions that no
 * program got (WHOLE_NS). Where only tables are printed, each after a snapshot of its own, rare rounds are enough: they
 * keep ended connections from piling up. */
#define ROUND_NS      NS_PER_SEC
#define RARE_ROUND_NS (30 * NS_PER_SEC)

/* The interval of snapshots of everything, taken where transitions have come since the last one. A kernel may keep
 * transitions from all BPF programs without counting that, for example where it shields a process from tracing. */
#define WHOLE_NS (10 * NS_PER_SEC)

/* For this long the kernel's count of minisockets is trusted to show whether one has ended. */
#define COUNT_NS (5 * NS_PER_SEC)

/* The delay before /proc is read again, where a reading has missed sockets that were there before. */
#define DOUBT_NS (100 * NS_PER_MS)

/* The delay between scans for the holders of connections that are not accepted yet doubles each time, up to this. */
#define MAX_PATIENCE_NS (8 * NS_PER_SEC)

/* When it is time to end, a running snapshot is completed all the same, unless it takes longer than this. */
#define COMPLETION_GRACE_NS (500 * NS_PER_MS)

enum { JOIN_TRIES = 5 };

/* Rest after a walk of the table that a process's end has caused, in times of what the walk took. */
enum { WALK_REST = 100 };

/* ---- the survey of a round ---- */

static bool should_have_owner(const struct connection *conn)
{
	return conn->state == STATE_ESTABLISHED || conn->state == STATE_CLOSE_WAIT || conn->state == STATE_LISTEN ||
	       conn->state == STATE_SYN_SENT;
}

enum { ALIVE_SLOTS = 64 };

struct round_survey {
	bool owner_is_gone;
	bool unsettled;              /* there is a listener or an accepted connection whose holder is not known */
	uint32_t alive[ALIVE_SLOTS]; /* some of the processes found alive, as a cache: most have many connections */
};

static bool is_owner_alive(struct round_survey *found, uint32_t pid)
{
	uint32_t *slot = &found->alive[pid % ALIVE_SLOTS];

	if (*slot == pid)
		return true;
	if (process_is_gone(pid))
		return false;
	*slot = pid;
	return true;
}

static void survey_connection(void *context, struct connection *conn)
{
	struct round_survey *found = context;

	found->unsettled = found->unsettled || (conn->state == STATE_LISTEN && !conn->scanned) ||
			   (connection_owner_is_open(conn) && should_have_owner(conn));
	if (!found->owner_is_gone && should_have_owner(conn) && conn->owner.pid)
		found->owner_is_gone = !is_owner_alive(found, conn->owner.pid);
}

static struct round_survey survey_table(const struct live *live)
{
	struct round_survey found = {0};

	table_each(live->table, survey_connection, &found);
	return found;
}

/* ---- joining ---- */

/* Lets the changes be written out that were handled so far: a snapshot may last. */
static int pause_for_writing(const struct live *live)
{
	return live->on_pause ? live->on_pause(live->context) : 0;
}

/* Waits until the snapshot is done. The rows of an exact one are handled as they come out of the ring. Any other
 * snapshot is older than the events that come meanwhile, so these are set aside. */
static int await_snapshot(struct live *live, struct snapshot *snapshot)
{
	bool exact = snapshot_kit_is_exact(live->kit);
	uint64_t over_ns = 0;
	int done = 0, err = 0;

	while (!err && !done) {
		done = live_wait(live, exact && live->more ? 0 : RING_POLL_MS);
		if (done < 0)
			err = done;
		else if (exact)
			err = live_consume(live);
		else
			err = bpf_source_set_aside(live->source);
		if (!err)
			err = pause_for_writing(live);
		if (!over_ns && live_is_over(live))
			over_ns = clock_monotonic_ns();
		if (err == -ENOBUFS || (over_ns && clock_monotonic_ns() > over_ns + COMPLETION_GRACE_NS)) {
			snapshot_abandon(snapshot);
			err = err == -ENOBUFS ? 0 : err;
		}
		if (live->signalled) /* a signal keeps live_wait() from waiting */
			usleep(1000);
	}
	return err;
}

/* Joins the snapshot with the table. Returns 0, or the error that ends the trace. *failed: 0, or why the snapshot is
 * not whole. */
static int join_snapshot(struct live *live, struct snapshot *snapshot, uint64_t began_ns, int *failed)
{
	int err = snapshot_announce(snapshot, began_ns, live->knows_all, live_handle_event, live);

	live->starved = false;
	live->unidentified = false;
	if (!err)
		err = await_snapshot(live, snapshot);
	if (!err)
		err = snapshot_rows(snapshot, began_ns, live_handle_event, live);
	if (!err)
		err = live_consume_all(live);
	if (err == -EAGAIN)
		snapshot_spoil(snapshot, -ENOBUFS);
	else if (err)
		return err;
	if (live->starved || table_starved(live->table))
		snapshot_spoil(snapshot, -ENOMEM);
	*failed = snapshot_end(snapshot, began_ns, live_handle_event, live);
	live->incomplete = *failed != 0 || live->unidentified;
	if (*failed == -ENOBUFS)
		schedule_want_now(&live->schedule, clock_monotonic_ns());
	return 0;
}

/* ---- what cannot be had ---- */

static void warn_of_put_off(int err)
{
	const char *remedy = checkup_remedy_of_errno(err);

	log_warning(
		"a snapshot of the sockets cannot be taken now, and is put off: %s%s%s. Until one can be taken, owners may be out of date, and ends of TIME_WAIT late",
		err == -ENOENT ? "/proc is not mounted" : strerror(-err), remedy ? ". " : "", remedy ? remedy : "");
}

/* Puts off a snapshot that could not be taken, and says so once: until one has been taken it is one and the same want.
 * At the start that is an error instead, which is returned: nothing is known yet. */
static int put_off_snapshot(struct live *live, uint8_t scope, int err)
{
	if (!live->joined) {
		log_error("the snapshot of existing sockets failed: %s", strerror(-err));
		return err;
	}
	if (!live->wants)
		warn_of_put_off(err);
	live->wants = true;
	live->incomplete = true;
	live->put_off++;
	live->minis_read_ns = 0; /* the next snapshot must read them */
	schedule_put_off(&live->schedule, scope, clock_monotonic_ns());
	return 0;
}

static void note_no_want(struct live *live)
{
	if (live->wants)
		log_info("snapshots can be taken again");
	live->wants = false;
}

/* After a snapshot of everything, during which nothing was lost, the table is right again: that is a resync. */
static void note_resync(struct live *live, uint8_t scope, bool was_out_of_step)
{
	if (scope != SCOPE_ALL || live->incomplete)
		live->out_of_step = live->out_of_step || was_out_of_step;
	else if (live->out_of_step)
		schedule_want_now(&live->schedule, clock_monotonic_ns());
	else
		live->resyncs += was_out_of_step;
}

/* True where a scan for holders is not needed. The accept hook sees each accept() but those that were waiting when the
 * hook was attached. Where the owners of all connections are settled, no descriptors need be scanned. */
static bool is_settled_by_hook(const struct live *live, uint8_t scope)
{
	struct round_survey found;

	if (!live->accept_hook || scope != SNAPSHOT_HOLDERS)
		return false;
	if (!snapshot_kit_is_exact(live->kit) &&
	    table_unheld(live->table)) /* the hook gives the addresses of sockets, /proc does not */
		return false;
	found = survey_table(live);
	return !found.unsettled && !found.owner_is_gone;
}

/* Schedules another holder scan while connections wait to be accepted. */
static void schedule_holder_scan(struct live *live, uint64_t now_ns)
{
	if (table_unheld(live->table) == 0 || !live->on_change)
		return;
	schedule_want(&live->schedule, SNAPSHOT_HOLDERS, now_ns + live->patience_ns);
	if (live->patience_ns < MAX_PATIENCE_NS)
		live->patience_ns *= 2;
}

/* Returns how many minisockets the kernel must have at least if none has ended, or changed its state; 0: that cannot be
 * said, and they must be read. Where not all of the host's minisockets are known, unknown ones hide the end of a known
 * one. After COUNT_NS the minisockets are read all the same. */
static size_t count_steady_minis(struct live *live, uint8_t scope, uint64_t now_ns)
{
	bool knows_all = !kernel_filter_leaves_out(live->kernel_filter) && snapshot_kit_enters(live->kit);
	bool counts = scope == SNAPSHOT_MINIS && knows_all && now_ns < live->minis_read_ns + COUNT_NS;
	size_t steady =
		counts && !table_minis(live->table, STATE_FIN_WAIT2) ? table_minis(live->table, STATE_TIME_WAIT) : 0;

	if (scope & SNAPSHOT_MINIS && !steady)
		live->minis_read_ns = now_ns;
	return steady;
}

/* Handles the events that came before a snapshot, whose rows must be newer than these. For an exact one a batch is
 * enough: its rows have their place among the events in the ring. */
static int consume_before_snapshot(struct live *live)
{
	int err = snapshot_kit_is_exact(live->kit) ? live_consume(live) : live_consume_all(live);

	return err && err != -EAGAIN ? err : pause_for_writing(live);
}

/* Settles what follows from a snapshot that was taken: the changes that waited for it, and further snapshots. */
static void settle_snapshot(struct live *live, uint8_t scope, uint64_t ended_ns)
{
	note_no_want(live);
	live->joined = true;
	gate_release(&live->gate);
	if (scope != SNAPSHOT_MINIS)
		log_info("joined with what is there: %zu sockets%s", table_count(live->table),
			 live->incomplete ? ", and others" : "");
	if (scope & SNAPSHOT_HOLDERS)
		schedule_holder_scan(live, ended_ns);
	if (table_doubtful(live->table) && live->on_change)
		schedule_want(&live->schedule, scope, ended_ns + DOUBT_NS);
	if (table_untold(live->table) && live->on_change)
		schedule_want(&live->schedule, SNAPSHOT_SOCKETS | SNAPSHOT_MINIS, ended_ns + DOUBT_NS);
}

int live_take_snapshot(struct live *live, uint8_t scope)
{
	int err = live->joined ? consume_before_snapshot(live) : 0, failed = 0;
	uint64_t began_ns = live->joined ? clock_monotonic_ns() : live->attached_ns, ended_ns;
	uint64_t seen_before = live->counts.seen;
	bool was_out_of_step = live->out_of_step;
	struct snapshot *snapshot;

	if (was_out_of_step) /* only a snapshot of everything mends the table */
		scope = SCOPE_ALL;
	schedule_begin(&live->schedule, scope);
	if (!err && scope == SNAPSHOT_MINIS && !live->incomplete && live_ask_minis(live) == 0)
		return 0;
	if (err || is_settled_by_hook(live, scope))
		return err;
	err = snapshot_start(live->kit, scope, count_steady_minis(live, scope, began_ns), live->done_fd, &snapshot);
	if (err)
		return put_off_snapshot(live, scope, err);
	live->out_of_step = false;
	err = join_snapshot(live, snapshot, began_ns, &failed);
	live->partial = snapshot_is_partial(snapshot) || (live->partial && scope != SCOPE_ALL);
	ended_ns = clock_monotonic_ns();
	schedule_end(&live->schedule, scope, snapshot_cost_ns(snapshot), ended_ns);
	snapshot_free(snapshot);
	if (err)
		return err;
	note_resync(live, scope, was_out_of_step);
	if (failed && failed != -ENOBUFS)
		return put_off_snapshot(live, scope, failed);
	if (scope & SNAPSHOT_SOCKETS) {
		live->whole_ns = ended_ns;
		live->whole_seen = seen_before;
	}
	settle_snapshot(live, scope, ended_ns);
	return 0;
}

/* Takes another snapshot where the first one leaves doubt: where a reading of /proc may have missed rows, or, at the
 * start, where the ring had no room for some rows (up to JOIN_TRIES). */
int live_join(struct live *live)
{
	bool first = !live->knows_all;
	int err = live_take_snapshot(live, SCOPE_ALL);

	if (!err && table_doubtful(live->table) && !live_is_over(live))
		err = live_take_snapshot(live, SCOPE_ALL);
	for (int i = 1; first && i < JOIN_TRIES && !err && live->incomplete && !live_is_over(live); i++)
		err = live_take_snapshot(live, SCOPE_ALL);
	if (first && !err && live->incomplete && live_is_over(live))
		log_warning("not all that is there could be told before it was time to end");
	else if (first && !err && live->incomplete)
		log_warning(
			"not all that is there could be told, for want of room in the ring: give more than --ring-size %llu",
			(unsigned long long)bpf_source_ring(live->source)->bytes);
	live->knows_all = true;
	return err;
}

/* Walks the table for connections whose owner is gone. */
static void check_owners(struct live *live)
{
	uint64_t began_ns = clock_monotonic_ns(), ended_ns;

	live->owner_is_lost = survey_table(live).owner_is_gone;
	ended_ns = clock_monotonic_ns();
	live->owners_rest_until_ns = ended_ns + WALK_REST * (ended_ns - began_ns);
}

void live_make_round(struct live *live, uint64_t now_ns)
{
	if (now_ns < live->round_ns)
		return;
	if (live_count_minis(live))
		schedule_want(&live->schedule, SNAPSHOT_MINIS, now_ns);
	if (live->counts.seen != live->whole_seen && now_ns >= live->whole_ns + WHOLE_NS)
		schedule_want(&live->schedule, SCOPE_ALL, now_ns);
	if (live_has_lost_owner(live))
		live->owner_is_lost = true;
	if (live->owner_is_lost && now_ns >= live->owners_rest_until_ns)
		check_owners(live);
	if (live->owner_is_lost && live->on_change)
		schedule_want(&live->schedule, SNAPSHOT_HOLDERS, now_ns);
	live->round_ns = now_ns + (live->on_change ? ROUND_NS : RARE_ROUND_NS);
}
