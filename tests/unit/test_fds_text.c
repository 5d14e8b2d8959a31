// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the table of `fds`: its heading, its columns and their widths.
 */
#include <fcntl.h>

#include "fds_text.h"
#include "shown.h"

static const struct socket_namer namer = {0};
static const struct netns_view netns = {.home = SHOWN_NETNS};

static const struct identity *identity; /* of the process; NULL: not known */

static void assert_table(const struct process_facts *process, struct descriptor *all, size_t count, bool color,
			 const char *wanted)
{
	const struct descriptors descriptors = {.all = all, .count = count};
	const struct descriptor_view view = {
		.namer = &namer, .netns = &netns, .home = process->netns, .now_ns = 1, .color = color};
	struct capture capture = capture_open();

	fds_text_put(process, identity, &descriptors, &view, capture.output);
	assert_shown(&capture, wanted);
	capture_close(&capture);
}

/* ---- the heading ---- */

static void test_headings(void **state)
{
	static const struct {
		struct process_facts facts;
		bool color;
		const char *wanted;
	} cases[] = {
		{{.pid = 12, .comm = "ng inx", .user = "w ww", .uid = 33, .limit = 1024, .netns = SHOWN_NETNS},
		 false,
		 "ng inx, pid 12, user w ww: 0 descriptors of at most 1024\n"},
		{{.pid = 12, .comm = "\033", .uid = 33, .limit = LIMIT_NONE},
		 true,
		 "\033[1m\\x1b\033[0m, pid 12, user 33: 0 descriptors\n"},
		{{.pid = 12, .comm = "x", .uid = UID_UNKNOWN, .limit = LIMIT_UNKNOWN, .netns = 1001},
		 false,
		 "x, pid 12, user -, netns 1001: 0 descriptors\n"},
		{{.pid = 12, .comm = "x", .uid = 0, .limit = LIMIT_NONE - 1, .exited = true},
		 false,
		 "x, pid 12, which has exited, user 0: 0 descriptors of at most 18446744073709551613\n"},
		{{.pid = 12, .comm = "x", .uid = 0, .limit = LIMIT_NONE, .tid = 13, .thread_comm = "w\"1"},
		 false,
		 "x, pid 12, thread 13 w\"1, user 0: 0 descriptors\n"},
		{{.pid = 12,
		  .comm = "x",
		  .uid = 0,
		  .limit = LIMIT_NONE,
		  .tid = 13,
		  .thread_comm = "w",
		  .exited = true,
		  .own_table = true},
		 false,
		 "x, pid 12, whose main thread has exited, thread 13 w with descriptors of its own, user 0: 0 descriptors\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_table(&cases[i].facts, NULL, 0, cases[i].color, cases[i].wanted);
}

static void test_who_it_is(void **state)
{
	static char exe[] = "/bin/c at", cmdline[] = "cat \"\x1b", container[] = "docker:0123456789ab";
	const struct process_facts facts = {.pid = 12, .comm = "cat", .user = "www", .limit = LIMIT_NONE};
	const struct identity known = {.lineage = {.ppid = 7, .pcomm = "sh"}, .exe = exe, .cmdline = cmdline};
	const struct identity unknown = {.exe = NULL}, contained = {.container = container};

	(void)state;
	identity = &known;
	assert_table(&facts, NULL, 0, false,
		     "cat, pid 12, user www: 0 descriptors\n"
		     " parent:sh/7 exe:/bin/c\\x20at cmd:\"cat \\x22\\x1b\"\n");
	identity = &unknown;
	assert_table(&facts, NULL, 0, false, "cat, pid 12, user www: 0 descriptors\n");
	identity = &contained;
	assert_table(&facts, NULL, 0, false, "cat, pid 12, user www: 0 descriptors\n container:docker:0123456789ab\n");
	identity = NULL;
}

/* ---- the columns ---- */

static const struct process_facts cat = {
	.pid = 12, .comm = "cat", .uid = 0, .user = "root", .limit = LIMIT_NONE, .netns = SHOWN_NETNS};

/* The columns are no narrower than their names. */
static void test_narrow_columns(void **state)
{
	static char path[] = "/tmp/x";
	struct descriptor file = {.fd = 3, .kind = KIND_FILE, .access = ACCESS_UNKNOWN, .name = path, .position = -1};

	(void)state;
	assert_table(&cat, &file, 1, false,
		     "cat, pid 12, user root: 1 descriptor\n"
		     "FD KIND ACCESS FLAGS SIZE POS WHAT\n"
		     " 3 file -      -        -   - /tmp/x\n");
}

/* The columns are as wide as their widest cell; nothing is cut. */
static void test_wide_columns(void **state)
{
	static char path[] = "/tmp/x", event[] = "anon_inode:[eventfd]";
	struct descriptor all[] = {
		{.fd = 0, .kind = KIND_FILE, .access = ACCESS_READ, .name = path, .has_size = true, .size = 0},
		{.fd = 1,
		 .kind = KIND_FILE,
		 .access = ACCESS_WRITE,
		 .flags = O_APPEND | O_CLOEXEC,
		 .locks = 1,
		 .deleted = true,
		 .name = path,
		 .has_size = true,
		 .size = 12345678,
		 .position = 1234},
		{.fd = 2, .kind = KIND_FILE, .access = ACCESS_NONE, .flags = O_PATH, .name = path, .has_size = true},
		{.fd = 1000, .kind = KIND_EVENTFD, .access = ACCESS_BOTH, .name = event, .locks = 1},
		{.fd = 4, .ring = 6, .kind = KIND_FILE, .name = path, .deleted = true, .position = -1},
	};

	(void)state;
	assert_table(&cat, all, COUNT_OF(all), false,
		     "cat, pid 12, user root: 5 descriptors\n"
		     "  FD KIND    ACCESS FLAGS                             SIZE  POS WHAT\n"
		     "   0 file    r      -                                    0    0 /tmp/x\n"
		     "   1 file    w      append,cloexec,locked,deleted 12345678 1234 /tmp/x\n"
		     "   2 file    -      path                                 0    - /tmp/x\n"
		     "1000 eventfd rw     locked                               -    - anon_inode:[eventfd]\n"
		     "5[4] file    -      deleted                              -    - /tmp/x\n");
}

/* The kind of a socket is its protocol, as in ss. */
static void test_kinds_of_sockets(void **state)
{
	const struct socket udp = inet_socket(PROTOCOL_UDP, STATE_CLOSE, "10.0.0.1", 53, "0.0.0.0", 0);
	const struct socket stream = {.protocol = PROTOCOL_UNIX,
				      .state = STATE_LISTEN,
				      .unix_type = UNIX_STREAM,
				      .inode = 7,
				      .recvq = QUEUE_UNKNOWN,
				      .sendq = QUEUE_UNKNOWN,
				      .tuple.netns = SHOWN_NETNS};
	struct descriptor all[] = {
		{.fd = 3, .kind = KIND_SOCKET, .access = ACCESS_BOTH, .socket.found = &udp},
		{.fd = 4, .kind = KIND_SOCKET, .access = ACCESS_BOTH, .socket.found = &stream},
		{.fd = 5, .kind = KIND_SOCKET, .access = ACCESS_BOTH, .inode = 8, .socket.protocol = "netlink"},
		{.fd = 6, .kind = KIND_SOCKET, .access = ACCESS_BOTH, .inode = 9},
	};

	(void)state;
	assert_table(&cat, all, COUNT_OF(all), false,
		     "cat, pid 12, user root: 4 descriptors\n"
		     "FD KIND    ACCESS FLAGS SIZE POS WHAT\n"
		     " 3 udp     rw     -        -   - UNCONN 10.0.0.1:53\n"
		     " 4 u_str   rw     -        -   - LISTEN 7\n"
		     " 5 netlink rw     -        -   - inode 8\n"
		     " 6 socket  rw     -        -   - inode 9, of a kind that is not known\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headings),         cmocka_unit_test(test_who_it_is),
		cmocka_unit_test(test_narrow_columns),   cmocka_unit_test(test_wide_columns),
		cmocka_unit_test(test_kinds_of_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
