// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the table with scripts of events: what the kernel's tracepoint reports in each way a TCP socket can live.
 * Checks the changes that the table makes of the events, with owner, time and reason, and the connections that are
 * left. For events that are reported twice or never see test_repeat.c.
 */
#include <errno.h>

#include "events.h"

enum { PID_CLIENT = 100, PID_SERVER = 200, PID_OTHER = 300 };

static struct tuple client(uint16_t lport)
{
	return tuple_of(4, "10.0.0.1", lport, "10.0.0.2", 80);
}

static struct tuple accepted(void)
{
	return tuple_of(4, "10.0.0.2", 80, "10.0.0.1", 40000);
}

static struct tuple listener(uint8_t family, const char *laddr)
{
	return tuple_of(family, laddr, 80, family == 4 ? "0.0.0.0" : "::", 0);
}

/* ---- one socket from birth to death ---- */

struct step {
	uint8_t oldstate, newstate;
	unsigned int at_us;
	uint16_t lport;
	uint16_t err; /* →CLOSE */
	bool unsent;  /* →CLOSE: no segment ever left */
	enum reason reason;
	unsigned int spent_us; /* in oldstate; 0: unknown */
	unsigned int age_us;   /* →CLOSE */
	uint64_t earlier;      /* earlier connections on the same socket */
	uint16_t lport_shown;
};

#define STEP(old, new, us, ...)                                                                                        \
	{                                                                                                              \
		.oldstate = STATE_##old, .newstate = STATE_##new, .at_us = (us), __VA_ARGS__                           \
	}
#define PORT .lport = 40000, .lport_shown = 40000

struct script {
	const char *name;
	struct step steps[8];
};

