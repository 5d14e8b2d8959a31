// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "number.h"

#include <stddef.h>
#include <string.h>

/* Takes two digits with each division: the divisions are what this function costs. */
char *decimal_put(char *at, uint64_t value)
{
	static const char pairs[] =
		"00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
	char digits[DECIMAL_MAX];
	size_t first = sizeof(digits);

	while (value >= 100) {
		first -= 2;
		memcpy(digits + first, pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10) {
		first -= 2;
		memcpy(digits + first, pairs + value * 2, 2);
	} else {
		digits[--first] = (char)('0' + value);
	}
	memcpy(at, digits + first, sizeof(digits) - first);
	return at + sizeof(digits) - first;
}

char *hex_put(char *at, uint64_t value)
{
	int shift = value ? 60 - __builtin_clzll(value) / 4 * 4 : 0;

	for (; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[value >> shift & 15];
	return at;
}
