/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Sockets kept for a while, with copies of all that they borrow, except the owners, which are kept elsewhere.
 */
#include "socket.h"

struct text_chunk;

struct socket_batch {
	struct socket *rows;
	size_t count;
	size_t room;
	struct text_chunk *chunks; /* copies of what the rows borrow */
};

/* Adds a copy. 0 or -ENOMEM. */
int socket_batch_add(struct socket_batch *batch, const struct socket *socket);

/* Removes the rows, and keeps some of the memory for the next ones. */
void socket_batch_clear(struct socket_batch *batch);

void socket_batch_free(struct socket_batch *batch);
