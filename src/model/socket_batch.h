/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Sockets kept for a while, with all that they borrow; but for their owners, who are kept elsewhere.
 */
#include "socket.h"

struct text_chunk;

struct socket_batch {
	struct socket *rows;
	size_t count;
	size_t room;
	struct text_chunk *chunks; /* what the rows borrow */
};

/* 0 or -ENOMEM. */
int socket_batch_add(struct socket_batch *batch, const struct socket *socket);

/* Forgets the rows, and keeps some of the memory for the next. */
void socket_batch_clear(struct socket_batch *batch);

void socket_batch_free(struct socket_batch *batch);
