/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * /proc/net/unix: the unix sockets of one network namespace, without queues, users and peers. The kernel prints names
 * as they are: a name with a newline in it can look like further sockets.
 */
#include "socket.h"

/* Reads one line, without its newline. *socket borrows from the line, which may be changed. Returns 1: *socket is a
 * socket; 0: the line is the heading; -EINVAL: the line has another form. */
int proc_unix_parse(char *line, uint32_t netns, struct socket *socket);

/* Hands the sockets in the open file `fd` to the handler. Returns 0, what the handler returned, or a negative errno.
 * Skips lines that are not understood. */
int proc_unix_each(int fd, uint32_t netns, socket_handler *handler, void *context);
