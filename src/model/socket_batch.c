// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "socket_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"

enum { CHUNK_BYTES = 1 << 16, ALIGNMENT = 8 };

struct text_chunk {
	struct text_chunk *next;
	size_t used;
	size_t room;
	_Alignas(ALIGNMENT) char bytes[];
};

static struct text_chunk *get_chunk_with_room(struct socket_batch *batch, size_t length)
{
	size_t room = length > CHUNK_BYTES ? length : CHUNK_BYTES;
	struct text_chunk *chunk = batch->chunks;

	if (chunk && chunk->room - chunk->used >= length)
		return chunk;
	chunk = malloc(sizeof(*chunk) + room);
	if (!chunk)
		return NULL;
	*chunk = (struct text_chunk){.next = batch->chunks, .room = room};
	batch->chunks = chunk;
	return chunk;
}

/* Points *out to a copy of `bytes` that lives as long as the rows; NULL for NULL. False when memory is short. */
static bool copy_to_batch(struct socket_batch *batch, const void *bytes, size_t length, const void **out)
{
	size_t taken = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	struct text_chunk *chunk;

	*out = NULL;
	if (!bytes)
		return true;
	chunk = get_chunk_with_room(batch, taken);
	if (!chunk)
		return false;
	*out = memcpy(chunk->bytes + chunk->used, bytes, length);
	chunk->used += taken;
	return true;
}

static bool copy_borrowed(struct socket_batch *batch, struct socket *row)
{
	const char *congestion = row->details.congestion;

	return copy_to_batch(batch, row->path, row->path_length, (const void **)&row->path) &&
	       copy_to_batch(batch, row->details.info, row->details.info_size, (const void **)&row->details.info) &&
	       copy_to_batch(batch, congestion, congestion ? strlen(congestion) + 1 : 0,
			     (const void **)&row->details.congestion);
}

int socket_batch_add(struct socket_batch *batch, const struct socket *socket)
{
	if (!GROW(batch->rows, batch->count, batch->room, 64))
		return -ENOMEM;
	batch->rows[batch->count] = *socket;
	if (!copy_borrowed(batch, &batch->rows[batch->count]))
		return -ENOMEM;
	batch->count++;
	return 0;
}

static void free_chunks(struct text_chunk *chunk)
{
	while (chunk) {
		struct text_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void socket_batch_clear(struct socket_batch *batch)
{
	batch->count = 0;
	if (!batch->chunks)
		return;
	free_chunks(batch->chunks->next);
	batch->chunks->next = NULL;
	batch->chunks->used = 0;
}

void socket_batch_free(struct socket_batch *batch)
{
	free(batch->rows);
	free_chunks(batch->chunks);
	memset(batch, 0, sizeof(*batch));
}
