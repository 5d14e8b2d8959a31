// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the owner of a connection: the caller, the acceptor, the closer, a process found holding its descriptor, or for
 * want of better the owner of its listener. Tests also when the filter can decide about owners.
 */
#include "exact.h"
#include "filter.h"

enum { PID_CLIENT = 100, PID_SERVER = 200, PID_WORKER = 201, PID_OTHER = 300, BEGAN_US = 1000000 };

static struct tuple outgoing(uint16_t lport)
{
	return tuple_of(4, "10.0.0.1", lport, "10.0.0.2", 80);
}

static struct tuple accepted(uint16_t rport)
{
	return tuple_of(4, "10.0.0.2", 80, "10.0.0.1", rport);
}

static struct tuple listener(void)
{
	return tuple_of(4, "0.0.0.0", 80, "0.0.0.0", 0);
}

static void listen_here(struct bench *bench, uint64_t sk, uint32_t pid)
{
	bench_open_socket(bench, sk, STATE_LISTEN, 0, listener(), owner_of(pid, FD_UNKNOWN, "server"), 9);
}

static const struct connection *child_of(struct bench *bench, uint64_t sk, unsigned int at_us, uint16_t rport)
{
	bench_step(bench, sk, STATE_LISTEN, STATE_SYN_RECV, at_us, accepted(rport));
	bench_step(bench, sk, STATE_SYN_RECV, STATE_ESTABLISHED, at_us + 1, accepted(rport));
	return at_sk(bench, sk);
}

/* A holder in a snapshot: the address of the socket and the process. A list of holders ends with { 0 }. */
struct held {
	uint64_t sk;
	uint32_t pid;
	int32_t fd;
};

/* Applies a complete snapshot of holders alone. */
static void scan_holders(struct bench *bench, unsigned int at_us, const struct held *held)
{
	exact_begin_of(bench, SNAPSHOT_HOLDERS, at_us);
	for (; held->sk; held++)
		add_holder(bench, held->sk, held->pid, held->fd);
	exact_end_of(bench, SNAPSHOT_HOLDERS, NULL, 0);
}

static void assert_owner(const struct connection *conn, uint32_t pid, enum owner_source source)
{
	assert_int_equal(conn->owner.pid, pid);
	assert_int_equal(conn->owner_source, source);
}

/* ---- inherited ---- */

/* The holder of a listener may have forked since the last snapshot. */
static void test_inherited_is_open(void **state)
{
	static const struct {
		const char *name;
		struct held held[4];
	} ways[] = {
		{"nobody looked yet", {{0}}},
		{"one process", {{SK(1), PID_SERVER, 3}, {0}}},
		{"one process twice", {{SK(1), PID_SERVER, 3}, {SK(1), PID_SERVER, 4}, {0}}},
		{"two processes", {{SK(1), PID_SERVER, 3}, {SK(1), PID_WORKER, 3}, {0}}},
		{"another process", {{SK(1), PID_WORKER, 3}, {0}}},
		{"the first three times, and a second",
		 {{SK(1), PID_SERVER, 3}, {SK(1), PID_SERVER, 4}, {SK(1), PID_WORKER, 3}, {0}}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		const struct connection *child;
		void *own;

		print_message("    %s\n", ways[i].name);
		bench_open(&own);
		listen_here(own, SK(1), PID_SERVER);
		if (ways[i].held[0].sk)
			scan_holders(own, 100, ways[i].held);
		child = child_of(own, SK(2), 200, 40000);
		assert_owner(child, i == 4 ? PID_WORKER : PID_SERVER, OWNER_INHERITED);
		assert_int_equal(child->owner.fd, FD_UNKNOWN);
		assert_true(connection_owner_is_open(child));
		bench_close(&own);
	}
}

/* No process holds the listener any more, or none could be found. */
static void test_holders_that_went_away(void **state)
{
	struct bench *bench = *state;

	listen_here(bench, SK(1), PID_SERVER);
	scan_holders(bench, 100, (struct held[]){{SK(1), PID_SERVER, 3}, {0}});
	scan_holders(bench, 200, (struct held[]){{0}});
	assert_int_equal(at_sk(bench, SK(1))->owner_count, 0);
	assert_owner(at_sk(bench, SK(1)), PID_SERVER, OWNER_LISTEN); /* the last known holder */
	assert_true(connection_owner_is_open(child_of(bench, SK(2), 300, 40000)));
}

/* Where listeners share an address, the holders of each must be known. */
static void test_shared_listeners(void **state)
{
	struct bench *bench = *state;

	listen_here(bench, SK(1), PID_SERVER);
	listen_here(bench, SK(2), PID_SERVER);
	scan_holders(bench, 100, (struct held[]){{SK(1), PID_SERVER, 3}, {0}});
	assert_true(connection_owner_is_open(child_of(bench, SK(3), 200, 40000)));
	scan_holders(bench, 300, (struct held[]){{SK(1), PID_SERVER, 3}, {SK(2), PID_SERVER, 4}, {0}});
	assert_true(connection_owner_is_open(
		child_of(bench, SK(4), 400, 40001))); /* whichever process holds a listener, another may accept */
}

static void test_whose_owner_is_open(void **state)
{
	struct bench *bench = *state;
	const struct connection *unknown, *out;

	unknown = child_of(bench, SK(2), 0, 40000);
	assert_int_equal(unknown->owner.pid, 0);
	assert_true(connection_owner_is_open(unknown)); /* nothing at all is known */
	bench_step(bench, SK(3), STATE_CLOSE, STATE_SYN_SENT, 0, outgoing(40000));
	out = at_sk(bench, SK(3));
	assert_false(connection_owner_is_open(out)); /* of a kernel thread: no owner will turn up */
	listen_here(bench, SK(4), 0);
	assert_false(connection_owner_is_open(at_sk(bench, SK(4))));
	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(5), STATE_ESTABLISHED, BEGAN_US, accepted(40005));
	assert_false(connection_owner_is_open(at_sk(bench, SK(5)))); /* the direction is not known */
}

