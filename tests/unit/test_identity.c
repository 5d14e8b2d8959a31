// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the identity of a process: what it keeps, how long it lives, how it is printed.
 */
#include "capture.h"
#include "identity_json.h"
#include "identity_text.h"
#include "no_memory.h"
#include "shown.h"

static const struct lineage lineage = {.start_ns = 5, .execs = 2, .ppid = 8302, .pcomm = "bash"};

static struct identity *make_identity(const struct identity_texts *texts)
{
	struct identity *identity = identity_new(&lineage, texts);

	assert_non_null(identity);
	return identity;
}

/* ---- what it keeps ---- */

static void test_copies(void **state)
{
	char exe[] = "/bin/curl", cmdline[] = "curl x", unit[] = "web.service", container[] = "lxc:a";
	struct identity *identity = make_identity(&(struct identity_texts){exe, cmdline, unit, container});

	(void)state;
	exe[0] = cmdline[0] = unit[0] = container[0] = '!';
	assert_string_equal(identity->exe, "/bin/curl");
	assert_string_equal(identity->cmdline, "curl x");
	assert_string_equal(identity->unit, "web.service");
	assert_string_equal(identity->container, "lxc:a");
	assert_int_equal(identity->lineage.ppid, 8302);
	identity_ref(identity);
	identity_unref(identity);
	assert_string_equal(identity->exe, "/bin/curl");
	identity_unref(identity);
	identity = make_identity(&(struct identity_texts){NULL});
	assert_null(identity->exe);
	assert_null(identity->cmdline);
	assert_null(identity->unit);
	assert_null(identity->container);
	identity_unref(identity);
	identity_ref(NULL);
	identity_unref(NULL);
}

static void test_same_program(void **state)
{
	struct identity a = {.lineage = lineage}, b = {.lineage = lineage};

	(void)state;
	b.lineage.ppid = 1; /* its parent has exited */
	assert_true(identity_is_of_same_program(&a, &b));
	b.lineage.execs++;
	assert_false(identity_is_of_same_program(&a, &b));
	b.lineage = lineage;
	b.lineage.start_ns++;
	assert_false(identity_is_of_same_program(&a, &b));
}

static void test_short_memory(void **state)
{
	const struct identity_texts texts = {"a", "b", "c", "d"};

	(void)state;
	SKIP_WHERE_MEMORY_IS_CHECKED();
	for (int left = 0; left < 5; left++) {
		struct identity *identity;

		STARVE_AFTER(left);
		identity = identity_new(&lineage, &texts);
		STOP_STARVING();
		assert_null(identity);
	}
	identity_unref(make_identity(&texts));
}

/* ---- text ---- */

static void assert_text(const struct identity *identity, const char *wanted)
{
	struct capture capture = capture_open();

	identity_put(identity, capture.output);
	assert_shown(&capture, wanted);
	assert_int_equal(identity_width(identity), strlen(wanted));
	capture_close(&capture);
}

static void test_text(void **state)
{
	struct identity *identity = make_identity(&(struct identity_texts){"/usr/bin/curl", "curl -s http://[::1]/",
									   "web.service", "docker:0123456789ab"});

	(void)state;
	assert_text(identity, " parent:bash/8302 unit:web.service container:docker:0123456789ab exe:/usr/bin/curl "
			      "cmd:\"curl -s http://[::1]/\"");
	identity->lineage.pcomm[0] = '\0';
	assert_text(identity, " parent:-/8302 unit:web.service container:docker:0123456789ab exe:/usr/bin/curl "
			      "cmd:\"curl -s http://[::1]/\"");
	identity_unref(identity);
	identity = make_identity(&(struct identity_texts){NULL});
	assert_text(identity, " parent:bash/8302");
	identity->lineage.ppid = OWNER_FOREIGN | 5;
	assert_text(identity, "");
	identity->lineage.ppid = 0;
	assert_text(identity, "");
	assert_text(NULL, "");
	identity_unref(identity);
}

static void test_hostile_text(void **state)
{
	struct identity *identity = make_identity(
		&(struct identity_texts){"/a b\n\x1b[2J (deleted)", "x \"\\\xff\n", "a\\x2db c.service", "lxc:\x1b"});

	(void)state;
	memcpy(identity->lineage.pcomm, "a b/1\x1b", 7);
	assert_text(identity, " parent:a\\x20b/1\\x1b/8302 unit:a\\x5cx2db\\x20c.service container:lxc:\\x1b "
			      "exe:/a\\x20b\\x0a\\x1b[2J\\x20(deleted) cmd:\"x \\x22\\x5c\\xff\\x0a\"");
	identity_unref(identity);
}

/* ---- JSON ---- */

static void assert_members(struct identity *identity, const char *wanted)
{
	struct capture capture = capture_open();
	struct json_writer json;

	for (int i = 0; i < 2; i++) { /* what is kept of the first time reads the same */
		json_line_begin(&json, capture.output);
		json_bool(&json, "first", true);
		identity_json_put(&json, identity);
		json_bool(&json, "last", true);
		json_line_end(&json);
		assert_shown_json(&capture, wanted);
	}
	capture_close(&capture);
}

static void test_json(void **state)
{
	struct identity *identity =
		make_identity(&(struct identity_texts){"/a b\x1b", "x \"\\\xff\n", "a.service", "lxc:\xe2\x80\x8b"});

	(void)state;
	assert_members(
		identity,
		"{'first':true,'ppid':8302,'pcomm':'bash','exe':'/a b\\u001b','cmdline':'x \\'\\\\x5c\\\\xff\\u000a',"
		"'unit':'a.service','container':'lxc:\\u200b','last':true}\n");
	assert_non_null(identity->json);
	identity_unref(identity);
	identity = make_identity(&(struct identity_texts){NULL});
	identity->lineage.ppid |= OWNER_FOREIGN;
	assert_members(identity, "{'first':true,'ppid':null,'pcomm':'bash','exe':null,'cmdline':null,'unit':null,"
				 "'container':null,'last':true}\n");
	identity_unref(identity);
	assert_members(NULL, "{'first':true," NOT_IDENTIFIED ",'last':true}\n");
}

/* A program whose path is as long as a path may be: nothing is cut, and too much to be kept is written each time. */
static void test_long_json(void **state)
{
	static char exe[4096];
	struct expected wanted = {0};
	struct identity *identity;

	(void)state;
	memset(exe, 'x', sizeof(exe) - 1);
	identity = make_identity(&(struct identity_texts){.exe = exe});
	expect(&wanted,
	       "{'first':true,'ppid':8302,'pcomm':'bash','exe':'%s','cmdline':null,'unit':null,'container':null,"
	       "'last':true}\n",
	       exe);
	assert_members(identity, wanted.text);
	assert_null(identity->json);
	identity_unref(identity);
	memset(exe, '\x1b', sizeof(exe) - 1);
	identity = make_identity(&(struct identity_texts){.exe = exe});
	assert_int_equal(identity_width(identity), strlen(" parent:bash/8302 exe:") + 4 * (sizeof(exe) - 1));
	identity_unref(identity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),       cmocka_unit_test(test_same_program),
		cmocka_unit_test(test_short_memory), cmocka_unit_test(test_text),
		cmocka_unit_test(test_hostile_text), cmocka_unit_test(test_json),
		cmocka_unit_test(test_long_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
