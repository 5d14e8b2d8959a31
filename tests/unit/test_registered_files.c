// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the fdinfo of an io_uring tells of the files registered with it, as different kernels write it. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "owner.h"
#include "registered_files.h"

#define BEGINNING                                                                                                      \
	"pos:\t0\nflags:\t02000002\nSqMask:\t0x7\nSQEs:\t1\n    0: opcode:NOP, fd:0, flags:0\nCQEs:\t0\nSqThread:\t-1\n"
#define END "UserBufs:\t1\n    0: 0x7f0000000000/4096\nPollList:\n  op=1, task_works=0\n"

struct collected {
	char text[512];
	size_t used;
	int err;
};

static int collect_file(void *context, uint32_t slot, const char *path)
{
	struct collected *all = context;

	all->used += (size_t)snprintf(all->text + all->used, sizeof(all->text) - all->used, "%u=%s;", slot, path);
	return all->err;
}

/* Returns the files that the text tells, "0=socket:[1];2=/x;". */
static const char *parse_files(const char *text, uint32_t release, struct registered_files *files)
{
	static struct collected all;
	char copy[1024];

	all = (struct collected){.used = 0};
	assert_true(snprintf(copy, sizeof(copy), "%s", text) < (int)sizeof(copy));
	assert_int_equal(registered_files_parse(copy, release, collect_file, &all, files), 0);
	return all.text;
}

static void whole_paths(void **state)
{
	const char text[] = BEGINNING "UserFiles:\t9\n    0: socket:[12345]\n    3: /etc/passwd\n    8: pipe:[7]\n" END;
	struct registered_files files;

	(void)state;
	assert_string_equal(parse_files(text, 6018, &files), "0=socket:[12345];3=/etc/passwd;8=pipe:[7];");
	assert_true(files.told && files.whole && !files.locked_out);
	assert_int_equal(files.slots, 9);
	assert_string_equal(parse_files(text, 6014, &files), "0=socket:[12345];3=/etc/passwd;8=pipe:[7];");
	assert_true(files.whole);
}

static void escaped_paths(void **state)
{
	const char text[] =
		"UserFiles:\t2\n    0: /a\\040b\\012\\0401:\\040socket:[5]\n100001: /tab\\011back\\134slash\\9\n" END;
	struct registered_files files;

	(void)state;
	assert_string_equal(parse_files(text, 6018, &files), "0=/a b\n 1: socket:[5];100001=/tab\tback\\slash\\9;");
}

static void empty_table(void **state)
{
	struct registered_files files;

	(void)state;
	for (uint32_t release = 5015; release <= 6018; release++) {
		assert_string_equal(parse_files(BEGINNING "UserFiles:\t0\n" END, release, &files), "");
		assert_true(files.told && files.whole && !files.locked_out);
	}
}

/* From 6.16 on, what is told was told under the lock. Before, no row may also mean no lock. */
static void only_empty_slots(void **state)
{
	struct registered_files files;

	(void)state;
	parse_files(BEGINNING "UserFiles:\t64\n" END, 6016, &files);
	assert_true(files.told && files.whole && !files.locked_out);
	parse_files(BEGINNING "UserFiles:\t64\n" END, 6015, &files);
	assert_true(files.told && !files.whole && files.locked_out);
	assert_int_equal(files.slots, 64);
}

static void locked(void **state)
{
	struct registered_files files;

	(void)state;
	assert_string_equal(parse_files("pos:\t0\nflags:\t02\n", 6018, &files), "");
	assert_true(!files.told && !files.whole && files.locked_out);
	parse_files(BEGINNING "UserFiles:\t3\n" END, 6001, &files);
	assert_true(files.told && !files.whole && files.locked_out);
}

/* Before 6.14 a row has a name that anybody may have given: it proves nothing. */
static void names_only(void **state)
{
	struct registered_files files;

	(void)state;
	assert_string_equal(
		parse_files(BEGINNING "UserFiles:\t3\n    0: TCP\n    1: <none>\n    2: passwd\n" END, 6001, &files),
		"");
	assert_true(files.told && !files.whole && !files.locked_out);
	assert_string_equal(parse_files(BEGINNING "UserFiles:\t1\n    0: socket:[5]\n" END, 6012, &files), "");
	assert_false(files.whole);
	parse_files(BEGINNING "UserFiles:\t2\n    0: <none>\n    1: <none>\n" END, 6001, &files);
	assert_true(files.whole && !files.locked_out);
	parse_files(BEGINNING "UserFiles:\t2\n    0: a\n    1: <none>\nUserBufs:\n    1: TCP\n" END, 6001, &files);
	assert_false(files.whole);
	parse_files(BEGINNING "UserFiles:\t2\n    0: <none>\n    1: <none>x\n" END, 6001, &files);
	assert_false(files.whole);
}

static void odd_texts(void **state)
{
	static const char *const texts[] = {"", "UserFiles:", "UserFiles:\t\n", "UserFiles:\tx\n    0: socket:[1]\n",
					    "UserFiles:\t1"};
	struct registered_files files;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_string_equal(parse_files(texts[i], 6018, &files), "");
		assert_false(files.told || files.whole);
	}
	assert_string_equal(parse_files("UserFiles:\t3\n    0: /x\n    1 /y\n    2: /z\n", 6018, &files), "0=/x;");
	assert_string_equal(parse_files("UserFiles:\t1\n    0: /no newline", 6018, &files), "0=/no newline;");
}

static void refused_file(void **state)
{
	struct collected all = {.err = -5};
	char text[] = "UserFiles:\t2\n    0: /x\n    1: /y\n";
	struct registered_files files;

	(void)state;
	assert_int_equal(registered_files_parse(text, 6018, collect_file, &all, &files), -5);
	assert_string_equal(all.text, "0=/x;");
}

static void number_of_a_registered_file(void **state)
{
	(void)state;
	for (uint32_t ring = 0; ring < RING_UNKNOWN; ring += 5)
		for (uint32_t slot = 0; slot < 1u << SLOT_BITS; slot += 104729) {
			int32_t fd = registered_fd(ring, slot);

			assert_true(fd_is_registered(fd));
			assert_int_equal(fd_ring(fd), ring);
			assert_int_equal(fd_slot(fd), slot);
		}
	assert_int_equal(fd_ring(registered_fd(1000000, 7)), RING_UNKNOWN);
	assert_int_equal(fd_slot(registered_fd(1000000, 7)), 7);
	assert_int_equal(fd_slot(registered_fd(RING_UNKNOWN, (1u << SLOT_BITS) - 1)), (1u << SLOT_BITS) - 1);
	assert_int_equal(registered_fd(3, 1u << SLOT_BITS), FD_UNKNOWN);
	assert_false(fd_is_registered(FD_UNKNOWN) || fd_is_registered(0) || fd_is_registered(INT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_paths),
		cmocka_unit_test(escaped_paths),
		cmocka_unit_test(empty_table),
		cmocka_unit_test(only_empty_slots),
		cmocka_unit_test(locked),
		cmocka_unit_test(names_only),
		cmocka_unit_test(odd_texts),
		cmocka_unit_test(refused_file),
		cmocka_unit_test(number_of_a_registered_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
