// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests `trace` and `top` as a whole, on a live table that is made up, in a time that is made up: what they print and
 * when, and how they end.
 */
#include <time.h>

#include "live.h"
#include "made_up_host.h"
#include "run_command.h"

extern const struct command trace_command, top_command;

/* ---- a live table and a clock in place of the real ones (live.h, clock.h) ---- */

enum { CONNECTIONS_MAX = 16, NEVER = 1000 };

struct live {
	struct live_options options;
};

static struct made_up_live {
	struct live live;
	uint64_t now_ns;
	struct connection connections[CONNECTIONS_MAX]; /* what a snapshot finds, or a table has */
	size_t count;
	unsigned int joins, runs, tables;            /* so far */
	unsigned int transitions_a_run;              /* in each run */
	unsigned int gap_at, over_at, fail_at;       /* the number of a run; 0: none */
	unsigned int poor_from, poor_to, poor_again; /* tries to read the table that fail */
	uint64_t held_up_ns;                         /* the second run takes that much longer */
	bool over_at_join;
	int open_err, join_err, rows_err, run_err, finish_err;
	struct summary summary;
	uint64_t ring_bytes;
	bool was_found_only, freed;
	uint64_t until_ns; /* of the last run */
	bool pauses;       /* in each run */
	off_t written;     /* by the end of the last pause */
	int pause_err;
} made_up;

#define START_NS 1000000000ULL

static struct wall_clock wall = {.offset_ns = 1769860799000000000}; /* it is 12:00:00 at START_NS */

static int renew_live(void **state)
{
	made_up = (struct made_up_live){.now_ns = START_NS};
	setenv("TZ", "UTC", 1);
	tzset();
	return renew_host(state);
}

uint64_t clock_monotonic_ns(void)
{
	return made_up.now_ns;
}

uint64_t clock_thread_ns(void)
{
	return made_up.now_ns;
}

uint64_t clock_process_ns(void)
{
	return made_up.now_ns;
}

void wall_clock_refresh(struct wall_clock *clock, uint64_t monotonic_ns)
{
	(void)clock;
	(void)monotonic_ns;
}

uint64_t wall_clock_at(const struct wall_clock *clock, uint64_t monotonic_ns)
{
	return monotonic_ns + (uint64_t)clock->offset_ns;
}

int live_open(const struct live_options *options, struct live **out)
{
	if (made_up.open_err)
		return made_up.open_err;
	made_up.live.options = *options;
	*out = &made_up.live;
	return 0;
}

void live_free(struct live *live)
{
	assert_ptr_equal(live, &made_up.live);
	made_up.freed = true;
}

int live_join(struct live *live)
{
	(void)live;
	made_up.joins++;
	return made_up.join_err;
}

/* Hands over a transition of a connection with that local port. */
static void hand_over(const struct live *live, uint16_t lport)
{
	struct connection conn = {.id = lport,
				  .tuple = {.laddr = address_of("10.0.0.1"),
					    .raddr = address_of("10.0.0.2"),
					    .lport = lport,
					    .rport = 443,
					    .netns = NETNS_HOME,
					    .family = 4},
				  .uid = UID_UNKNOWN,
				  .state = STATE_SYN_SENT};
	const struct change change = {.kind = CHANGE_TRANSITION,
				      .ts_ns = made_up.now_ns,
				      .conn = &conn,
				      .oldstate = STATE_CLOSE,
				      .newstate = STATE_SYN_SENT};

	conn.owner.fd = FD_UNKNOWN;
	if (live->options.on_change)
		live->options.on_change(live->options.context, &change);
}

