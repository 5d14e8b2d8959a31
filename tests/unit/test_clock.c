// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the two clocks: a step of the wall clock moves the times printed from then on, and changes no interval.
 */
#include <stdio.h>
#include <time.h>

#include "capture.h"
#include "clock.h"
#include "events.h"
#include "json_check.h"
#include "sink.h"

static uint64_t unix_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

static void test_monotonic(void **state)
{
	uint64_t last = clock_monotonic_ns();

	(void)state;
	assert_true(last > 0);
	for (int i = 0; i < 1000; i++) {
		uint64_t now = clock_monotonic_ns();

		assert_true(now >= last);
		last = now;
	}
}

static void test_wall_time_is_the_hosts(void **state)
{
	struct wall_clock clock = {0};
	uint64_t before, got, after, monotonic;

	(void)state;
	monotonic = clock_monotonic_ns();
	wall_clock_refresh(&clock, monotonic);
	assert_int_equal(clock.measured_ns, monotonic);
	before = unix_now_ns();
	got = wall_clock_at(&clock, clock_monotonic_ns());
	after = unix_now_ns();
	assert_true(got + 50 * NS_PER_MS > before && got < after + 50 * NS_PER_MS);
}

/* Measuring the offset takes time: once a second is enough. */
static void test_refreshed_once_a_second(void **state)
{
	const uint64_t now = 1000 * NS_PER_SEC;
	struct wall_clock clock = {.offset_ns = 5, .measured_ns = now};

	(void)state;
	wall_clock_refresh(&clock, now);
	wall_clock_refresh(&clock, now + NS_PER_SEC - 1);
	assert_int_equal(clock.offset_ns, 5);
	assert_int_equal(clock.measured_ns, now);
	wall_clock_refresh(&clock, now + NS_PER_SEC);
	assert_int_not_equal(clock.offset_ns, 5);
	assert_int_equal(clock.measured_ns, now + NS_PER_SEC);
}

static void test_any_offset(void **state)
{
	struct wall_clock clock = {.offset_ns = -500, .measured_ns = 1};

	(void)state;
	assert_int_equal(wall_clock_at(&clock, 1000), 500); /* a wall clock that is behind the time since boot */
	clock.offset_ns = INT64_MAX;
	assert_true(wall_clock_at(&clock, 1) == 1ULL << 63);
}

/* ---- a step of the wall clock between two transitions ---- */

struct stepped {
	struct wall_clock clock;
	struct sink *sink;
};

static void put_change(void *context, const struct change *change)
{
	struct stepped *stepped = context;

	stepped->sink->ops->change(stepped->sink, change);
}

static void test_step_bends_no_interval(void **state)
{
	static const int64_t steps[] = {3600LL * 1000000000, -3600LL * 1000000000, -1709251200LL * 1000000000 + 5};
	struct tuple tuple = tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct stepped stepped = {.clock = {.offset_ns = 1709251200LL * 1000000000 - (int64_t)START_NS}};
		struct event birth = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, tuple);
		struct event death = transition_of(SK(1), STATE_SYN_SENT, STATE_CLOSE, 2500, tuple);
		struct closing closing = {.sent = true};
		struct capture capture = capture_open();
		struct table *table = table_new();
		struct members members;
		char *text, ts_ns[32];

		assert_non_null(table);
		stepped.sink = json_sink_new(capture.output, &stepped.clock);
		assert_non_null(stepped.sink);
		death.closing = &closing;
		assert_int_equal(table_apply(table, &birth, put_change, &stepped), 0);
		stepped.clock.offset_ns += steps[i];
		assert_int_equal(table_apply(table, &death, put_change, &stepped), 0);
		text = capture_take(&capture);
		json_read_line(json_read_line(text, &members), &members);
		assert_member(&members, "in_state_us", 'n', "2500");
		assert_member(&members, "age_us", 'n', "2500");
		snprintf(ts_ns, sizeof(ts_ns), "%lld", (long long)(1709251200000000000LL + 2500000 + steps[i]));
		assert_member(&members, "ts_ns", 'n', ts_ns);
		json_read_line(text, &members);
		assert_member(&members, "ts_ns", 'n', "1709251200000000000");
		assert_member(&members, "ts", 's', "2024-03-01T00:00:00.000000000Z");
		free(text);
		free(stepped.sink);
		table_free(table);
		capture_close(&capture);
	}
}

/* ---- RFC 3339 ---- */

static void test_stamps(void **state)
{
	static const struct {
		uint64_t wall_ns;
		const char *ts;
	} stamps[] = {
		{0, "1970-01-01T00:00:00.000000000Z"},
		{1, "1970-01-01T00:00:00.000000001Z"},
		{999999999, "1970-01-01T00:00:00.999999999Z"},
		{1000000000, "1970-01-01T00:00:01.000000000Z"},
		{951827696123456789, "2000-02-29T12:34:56.123456789Z"},
		{1709251199999999999, "2024-02-29T23:59:59.999999999Z"},
		{1709251200000000000, "2024-03-01T00:00:00.000000000Z"},
		{1709251199000000000, "2024-02-29T23:59:59.000000000Z"}, /* earlier than the stamp before */
		{2147483648000000000, "2038-01-19T03:14:08.000000000Z"},
		{18446744073709551615ULL, "2554-07-21T23:34:33.709551615Z"},
	};
	struct connection conn = {.tuple = tuple_of(4, "10.0.0.1", 1, "10.0.0.2", 2)};
	struct wall_clock clock = {.offset_ns = 0};
	struct capture capture = capture_open();
	struct sink *sink = json_sink_new(capture.output, &clock);

	(void)state;
	setenv("TZ", "Asia/Kathmandu", 1); /* must not matter */
	tzset();
	assert_non_null(sink);
	for (size_t i = 0; i < COUNT_OF(stamps); i++) {
		struct change change = {.ts_ns = stamps[i].wall_ns, .conn = &conn};
		struct members members;
		char *text;

		sink->ops->change(sink, &change);
		text = capture_take(&capture);
		json_read_line(text, &members);
		assert_member(&members, "ts", 's', stamps[i].ts);
		free(text);
	}
	free(sink);
	capture_close(&capture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monotonic),
		cmocka_unit_test(test_wall_time_is_the_hosts),
		cmocka_unit_test(test_refreshed_once_a_second),
		cmocka_unit_test(test_any_offset),
		cmocka_unit_test(test_step_bends_no_interval),
		cmocka_unit_test(test_stamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