static const struct script connects[] = {
	{"refused",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, CLOSE, 70, PORT, .err = ECONNREFUSED, .reason = REASON_REFUSED,
					 .spent_us = 70, .age_us = 70)}},
	{"SYN timed out",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, CLOSE, 130000000, PORT, .err = ETIMEDOUT, .reason = REASON_TIMED_OUT,
					 .spent_us = 130000000, .age_us = 130000000)}},
	{"the application gave up",
	 {STEP(CLOSE, SYN_SENT, 0),
	  STEP(SYN_SENT, CLOSE, 5000, PORT, .reason = REASON_GAVE_UP, .spent_us = 5000, .age_us = 5000)}},
	{"the network said unreachable",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, CLOSE, 3000, PORT, .err = EHOSTUNREACH, .reason = REASON_UNREACHABLE,
					 .spent_us = 3000, .age_us = 3000)}},
	{"no free local port",
	 {STEP(CLOSE, SYN_SENT, 0),
	  STEP(SYN_SENT, CLOSE, 4, .unsent = true, .reason = REASON_NO_LOCAL_PORT, .spent_us = 4, .age_us = 4)}},
	{"no free local port, and the port of an earlier attempt still in the socket",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, CLOSE, 4, .lport = 39999, .unsent = true,
					 .reason = REASON_NO_LOCAL_PORT, .spent_us = 4, .age_us = 4)}},
	{"bound to a port that turns out to be taken",
	 {STEP(CLOSE, SYN_SENT, 0, PORT),
	  STEP(SYN_SENT, CLOSE, 4, PORT, .unsent = true, .reason = REASON_NO_LOCAL_PORT, .spent_us = 4, .age_us = 4)}},
	{"orderly, we close first",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, ESTABLISHED, 200, PORT, .spent_us = 200),
	  STEP(ESTABLISHED, FIN_WAIT1, 1200, PORT, .reason = REASON_CLOSED_BY_US, .spent_us = 1000),
	  STEP(FIN_WAIT1, FIN_WAIT2, 1400, PORT, .spent_us = 200),
	  STEP(FIN_WAIT2, CLOSE, 1450, PORT, .reason = REASON_CLOSED_BY_US, .spent_us = 50, .age_us = 1450)}},
	{"orderly, the peer closes first",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, ESTABLISHED, 200, PORT, .spent_us = 200),
	  STEP(ESTABLISHED, CLOSE_WAIT, 1200, PORT, .reason = REASON_CLOSED_BY_PEER, .spent_us = 1000),
	  STEP(CLOSE_WAIT, LAST_ACK, 5200, PORT, .spent_us = 4000),
	  STEP(LAST_ACK, CLOSE, 5300, PORT, .reason = REASON_CLOSED_BY_PEER, .spent_us = 100, .age_us = 5300)}},
	{"both close at once",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, ESTABLISHED, 200, PORT, .spent_us = 200),
	  STEP(ESTABLISHED, FIN_WAIT1, 1200, PORT, .reason = REASON_CLOSED_BY_US, .spent_us = 1000),
	  STEP(FIN_WAIT1, CLOSING, 1300, PORT, .reason = REASON_CLOSED_BY_BOTH, .spent_us = 100),
	  STEP(CLOSING, CLOSE, 1400, PORT, .reason = REASON_CLOSED_BY_BOTH, .spent_us = 100, .age_us = 1400)}},
	{"reset by the peer",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, ESTABLISHED, 200, PORT, .spent_us = 200),
	  STEP(ESTABLISHED, CLOSE, 1200, PORT, .err = ECONNRESET, .reason = REASON_RESET_BY_PEER, .spent_us = 1000,
	       .age_us = 1200)}},
	{"aborted here: linger 0, or unread data",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, ESTABLISHED, 200, PORT, .spent_us = 200),
	  STEP(ESTABLISHED, CLOSE, 1200, PORT, .reason = REASON_ABORTED_HERE, .spent_us = 1000, .age_us = 1200)}},
	{"killed by ss -K",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, ESTABLISHED, 200, PORT, .spent_us = 200),
	  STEP(ESTABLISHED, CLOSE, 1200, PORT, .err = ECONNABORTED, .reason = REASON_KILLED, .spent_us = 1000,
	       .age_us = 1200)}},
	{"connect(AF_UNSPEC), then another connect on the same socket, which has no port yet again",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, ESTABLISHED, 200, PORT, .spent_us = 200),
	  STEP(ESTABLISHED, CLOSE, 1200, PORT, .reason = REASON_ABORTED_HERE, .spent_us = 1000, .age_us = 1200),
	  STEP(CLOSE, SYN_SENT, 1300, .earlier = 1),
	  STEP(SYN_SENT, ESTABLISHED, 1500, .earlier = 1, .lport = 40001, .lport_shown = 40001, .spent_us = 200),
	  STEP(ESTABLISHED, CLOSE, 1600, .earlier = 1, .lport = 40001, .lport_shown = 40001,
	       .reason = REASON_ABORTED_HERE, .spent_us = 100, .age_us = 300)}},
	{"simultaneous open, self-connect",
	 {STEP(CLOSE, SYN_SENT, 0), STEP(SYN_SENT, SYN_RECV, 100, PORT, .spent_us = 100),
	  STEP(SYN_RECV, ESTABLISHED, 150, PORT, .spent_us = 50),
	  STEP(ESTABLISHED, CLOSE, 250, PORT, .err = ECONNRESET, .reason = REASON_RESET_BY_PEER, .spent_us = 100,
	       .age_us = 250)}},
	{"TCP_REPAIR: established without a packet",
	 {STEP(CLOSE, SYN_SENT, 0, PORT), STEP(SYN_SENT, ESTABLISHED, 2, PORT, .spent_us = 2),
	  STEP(ESTABLISHED, CLOSE, 50, PORT, .unsent = true, .reason = REASON_ABORTED_HERE, .spent_us = 48,
	       .age_us = 50)}},
};

static void run_step(struct bench *bench, const struct step *step, struct tuple tuple)
{
	struct closing closing = {
		.err = step->err, .sent = !step->unsent, .acked = !step->err, .orphan = true, .rx_bytes = 1};
	struct owner caller = owner_of(PID_CLIENT, FD_UNKNOWN, "client");
	bool ends = step->newstate == STATE_CLOSE;
	struct event event = transition_of(SK(1), step->oldstate, step->newstate, step->at_us, tuple);
	const struct recorded *got;

	event.closing = ends ? &closing : NULL;
	if (step->newstate == STATE_SYN_SENT) {
		event.owners = &caller;
		event.owner_count = 1;
	}
	got = bench_change(bench, &event);
	assert_int_equal(got->change.kind, CHANGE_TRANSITION);
	assert_int_equal(got->change.ts_ns, AT_US(step->at_us));
	assert_int_equal(got->change.oldstate, step->oldstate);
	assert_int_equal(got->change.newstate, step->newstate);
	assert_int_equal(got->change.reason, step->reason);
	assert_ptr_equal(got->change.closing, event.closing);
	assert_span(got->change.in_state, step->spent_us ? SPAN_EXACT : SPAN_UNKNOWN, step->spent_us);
	assert_span(got->change.age, ends ? SPAN_EXACT : SPAN_UNKNOWN, step->age_us);
	assert_int_equal(got->conn.id, 1 + step->earlier);
	assert_int_equal(got->conn.state, step->newstate);
	assert_int_equal(got->conn.tuple.lport, step->lport_shown);
	assert_int_equal(got->conn.owner.pid, PID_CLIENT);
	assert_string_equal(got->conn.owner.comm, "client");
	assert_int_equal(got->conn.owner_source, OWNER_CONNECT);
	assert_int_equal(got->conn.direction, DIRECTION_OUT);
	assert_int_equal(table_count(bench->table), ends ? 0 : 1);
}

