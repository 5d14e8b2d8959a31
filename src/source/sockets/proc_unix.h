/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * /proc/net/unix: the unix sockets of one network namespace, without their queues, users and peers. The kernel prints
 * the names as they are: one with a newline in it can look like further sockets.
 */
#include "socket.h"

/* Reads one line, without its newline; *socket borrows from it, and the line may be changed. 1: *socket is a socket; 0:
 * it is the heading; -EINVAL: not of this form. */
int proc_unix_parse(char *line, uint32_t netns, struct socket *socket);

/* Gives the sockets in the open file `fd`. 0, what the handler returned, or a negative errno; lines that are not
 * understood are passed over. */
int proc_unix_each(int fd, uint32_t netns, socket_handler *handler, void *context);
