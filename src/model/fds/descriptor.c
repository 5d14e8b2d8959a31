// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "descriptor.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "count_of.h"

#define DELETED " (deleted)"

void descriptors_free(struct descriptors *descriptors)
{
	for (size_t i = 0; i < descriptors->count; i++) {
		free(descriptors->all[i].name);
		free(descriptors->all[i].others);
		free(descriptors->all[i].watches);
	}
	free(descriptors->all);
	*descriptors = (struct descriptors){0};
}

bool socket_end_is_tcp(const struct socket_end *end)
{
	return strcmp(end->protocol, "tcp") == 0 || strcmp(end->protocol, "tcpv6") == 0;
}

/* ---- kinds ---- */

static bool text_begins_with(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

bool descriptor_looks_deleted(const char *link)
{
	size_t length = strlen(link), end = sizeof(DELETED) - 1;

	return *link == '/' && length > end && strcmp(link + length - end, DELETED) == 0;
}

/* Finds the kind by the name after "anon_inode:". Some names are in brackets and some are not. */
static enum descriptor_kind classify_anonymous_inode(const char *name)
{
	static const struct {
		const char *name;
		enum descriptor_kind kind;
	} known[] = {
		{"[eventfd]", KIND_EVENTFD},
		{"[eventpoll]", KIND_EPOLL},
		{"[timerfd]", KIND_TIMERFD},
		{"[signalfd]", KIND_SIGNALFD},
		{"inotify", KIND_INOTIFY},
		{"[fanotify]", KIND_FANOTIFY},
		{"[pidfd]", KIND_PIDFD},
		{"bpf-map", KIND_BPF_MAP},
		{"bpf-prog", KIND_BPF_PROG},
		{"bpf_link", KIND_BPF_LINK},
		{"[perf_event]", KIND_PERF_EVENT},
		{"[io_uring]", KIND_IO_URING},
		{"[userfaultfd]", KIND_USERFAULTFD},
	};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (!strcmp(name, known[i].name))
			return known[i].kind;
	return KIND_ANONYMOUS;
}

/* Finds the kind of a file outside the file system, whose link is no path; "net:[4026531840]" is a namespace's file. */
static enum descriptor_kind classify_pathless_link(const struct descriptor_seen *seen)
{
	static const char anonymous[] = "anon_inode:";
	const char *link = seen->link;

	if (text_begins_with(link, anonymous))
		return classify_anonymous_inode(link + sizeof(anonymous) - 1);
	if (text_begins_with(link, "pipe:["))
		return KIND_PIPE;
	if (text_begins_with(link, "socket:["))
		return KIND_SOCKET;
	if (text_begins_with(link, "pidfd:["))
		return KIND_PIDFD;
	return strstr(link, ":[") ? KIND_NAMESPACE : KIND_ANONYMOUS;
}

static enum descriptor_kind classify_mode(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return KIND_FILE;
	case S_IFDIR:
		return KIND_DIRECTORY;
	case S_IFCHR:
		return KIND_CHARACTER;
	case S_IFBLK:
		return KIND_BLOCK;
	case S_IFLNK:
		return KIND_SYMLINK;
	case S_IFIFO:
		return KIND_FIFO;
	case S_IFSOCK:
		return KIND_SOCKET_FILE;
	default:
		return KIND_UNKNOWN;
	}
}

/* Finds the kind. A file of memory looks as if it were in the root directory, but is on no device. */
enum descriptor_kind descriptor_kind_of(const struct descriptor_seen *seen)
{
	enum descriptor_kind kind = classify_mode(seen->mode);
	bool on_no_device = major(seen->device) == 0;

	if (*seen->link && *seen->link != '/' && *seen->link != '(') /* "(unreachable)/x" is a path too */
		return classify_pathless_link(seen);
	if (kind == KIND_FILE && on_no_device && seen->hard_links == 0 && text_begins_with(seen->link, "/memfd:"))
		return KIND_MEMFD;
	if (on_no_device && text_begins_with(seen->link, "/dmabuf:") && kind != KIND_DIRECTORY)
		return KIND_DMA_BUF;
	return kind;
}

