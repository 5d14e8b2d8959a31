// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the parser of /proc/PID/fdinfo: texts as the kernel writes them, and texts as an attacker might write them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fdinfo.h"

static struct descriptor parse_fdinfo(enum descriptor_kind kind, const char *text)
{
	struct descriptor descriptor = {.kind = kind, .position = -1};

	assert_int_equal(fdinfo_parse(text, &descriptor), 0);
	return descriptor;
}

static void test_what_all_have(void **state)
{
	struct descriptor file = parse_fdinfo(KIND_FILE, "pos:\t1200\nflags:\t02102001\nmnt_id:\t27\nino:\t15\n"
							 "lock:\t1: FLOCK  ADVISORY  WRITE 12 fe:00:15 0 EOF\n");

	(void)state;
	assert_int_equal(file.position, 1200);
	assert_int_equal(file.access, ACCESS_WRITE);
	assert_true(file.flags_known);
	assert_int_equal(file.flags & (O_APPEND | O_CLOEXEC | O_NONBLOCK), O_APPEND | O_CLOEXEC);
	assert_int_equal(file.locks, 1);
	assert_int_equal(parse_fdinfo(KIND_FILE, "flags:\t00\n").access, ACCESS_READ);
	assert_int_equal(parse_fdinfo(KIND_FILE, "flags:\t04002\n").access, ACCESS_BOTH);
	assert_int_equal(parse_fdinfo(KIND_FILE, "flags:\t012000002\n").access, ACCESS_NONE);
	assert_int_equal(parse_fdinfo(KIND_FILE, "").access, ACCESS_UNKNOWN);
}

/* Some kernels write the name of a file that an io_uring has registered as it is, with its newlines. */
static void test_names_that_look_like_lines(void **state)
{
	struct descriptor ring =
		parse_fdinfo(KIND_IO_URING, "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t6\nSqMask:\t0x7\n"
					    "UserFiles:\t1\n    0: x\npos:\t9\nflags:\t00\nlock:\t1\n");

	(void)state;
	assert_int_equal(ring.position, 0);
	assert_int_equal(ring.access, ACCESS_BOTH);
	assert_int_equal(ring.locks, 0);
	assert_int_equal(ring.io_uring.entries, 8);
}

static void test_eventfd(void **state)
{
	struct descriptor eventfd = parse_fdinfo(
		KIND_EVENTFD, "flags:\t04002\neventfd-count:               1f\neventfd-id: 1\neventfd-semaphore: 1\n");

	(void)state;
	assert_true(eventfd.detailed);
	assert_int_equal(eventfd.eventfd.count, 0x1f);
	assert_true(eventfd.eventfd.semaphore);
	eventfd = parse_fdinfo(KIND_EVENTFD, "eventfd-count: ffffffffffffffff\n");
	assert_true(eventfd.eventfd.count == UINT64_MAX);
}

static void test_timerfd(void **state)
{
	struct descriptor timer = parse_fdinfo(KIND_TIMERFD, "clockid: 7\nticks: 3\nsettime flags: 00\n"
							     "it_value: (3599, 985793003)\nit_interval: (1, 500)\n");

	(void)state;
	assert_true(timer.detailed);
	assert_int_equal(timer.timerfd.clock, 7);
	assert_string_equal(clock_name(7), "boottime");
	assert_int_equal(timer.timerfd.ticks, 3);
	assert_int_equal(timer.timerfd.value_ns, 3599985793003);
	assert_int_equal(timer.timerfd.interval_ns, 1000000500);
	assert_int_equal(parse_fdinfo(KIND_TIMERFD, "clockid: 1\nit_value: (0, 0)\n").timerfd.value_ns, 0);
}