int live_run(struct live *live, uint64_t until_ns)
{
	const struct gap gap = {.lost = 7, .from_ns = START_NS, .to_ns = START_NS + 1};

	made_up.runs++;
	made_up.until_ns = until_ns;
	made_up.now_ns += 30 * NS_PER_MS;
	if (until_ns && made_up.now_ns > until_ns)
		made_up.now_ns = until_ns;
	if (made_up.runs == 2)
		made_up.now_ns += made_up.held_up_ns;
	for (unsigned int i = 0; i < made_up.transitions_a_run; i++)
		hand_over(live, (uint16_t)(10 * made_up.runs + i));
	if (made_up.pauses) {
		made_up.pause_err = live->options.on_pause(live->options.context);
		made_up.written = lseek(STDOUT_FILENO, 0, SEEK_END);
	}
	if (made_up.runs == made_up.gap_at)
		live->options.on_gap(live->options.context, &gap);
	return made_up.runs == made_up.fail_at ? made_up.run_err : 0;
}

void live_relieve(struct live *live)
{
	assert_ptr_equal(live, &made_up.live);
}

bool live_is_over(const struct live *live)
{
	(void)live;
	return (made_up.over_at && made_up.runs >= made_up.over_at) || (made_up.over_at_join && made_up.joins);
}

int live_finish(struct live *live)
{
	(void)live;
	return made_up.finish_err;
}

struct summary live_summary(const struct live *live)
{
	(void)live;
	return made_up.summary;
}

int live_rows(const struct live *live, bool found_only, uint64_t now_ns, struct connection ***rows, size_t *count)
{
	(void)live;
	assert_int_equal(now_ns, made_up.now_ns);
	made_up.was_found_only = found_only;
	made_up.tables++;
	if (made_up.rows_err && (made_up.tables == made_up.poor_again ||
				 (made_up.tables >= made_up.poor_from && made_up.tables <= made_up.poor_to)))
		return made_up.rows_err;
	*rows = calloc(made_up.count + 1, sizeof(**rows));
	assert_non_null(*rows);
	for (size_t i = 0; i < made_up.count; i++)
		(*rows)[i] = &made_up.connections[i];
	*count = made_up.count;
	return 0;
}

const struct wall_clock *live_clock(const struct live *live)
{
	(void)live;
	return &wall;
}

int live_stop_fd(const struct live *live)
{
	(void)live;
	return -1;
}

/* ---- trace ---- */

/* Asserts the local ports of the transitions and sockets that trace prints, its messages, and its exit status. */
static void assert_traced(const char *options, int status, const char *ports, const char *err)
{
	struct expected line = {0}, got = {0};
	struct run run;

	expect(&line, "--json %s", options);
	run = run_line(&trace_command, line.text);
	for (const char *at = run.out; (at = strstr(at, "\"lport\":")); at++)
		expect(&got, "%s%.*s", got.used ? " " : "", (int)strcspn(at + 8, ","), at + 8);
	assert_string_equal(got.text, ports);
	assert_lines(run.err, err);
	assert_int_equal(run.status, status);
	free_run(&run);
}

static void test_trace_counts(void **state)
{
	(void)state;
	made_up.transitions_a_run = 2;
	made_up.over_at = 3;
	assert_traced("", STATUS_DONE, "10 11 20 21 30 31", "");
	assert_int_equal(made_up.until_ns, 0);
	assert_true(made_up.freed);
	made_up.runs = 0;
	assert_traced("--count 3", STATUS_DONE, "10 11 20", "");
	assert_int_equal(made_up.runs, 2);
	made_up.runs = 0;
	assert_traced("--count 4", STATUS_DONE, "10 11 20 21", "");
	assert_int_equal(made_up.runs, 2);
}

/* While a snapshot lasts, what there is to print is printed. */
static void test_trace_pauses(void **state)
{
	(void)state;
	made_up.transitions_a_run = 1;
	made_up.over_at = 1;
	made_up.pauses = true;
	assert_traced("", STATUS_DONE, "10", "");
	assert_true(made_up.written > 0);
	assert_int_equal(made_up.pause_err, 0);
}

