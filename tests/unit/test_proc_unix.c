// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "proc_unix.h"

#define HEADING "Num       RefCount Protocol Flags    Type St Inode Path"
#define NETNS   4026531833u

struct line_read {
	const char *line;
	uint8_t state, type;
	uint32_t inode;
	const char *path; /* as socket_path() writes the path; NULL: none */
};

static const struct line_read lines[] = {
	{"000000009ae22604: 00000003 00000000 00000000 0001 03  1074", STATE_ESTABLISHED, UNIX_STREAM, 1074, NULL},
	{"0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/x", STATE_LISTEN, UNIX_STREAM, 12345,
	 "/run/x"},
	{"0000000000000000: 00000002 00000000 00000000 0002 01 4294967295 /run/a b", STATE_CLOSE, UNIX_DGRAM,
	 UINT32_MAX, "/run/a b"},
	{"0000000000000000: 00000002 00000000 00010000 0005 01     7 @abstract@name@", STATE_LISTEN, UNIX_SEQPACKET, 7,
	 "@abstract@name@"},
	{"0000000000000000: 00000002 00000000 00000000 0001 02     0", STATE_ESTABLISHED, UNIX_STREAM, 0, NULL},
	{"(____ptrval____): 00000002 00000000 00000000 0001 01     9  /starts/with/space", STATE_CLOSE, UNIX_STREAM, 9,
	 " /starts/with/space"},
};

static void assert_line_read(const struct line_read *wanted, const struct socket *socket)
{
	char path[SOCKET_PATH_MAX + 1] = "";
	size_t length = socket_path(socket, path);

	assert_int_equal(socket->protocol, PROTOCOL_UNIX);
	assert_int_equal(socket->state, wanted->state);
	assert_int_equal(socket->unix_type, wanted->type);
	assert_int_equal(socket->inode, wanted->inode);
	assert_int_equal(socket->tuple.netns, NETNS);
	assert_true(socket->recvq == QUEUE_UNKNOWN && socket->sendq == QUEUE_UNKNOWN && socket->uid == UID_UNKNOWN);
	assert_int_equal(length, wanted->path ? strlen(wanted->path) : 0);
	assert_string_equal(path, wanted->path ? wanted->path : "");
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct socket socket;
		char line[256];

		strcpy(line, lines[i].line);
		assert_int_equal(proc_unix_parse(line, NETNS, &socket), 1);
		assert_line_read(&lines[i], &socket);
	}
}

static void test_other_lines(void **state)
{
	static const char *const others[] = {
		"",
		"x",
		"0000000000000000",
		"0000000000000000: 00000002 00000000 00010000 0001 01",
		"0000000000000000: 00000002 00000000 00010000 0001 xx 5",
		"0000000000000000: 00000002 00000000 00010000 0000 01 5", /* no type of unix sockets */
		"0000000000000000: 00000002 00000000 00010000 0003 01 5",
		"0000000000000000: 00000002 00000000 00010000 0101 01 5",
		"a second line of a name: with a colon",
		": : : : : : :",
	};
	struct socket socket;
	char line[256] = HEADING;

	(void)state;
	assert_int_equal(proc_unix_parse(line, NETNS, &socket), 0);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		strcpy(line, others[i]);
		assert_int_equal(proc_unix_parse(line, NETNS, &socket), -EINVAL);
	}
}

struct taking {
	size_t count;
	size_t most; /* the number of sockets after which the handler refuses */
};

static int take_socket(void *context, const struct socket *socket)
{
	struct taking *taking = context;

	assert_line_read(&lines[taking->count], socket);
	taking->count++;
	return taking->count == taking->most ? -ECANCELED : 0;
}

static void test_file(void **state)
{
	int fd = memfd_create("unix", MFD_CLOEXEC);
	struct taking all = {.most = 100}, some = {.most = 2};

	(void)state;
	dprintf(fd, "%s\n", HEADING);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		dprintf(fd, "%s\nwhat is no socket\n", lines[i].line);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(proc_unix_each(fd, NETNS, take_socket, &all), 0);
	assert_int_equal(all.count, COUNT_OF(lines));
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(proc_unix_each(fd, NETNS, take_socket, &some), -ECANCELED);
	assert_int_equal(some.count, 2);
	close(fd);
	assert_true(proc_unix_each(-1, NETNS, take_socket, &some) < 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_other_lines),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
