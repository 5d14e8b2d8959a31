// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cleanup.h"
#include "host.h"
#include "live_internal.h"
#include "log.h"
#include "privileges.h"
#include "seccomp.h"

enum { EAGER_NICE = -10 };

/* ---- start and end ---- */

/* A change_handler: receives what the gate lets through. */
static void hand_on(void *context, const struct change *change)
{
	struct live *live = context;

	live->healed += change->healed;
	if (live->on_change)
		live->on_change(live->context, change);
}

static int set_eager_priority(void)
{
	return setpriority(PRIO_PROCESS, 0, EAGER_NICE) ? -errno : 0;
}

/* Raises the priority of this process, where that is permitted (CAP_SYS_NICE) and the user has not chosen another. The
 * programs that cause the events compete for the processors: the more they do, the less time would be left to handle
 * the events. This process takes no more time than the events need. */
static void raise_priority(void)
{
	WITH_PRIVILEGES;
	if (getpriority(PRIO_PROCESS, 0) == 0 && !seccomp_kills(set_eager_priority))
		set_eager_priority();
}

static int open_accept_hook(struct live *live, enum accept_source source)
{
	int err = source == ACCEPT_BY_SCAN ? 0 : accept_hook_open(bpf_source_ring(live->source), &live->accept_hook);

	if (err && source == ACCEPT_BY_FEXIT) {
		log_error(
			"--accept-source=fexit: this kernel does not let programs attach to the ends of its functions (%s). Give auto or scan",
			strerror(-err));
		live->reported = true;
		return err;
	}
	log_info("owners of accepted connections by %s", live->accept_hook ? "fexit" : "scan");
	return 0;
}

static int attach_sources(struct live *live, const struct live_options *options)
{
	int err = bpf_source_open(live->kernel_filter, options->ring_bytes, &live->source);

	live->reported = err != 0;
	if (err)
		return err;
	live->attached_ns = clock_monotonic_ns();
	live->counted_ns = live->attached_ns;
	raise_priority();
	err = snapshot_kit_open(bpf_source_ring(live->source), options->snapshot_source, &live->kit);
	live->reported = err && options->snapshot_source == SNAPSHOT_BY_ITER;
	return err ? err : open_accept_hook(live, options->accept_source);
}

static int start_live(struct live *live, const struct live_options *options)
{
	int err;

	if (!host_check_proc()) {
		live->reported = true;
		return -ENOENT;
	}
	live->table = table_new();
	live->kernel_filter = kernel_filter_of(options->filter);
	if (options->identify)
		live->identities = identities_new(!options->no_cmdline);
	live->identity_round = 1;
	live->mini_asker = mini_asker_new();
	if (index_init(&live->owners) || !live->mini_asker)
		return -ENOMEM;
	if (!live->table || !live->kernel_filter || (options->identify && !live->identities))
		return -ENOMEM;
	err = live_watch_stops(live, options->duration_ns);
	if (!err)
		err = attach_sources(live, options);
	if (err)
		return err;
	host_check_owners(!snapshot_kit_finds_holders(live->kit));
	err = privileges_drop(snapshot_kit_enters(live->kit));
	if (err)
		log_warning("privileges that are not needed any more could not be given up: %s", strerror(-err));
	log_info("tracing");
	wall_clock_refresh(&live->clock, live->attached_ns);
	return live_watch_sources(live);
}