static void test_connects(void **state)
{
	for (size_t i = 0; i < COUNT_OF(connects); i++) {
		void *own;

		(void)state;
		print_message("    %s\n", connects[i].name);
		bench_open(&own);
		for (const struct step *step = connects[i].steps; step->newstate; step++)
			run_step(own, step, client(step->lport));
		bench_close(&own);
	}
}

/* ---- listeners and their children ---- */

static void test_listener_lives_and_stops(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	got = bench_open_socket(bench, SK(1), STATE_LISTEN, 0, listener(4, "0.0.0.0"),
				owner_of(PID_SERVER, FD_UNKNOWN, "server"), 11);
	assert_int_equal(got->change.reason, REASON_NONE);
	assert_span(got->change.in_state, SPAN_UNKNOWN, 0);
	assert_int_equal(got->conn.owner_source, OWNER_LISTEN);
	assert_int_equal(got->conn.direction, DIRECTION_UNKNOWN);
	assert_int_equal(got->conn.inode, 11);

	got = bench_end(bench, SK(1), STATE_LISTEN, 900, listener(4, "0.0.0.0"), (struct closing){0});
	assert_int_equal(got->change.reason, REASON_STOPPED_LISTENING);
	assert_span(got->change.in_state, SPAN_EXACT, 900);
	assert_span(got->change.age, SPAN_EXACT, 900);
	assert_int_equal(got->conn.owner.pid, PID_SERVER);
	assert_int_equal(table_count(bench->table), 0);
}

/* The kernel reports CLOSE→LISTEN before it knows whether the socket can listen. If not, LISTEN→CLOSE follows at
 * once. */
static void test_listen_that_fails(void **state)
{
	struct bench *bench = *state;

	bench_open_socket(bench, SK(1), STATE_LISTEN, 0, listener(4, "0.0.0.0"),
			  owner_of(PID_SERVER, FD_UNKNOWN, "server"), 11);
	bench_end(bench, SK(1), STATE_LISTEN, 1, listener(4, "0.0.0.0"), (struct closing){0});
	assert_int_equal(table_count(bench->table), 0);
	/* no child inherits from a listener that is gone */
	bench_step(bench, SK(2), STATE_LISTEN, STATE_SYN_RECV, 2, accepted());
	assert_int_equal(bench_only(bench)->owner.pid, 0);
	assert_int_equal(bench_only(bench)->owner_source, OWNER_UNKNOWN);
}

struct inheritance {
	const char *name;
	const char *listener;
	uint8_t family;
	const char *child;
	bool inherits;
};

static const struct inheritance inheritances[] = {
	{"exact address", "10.0.0.2", 4, "10.0.0.2", true},
	{"IPv4 wildcard", "0.0.0.0", 4, "10.0.0.2", true},
	{"IPv6 exact", "fd00::2", 6, "fd00::2", true},
	{"IPv6 wildcard", "::", 6, "fd00::2", true},
	{"IPv6 wildcard, v4-mapped child", "::", 6, "::ffff:10.0.0.2", true},
	{"v4-mapped exact", "::ffff:10.0.0.2", 6, "::ffff:10.0.0.2", true},
	{"another address", "10.0.0.3", 4, "10.0.0.2", false},
	{"an IPv6 socket is no child of an IPv4 listener", "0.0.0.0", 4, "::ffff:10.0.0.2", false},
};

