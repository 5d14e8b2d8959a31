/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * An open descriptor of a process: its kind, and what the kernel shows of each kind in /proc/PID/fd and
 * /proc/PID/fdinfo. The texts are hostile: paths, and names that others have given.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "event.h"
#include "socket.h"

enum descriptor_kind {
	KIND_UNKNOWN,
	KIND_FILE,
	KIND_DIRECTORY,
	KIND_CHARACTER,
	KIND_BLOCK,
	KIND_SYMLINK,     /* only if opened with O_PATH */
	KIND_SOCKET_FILE, /* the name of a unix socket in the file system, only if opened with O_PATH */
	KIND_MEMFD,
	KIND_DMA_BUF,
	KIND_PIPE,
	KIND_FIFO,
	KIND_SOCKET,
	KIND_EVENTFD,
	KIND_EPOLL,
	KIND_TIMERFD,
	KIND_SIGNALFD,
	KIND_INOTIFY,
	KIND_FANOTIFY,
	KIND_PIDFD,
	KIND_BPF_MAP,
	KIND_BPF_PROG,
	KIND_BPF_LINK,
	KIND_PERF_EVENT,
	KIND_IO_URING,
	KIND_USERFAULTFD,
	KIND_NAMESPACE,
	KIND_ANONYMOUS, /* another anonymous file of the kernel, which has nothing but a name */
	KIND_COUNT,
};

enum access_mode { ACCESS_UNKNOWN, ACCESS_NONE, ACCESS_READ, ACCESS_WRITE, ACCESS_BOTH };

/* Another descriptor of the same pipe or socket. */
struct other_holder {
	struct owner owner;
	enum access_mode access;
	uint32_t tid; /* as in struct descriptor; 0 also where the source does not show it */
};

enum watch_target { WATCH_DESCRIPTOR, WATCH_INODE, WATCH_MOUNT, WATCH_FILE_SYSTEM, WATCH_NAMESPACE };

/* Something that an epoll, inotify or fanotify descriptor waits for. */
struct watch {
	enum watch_target target;
	int32_t number;  /* epoll: of the watched descriptor; inotify: of the watch */
	uint32_t events; /* as in sys/epoll.h, sys/inotify.h, sys/fanotify.h */
	uint64_t inode;  /* 0: not shown */
	uint64_t object; /* the id of a mount or of a namespace */
	uint32_t major, minor;
	bool stale; /* epoll: under that number the process has something else by now, or nothing */
};

/* A socket as the table of its protocol shows it, if it is in one. */
struct socket_end {
	char protocol[16];          /* as the kernel calls it, in lower case: "tcp", "netlink"; "": not known */
	bool unlisted;              /* it was searched for in all network namespaces, and is in none of their tables */
	bool bound_are_listed;      /* the kernel lists TCP sockets that are only bound */
	const struct socket *found; /* NULL: in no table that we know */
	const struct socket *peer;  /* of a unix socket: the other end; NULL: not known */
	const struct owner *peer_owners;
	size_t peer_owner_count;
	int32_t family_protocol; /* of netlink or packet, where `has_numbers`: NETLINK_…, or ETH_P_… */
	uint32_t family_port;    /* netlink: its port; packet: the index of its interface, 0: all */
	uint32_t family_groups;  /* netlink: the groups that it has joined */
	uint32_t family_netns;   /* the network namespace in which it is */
	bool has_numbers;
};

enum { TYPE_NAME_MAX = 32 };

struct descriptor {
	uint32_t holder; /* pid of the process */
	uint32_t tid;    /* the first thread that has this table of descriptors; 0: the table is the process's */
	int32_t fd;      /* of a file that is registered with an io_uring: its slot there */
	uint32_t ring;   /* the descriptor of that io_uring, plus 1; 0: this is a descriptor */
	enum descriptor_kind kind;
	enum access_mode access;
	uint32_t flags; /* O_… of open(2) */
	bool flags_known;
	bool deleted;     /* the file has no name in the file system any more */
	char *name;       /* path, or what the kernel calls it; NULL: not known */
	uint64_t inode;   /* 0: not known */
	dev_t device;     /* the one that the file is on */
	dev_t special;    /* the one that a device file stands for */
	bool has_size;    /* a file or memory whose size is known: */
	uint64_t size;    /* bytes */
	int64_t position; /* bytes; -1: none, or not known */
	uint32_t locks;   /* file locks that this process or this open file holds */
	struct other_holder *others;
	size_t other_count;
	bool others_complete;    /* all processes could be searched for `others` */
	enum tristate other_end; /* of a pipe for whose other end no holder was found: if it is open */
	struct watch *watches;
	size_t watch_count;
	size_t watch_room;
	/* Details by kind. What is not shown is 0, or as the comment says. */
	bool detailed; /* the kernel has shown the details below */
	union {
		struct {
			uint64_t count;
			bool semaphore;
		} eventfd;
		struct {
			int32_t clock; /* CLOCK_… of time.h */
			uint64_t ticks;
			uint64_t value_ns; /* time until it fires; 0: it is not armed */
			uint64_t interval_ns;
		} timerfd;
		uint64_t signals; /* 1 << (signal - 1) */
		struct {
			int32_t pid; /* -1: exited; 0: not in our pid namespace */
			char comm[COMM_LEN];
		} pidfd;
		struct {
			uint32_t type;
			char type_name[TYPE_NAME_MAX]; /* "": not known */
			uint32_t id;
		} bpf;
		struct {
			int32_t terminal;              /* of /dev/ptmx: the number of its other end; -1: none */
			char interface[TYPE_NAME_MAX]; /* of /dev/net/tun */
		} character;
		struct {
			char exporter[TYPE_NAME_MAX];
			char label[TYPE_NAME_MAX];
		} dma_buf;
		struct {
			uint32_t entries;
			uint32_t slots;  /* for registered files, which are descriptors of their own here */
			bool slots_told; /* the kernel has told `slots` */
			bool whole;      /* it has told all files in them */
		} io_uring;
		struct socket_end socket;
	};
};