/* ---- accept() ---- */

static void test_accept(void **state)
{
	struct bench *bench = *state;
	const struct connection *child;

	listen_here(bench, SK(1), PID_SERVER);
	child = child_of(bench, SK(2), 100, 40000);
	assert_int_equal(apply_accept(bench, SK(2), PID_WORKER), 1);
	assert_int_equal(last_recorded(&bench->recorder)->change.kind, CHANGE_OWNER);
	assert_int_equal(last_recorded(&bench->recorder)->conn.id, child->id);
	assert_owner(child, PID_WORKER, OWNER_ACCEPT);
	assert_string_equal(child->owner.comm, "acceptor");
	assert_false(connection_owner_is_open(child));
	assert_int_equal(apply_accept(bench, SK(3), PID_WORKER), 0); /* of an unknown socket */
	assert_int_equal(apply_accept(bench, 0, PID_WORKER), 0);
	/* the acceptor stays the owner while it holds the socket, now with its descriptor */
	scan_holders(bench, 200, (struct held[]){{SK(2), PID_CLIENT, 8}, {SK(2), PID_WORKER, 9}, {0}});
	assert_owner(child, PID_WORKER, OWNER_ACCEPT);
	assert_int_equal(child->owner.fd, 9);
	assert_int_equal(child->owner_count, 2);
}

/* ---- the closer is a holder ---- */

