// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "errno_kind.h"
#include "grow.h"
#include "iterators.h"
#include "log.h"
#include "netns_history.h"
#include "privileges.h"
#include "proc_event.h"
#include "proc_fd.h"
#include "proc_net.h"
#include "process.h"
#include "process_dir.h"
#include "ring_holders.h"
#include "sockstat.h"

/* Longest life of a half-open connection that nobody answers: tcp_synack_retries is 5, unless somebody has set it, and
 * each wait is twice the one before. */
#define HALF_OPEN_NS (63 * NS_PER_SEC)

struct snapshot_kit {
	struct iterators *iterators;  /* NULL: not available */
	bool exact;                   /* the iterators show the sockets; false: /proc does */
	bool enters;                  /* may enter other network namespaces */
	bool warned;                  /* the log says that a namespace cannot be read */
	struct netns_history history; /* used by the running snapshot's thread only */
};

struct snapshot {
	struct snapshot_kit *kit;
	pthread_t thread;
	bool joined;
	atomic_bool stop;
	int done_fd;
	int err;
	uint64_t cost_ns;     /* processor time of its thread */
	uint64_t end_cost_ns; /* processor time of snapshot_end()'s handler */
	uint8_t scope;
	bool partial;       /* see snapshot_is_partial() */
	uint8_t reported;   /* the parts of the scope that were reported completely */
	size_t known_minis; /* see snapshot_start() */
	struct proc_rows rows;
	uint64_t read_ns;         /* when all rows were read */
	struct owner *owners;     /* see proc_fd_scan() */
	struct proc_fd_gaps gaps; /* in what was found of the holders */
	struct held_socket *held; /* sockets that are registered with io_urings, in ascending order of inodes */
	size_t held_count;
	size_t held_room;
	uint32_t *covered; /* namespaces that were read completely, or are empty */
	size_t covered_count;
	uint32_t *gone; /* namespaces that existed before and do not now */
	size_t gone_count;
	uint32_t *there; /* all namespaces that exist; NULL: some may be hidden */
	size_t there_count;
	uint32_t orphans; /* in all namespaces, or COUNT_UNKNOWN */
};

/* ---- the kit ---- */

static bool is_only_namespace(void)
{
	struct netns_list namespaces;
	bool alone;

	if (netns_discover(&namespaces))
		return false;
	alone = namespaces.count <= 1;
	netns_list_free(&namespaces);
	return alone;
}

static int report_missing_iterators(int err)
{
	log_error(
		"--snapshot-source=iter: this kernel has no BPF iterators over sockets and descriptors, or does not allow them (%s). Give auto or proc",
		strerror(-err));
	return err;
}

int snapshot_kit_open(const struct bpf_ring *ring, enum snapshot_source source, struct snapshot_kit **out)
{
	struct snapshot_kit *kit = calloc(1, sizeof(*kit));
	int err = 0;

	if (!kit)
		return -ENOMEM;
	kit->enters = netns_may_enter();
	kit->exact = source == SNAPSHOT_BY_ITER || (source == SNAPSHOT_BY_AUTO && (kit->enters || is_only_namespace()));
	if (source != SNAPSHOT_BY_PROC)
		err = iterators_open(ring, kit->exact, &kit->iterators);
	if (err && (source == SNAPSHOT_BY_ITER || errno_is_resource(err))) {
		free(kit);
		return source == SNAPSHOT_BY_ITER ? report_missing_iterators(err) : err;
	}
	kit->exact = kit->exact && kit->iterators;
	log_info("snapshots by %s, holders by %s", kit->exact ? "iterator" : "/proc",
		 kit->iterators ? "iterator" : "/proc");
	*out = kit;
	return 0;
}

void snapshot_kit_free(struct snapshot_kit *kit)
{
	if (!kit)
		return;
	iterators_free(kit->iterators);
	netns_history_free(&kit->history);
	free(kit);
}

bool snapshot_kit_is_exact(const struct snapshot_kit *kit)
{
	return kit->exact;
}

bool snapshot_kit_finds_holders(const struct snapshot_kit *kit)
{
	return kit->iterators;
}

bool snapshot_kit_enters(const struct snapshot_kit *kit)
{
	return kit->enters;
}

/* ---- sockets ---- */

static int read_tcp_table(const struct netns *netns, const char *table, uint8_t family, struct proc_rows *rows,
			  size_t *odd)
{
	CLEANUP(cleanup_close) int fd = netns_open_table(netns, table);

	if (fd == -ENOENT) /* this host has no IPv6 */
		return 0;
	return fd < 0 ? fd : proc_net_read(fd, family, netns->inode, rows, odd);
}

