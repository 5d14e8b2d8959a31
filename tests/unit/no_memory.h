/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Memory that runs out on demand. AddressSanitizer has functions of its own in these places: where it is in use the
 * tests of that do nothing.
 */
#include <stddef.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define MEMORY_IS_CHECKED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define MEMORY_IS_CHECKED
#endif

#ifdef MEMORY_IS_CHECKED
#define SKIP_WHERE_MEMORY_IS_CHECKED() return
#define STARVE_AFTER(count)            ((void)(count))
#define STOP_STARVING()                ((void)0)
#else

#define SKIP_WHERE_MEMORY_IS_CHECKED() ((void)0)

/* How many allocations succeed before all fail; negative: all succeed. */
static int allocations_left = -1;

#define STARVE_AFTER(count) (allocations_left = (count))
#define STOP_STARVING()     (allocations_left = -1)

static inline int is_starved(void)
{
	if (allocations_left > 0)
		allocations_left--;
	else if (allocations_left == 0)
		return 1;
	return 0;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

/* These take the places of the C library's. */

void *malloc(size_t size)
{
	return is_starved() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return is_starved() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return is_starved() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes) ? NULL : realloc(old, bytes);
}

#endif