static void add_connection(uint64_t id, uint8_t state, const char *laddr, uint16_t lport, const char *raddr,
			   uint16_t rport)
{
	struct socket ends = inet_socket(PROTOCOL_TCP, state, laddr, lport, raddr, rport);

	assert_true(made_up.count < CONNECTIONS_MAX);
	made_up.connections[made_up.count++] = (struct connection){.id = id,
								   .tuple = ends.tuple,
								   .state = state,
								   .uid = UID_UNKNOWN,
								   .owner = {.fd = FD_UNKNOWN},
								   .recvq = QUEUE_UNKNOWN,
								   .sendq = QUEUE_UNKNOWN};
}

/* Asked for, the sockets that are there already come first. */
static void test_trace_snapshot(void **state)
{
	struct run run;

	(void)state;
	add_connection(1, STATE_ESTABLISHED, "10.0.0.1", 80, "10.0.0.2", 4711);
	made_up.transitions_a_run = 1;
	made_up.over_at = 1;
	assert_traced("--snapshot", STATUS_DONE, "80 10", "");
	assert_true(made_up.was_found_only);
	made_up.runs = 0;
	assert_traced("", STATUS_DONE, "10", "");
	made_up.runs = 0;
	made_up.rows_err = -ENOMEM;
	made_up.poor_to = NEVER;
	run = run_line(&trace_command, "--snapshot");
	assert_non_null(strstr(run.err, "tcpledger: stopped: Cannot allocate memory. ")); /* and what to do */
	assert_int_equal(run.status, STATUS_FAILED);
	assert_int_equal(made_up.runs, 0);
	free_run(&run);
	made_up.rows_err = 0;
	made_up.join_err = -EIO;
	assert_traced("--snapshot", STATUS_FAILED, "", "tcpledger: stopped: Input/output error\n");
}

static void test_trace_text(void **state)
{
	struct run run;

	(void)state;
	made_up.transitions_a_run = 1;
	made_up.over_at = 1;
	run = run_line(&trace_command, "");
	assert_non_null(strstr(run.out, " NETNS ")); /* there are several: the column is there from the start */
	assert_non_null(strstr(run.out, " host "));
	assert_int_equal(strncmp(strchr(run.out, '\n') + 1, "12:00:00.030", 12), 0);
	assert_lines(run.err, "tcpledger: seen 0, received 0, dropped 0, missed 0, resyncs 0, healed 0\n");
	free_run(&run);
	made_up.runs = 0;
	run = run_line(&trace_command, "--netns host");
	assert_null(strstr(run.out, "NETNS")); /* of one namespace, which the user knows */
	free_run(&run);
	made_up.runs = 0;
	host.has_no_blue = true;
	host.has_no_files = true;
	run = run_line(&trace_command, "");
	assert_null(strstr(run.out, "NETNS")); /* there is only one */
	assert_null(strstr(run.out, "\033["));
	free_run(&run);
	made_up.runs = 0;
	run = run_line(&trace_command, "--color=always");
	assert_non_null(strstr(run.out, "\033["));
	free_run(&run);
}

/* With -w there is room for the longest addresses from the start. */
static void test_trace_wide(void **state)
{
	struct run narrow, wide;

	(void)state;
	made_up.over_at = 1;
	narrow = run_line(&trace_command, "");
	wide = run_line(&trace_command, "-w");
	assert_true(strlen(wide.out) > strlen(narrow.out) + 20);
	free_run(&narrow);
	free_run(&wide);
}

static void test_trace_gap(void **state)
{
	(void)state;
	made_up.over_at = 2;
	made_up.gap_at = 2;
	made_up.summary.dropped = 7;
	assert_run_json(&trace_command, "--json", STATUS_FINDINGS,
			"{'type':'gap','lost':7,'reason':'ring_full','from_ns':1769860800000000000,"
			"'to_ns':1769860800000000001}\n"
			"{'type':'summary','seen':0,'received':0,'dropped':7,'missed':0,'resyncs':0,"
			"'healed':0,'put_off':0,'complete':true}\n",
			"");
}