static void test_closers(void **state)
{
	static const struct {
		uint8_t oldstate, newstate;
		uint32_t pid, owner;
		enum owner_source source;
		bool open;
	} ways[] = {
		{STATE_ESTABLISHED, STATE_FIN_WAIT1, PID_WORKER, PID_WORKER, OWNER_CLOSE, false},
		{STATE_CLOSE_WAIT, STATE_LAST_ACK, PID_WORKER, PID_WORKER, OWNER_CLOSE, false},
		{STATE_ESTABLISHED, STATE_FIN_WAIT1, PID_SERVER, PID_SERVER, OWNER_CLOSE, false},
		{STATE_CLOSE_WAIT, STATE_LAST_ACK, PID_SERVER, PID_SERVER, OWNER_CLOSE, false},
		{STATE_ESTABLISHED, STATE_FIN_WAIT1, 0, PID_SERVER, OWNER_INHERITED, true},
		/* the process that runs when the peer does something is a bystander */
		{STATE_ESTABLISHED, STATE_CLOSE_WAIT, PID_WORKER, PID_SERVER, OWNER_INHERITED, true},
		{STATE_FIN_WAIT1, STATE_FIN_WAIT2, PID_WORKER, PID_SERVER, OWNER_INHERITED, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		const struct recorded *got;
		void *own;

		bench_open(&own);
		listen_here(own, SK(1), PID_SERVER);
		child_of(own, SK(2), 100, 40000);
		got = apply_call(own, SK(2), ways[i].oldstate, ways[i].newstate, 200, accepted(40000), ways[i].pid);
		assert_owner(&got->conn, ways[i].owner, ways[i].source);
		assert_int_equal(connection_owner_is_open(&got->conn), ways[i].open);
		bench_close(&own);
	}
}

/* The connection was handed over since it was opened. */
static void test_closer_of_a_connect(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 0, outgoing(0), owner_of(PID_CLIENT, -1, "client"), 11);
	got = apply_call(bench, SK(1), STATE_ESTABLISHED, STATE_FIN_WAIT1, 200, outgoing(40000), PID_CLIENT);
	assert_owner(&got->conn, PID_CLIENT, OWNER_CONNECT);
	/* a process that was never seen to hold the socket may just have been reading descriptors */
	bench_open_socket(bench, SK(2), STATE_SYN_SENT, 210, outgoing(0), owner_of(PID_CLIENT, -1, "client"), 12);
	got = apply_call(bench, SK(2), STATE_ESTABLISHED, STATE_FIN_WAIT1, 300, outgoing(40001), PID_OTHER);
	assert_owner(&got->conn, PID_CLIENT, OWNER_CONNECT);
	bench_open_socket(bench, SK(3), STATE_SYN_SENT, 310, outgoing(0), owner_of(PID_CLIENT, -1, "client"), 13);
	exact_begin_of(bench, SNAPSHOT_HOLDERS, 400);
	add_holder(bench, SK(3), PID_CLIENT, 5);
	add_holder(bench, SK(3), PID_OTHER, 5);
	exact_end_of(bench, SNAPSHOT_HOLDERS, NULL, 0);
	got = apply_call(bench, SK(3), STATE_ESTABLISHED, STATE_FIN_WAIT1, 500, outgoing(40002), PID_OTHER);
	assert_owner(&got->conn, PID_OTHER, OWNER_CLOSE);
	assert_string_equal(got->conn.owner.comm, "caller");
}

/* A process that was forked since has the owner's descriptors, and so has a child of the owner that has called
 * execve(). It need not have been seen holding the socket. */
