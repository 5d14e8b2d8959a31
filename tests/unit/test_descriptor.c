// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the kinds of descriptors, conclusions from several descriptors, and the output as text and JSON.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "capture.h"
#include "check.h"
#include "fds_json.h"
#include "fds_text.h"
#include "json_check.h"
#include "proc_family.h"

enum { DISK = 0xfe00 }; /* 254:0 */

struct kind_case {
	const char *link;
	uint32_t mode;
	uint32_t hard_links;
	dev_t device;
	enum descriptor_kind kind;
};

static const struct kind_case kinds[] = {
	{"/etc/passwd", S_IFREG | 0644, 1, DISK, KIND_FILE},
	{"/tmp/#12 (deleted)", S_IFREG | 0600, 0, DISK, KIND_FILE},
	{"(unreachable)/x", S_IFREG, 1, DISK, KIND_FILE},
	{"", S_IFREG, 1, DISK, KIND_FILE}, /* a path that is too long */
	{"/", S_IFDIR, 2, DISK, KIND_DIRECTORY},
	{"/dev/null", S_IFCHR, 1, 6, KIND_CHARACTER},
	{"/dev/loop0", S_IFBLK, 1, 6, KIND_BLOCK},
	{"/x", S_IFLNK, 1, DISK, KIND_SYMLINK},
	{"/run/x.sock", S_IFSOCK, 1, DISK, KIND_SOCKET_FILE},
	{"/tmp/fifo", S_IFIFO, 1, DISK, KIND_FIFO},
	{"/tmp/pipe:[5]", S_IFREG, 1, DISK, KIND_FILE},
	{"pipe:[5]", S_IFIFO, 1, 15, KIND_PIPE},
	{"socket:[5]", S_IFSOCK, 1, 9, KIND_SOCKET},
	{"net:[4026531840]", S_IFREG, 1, 4, KIND_NAMESPACE},
	{"pid_for_children:[4026531836]", S_IFREG, 1, 4, KIND_NAMESPACE},
	{"/memfd:x (deleted)", S_IFREG, 0, 1, KIND_MEMFD},
	{"/memfd:x (deleted)", S_IFREG, 0, DISK, KIND_FILE}, /* on a disk: a file with the name of a memfd */
	{"/memfd:x (deleted)", S_IFREG, 1, 1, KIND_FILE},
	{"/dmabuf:", S_IFREG, 1, 14, KIND_DMA_BUF},
	{"anon_inode:[eventfd]", 0600, 1, 16, KIND_EVENTFD},
	{"anon_inode:[eventfd]", S_IFREG | 0600, 1, 16, KIND_EVENTFD},
	{"anon_inode:[eventpoll]", 0600, 1, 16, KIND_EPOLL},
	{"anon_inode:inotify", 0600, 1, 16, KIND_INOTIFY},
	{"anon_inode:bpf_link", 0600, 1, 16, KIND_BPF_LINK},
	{"anon_inode:[pidfd]", 0600, 1, 16, KIND_PIDFD},
	{"pidfd:[12]", 0700, 1, 5, KIND_PIDFD},
	{"anon_inode:kvm-vcpu:0", 0600, 1, 16, KIND_ANONYMOUS},
	{"anon_inode:", 0600, 1, 16, KIND_ANONYMOUS},
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		const struct kind_case *one = &kinds[i];
		const struct descriptor_seen seen = {one->link, one->mode, one->hard_links, one->device};

		if (descriptor_kind_of(&seen) != one->kind)
			fail_msg("%s: %s, not %s", one->link, descriptor_kind_name(descriptor_kind_of(&seen)),
				 descriptor_kind_name(one->kind));
	}
	for (enum descriptor_kind kind = 0; kind < KIND_COUNT; kind++)
		assert_non_null(descriptor_kind_name(kind));
}