static void test_epoll(void **state)
{
	struct descriptor epoll = parse_fdinfo(
		KIND_EPOLL, "tfd:        3 events: 80000019 data:                3  pos:0 ino:40e sdev:10\n"
			    "tfd:       12 events:     2001 data: ffffffffffffffff  pos:4711 ino:13 sdev:fe00001\n"
			    "tfd:       13 events:        4 data:                1\n");
	const char *names[FLAG_NAMES_MAX];

	(void)state;
	assert_int_equal(epoll.watch_count, 3);
	assert_int_equal(epoll.watches[0].number, 3);
	assert_int_equal(epoll.watches[0].inode, 0x40e);
	assert_int_equal(epoll.watches[0].minor, 16);
	assert_int_equal(watch_event_names(KIND_EPOLL, epoll.watches[0].events, names), 2);
	assert_string_equal(names[0], "IN");
	assert_string_equal(names[1], "ET");
	assert_int_equal(epoll.watches[1].number, 12);
	assert_int_equal(epoll.watches[1].major, 254);
	assert_int_equal(epoll.watches[1].minor, 1);
	assert_int_equal(epoll.watches[2].number, 13); /* as before Linux 4.13 */
	assert_int_equal(epoll.watches[2].inode, 0);
	free(epoll.watches);
}

static void test_inotify(void **state)
{
	struct descriptor inotify = parse_fdinfo(
		KIND_INOTIFY,
		"inotify wd:a ino:3c51a sdev:fe00000 mask:100 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:1ac5030000000000\ninotify wd:1 ino:13 sdev:19 mask:3 ignored_mask:0\n");

	(void)state;
	assert_int_equal(inotify.watch_count, 2);
	assert_int_equal(inotify.watches[0].number, 10);
	assert_int_equal(inotify.watches[0].inode, 0x3c51a);
	assert_int_equal(inotify.watches[0].major, 254);
	assert_int_equal(inotify.watches[0].events, 0x100);
	free(inotify.watches);
}

static void test_fanotify(void **state)
{
	struct descriptor fanotify = parse_fdinfo(
		KIND_FANOTIFY, "fanotify flags:200 event-flags:8000\n"
			       "fanotify ino:3c51a sdev:fe00000 mflags:0 mask:100 ignored_mask:0 fhandle-bytes:8\n"
			       "fanotify mnt_id:1b mflags:0 mask:8 ignored_mask:0\n"
			       "fanotify sdev:fe00000 mflags:0 mask:20 ignored_mask:0\n");

	(void)state;
	assert_int_equal(fanotify.watch_count, 3);
	assert_int_equal(fanotify.watches[0].target, WATCH_INODE);
	assert_int_equal(fanotify.watches[0].events, 0x100);
	assert_int_equal(fanotify.watches[1].target, WATCH_MOUNT);
	assert_int_equal(fanotify.watches[1].object, 0x1b);
	assert_int_equal(fanotify.watches[2].target, WATCH_FILE_SYSTEM);
	assert_int_equal(fanotify.watches[2].major, 254);
	free(fanotify.watches);
}

static void test_others(void **state)
{
	struct descriptor descriptor = parse_fdinfo(KIND_SIGNALFD, "sigmask:\t0000000200004002\n");

	(void)state;
	assert_int_equal(descriptor.signals, 0x200004002);
	assert_int_equal(parse_fdinfo(KIND_PIDFD, "Pid:\t7752\nNSpid:\t7752\n").pidfd.pid, 7752);
	assert_int_equal(parse_fdinfo(KIND_PIDFD, "Pid:\t-1\n").pidfd.pid, -1);
	assert_int_equal(parse_fdinfo(KIND_IO_URING, "SqMask:\t0x7\nSqHead:\t0\n").io_uring.entries, 8);
	descriptor = parse_fdinfo(KIND_CHARACTER, "tty-index:\t4\n");
	assert_int_equal(descriptor.character.terminal, 4);
	descriptor = parse_fdinfo(KIND_CHARACTER, "iff:\ttun0\n");
	assert_int_equal(descriptor.character.terminal, -1);
	assert_string_equal(descriptor.character.interface, "tun0");
	descriptor = parse_fdinfo(KIND_BPF_MAP, "map_type:\t2\nkey_size:\t4\nmap_id:\t114596\nfrozen:\t0\n");
	assert_int_equal(descriptor.bpf.type, 2);
	assert_int_equal(descriptor.bpf.id, 114596);
	descriptor = parse_fdinfo(KIND_BPF_PROG, "prog_type:\t26\nprog_jited:\t1\nprog_tag:\tabc\nprog_id:\t7\n");
	assert_int_equal(descriptor.bpf.type, 26);
	descriptor = parse_fdinfo(KIND_BPF_LINK, "link_type:\ttracing\nlink_id:\t9\nprog_tag:\tabc\nprog_id:\t7\n");
	assert_string_equal(descriptor.bpf.type_name, "tracing");
	assert_int_equal(descriptor.bpf.id, 9);
}