static void test_closer_that_was_forked(void **state)
{
	static const struct {
		unsigned int start_us;
		uint32_t ppid;
		bool forked, known;
		uint32_t owner;
		bool renamed;
	} ways[] = {
		{101, PID_CLIENT, true, true, PID_OTHER, false},
		{101, PID_CLIENT, false, true, PID_OTHER, true},
		{101, 1, true, true, PID_OTHER, false}, /* its parent has exited */
		{101, 1, true, true, PID_CLIENT, true}, /* a worker of somebody else */
		{101, 1, false, true, PID_CLIENT, false},
		{100, PID_CLIENT, true, true, PID_CLIENT, false}, /* older than the connection */
		{99, PID_CLIENT, false, true, PID_CLIENT, false},
		{101, PID_CLIENT, true, false, PID_CLIENT, false}, /* the connection may be older than the process */
		{0, 0, false, true, PID_CLIENT, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct lineage lineage = {
			.start_ns = AT_US(ways[i].start_us), .ppid = ways[i].ppid, .forked = ways[i].forked};
		struct event event = transition_of(SK(1), STATE_ESTABLISHED, STATE_FIN_WAIT1, 200, outgoing(40000));
		struct owner caller = owner_of(PID_OTHER, FD_UNKNOWN, ways[i].renamed ? "other" : "client");
		const struct recorded *got;
		void *own;

		bench_open(&own);
		bench_open_socket(own, SK(1), STATE_SYN_SENT, 100, outgoing(0), owner_of(PID_CLIENT, -1, "client"), 11);
		last_recorded(&((struct bench *)own)->recorder)->change.conn->born_known = ways[i].known;
		event.owners = &caller;
		event.owner_count = 1;
		event.lineage = ways[i].start_us ? &lineage : NULL;
		got = bench_change(own, &event);
		assert_owner(&got->conn, ways[i].owner, ways[i].owner == PID_OTHER ? OWNER_CLOSE : OWNER_CONNECT);
		bench_close(&own);
	}
}

/* Ends a snapshot of holders that no process can have escaped, or that shows only some processes. */
static void end_holders(struct bench *bench, bool all)
{
	const struct event end = {
		.kind = EVENT_SNAPSHOT_END,
		.ts_ns = bench->began_ns,
		.ended_ns = bench->began_ns,
		.scope = SNAPSHOT_HOLDERS,
		.exact = true,
		.all_holders = all,
	};

	bench_apply(bench, &end);
}

/* A socket that was accepted, and that nobody holds, is on its way in a unix socket. The process that closes it then,
 * as a consequence of closing that unix socket, or of collecting garbage, never held it. */
static void test_closer_of_what_nobody_holds(void **state)
{
	static const struct {
		bool accepted, all, received;
		uint32_t owner;
		enum owner_source source;
	} cases[] = {
		{true, true, false, PID_SERVER, OWNER_INHERITED},
		{false, true, false, PID_OTHER, OWNER_CLOSE}, /* accept() came after the scan */
		{true, false, false, PID_OTHER, OWNER_CLOSE}, /* a process that was not seen may hold it */
		{true, true, true, PID_OTHER, OWNER_SCAN},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct recorded *got;
		struct event row;
		void *own;

		bench_open(&own);
		listen_here(own, SK(1), PID_SERVER);
		child_of(own, SK(2), 100, 40000);
		row = exact_row_of(SK(2), STATE_ESTABLISHED, 150, accepted(40000));
		row.inode = cases[i].accepted ? 77 : 0;
		exact_begin_of(own, SNAPSHOT_SOCKETS, 140);
		bench_apply(own, &row);
		exact_end_of(own, SNAPSHOT_SOCKETS, NULL, 0);
		exact_begin_of(own, SNAPSHOT_HOLDERS, 200);
		end_holders(own, cases[i].all);
		if (cases[i].received) {
			exact_begin_of(own, SNAPSHOT_HOLDERS, 300);
			add_holder(own, SK(2), PID_OTHER, 5);
			end_holders(own, true);
		}
		got = apply_call(own, SK(2), STATE_ESTABLISHED, STATE_FIN_WAIT1, 400, accepted(40000), PID_OTHER);
		assert_owner(&got->conn, cases[i].owner, cases[i].source);
		bench_close(&own);
	}
}

/* ---- holders ---- */

static void assert_holders(const struct connection *conn, const struct held *wanted, size_t count)
{
	assert_int_equal(conn->owner_count, count);
	assert_int_equal(conn->owners != NULL, count > 1);
	for (size_t i = 0; i < count; i++) {
		const struct owner *got = count > 1 ? &conn->owners[i] : &conn->owner;

		assert_int_equal(got->pid, wanted[i].pid);
		assert_int_equal(got->fd, wanted[i].fd);
	}
}

static void test_all_holders_in_order(void **state)
{
	static const struct held wanted[] = {
		{0, 50, 7}, {0, PID_CLIENT, 3}, {0, PID_CLIENT, 12}, {0, PID_OTHER, 1}, {0, PID_OTHER, 2},
	};
	struct bench *bench = *state;
	const struct connection *conn;

	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 0, outgoing(0), owner_of(PID_CLIENT, -1, "client"), 11);
	scan_holders(bench, 100,
		     (struct held[]){{SK(1), PID_OTHER, 2},
				     {SK(1), PID_CLIENT, 12},
				     {SK(1), 50, 7},
				     {SK(1), PID_CLIENT, 3},
				     {SK(1), PID_OTHER, 2},
				     {SK(1), PID_OTHER, 1},
				     {SK(1), PID_CLIENT, 12},
				     {0}});
	conn = at_sk(bench, SK(1));
	assert_holders(conn, wanted, 5);
	assert_owner(conn, PID_CLIENT, OWNER_CONNECT); /* the client still holds the socket */
	assert_int_equal(conn->owner.fd, 3);
	scan_holders(bench, 200, (struct held[]){{SK(1), PID_OTHER, 2}, {SK(1), 50, 7}, {0}});
	assert_owner(conn, 50, OWNER_SCAN); /* the client does not: the first holder is the owner */
	scan_holders(bench, 300, (struct held[]){{SK(1), PID_OTHER, 2}, {SK(1), 50, 7}, {SK(1), 40, 7}, {0}});
	assert_owner(conn, 50, OWNER_SCAN);
	scan_holders(bench, 400, (struct held[]){{SK(1), PID_OTHER, 2}, {0}});
	assert_owner(conn, PID_OTHER, OWNER_SCAN);
	assert_holders(conn, &wanted[4], 1);
	scan_holders(bench, 500, (struct held[]){{0}});
	assert_owner(conn, PID_OTHER, OWNER_SCAN);
	assert_int_equal(conn->owner_count, 0);
	assert_null(conn->owners);
}

