// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests what happens where memory runs out at each allocation in turn: an error that says so, nothing half done, and
 * nothing left behind.
 */
#include <errno.h>
#include <stdio.h>

#include "baseline.h"
#include "events.h"
#include "filter.h"
#include "gated.h"
#include "name_glob.h"
#include "no_memory.h"
#include "policy.h"
#include "sink.h"
#include "socket_batch.h"
#include "tally.h"

enum { ALLOCATIONS_MAX = 200 };

/* Calls `part` with memory for 0, 1, 2 … allocations, until it succeeds. Before that it must return -ENOMEM. Returns
 * how many allocations it takes. */
static int starve(int (*part)(void))
{
	for (int left = 0; left < ALLOCATIONS_MAX; left++) {
		int err;

		STARVE_AFTER(left);
		err = part();
		STOP_STARVING();
		if (!err)
			return left;
		assert_int_equal(err, -ENOMEM);
	}
	fail_msg("there is never enough memory");
	return 0;
}

/* ---- what is made at once ---- */

static int find_service(void *context, const char *name, struct service_ports *ports)
{
	(void)context;
	(void)name;
	ports->count = 2;
	ports->all[0].port = 80;
	ports->all[1].port = 443;
	return 0;
}

static const struct filter_names names = {.service = find_service, .has_unix_sockets = true};

static int make_filter(void)
{
	struct filter_error error = {.message = ""};
	struct filter *filter = NULL;
	int err = filter_parse(
		"sport = :http and not (src 10.0.0.0/8 or comm ng* or dev eth0 or src /run/x or unit a) pid 5 exe a container 0123456789abcd dst [::1]:80",
		&names, &filter, &error);

	assert_int_equal(filter == NULL, err != 0);
	filter_free(filter);
	return err;
}

static int make_policy(void)
{
	struct policy *policy = policy_new();
	struct policy_error error = {.message = ""};
	int err = policy ? policy_add_list(policy, "http,5353/udp,nginx@10.0.0.0/8:443", &names, &error) : -ENOMEM;

	policy_free(policy);
	return err;
}

static int make_baseline(void)
{
	static const struct listener listener = {
		.protocol = PROTOCOL_TCP, .family = 4, .port = 80, .reach = REACH_IPV4};
	char text[2 * BASELINE_LINE_SIZE] = BASELINE_HEADER;
	struct baseline *baseline = NULL;
	struct baseline_error error = {.message = ""};
	int err;

	baseline_line(&listener, text + strlen(text));
	err = baseline_read(text, strlen(text), &baseline, &error);
	assert_int_equal(baseline == NULL, err != 0);
	baseline_free(baseline);
	return err;
}

static int make_table(void)
{
	struct table *table = table_new();

	table_free(table);
	return table ? 0 : -ENOMEM;
}

static int make_sinks(void)
{
	static const struct text_style style = {.terminal_fd = -1};
	static const struct wall_clock clock;
	struct output *output = output_new(1, -1);
	struct sink *text = output ? text_sink_new(output, &clock, &style) : NULL;
	struct sink *json = text ? json_sink_new(output, &clock) : NULL;

	free(text);
	free(json);
	output_free(output);
	return json ? 0 : -ENOMEM;
}

static int make_glob(void)
{
	char *glob = glob_of("a*");

	free(glob);
	return glob ? 0 : -ENOMEM;
}

static void test_what_is_made_at_once(void **state)
{
	(void)state;
	SKIP_WHERE_MEMORY_IS_CHECKED();
	assert_true(starve(make_filter) > 5);
	assert_true(starve(make_policy) > 1);
	assert_true(starve(make_baseline) > 2);
	assert_true(starve(make_table) > 2);
	assert_true(starve(make_sinks) > 2);
	assert_int_equal(starve(make_glob), 1);
}

/* ---- what grows ---- */

static int fill_batch(void)
{
	struct socket_batch batch = {0};
	struct socket socket = {.path = "/run/x", .path_length = 6, .details.congestion = "cubic"};
	int err = 0;

	for (int i = 0; i < 200 && !err; i++) {
		size_t before = batch.count;

		err = socket_batch_add(&batch, &socket);
		assert_int_equal(batch.count, before + (err ? 0 : 1)); /* no half row */
	}
	socket_batch_free(&batch);
	return err;
}

