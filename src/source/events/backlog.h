/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The backlog: records that were taken out of the ring and not handed on yet, first in, first out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backlog_chunk;

struct backlog {
	struct backlog_chunk *first;
	struct backlog_chunk *last;
	size_t at;    /* offset of the first record in the first chunk */
	size_t bytes; /* of all waiting records, their headers and padding included */
};

enum { BACKLOG_RECORD_MAX = 256 };

/* Makes room for one more record. False when memory is short. */
bool backlog_make_room(struct backlog *backlog);

/* Appends a record, after backlog_make_room(). `position`: the place of the record in the ring. `data`, of at most
 * BACKLOG_RECORD_MAX bytes, is copied. */
void backlog_put(struct backlog *backlog, uint64_t position, const void *data, size_t size);

bool backlog_is_empty(const struct backlog *backlog);

/* The first record of a backlog that is not empty, aligned to 8 bytes; borrowed until it is dropped. */
const void *backlog_first(const struct backlog *backlog);
uint64_t backlog_position(const struct backlog *backlog);
void backlog_drop_first(struct backlog *backlog);

void backlog_free(struct backlog *backlog);
