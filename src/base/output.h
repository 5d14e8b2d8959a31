/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A buffered output file, made for many short pieces: printf() costs more than all else on the way from
 * the ring to a line. Nothing is written before output_flush(), or before the buffer is full. The small steps are
 * inline, since a line takes a hundred of them.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "number.h"

enum {
	OUTPUT_BYTES = 1 << 16,
	OUTPUT_ROOM_MAX = 1 << 12,
};

typedef void output_meanwhile(void *context);

/* Internal to output: defined here only for the inline functions below. */
struct output {
	int fd;
	int cancel_fd;
	int error;
	size_t chunk; /* the most bytes for one write() */
	size_t used;
	output_meanwhile *meanwhile; /* NULL: nothing is called */
	void *meanwhile_context;
	char buffer[OUTPUT_BYTES];
};

/* Both descriptors are borrowed. Once `cancel_fd` (-1: none) is readable, a reader that takes nothing for two
 * seconds ends the output with -ECANCELED. NULL when memory is short. */
struct output *output_new(int fd, int cancel_fd);
void output_free(struct output *output);

/* From now on `meanwhile` is called after each write, and each 10 ms while a write waits for its reader. */
void output_set_meanwhile(struct output *output, output_meanwhile *meanwhile, void *context);

/* Writes the buffer. Returns 0, or the first error of any write since the start as a negative errno (-EPIPE: the reader
 * is gone, also when there was nothing to write). After an error all further output is thrown away. */
int output_flush(struct output *output);

/* Takes any length. */
void output_bytes(struct output *output, const char *bytes, size_t length);

/* Returns room for `most` bytes (at most OUTPUT_ROOM_MAX), to be filled at once. Then output_used() receives the end of
 * what was filled. */
static inline char *output_room(struct output *output, size_t most)
{
	if (sizeof(output->buffer) - output->used < most)
		output_flush(output);
	return output->buffer + output->used;
}

static inline void output_used(struct output *output, const char *end)
{
	output->used = (size_t)(end - output->buffer);
}

static inline void output_char(struct output *output, char c)
{
	char *at = output_room(output, 1);

	*at = c;
	output->used++;
}

void output_text(struct output *output, const char *text);
void output_u64(struct output *output, uint64_t value);
