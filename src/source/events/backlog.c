// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "backlog.h"

#include <string.h>
#include <sys/mman.h>

/* Bytes of a chunk. A chunk is mapped from the system, and given back as soon as it is empty, but for the last one:
 * memory that a burst needed must not stay between other things in the heap. */
enum { CHUNK_SIZE = 1 << 20 };

struct backlog_chunk {
	struct backlog_chunk *next;
	size_t used;
	_Alignas(8) char bytes[];
};

struct waiting_record {
	uint64_t position;
	size_t size;
	_Alignas(8) char data[];
};

enum { CHUNK_ROOM = CHUNK_SIZE - sizeof(struct backlog_chunk) };

static size_t count_record_bytes(size_t size)
{
	return sizeof(struct waiting_record) + (size + 7) / 8 * 8;
}

static const struct waiting_record *find_first_record(const struct backlog *backlog)
{
	return (const void *)(backlog->first->bytes + backlog->at);
}

bool backlog_make_room(struct backlog *backlog)
{
	struct backlog_chunk *chunk;

	if (backlog->last && backlog->last->used + count_record_bytes(BACKLOG_RECORD_MAX) <= CHUNK_ROOM)
		return true;
	chunk = mmap(NULL, CHUNK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		return false;
	if (backlog->last)
		backlog->last->next = chunk;
	else
		backlog->first = chunk;
	backlog->last = chunk;
	return true;
}

void backlog_put(struct backlog *backlog, uint64_t position, const void *data, size_t size)
{
	struct waiting_record *waiting = (void *)(backlog->last->bytes + backlog->last->used);

	waiting->position = position;
	waiting->size = size;
	memcpy(waiting->data, data, size);
	backlog->last->used += count_record_bytes(size);
	backlog->bytes += count_record_bytes(size);
}

bool backlog_is_empty(const struct backlog *backlog)
{
	return backlog->bytes == 0;
}

const void *backlog_first(const struct backlog *backlog)
{
	return find_first_record(backlog)->data;
}

uint64_t backlog_position(const struct backlog *backlog)
{
	return find_first_record(backlog)->position;
}

static void free_first_chunk(struct backlog *backlog)
{
	struct backlog_chunk *chunk = backlog->first;

	backlog->first = chunk->next;
	if (!backlog->first)
		backlog->last = NULL;
	backlog->at = 0;
	munmap(chunk, CHUNK_SIZE);
}

void backlog_drop_first(struct backlog *backlog)
{
	size_t need = count_record_bytes(find_first_record(backlog)->size);

	backlog->at += need;
	backlog->bytes -= need;
	if (backlog->at < backlog->first->used)
		return;
	if (backlog->first->next) {
		free_first_chunk(backlog);
	} else { /* the last chunk stays, and is used again from its beginning */
		backlog->first->used = 0;
		backlog->at = 0;
	}
}

void backlog_free(struct backlog *backlog)
{
	while (backlog->first)
		free_first_chunk(backlog);
	backlog->bytes = 0;
}
