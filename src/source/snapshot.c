// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "netns.h"
#include "proc_fd.h"
#include "proc_net.h"

struct snapshot {
	pthread_t thread;
	bool joined;
	int done_fd;
	int err;
	struct proc_rows rows;
	struct owner *owners; /* see proc_fd_scan() */
	uint32_t *covered;    /* namespaces read whole */
	size_t covered_count;
};

static int read_table(const struct netns *netns, const char *table, uint8_t family, struct proc_rows *rows, size_t *odd)
{
	CLEANUP(cleanup_close) int fd = netns_open_table(netns, table);

	if (fd == -ENOENT) /* no IPv6 here */
		return 0;
	return fd < 0 ? fd : proc_net_read(fd, family, netns->inode, rows, odd);
}

/* What "TCP: inuse 3 orphan 0 tw 1 …" says that this namespace has: sockets, and minisockets. -1: it cannot be read. */
static long count_in(const struct netns *netns, const char *file, const char *format)
{
	CLEANUP(cleanup_close) int fd = netns_open_table(netns, file);
	unsigned int inuse = 0, mini = 0;
	char text[1024];
	const char *line;
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (length < 0)
		return -1;
	text[length] = '\0';
	line = strstr(text, "TCP");
	if (!line || sscanf(line, format, &inuse, &mini) < 1)
		return -1;
	return (long)inuse + mini;
}

/* The kernel keeps the connections of all namespaces in one table, and walks all of it for each: 8 ms that most
 * namespaces of a host with many are not worth. */
static bool is_empty(const struct netns *netns)
{
	return count_in(netns, "sockstat", "TCP: inuse %u orphan %*u tw %u") == 0 &&
	       count_in(netns, "sockstat6", "TCP6: inuse %u") <= 0;
}

static int read_namespace(struct snapshot *snapshot, const struct netns *netns)
{
	size_t odd = 0;
	int err;

	if (is_empty(netns)) {
		snapshot->covered[snapshot->covered_count++] = netns->inode;
		return 0;
	}
	err = read_table(netns, "tcp", 4, &snapshot->rows, &odd);

	if (!err)
		err = read_table(netns, "tcp6", 6, &snapshot->rows, &odd);
	if (err == -ENOMEM)
		return err;
	if (err == -ESRCH || err == -EINVAL) /* it went away meanwhile */
		return 0;
	if (err)
		log_warning("network namespace %u cannot be read (%s): sockets that were there before are not known",
			    netns->inode, strerror(-err));
	else if (odd)
		log_warning("%zu lines of /proc/net/tcp in network namespace %u are not understood", odd, netns->inode);
	else
		snapshot->covered[snapshot->covered_count++] = netns->inode;
	return 0;
}

static int take(struct snapshot *snapshot)
{
	struct netns_list namespaces;
	int err;

	if (access("/proc/self/net", F_OK)) {
		log_error("/proc is not mounted: what was there before cannot be known. Mount it: mount -t proc proc "
			  "/proc");
		return -ENOENT;
	}
	err = netns_discover(&namespaces);
	if (err)
		return err;
	snapshot->covered = calloc(namespaces.count + 1, sizeof(*snapshot->covered));
	if (!snapshot->covered)
		err = -ENOMEM;
	for (size_t i = 0; i < namespaces.count && !err; i++)
		err = read_namespace(snapshot, &namespaces.all[i]);
	netns_list_free(&namespaces);
	return err ? err : proc_fd_scan(&snapshot->rows, &snapshot->owners);
}

static void *run(void *argument)
{
	struct snapshot *snapshot = argument;

	snapshot->err = take(snapshot);
	eventfd_write(snapshot->done_fd, 1);
	return NULL;
}

int snapshot_start(struct snapshot **out)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	int err;

	if (!snapshot)
		return -ENOMEM;
	snapshot->done_fd = eventfd(0, EFD_CLOEXEC);
	err = snapshot->done_fd < 0 ? errno : pthread_create(&snapshot->thread, NULL, run, snapshot);
	if (err) {
		cleanup_close(&snapshot->done_fd);
		free(snapshot);
		return -err;
	}
	*out = snapshot;
	return 0;
}

int snapshot_fd(const struct snapshot *snapshot)
{
	return snapshot->done_fd;
}

static void wait_for(struct snapshot *snapshot)
{
	if (!snapshot->joined)
		pthread_join(snapshot->thread, NULL);
	snapshot->joined = true;
}

int snapshot_replay(struct snapshot *snapshot, uint64_t began_ns, event_handler *handler, void *context)
{
	struct event begin = {.kind = EVENT_SNAPSHOT_BEGIN, .ts_ns = began_ns};
	struct event end = {.kind = EVENT_SNAPSHOT_END};
	int err;

	wait_for(snapshot);
	err = snapshot->err ? snapshot->err : handler(context, &begin);
	for (size_t i = 0; i < snapshot->rows.count && !err; i++) {
		const struct proc_row *row = &snapshot->rows.rows[i];
		struct event event = {
			.kind = EVENT_ROW,
			.ts_ns = began_ns,
			.tuple = row->tuple,
			.newstate = row->state,
			.mini = row->mini,
			.uid = row->uid,
			.inode = row->inode,
			.recvq = row->recvq,
			.sendq = row->sendq,
			.owners = snapshot->owners + row->first_owner,
			.owner_count = row->owner_count,
		};

		err = handler(context, &event);
	}
	if (err)
		return err;
	end.ts_ns = began_ns;
	end.netns = snapshot->covered;
	end.netns_count = snapshot->covered_count;
	return handler(context, &end);
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	wait_for(snapshot);
	cleanup_close(&snapshot->done_fd);
	proc_rows_free(&snapshot->rows);
	free(snapshot->owners);
	free(snapshot->covered);
	free(snapshot);
}
