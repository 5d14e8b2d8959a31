// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "proc_unix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define ACCEPTS 0x10000 /* __SO_ACCEPTCON, include/uapi/linux/net.h */

/* enum socket_state of linux/net.h, as unix_seq_show() uses it: a socket that no process holds is shown as "connecting"
 * if it is connected, and else as "disconnecting". */
enum { UNCONNECTED = 1, CONNECTING = 2, CONNECTED = 3 };

static uint8_t map_unix_state(unsigned int state, unsigned int flags)
{
	if (flags & ACCEPTS)
		return STATE_LISTEN;
	return state == CONNECTING || state == CONNECTED ? STATE_ESTABLISHED : STATE_CLOSE;
}

/* Restores the NUL with which an abstract name begins. The kernel prints it, and any other NUL in the name, as "@". */
static void take_unix_name(char *name, struct socket *socket)
{
	if (!*name)
		return;
	socket->path = name;
	socket->path_length = strlen(name);
	if (*name == '@')
		*name = '\0';
}

int proc_unix_parse(char *line, uint32_t netns, struct socket *socket)
{
	unsigned int flags, type, state, inode;
	int end = 0;

	if (strncmp(line, "Num", 3) == 0)
		return 0;
	/* "0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/x" */
	if (sscanf(line, "%*[^:]: %*8x %*8x %8x %4x %2x %10u%n", &flags, &type, &state, &inode, &end) != 4 || !end ||
	    !unix_type_is_known(type))
		return -EINVAL;
	*socket = (struct socket){
		.protocol = PROTOCOL_UNIX,
		.state = map_unix_state(state, flags),
		.unix_type = (uint8_t)type,
		.tuple = {.netns = netns},
		.recvq = QUEUE_UNKNOWN,
		.sendq = QUEUE_UNKNOWN,
		.uid = UID_UNKNOWN,
		.inode = inode,
	};
	if (line[end] == ' ')
		take_unix_name(line + end + 1, socket);
	return 1;
}

int proc_unix_each(int fd, uint32_t netns, socket_handler *handler, void *context)
{
	CLEANUP(cleanup_fclose) FILE *file = fdopen(dup(fd), "r");
	CLEANUP(cleanup_free) char *line = NULL;
	size_t room = 0;
	ssize_t length;
	int err = 0;

	if (!file)
		return -errno;
	while (!err && (length = getline(&line, &room, file)) > 0) {
		struct socket socket;

		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		if (proc_unix_parse(line, netns, &socket) > 0)
			err = handler(context, &socket);
	}
	return err || !ferror(file) ? err : -EIO;
}