static void note_covered_namespace(struct snapshot *snapshot, const struct netns *netns)
{
	snapshot->covered[snapshot->covered_count++] = netns->inode;
}

/* Runs the iterator in the namespace that this thread is in. The processor time of this thread counts as the
 * snapshot's, unless this is the snapshot's own thread, which counts its time at the end. */
static int run_iterator_here(void *context)
{
	struct snapshot *snapshot = context;
	bool minis_only = !(snapshot->scope & SNAPSHOT_SOCKETS);
	int err = iterators_sockets(snapshot->kit->iterators, minis_only, &snapshot->stop);

	if (!pthread_equal(pthread_self(), snapshot->thread))
		snapshot->cost_ns += clock_thread_ns();
	return err;
}

static int read_sockets_by_iterator(struct snapshot *snapshot, const struct netns *netns)
{
	return netns_run_inside(netns, run_iterator_here, snapshot);
}

static int read_sockets_from_proc(struct snapshot *snapshot, const struct netns *netns)
{
	size_t odd = 0;
	int err = read_tcp_table(netns, "tcp", 4, &snapshot->rows, &odd);

	if (!err)
		err = read_tcp_table(netns, "tcp6", 6, &snapshot->rows, &odd);
	if (odd)
		log_warning("%zu %s not understood in /proc/net/tcp of network namespace %u", odd,
			    odd == 1 ? "line is" : "lines are", netns->inode);
	return err ? err : odd ? -EILSEQ : 0;
}

/* Recognizes a namespace that need not be read. The kernel keeps the connections of all namespaces in one table. It
 * walks the whole table for each namespace, which takes 8 ms, and where there are many namespaces most have no
 * connections. Half-open connections are not in the kernel's counts, and outlive their listener: a namespace that had
 * sockets is read for HALF_OPEN_NS more. */
static bool is_empty_namespace(const struct snapshot *snapshot, const struct netns *netns)
{
	struct netns_past *past = netns_history_find(&snapshot->kit->history, netns->inode);
	uint64_t now_ns = clock_monotonic_ns();

	if (!sockstat_is_empty(netns, snapshot->scope & SNAPSHOT_SOCKETS)) {
		if (past)
			past->busy_ns = now_ns;
		return false;
	}
	return !past || !past->busy_ns || past->busy_ns + HALF_OPEN_NS < now_ns;
}

/* Warns once: there may be many such namespaces, and each snapshot comes upon them. */
static void warn_of_unreadable(struct snapshot_kit *kit, const struct netns *netns, int err)
{
	if (!kit->warned)
		log_warning(
			"network namespace %u cannot be read (%s): its sockets of before are not known, and when its TIME_WAITs end is only guessed. There may be others like it",
			netns->inode, strerror(-err));
	kit->warned = true;
}

static int read_namespace(struct snapshot *snapshot, const struct netns *netns)
{
	int err = 0;

	if (!is_empty_namespace(snapshot, netns))
		err = snapshot->kit->exact ? read_sockets_by_iterator(snapshot, netns)
					   : read_sockets_from_proc(snapshot, netns);
	if (!err)
		note_covered_namespace(snapshot, netns);
	if (err == -ENOBUFS || errno_is_resource(err))
		return err;
	/* -ESRCH, -EINVAL, -ENOENT: the namespace went away meanwhile; -EILSEQ is logged already. */
	if (err && err != -ESRCH && err != -EINVAL && err != -ENOENT && err != -EILSEQ)
		warn_of_unreadable(snapshot->kit, netns, err);
	return 0;
}

static int read_namespaces(struct snapshot *snapshot, const struct netns_list *namespaces)
{
	int err = 0;

	snapshot->covered = calloc(namespaces->count + 1, sizeof(*snapshot->covered));
	if (!snapshot->covered)
		return -ENOMEM;
	for (size_t i = 0; i < namespaces->count && !err; i++)
		err = atomic_load(&snapshot->stop) ? -ENOBUFS : read_namespace(snapshot, &namespaces->all[i]);
	if (snapshot->covered_count)
		qsort(snapshot->covered, snapshot->covered_count, sizeof(*snapshot->covered), event_compare_netns);
	return err;
}

/* Checks at little cost that no known minisocket has ended: the kernel counts as many as are known. Minisockets that
 * have just begun, and are not known yet, hide an end for a moment at most. */
static bool has_all_known_minis(const struct snapshot *snapshot, const struct netns_list *namespaces)
{
	size_t there = 0;

	if (snapshot->scope != SNAPSHOT_MINIS || !snapshot->known_minis)
		return false;
	for (size_t i = 0; i < namespaces->count; i++) {
		long minis = sockstat_minis(&namespaces->all[i]);

		there += minis > 0 ? (size_t)minis : 0;
	}
	return there >= snapshot->known_minis;
}

