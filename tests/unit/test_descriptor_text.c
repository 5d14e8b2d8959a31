// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests how `fds` describes a descriptor of each kind, as people read it.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "descriptor_text.h"
#include "named_netns.h"
#include "shown.h"

enum { HOST_NETNS = 999, OTHER_NETNS = 1001 };

static const char *find_interface(void *context, uint32_t netns, uint32_t index)
{
	(void)context;
	assert_int_equal(netns, SHOWN_NETNS);
	return index == 2 ? "e\033" : NULL;
}

static const struct named_netns namespaces[] = {{HOST_NETNS, ""}, {OTHER_NETNS, "blue"}, {0, NULL}};
static const struct netns_finder finder = NAMED_FINDER(namespaces);
static const struct socket_namer namer = {.interface = find_interface};

static void assert_described_in(const struct descriptor *descriptor, bool color, const char *wanted)
{
	struct capture capture = capture_open();
	const struct netns_view netns = {.names = netns_names_new(&finder), .home = HOST_NETNS};
	const struct descriptor_view view = {
		.namer = &namer, .netns = &netns, .home = SHOWN_NETNS, .now_ns = 1, .color = color};

	assert_non_null(netns.names);
	descriptor_text_put(descriptor, &view, capture.output);
	assert_shown(&capture, wanted);
	netns_names_free(netns.names);
	capture_close(&capture);
}

static void assert_described(const struct descriptor *descriptor, const char *wanted)
{
	assert_described_in(descriptor, false, wanted);
}

struct described {
	struct descriptor descriptor;
	const char *wanted;
};

static void assert_all_described(const struct described *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_described(&cases[i].descriptor, cases[i].wanted);
}

/* ---- files ---- */

static void test_files(void **state)
{
	static char path[] = "/tmp/a\033 \"b\"", fifo[] = "/tmp/f\"", net[] = "net:[1001]", user[] = "user:[5]",
		    tty[] = "/dev/pts/3", disk[] = "/dev/vda", perf[] = "anon_inode:[perf_event]", netlike[] = "net";
	const struct described cases[] = {
		{{.kind = KIND_FILE, .name = path}, "/tmp/a\\x1b \"b\""},
		{{.kind = KIND_FILE}, "a path too long to be told"},
		{{.kind = KIND_PERF_EVENT, .name = perf}, "anon_inode:[perf_event]"},
		{{.kind = KIND_FIFO, .name = fifo, .access = ACCESS_NONE}, "\"/tmp/f\\x22\""},
		{{.kind = KIND_FIFO, .access = ACCESS_NONE}, "\"\""},
		{{.kind = KIND_NAMESPACE, .name = net, .inode = OTHER_NETNS}, "net:[1001] blue"},
		{{.kind = KIND_NAMESPACE, .name = net, .inode = 1002}, "net:[1001] 1002"},
		{{.kind = KIND_NAMESPACE, .name = net, .inode = (1ULL << 32) + OTHER_NETNS}, "net:[1001]"},
		{{.kind = KIND_NAMESPACE, .name = net, .inode = UINT32_MAX}, "net:[1001] 4294967295"},
		{{.kind = KIND_NAMESPACE, .name = user, .inode = OTHER_NETNS}, "user:[5]"},
		{{.kind = KIND_NAMESPACE, .name = netlike, .inode = OTHER_NETNS}, "net"},
		{{.kind = KIND_NAMESPACE, .inode = OTHER_NETNS}, "a path too long to be told"},
		{{.kind = KIND_BLOCK, .name = disk, .special = makedev(254, 16), .detailed = true}, "254:16 /dev/vda"},
		{{.kind = KIND_CHARACTER, .name = tty, .special = makedev(136, 3)}, "136:3 /dev/pts/3"},
		{{.kind = KIND_CHARACTER, .name = tty, .detailed = true, .character = {.terminal = 0}},
		 "0:0 master of /dev/pts/0 /dev/pts/3"},
		{{.kind = KIND_CHARACTER,
		  .name = tty,
		  .detailed = true,
		  .character = {.terminal = -1, .interface = "tun\033"}},
		 "0:0 interface tun\\x1b /dev/pts/3"},
	};

	(void)state;
	assert_all_described(cases, COUNT_OF(cases));
}