/* A DMA buffer may have a name that looks like lines (its maker chooses), and so may the path of the file of a BPF
 * link. */
static void test_text_that_looks_like_lines(void **state)
{
	struct descriptor buffer =
		parse_fdinfo(KIND_DMA_BUF, "pos:\t0\nflags:\t02\nsize:\t4096\ncount:\t1\nexp_name:\tsystem\n"
					   "name:\tx\nsize:\t1\nflags:\t00\nlock:\t1\n");
	struct descriptor link = parse_fdinfo(KIND_BPF_LINK, "flags:\t02\nlink_type:\tuprobe_multi\nlink_id:\t9\n"
							     "path:\t/x\nlink_id:\t1\nflags:\t00\n");

	(void)state;
	assert_int_equal(buffer.size, 4096);
	assert_int_equal(buffer.access, ACCESS_BOTH);
	assert_int_equal(buffer.locks, 0);
	assert_string_equal(buffer.dma_buf.label, "x");
	assert_int_equal(link.bpf.id, 9);
	assert_int_equal(link.access, ACCESS_BOTH);
}

static void test_lines_of_another_kind_do_not_count(void **state)
{
	struct descriptor pipe =
		parse_fdinfo(KIND_PIPE, "eventfd-count: 5\nPid:\t1\ntfd: 3 events: 1 data: 1\nsigmask:\t2\n");

	(void)state;
	assert_false(pipe.detailed);
	assert_int_equal(pipe.watch_count, 0);
}

static void test_what_is_not_of_the_form(void **state)
{
	static const char *const texts[] = {
		"\n\n\n",
		"pos:\nflags:\n",
		"pos:\t-5\nflags:\t9\n",
		"pos:\t99999999999999999999999\nflags:\t7777777777777777777777777\n",
		"eventfd-count:\n",
		"eventfd-count: 11111111111111111\n",
		"eventfd-count: x\n",
		"eventfd-count: -1\n",
		"eventfd-count",
		"eventfd-count: 5x",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct descriptor descriptor = parse_fdinfo(KIND_EVENTFD, texts[i]);

		assert_int_equal(descriptor.position, -1);
		assert_false(descriptor.detailed);
	}
	assert_int_equal(parse_fdinfo(KIND_TIMERFD, "clockid: 99999999999\n").detailed, false);
	assert_int_equal(parse_fdinfo(KIND_PIDFD, "Pid:\t12x\n").detailed, false);
	assert_int_equal(parse_fdinfo(KIND_EPOLL, "tfd: x events: 1\ntfd:\n").watch_count, 0);
	assert_int_equal(parse_fdinfo(KIND_INOTIFY, "inotify wd:1 ino:zz sdev:1 mask:1\ninotify\n").watch_count, 0);
	assert_int_equal(parse_fdinfo(KIND_FANOTIFY, "fanotify mask:1\nfanotify ino:1 mask:\n mask:1\n").watch_count,
			 0);
}

/* Random texts, made of pieces that matter to the parser: none may be read beyond its end. */
static void test_random_text(void **state)
{
	static const char *const pieces[] = {
		"pos:",      "\t",          "1",           "flags:", "\n",      "tfd:",       " events: ",
		" data:",    "ino:",        "inotify wd:", " mask:", "(",       "it_value: ", "clockid:",
		"fanotify ", "ffff",        "-1",          " ",      "mnt_id:", "map_id:",    "lock:",
		"name:",     "99999999999", "Pid:",        "\xff",   "iff:",    "sigmask:",   "x"};
	uint64_t seed = 20260201;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		struct descriptor descriptor = {.kind = (enum descriptor_kind)(round % KIND_COUNT)};
		char text[512] = "", *exact;

		for (int piece = 0; piece < 16; piece++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			strcat(text, pieces[(seed >> 33) % COUNT_OF(pieces)]);
		}
		exact = strdup(text); /* of the exact size, so that a sanitizer sees a read beyond the end */
		assert_non_null(exact);
		assert_int_equal(fdinfo_parse(exact, &descriptor), 0);
		free(descriptor.watches);
		free(exact);
	}
}

