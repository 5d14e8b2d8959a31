// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ring_holders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "errno_kind.h"
#include "grow.h"
#include "proc_fd.h"
#include "process_dir.h"
#include "registered_files.h"

/* One ring, while its files are read. */
struct ring_reading {
	ring_socket_handler *handler;
	void *context;
	struct owner owner;
	uint32_t ring; /* its descriptor */
};

int ring_holders_add(struct ring_holders *rings, const struct holding_record *ring)
{
	if (!GROW(rings->all, rings->count, rings->room, 16))
		return -ENOMEM;
	rings->all[rings->count++] = *ring;
	return 0;
}

void ring_holders_free(struct ring_holders *rings)
{
	free(rings->all);
	*rings = (struct ring_holders){0};
}

struct owner ring_holders_owner(const struct holding_record *record)
{
	struct owner owner = {.pid = record->pid, .fd = record->fd};

	memcpy(owner.comm, record->comm, sizeof(owner.comm));
	owner.comm[COMM_LEN - 1] = '\0';
	return owner;
}

static int take_registered_file(void *context, uint32_t slot, const char *path)
{
	struct ring_reading *reading = context;
	uint32_t inode = (uint32_t)proc_link_inode(path, "socket");

	reading->owner.fd = registered_fd(reading->ring, slot);
	return inode ? reading->handler(reading->context, inode, &reading->owner) : 0;
}

int ring_holders_each(const struct ring_holders *rings, ring_socket_handler *handler, void *context, size_t *unread)
{
	int err = 0;

	for (size_t i = 0; i < rings->count && !errno_is_resource(err); i++) {
		const struct holding_record *ring = &rings->all[i];
		struct ring_reading reading = {.handler = handler,
					       .context = context,
					       .owner = ring_holders_owner(ring),
					       .ring = (uint32_t)ring->fd};
		struct registered_files files;

		err = registered_files_of(ring->pid, ring->tid, ring->fd, take_registered_file, &reading, &files);
		*unread += !files.whole && !process_has_exited(err);
	}
	return errno_is_resource(err) ? err : 0;
}