/* A single other holder becomes the owner once all holders have been reported, not before. */
static void test_single_other_holder(void **state)
{
	struct bench *bench = *state;
	const struct connection *conn;

	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 0, outgoing(0), owner_of(PID_CLIENT, -1, "client"), 11);
	conn = at_sk(bench, SK(1));
	exact_begin_of(bench, SNAPSHOT_HOLDERS, 100);
	add_holder(bench, SK(1), PID_OTHER, 5);
	assert_owner(conn, PID_CLIENT, OWNER_CONNECT);
	exact_end_of(bench, 0, NULL, 0);
	assert_owner(conn, PID_CLIENT,
		     OWNER_CONNECT); /* the snapshot was broken off: the client may hold the socket, too */
	exact_begin_of(bench, SNAPSHOT_HOLDERS, 200);
	add_holder(bench, SK(1), PID_OTHER, 6);
	exact_end_of(bench, SNAPSHOT_HOLDERS, NULL, 0);
	assert_owner(conn, PID_OTHER, OWNER_SCAN);
	assert_holders(conn, (struct held[]){{0, PID_OTHER, 6}}, 1);
}

static void test_holder_of_a_child(void **state)
{
	struct bench *bench = *state;
	const struct connection *child;
	size_t before;

	listen_here(bench, SK(1), PID_SERVER);
	child = child_of(bench, SK(2), 100, 40000);
	exact_begin_of(bench, SNAPSHOT_HOLDERS, 200);
	assert_int_equal(add_holder(bench, SK(1), PID_SERVER, 3), 0); /* the listener's owner was known */
	assert_int_equal(add_holder(bench, SK(2), PID_WORKER, 5),
			 0); /* a holder of the listener may still be reported for the child */
	assert_int_equal(add_holder(bench, SK(2), PID_OTHER, 5), 0);
	assert_int_equal(add_holder(bench, SK(7), PID_OTHER, 5), 0); /* an unknown socket */
	assert_owner(child, PID_SERVER, OWNER_INHERITED);
	before = bench->recorder.count;
	exact_end_of(bench, SNAPSHOT_HOLDERS, NULL, 0);
	assert_int_equal(bench->recorder.count, before + 1); /* the new owner is reported once */
	assert_int_equal(last_recorded(&bench->recorder)->change.kind, CHANGE_OWNER);
	assert_owner(child, PID_WORKER < PID_OTHER ? PID_WORKER : PID_OTHER, OWNER_SCAN);
	assert_int_equal(child->owner_count, 2);
}

static void test_listeners_holder_among_those_of_a_child(void **state)
{
	struct bench *bench = *state;
	const struct connection *child;

	listen_here(bench, SK(1), PID_SERVER);
	child = child_of(bench, SK(2), 100, 40000);
	exact_begin_of(bench, SNAPSHOT_HOLDERS, 200);
	add_holder(bench, SK(2), 1, 5);
	add_holder(bench, SK(2), PID_SERVER, 7);
	exact_end_of(bench, SNAPSHOT_HOLDERS, NULL, 0);
	assert_owner(child, PID_SERVER, OWNER_SCAN); /* whatever the pids of the other holders */
	assert_int_equal(child->owner.fd, 7);
	assert_int_equal(child->owner_count, 2);
}

/* Sockets that /proc found have no address yet: the inode shows to which of them a descriptor belongs. */
static void test_holder_by_inode(void **state)
{
	struct bench *bench = *state;
	struct owner process = owner_of(PID_OTHER, 5, "holder");
	struct event event = {.kind = EVENT_HOLDER, .sk = SK(1), .inode = 11, .owners = &process, .owner_count = 1};

	bench_begin_snapshot(bench, 100);
	add_row(bench, STATE_ESTABLISHED, outgoing(40000), 11, 0);
	add_row(bench, STATE_ESTABLISHED, outgoing(40001), 0, 0);
	event.tuple.netns = NETNS_ELSEWHERE;
	bench_apply(bench, &event);
	event.tuple.netns = NETNS_HERE;
	event.inode = 12;
	bench_apply(bench, &event);
	event.inode = 0;
	bench_apply(bench, &event);
	assert_null(at_sk(bench, SK(1)));
	event.inode = 11;
	bench_apply(bench, &event);
	bench_end_snapshot_here(bench);
	assert_int_equal(table_count(bench->table), 2);
	assert_owner(at_sk(bench, SK(1)), PID_OTHER, OWNER_SCAN);
	assert_int_equal(at_sk(bench, SK(1))->tuple.lport, 40000);
}

