/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the fuzzers share. Each fuzz_TARGET.c defines LLVMFuzzerTestOneInput(), which libFuzzer calls with many inputs,
 * and asserts what must hold for all of them. A broken promise aborts, and libFuzzer saves the input.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "count_of.h"
#include "escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts where a promise does not hold. */
#define MUST(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

__attribute__((noreturn)) static inline void fuzz_fail(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

/* Copies the input into memory of just its size, so that the address sanitizer sees each read beyond its end. The
 * caller frees. */
static inline char *copy_bytes(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size ? size : 1);

	if (!bytes)
		abort();
	if (size)
		memcpy(bytes, data, size);
	return bytes;
}

/* The same with a NUL at the end. */
static inline char *copy_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* Takes the first byte of the input; 0 when the input is empty. */
static inline uint8_t take_byte(const uint8_t **data, size_t *size)
{
	if (!*size)
		return 0;
	--*size;
	return *(*data)++;
}

/* Reads each byte, so that the address sanitizer sees those that may not be read. */
static inline void must_be_readable(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		(void)((const volatile unsigned char *)bytes)[i];
}

static inline void must_be_terminated(const char *text, size_t size)
{
	MUST(memchr(text, '\0', size));
}

/* A message that a terminal may get: a text, in whole characters, none of which is unprintable. */
static inline void must_be_message(const char *message, size_t size)
{
	const char *end = memchr(message, '\0', size);
	int32_t character;

	MUST(end && end > message);
	while (message < end) {
		message += utf8_next(message, (size_t)(end - message), &character);
		MUST(character >= 0 && !is_unprintable(character));
	}
}

/* Returns a file that holds the input, and is read from its beginning. It is the same one each time. */
static inline int make_file(const void *bytes, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("input", 0);
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, bytes, size, 0) != (ssize_t)size || lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

/* ---- numbers that look random, and are the same for the same input ---- */

struct dice {
	uint64_t state;
};

static inline struct dice make_dice(const void *bytes, size_t size)
{
	struct dice dice = {.state = 14695981039346656037ULL};

	for (size_t i = 0; i < size; i++)
		dice.state = (dice.state ^ ((const unsigned char *)bytes)[i]) * 1099511628211ULL;
	return dice;
}

static inline uint32_t roll(struct dice *dice, uint32_t count)
{
	dice->state = dice->state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(dice->state >> 33) % count;
}

#define ROLL(dice, array) ((array)[roll(dice, COUNT_OF(array))])
