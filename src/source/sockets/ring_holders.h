/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The descriptors of io_urings that an iterator has shown, and the sockets that are registered with them.
 */
#include <linux/types.h>
#include <stddef.h>

#include "holding.h"
#include "owner.h"

struct ring_holders {
	struct holding_record *all;
	size_t count;
	size_t room;
};

/* Adds a ring. 0 or -ENOMEM. */
int ring_holders_add(struct ring_holders *rings, const struct holding_record *ring);
void ring_holders_free(struct ring_holders *rings);

/* Returns the owner that a record names. */
struct owner ring_holders_owner(const struct holding_record *record);

/* Hands over each socket that is registered with one of the rings. Returns 0, what the handler returned, or a negative
 * errno where descriptors or memory ran out. Adds to *unread the number of rings whose files were not told. */
typedef int ring_socket_handler(void *context, uint32_t inode, const struct owner *owner);
int ring_holders_each(const struct ring_holders *rings, ring_socket_handler *handler, void *context, size_t *unread);