static int fill_tally(void)
{
	struct tally tally = {0};
	int err = tally_init(&tally);

	for (uint32_t i = 0; i < 3 && !err; i++) {
		const struct tally_key key = {.number = i};
		uint64_t before = tally.total;

		err = tally_add(&tally, &key);
		assert_int_equal(tally.total, before + (err ? 0 : 1));
	}
	tally_free(&tally);
	return err;
}

static int add_holders(void)
{
	struct connection *conn = calloc(1, sizeof(*conn));
	int err = conn ? 0 : -ENOMEM;

	for (uint32_t i = 1; i <= 3 && !err; i++) {
		const struct owner owner = owner_of(i, 3, "name");

		err = connection_add_holder(conn, &owner, 1);
		assert_int_equal(conn->owner_count, err ? i - 1 : i);
	}
	if (conn)
		connection_free(conn);
	return err;
}

static void test_what_grows(void **state)
{
	(void)state;
	SKIP_WHERE_MEMORY_IS_CHECKED();
	assert_true(starve(fill_batch) > 3);
	assert_true(starve(fill_tally) > 2);
	assert_true(starve(add_holders) > 1);
}

/* An index without memory for more buckets has longer chains, and loses nothing. */
static void test_index_that_cannot_grow(void **state)
{
	enum { MANY = 1000 };
	static struct link links[MANY];
	struct index index;

	(void)state;
	SKIP_WHERE_MEMORY_IS_CHECKED();
	assert_int_equal(index_init(&index), 0);
	STARVE_AFTER(0);
	for (uint64_t i = 0; i < MANY; i++)
		index_insert(&index, &links[i], i);
	STOP_STARVING();
	assert_int_equal(index.bits, 8);
	for (uint64_t i = 0; i < MANY; i++)
		assert_ptr_equal(index_find(&index, i), &links[i]);
	index_free(&index);
}

/* ---- events ---- */

static struct bench *bench;

/* A transition that is not applied leaves the table as it was; a row may be kept without its holders. */
static int apply_connect(void)
{
	struct event event =
		transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 1, tuple_of(4, "10.0.0.1", 0, "10.0.0.2", 80));
	size_t before = table_count(bench->table);
	int err = table_apply(bench->table, &event, record_change, &bench->recorder);

	assert_int_equal(table_count(bench->table), before + (err ? 0 : 1));
	assert_int_equal(bench->recorder.count, err ? 0 : 1);
	return err;
}

static int apply_row(void)
{
	struct owner owners[] = {owner_of(5, 3, "one"), owner_of(6, 3, "two")};
	struct event row = row_of(STATE_ESTABLISHED, tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 80), 55);

	row.sk = SK(2);
	row.ts_ns = AT_US(1);
	row.owners = owners;
	row.owner_count = 2;
	return table_apply(bench->table, &row, record_change, &bench->recorder);
}

static void test_events(void **state)
{
	struct event begin = {.kind = EVENT_SNAPSHOT_BEGIN, .ts_ns = AT_US(1), .scope = SCOPE_ALL, .exact = true};

	SKIP_WHERE_MEMORY_IS_CHECKED();
	assert_int_equal(bench_open((void **)&bench), 0);
	assert_true(starve(apply_connect) > 0);
	bench_apply(bench, &begin);
	assert_true(starve(apply_row) > 1);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(bench_find(bench, fits_inode, 55)->owner_count, 2);
	bench_close((void **)&bench);
	(void)state;
}

/* A change that cannot be held back is let through: rather one too many than one too few. */
static void test_change_that_cannot_be_held(void **state)
{
	struct tuple tuple = outgoing(0);
	struct connection conn = {.tuple = tuple, .state = STATE_SYN_SENT};
	struct change change = {.conn = &conn, .oldstate = STATE_CLOSE, .newstate = STATE_SYN_SENT};
	struct gated gated;

	(void)state;
	SKIP_WHERE_MEMORY_IS_CHECKED();
	open_gate(&gated, "sport = :40000");
	STARVE_AFTER(0);
	gate_handle(&gated.gate, &change);
	STOP_STARVING();
	assert_int_equal(gated.bench.recorder.count, 1);
	gate_handle(&gated.gate, &change);
	assert_int_equal(gated.bench.recorder.count, 1); /* held */
	close_gate(&gated);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_made_at_once),       cmocka_unit_test(test_what_grows),
		cmocka_unit_test(test_index_that_cannot_grow),     cmocka_unit_test(test_events),
		cmocka_unit_test(test_change_that_cannot_be_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
