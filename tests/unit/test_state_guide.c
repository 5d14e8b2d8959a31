// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the guide to the states: the texts are there for each state, and fit together.
 */
#include <string.h>

#include "check.h"
#include "state_guide.h"

static void assert_text(const char *text)
{
	assert_non_null(text);
	assert_true(strlen(text) > 10 && strlen(text) < 1000);
	assert_int_not_equal(text[strlen(text) - 1], ' ');
	assert_null(strstr(text, "  "));
}

static bool has_step(const struct guide_step *steps, unsigned int state)
{
	for (size_t i = 0; i < GUIDE_STEPS && steps[i].how; i++)
		if (steps[i].state == state)
			return true;
	return false;
}

static void test_all_is_there(void **unused)
{
	(void)unused;
	for (unsigned int state = 1; state < STATE_COUNT; state++) {
		const struct state_guide *guide = state_guide(state);

		assert_text(guide->brief);
		assert_text(guide->meaning);
		assert_text(guide->many);
		assert_text(guide->enters[0].how);
		assert_text(guide->leaves[0].how);
		assert_text(guide->remedies[0]);
		for (size_t i = 0; i < GUIDE_REMEDIES && guide->remedies[i]; i++)
			assert_text(guide->remedies[i]);
	}
}

/* CLOSE is left and entered from anywhere: its guide names only some of the steps. A step that the kernel takes through
 * FIN_WAIT2 on the way to TIME_WAIT is one step in the guides of both states. */
static void test_steps_have_two_ends(void **unused)
{
	(void)unused;
	for (unsigned int from = 1; from < STATE_COUNT; from++) {
		for (unsigned int to = 1; to < STATE_COUNT; to++) {
			if (from == STATE_CLOSE || to == STATE_CLOSE || from == STATE_TIME_WAIT || from == STATE_LISTEN)
				continue;
			assert_int_equal(has_step(state_guide(from)->leaves, to),
					 has_step(state_guide(to)->enters, from));
		}
		if (from != STATE_CLOSE)
			assert_true(has_step(state_guide(from)->leaves, STATE_CLOSE));
		assert_false(has_step(state_guide(from)->leaves, from));
	}
}

static void test_settings(void **unused)
{
	(void)unused;
	for (unsigned int setting = 1; setting < SETTING_COUNT; setting++) {
		const struct setting_guide *guide = setting_guide(setting);
		bool used = false;

		assert_int_equal(strncmp(guide->name, "net.", 4), 0);
		assert_text(guide->role);
		for (unsigned int state = 1; state < STATE_COUNT; state++)
			for (size_t i = 0; i < GUIDE_SETTINGS; i++)
				used = used || state_guide(state)->settings[i] == setting;
		assert_true(used);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_there),
		cmocka_unit_test(test_steps_have_two_ends),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