/* A path is printed whole, however much of it is escaped: a cut path would look like another. */
static void test_long_paths(void **state)
{
	static char path[PATH_MAX + 1];
	struct descriptor descriptor = {.kind = KIND_FILE, .name = path};
	struct expected expected = {0};

	(void)state;
	memset(path, '\\', PATH_MAX);
	for (size_t i = 0; i < PATH_MAX; i++)
		expect(&expected, "\\x5c");
	assert_described(&descriptor, expected.text);
	descriptor.kind = KIND_FIFO;
	descriptor.access = ACCESS_NONE;
	expected = (struct expected){.text = "\"", .used = 1};
	for (size_t i = 0; i < PATH_MAX; i++)
		expect(&expected, "\\x5c");
	expect(&expected, "\"");
	assert_described(&descriptor, expected.text);
}

/* ---- pipes ---- */

static void test_pipes(void **state)
{
	static struct other_holder writers[] = {
		{.owner = {.pid = 7, .fd = 1, .comm = "c\"at"}, .access = ACCESS_WRITE},
		{.owner = {.pid = 8, .fd = 2, .comm = "b"}, .access = ACCESS_BOTH, .tid = 9}};
	static struct other_holder readers[] = {{.owner = {.pid = 7, .fd = 0, .comm = "cat"}, .access = ACCESS_READ}};
	static struct other_holder registered[] = {
		{.owner = {.pid = 7, .fd = -2, .comm = "cat"}, .access = ACCESS_UNKNOWN}};
	const struct described cases[] = {
		{{.access = ACCESS_READ, .others = writers, .other_count = 2},
		 "4711 written by (\"c\\x22at\",pid=7,fd=1),(\"b\",pid=8,tid=9,fd=2) also read by (\"b\",pid=8,tid=9,fd=2)"},
		{{.access = ACCESS_WRITE, .others = writers, .other_count = 2},
		 "4711 also written by (\"c\\x22at\",pid=7,fd=1),(\"b\",pid=8,tid=9,fd=2) read by (\"b\",pid=8,tid=9,fd=2)"},
		{{.access = ACCESS_WRITE, .others = readers, .other_count = 1}, "4711 read by (\"cat\",pid=7,fd=0)"},
		{{.access = ACCESS_BOTH, .others = readers, .other_count = 1}, "4711 read by (\"cat\",pid=7,fd=0)"},
		{{.access = ACCESS_BOTH, .others = writers, .other_count = 1},
		 "4711 written by (\"c\\x22at\",pid=7,fd=1)"},
		{{.access = ACCESS_READ, .others = readers, .other_count = 1, .other_end = TRISTATE_NO},
		 "4711 nobody else writes: end of file also read by (\"cat\",pid=7,fd=0)"},
		{{.access = ACCESS_READ, .others = registered, .other_count = 1, .other_end = TRISTATE_YES},
		 "4711 written by somebody not seen (or on its way through a socket) also registered by (\"cat\",pid=7,ring=0,slot=0)"},
		{{.access = ACCESS_READ, .others_complete = true}, "4711 nobody was found who writes"},
		{{.access = ACCESS_READ}, "4711 written by nobody that may be seen"},
		{{.access = ACCESS_WRITE, .other_end = TRISTATE_NO}, "4711 nobody else reads: a write gets EPIPE"},
		{{.access = ACCESS_WRITE, .other_end = TRISTATE_YES},
		 "4711 read by somebody not seen (or on its way through a socket)"},
		{{.access = ACCESS_WRITE, .others_complete = true}, "4711 nobody was found who reads"},
		{{.access = ACCESS_WRITE}, "4711 read by nobody that may be seen"},
		{{.access = ACCESS_BOTH, .others_complete = true}, "4711 nobody else"},
		{{.access = ACCESS_BOTH}, "4711 nobody else that may be seen"},
		{{.access = ACCESS_NONE}, "4711"},
		{{.access = ACCESS_NONE, .others = readers, .other_count = 1},
		 "4711 also read by (\"cat\",pid=7,fd=0)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct descriptor pipe = cases[i].descriptor;

		pipe.kind = KIND_PIPE;
		pipe.inode = 4711;
		assert_described(&pipe, cases[i].wanted);
	}
}

static void test_warnings_are_coloured(void **state)
{
	struct watch watch = {.target = WATCH_DESCRIPTOR, .number = 5, .stale = true};
	struct descriptor epoll = {.kind = KIND_EPOLL, .flags_known = true, .watches = &watch, .watch_count = 1};
	struct descriptor pipe = {.kind = KIND_PIPE, .inode = 4711, .access = ACCESS_READ, .other_end = TRISTATE_NO};

	(void)state;
	assert_described_in(&pipe, true, "4711\033[33m nobody else writes: end of file\033[0m");
	pipe.other_end = TRISTATE_UNKNOWN;
	pipe.others_complete = true;
	assert_described_in(&pipe, true, "4711\033[33m nobody was found who writes\033[0m");
	pipe.others_complete = false;
	assert_described_in(&pipe, true, "4711 written by nobody that may be seen");
	assert_described_in(&epoll, true, "watches 5\033[33m (closed here, open elsewhere)\033[0m");
}

/* ---- sockets ---- */

static void assert_socket(const struct socket_end *end, const char *wanted)
{
	const struct descriptor descriptor = {.kind = KIND_SOCKET, .inode = 4711, .socket = *end};

	assert_described(&descriptor, wanted);
}

static void assert_found(const struct socket *socket, const char *wanted)
{
	assert_socket(&(struct socket_end){.found = socket}, wanted);
}

static void test_inet_sockets(void **state)
{
	struct socket socket = inet_socket(PROTOCOL_TCP, STATE_ESTABLISHED, "10.0.0.1", 80, "10.0.0.2", 4711);

	(void)state;
	assert_found(&socket, "ESTABLISHED 10.0.0.1:80 -> 10.0.0.2:4711");
	socket.recvq = 1;
	assert_found(&socket, "ESTABLISHED 10.0.0.1:80 -> 10.0.0.2:4711 recvq 1");
	socket.sendq = 2;
	socket.tuple.netns = OTHER_NETNS;
	assert_found(&socket, "ESTABLISHED 10.0.0.1:80 -> 10.0.0.2:4711 recvq 1 sendq 2 netns blue");
	socket.recvq = QUEUE_UNKNOWN;
	socket.sendq = QUEUE_UNKNOWN;
	socket.tuple.netns = 0;
	assert_found(&socket, "ESTABLISHED 10.0.0.1:80 -> 10.0.0.2:4711");
	socket = inet_socket(PROTOCOL_TCP, STATE_LISTEN, "2001:db8::1", 80, "::", 0);
	assert_found(&socket, "LISTEN [2001:db8::1]:80 waiting 0 of at most 0");
	socket.recvq = 3;
	socket.sendq = 128;
	assert_found(&socket, "LISTEN [2001:db8::1]:80 waiting 3 of at most 128");
	socket.recvq = QUEUE_UNKNOWN;
	socket.sendq = QUEUE_UNKNOWN;
	assert_found(&socket, "LISTEN [2001:db8::1]:80");
	socket = inet_socket(PROTOCOL_UDP, STATE_CLOSE, "10.0.0.1", 53, "0.0.0.0", 0);
	assert_found(&socket, "UNCONN 10.0.0.1:53");
	socket = inet_socket(PROTOCOL_UDP, STATE_ESTABLISHED, "10.0.0.1", 53, "0.0.0.0", 5);
	assert_found(&socket, "ESTABLISHED 10.0.0.1:53 -> 0.0.0.0:5");
	socket = inet_socket(PROTOCOL_RAW, STATE_ESTABLISHED, "10.0.0.1", 1, "10.0.0.2", 0);
	assert_found(&socket, "ESTABLISHED 10.0.0.1:1 -> 10.0.0.2:*");
}

static void test_state_is_coloured(void **state)
{
	const struct socket socket = inet_socket(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0);
	const struct descriptor descriptor = {.kind = KIND_SOCKET, .socket = {.found = &socket}};

	(void)state;
	assert_described_in(&descriptor, true, "\033[36mLISTEN\033[0m 10.0.0.1:80 waiting 0 of at most 0");
}

static void test_unix_sockets(void **state)
{
	static const struct owner owners[] = {{.pid = 1, .fd = 3, .comm = "systemd"}, {.pid = 2, .fd = 4, .comm = "x"}};
	struct socket socket = {.protocol = PROTOCOL_UNIX,
				.state = STATE_ESTABLISHED,
				.inode = 12,
				.path = "/run/x\"",
				.path_length = 7,
				.tuple.netns = SHOWN_NETNS};
	const struct socket peer = {.protocol = PROTOCOL_UNIX, .inode = 13, .path = "\0abs", .path_length = 4};

	(void)state;
	assert_found(&socket, "ESTABLISHED \"/run/x\\x22\" 12");
	socket.peer_inode = 13;
	assert_found(&socket, "ESTABLISHED \"/run/x\\x22\" 12 -> 13");
	assert_socket(
		&(struct socket_end){.found = &socket, .peer = &peer, .peer_owners = owners, .peer_owner_count = 2},
		"ESTABLISHED \"/run/x\\x22\" 12 -> \"@abs\" 13 (\"systemd\",pid=1,fd=3),(\"x\",pid=2,fd=4)");
	socket.path_length = 0;
	assert_found(&socket, "ESTABLISHED 12 -> 13");
}

static void test_sockets_of_other_families(void **state)
{
	static const struct {
		struct socket_end end;
		const char *wanted;
	} cases[] = {
		{{.protocol = "packet", .has_numbers = true, .family_protocol = ETH_P_ALL}, "takes all frames"},
		{{.protocol = "packet", .has_numbers = true, .family_netns = SHOWN_NETNS}, "takes no frames"},
		{{.protocol = "packet", .has_numbers = true, .family_protocol = ETH_P_IP, .family_netns = OTHER_NETNS},
		 "takes frames 0x0800 netns blue"},
		{{.protocol = "packet", .has_numbers = true, .family_netns = SHOWN_NETNS, .family_port = 2},
		 "takes no frames interface e\\x1b"},
		{{.protocol = "packet", .has_numbers = true, .family_netns = SHOWN_NETNS, .family_port = 3},
		 "takes no frames interface 3"},
		{{.protocol = "netlink", .has_numbers = true, .family_protocol = NETLINK_ROUTE, .family_port = 42},
		 "route port 42"},
		{{.protocol = "netlink", .has_numbers = true, .family_protocol = 31, .family_groups = 0x11},
		 "31 port 0 groups 0x11"},
		{{.protocol = "netlink", .has_numbers = true, .family_netns = OTHER_NETNS}, "route port 0 netns blue"},
		{{.protocol = "tcp", .unlisted = true, .bound_are_listed = true}, "CLOSE inode 4711, not bound"},
		{{.protocol = "tcpv6", .unlisted = true}, "CLOSE inode 4711, bound or not: this kernel does not tell"},
		{{.protocol = "udp", .unlisted = true}, "inode 4711, neither bound nor connected, it seems"},
		{{.protocol = "vsock"}, "inode 4711"},
		{{.protocol = ""}, "inode 4711, of a kind that is not known"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_socket(&cases[i].end, cases[i].wanted);
}

static void test_namer_without_interfaces(void **state)
{
	static const struct socket_namer nothing = {0};
	const struct descriptor_view view = {.namer = &nothing};

	(void)state;
	assert_null(descriptor_interface(&(struct socket_end){.family_port = 2}, &view));
}

static void test_other_holders_of_a_socket(void **state)
{
	struct other_holder others[] = {{.owner = {.pid = 7, .fd = 1, .comm = "a"}, .tid = 9},
					{.owner = {.pid = 8, .fd = 2, .comm = "b"}}};
	const struct descriptor descriptor = {
		.kind = KIND_SOCKET, .inode = 4711, .others = others, .other_count = 2, .socket.protocol = "vsock"};

	(void)state;
	assert_described(&descriptor, "inode 4711 also held by (\"a\",pid=7,fd=1),(\"b\",pid=8,fd=2)");
}

/* ---- what the kernel has of its own ---- */

static void test_watches(void **state)
{
	static struct watch sockets[] = {
		{.target = WATCH_DESCRIPTOR, .number = 5, .events = EPOLLIN | EPOLLET},
		{.target = WATCH_DESCRIPTOR, .number = 6, .stale = true},
	};
	static struct watch files[] = {
		{.target = WATCH_INODE, .inode = 99, .major = 254, .minor = 1, .events = IN_OPEN}};
	static struct watch marks[] = {
		{.target = WATCH_MOUNT, .object = 29, .events = FAN_OPEN | FAN_ONDIR},
		{.target = WATCH_FILE_SYSTEM, .major = 254, .minor = 1},
		{.target = WATCH_NAMESPACE, .object = 4026531841},
	};
	static char name[] = "anon_inode:[eventpoll]";
	const struct described cases[] = {
		{{.kind = KIND_EPOLL, .flags_known = true}, "watches nothing"},
		{{.kind = KIND_EPOLL, .flags_known = true, .watches = sockets, .watch_count = 2},
		 "watches 5 IN,ET; 6 (closed here, open elsewhere)"},
		{{.kind = KIND_EPOLL, .name = name}, "anon_inode:[eventpoll]"},
		{{.kind = KIND_INOTIFY, .flags_known = true}, "0 watches"},
		{{.kind = KIND_INOTIFY, .flags_known = true, .watches = files, .watch_count = 1},
		 "1 watch: inode 99 on 254:1 OPEN"},
		{{.kind = KIND_FANOTIFY, .flags_known = true, .watches = marks, .watch_count = 3},
		 "3 watches: mount 29 OPEN,ONDIR; file system 254:1; mount namespace 4026531841"},
	};

	(void)state;
	assert_all_described(cases, COUNT_OF(cases));
}

static void test_details(void **state)
{
	static const uint64_t second = NS_PER_SEC;
	static char name[] = "anon_inode:[x]";
	const struct described cases[] = {
		{{.kind = KIND_EVENTFD, .eventfd = {.count = 3}}, "count 3"},
		{{.kind = KIND_EVENTFD, .eventfd = {.count = 0, .semaphore = true}}, "count 0, a semaphore"},
		{{.kind = KIND_TIMERFD, .timerfd = {.clock = CLOCK_MONOTONIC}}, "monotonic not armed"},
		{{.kind = KIND_TIMERFD, .timerfd = {.clock = 99, .interval_ns = second}}, "clock 99 not armed"},
		{{.kind = KIND_TIMERFD, .timerfd = {.clock = CLOCK_REALTIME, .value_ns = 4200000000}},
		 "realtime fires in 4.2s"},
		{{.kind = KIND_TIMERFD,
		  .timerfd = {.clock = CLOCK_BOOTTIME, .value_ns = second, .interval_ns = 2 * second, .ticks = 1}},
		 "boottime fires in 1.0s, then each 2.0s, fired 1 time and not read"},
		{{.kind = KIND_TIMERFD, .timerfd = {.clock = CLOCK_BOOTTIME, .ticks = 2}},
		 "boottime not armed, fired 2 times and not read"},
		{{.kind = KIND_SIGNALFD}, "no signal"},
		{{.kind = KIND_SIGNALFD, .signals = 1ULL << (SIGHUP - 1) | 1ULL << (SIGTERM - 1) | 1ULL << (32 - 1)},
		 "SIGHUP SIGTERM 32"},
		{{.kind = KIND_PIDFD, .pidfd = {.pid = 12, .comm = "a b"}}, "pid 12 \"a b\""},
		{{.kind = KIND_PIDFD, .pidfd = {.pid = 0}}, "a process of another pid namespace"},
		{{.kind = KIND_PIDFD, .pidfd = {.pid = -1}}, "a process that has exited"},
		{{.kind = KIND_BPF_MAP, .bpf = {.type_name = "hash", .type = 1, .id = 7}}, "hash id 7"},
		{{.kind = KIND_BPF_PROG, .bpf = {.type = 99, .id = 7}}, "type 99 id 7"},
		{{.kind = KIND_BPF_LINK, .bpf = {.type = 1, .id = 8}}, "type 1 id 8"},
		{{.kind = KIND_DMA_BUF, .dma_buf = {.exporter = "drm\033"}}, "exported by drm\\x1b"},
		{{.kind = KIND_DMA_BUF, .dma_buf = {.exporter = "drm", .label = "a\"b"}},
		 "exported by drm \"a\\x22b\""},
		{{.kind = KIND_IO_URING, .io_uring = {.entries = 8, .whole = true}}, "8 entries"},
		{{.kind = KIND_IO_URING, .io_uring = {.entries = 8, .slots = 1, .whole = true}},
		 "8 entries, 1 slot for a file"},
		{{.kind = KIND_IO_URING, .io_uring = {.entries = 8, .slots = 2}},
		 "8 entries, 2 slots for files, whose files this kernel does not tell, or has locked"},
	};
	const struct descriptor ring = {.kind = KIND_IO_URING, .name = name};
	const struct descriptor event = {.kind = KIND_EVENTFD, .name = name};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct descriptor descriptor = cases[i].descriptor;

		descriptor.detailed = true;
		assert_described(&descriptor, cases[i].wanted);
	}
	assert_described(&ring, "anon_inode:[x], whose files this kernel does not tell, or has locked");
	assert_described(&event, "anon_inode:[x]");
}

/* The last signal is the kernel's 64. */
static void test_last_signal(void **state)
{
	const struct descriptor descriptor = {.kind = KIND_SIGNALFD, .detailed = true, .signals = 1ULL << 63};
	char name[SIGNAL_NAME_MAX];

	(void)state;
	assert_described(&descriptor, signal_name(64, name));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_pipes),
		cmocka_unit_test(test_warnings_are_coloured),
		cmocka_unit_test(test_inet_sockets),
		cmocka_unit_test(test_state_is_coloured),
		cmocka_unit_test(test_unix_sockets),
		cmocka_unit_test(test_sockets_of_other_families),
		cmocka_unit_test(test_namer_without_interfaces),
		cmocka_unit_test(test_other_holders_of_a_socket),
		cmocka_unit_test(test_watches),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_last_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