const char *descriptor_kind_name(enum descriptor_kind kind)
{
	static const char *const names[KIND_COUNT] = {
		[KIND_UNKNOWN] = "unknown",
		[KIND_FILE] = "file",
		[KIND_DIRECTORY] = "directory",
		[KIND_CHARACTER] = "character",
		[KIND_BLOCK] = "block",
		[KIND_SYMLINK] = "symlink",
		[KIND_SOCKET_FILE] = "sockfile",
		[KIND_MEMFD] = "memfd",
		[KIND_DMA_BUF] = "dma-buf",
		[KIND_PIPE] = "pipe",
		[KIND_FIFO] = "fifo",
		[KIND_SOCKET] = "socket",
		[KIND_EVENTFD] = "eventfd",
		[KIND_EPOLL] = "epoll",
		[KIND_TIMERFD] = "timerfd",
		[KIND_SIGNALFD] = "signalfd",
		[KIND_INOTIFY] = "inotify",
		[KIND_FANOTIFY] = "fanotify",
		[KIND_PIDFD] = "pidfd",
		[KIND_BPF_MAP] = "bpf-map",
		[KIND_BPF_PROG] = "bpf-prog",
		[KIND_BPF_LINK] = "bpf-link",
		[KIND_PERF_EVENT] = "perf_event",
		[KIND_IO_URING] = "io_uring",
		[KIND_USERFAULTFD] = "userfaultfd",
		[KIND_NAMESPACE] = "namespace",
		[KIND_ANONYMOUS] = "anon_inode",
	};

	return names[kind];
}

bool descriptor_has_position(const struct descriptor *descriptor)
{
	bool of_bytes = descriptor->has_size || descriptor->kind == KIND_BLOCK;

	return of_bytes && descriptor->position >= 0 && descriptor->access != ACCESS_NONE;
}

bool descriptor_has_path(const struct descriptor *descriptor)
{
	switch (descriptor->kind) {
	case KIND_FILE:
	case KIND_DIRECTORY:
	case KIND_CHARACTER:
	case KIND_BLOCK:
	case KIND_SYMLINK:
	case KIND_SOCKET_FILE:
	case KIND_FIFO:
	case KIND_UNKNOWN:
		return descriptor->name;
	default:
		return false;
	}
}

/* ---- access and flags ---- */

const char *access_mode_name(enum access_mode access)
{
	static const char *const names[] = {
		[ACCESS_NONE] = "none", [ACCESS_READ] = "r", [ACCESS_WRITE] = "w", [ACCESS_BOTH] = "rw"};

	return names[access];
}

enum access_mode access_mode_of(uint32_t flags)
{
	static const enum access_mode modes[] = {ACCESS_READ, ACCESS_WRITE, ACCESS_BOTH, ACCESS_NONE};

	_Static_assert(O_RDONLY == 0 && O_WRONLY == 1 && O_RDWR == 2 && O_ACCMODE == 3, "the order of the table");
	return flags & O_PATH ? ACCESS_NONE : modes[flags & O_ACCMODE];
}

struct bit_name {
	uint32_t bits;
	const char *name;
};

static size_t collect_bit_names(const struct bit_name *known, size_t count, uint32_t set, const char **names)
{
	size_t found = 0;

	for (size_t i = 0; i < count && found < FLAG_NAMES_MAX; i++) {
		if ((set & known[i].bits) != known[i].bits)
			continue;
		names[found++] = known[i].name;
		set &= ~known[i].bits; /* O_SYNC has the bit of O_DSYNC in it */
	}
	return found;
}

size_t descriptor_flag_names(uint32_t flags, const char **names)
{
	static const struct bit_name known[] = {
		{O_PATH, "path"},     {O_APPEND, "append"},   {O_NONBLOCK, "nonblock"},
		{O_DIRECT, "direct"}, {O_SYNC, "sync"},       {O_DSYNC, "dsync"},
		{O_ASYNC, "async"},   {O_NOATIME, "noatime"}, {O_CLOEXEC, "cloexec"},
	};

	return collect_bit_names(known, COUNT_OF(known), flags, names);
}

/* ---- events ---- */