static void test_names_of_numbers(void **state)
{
	const char *names[FLAG_NAMES_MAX];
	char out[SIGNAL_NAME_MAX];

	(void)state;
	assert_int_equal(descriptor_flag_names(O_SYNC | O_CLOEXEC | O_NONBLOCK, names), 3);
	assert_string_equal(names[0], "nonblock");
	assert_string_equal(names[1], "sync");
	assert_string_equal(names[2], "cloexec");
	assert_int_equal(descriptor_flag_names(O_DSYNC, names), 1);
	assert_string_equal(names[0], "dsync");
	assert_int_equal(watch_event_names(KIND_INOTIFY, 0x10002, names), 1); /* the other bit is fanotify's */
	assert_int_equal(watch_event_names(KIND_FANOTIFY, 0x10002, names), 2);
	assert_string_equal(signal_name(SIGTERM, out), "SIGTERM");
	assert_string_equal(signal_name(32, out), "32");
	assert_string_equal(signal_name((unsigned int)SIGRTMIN, out), "SIGRTMIN");
	assert_string_equal(signal_name(64, out), "SIGRTMIN+30");
	assert_string_equal(netlink_name(0), "route");
	assert_null(netlink_name(17));
	assert_null(netlink_name(-1));
	assert_null(netlink_name(99));
	assert_null(clock_name(2));
}

static void test_deleted(void **state)
{
	(void)state;
	assert_true(descriptor_looks_deleted("/x (deleted)"));
	assert_true(descriptor_looks_deleted("/x (deleted) (deleted)"));
	assert_false(descriptor_looks_deleted("/x"));
	assert_false(descriptor_looks_deleted(" (deleted)"));
	assert_false(descriptor_looks_deleted("pipe:[5] (deleted)"));
}