static void assert_inherits(const struct inheritance *way)
{
	uint8_t family = strchr(way->child, ':') ? 6 : 4;
	const char *peer = strchr(way->child, '.') ? (family == 6 ? "::ffff:10.0.0.1" : "10.0.0.1") : "fd00::1";
	struct tuple child = tuple_of(family, way->child, 80, peer, 40000);
	const struct recorded *got;
	void *own;

	print_message("    %s\n", way->name);
	bench_open(&own);
	bench_open_socket(own, SK(1), STATE_LISTEN, 0, listener(way->family, way->listener),
			  owner_of(PID_SERVER, 7, "server"), 11);
	got = bench_step(own, SK(2), STATE_LISTEN, STATE_SYN_RECV, 10, child);
	assert_int_equal(got->conn.owner.pid, way->inherits ? PID_SERVER : 0);
	assert_string_equal(got->conn.owner.comm, way->inherits ? "server" : "");
	assert_int_equal(got->conn.owner.fd, FD_UNKNOWN); /* the listener's descriptor is not the child's */
	assert_int_equal(got->conn.owner_source, way->inherits ? OWNER_INHERITED : OWNER_UNKNOWN);
	assert_int_equal(got->conn.direction, DIRECTION_IN);
	assert_int_not_equal(got->conn.id, 1);
	assert_span(got->change.in_state, SPAN_UNKNOWN, 0);
	bench_close(&own);
}

static void test_children_inherit(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(inheritances); i++)
		assert_inherits(&inheritances[i]);
}

/* bind() to ::ffff:0.0.0.0 makes a listener that /proc/net/tcp6 shows with that very address. */
static void test_children_inherit_from_mapped_wildcard(void **state)
{
	static const struct inheritance mapped = {"v4-mapped wildcard", "::ffff:0.0.0.0", 6, "::ffff:10.0.0.2", true};

	(void)state;
	assert_inherits(&mapped);
}

static void test_exact_listener_beats_wildcard(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_open_socket(bench, SK(1), STATE_LISTEN, 0, listener(4, "0.0.0.0"), owner_of(PID_OTHER, 3, "other"), 11);
	bench_open_socket(bench, SK(2), STATE_LISTEN, 0, listener(4, "10.0.0.2"), owner_of(PID_SERVER, 3, "server"),
			  12);
	got = bench_step(bench, SK(3), STATE_LISTEN, STATE_SYN_RECV, 10, accepted());
	assert_int_equal(got->conn.owner.pid, PID_SERVER);
}

static void test_no_inheritance_across_namespaces_or_ports(void **state)
{
	struct bench *bench = *state;
	struct tuple elsewhere = accepted(), other_port = accepted();
	const struct recorded *got;

	elsewhere.netns = NETNS_ELSEWHERE;
	other_port.lport = 81;
	bench_open_socket(bench, SK(1), STATE_LISTEN, 0, listener(4, "0.0.0.0"), owner_of(PID_SERVER, 3, "server"), 11);
	got = bench_step(bench, SK(2), STATE_LISTEN, STATE_SYN_RECV, 10, elsewhere);
	assert_int_equal(got->conn.owner.pid, 0);
	got = bench_step(bench, SK(3), STATE_LISTEN, STATE_SYN_RECV, 10, other_port);
	assert_int_equal(got->conn.owner.pid, 0);
}

/* A connection that has no peer in its tuple is no listener to inherit from. */
static void test_only_listeners_leave_an_owner(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_begin_snapshot(bench, 0); /* while a snapshot is joined, all connections are found by their tuple */
	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 1, listener(4, "10.0.0.2"), owner_of(PID_OTHER, 3, "other"),
			  11);
	got = bench_step(bench, SK(2), STATE_LISTEN, STATE_SYN_RECV, 10, accepted());
	assert_int_equal(got->conn.owner.pid, 0);
}

static void listen_shared(struct bench *bench, const uint32_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bench_open_socket(bench, SK(10 + i), STATE_LISTEN, 0, listener(4, "0.0.0.0"),
				  owner_of(pids[i], FD_UNKNOWN, "server"), (uint32_t)(50 + i));
}

