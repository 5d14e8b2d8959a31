// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests which processes are read, and how often: on a host whose processes are made up (identity_reader.h).
 */
#include "identities.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "identity_reader.h"
#include "no_memory.h"

static unsigned int reads, looks; /* so far */
static bool with_cmdlines;        /* at the last read */
static bool is_unreadable;        /* descriptors have run out */
static bool has_changed;          /* no process is the one that it was */

struct identity *identity_read(const struct owner *owner, const struct lineage *lineage, bool with_cmdline)
{
	const struct lineage scanned = {.start_ns = 1, .ppid = 1};
	char exe[32];

	reads++;
	with_cmdlines = with_cmdline;
	snprintf(exe, sizeof(exe), "/bin/%u", owner->pid);
	return is_unreadable ? NULL : identity_new(lineage ? lineage : &scanned, &(struct identity_texts){.exe = exe});
}

bool identity_holds(const struct identity *identity, const struct owner *owner)
{
	assert_non_null(identity);
	assert_int_not_equal(owner->pid, 0);
	looks++;
	return !has_changed;
}

static struct identities *identities;

static int open_identities(void **state)
{
	(void)state;
	reads = looks = 0;
	is_unreadable = has_changed = false;
	identities = identities_new(true);
	return !identities;
}

static int close_identities(void **state)
{
	(void)state;
	identities_free(identities);
	return 0;
}

static struct owner process_called(uint32_t pid, const char *comm)
{
	struct owner owner = {.pid = pid, .fd = FD_UNKNOWN};

	snprintf(owner.comm, sizeof(owner.comm), "%s", comm);
	return owner;
}

static struct identity *ask_caller(uint32_t pid, const char *comm, uint64_t start_ns, uint32_t execs)
{
	const struct owner owner = process_called(pid, comm);

	return identities_of_caller(identities, &owner,
				    &(struct lineage){.start_ns = start_ns, .execs = execs, .ppid = 7});
}

static struct identity *ask_holder(uint32_t pid, const char *comm, uint64_t round)
{
	const struct owner owner = process_called(pid, comm);

	return identities_of_holder(identities, &owner, round);
}

/* A caller is read once; another process with its pid, and another program, are read anew. */
static void test_callers(void **state)
{
	struct identity *first = ask_caller(5, "a", 100, 1);

	(void)state;
	assert_string_equal(first->exe, "/bin/5");
	assert_true(with_cmdlines);
	assert_ptr_equal(ask_caller(5, "a", 100, 1), first);
	assert_int_equal(reads, 1);
	assert_int_equal(ask_caller(6, "a", 100, 1)->lineage.start_ns, 100);
	assert_int_equal(reads, 2);
	assert_int_equal(ask_caller(5, "a", 101, 1)->lineage.start_ns, 101);
	assert_int_equal(ask_caller(5, "a", 101, 2)->lineage.execs, 2);
	assert_int_equal(reads, 4);
	ask_caller(5, "b", 101, 2); /* it has given itself another name */
	assert_int_equal(reads, 5);
	ask_caller(5, "b", 101, 2);
	assert_int_equal(reads, 5);
	assert_int_equal(looks, 0);
}

/* A holder is looked at once in each round, and read anew only where it is another process or program. */
static void test_holders(void **state)
{
	struct identity *first = ask_holder(5, "a", 1);

	(void)state;
	assert_ptr_equal(ask_holder(5, "a", 1), first);
	assert_int_equal(looks, 0);
	assert_ptr_equal(ask_holder(5, "a", 2), first);
	assert_ptr_equal(ask_holder(5, "a", 2), first);
	assert_int_equal(looks, 1);
	assert_int_equal(reads, 1);
	has_changed = true;
	assert_ptr_equal(ask_holder(5, "a", 2), first); /* it was asked in this round */
	ask_holder(5, "a", 3);
	assert_int_equal(reads, 2);
	ask_holder(5, "b", 3);
	assert_int_equal(reads, 3);
}

/* What the kernel told of a caller holds for it as a holder, too. */
static void test_caller_that_holds(void **state)
{
	struct identity *caller = ask_caller(5, "a", 100, 1);

	(void)state;
	assert_ptr_equal(ask_holder(5, "a", 1), caller);
	assert_int_equal(looks, 1);
	assert_int_equal(reads, 1);
	assert_ptr_equal(ask_caller(5, "a", 100, 1), caller);
}

static void test_references_outlive_the_cache(void **state)
{
	struct identity *kept = ask_caller(5, "a", 100, 1);

	(void)state;
	identity_ref(kept);
	ask_caller(5, "a", 200, 1);
	assert_string_equal(kept->exe, "/bin/5");
	assert_int_equal(kept->references, 1);
	identity_unref(kept);
}

enum { GENERATION = 4096, MANY = 3 * GENERATION };

/* Those that have not been asked for in a while are forgotten, and no others. */
static void test_generations(void **state)
{
	struct identity *last = NULL;

	(void)state;
	for (uint32_t pid = 1; pid <= MANY; pid++) {
		last = ask_caller(pid, "a", pid, 1);
		assert_int_equal(last->lineage.start_ns, pid);
		ask_caller(1, "a", 1, 1);
	}
	assert_int_equal(reads, MANY);
	assert_ptr_equal(ask_caller(MANY, "a", MANY, 1), last);
	for (uint32_t pid = MANY - GENERATION + 2; pid <= MANY; pid++)
		ask_caller(pid, "a", pid, 1);
	assert_int_equal(reads, MANY);
	ask_caller(2, "a", 2, 1);
	assert_int_equal(reads, MANY + 1);
	ask_caller(1, "a", 1, 1);
	assert_int_equal(reads, MANY + 1);
}

/* A process that cannot be read now is read when it is asked for again; one that is known stays. */
static void test_shortage(void **state)
{
	struct identity *known = ask_caller(5, "a", 100, 1);

	(void)state;
	is_unreadable = true;
	assert_null(ask_caller(6, "a", 100, 1));
	assert_null(ask_holder(7, "a", 1));
	assert_null(ask_caller(5, "a", 101, 1));
	assert_ptr_equal(ask_caller(5, "a", 100, 1), known);
	is_unreadable = false;
	assert_non_null(ask_caller(6, "a", 100, 1));
	assert_non_null(ask_holder(7, "a", 1));
}

static void test_short_memory(void **state)
{
	(void)state;
	SKIP_WHERE_MEMORY_IS_CHECKED();
	for (int left = 0; left < 20; left++) {
		struct identity *identity;

		STARVE_AFTER(left);
		identity = ask_caller(5, "a", 100, 1);
		STOP_STARVING();
		if (!identity)
			continue;
		assert_true(left > 1);
		return;
	}
	fail_msg("there is never enough memory");
}

static void test_without_command_lines(void **state)
{
	struct identities *other = identities_new(false);
	const struct owner owner = process_called(5, "a");

	(void)state;
	assert_non_null(other);
	assert_non_null(identities_of_holder(other, &owner, 1));
	assert_false(with_cmdlines);
	identities_free(other);
	identities_free(NULL);
}

int main(void)
{
#define WITH_IDENTITIES(test) cmocka_unit_test_setup_teardown(test, open_identities, close_identities)
	const struct CMUnitTest tests[] = {
		WITH_IDENTITIES(test_callers),           WITH_IDENTITIES(test_holders),
		WITH_IDENTITIES(test_caller_that_holds), WITH_IDENTITIES(test_references_outlive_the_cache),
		WITH_IDENTITIES(test_generations),       WITH_IDENTITIES(test_shortage),
		WITH_IDENTITIES(test_short_memory),      WITH_IDENTITIES(test_without_command_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
