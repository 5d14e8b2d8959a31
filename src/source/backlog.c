// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "backlog.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Memory is taken from the system, and given back to it at once, this much at a time: what is freed by a burst must not
 * stay between other things in the heap. No record is nearly so long. */
enum { CHUNK_SIZE = 1 << 20 };

struct backlog_chunk {
	struct backlog_chunk *next;
	size_t used;
	_Alignas(8) char bytes[];
};

struct waiting {
	uint64_t position;
	size_t size;
	_Alignas(8) char data[];
};

enum { CHUNK_ROOM = CHUNK_SIZE - sizeof(struct backlog_chunk) };

static size_t need_of(size_t size)
{
	return sizeof(struct waiting) + (size + 7) / 8 * 8;
}

static const struct waiting *first_of(const struct backlog *backlog)
{
	return (const void *)(backlog->first->bytes + backlog->at);
}

static bool make_room(struct backlog *backlog, size_t need)
{
	struct backlog_chunk *chunk;

	if (backlog->last && backlog->last->used + need <= CHUNK_ROOM)
		return true;
	if (need > CHUNK_ROOM)
		return false;
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

int backlog_put(struct backlog *backlog, uint64_t position, const void *data, size_t size)
{
	size_t need = need_of(size);
	struct waiting *waiting;

	if (!make_room(backlog, need))
		return -ENOMEM;
	waiting = (void *)(backlog->last->bytes + backlog->last->used);
	waiting->position = position;
	waiting->size = size;
	memcpy(waiting->data, data, size);
	backlog->last->used += need;
	backlog->bytes += need;
	return 0;
}

bool backlog_is_empty(const struct backlog *backlog)
{
	return backlog->bytes == 0;
}

const void *backlog_first(const struct backlog *backlog)
{
	return first_of(backlog)->data;
}

uint64_t backlog_position(const struct backlog *backlog)
{
	return first_of(backlog)->position;
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
	size_t need = need_of(first_of(backlog)->size);

	backlog->at += need;
	backlog->bytes -= need;
	if (backlog->at == backlog->first->used)
		free_first_chunk(backlog);
}

void backlog_free(struct backlog *backlog)
{
	while (backlog->first)
		free_first_chunk(backlog);
	backlog->bytes = 0;
}