static void test_reuseport_owners(void **state)
{
	static const struct {
		uint32_t pids[4];
		size_t count;
		uint32_t inherited;
	} groups[] = {
		{{PID_SERVER, PID_SERVER}, 2, PID_SERVER},
		{{PID_SERVER, PID_OTHER}, 2, 0},
		{{PID_SERVER, PID_SERVER, PID_OTHER}, 3, 0},
		{{PID_OTHER, PID_SERVER, PID_SERVER}, 3, 0},
		{{PID_OTHER, PID_SERVER, PID_SERVER, PID_SERVER}, 4, 0},
		{{PID_SERVER, 0}, 2, 0},
		{{0, PID_SERVER}, 2, 0},
		{{0, PID_SERVER, PID_SERVER}, 3, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		const struct recorded *got;
		void *own;

		bench_open(&own);
		listen_shared(own, groups[i].pids, groups[i].count);
		got = bench_step(own, SK(1), STATE_LISTEN, STATE_SYN_RECV, 10, accepted());
		assert_int_equal(got->conn.owner.pid, groups[i].inherited);
		assert_int_equal(got->conn.owner_source, groups[i].inherited ? OWNER_INHERITED : OWNER_UNKNOWN);
		bench_close(&own);
	}
}

static void test_passive_open_to_close(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_open_socket(bench, SK(1), STATE_LISTEN, 0, listener(4, "0.0.0.0"), owner_of(PID_SERVER, 3, "server"), 11);
	bench_step(bench, SK(2), STATE_LISTEN, STATE_SYN_RECV, 100, accepted());
	got = bench_step(bench, SK(2), STATE_SYN_RECV, STATE_ESTABLISHED, 105, accepted());
	assert_span(got->change.in_state, SPAN_EXACT, 5);
	assert_int_equal(got->conn.direction, DIRECTION_IN);
	bench_step(bench, SK(2), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 200, accepted());
	bench_step(bench, SK(2), STATE_CLOSE_WAIT, STATE_LAST_ACK, 300, accepted());
	got = bench_end(bench, SK(2), STATE_LAST_ACK, 310, accepted(), (struct closing){.sent = true, .acked = true});
	assert_int_equal(got->change.reason, REASON_CLOSED_BY_PEER);
	assert_span(got->change.age, SPAN_EXACT, 210);
	assert_int_equal(got->conn.owner.pid, PID_SERVER);
	assert_int_equal(table_count(bench->table), 1);
	assert_int_equal(bench_only(bench)->state, STATE_LISTEN);
}

/* The listener goes, and with it the children that nobody has accepted. */
static void test_listener_closed_with_children(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_open_socket(bench, SK(1), STATE_LISTEN, 0, listener(4, "0.0.0.0"), owner_of(PID_SERVER, 3, "server"), 11);
	bench_step(bench, SK(2), STATE_LISTEN, STATE_SYN_RECV, 100, accepted());
	bench_step(bench, SK(2), STATE_SYN_RECV, STATE_ESTABLISHED, 105, accepted());
	bench_end(bench, SK(1), STATE_LISTEN, 200, listener(4, "0.0.0.0"), (struct closing){0});
	got = bench_end(bench, SK(2), STATE_ESTABLISHED, 201, accepted(), (struct closing){.sent = true});
	assert_int_equal(got->change.reason, REASON_ABORTED_HERE);
	assert_int_equal(got->conn.owner.pid, PID_SERVER);
	assert_int_equal(table_count(bench->table), 0);
}

/* Linux before 6.15: at LISTEN→SYN_RECV the child still has its listener's tuple. */
static void test_child_with_tuple_of_listener(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_open_socket(bench, SK(1), STATE_LISTEN, 0, listener(4, "0.0.0.0"), owner_of(PID_SERVER, 3, "server"), 11);
	got = bench_step(bench, SK(2), STATE_LISTEN, STATE_SYN_RECV, 100, listener(4, "0.0.0.0"));
	assert_true(connection_lacks_peer(&got->conn));
	assert_int_equal(got->conn.owner.pid, PID_SERVER);
	assert_int_equal(table_count(bench->table), 2);
	got = bench_step(bench, SK(2), STATE_SYN_RECV, STATE_ESTABLISHED, 105, accepted());
	assert_false(connection_lacks_peer(&got->conn));
	assert_int_equal(got->conn.tuple.rport, 40000);
	assert_true(tuple_equal(&got->conn.tuple, &(struct tuple){0}) == false);
	assert_int_equal(got->conn.id, 2);
	assert_span(got->change.in_state, SPAN_EXACT, 5);
	assert_int_equal(bench_find(bench, fits_state, STATE_LISTEN)->id, 1);
}

/* ---- other cases ---- */

/* A cookie or an inode once known stays, where a later event has none. */
static void test_what_is_known_stays(void **state)
{
	struct bench *bench = *state;
	struct event event = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, client(0));
	const struct recorded *got;

	event.inode = 77;
	event.uid = 33;
	bench_change(bench, &event);
	event = transition_of(SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 10, client(40000));
	event.cookie = 0x1234;
	event.uid = 33;
	bench_change(bench, &event);
	event = transition_of(SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 20, client(40000));
	event.uid = 34; /* fchown() */
	got = bench_change(bench, &event);
	assert_int_equal(got->conn.cookie, 0x1234);
	assert_int_equal(got->conn.inode, 77);
	assert_int_equal(got->conn.uid, 34);
	got = bench_end(bench, SK(1), STATE_CLOSE_WAIT, 30, client(0), (struct closing){.sent = true});
	assert_int_equal(got->conn.tuple.lport, 40000);
}

