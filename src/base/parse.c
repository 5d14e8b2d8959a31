// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "count_of.h"

static int parse_digits(const char *text, uint64_t *out)
{
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -ERANGE;
	}
	*out = value;
	return 0;
}

bool is_digits(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value;
	int err = parse_digits(text, &value);

	if (err)
		return err;
	if (value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t value;
	int err = parse_u64(text, min, max, &value);

	if (!err)
		*out = value;
	return err;
}

static uint64_t find_unit_ns(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"", 1000000000ULL},   {"s", 1000000000ULL},    {"ms", 1000000ULL},
		{"m", 60000000000ULL}, {"h", 3600000000000ULL}, {"d", 86400000000000ULL},
	};

	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (!strcmp(unit, units[i].name))
			return units[i].ns;
	return 0;
}

int parse_duration(const char *text, uint64_t *out_ns)
{
	const uint64_t longest_ns = 36500 * 86400000000000ULL;
	size_t length = strspn(text, "0123456789.");
	bool after_point = false, any_digit = false;
	uint64_t unit = find_unit_ns(text + length), ns = 0, scale = unit;

	if (!unit)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		uint64_t digit = text[i] - '0';

		if (text[i] == '.') {
			if (after_point)
				return -EINVAL;
			after_point = true;
			continue;
		}
		any_digit = true;
		if (after_point) {
			scale /= 10;
			ns += digit * scale;
			continue;
		}
		if (ns > longest_ns / 10)
			return -ERANGE;
		ns = ns * 10 + digit * unit;
	}
	if (!any_digit)
		return -EINVAL;
	if (ns == 0 || ns > longest_ns)
		return -ERANGE;
	*out_ns = ns;
	return 0;
}

int parse_size(const char *text, uint64_t *out_bytes)
{
	static const char units[] = "KMGT";
	size_t length = strspn(text, "0123456789");
	char digits[24];
	const char *unit = text[length] ? strchr(units, toupper((unsigned char)text[length])) : NULL;
	unsigned int shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;
	uint64_t number;
	int err;

	if (length == 0 || (text[length] && (!unit || text[length + 1])))
		return -EINVAL;
	if (length >= sizeof(digits))
		return -ERANGE;
	memcpy(digits, text, length);
	digits[length] = '\0';
	err = parse_u64(digits, 1, UINT64_MAX >> shift, &number);
	if (err)
		return err;
	*out_bytes = number << shift;
	return 0;
}

static int digit_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

int parse_hex_byte(const char *digits)
{
	int high = digit_value(digits[0]), low = high < 0 ? -1 : digit_value(digits[1]);

	return low < 0 ? -1 : high << 4 | low;
}
