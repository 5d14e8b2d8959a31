// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests strict parsing: the whole text is the value, or the text is refused and nothing is written.
 */
#include <errno.h>

#include "check.h"
#include "parse.h"

enum { REFUSED_FORM = -EINVAL, REFUSED_RANGE = -ERANGE };

#define UNTOUCHED 0xdeadbeefdeadbeefULL

struct number {
	const char *text;
	uint64_t min, max;
	int err;
	uint64_t value;
};

static const struct number numbers[] = {
	{"0", 0, 65535, 0, 0},
	{"1", 0, 65535, 0, 1},
	{"65535", 0, 65535, 0, 65535},
	{"007", 0, 65535, 0, 7},
	{"18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX},
	{"5", 5, 5, 0, 5},
	{"65536", 0, 65535, REFUSED_RANGE, 0},
	{"4", 5, 9, REFUSED_RANGE, 0},
	{"10", 5, 9, REFUSED_RANGE, 0},
	{"18446744073709551616", 0, UINT64_MAX, REFUSED_RANGE, 0},
	{"184467440737095516150", 0, UINT64_MAX, REFUSED_RANGE, 0},
	{"99999999999999999999999999999999999", 0, UINT64_MAX, REFUSED_RANGE, 0},
	{"80abc", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"abc", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"a", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"", 0, UINT64_MAX, REFUSED_FORM, 0},
	{" ", 0, UINT64_MAX, REFUSED_FORM, 0},
	{" 1", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"1 ", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"1\n", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"+1", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"-1", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"-0", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"0x10", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"1e3", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"1.0", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"1,000", 0, UINT64_MAX, REFUSED_FORM, 0},
	{"\xd9\xa1", 0, UINT64_MAX, REFUSED_FORM, 0}, /* a digit in another script */
	{"\xff", 0, UINT64_MAX, REFUSED_FORM, 0},
};

static void test_u64(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		uint64_t value = UNTOUCHED;
		int err = parse_u64(numbers[i].text, numbers[i].min, numbers[i].max, &value);

		if (err != numbers[i].err || value != (err ? UNTOUCHED : numbers[i].value))
			fail_msg("\"%s\": %d, %llu", numbers[i].text, err, (unsigned long long)value);
	}
}

static void test_u32(void **state)
{
	uint32_t value = 7;

	(void)state;
	assert_int_equal(parse_u32("4294967295", 0, UINT32_MAX, &value), 0);
	assert_int_equal(value, UINT32_MAX);
	value = 7;
	assert_int_equal(parse_u32("4294967296", 0, UINT32_MAX, &value), REFUSED_RANGE);
	assert_int_equal(parse_u32("65536", 0, 65535, &value), REFUSED_RANGE);
	assert_int_equal(parse_u32("0", 1, 65535, &value), REFUSED_RANGE);
	assert_int_equal(parse_u32("80abc", 0, 65535, &value), REFUSED_FORM);
	assert_int_equal(parse_u32("", 0, 65535, &value), REFUSED_FORM);
	assert_int_equal(value, 7);
}

static const struct number durations[] = {
	{"10", 0, 0, 0, 10000000000},
	{"10s", 0, 0, 0, 10000000000},
	{"250ms", 0, 0, 0, 250000000},
	{"1ms", 0, 0, 0, 1000000},
	{"5m", 0, 0, 0, 300000000000},
	{"2h", 0, 0, 0, 7200000000000},
	{"1d", 0, 0, 0, 86400000000000},
	{"0.5", 0, 0, 0, 500000000},
	{".5", 0, 0, 0, 500000000},
	{"1.5s", 0, 0, 0, 1500000000},
	{"0.25ms", 0, 0, 0, 250000},
	{"1.5h", 0, 0, 0, 5400000000000},
	{"1.25d", 0, 0, 0, 108000000000000},
	{"0.000000001", 0, 0, 0, 1},
	{"1.0000000009", 0, 0, 0, 1000000000},
	{"1.123456789123456789123456789", 0, 0, 0, 1123456789},
	{"0000000000000000000000000000000000001", 0, 0, 0, 1000000000},
	{"36500d", 0, 0, 0, 3153600000000000000},
	{"3153600000", 0, 0, 0, 3153600000000000000},
	{"36500.1d", 0, 0, REFUSED_RANGE, 0},
	{"36501d", 0, 0, REFUSED_RANGE, 0},
	{"3153600001", 0, 0, REFUSED_RANGE, 0},
	{"99999999999999999999999999", 0, 0, REFUSED_RANGE, 0},
	{"18446744073709551617ms", 0, 0, REFUSED_RANGE, 0},
	{"18446744074", 0, 0, REFUSED_RANGE, 0}, /* 2^64 ns and a little */
	{"213504d", 0, 0, REFUSED_RANGE, 0},
	{"0", 0, 0, REFUSED_RANGE, 0},
	{"0.0", 0, 0, REFUSED_RANGE, 0},
	{"0ms", 0, 0, REFUSED_RANGE, 0},
	{"0.0000000001", 0, 0, REFUSED_RANGE, 0},
	{"", 0, 0, REFUSED_FORM, 0},
	{"s", 0, 0, REFUSED_FORM, 0},
	{"ms", 0, 0, REFUSED_FORM, 0},
	{".", 0, 0, REFUSED_FORM, 0},
	{".s", 0, 0, REFUSED_FORM, 0},
	{"1..2", 0, 0, REFUSED_FORM, 0},
	{"1.2.3", 0, 0, REFUSED_FORM, 0},
	{"-1", 0, 0, REFUSED_FORM, 0},
	{"-1s", 0, 0, REFUSED_FORM, 0},
	{"+1", 0, 0, REFUSED_FORM, 0},
	{" 1", 0, 0, REFUSED_FORM, 0},
	{"1 ", 0, 0, REFUSED_FORM, 0},
	{"1 s", 0, 0, REFUSED_FORM, 0},
	{"1S", 0, 0, REFUSED_FORM, 0},
	{"1M", 0, 0, REFUSED_FORM, 0},
	{"1us", 0, 0, REFUSED_FORM, 0},
	{"1min", 0, 0, REFUSED_FORM, 0},
	{"1s1", 0, 0, REFUSED_FORM, 0},
	{"1h30m", 0, 0, REFUSED_FORM, 0},
	{"0x10", 0, 0, REFUSED_FORM, 0},
	{"1e3", 0, 0, REFUSED_FORM, 0},
	{"1,5", 0, 0, REFUSED_FORM, 0},
	{"nan", 0, 0, REFUSED_FORM, 0},
	{"inf", 0, 0, REFUSED_FORM, 0},
};