/* A socket gets its inode when it is accepted, and the event of a holder reports the inode. */
static void test_holder_tells_the_inode(void **state)
{
	struct bench *bench = *state;
	struct owner process = owner_of(PID_OTHER, 5, "holder");
	struct event event = {.kind = EVENT_HOLDER, .sk = SK(2), .inode = 17, .owners = &process, .owner_count = 1};

	child_of(bench, SK(2), 100, 40000);
	bench_apply(bench, &event);
	assert_int_equal(at_sk(bench, SK(2))->inode, 17);
	event.inode = 0;
	bench_apply(bench, &event);
	assert_int_equal(at_sk(bench, SK(2))->inode, 17);
}

/* ---- connections that wait to be accepted ---- */

static void test_unheld(void **state)
{
	struct bench *bench = *state;

	listen_here(bench, SK(1), PID_SERVER);
	child_of(bench, SK(2), 100, 40000);
	child_of(bench, SK(3), 100, 40001);
	bench_step(bench, SK(3), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 103, accepted(40001));
	child_of(bench, SK(4), 100, 40002);
	apply_call(bench, SK(4), STATE_ESTABLISHED, STATE_FIN_WAIT1, 103, accepted(40002),
		   0); /* closed: without a holder */
	bench_step(bench, SK(5), STATE_CLOSE, STATE_SYN_SENT, 100, outgoing(1));
	bench_step(bench, SK(6), STATE_LISTEN, STATE_SYN_RECV, 100, accepted(40003));
	bench_step(bench, SK(7), STATE_CLOSE, STATE_SYN_SENT, 100, outgoing(2));
	close_to(bench, SK(7), STATE_FIN_WAIT2, STATE_FIN_WAIT2, 101, outgoing(2));
	assert_int_equal(table_unheld(bench->table), 0); /* there was no snapshot of holders yet */
	scan_holders(bench, 200, (struct held[]){{0}});
	assert_int_equal(table_unheld(bench->table), 2);
	scan_holders(bench, 300, (struct held[]){{SK(2), PID_SERVER, 3}, {0}});
	assert_int_equal(table_unheld(bench->table), 1);
	exact_begin(bench, 400);
	add_holder(bench, SK(3), PID_SERVER, 4);
	exact_end_of(bench, 0, NULL, 0);
	assert_int_equal(table_unheld(bench->table), 1); /* the snapshot was broken off */
	scan_holders(bench, 500, (struct held[]){{SK(2), PID_SERVER, 3}, {SK(3), PID_SERVER, 4}, {0}});
	assert_int_equal(table_unheld(bench->table), 0);
}

/* A connection whose death was lost does not wait to be accepted. */
static void test_unheld_without_the_dead(void **state)
{
	struct bench *bench = *state;

	child_of(bench, SK(2), 100, 40000);
	child_of(bench, SK(3), 100, 40001);
	exact_begin(bench, BEGAN_US);
	exact_row(bench, SK(2), STATE_ESTABLISHED, BEGAN_US + 1, accepted(40000));
	exact_end(bench);
	assert_int_equal(table_count(bench->table), 1);
	assert_int_equal(table_unheld(bench->table), 1);
}

/* ---- in whichever order ---- */

/* The listener passes to another process. The connections that inherited its owner get the new one, wherever they stand
 * in the hash. */
