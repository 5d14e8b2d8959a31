// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests which identity a connection's owner has, and that each reference is dropped once.
 */
#include "check.h"
#include "connection.h"
#include "events.h"
#include "identity.h"

static const struct identity_texts texts = {
	.exe = "/usr/bin/x", .cmdline = "x -y", .unit = "x.service", .container = "docker:0"};

static struct identity *make_identity(uint64_t start_ns, uint32_t execs)
{
	const struct lineage lineage = {.start_ns = start_ns, .execs = execs, .ppid = 7, .pcomm = "parent"};
	struct identity *identity = identity_new(&lineage, &texts);

	assert_non_null(identity);
	return identity;
}

static struct owner owner_with(uint32_t pid, const char *comm, struct identity *identity)
{
	struct owner owner = owner_of(pid, 3, comm);

	owner.identity = identity;
	return owner;
}

static struct connection *make_connection(void)
{
	struct connection *conn = calloc(1, sizeof(*conn));

	assert_non_null(conn);
	return conn;
}

static void test_texts(void **state)
{
	const struct identity_texts none = {0};
	const struct lineage lineage = {.ppid = 7};
	struct identity *identity = make_identity(1, 0), *empty = identity_new(&lineage, &none);

	(void)state;
	assert_string_equal(identity->exe, "/usr/bin/x");
	assert_ptr_not_equal(identity->exe, texts.exe);
	assert_string_equal(identity->cmdline, "x -y");
	assert_string_equal(identity->unit, "x.service");
	assert_string_equal(identity->container, "docker:0");
	assert_string_equal(identity->lineage.pcomm, "parent");
	assert_null(empty->exe);
	assert_null(empty->cmdline);
	assert_null(empty->unit);
	assert_null(empty->container);
	assert_int_equal(empty->lineage.ppid, 7);
	identity_unref(identity);
	identity_unref(empty);
	identity_ref(NULL);
	identity_unref(NULL);
}

/* The first identity stays as long as process and name do: a later one may know another parent. */
static void test_which_identity_stays(void **state)
{
	struct identity *first = make_identity(1, 5);
	const struct {
		uint32_t pid;
		const char *comm;
		struct identity *identity;
		bool stays;
	} ways[] = {
		{100, "a", make_identity(1, 5), true},
		{100, "a", NULL, true},
		{100, "b", make_identity(1, 5), false},
		{100, "a", make_identity(2, 5), false},
		{100, "a", make_identity(1, 6), false},
		{101, "a", make_identity(1, 5), false},
		{101, "a", NULL, false},
		{100, "b", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct connection *conn = make_connection();
		struct owner owner = owner_with(100, "a", first);

		connection_set_owner(conn, &owner, OWNER_CONNECT);
		assert_int_equal(first->references, 2);
		owner = owner_with(ways[i].pid, ways[i].comm, ways[i].identity);
		connection_set_owner(conn, &owner, OWNER_SCAN);
		assert_ptr_equal(conn->owner.identity, ways[i].stays ? first : ways[i].identity);
		assert_int_equal(first->references, ways[i].stays ? 2 : 1);
		connection_set_owner(conn, &(struct owner){0}, OWNER_SCAN); /* nobody: nothing changes */
		assert_ptr_equal(conn->owner.identity, ways[i].stays ? first : ways[i].identity);
		connection_free(conn);
		assert_int_equal(first->references, 1);
		if (ways[i].identity)
			assert_int_equal(ways[i].identity->references, 1);
		identity_unref(ways[i].identity);
	}
	identity_unref(first);
}

/* What /proc tells of the beginning is less exact, and of execve() it tells nothing. */
static void test_inexact_beginnings(void **state)
{
	static const struct {
		uint64_t start_ns, span_ns;
		uint32_t execs;
		bool same;
	} ways[] = {
		{1000, 0, 5, true},  {1000, 0, 6, false},  {1001, 0, 5, false},   {1010, 10, 0, true},
		{1009, 20, 0, true}, {1011, 10, 0, false}, {999, 1000, 0, false},
	};
	struct identity *told = make_identity(1000, 5);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct identity *other = make_identity(ways[i].start_ns, ways[i].execs);

		other->lineage.start_span_ns = ways[i].span_ns;
		assert_int_equal(identity_is_of_same_program(told, other), ways[i].same);
		assert_int_equal(identity_is_of_same_program(other, told), ways[i].same);
		identity_unref(other);
	}
	identity_unref(told);
}

static void test_holders(void **state)
{
	struct identity *identities[3];
	struct connection *conn = make_connection(), *other = make_connection();

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct owner owner = owner_with(100 + i, "a", identities[i] = make_identity(i + 1, 0));

		connection_add_holder(conn, &owner, 1);
	}
	connection_settle_holders(conn, 1);
	assert_int_equal(conn->owner_count, 3);
	assert_int_equal(identities[0]->references, 3); /* ours, the owner's, the holder's */
	assert_int_equal(identities[1]->references, 2);
	connection_add_holders_of(other, conn);
	assert_int_equal(identities[2]->references, 3);
	connection_free(other);
	assert_int_equal(identities[2]->references, 2);
	/* the next scan finds only one of them */
	connection_add_holder(conn, &(struct owner){.pid = 101, .fd = 3, .comm = "a", .identity = identities[1]}, 2);
	connection_settle_holders(conn, 2);
	assert_int_equal(conn->owner.pid, 101);
	assert_ptr_equal(conn->owner.identity, identities[1]);
	assert_int_equal(identities[0]->references, 1);
	assert_int_equal(identities[1]->references, 2);
	assert_int_equal(identities[2]->references, 1);
	/* another process becomes the owner: the lone holder is kept */
	connection_set_owner(conn, &(struct owner){.pid = 100, .comm = "a", .identity = identities[0]}, OWNER_CLOSE);
	assert_int_equal(identities[0]->references, 2);
	assert_int_equal(identities[1]->references, 2);
	connection_free(conn);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(identities[i]->references, 1);
		identity_unref(identities[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_which_identity_stays),
		cmocka_unit_test(test_inexact_beginnings),
		cmocka_unit_test(test_holders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