static void test_connection_without_caller(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got = bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, client(0));

	assert_int_equal(got->conn.owner.pid, 0); /* of a kernel thread */
	assert_int_equal(got->conn.owner_source, OWNER_UNKNOWN);
	assert_null(owner_source_name(got->conn.owner_source));
	assert_int_equal(got->conn.direction, DIRECTION_OUT);
	assert_int_equal(got->conn.owner.fd, FD_UNKNOWN);
	assert_int_equal(got->conn.recvq, QUEUE_UNKNOWN);
	assert_int_equal(got->conn.sendq, QUEUE_UNKNOWN);
	got = bench_open_socket(bench, SK(2), STATE_LISTEN, 0, listener(4, "0.0.0.0"), owner_of(0, FD_UNKNOWN, ""), 0);
	assert_int_equal(got->conn.owner_source, OWNER_UNKNOWN);
}

static void test_forget(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, client(0));
	table_forget(bench->table, SK(2));
	table_forget(bench->table, 0);
	assert_int_equal(table_count(bench->table), 1);
	table_forget(bench->table, SK(1));
	assert_int_equal(table_count(bench->table), 0);
	assert_int_equal(bench->recorder.count, 1);
}

static void test_no_handler(void **state)
{
	struct bench *bench = *state;
	struct event event = transition_of(SK(1), STATE_CLOSE, STATE_SYN_SENT, 0, client(0));

	assert_int_equal(table_apply(bench->table, &event, NULL, NULL), 0);
	assert_int_equal(table_count(bench->table), 1);
	table_free(NULL);
}

/* A handler may use the change to its end: a transition to CLOSE removes the connection only after the handler. */
static void test_many_come_and_go(void **state)
{
	enum { MANY = 3000 };
	struct bench *bench = *state;

	for (unsigned int i = 0; i < MANY; i++) {
		bench_step(bench, SK(i), STATE_CLOSE, STATE_SYN_SENT, i, client((uint16_t)(i + 1)));
		bench->recorder.count = 0;
	}
	assert_int_equal(table_count(bench->table), MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		bench_end(bench, SK(i), STATE_SYN_SENT, 100000 + i, client((uint16_t)(i + 1)), (struct closing){0});
		assert_int_equal(bench->recorder.all[0].conn.tuple.lport, i + 1);
		bench->recorder.count = 0;
	}
	assert_int_equal(table_count(bench->table), 0);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connects),
		BENCH_TEST(test_listener_lives_and_stops),
		BENCH_TEST(test_listen_that_fails),
		cmocka_unit_test(test_children_inherit),
		cmocka_unit_test(test_children_inherit_from_mapped_wildcard),
		BENCH_TEST(test_exact_listener_beats_wildcard),
		BENCH_TEST(test_no_inheritance_across_namespaces_or_ports),
		BENCH_TEST(test_only_listeners_leave_an_owner),
		cmocka_unit_test(test_reuseport_owners),
		BENCH_TEST(test_passive_open_to_close),
		BENCH_TEST(test_listener_closed_with_children),
		BENCH_TEST(test_child_with_tuple_of_listener),
		BENCH_TEST(test_what_is_known_stays),
		BENCH_TEST(test_connection_without_caller),
		BENCH_TEST(test_forget),
		BENCH_TEST(test_no_handler),
		BENCH_TEST(test_many_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