static void test_durations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(durations); i++) {
		uint64_t ns = UNTOUCHED;
		int err = parse_duration(durations[i].text, &ns);

		if (err != durations[i].err || ns != (err ? UNTOUCHED : durations[i].value))
			fail_msg("\"%s\": %d, %llu", durations[i].text, err, (unsigned long long)ns);
	}
}

static const struct number sizes[] = {
	{"1", 0, 0, 0, 1},
	{"4096", 0, 0, 0, 4096},
	{"0016", 0, 0, 0, 16},
	{"1K", 0, 0, 0, 1024},
	{"256k", 0, 0, 0, 262144},
	{"16M", 0, 0, 0, 16777216},
	{"16m", 0, 0, 0, 16777216},
	{"1G", 0, 0, 0, 1 << 30},
	{"3g", 0, 0, 0, 3221225472},
	{"2T", 0, 0, 0, 1ULL << 41},
	{"2t", 0, 0, 0, 1ULL << 41},
	{"18446744073709551615", 0, 0, 0, UINT64_MAX},
	{"18014398509481983K", 0, 0, 0, 18014398509481983ULL << 10},
	{"16777215T", 0, 0, 0, 16777215ULL << 40},
	{"18446744073709551616", 0, 0, REFUSED_RANGE, 0},
	{"18014398509481984K", 0, 0, REFUSED_RANGE, 0},
	{"16777216T", 0, 0, REFUSED_RANGE, 0},
	{"99999999999999999999999999999999", 0, 0, REFUSED_RANGE, 0},
	{"0", 0, 0, REFUSED_RANGE, 0},
	{"0K", 0, 0, REFUSED_RANGE, 0},
	{"", 0, 0, REFUSED_FORM, 0},
	{"K", 0, 0, REFUSED_FORM, 0},
	{"KB", 0, 0, REFUSED_FORM, 0},
	{"1KB", 0, 0, REFUSED_FORM, 0},
	{"1KiB", 0, 0, REFUSED_FORM, 0},
	{"1KK", 0, 0, REFUSED_FORM, 0},
	{"1B", 0, 0, REFUSED_FORM, 0},
	{"1P", 0, 0, REFUSED_FORM, 0},
	{"1 K", 0, 0, REFUSED_FORM, 0},
	{" 1", 0, 0, REFUSED_FORM, 0},
	{"1 ", 0, 0, REFUSED_FORM, 0},
	{"+1", 0, 0, REFUSED_FORM, 0},
	{"-1", 0, 0, REFUSED_FORM, 0},
	{"1.5M", 0, 0, REFUSED_FORM, 0},
	{"0x10", 0, 0, REFUSED_FORM, 0},
	{"1\xeb", 0, 0, REFUSED_FORM, 0},
};

static void test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		uint64_t bytes = UNTOUCHED;
		int err = parse_size(sizes[i].text, &bytes);

		if (err != sizes[i].err || bytes != (err ? UNTOUCHED : sizes[i].value))
			fail_msg("\"%s\": %d, %llu", sizes[i].text, err, (unsigned long long)bytes);
	}
}

static void test_digits_alone(void **state)
{
	(void)state;
	assert_true(is_digits("0"));
	assert_true(is_digits("0123456789999999999999999999"));
	assert_false(is_digits(""));
	assert_false(is_digits("80 "));
	assert_false(is_digits("-1"));
	assert_false(is_digits("8a"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),   cmocka_unit_test(test_u32),          cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes), cmocka_unit_test(test_digits_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