int live_open(const struct live_options *options, struct live **out)
{
	struct live *live = calloc(1, sizeof(*live));
	int err;

	if (!live)
		return -ENOMEM;
	live->epoll_fd = -1;
	live->signal_fd = -1;
	live->deadline_fd = -1;
	live->stop_fd = -1;
	live->done_fd = -1;
	live->patience_ns = NS_PER_SEC;
	live->on_gap = options->on_gap;
	live->on_change = options->on_change;
	live->on_pause = options->on_pause;
	live->context = options->context;
	live->gate = (struct gate){
		.filter = options->filter,
		.next = hand_on,
		.context = live,
		.shut = true,
	};
	err = start_live(live, options);
	if (err) {
		if (!live->reported)
			host_log_failure("tracing cannot begin", err);
		live_free(live);
		return err;
	}
	if (options->duration_ns)
		live->deadline_ns = live->attached_ns + options->duration_ns;
	*out = live;
	return 0;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	accept_hook_free(live->accept_hook);
	snapshot_kit_free(live->kit);
	mini_asker_free(live->mini_asker);
	live_forget_owners(live);
	bpf_source_free(live->source);
	gate_free(&live->gate);
	table_free(live->table);
	identities_free(live->identities);
	free(live->named.owners);
	free(live->kernel_filter);
	cleanup_close(&live->epoll_fd);
	cleanup_close(&live->signal_fd);
	cleanup_close(&live->deadline_fd);
	cleanup_close(&live->stop_fd);
	cleanup_close(&live->done_fd);
	free(live);
}

/* ---- running ---- */

int live_run(struct live *live, uint64_t until_ns)
{
	uint64_t taken = bpf_source_taken(live->source), now_ns, next_ns;
	int err = live_await_events(live, until_ns);

	if (err < 0)
		return err;
	err = live_consume(live);
	live->quiet = bpf_source_taken(live->source) == taken;
	now_ns = clock_monotonic_ns();
	live_make_round(live, now_ns);
	next_ns = schedule_next_ns(&live->schedule);
	if (!err && next_ns && next_ns <= now_ns && !live_is_over(live))
		err = live_take_snapshot(live, schedule_scope(&live->schedule, now_ns));
	return err;
}

void live_relieve(struct live *live)
{
	bpf_source_relieve(live->source);
}

/* ---- the sockets in the table ---- */

struct selection {
	const struct live *live;
	bool found_only;
	uint64_t now_ns;
	struct connection **rows;
	size_t count;
};

static void select_row(void *context, struct connection *conn)
{
	struct selection *selection = context;
	struct change change = change_of_socket(conn, selection->now_ns);

	if (selection->found_only && conn->oldstate != STATE_UNKNOWN)
		return;
	if (filter_ask(selection->live->gate.filter, &change) != FILTER_YES)
		return;
	conn->shown = selection->found_only;
	selection->rows[selection->count++] = conn;
}

int live_rows(const struct live *live, bool found_only, uint64_t now_ns, struct connection ***rows, size_t *count)
{
	struct selection selection = {.live = live, .found_only = found_only, .now_ns = now_ns};

	selection.rows = calloc(table_count(live->table) + 1, sizeof(*selection.rows));
	if (!selection.rows)
		return -ENOMEM;
	table_each(live->table, select_row, &selection);
	*rows = selection.rows;
	*count = selection.count;
	return 0;
}

/* ---- the account ---- */

struct summary live_summary(const struct live *live)
{
	return (struct summary){
		.seen = live->counts.seen,
		.received = live->counts.received - live->forgotten,
		.dropped = live->counts.dropped + live->forgotten,
		.missed = live->missed,
		.resyncs = live->resyncs,
		.healed = live->healed,
		.put_off = live->put_off,
		.forgotten = live->forgotten,
		.incomplete = live->incomplete || live->partial,
	};
}

int live_finish(struct live *live)
{
	int err;

	accept_hook_free(live->accept_hook);
	live->accept_hook = NULL;
	bpf_source_stop(live->source);
	err = live_consume_all(live);
	live_count_losses(live); /* once more: nothing changes any more */
	gate_release(&live->gate);
	log_info("skipped by the kernel %llu, caught %llu, of these told twice %llu",
		 (unsigned long long)live->counts.skipped, (unsigned long long)live->counts.recovered,
		 (unsigned long long)table_repeats(live->table));
	return err;
}

const struct wall_clock *live_clock(const struct live *live)
{
	return &live->clock;
}

int live_stop_fd(const struct live *live)
{
	return live->stop_fd;
}