enum { PROCESS_USER_MAX = 64 };
#define LIMIT_UNKNOWN UINT64_MAX
#define LIMIT_NONE    (UINT64_MAX - 1)

/* A process that holds descriptors. What is not shown is unknown. */
struct process_facts {
	uint32_t pid;                /* where a thread was asked for: that of its process */
	char comm[COMM_LEN];         /* hostile text */
	bool exited;                 /* with a thread: only the main thread has exited */
	uint32_t tid;                /* the thread that is meant; 0: the process */
	char thread_comm[COMM_LEN];  /* hostile text */
	bool own_table;              /* that thread has a table of descriptors other than the process's */
	uint32_t uid;                /* effective, or UID_UNKNOWN */
	char user[PROCESS_USER_MAX]; /* the name of that user; hostile text. "": the user has none */
	uint64_t limit;              /* how many descriptors the process may have; LIMIT_UNKNOWN, LIMIT_NONE */
	uint32_t netns;              /* the inode of its network namespace; 0: not known */
};

struct descriptors {
	struct descriptor *all; /* in the order of descriptor_compare() */
	size_t count;
	size_t room;
};

/* True for a TCP socket, whether it was found in a table or not. */
bool socket_end_is_tcp(const struct socket_end *end);

/* Frees the descriptors and all that they own; a struct socket_end only borrows. */
void descriptors_free(struct descriptors *descriptors);

/* Returns the number by which its holder has the file, as in struct owner. */
int32_t descriptor_holder_fd(const struct descriptor *descriptor);

/* Orders descriptors by their numbers, for qsort(). The files that are registered with an io_uring come after it. */
int descriptor_compare(const void *a, const void *b);

/* The file at the end of the link /proc/PID/fd/N, whose text is `link`, with what stat(2) reports of it. */
struct descriptor_seen {
	const char *link;
	uint32_t mode;
	uint32_t hard_links;
	dev_t device;
};

enum descriptor_kind descriptor_kind_of(const struct descriptor_seen *seen);

/* True if the path ends as the kernel marks one that is there no more; the name of a file may end so, too. */
bool descriptor_looks_deleted(const char *link);

/* One word for each: "file", "directory", "pipe", "bpf-map" … */
const char *descriptor_kind_name(enum descriptor_kind kind);

/* "r", "w", "rw", "none"; NULL: not known. */
const char *access_mode_name(enum access_mode access);

/* The access mode in the flags of open(2). */
enum access_mode access_mode_of(uint32_t flags);

enum { FLAG_NAMES_MAX = 32 };

/* Writes the names of the bits that are set and known into `names`, which takes FLAG_NAMES_MAX, in the order of their
 * meaning: of a descriptor's flags ("append", "cloexec" …), and of the events that a descriptor of that kind waits for.
 * Returns how many. */
size_t descriptor_flag_names(uint32_t flags, const char **names);
size_t watch_event_names(enum descriptor_kind kind, uint32_t events, const char **names);

/* "monotonic", "realtime", "boottime" …; NULL: not known. */
const char *clock_name(int32_t clock);

enum { SIGNAL_NAME_MAX = 24 };

/* "SIGINT", "SIGRTMIN+2", "32". `out` takes SIGNAL_NAME_MAX bytes. */
const char *signal_name(unsigned int signal, char *out);

/* The use of a netlink socket: "route", "sock_diag" …; NULL: not known. */
const char *netlink_name(int32_t protocol);

/* Marks the watches of epoll descriptors under whose number the process has something else by now, or nothing: a copy
 * of the watched descriptor lives on elsewhere. */
void descriptors_mark_stale(struct descriptors *descriptors);

/* Says if the other end of a pipe is open. Unknown also for a descriptor that neither reads nor writes: it has no other
 * end. */
enum tristate descriptor_other_end(const struct descriptor *descriptor);

/* True if a process was found that holds the other end of a pipe. */
bool descriptor_other_end_is_held(const struct descriptor *descriptor);

/* True if the descriptor has a position that counts bytes, and the position is known. */
bool descriptor_has_position(const struct descriptor *descriptor);

/* True if `name` is a path in the file system. */
bool descriptor_has_path(const struct descriptor *descriptor);

/* True if that access reads, or writes. */
static inline bool access_reads(enum access_mode access)
{
	return access == ACCESS_READ || access == ACCESS_BOTH;
}

static inline bool access_writes(enum access_mode access)
{
	return access == ACCESS_WRITE || access == ACCESS_BOTH;
}
