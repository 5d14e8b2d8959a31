/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Records that were taken out of the ring and are not handed on yet, first in, first out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backlog_chunk;

struct backlog {
	struct backlog_chunk *first;
	struct backlog_chunk *last;
	size_t at;    /* where the first record is, in the first chunk */
	size_t bytes; /* of all that wait, what keeps them in order included */
};

enum { BACKLOG_RECORD_MAX = 256 };

/* Whether there is room for one more record; without memory there is not. */
bool backlog_make_room(struct backlog *backlog);

/* Where room was made. `position`: where in the ring it was. `data`, of BACKLOG_RECORD_MAX bytes at most, is copied. */
void backlog_put(struct backlog *backlog, uint64_t position, const void *data, size_t size);

bool backlog_is_empty(const struct backlog *backlog);

/* Of one that is not empty, the first record, aligned to 8 bytes; borrowed, until it is dropped. */
const void *backlog_first(const struct backlog *backlog);
uint64_t backlog_position(const struct backlog *backlog);
void backlog_drop_first(struct backlog *backlog);

void backlog_free(struct backlog *backlog);
