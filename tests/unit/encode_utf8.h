/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * An encoder of our own, to check the decoder against. Surrogates and numbers that are too large are encoded, too.
 */
#include <stddef.h>
#include <stdint.h>

/* Encodes `c` into `out`. Returns the number of bytes, at most 4. */
static inline size_t encode_utf8(uint32_t c, char *out)
{
	static const unsigned char firsts[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t bytes = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = bytes - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 63));
		c >>= 6;
	}
	out[0] = (char)(firsts[bytes] | c);
	return bytes;
}
