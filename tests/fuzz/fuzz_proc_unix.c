// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /proc/net/unix: each line is a socket or is passed over. What was read, printed as the kernel prints it, is read
 * again as the same. Input: the text, whose names of sockets anybody may have chosen.
 */
#include <errno.h>

#include "fuzz.h"
#include "proc_unix.h"

enum { NETNS = 4026531840u };

static void check_socket(const struct socket *socket)
{
	MUST(socket->protocol == PROTOCOL_UNIX && socket->tuple.netns == NETNS);
	MUST(socket->state == STATE_LISTEN || socket->state == STATE_ESTABLISHED || socket->state == STATE_CLOSE);
	MUST(socket->unix_type == UNIX_STREAM || socket->unix_type == UNIX_DGRAM ||
	     socket->unix_type == UNIX_SEQPACKET);
	MUST(socket->uid == UID_UNKNOWN && socket->recvq == QUEUE_UNKNOWN && socket->sendq == QUEUE_UNKNOWN);
	MUST(!socket->path == !socket->path_length);
	must_be_readable(socket->path, socket->path_length);
}

/* As unix_seq_show() of net/unix/af_unix.c. */
static void check_printed_socket(const struct socket *socket)
{
	char shown[SOCKET_PATH_MAX], shown_again[SOCKET_PATH_MAX], line[256];
	size_t length = socket_path(socket, shown);
	struct socket again;

	MUST(length <= SOCKET_PATH_MAX);
	snprintf(line, sizeof(line), "0000000000000000: 00000002 00000000 %08X %04X %02X %5u%s%.*s",
		 socket->state == STATE_LISTEN ? 0x10000 : 0, socket->unix_type,
		 socket->state == STATE_ESTABLISHED ? 3 : 1, socket->inode, length ? " " : "", (int)length, shown);
	MUST(proc_unix_parse(line, NETNS, &again) == 1);
	MUST(again.state == socket->state && again.unix_type == socket->unix_type && again.inode == socket->inode);
	MUST(socket_path(&again, shown_again) == length && memcmp(shown, shown_again, length) == 0);
}

static size_t count_sockets_by_lines(const char *text, size_t size)
{
	size_t count = 0;

	while (size) {
		const char *newline = memchr(text, '\n', size);
		size_t length = newline ? (size_t)(newline - text) : size;
		char *line = copy_text((const uint8_t *)text, length);
		struct socket socket;
		int got = proc_unix_parse(line, NETNS, &socket);

		MUST(got == 1 || got == 0 || got == -EINVAL);
		if (got == 1) {
			check_socket(&socket);
			check_printed_socket(&socket);
			count++;
		}
		free(line);
		text += length + !!newline;
		size -= length + !!newline;
	}
	return count;
}

static int count_socket(void *context, const struct socket *socket)
{
	check_socket(socket);
	++*(size_t *)context;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = 0;

	MUST(proc_unix_each(make_file(data, size), NETNS, count_socket, &count) == 0);
	MUST(count == count_sockets_by_lines((const char *)data, size));
	return 0;
}