static void test_many_watches_and_long_lines(void **state)
{
	enum { WATCHES = 1000, LONG = 5000 };
	char *text = calloc(WATCHES, 100), *end = text;
	struct descriptor epoll;

	(void)state;
	assert_non_null(text);
	memset(end, 'x', LONG);
	end += LONG;
	for (int i = 0; i < WATCHES; i++)
		end += sprintf(end, "\ntfd: %8d events: %8x data: %16x  pos:0 ino:%x sdev:10", i, 1, i, i + 1);
	epoll = parse_fdinfo(KIND_EPOLL, text);
	assert_int_equal(epoll.watch_count, WATCHES);
	assert_int_equal(epoll.watches[WATCHES - 1].number, WATCHES - 1);
	free(epoll.watches);
	free(text);
}

static void test_first_line_of_each_name_counts(void **state)
{
	struct descriptor file = parse_fdinfo(KIND_FILE, "pos:\t5\nflags:\t01\npos:\t9\nflags:\t02\n");
	struct descriptor eventfd = parse_fdinfo(KIND_EVENTFD, "eventfd-count: 5\neventfd-count: 9\n");
	struct descriptor timerfd =
		parse_fdinfo(KIND_TIMERFD, "clockid: 1\nit_value: (1, 5)\nclockid: 9\nit_value: (9, 9)\n");
	struct descriptor pidfd = parse_fdinfo(KIND_PIDFD, "Pid:\t5\nPid:\t9\n");
	struct descriptor tun = parse_fdinfo(KIND_CHARACTER, "iff:\ttap0\niff:\ttap9\n");
	struct descriptor ring = parse_fdinfo(KIND_IO_URING, "SqMask:\t0x7\nSqMask:\t0xf\n");

	(void)state;
	assert_true(file.position == 5 && file.access == ACCESS_WRITE);
	assert_int_equal(eventfd.eventfd.count, 5);
	assert_true(timerfd.timerfd.clock == 1 && timerfd.timerfd.value_ns == 1000000005);
	assert_int_equal(pidfd.pidfd.pid, 5);
	assert_string_equal(tun.character.interface, "tap0");
	assert_int_equal(ring.io_uring.entries, 8);
}

/* The kernel writes -1 for a process that has exited, and no other number below 0; none has ten digits. */
static void test_numbers_that_no_kernel_writes(void **state)
{
	struct descriptor exited = parse_fdinfo(KIND_PIDFD, "Pid:\t-1\n"),
			  below = parse_fdinfo(KIND_PIDFD, "Pid:\t-71\n"),
			  longer = parse_fdinfo(KIND_PIDFD, "Pid:\t1234567890\n"),
			  terminal = parse_fdinfo(KIND_CHARACTER, "tty-index:\t-2\n"),
			  clock = parse_fdinfo(KIND_TIMERFD, "clockid: -1\n");

	(void)state;
	assert_true(exited.detailed && exited.pidfd.pid == -1);
	assert_true(!below.detailed && below.pidfd.pid == 0);
	assert_true(!longer.detailed && longer.pidfd.pid == 0);
	assert_true(!terminal.detailed && terminal.character.terminal == -1);
	assert_true(!clock.detailed && clock.timerfd.clock == 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_all_have),
		cmocka_unit_test(test_names_that_look_like_lines),
		cmocka_unit_test(test_eventfd),
		cmocka_unit_test(test_timerfd),
		cmocka_unit_test(test_epoll),
		cmocka_unit_test(test_inotify),
		cmocka_unit_test(test_fanotify),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_text_that_looks_like_lines),
		cmocka_unit_test(test_lines_of_another_kind_do_not_count),
		cmocka_unit_test(test_what_is_not_of_the_form),
		cmocka_unit_test(test_random_text),
		cmocka_unit_test(test_many_watches_and_long_lines),
		cmocka_unit_test(test_first_line_of_each_name_counts),
		cmocka_unit_test(test_numbers_that_no_kernel_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
