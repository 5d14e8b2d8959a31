/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Internal to live*.c: live.c (start, run, end), live_wait.c (waiting for the ring, for signals and for the time),
 * live_events.c (the events out of the ring), live_identities.c and live_owners.c (who the processes in them are, and
 * whether they are still there), live_snapshots.c (when to take a snapshot again, and the joining), live_minis.c (what
 * is asked for instead of a snapshot).
 */
#include "accept_hook.h"
#include "gate.h"
#include "identities.h"
#include "kernel_filter.h"
#include "live.h"
#include "mini_asker.h"
#include "snapshot_schedule.h"
#include "table.h"

/* The kernel side wakes this process when much has gathered in the ring. For a little, the ring is read this often as
 * long as events come. When none has come for so long, the next one wakes this process. */
enum { RING_POLL_MS = 30 };

/* Copies of what an event names, with identities, until the event is handled. */
struct live_named {
	struct owner *owners;
	size_t count;
	size_t room;
	struct held_socket *held;
	size_t held_count;
};

struct live {
	struct bpf_source *source;
	struct accept_hook *accept_hook; /* NULL: not used, or not to be had on this host */
	struct snapshot_kit *kit;
	struct mini_asker *mini_asker;
	struct table *table;
	struct kernel_filter *kernel_filter;
	struct identities *identities; /* NULL: not asked for */
	uint64_t identity_round;       /* the number of the last snapshot, or a greater one; not 0 */
	struct live_named named;
	struct index owners; /* processes that hold, or held, sockets, by pid (live_owners.c) */
	uint32_t last_owner; /* the one of them that was named last; 0: none */
	struct gate gate;
	struct snapshot_schedule schedule;
	struct wall_clock clock;
	change_handler *on_change; /* NULL: changes are not wanted */
	void (*on_gap)(void *context, const struct gap *gap);
	int (*on_pause)(void *context); /* NULL: nothing to be done */
	void *context;                  /* of the three handlers */
	uint64_t attached_ns;           /* transitions are gathered from then on */
	uint64_t deadline_ns;           /* 0: none */
	uint64_t round_ns;              /* when to make the next round: live_make_round() */
	uint64_t whole_ns;              /* end of the last snapshot of all sockets */
	uint64_t whole_seen;            /* transitions seen before it began */
	uint64_t minis_read_ns;         /* when a snapshot last read the minisockets, and did not only count them */
	uint64_t patience_ns; /* the delay before the next scan for holders, while connections wait to be accepted */
	int epoll_fd;
	int signal_fd;
	int stop_fd; /* an epoll of signal_fd and deadline_fd: readable when it is time to end */
	int deadline_fd;
	int done_fd; /* an eventfd: readable when the snapshot in progress is done */
	bool signalled;
	bool reported;                 /* the reason why tracing cannot begin was logged */
	bool joined;                   /* a first snapshot was taken */
	bool owner_is_lost;            /* there is, or may be, a connection whose owner is gone */
	uint64_t owners_rest_until_ns; /* no walk for such connections before this */
	bool knows_all;                /* live_join() has returned: all that was there before is known */
	bool more;                     /* the last batch was full: there may be more events */
	bool quiet;                    /* the last look at the ring found no event */
	/* losses */
	struct bpf_counts counts; /* as they were last read, at counted_ns */
	uint64_t counted_ns;
	uint64_t missed;
	uint64_t strangers;
	uint64_t resyncs;
	uint64_t healed;
	uint64_t forgotten;        /* transitions that were not applied, for want of memory */
	uint64_t forgotten_before; /* those of them whose loss was announced */
	uint64_t put_off;          /* snapshots that could not be taken when they were due */
	bool wants;                /* the last snapshot could not be taken, for want of something; it was said */
	bool starved;              /* memory was too short to keep all that the snapshot in progress shows */
	bool unidentified;         /* for want of descriptors or memory it is not known who a process in it is */
	bool incomplete;           /* the last snapshot lost rows or identities, or is put off */
	bool partial;     /* since the last snapshot of everything, one left something out (snapshot_is_partial()) */
	bool out_of_step; /* something was lost since the last snapshot of everything began */
};

/* ---- live_wait.c: 0 or a negative errno ---- */

/* Begins to watch for the end: a signal or, unless `duration_ns` is 0, the time. */
int live_watch_stops(struct live *live, uint64_t duration_ns);

/* Begins to watch the signals, the ring and the ends of snapshots. The ring is watched edge-triggered, since it is
 * readable as soon as it holds anything. */
int live_watch_sources(struct live *live);

/* Waits for a signal, the ring's wake-up, the end of the snapshot in progress, or the timeout. Returns 1 when the
 * snapshot is done. */
int live_wait(struct live *live, int timeout_ms);

/* Waits for events: for RING_POLL_MS while they come, and where it is quiet until something is to be done. `until_ns`:
 * not longer than that (monotonic; 0: no such moment). */
int live_await_events(struct live *live, uint64_t until_ns);

/* ---- live_events.c: 0 or a negative errno ---- */

/* Handle a batch of the events that have come, or all that have come by now, and count the losses. live_consume_all()
 * returns -EAGAIN where an unfinished record in the ring has not moved for 100 ms. */
int live_consume(struct live *live);
int live_consume_all(struct live *live);
void live_count_losses(struct live *live);

/* An event_handler; its context is the struct live. */
int live_handle_event(void *live, const struct event *event);

/* ---- live_identities.c ---- */

/* Adds to the owners in the event who they are. For a live table with identities. What the event refers to is valid
 * until live_release_identities(). */
void live_identify(struct live *live, struct event *event);
void live_release_identities(struct live *live);

/* ---- live_owners.c ---- */

/* Remembers the processes that the event names. */
void live_note_owners(struct live *live, const struct event *event);

/* True when a process is gone that was named since this was last asked, or before. Tells of each process once. */
bool live_has_lost_owner(struct live *live);
void live_forget_owners(struct live *live);

/* ---- live_minis.c: 0 or a negative errno ---- */

/* Returns how many minisockets are known that a socket has left. */
size_t live_count_minis(const struct live *live);

/* Asks the kernel for each of them, and joins the answers with the table. -E2BIG: they are too many for that, or are
 * not all that must be looked at; after any error a snapshot must show those that have no answer. */
int live_ask_minis(struct live *live);

/* ---- live_snapshots.c: 0 or a negative errno ---- */

/* Takes a snapshot of `scope` (SNAPSHOT_…, event.h), and joins it with the table. A snapshot that cannot be taken is
 * put off, and that is no error, but at the start. */
int live_take_snapshot(struct live *live, uint8_t scope);

/* Makes a round, where one is due: schedules snapshots for the changes that no event reports. */
void live_make_round(struct live *live, uint64_t now_ns);
