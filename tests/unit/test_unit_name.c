// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests which systemd unit is read from the path of a control group, and from /proc/PID/cgroup.
 */
#include <string.h>

#include "check.h"
#include "unit.h"

static void assert_unit_of_path(const char *path, const char *wanted)
{
	char unit[UNIT_NAME_SIZE] = "untouched";

	assert_int_equal(unit_of_path(path, unit), wanted != NULL);
	assert_string_equal(unit, wanted ? wanted : "untouched");
}

static void test_paths(void **state)
{
	(void)state;
	assert_unit_of_path("/system.slice/nginx.service", "nginx.service");
	assert_unit_of_path("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service");
	assert_unit_of_path("/init.scope", "init.scope");
	assert_unit_of_path("/user.slice/user-1000.slice/session-3.scope", "session-3.scope");
	assert_unit_of_path("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service", "web.service");
	assert_unit_of_path("/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope");
	/* a group that the service has made for itself */
	assert_unit_of_path("/system.slice/php-fpm.service/pool-a", "php-fpm.service");
	assert_unit_of_path("/system.slice/dev-hugepages.mount", "dev-hugepages.mount");
	assert_unit_of_path("/system.slice/systemd-journald.socket/x.swap", "x.swap");
	assert_unit_of_path("/system.slice/_cpu.service", "cpu.service");
	assert_unit_of_path("/../../system.slice/a.service", "a.service");
	assert_unit_of_path("/", NULL);
	assert_unit_of_path("", NULL);
	assert_unit_of_path("/user.slice", NULL);
	assert_unit_of_path("/docker/0123", NULL);
	assert_unit_of_path("/.service", NULL);
	assert_unit_of_path("/_.service", NULL);
	assert_unit_of_path("//a.service//", "a.service");
}

static void test_longest_name(void **state)
{
	char path[1 + UNIT_NAME_SIZE + 1] = "/";

	(void)state;
	memset(path + 1, 'a', UNIT_NAME_SIZE);
	memcpy(path + UNIT_NAME_SIZE - 8, ".service", 9); /* as long as a name may be */
	assert_unit_of_path(path, path + 1);
	memset(path + 1, 'a', UNIT_NAME_SIZE);
	memcpy(path + 1 + UNIT_NAME_SIZE - 8, ".service", 9);
	assert_unit_of_path(path, NULL);
}

static void assert_unit_of_text(const char *text, const char *wanted)
{
	char unit[UNIT_NAME_SIZE] = "untouched";

	assert_int_equal(unit_of_cgroup(text, strlen(text), unit), wanted != NULL);
	assert_string_equal(unit, wanted ? wanted : "untouched");
}

static void test_texts(void **state)
{
	(void)state;
	assert_unit_of_text("0::/system.slice/a.service\n", "a.service");
	assert_unit_of_text("0::/system.slice/a.service (deleted)\n", "a.service");
	/* beside the trees of version 1, of which only systemd's own counts */
	assert_unit_of_text("4:memory:/b.service\n1:name=systemd:/system.slice/a.service\n0::/\n", "a.service");
	assert_unit_of_text("4:memory:/b.service\n0::/system.slice/a.service\n", "a.service");
	assert_unit_of_text("4:memory:/b.service\n", NULL);
	assert_unit_of_text("1:name=systemd", NULL);
	assert_unit_of_text("1:name=systemd:\n", NULL);
	assert_unit_of_text("0::\n", NULL);
	assert_unit_of_text("0\n:\n::\n", NULL);
	assert_unit_of_text("0::/a.service", NULL); /* the line is cut */
	assert_unit_of_text("", NULL);
}

/* The kernel writes no NUL. A name with one would be cut there. */
static void test_nul(void **state)
{
	static const char text[] = "0::/system.slice/a\0b.service\n", first[] = "0::/\0a.service\n";
	char unit[UNIT_NAME_SIZE] = "untouched";

	(void)state;
	assert_false(unit_of_cgroup(text, sizeof(text) - 1, unit));
	assert_false(unit_of_cgroup(first, sizeof(first) - 1, unit));
	assert_string_equal(unit, "untouched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