/* Looking up the names of interfaces must not hold up the trace: where it takes long, some are shown as numbers. */
static void test_costly_interfaces(void **state)
{
	struct run run;

	(void)state;
	add_connection(1, STATE_ESTABLISHED, "10.0.0.1", 80, "10.0.0.2", 4711);
	add_connection(2, STATE_ESTABLISHED, "10.0.0.1", 80, "10.0.0.2", 4711);
	made_up.connections[0].tuple.interface = 2;
	made_up.connections[1].tuple.interface = 2;
	made_up.connections[1].tuple.netns = NETNS_BLUE;
	made_up.over_at_join = true;
	run = run_line(&trace_command, "--json --snapshot");
	assert_non_null(strstr(run.out, "\"interface\":\"eth0\",\"ifindex\":2,"));
	assert_non_null(strstr(run.out, "\"interface\":\"veth0\",\"ifindex\":2,"));
	free_run(&run);
	host.interface_cost_ns = NS_PER_SEC;
	run = run_line(&trace_command, "--json --snapshot");
	assert_non_null(strstr(run.out, "\"interface\":\"eth0\",\"ifindex\":2,"));
	assert_non_null(strstr(run.out, "\"interface\":null,\"ifindex\":2,"));
	free_run(&run);
}

/* ---- how it ends ---- */

/* What was lost, and what is not known, makes the exit status another one. */
static void test_endings(void **state)
{
	static const struct {
		struct summary summary;
		int status;
		const char *err;
	} cases[] = {
		{{.seen = 5, .received = 5, .resyncs = 2, .healed = 3, .put_off = 1},
		 STATUS_DONE,
		 "tcpledger: seen 5, received 5, dropped 0, missed 0, resyncs 2, healed 3\n"},
		{{.seen = 5, .received = 4, .dropped = 1},
		 STATUS_FINDINGS,
		 "tcpledger: seen 5, received 4, dropped 1, missed 0, resyncs 0, healed 0\n"
		 "tcpledger: warning: 1 transitions were lost, because they came faster than the output took them\n"},
		{{.seen = 5, .received = 2, .dropped = 3, .forgotten = 3},
		 STATUS_FINDINGS,
		 "tcpledger: seen 5, received 2, dropped 3, missed 0, resyncs 0, healed 0\n"
		 "tcpledger: warning: 3 transitions were lost, because memory was short\n"},
		{{.seen = 5, .received = 2, .dropped = 3, .forgotten = 2},
		 STATUS_FINDINGS,
		 "tcpledger: seen 5, received 2, dropped 3, missed 0, resyncs 0, healed 0\n"
		 "tcpledger: warning: 1 transitions were lost, because they came faster than the output took them\n"
		 "tcpledger: warning: 2 transitions were lost, because memory was short\n"},
		{{.missed = 1},
		 STATUS_FINDINGS,
		 "tcpledger: seen 0, received 0, dropped 0, missed 1, resyncs 0, healed 0\n"},
		{{.incomplete = true},
		 STATUS_FINDINGS,
		 "tcpledger: seen 0, received 0, dropped 0, missed 0, resyncs 0, healed 0\n"},
	};

	(void)state;
	made_up.over_at = 1;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct run run;

		made_up.summary = cases[i].summary;
		run = run_line(&trace_command, "");
		assert_lines(run.err, cases[i].err);
		assert_int_equal(run.status, cases[i].status);
		free_run(&run);
	}
}

static void test_failures(void **state)
{
	(void)state;
	made_up.transitions_a_run = 1;
	made_up.over_at = 3;
	made_up.fail_at = 2;
	made_up.run_err = -EIO;
	assert_traced("", STATUS_FAILED, "10 20", "tcpledger: stopped: Input/output error\n");
	made_up.runs = 0;
	made_up.fail_at = 0;
	made_up.finish_err = -EBADF;
	assert_traced("", STATUS_FAILED, "10 20 30", "tcpledger: stopped: Bad file descriptor\n");
	made_up.runs = 0;
	made_up.fail_at = 1; /* the first failure is told */
	assert_traced("", STATUS_FAILED, "10", "tcpledger: stopped: Input/output error\n");
	made_up.open_err = -EPERM; /* which live_open() has told */
	assert_traced("", STATUS_FAILED, "", "");
}