static void test_heirs_of_a_listener_that_changes_hands(void **state)
{
	enum { HEIRS = 20 };
	struct bench *bench = *state;

	listen_here(bench, SK(50), PID_SERVER);
	for (unsigned int i = 0; i < HEIRS; i++) {
		child_of(bench, SK(i), 10 + i, (uint16_t)(40000 + i));
		bench->recorder.count = 0;
	}
	scan_holders(bench, 100, (struct held[]){{SK(50), PID_WORKER, 3}, {SK(50), PID_OTHER, 3}, {0}});
	for (unsigned int i = 0; i < HEIRS; i++) {
		assert_owner(at_sk(bench, SK(i)), PID_WORKER, OWNER_INHERITED);
		assert_true(connection_owner_is_open(at_sk(bench, SK(i))));
	}
	scan_holders(bench, 200, (struct held[]){{SK(50), PID_OTHER, 3}, {0}});
	for (unsigned int i = 0; i < HEIRS; i++) {
		assert_owner(at_sk(bench, SK(i)), PID_OTHER, OWNER_INHERITED);
		assert_true(connection_owner_is_open(at_sk(bench, SK(i))));
	}
}

/* One holder shuts the connection down between the reports of the two: both hold the connection all the same. */
static void test_shut_down_while_holders_are_reported(void **state)
{
	struct bench *bench = *state;

	child_of(bench, SK(2), 0, 40000);
	exact_begin_of(bench, SNAPSHOT_HOLDERS, 100);
	add_holder(bench, SK(2), PID_SERVER, 5);
	apply_call(bench, SK(2), STATE_ESTABLISHED, STATE_FIN_WAIT1, 110, accepted(40000), PID_WORKER);
	add_holder(bench, SK(2), PID_WORKER, 6);
	exact_end_of(bench, SNAPSHOT_HOLDERS, NULL, 0);
	assert_holders(at_sk(bench, SK(2)), (struct held[]){{0, PID_SERVER, 5}, {0, PID_WORKER, 6}}, 2);
	assert_owner(at_sk(bench, SK(2)), PID_SERVER, OWNER_SCAN); /* the worker was not known as a holder yet */
}

/* ---- the filter ---- */

static enum filter_answer ask_filter(const char *text, const struct change *change)
{
	struct filter_error error = {.message = ""};
	struct filter *filter = NULL;
	enum filter_answer answer;

	assert_int_equal(filter_parse(text, NULL, &filter, &error), 0);
	answer = filter_ask(filter, change);
	filter_free(filter);
	return answer;
}

/* The process that accepts a connection, of those of the listener, is not known before accept(). */
static void test_filter_cannot_tell(void **state)
{
	static const struct {
		const char *text;
		enum filter_answer answer;
	} tried[] = {
		{"pid 100", FILTER_MAYBE},
		{"comm nginx", FILTER_MAYBE},
		{"pid 5", FILTER_MAYBE},
		{"not pid 100", FILTER_MAYBE},
		{"pid 100 or uid 0", FILTER_YES},
		{"pid 100 and uid 33", FILTER_NO},
		{"comm n* and state syn-recv", FILTER_MAYBE},
		{"uid 0", FILTER_YES},
	};
	struct connection conn = {.tuple = accepted(5),
				  .owner = owner_of(100, -1, "nginx"),
				  .owner_source = OWNER_INHERITED,
				  .direction = DIRECTION_IN,
				  .state = STATE_SYN_RECV};
	struct change change = {.conn = &conn, .oldstate = STATE_LISTEN, .newstate = STATE_SYN_RECV};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(tried); i++)
		assert_int_equal(ask_filter(tried[i].text, &change), tried[i].answer);
	change.kind = CHANGE_SOCKET; /* for a listed socket, the filter asks for what is known now */
	assert_int_equal(ask_filter("pid 100", &change), FILTER_YES);
	assert_int_equal(ask_filter("pid 5", &change), FILTER_NO);
	change.kind = CHANGE_TRANSITION;
	conn.mini = true; /* no process will accept the connection any more */
	assert_int_equal(ask_filter("pid 100", &change), FILTER_YES);
	conn.mini = false;
	conn.state = STATE_CLOSE;
	assert_int_equal(ask_filter("pid 5", &change), FILTER_NO);
	conn.state = STATE_ESTABLISHED;
	assert_int_equal(ask_filter("pid 5", &change), FILTER_MAYBE);
	conn.direction = DIRECTION_OUT; /* the process that connected is known for certain */
	assert_int_equal(ask_filter("pid 5", &change), FILTER_NO);
	conn.direction = DIRECTION_IN;
	conn.owner_source = OWNER_ACCEPT;
	assert_int_equal(ask_filter("pid 100", &change), FILTER_YES);
}