static int note_gone_namespaces(struct snapshot *snapshot, const struct netns_list *namespaces)
{
	struct netns_history *history = &snapshot->kit->history;
	int err = netns_history_note(history, namespaces);

	snapshot->gone = calloc(history->count + 1, sizeof(*snapshot->gone));
	if (err || !snapshot->gone)
		return -ENOMEM;
	snapshot->gone_count = netns_history_gone(history, snapshot->gone);
	return 0;
}

/* Notes all namespaces that exist. A namespace may come and go between two snapshots and leave only its TIME_WAITs, as
 * that of a container that ran for a second does. */
static int note_present_namespaces(struct snapshot *snapshot, const struct netns_list *namespaces)
{
	if (!namespaces->whole)
		return 0;
	snapshot->there = calloc(namespaces->count + 1, sizeof(*snapshot->there));
	if (!snapshot->there)
		return -ENOMEM;
	for (size_t i = 0; i < namespaces->count; i++)
		snapshot->there[i] = namespaces->all[i].inode;
	snapshot->there_count = namespaces->count;
	qsort(snapshot->there, snapshot->there_count, sizeof(*snapshot->there), event_compare_netns);
	return 0;
}

static int read_all_sockets(struct snapshot *snapshot)
{
	struct netns_list namespaces;
	int err = netns_discover(&namespaces);

	if (err)
		return err;
	snapshot->partial = errno_is_resource(namespaces.err);
	err = note_gone_namespaces(snapshot, &namespaces);
	if (!err)
		err = note_present_namespaces(snapshot, &namespaces);
	if (err) {
		netns_list_free(&namespaces);
		return err;
	}
	if (has_all_known_minis(snapshot, &namespaces))
		snapshot->scope = 0; /* nothing to report */
	else
		err = read_namespaces(snapshot, &namespaces);
	snapshot->read_ns = clock_monotonic_ns();
	snapshot->orphans = snapshot->scope & SNAPSHOT_SOCKETS ? sockstat_orphans() : COUNT_UNKNOWN;
	netns_list_free(&namespaces);
	return err;
}

/* ---- holders ---- */

static int note_held_socket(void *context, uint32_t inode, const struct owner *owner)
{
	struct snapshot *snapshot = context;

	if (!GROW(snapshot->held, snapshot->held_count, snapshot->held_room, 64))
		return -ENOMEM;
	snapshot->held[snapshot->held_count++] = (struct held_socket){.inode = inode, .owner = *owner};
	return 0;
}

/* Finds the holders by iterator. Sockets that are registered with an io_uring are known by their inode only, and by
 * pids as the kernel numbers them. */
static int iterate_holders(struct snapshot *snapshot)
{
	struct ring_holders rings = {0};
	int err = iterators_descriptors(snapshot->kit->iterators, &snapshot->stop, &rings);

	if (!err && process_numbers_are_kernels())
		err = ring_holders_each(&rings, note_held_socket, snapshot, &snapshot->gaps.rings);
	ring_holders_free(&rings);
	if (snapshot->gaps.rings)
		log_info("the files of %zu io_urings are not told", snapshot->gaps.rings);
	if (snapshot->held_count)
		qsort(snapshot->held, snapshot->held_count, sizeof(*snapshot->held), event_compare_held);
	return err;
}

/* ---- the thread ---- */

static int take_snapshot(struct snapshot *snapshot)
{
	struct snapshot_kit *kit = snapshot->kit;
	int err = 0;

	if (access("/proc/self/net", F_OK))
		return -errno;
	if (snapshot->scope & (SNAPSHOT_SOCKETS | SNAPSHOT_MINIS))
		err = read_all_sockets(snapshot);
	if (err)
		return err;
	snapshot->reported = snapshot->scope & (SNAPSHOT_SOCKETS | SNAPSHOT_MINIS);
	if (snapshot->scope & SNAPSHOT_HOLDERS)
		err = kit->iterators ? iterate_holders(snapshot)
				     : proc_fd_scan(&snapshot->rows, &snapshot->owners, &snapshot->gaps);
	if (!err)
		snapshot->reported = snapshot->scope;
	return err;
}

static void *run_snapshot_thread(void *argument)
{
	WITH_PRIVILEGES;
	struct snapshot *snapshot = argument;

	snapshot->err = take_snapshot(snapshot);
	snapshot->cost_ns += clock_thread_ns();
	eventfd_write(snapshot->done_fd, 1);
	return NULL;
}

/* Widens the scope to parts that the source can deliver. /proc shows all sockets, or none; and its descriptors name
 * inodes, which mean something only together with rows. */