static void test_output_that_cannot_be_written(void **state)
{
	static const char summary[] = "tcpledger: seen 0, received 0, dropped 0, missed 0, resyncs 0, healed 0\n";
	struct expected messages = {0};
	struct run run;

	(void)state;
	made_up.over_at = NEVER;
	made_up.transitions_a_run = 1;
	run = run_into(open("/dev/full", O_WRONLY | O_CLOEXEC), &trace_command, "");
	expect(&messages, "%stcpledger: stopped: No space left on device\n", summary);
	assert_lines(run.err, messages.text);
	assert_int_equal(run.status, STATUS_FAILED);
	assert_int_equal(made_up.runs, 0); /* the heading could not be written */
	free_run(&run);
	run = run_into(open("/dev/full", O_WRONLY | O_CLOEXEC), &trace_command, "--json");
	assert_lines(run.err, "tcpledger: stopped: No space left on device\n");
	assert_int_equal(run.status, STATUS_FAILED);
	assert_int_equal(made_up.runs, 1); /* a transition could not be written */
	free_run(&run);
	run = run_into(open_abandoned_pipe(), &trace_command, ""); /* its reader wants no more */
	assert_lines(run.err, "");
	assert_int_equal(run.status, STATUS_DONE);
	free_run(&run);
	made_up.runs = 0;
	made_up.over_at = 2;
	made_up.finish_err = -ECANCELED;
	run = run_line(&trace_command, "");
	messages = (struct expected){0};
	expect(&messages, "%stcpledger: the reader of the output stands still: it did not get the last lines\n",
	       summary);
	assert_lines(run.err, messages.text);
	assert_int_equal(run.status, STATUS_FINDINGS);
	free_run(&run);
}

static void test_process_that_is_not_there(void **state)
{
	(void)state;
	made_up.over_at = 1;
	assert_traced("--comm zqxjkvw", STATUS_DONE, "",
		      "tcpledger: warning: no process has the name 'zqxjkvw' now, but one may come\n");
}

/* ---- top ---- */

/* Asserts at which seconds of the day, with what milliseconds, top prints its tables. */
static void assert_tables_at(const char *options, int status, const char *times)
{
	struct expected line = {0}, got = {0};
	struct run run;

	expect(&line, "-b --json %s", options);
	run = run_line(&top_command, line.text);
	for (const char *at = run.out; (at = strstr(at, "{\"type\":\"table\"")); at++) {
		const char *time = strstr(at, "T12:");

		assert_non_null(time);
		expect(&got, "%s%.6s", got.used ? " " : "", time + 7);
	}
	assert_string_equal(got.text, times);
	assert_int_equal(run.status, status);
	free_run(&run);
}

static void test_top_interval(void **state)
{
	(void)state;
	assert_tables_at("-n 3", STATUS_DONE, "00.000 03.000 06.000");
	assert_false(made_up.was_found_only);
	assert_null(made_up.live.options.on_change); /* it wants no transitions */
	assert_null(made_up.live.options.on_pause);
	made_up.now_ns = START_NS;
	assert_tables_at("-n 4 -d 100ms", STATUS_DONE, "00.000 00.100 00.200 00.300");
	made_up.now_ns = START_NS;
	assert_tables_at("-n 1", STATUS_DONE, "00.000");
	assert_int_equal(made_up.runs, 2 * 100 + 3 * 4); /* of 30 ms each: none after the last table */
}

