/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A buffered output file, made for many short pieces: printf() costs more than all else on the way from
 * the ring to a line. Nothing is written before output_flush(), or before the buffer is full.
 */
#include <stddef.h>
#include <stdint.h>

struct output;

/* Both descriptors are borrowed. A write that waits for a slow reader gives up with -ECANCELED when `cancel_fd`
 * (-1: none) becomes readable. NULL when memory is short. */
struct output *output_new(int fd, int cancel_fd);
void output_free(struct output *output);

void output_bytes(struct output *output, const char *bytes, size_t length);
void output_text(struct output *output, const char *text);
void output_char(struct output *output, char c);
void output_u64(struct output *output, uint64_t value);
void output_hex(struct output *output, uint64_t value);
/* At least `digits` digits, with leading zeros. */
void output_padded(struct output *output, uint64_t value, unsigned int digits);
void output_spaces(struct output *output, size_t count);

/* 0, or the first error of any write since the start as a negative errno (-EPIPE: the reader is gone). After an
 * error everything more is thrown away. */
int output_flush(struct output *output);
int output_error(const struct output *output);