static uint8_t widen_scope(const struct snapshot_kit *kit, uint8_t scope)
{
	if (!kit->exact && (scope & SNAPSHOT_MINIS || !kit->iterators))
		scope |= SNAPSHOT_SOCKETS | SNAPSHOT_MINIS;
	return scope;
}

int snapshot_start(struct snapshot_kit *kit, uint8_t scope, size_t minis, int done_fd, struct snapshot **out)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	int err;

	if (!snapshot)
		return -ENOMEM;
	snapshot->kit = kit;
	snapshot->scope = widen_scope(kit, scope);
	snapshot->known_minis = minis;
	snapshot->done_fd = done_fd;
	err = pthread_create(&snapshot->thread, NULL, run_snapshot_thread, snapshot);
	if (err) {
		free(snapshot);
		return -err;
	}
	*out = snapshot;
	return 0;
}

static void join_snapshot_thread(struct snapshot *snapshot)
{
	if (!snapshot->joined)
		pthread_join(snapshot->thread, NULL);
	snapshot->joined = true;
}

int snapshot_announce(const struct snapshot *snapshot, uint64_t began_ns, bool renewed, event_handler *handler,
		      void *context)
{
	struct event begin = {
		.kind = EVENT_SNAPSHOT_BEGIN,
		.ts_ns = began_ns,
		.scope = snapshot->scope,
		.exact = snapshot->kit->exact,
		.renewed = renewed,
	};

	return handler(context, &begin);
}

int snapshot_rows(struct snapshot *snapshot, uint64_t began_ns, event_handler *handler, void *context)
{
	int err = 0;

	join_snapshot_thread(snapshot);
	for (size_t i = 0; i < snapshot->rows.count && !err; i++) {
		const struct proc_row *row = &snapshot->rows.rows[i];
		struct event event = proc_event_of(row, began_ns, snapshot->read_ns);

		event.owners = snapshot->owners ? snapshot->owners + row->first_owner : NULL;
		event.owner_count = row->owner_count;
		err = handler(context, &event);
	}
	return err;
}

/* True when no process could hide a holder. */
static bool shows_all_holders(const struct snapshot *snapshot)
{
	if (snapshot->gaps.denied || snapshot->gaps.rings)
		return false;
	/* The iterator shows the processes of our own PID namespace. */
	return snapshot->kit->iterators ? process_is_in_first_namespace() : process_view() == PROCESSES_ALL;
}

int snapshot_end(struct snapshot *snapshot, uint64_t began_ns, event_handler *handler, void *context)
{
	struct event end = {
		.kind = EVENT_SNAPSHOT_END,
		.ts_ns = began_ns,
		.ended_ns = clock_monotonic_ns(),
		.scope = snapshot->reported,
		.exact = snapshot->kit->exact,
		.holders_by_row = !snapshot->kit->iterators,
		.held = snapshot->held,
		.held_count = snapshot->held_count,
		.all_holders = snapshot->reported & SNAPSHOT_HOLDERS && shows_all_holders(snapshot),
	};
	uint64_t cpu_ns = clock_thread_ns();
	int err;

	if (snapshot->err) /* covers no namespace: only minisockets end that cannot exist any more */
		end.scope |= snapshot->scope & SNAPSHOT_MINIS;
	if (snapshot->reported & (SNAPSHOT_SOCKETS | SNAPSHOT_MINIS)) {
		end.netns = snapshot->covered;
		end.netns_count = snapshot->covered_count;
		end.gone = snapshot->gone;
		end.gone_count = snapshot->gone_count;
		end.orphans = snapshot->orphans;
		end.there = snapshot->there;
		end.there_count = snapshot->there_count;
	}
	err = handler(context, &end);
	snapshot->end_cost_ns = clock_thread_ns() - cpu_ns;
	return err ? err : snapshot->err;
}

void snapshot_spoil(struct snapshot *snapshot, int err)
{
	snapshot->reported = 0;
	snapshot->err = err;
}

void snapshot_abandon(struct snapshot *snapshot)
{
	atomic_store(&snapshot->stop, true);
}

bool snapshot_is_partial(const struct snapshot *snapshot)
{
	return snapshot->partial;
}

uint64_t snapshot_cost_ns(const struct snapshot *snapshot)
{
	return 2 * snapshot->cost_ns + snapshot->end_cost_ns;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	atomic_store(&snapshot->stop, true);
	join_snapshot_thread(snapshot);
	proc_rows_free(&snapshot->rows);
	free(snapshot->owners);
	free(snapshot->held);
	free(snapshot->covered);
	free(snapshot->gone);
	free(snapshot->there);
	free(snapshot);
}