/* Applies a complete snapshot of holders that are known by the inodes of their sockets. */
static void scan_held_inodes(struct bench *bench, unsigned int at_us, const struct held_socket *held, size_t count)
{
	struct event end = {.kind = EVENT_SNAPSHOT_END,
			    .ts_ns = AT_US(at_us),
			    .ended_ns = AT_US(at_us),
			    .scope = SNAPSHOT_HOLDERS,
			    .exact = true,
			    .held = held,
			    .held_count = count};

	exact_begin_of(bench, SNAPSHOT_HOLDERS, at_us);
	add_holder(bench, SK(2), PID_CLIENT, 4);
	bench_apply(bench, &end);
}

/* Sockets that are registered with an io_uring: the source knows no address of them. */
static void test_holders_by_inode_alone(void **state)
{
	struct bench *bench = *state;
	const struct held_socket held[] = {
		{8, owner_of(PID_OTHER, 1, "other")},
		{9, owner_of(PID_SERVER, registered_fd(5, 0), "server")},
		{9, owner_of(PID_WORKER, registered_fd(5, 1), "worker")},
		{10, owner_of(PID_OTHER, 2, "other")},
		{11, owner_of(PID_OTHER, registered_fd(5, 2), "other")},
	};
	const struct connection *server, *client;

	listen_here(bench, SK(1), PID_SERVER);
	bench_open_socket(bench, SK(2), STATE_SYN_SENT, 0, outgoing(4000), owner_of(PID_CLIENT, FD_UNKNOWN, "client"),
			  11);
	server = at_sk(bench, SK(1));
	client = at_sk(bench, SK(2));
	scan_held_inodes(bench, BEGAN_US, held, COUNT_OF(held));
	assert_int_equal(server->owner_count, 2);
	assert_int_equal(server->owners[0].fd, registered_fd(5, 0));
	assert_int_equal(server->owners[1].pid, PID_WORKER);
	assert_owner(server, PID_SERVER, OWNER_LISTEN);
	assert_int_equal(client->owner_count, 2);
	assert_int_equal(client->owners[1].pid, PID_OTHER);
	scan_held_inodes(bench, 2 * BEGAN_US, held + 2, 1);
	assert_int_equal(server->owner_count, 1);
	assert_owner(server, PID_WORKER, OWNER_SCAN);
	assert_int_equal(client->owner_count, 1);
	scan_held_inodes(bench, 3 * BEGAN_US, NULL, 0);
	assert_int_equal(server->owner_count, 0);
	assert_owner(server, PID_WORKER, OWNER_SCAN);
}

/* Descriptors come in the order of their numbers, and registered files after them, in that of ring and slot. */
static void test_order_of_registered_files(void **state)
{
	const int32_t in_order[] = {FD_UNKNOWN,         0, 7, INT32_MAX, registered_fd(0, 0), registered_fd(0, 9),
				    registered_fd(1, 0)};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(in_order); i++)
		for (size_t j = 0; j < COUNT_OF(in_order); j++) {
			const struct owner a = owner_of(1, in_order[i], "a"), b = owner_of(1, in_order[j], "b");

			assert_int_equal(owner_compare(&a, &b), i < j ? -1 : i > j);
		}
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inherited_is_open),
		BENCH_TEST(test_holders_that_went_away),
		BENCH_TEST(test_shared_listeners),
		BENCH_TEST(test_whose_owner_is_open),
		BENCH_TEST(test_accept),
		cmocka_unit_test(test_closers),
		BENCH_TEST(test_closer_of_a_connect),
		BENCH_TEST(test_closer_that_was_forked),
		cmocka_unit_test(test_closer_of_what_nobody_holds),
		BENCH_TEST(test_all_holders_in_order),
		BENCH_TEST(test_single_other_holder),
		BENCH_TEST(test_holder_of_a_child),
		BENCH_TEST(test_listeners_holder_among_those_of_a_child),
		BENCH_TEST(test_holder_by_inode),
		BENCH_TEST(test_holder_tells_the_inode),
		BENCH_TEST(test_holders_by_inode_alone),
		cmocka_unit_test(test_order_of_registered_files),
		BENCH_TEST(test_unheld),
		cmocka_unit_test(test_filter_cannot_tell),
		BENCH_TEST(test_unheld_without_the_dead),
		BENCH_TEST(test_heirs_of_a_listener_that_changes_hands),
		BENCH_TEST(test_shut_down_while_holders_are_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