static void test_other_ends(void **state)
{
	static const struct {
		enum access_mode ours, other; /* ACCESS_UNKNOWN: no other holder */
		bool complete;
		enum tristate kernel, open;
	} cases[] = {
		{ACCESS_READ, ACCESS_WRITE, true, TRISTATE_UNKNOWN, TRISTATE_YES},
		{ACCESS_READ, ACCESS_BOTH, false, TRISTATE_UNKNOWN, TRISTATE_YES},
		{ACCESS_READ, ACCESS_READ, true, TRISTATE_UNKNOWN, TRISTATE_NO},
		{ACCESS_READ, ACCESS_READ, true, TRISTATE_YES, TRISTATE_YES},
		{ACCESS_READ, ACCESS_READ, false, TRISTATE_UNKNOWN, TRISTATE_UNKNOWN},
		{ACCESS_READ, ACCESS_READ, false, TRISTATE_NO, TRISTATE_NO},
		{ACCESS_READ, ACCESS_UNKNOWN, true, TRISTATE_UNKNOWN, TRISTATE_NO},
		{ACCESS_WRITE, ACCESS_READ, true, TRISTATE_UNKNOWN, TRISTATE_YES},
		{ACCESS_WRITE, ACCESS_WRITE, true, TRISTATE_UNKNOWN, TRISTATE_NO},
		{ACCESS_WRITE, ACCESS_WRITE, false, TRISTATE_YES, TRISTATE_YES},
		{ACCESS_BOTH, ACCESS_UNKNOWN, true, TRISTATE_UNKNOWN, TRISTATE_YES},
		{ACCESS_NONE, ACCESS_WRITE, true, TRISTATE_UNKNOWN, TRISTATE_UNKNOWN},
		{ACCESS_UNKNOWN, ACCESS_READ, true, TRISTATE_UNKNOWN, TRISTATE_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct other_holder other = {.access = cases[i].other};
		const struct descriptor pipe = {.kind = KIND_PIPE,
						.access = cases[i].ours,
						.others = &other,
						.other_count = 1,
						.others_complete = cases[i].complete,
						.other_end = cases[i].kernel};

		assert_int_equal(descriptor_other_end(&pipe), cases[i].open);
	}
}

static void test_stale_watches(void **state)
{
	struct watch watches[] = {{.number = 3, .inode = 30}, {.number = 4, .inode = 99}, {.number = 7, .inode = 70}};
	struct descriptor all[] = {{.fd = 3, .inode = 30, .kind = KIND_PIPE},
				   {.fd = 4, .inode = 40, .kind = KIND_PIPE},
				   {.fd = 5, .kind = KIND_EPOLL, .watches = watches, .watch_count = 3}};
	struct descriptors descriptors = {.all = all, .count = 3};

	(void)state;
	descriptors_mark_stale(&descriptors);
	assert_false(watches[0].stale);
	assert_true(watches[1].stale);
	assert_true(watches[2].stale);
}

static void test_netlink_and_packet(void **state)
{
	struct family_row row;

	(void)state;
	assert_int_equal(
		proc_family_parse(
			FAMILY_NETLINK,
			"000000005818ecd4 15  1234       00000011 0        0        0     2        0        562     \n",
			&row),
		1);
	assert_int_equal(row.protocol, 15);
	assert_int_equal(row.port, 1234);
	assert_int_equal(row.groups, 0x11);
	assert_int_equal(row.inode, 562);
	assert_int_equal(proc_family_parse(FAMILY_PACKET,
					   "00000000dead767f 3      3    0003   2     1 0      33     12345 \n", &row),
			 1);
	assert_int_equal(row.protocol, 3);
	assert_int_equal(row.port, 2);
	assert_int_equal(row.inode, 12345);
	assert_int_equal(proc_family_parse(FAMILY_NETLINK, "sk               Eth Pid        Groups   Rmem", &row), 0);
	assert_int_equal(proc_family_parse(FAMILY_PACKET, "sk               RefCnt Type Proto  Iface R Rmem", &row), 0);
	assert_int_equal(proc_family_parse(FAMILY_PACKET, "", &row), 0);
}

/* ---- output ---- */

#define HOSTILE "a \"b\033[2J\n"

static const struct socket_namer no_namer;
static const struct netns_view no_names = {.home = 1};

static struct descriptor_view plain_view(void)
{
	return (struct descriptor_view){.namer = &no_namer, .netns = &no_names, .home = 1};
}

static const struct process_facts somebody = {
	.pid = 12, .comm = HOSTILE, .uid = 33, .user = "www\033-data", .limit = 1024, .netns = 1};

static char *show_descriptors(struct descriptor *all, size_t count)
{
	const struct descriptors descriptors = {.all = all, .count = count};
	const struct descriptor_view view = plain_view();
	struct capture capture = capture_open();
	char *text;

	fds_text_put(&somebody, NULL, &descriptors, &view, capture.output);
	text = capture_take(&capture);
	capture_close(&capture);
	return text;
}

static void assert_what(const struct descriptor *descriptor, const char *wanted)
{
	const struct descriptor_view view = plain_view();
	struct capture capture = capture_open();
	char *text;

	descriptor_text_put(descriptor, &view, capture.output);
	text = capture_take(&capture);
	assert_string_equal(text, wanted);
	free(text);
	capture_close(&capture);
}

static void test_table(void **state)
{
	struct descriptor all[] = {
		{.fd = 0,
		 .kind = KIND_FILE,
		 .access = ACCESS_READ,
		 .name = "/a " HOSTILE,
		 .has_size = true,
		 .size = 1234567,
		 .position = 5,
		 .flags = O_CLOEXEC,
		 .deleted = true},
		{.fd = 100, .kind = KIND_DIRECTORY, .access = ACCESS_READ, .name = "/", .position = -1},
	};
	char *text = show_descriptors(all, 2);

	(void)state;
	assert_string_equal(text, "a \"b\\x1b[2J\\x0a, pid 12, user www\\x1b-data: 2 descriptors of at most 1024\n"
				  " FD KIND      ACCESS FLAGS              SIZE POS WHAT\n"
				  "  0 file      r      cloexec,deleted 1234567   5 /a a \"b\\x1b[2J\\x0a\n"
				  "100 directory r      -                     -   - /\n");
	free(text);
}

static void test_path_is_never_cut(void **state)
{
	char path[4000];
	struct descriptor file = {.kind = KIND_FILE, .name = path, .position = -1};
	char *text;

	(void)state;
	memset(path, '\033', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	text = show_descriptors(&file, 1);
	assert_int_equal(strlen(strstr(text, "\\x1b\\x1b\\x1b")), 4 * (sizeof(path) - 1) + 1);
	free(text);
}

static void test_pipes(void **state)
{
	struct other_holder others[] = {{{.pid = 7, .fd = 1, .comm = "c\"at"}, ACCESS_WRITE, .tid = 0},
					{{.pid = 8, .fd = 0, .comm = "sh"}, ACCESS_READ, .tid = 9}};
	struct descriptor pipe = {
		.kind = KIND_PIPE, .access = ACCESS_READ, .inode = 99, .others = others, .other_count = 2};

	(void)state;
	assert_what(&pipe, "99 written by (\"c\\x22at\",pid=7,fd=1) also read by (\"sh\",pid=8,tid=9,fd=0)");
	pipe.access = ACCESS_WRITE;
	assert_what(&pipe, "99 also written by (\"c\\x22at\",pid=7,fd=1) read by (\"sh\",pid=8,tid=9,fd=0)");
	pipe.other_count = 0;
	assert_what(&pipe, "99 read by nobody that may be seen");
	pipe.other_end = TRISTATE_YES;
	assert_what(&pipe, "99 read by somebody not seen (or on its way through a socket)");
	pipe.other_end = TRISTATE_NO;
	assert_what(&pipe, "99 nobody else reads: a write gets EPIPE");
	pipe.access = ACCESS_READ;
	assert_what(&pipe, "99 nobody else writes: end of file");
	pipe.other_end = TRISTATE_UNKNOWN;
	pipe.others_complete = true;
	assert_what(&pipe, "99 nobody was found who writes");
	pipe.kind = KIND_FIFO;
	pipe.access = ACCESS_BOTH;
	pipe.name = "/x \"y";
	assert_what(&pipe, "\"/x \\x22y\" nobody else");
}

static void test_sockets(void **state)
{
	static const uint8_t here[] = {127, 0, 0, 1};
	struct socket found = {.protocol = PROTOCOL_TCP,
			       .state = STATE_ESTABLISHED,
			       .tuple = {.laddr = address_from_ipv4(here),
					 .raddr = address_from_ipv4(here),
					 .lport = 80,
					 .rport = 4000,
					 .netns = 1,
					 .family = 4},
			       .recvq = 3};
	struct descriptor socket = {.kind = KIND_SOCKET, .inode = 5, .socket = {.found = &found}};
	struct socket peer = {.protocol = PROTOCOL_UNIX, .path = "/p q", .path_length = 5};
	struct owner owner = {.pid = 1, .fd = 4, .comm = "init"};

	(void)state;
	assert_what(&socket, "ESTABLISHED 127.0.0.1:80 -> 127.0.0.1:4000 recvq 3");
	found.tuple.netns = 2;
	assert_what(&socket, "ESTABLISHED 127.0.0.1:80 -> 127.0.0.1:4000 recvq 3 netns 2");
	found = (struct socket){.protocol = PROTOCOL_UNIX,
				.state = STATE_ESTABLISHED,
				.inode = 5,
				.peer_inode = 6,
				.tuple = {.netns = 1}};
	socket.socket.peer = &peer;
	socket.socket.peer_owners = &owner;
	socket.socket.peer_owner_count = 1;
	assert_what(&socket, "ESTABLISHED 5 -> \"/p q\" 6 (\"init\",pid=1,fd=4)");
	socket.socket = (struct socket_end){.protocol = "tcp", .unlisted = true};
	assert_what(&socket, "CLOSE inode 5, bound or not: this kernel does not tell");
	socket.socket.bound_are_listed = true;
	assert_what(&socket, "CLOSE inode 5, not bound");
	socket.socket = (struct socket_end){.protocol = "udpv6", .unlisted = true};
	assert_what(&socket, "inode 5, neither bound nor connected, it seems");
	socket.socket = (struct socket_end){0};
	assert_what(&socket, "inode 5, of a kind that is not known");
	socket.socket = (struct socket_end){
		.protocol = "netlink", .has_numbers = true, .family_protocol = 15, .family_groups = 2};
	assert_what(&socket, "kobject_uevent port 0 groups 0x2");
	socket.socket =
		(struct socket_end){.protocol = "packet", .has_numbers = true, .family_protocol = 3, .family_port = 2};
	assert_what(&socket, "takes all frames interface 2");
	socket.socket.family_netns = 2;
	assert_what(&socket, "takes all frames interface 2 netns 2");
}

static void test_what_waits(void **state)
{
	struct watch watch = {.number = 3, .events = 1, .inode = 7, .major = 254};
	struct descriptor descriptor = {
		.kind = KIND_EPOLL, .flags_known = true, .detailed = true, .watches = &watch, .watch_count = 1};

	(void)state;
	assert_what(&descriptor, "watches 3 IN");
	watch.stale = true;
	assert_what(&descriptor, "watches 3 IN (closed here, open elsewhere)");
	watch.target = WATCH_INODE;
	watch.stale = false;
	descriptor.kind = KIND_INOTIFY;
	assert_what(&descriptor, "1 watch: inode 7 on 254:0 ACCESS");
	descriptor = (struct descriptor){.kind = KIND_EPOLL, .flags_known = true};
	assert_what(&descriptor, "watches nothing");
	descriptor =
		(struct descriptor){.kind = KIND_TIMERFD, .detailed = true, .timerfd = {1, 2, 5000000000, 1000000000}};
	assert_what(&descriptor, "monotonic fires in 5.0s, then each 1.0s, fired 2 times and not read");
	descriptor.timerfd.ticks = 1;
	assert_what(&descriptor, "monotonic fires in 5.0s, then each 1.0s, fired 1 time and not read");
	descriptor.timerfd.value_ns = descriptor.timerfd.ticks = 0;
	assert_what(&descriptor, "monotonic not armed");
	descriptor = (struct descriptor){.kind = KIND_SIGNALFD, .detailed = true, .signals = 1 << 1 | 1 << 14};
	assert_what(&descriptor, "SIGINT SIGTERM");
	descriptor = (struct descriptor){.kind = KIND_PIDFD, .detailed = true, .pidfd = {.pid = -1}};
	assert_what(&descriptor, "a process that has exited");
	descriptor =
		(struct descriptor){.kind = KIND_TIMERFD, .name = "timerfd"}; /* a timer whose fdinfo may not be read */
	assert_what(&descriptor, "timerfd");
}

static void test_json(void **state)
{
	struct other_holder other = {{.pid = 7, .fd = 1, .comm = "c\"at"}, ACCESS_WRITE, .tid = 0};
	struct descriptor all[KIND_COUNT + 1] = {{.fd = 3,
						  .kind = KIND_PIPE,
						  .access = ACCESS_READ,
						  .flags_known = true,
						  .flags = O_NONBLOCK,
						  .inode = 99,
						  .others = &other,
						  .other_count = 1}};
	const struct descriptors descriptors = {.all = all, .count = COUNT_OF(all)};
	const struct descriptor_view view = plain_view();
	struct capture capture = capture_open();
	struct members members;
	const char *rest;
	char *text;

	(void)state;
	for (size_t i = 1; i < COUNT_OF(all); i++) /* one descriptor of each kind, with nothing else known */
		all[i].kind = (enum descriptor_kind)(i - 1);
	fds_json_put(&somebody, NULL, &descriptors, &view, capture.output);
	text = capture_take(&capture);
	rest = json_read_line(text, &members);
	assert_member(&members, "type", 's', "descriptor");
	assert_member(&members, "pid", 'n', "12");
	assert_member(&members, "comm", 's', "a \"b<U+001B>[2J<U+000A>");
	assert_member(&members, "kind", 's', "pipe");
	assert_member(&members, "access", 's', "r");
	assert_member(&members, "flags", '[', "[\"nonblock\"]");
	assert_member(&members, "path", '0', "null");
	assert_member(&members, "other_end", 's', "open");
	assert_member(&members, "others", '[', "[{\"pid\":7,\"comm\":\"c\\\"at\",\"fd\":1,\"access\":\"w\"}]");
	for (size_t i = 1; i < COUNT_OF(all); i++)
		rest = json_read_line(rest, &members);
	assert_string_equal(rest, "");
	free(text);
	capture_close(&capture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),         cmocka_unit_test(test_names_of_numbers),
		cmocka_unit_test(test_deleted),       cmocka_unit_test(test_other_ends),
		cmocka_unit_test(test_stale_watches), cmocka_unit_test(test_netlink_and_packet),
		cmocka_unit_test(test_table),         cmocka_unit_test(test_path_is_never_cut),
		cmocka_unit_test(test_pipes),         cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_what_waits),    cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
