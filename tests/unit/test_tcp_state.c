// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the names of the states: printed as netstat does, read as people type them.
 */
#include <ctype.h>
#include <netinet/tcp.h>
#include <string.h>

#include "check.h"
#include "tcp_state.h"

#define BIT(state) (1u << (state))

static uint32_t set_of(const char *word)
{
	return tcp_state_set(word, strlen(word));
}

/* The numbers of the states are the kernel's, as the C library knows them. */
static void test_numbers(void **state)
{
	static const struct {
		int ours, kernels;
		const char *name;
	} states[] = {
		{STATE_ESTABLISHED, TCP_ESTABLISHED, "ESTABLISHED"},
		{STATE_SYN_SENT, TCP_SYN_SENT, "SYN_SENT"},
		{STATE_SYN_RECV, TCP_SYN_RECV, "SYN_RECV"},
		{STATE_FIN_WAIT1, TCP_FIN_WAIT1, "FIN_WAIT1"},
		{STATE_FIN_WAIT2, TCP_FIN_WAIT2, "FIN_WAIT2"},
		{STATE_TIME_WAIT, TCP_TIME_WAIT, "TIME_WAIT"},
		{STATE_CLOSE, TCP_CLOSE, "CLOSE"},
		{STATE_CLOSE_WAIT, TCP_CLOSE_WAIT, "CLOSE_WAIT"},
		{STATE_LAST_ACK, TCP_LAST_ACK, "LAST_ACK"},
		{STATE_LISTEN, TCP_LISTEN, "LISTEN"},
		{STATE_CLOSING, TCP_CLOSING, "CLOSING"},
	};

	(void)state;
	assert_int_equal(COUNT_OF(states), STATE_COUNT - 1);
	for (size_t i = 0; i < COUNT_OF(states); i++) {
		assert_int_equal(states[i].ours, states[i].kernels);
		assert_string_equal(tcp_state_name((unsigned int)states[i].ours), states[i].name);
	}
}

static void test_names_out_of_range(void **state)
{
	(void)state;
	assert_string_equal(tcp_state_name(STATE_UNKNOWN), "UNKNOWN");
	assert_string_equal(tcp_state_name(STATE_COUNT), "UNKNOWN");
	assert_string_equal(tcp_state_name(255), "UNKNOWN");
	assert_string_equal(tcp_state_name(~0u), "UNKNOWN");
}

static void test_every_spelling(void **state)
{
	(void)state;
	for (unsigned int number = 1; number < STATE_COUNT; number++) {
		char lower[16], dashed[16];
		const char *name = tcp_state_name(number);
		size_t length = strlen(name);

		for (size_t i = 0; i <= length; i++) {
			lower[i] = (char)tolower((unsigned char)name[i]);
			dashed[i] = name[i] == '_' ? '-' : lower[i];
		}
		assert_int_equal(set_of(name), BIT(number));
		assert_int_equal(set_of(lower), BIT(number));
		assert_int_equal(set_of(dashed), BIT(number));
		assert_int_equal(tcp_state_set(name, length - 1), 0);
		dashed[length] = 'x';
		dashed[length + 1] = '\0';
		assert_int_equal(set_of(dashed), 0);
		assert_int_equal(tcp_state_set(dashed, length),
				 BIT(number)); /* the rest of the text is not part of the word */
	}
}

static void test_aliases(void **state)
{
	static const struct {
		const char *word;
		uint32_t set;
	} aliases[] = {
		{"estab", BIT(STATE_ESTABLISHED)},    {"ESTAB", BIT(STATE_ESTABLISHED)},
		{"listening", BIT(STATE_LISTEN)},     {"syn-rcvd", BIT(STATE_SYN_RECV)},
		{"fin-wait-1", BIT(STATE_FIN_WAIT1)}, {"FIN_WAIT_2", BIT(STATE_FIN_WAIT2)},
		{"fin-wait_1", BIT(STATE_FIN_WAIT1)}, {"timewait", BIT(STATE_TIME_WAIT)},
		{"closed", BIT(STATE_CLOSE)},         {"unconn", BIT(STATE_CLOSE)},
		{"unconnected", BIT(STATE_CLOSE)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(aliases); i++)
		assert_int_equal(set_of(aliases[i].word), aliases[i].set);
}

/* ss(8): connected is all but listen and closed; synchronized is connected but syn-sent; bucket is time-wait and
 * syn-recv; big is all but those. */
static void test_groups(void **state)
{
	const uint32_t all = (BIT(STATE_COUNT) - 1) & ~BIT(STATE_UNKNOWN);
	const uint32_t idle = BIT(STATE_LISTEN) | BIT(STATE_CLOSE);
	const uint32_t bucket = BIT(STATE_TIME_WAIT) | BIT(STATE_SYN_RECV);

	(void)state;
	assert_int_equal(set_of("all"), all);
	assert_int_equal(set_of("Connected"), all & ~idle);
	assert_int_equal(set_of("synchronized"), all & ~idle & ~BIT(STATE_SYN_SENT));
	assert_int_equal(set_of("bucket"), bucket);
	assert_int_equal(set_of("big"), all & ~bucket);
}

static void test_other_words(void **state)
{
	static const char *const words[] = {
		"",  "e", "establishedd", "unknown", "UNKNOWN", "fin-wait", "fin-wait-3",  "1", "time wait", "syn.sent",
		"-", "_", "all,big",      " listen", "listen ", "\xff",     "est\303\241b"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		assert_int_equal(set_of(words[i]), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),        cmocka_unit_test(test_names_out_of_range),
		cmocka_unit_test(test_every_spelling), cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_groups),         cmocka_unit_test(test_other_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
