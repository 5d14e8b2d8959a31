// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the drawing of secrets where the kernel is interrupted or refuses.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "check.h"
#include "hash.h"
#include "index.h"

static int errors[4], calls;

/* Takes the place of the C library's: fails with each of `errors` up to the first 0. */
ssize_t getrandom(void *bytes, size_t length, unsigned int flags)
{
	assert_true(calls < (int)COUNT_OF(errors)); /* else it is asked for ever */
	assert_int_equal(flags, 0);
	errno = errors[calls++];
	if (errno)
		return -1;
	memset(bytes, 0x5a, length);
	errno = EINTR; /* which says nothing after success */
	return (ssize_t)length;
}

static void set_errors(int first, int second)
{
	errors[0] = first;
	errors[1] = second;
	calls = 0;
}

static void test_secret(void **state)
{
	static const struct {
		int first, second, calls, wanted;
	} cases[] = {
		{0, 0, 1, 0},
		{EINTR, 0, 2, 0},
		{EINTR, ENOSYS, 2, -ENOSYS},
		{EPERM, 0, 1, -EPERM},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct hash_secret secret = {0}, whole;

		set_errors(cases[i].first, cases[i].second);
		assert_int_equal(hash_secret_init(&secret), cases[i].wanted);
		assert_int_equal(calls, cases[i].calls);
		memset(&whole, cases[i].wanted ? 0 : 0x5a, sizeof(whole));
		assert_memory_equal(&secret, &whole, sizeof(whole));
	}
}

/* An index that has no secret is none. Either of its two may fail. */
static void test_index_without_a_secret(void **state)
{
	struct index index;

	(void)state;
	set_errors(0, EPERM);
	assert_int_equal(index_init(&index), -EPERM);
	index_free(&index);
	set_errors(ENOSYS, 0);
	assert_int_equal(index_init(&index), -ENOSYS);
	assert_int_equal(calls, 1);
	index_free(&index);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_index_without_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