static size_t collect_epoll_names(uint32_t events, const char **names)
{
	static const struct bit_name known[] = {
		{EPOLLIN, "IN"},         {EPOLLPRI, "PRI"},         {EPOLLOUT, "OUT"},
		{EPOLLRDNORM, "RDNORM"}, {EPOLLRDBAND, "RDBAND"},   {EPOLLWRNORM, "WRNORM"},
		{EPOLLWRBAND, "WRBAND"}, {EPOLLMSG, "MSG"},         {EPOLLRDHUP, "RDHUP"},
		{EPOLLET, "ET"},         {EPOLLONESHOT, "ONESHOT"}, {EPOLLEXCLUSIVE, "EXCLUSIVE"},
		{EPOLLWAKEUP, "WAKEUP"},
	};

	return collect_bit_names(known, COUNT_OF(known), events, names); /* ERR and HUP are always waited for */
}

/* Events of linux/fanotify.h that are missing in older versions of it. */
#define OPEN_EXEC      0x00001000
#define FS_ERROR       0x00008000
#define OPEN_EXEC_PERM 0x00040000
#define PRE_ACCESS     0x00100000
#define RENAMED        0x10000000

static size_t collect_notify_names(enum descriptor_kind kind, uint32_t events, const char **names)
{
	static const struct bit_name known[] = {
		{IN_ACCESS, "ACCESS"},
		{IN_MODIFY, "MODIFY"},
		{IN_ATTRIB, "ATTRIB"},
		{IN_CLOSE_WRITE, "CLOSE_WRITE"},
		{IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"},
		{IN_OPEN, "OPEN"},
		{IN_MOVED_FROM, "MOVED_FROM"},
		{IN_MOVED_TO, "MOVED_TO"},
		{IN_CREATE, "CREATE"},
		{IN_DELETE, "DELETE"},
		{IN_DELETE_SELF, "DELETE_SELF"},
		{IN_MOVE_SELF, "MOVE_SELF"},
		/* of fanotify only */
		{OPEN_EXEC, "OPEN_EXEC"},
		{FS_ERROR, "FS_ERROR"},
		{FAN_OPEN_PERM, "OPEN_PERM"},
		{FAN_ACCESS_PERM, "ACCESS_PERM"},
		{OPEN_EXEC_PERM, "OPEN_EXEC_PERM"},
		{PRE_ACCESS, "PRE_ACCESS"},
		{RENAMED, "RENAME"},
		{FAN_EVENT_ON_CHILD, "EVENT_ON_CHILD"},
		{FAN_ONDIR, "ONDIR"},
	};
	enum { SHARED = 12 };

	_Static_assert(IN_MOVE_SELF == 0x800 && FAN_MODIFY == IN_MODIFY, "both number what they share alike");
	return collect_bit_names(known, kind == KIND_FANOTIFY ? COUNT_OF(known) : SHARED, events, names);
}

size_t watch_event_names(enum descriptor_kind kind, uint32_t events, const char **names)
{
	return kind == KIND_EPOLL ? collect_epoll_names(events, names) : collect_notify_names(kind, events, names);
}

/* ---- other numbers that have names ---- */

const char *clock_name(int32_t clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
		return "realtime";
	case CLOCK_MONOTONIC:
		return "monotonic";
	case CLOCK_BOOTTIME:
		return "boottime";
	case CLOCK_REALTIME_ALARM:
		return "realtime_alarm";
	case CLOCK_BOOTTIME_ALARM:
		return "boottime_alarm";
	default:
		return NULL;
	}
}

/* The C library keeps the first two or three of the kernel's real-time signals for itself. */
const char *signal_name(unsigned int number, char *out)
{
	const char *name = sigabbrev_np((int)number);
	unsigned int first = (unsigned int)SIGRTMIN;

	if (name)
		snprintf(out, SIGNAL_NAME_MAX, "SIG%s", name);
	else if (number == first)
		snprintf(out, SIGNAL_NAME_MAX, "SIGRTMIN");
	else if (number > first)
		snprintf(out, SIGNAL_NAME_MAX, "SIGRTMIN+%u", number - first);
	else
		snprintf(out, SIGNAL_NAME_MAX, "%u", number);
	return out;
}

