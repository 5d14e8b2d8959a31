/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Strict parsing: the whole text must be the value, in range. Each function returns 0, -EINVAL (not of that
 * form) or -ERANGE, and leaves *out alone on failure; the caller says what would have been right.
 */
#include <stdbool.h>
#include <stdint.h>

/* Decimal digits only: no sign, no space, no 0x. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out);
int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *out);

/* True for one decimal digit or more, and nothing else; whether it is in range is not asked. */
bool is_digits(const char *text);

/* "10" and "10s" are seconds; "250ms", "5m", "2h", "1d"; a fraction as in "0.5" is allowed. More than zero
 * and at most 36,500 days, in nanoseconds. */
int parse_duration(const char *text, uint64_t *out_ns);

/* "4096" is bytes; "256K", "16M", "1G" (or in lower case) are powers of 1024. One byte or more. */
int parse_size(const char *text, uint64_t *out_bytes);

/* The byte that two hexadecimal digits spell, or -1 when `digits` does not begin with two. */
int parse_hex_byte(const char *digits);