static void test_top_ends(void **state)
{
	(void)state;
	made_up.over_at = 3;
	assert_tables_at("-d 60ms", STATUS_DONE, "00.000 00.060"); /* over after the third run of 30 ms */
	assert_int_equal(made_up.runs, 3);
	made_up.runs = 0;
	made_up.joins = 0;
	made_up.over_at_join = true;
	assert_tables_at("", STATUS_DONE, "");
	assert_int_equal(made_up.runs, 0);
}

/* Printings that were missed, while the program was held up, are not made up for. */
static void test_top_is_held_up(void **state)
{
	(void)state;
	made_up.held_up_ns = 2500 * NS_PER_MS; /* in the second run */
	assert_tables_at("-n 3 -d 1s", STATUS_DONE, "00.000 02.560 03.560");
	made_up.runs = 0;
	made_up.now_ns = START_NS;
	made_up.held_up_ns = 1940 * NS_PER_MS; /* to the very moment at which the next but one is due */
	assert_tables_at("-n 3 -d 1s", STATUS_DONE, "00.000 02.000 03.000");
}

static void test_top_without_memory(void **state)
{
	struct run run;

	(void)state;
	made_up.rows_err = -ENOMEM;
	made_up.poor_from = 2;
	made_up.poor_to = 3;
	run = run_line(&top_command, "-b --json -n 3 -d 1s");
	assert_lines(run.err,
		     "tcpledger: warning: a table cannot be printed now, and is put off: Cannot allocate memory\n");
	assert_non_null(strstr(run.out, "\"iteration\":3"));
	assert_null(strstr(run.out, "\"iteration\":4"));
	assert_int_equal(made_up.tables, 5); /* tries */
	assert_int_equal(run.status, STATUS_DONE);
	free_run(&run);
}

/* The shortage is told again where a table was printed meanwhile. */
static void test_top_without_memory_again(void **state)
{
	struct run run;

	(void)state;
	made_up.rows_err = -ENOMEM;
	made_up.poor_from = 2;
	made_up.poor_to = 2;
	made_up.poor_again = 4;
	run = run_line(&top_command, "-b --json -n 3 -d 1s");
	assert_lines(run.err,
		     "tcpledger: warning: a table cannot be printed now, and is put off: Cannot allocate memory\n"
		     "tcpledger: warning: a table cannot be printed now, and is put off: Cannot allocate memory\n");
	free_run(&run);
}

static void test_top_failures(void **state)
{
	struct run run;

	(void)state;
	made_up.rows_err = -ENOMEM; /* at the start it is a failure */
	made_up.poor_to = NEVER;
	assert_tables_at("-n 2", STATUS_FAILED, "");
	made_up.rows_err = -EIO;
	made_up.poor_from = made_up.tables + 2;
	assert_tables_at("-n 4 -d 1s", STATUS_FAILED, "00.000");
	made_up.rows_err = 0;
	made_up.now_ns = START_NS;
	made_up.fail_at = made_up.runs + 2;
	made_up.run_err = -EIO;
	assert_tables_at("-n 4 -d 1s", STATUS_FAILED, "00.000");
	made_up.fail_at = 0;
	made_up.join_err = -EIO;
	assert_tables_at("-n 4 -d 1s", STATUS_FAILED, "");
	made_up.join_err = 0;
	run = run_into(open("/dev/full", O_WRONLY | O_CLOEXEC), &top_command, "-b -n 2");
	assert_non_null(strstr(run.err, "tcpledger: stopped: No space left on device\n"));
	assert_int_equal(run.status, STATUS_FAILED);
	free_run(&run);
}

/* Asserts that the ids of the rows that top prints are `wanted`, each with a space before it. */
static void assert_order(const char *wanted)
{
	struct run run = run_line(&top_command, "-b --json -n 1");
	struct expected got = {0};

	for (const char *at = run.out; (at = strstr(at, "\"id\":\"")); at++)
		expect(&got, " %.*s", (int)strcspn(at + 6, "\""), at + 6);
	assert_string_equal(got.text, wanted);
	free_run(&run);
}