const char *netlink_name(int32_t protocol)
{
	static const char *const names[] = {
		[NETLINK_ROUTE] = "route",
		[NETLINK_USERSOCK] = "usersock",
		[NETLINK_FIREWALL] = "firewall",
		[NETLINK_SOCK_DIAG] = "sock_diag",
		[NETLINK_NFLOG] = "nflog",
		[NETLINK_XFRM] = "xfrm",
		[NETLINK_SELINUX] = "selinux",
		[NETLINK_ISCSI] = "iscsi",
		[NETLINK_AUDIT] = "audit",
		[NETLINK_FIB_LOOKUP] = "fib_lookup",
		[NETLINK_CONNECTOR] = "connector",
		[NETLINK_NETFILTER] = "netfilter",
		[NETLINK_KOBJECT_UEVENT] = "kobject_uevent",
		[NETLINK_GENERIC] = "generic",
		[NETLINK_SCSITRANSPORT] = "scsitransport",
		[NETLINK_RDMA] = "rdma",
		[NETLINK_CRYPTO] = "crypto",
	};

	return protocol >= 0 && (size_t)protocol < COUNT_OF(names) ? names[protocol] : NULL;
}

/* ---- relations between descriptors ---- */

/* Returns the number of a descriptor; of a registered file, that of its io_uring. */
static int32_t number_of(const struct descriptor *descriptor)
{
	return descriptor->ring ? (int32_t)(descriptor->ring - 1) : descriptor->fd;
}

int32_t descriptor_holder_fd(const struct descriptor *descriptor)
{
	return descriptor->ring ? registered_fd(descriptor->ring - 1, (uint32_t)descriptor->fd) : descriptor->fd;
}

int descriptor_compare(const void *a, const void *b)
{
	const struct descriptor *x = a, *y = b;

	if (number_of(x) != number_of(y))
		return number_of(x) < number_of(y) ? -1 : 1;
	if (x->ring != y->ring)
		return x->ring ? 1 : -1;
	return (x->fd > y->fd) - (x->fd < y->fd);
}

static const struct descriptor *find_descriptor(const struct descriptors *descriptors, int32_t fd)
{
	size_t low = 0, high = descriptors->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (number_of(&descriptors->all[middle]) < fd)
			low = middle + 1;
		else
			high = middle;
	}
	return low < descriptors->count && number_of(&descriptors->all[low]) == fd ? &descriptors->all[low] : NULL;
}

void descriptors_mark_stale(struct descriptors *descriptors)
{
	for (size_t i = 0; i < descriptors->count; i++) {
		const struct descriptor *epoll = &descriptors->all[i];

		for (size_t j = 0; epoll->kind == KIND_EPOLL && j < epoll->watch_count; j++) {
			struct watch *watch = &epoll->watches[j];
			const struct descriptor *now = find_descriptor(descriptors, watch->number);

			watch->stale = !now || (now->inode && watch->inode && now->inode != watch->inode);
		}
	}
}

bool descriptor_other_end_is_held(const struct descriptor *descriptor)
{
	bool wants_writer = descriptor->access == ACCESS_READ, wants_reader = descriptor->access == ACCESS_WRITE;

	if (descriptor->access == ACCESS_BOTH)
		return true; /* the descriptor is the other end, too */
	for (size_t i = 0; i < descriptor->other_count; i++) {
		enum access_mode access = descriptor->others[i].access;

		if ((wants_writer && access_writes(access)) || (wants_reader && access_reads(access)))
			return true;
	}
	return false;
}

enum tristate descriptor_other_end(const struct descriptor *descriptor)
{
	if (!access_reads(descriptor->access) && !access_writes(descriptor->access))
		return TRISTATE_UNKNOWN; /* at neither end, or not known at which */
	if (descriptor_other_end_is_held(descriptor))
		return TRISTATE_YES;
	if (descriptor->other_end != TRISTATE_UNKNOWN)
		return descriptor->other_end;
	return descriptor->others_complete ? TRISTATE_NO : TRISTATE_UNKNOWN;
}