/* Listeners come first, then the states in their order; then by namespace, ports, addresses, interface, id. Each row
 * but the last two differs from the one after it in what decides, and has the greater id. */
static void test_top_order(void **state)
{
	struct connection *all = made_up.connections;

	(void)state;
	add_connection(11, STATE_LISTEN, "10.0.0.9", 9, "0.0.0.0", 0);
	add_connection(10, STATE_ESTABLISHED, "10.0.0.9", 9, "10.0.0.9", 9);
	for (uint64_t id = 9; id >= 3; id--)
		add_connection(id, STATE_SYN_SENT, "10.0.0.9", 9, "10.0.0.9", 9);
	add_connection(1, STATE_SYN_SENT, "10.0.0.9", 9, "10.0.0.9", 9);
	add_connection(2, STATE_SYN_SENT, "10.0.0.9", 9, "10.0.0.9", 9);
	for (size_t i = 2; i < made_up.count; i++) {
		struct tuple *tuple = &all[i].tuple;

		tuple->netns = i > 2 ? NETNS_BLUE : NETNS_HOME;
		tuple->lport = i > 3 ? 5 : 4;
		tuple->laddr = address_of(i > 4 ? "10.0.0.5" : "10.0.0.4");
		tuple->rport = i > 5 ? 5 : 4;
		tuple->raddr = address_of(i > 6 ? "10.0.0.5" : "10.0.0.4");
		tuple->interface = i > 7 ? 2 : 1;
	}
	assert_order(" 11 10 9 8 7 6 5 4 1 2 3");
	for (size_t i = 0; i < made_up.count / 2; i++) {
		struct connection other = all[i];

		all[i] = all[made_up.count - 1 - i];
		all[made_up.count - 1 - i] = other;
	}
	assert_order(" 11 10 9 8 7 6 5 4 1 2 3");
}

static void test_top_text(void **state)
{
	(void)state;
	add_connection(1, STATE_ESTABLISHED, "10.0.0.1", 80, "10.0.0.2", 4711);
	assert_run(&top_command, "-b -n 1", STATUS_DONE,
		   "top: 12:00:00, 1 socket: 1 ESTABLISHED\n"
		   "transitions: seen 0, received 0, dropped 0, missed 0, resyncs 0, healed 0\n"
		   "STATE        RECV-Q  SEND-Q LADDR:LPORT RADDR:RPORT   IN-STATE PID     COMM\n"
		   "ESTABLISHED       -       - 10.0.0.1:80 10.0.0.2:4711        - -       -\n",
		   "tcpledger: seen 0, received 0, dropped 0, missed 0, resyncs 0, healed 0\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_trace_counts, renew_live),
		cmocka_unit_test_setup(test_trace_pauses, renew_live),
		cmocka_unit_test_setup(test_trace_snapshot, renew_live),
		cmocka_unit_test_setup(test_trace_text, renew_live),
		cmocka_unit_test_setup(test_trace_wide, renew_live),
		cmocka_unit_test_setup(test_trace_gap, renew_live),
		cmocka_unit_test_setup(test_costly_interfaces, renew_live),
		cmocka_unit_test_setup(test_endings, renew_live),
		cmocka_unit_test_setup(test_failures, renew_live),
		cmocka_unit_test_setup(test_output_that_cannot_be_written, renew_live),
		cmocka_unit_test_setup(test_process_that_is_not_there, renew_live),
		cmocka_unit_test_setup(test_top_interval, renew_live),
		cmocka_unit_test_setup(test_top_ends, renew_live),
		cmocka_unit_test_setup(test_top_is_held_up, renew_live),
		cmocka_unit_test_setup(test_top_without_memory, renew_live),
		cmocka_unit_test_setup(test_top_without_memory_again, renew_live),
		cmocka_unit_test_setup(test_top_failures, renew_live),
		cmocka_unit_test_setup(test_top_order, renew_live),
		cmocka_unit_test_setup(test_top_text, renew_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
