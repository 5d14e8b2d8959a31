// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the join of a snapshot of /proc with the events: rows first, then all events since the source was attached,
 * which is before any row was read. No socket appears twice, none is forgotten, and each has its right owner.
 */
#include <errno.h>
#include <malloc.h>

#include "events.h"

enum { PID_CLIENT = 100, PID_SERVER = 200, PID_OTHER = 300 };

static struct tuple outgoing(uint16_t lport)
{
	return tuple_of(4, "10.0.0.1", lport, "10.0.0.2", 80);
}

static struct tuple accepted(void)
{
	return tuple_of(4, "10.0.0.2", 80, "10.0.0.1", 40000);
}

static struct tuple listener(void)
{
	return tuple_of(4, "0.0.0.0", 80, "0.0.0.0", 0);
}

/* ---- sockets that a snapshot finds ---- */

static void test_found_and_closed(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;
	const struct connection *conn;

	snapshot_one_socket(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	conn = bench_only(bench);
	assert_int_equal(conn->owner.pid, PID_CLIENT);
	assert_int_equal(conn->owner.fd, 5);
	assert_int_equal(conn->owner_source, OWNER_SCAN);
	assert_int_equal(conn->direction, DIRECTION_UNKNOWN);
	assert_int_equal(conn->state, STATE_ESTABLISHED);
	assert_int_equal(conn->inode, 11);
	assert_span(connection_in_state(conn, AT_US(ATTACHED_US + 30)), SPAN_AT_LEAST, 30);
	assert_span(connection_age(conn, AT_US(ATTACHED_US + 30)), SPAN_AT_LEAST, 30);
	assert_span(connection_age(conn, AT_US(ATTACHED_US)), SPAN_UNKNOWN, 0);

	got = bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, ATTACHED_US + 50, outgoing(40000));
	assert_span(got->change.in_state, SPAN_AT_LEAST, 50);
	assert_int_equal(got->conn.id, 1);
	assert_int_equal(got->conn.owner.pid, PID_CLIENT);
	got = bench_step(bench, SK(1), STATE_CLOSE_WAIT, STATE_LAST_ACK, ATTACHED_US + 70, outgoing(40000));
	assert_span(got->change.in_state, SPAN_EXACT, 20);
	got = bench_end(bench, SK(1), STATE_LAST_ACK, ATTACHED_US + 75, outgoing(40000),
			(struct closing){.sent = true});
	assert_span(got->change.age, SPAN_AT_LEAST, 75);
	assert_int_equal(got->conn.owner.pid, PID_CLIENT);
	assert_int_equal(got->conn.owner_source, OWNER_SCAN);
	assert_int_equal(table_count(bench->table), 0);
}

static void test_found_without_holder(void **state)
{
	struct bench *bench = *state;

	snapshot_one_socket(bench, STATE_FIN_WAIT1, outgoing(40000), 0, 0);
	assert_int_equal(bench_only(bench)->owner.pid, 0);
	assert_int_equal(bench_only(bench)->owner.fd, FD_UNKNOWN);
	assert_int_equal(bench_only(bench)->owner_source, OWNER_UNKNOWN);
}

static void test_rows_that_repeat(void **state)
{
	struct bench *bench = *state;

	bench_begin_snapshot(bench, ATTACHED_US);
	add_row(bench, STATE_ESTABLISHED, accepted(), 0, 0);
	add_row(bench, STATE_ESTABLISHED, accepted(), 12, PID_SERVER); /* the socket was accepted meanwhile */
	add_row(bench, STATE_CLOSE_WAIT, accepted(), 12, PID_SERVER);
	bench_end_snapshot_here(bench);
	assert_int_equal(bench_only(bench)->inode, 12);
	assert_int_equal(bench_only(bench)->owner.pid, PID_SERVER);
}

/* The row may show a state that the socket entered with an event that is still to come. */
static void test_row_newer_than_events(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	begin_with_row(bench, STATE_LAST_ACK, outgoing(40000), 11, PID_CLIENT);
	got = bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, ATTACHED_US + 10, outgoing(40000));
	assert_int_equal(got->conn.id, 1);
	assert_span(got->change.in_state, SPAN_AT_LEAST, 10);
	got = bench_step(bench, SK(1), STATE_CLOSE_WAIT, STATE_LAST_ACK, ATTACHED_US + 30, outgoing(40000));
	bench_end_snapshot_here(bench);
	assert_span(got->change.in_state, SPAN_EXACT, 20);
	assert_int_equal(bench_only(bench)->state, STATE_LAST_ACK);
}

/* An event always beats a row: the row was read without the lock, and may be older. */
static void test_row_older_than_events(void **state)
{
	struct bench *bench = *state;
	const struct connection *conn;

	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, 2000, outgoing(0));
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 2010, outgoing(40000));
	bench_step(bench, SK(1), STATE_ESTABLISHED, STATE_CLOSE_WAIT, 2020, outgoing(40000));
	bench->recorder.count = 0;
	bench_begin_snapshot(bench, 1990);
	add_row(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	bench_end_snapshot_here(bench);
	conn = bench_only(bench);
	assert_int_equal(conn->state, STATE_CLOSE_WAIT);
	assert_span(connection_in_state(conn, AT_US(2050)), SPAN_EXACT, 30);
	assert_int_equal(conn->inode, 11);
	assert_int_equal(conn->owner.pid, PID_CLIENT);
	assert_int_equal(conn->owner_source, OWNER_SCAN);
	assert_int_equal(conn->direction, DIRECTION_OUT);
	assert_false(conn->tuple_indexed); /* an index costs, and is needed only while joining */
}

/* ---- sockets born while the snapshot was read ---- */

static void test_connect_while_reading_is_absorbed(void **state)
{
	struct bench *bench = *state;
	struct event row = row_of(STATE_ESTABLISHED, outgoing(40000), 11);
	const struct recorded *got;

	row.recvq = 4;
	row.sendq = 5;
	bench_begin_snapshot(bench, ATTACHED_US);
	bench_apply(bench, &row);
	bench_open_socket(bench, SK(1), STATE_SYN_SENT, ATTACHED_US + 5, outgoing(0),
			  owner_of(PID_CLIENT, -1, "client"), 11);
	got = bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, ATTACHED_US + 9, outgoing(40000));
	bench_end_snapshot_here(bench);
	assert_span(got->change.in_state, SPAN_EXACT, 4);
	assert_int_equal(got->conn.owner.pid, PID_CLIENT);
	assert_int_equal(got->conn.owner_source, OWNER_CONNECT);
	assert_int_equal(bench_only(bench)->recvq, 4);
	assert_int_equal(bench_only(bench)->sendq, 5);
	assert_span(connection_age(bench_only(bench), AT_US(ATTACHED_US + 105)), SPAN_EXACT, 100);
}

static void test_bound_connect_while_reading_is_absorbed_at_birth(void **state)
{
	struct bench *bench = *state;

	begin_with_row(bench, STATE_SYN_SENT, outgoing(40000), 11, PID_CLIENT);
	bench_open_socket(bench, SK(1), STATE_SYN_SENT, ATTACHED_US + 5, outgoing(40000),
			  owner_of(PID_CLIENT, -1, "client"), 11);
	bench_end_snapshot_here(bench);
	assert_int_equal(bench_only(bench)->owner_source, OWNER_CONNECT);
	assert_int_equal(bench_only(bench)->owner.fd, 5); /* the fd of the scan: connect() does not report one */
}

static void test_child_while_reading_is_absorbed(void **state)
{
	struct bench *bench = *state;
	const struct recorded *got;

	bench_begin_snapshot(bench, ATTACHED_US);
	add_row(bench, STATE_LISTEN, listener(), 9, PID_SERVER);
	add_row(bench, STATE_ESTABLISHED, accepted(), 10, PID_OTHER); /* the socket was handed to a worker */
	got = bench_step(bench, SK(1), STATE_LISTEN, STATE_SYN_RECV, ATTACHED_US + 5, accepted());
	bench_end_snapshot_here(bench);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(got->conn.direction, DIRECTION_IN);
	assert_int_equal(got->conn.owner.pid, PID_OTHER);
	assert_int_equal(got->conn.owner_source, OWNER_SCAN);
	assert_int_equal(got->conn.inode, 10);
}

/* On Linux before 6.15 the child can be joined with its row only when the handshake is done. */
static void test_child_without_peer_while_reading_is_absorbed_later(void **state)
{
	struct bench *bench = *state;

	bench_begin_snapshot(bench, ATTACHED_US);
	add_row(bench, STATE_LISTEN, listener(), 9, PID_SERVER);
	add_row(bench, STATE_ESTABLISHED, accepted(), 0, 0);
	bench_step(bench, SK(1), STATE_LISTEN, STATE_SYN_RECV, ATTACHED_US + 5, listener());
	assert_int_equal(table_count(bench->table), 3);
	assert_int_equal(bench_find(bench, fits_state, STATE_SYN_RECV)->owner.pid, PID_SERVER);
	assert_null(bench_find(bench, fits_state, STATE_SYN_RECV)->owners);
	bench_step(bench, SK(1), STATE_SYN_RECV, STATE_ESTABLISHED, ATTACHED_US + 9, accepted());
	bench_end_snapshot_here(bench);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(bench_find(bench, fits_state, STATE_ESTABLISHED)->owner.pid, PID_SERVER);
	assert_int_equal(bench_find(bench, fits_state, STATE_LISTEN)->owner_source, OWNER_SCAN);
}

static void test_short_connection_while_reading_leaves_nothing(void **state)
{
	struct bench *bench = *state;

	begin_with_row(bench, STATE_SYN_SENT, outgoing(40000), 11, PID_CLIENT);
	bench_open_socket(bench, SK(1), STATE_SYN_SENT, ATTACHED_US + 5, outgoing(0),
			  owner_of(PID_CLIENT, -1, "client"), 11);
	bench_end(bench, SK(1), STATE_SYN_SENT, ATTACHED_US + 9, outgoing(40000),
		  (struct closing){.err = ECONNREFUSED, .sent = true});
	bench_end_snapshot_here(bench);
	assert_int_equal(table_count(bench->table), 0);
}

static void test_listen_while_reading_is_absorbed(void **state)
{
	struct bench *bench = *state;

	begin_with_row(bench, STATE_LISTEN, listener(), 9, PID_SERVER);
	bench_open_socket(bench, SK(1), STATE_LISTEN, ATTACHED_US + 5, listener(), owner_of(PID_SERVER, -1, "server"),
			  9);
	bench_end_snapshot_here(bench);
	assert_int_equal(bench_only(bench)->owner_source, OWNER_LISTEN);
}

/* On Linux before 6.15 a child has the tuple of its listener for a moment. The row of the listener is not the
 * child's. */
static void test_row_of_listener_is_not_its_childs(void **state)
{
	struct bench *bench = *state;

	bench_step(bench, SK(1), STATE_LISTEN, STATE_SYN_RECV, 500, listener());
	bench->recorder.count = 0;
	snapshot_one_socket(bench, STATE_LISTEN, listener(), 9, PID_SERVER);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(bench_find(bench, fits_state, STATE_LISTEN)->owner.pid, PID_SERVER);
	bench_step(bench, SK(1), STATE_SYN_RECV, STATE_ESTABLISHED, ATTACHED_US + 9, accepted());
	assert_int_equal(bench_find(bench, fits_state, STATE_ESTABLISHED)->inode, 0);
}

/* The old socket of a tuple goes, another socket takes the tuple: the row was that of the old socket. */
static void test_row_belongs_to_the_one_that_closes_first(void **state)
{
	struct bench *bench = *state;
	struct event birth;

	snapshot_one_socket(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	bench_end(bench, SK(1), STATE_ESTABLISHED, ATTACHED_US + 5, outgoing(40000), (struct closing){.sent = true});
	assert_int_equal(table_count(bench->table), 0);
	birth = transition_of(SK(2), STATE_CLOSE, STATE_SYN_SENT, ATTACHED_US + 9, outgoing(40000));
	assert_int_equal(bench_change(bench, &birth)->conn.id, 2);
	assert_int_equal(bench_only(bench)->owner.pid, 0);
}

/* ---- distinguished by inode ---- */

static void test_listeners_on_one_address(void **state)
{
	struct bench *bench = *state;
	struct closing closing = {0};
	struct event end = transition_of(SK(1), STATE_LISTEN, STATE_CLOSE, ATTACHED_US + 5, listener());

	bench_begin_snapshot(bench, ATTACHED_US);
	add_row(bench, STATE_LISTEN, listener(), 21, PID_SERVER);
	add_row(bench, STATE_LISTEN, listener(), 22, PID_OTHER);
	add_row(bench, STATE_LISTEN, listener(), 21, PID_SERVER);
	bench_end_snapshot_here(bench);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(bench_find(bench, fits_inode, 21)->owner.pid, PID_SERVER);
	assert_int_equal(bench_find(bench, fits_inode, 22)->owner.pid, PID_OTHER);
	/* two listeners with different owners: the owner of this child is unknown */
	assert_int_equal(
		bench_step(bench, SK(5), STATE_LISTEN, STATE_SYN_RECV, ATTACHED_US + 2, accepted())->conn.owner.pid, 0);
	end.inode = 22;
	end.closing = &closing;
	assert_int_equal(bench_change(bench, &end)->conn.owner.pid, PID_OTHER);
	assert_null(bench_find(bench, fits_inode, 22));
	assert_non_null(bench_find(bench, fits_inode, 21));
	/* only one listener is left */
	assert_int_equal(
		bench_step(bench, SK(6), STATE_LISTEN, STATE_SYN_RECV, ATTACHED_US + 8, accepted())->conn.owner.pid,
		PID_SERVER);
}

/* Of two candidates for a row, the one counts whose inode is known to be the same. */
static void test_known_inode_beats_unknown(void **state)
{
	struct bench *bench = *state;

	bench_open_socket(bench, SK(1), STATE_LISTEN, 500, listener(), owner_of(PID_SERVER, -1, "server"), 22);
	bench_open_socket(bench, SK(2), STATE_LISTEN, 501, listener(), owner_of(PID_OTHER, -1, "other"), 0);
	bench->recorder.count = 0;
	snapshot_one_socket(bench, STATE_LISTEN, listener(), 22, PID_SERVER);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(bench_find(bench, fits_inode, 22)->id, 1);
	assert_int_equal(bench_find(bench, fits_inode, 0)->owner.pid, PID_OTHER);
}

/* An event of an unknown socket is not an event of another socket with the same tuple, whose address is known. */
static void test_event_of_another_on_one_address(void **state)
{
	struct bench *bench = *state;

	bench_open_socket(bench, SK(1), STATE_LISTEN, 500, listener(), owner_of(PID_SERVER, -1, "server"), 22);
	bench_end(bench, SK(2), STATE_LISTEN, 600, listener(), (struct closing){0});
	assert_int_equal(bench_only(bench)->id, 1);
	assert_int_equal(bench_only(bench)->owner.pid, PID_SERVER);
	assert_non_null(bench_find(bench, fits_state, STATE_LISTEN));
}

/* A row with another inode is not the socket's own, but that of a socket that went before, or comes after. */
static void test_row_of_another_inode(void **state)
{
	struct bench *bench = *state;
	struct closing closing = {.sent = true};
	struct event end = transition_of(SK(1), STATE_ESTABLISHED, STATE_CLOSE, ATTACHED_US + 5, outgoing(40000));

	snapshot_one_socket(bench, STATE_SYN_SENT, outgoing(40000), 11, PID_CLIENT);
	end.inode = 10;
	end.closing = &closing;
	assert_int_equal(bench_change(bench, &end)->conn.owner.pid, 0);
	assert_int_equal(bench_only(bench)->inode, 11);
	bench_open_socket(bench, SK(2), STATE_SYN_SENT, ATTACHED_US + 6, outgoing(40000),
			  owner_of(PID_OTHER, -1, "other"), 12);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(bench_find(bench, fits_inode, 12)->owner.pid, PID_OTHER);
	assert_int_equal(bench_find(bench, fits_inode, 11)->owner.pid, PID_CLIENT);
}

static void test_row_without_inode(void **state)
{
	struct bench *bench = *state;

	snapshot_one_socket(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	snapshot_one_socket(bench, STATE_FIN_WAIT1, outgoing(40000), 0, 0); /* the process has closed the socket */
	assert_int_equal(bench_only(bench)->inode, 0);
	assert_false(bench_only(bench)->inode_indexed);
	assert_int_equal(bench_only(bench)->owner.pid, PID_CLIENT);
}

static void test_connects_without_port_meet_their_rows_by_inode(void **state)
{
	struct bench *bench = *state;
	const uint32_t pids[] = {PID_CLIENT, PID_OTHER, PID_SERVER};

	for (uint32_t i = 0; i < 3; i++)
		bench_open_socket(bench, SK(1 + i), STATE_SYN_SENT, 500 + i, outgoing(0),
				  owner_of(pids[i], -1, "client"), 31 + i);
	bench->recorder.count = 0;
	bench_begin_snapshot(bench, ATTACHED_US);
	add_row(bench, STATE_SYN_SENT, outgoing(40002), 32, PID_OTHER);
	add_row(bench, STATE_SYN_SENT, outgoing(40003), 33, PID_SERVER);
	add_row(bench, STATE_SYN_SENT, outgoing(40001), 31, PID_CLIENT);
	add_row(bench, STATE_SYN_SENT, outgoing(40002), 32, PID_OTHER);
	bench_end_snapshot_here(bench);
	assert_int_equal(table_count(bench->table), 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(bench_find(bench, fits_inode, 31 + i)->tuple.lport, 40001 + i);
		assert_int_equal(bench_find(bench, fits_inode, 31 + i)->owner.pid, pids[i]);
		assert_int_equal(bench_find(bench, fits_inode, 31 + i)->owner_source, OWNER_CONNECT);
	}
}

/* An ESTABLISHED row is not that of a connect() that is still under way. */
static void test_only_syn_sent_rows_lend_their_port(void **state)
{
	struct bench *bench = *state;

	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 500, outgoing(0), owner_of(PID_CLIENT, -1, "client"), 0);
	bench->recorder.count = 0;
	snapshot_one_socket(bench, STATE_ESTABLISHED, outgoing(40009), 41, PID_OTHER);
	assert_int_equal(table_count(bench->table), 2);
	assert_int_equal(bench_find(bench, fits_lport, 0)->owner.pid, PID_CLIENT);
}

/* ---- holders ---- */

static void test_several_holders(void **state)
{
	struct bench *bench = *state;
	struct owner holders[3] = {owner_of(50, 3, "a"), owner_of(PID_CLIENT, 4, "b"), owner_of(70, 5, "c")};
	struct event row = row_of(STATE_ESTABLISHED, outgoing(40000), 11);
	const struct connection *conn;

	bench_open_socket(bench, SK(1), STATE_SYN_SENT, 500, outgoing(0), owner_of(PID_CLIENT, -1, "client"), 11);
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, 510, outgoing(40000));
	row.owners = holders;
	row.owner_count = 3;
	bench_begin_snapshot(bench, ATTACHED_US);
	bench_apply(bench, &row);
	conn = bench_only(bench);
	assert_int_equal(conn->owner_count, 3);
	assert_int_equal(conn->owner.pid,
			 PID_CLIENT); /* the process that connected stays the owner while it holds the socket */
	assert_int_equal(conn->owner_source, OWNER_CONNECT);
	assert_int_equal(conn->owners[0].pid, 50);
	assert_int_equal(conn->owners[2].fd, 5);

	bench_end_snapshot_here(bench);

	row.owners = &holders[2];
	row.owner_count = 1;
	bench_begin_snapshot(bench, ATTACHED_US + 1000);
	bench_apply(bench, &row); /* the socket was handed over */
	bench_end_snapshot_here(bench);
	conn = bench_only(bench);
	assert_int_equal(conn->owner_count, 1);
	assert_null(conn->owners);
	assert_int_equal(conn->owner.pid, 70);
	assert_int_equal(conn->owner_source, OWNER_SCAN);
}

static void test_holders_of_an_absorbed_row(void **state)
{
	struct bench *bench = *state;
	struct owner holders[2] = {owner_of(50, 3, "a"), owner_of(51, 4, "b")};
	struct event row = row_of(STATE_ESTABLISHED, outgoing(40000), 11);

	row.owners = holders;
	row.owner_count = 2;
	bench_begin_snapshot(bench, ATTACHED_US);
	bench_apply(bench, &row);
	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, ATTACHED_US + 5, outgoing(0));
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, ATTACHED_US + 6, outgoing(40000));
	bench_end_snapshot_here(bench);
	assert_int_equal(bench_only(bench)->owner_count, 2);
	assert_int_equal(bench_only(bench)->owners[1].pid, 51);
	assert_int_equal(bench_only(bench)->owner.pid, 50);
}

/* A row of /proc without holders does not remove a holder that the iterator has found. */
static void test_holders_stay_when_a_row_is_absorbed(void **state)
{
	struct bench *bench = *state;
	struct owner process = owner_of(PID_CLIENT, 5, "client");
	struct event holder = {.kind = EVENT_HOLDER, .sk = SK(1), .owners = &process, .owner_count = 1};

	bench_begin_snapshot(bench, ATTACHED_US);
	add_row(bench, STATE_ESTABLISHED, outgoing(40000), 0, 0);
	bench_step(bench, SK(1), STATE_CLOSE, STATE_SYN_SENT, ATTACHED_US + 5, outgoing(0));
	bench_apply(bench, &holder);
	bench_step(bench, SK(1), STATE_SYN_SENT, STATE_ESTABLISHED, ATTACHED_US + 6, outgoing(40000));
	bench_end_snapshot_here(bench);
	assert_int_equal(bench_only(bench)->owner_count, 1);
	assert_int_equal(bench_only(bench)->owner.fd, 5);
}

/* Holders stay in a network namespace that could not be read this time. */
static void test_holders_stay_where_nothing_was_read(void **state)
{
	struct bench *bench = *state;
	struct event end = {.kind = EVENT_SNAPSHOT_END, .scope = SCOPE_ALL, .holders_by_row = true};

	snapshot_one_socket(bench, STATE_ESTABLISHED, outgoing(40000), 11, PID_CLIENT);
	bench_begin_snapshot(bench, ATTACHED_US + 1000);
	end.ts_ns = bench->began_ns;
	bench_apply(bench, &end);
	assert_int_equal(bench_only(bench)->owner_count, 1);
	end.holders_by_row = false; /* an iterator walks over all descriptors */
	bench_begin_snapshot(bench, ATTACHED_US + 2000);
	end.ts_ns = bench->began_ns;
	bench_apply(bench, &end);
	assert_int_equal(bench_only(bench)->owner_count, 0);
}

static void test_inherited_owner_that_a_scan_confirms(void **state)
{
	struct bench *bench = *state;

	bench_open_socket(bench, SK(1), STATE_LISTEN, 100, listener(), owner_of(PID_SERVER, -1, "server"), 9);
	bench_step(bench, SK(2), STATE_LISTEN, STATE_SYN_RECV, 200, accepted());
	bench->recorder.count = 0;
	bench_begin_snapshot(bench, ATTACHED_US);
	add_row(bench, STATE_SYN_RECV, accepted(), 10, PID_SERVER);
	bench_end_snapshot_here(bench);
	assert_int_equal(bench_find(bench, fits_inode, 10)->owner.pid, PID_SERVER);
	assert_int_equal(bench_find(bench, fits_inode, 10)->owner_source, OWNER_SCAN);
}

/* ---- the memory budget ---- */

static void test_memory_of_a_connection(void **state)
{
	void *block = malloc(sizeof(struct connection));
	size_t taken;

	(void)state;
	assert_non_null(block);
#if defined(__SANITIZE_ADDRESS__)
	taken = (sizeof(struct connection) + 8 + 15) / 16 * 16; /* the malloc of the sanitizer takes other sizes */
#else
	taken = malloc_usable_size(block) + 8;
#endif
	free(block);
	print_message("    struct connection %zu, in memory %zu\n", sizeof(struct connection), taken);
	assert_true(taken + 2 * sizeof(struct link *) <= 256);
	/* also at the worst moment of the two indexes, just after they have grown */
	assert_true(taken + 2 * 2 * sizeof(struct link *) <= 256);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BENCH_TEST(test_found_and_closed),
		BENCH_TEST(test_found_without_holder),
		BENCH_TEST(test_rows_that_repeat),
		BENCH_TEST(test_row_newer_than_events),
		BENCH_TEST(test_row_older_than_events),
		BENCH_TEST(test_connect_while_reading_is_absorbed),
		BENCH_TEST(test_bound_connect_while_reading_is_absorbed_at_birth),
		BENCH_TEST(test_child_while_reading_is_absorbed),
		BENCH_TEST(test_child_without_peer_while_reading_is_absorbed_later),
		BENCH_TEST(test_short_connection_while_reading_leaves_nothing),
		BENCH_TEST(test_listen_while_reading_is_absorbed),
		BENCH_TEST(test_row_of_listener_is_not_its_childs),
		BENCH_TEST(test_row_belongs_to_the_one_that_closes_first),
		BENCH_TEST(test_listeners_on_one_address),
		BENCH_TEST(test_known_inode_beats_unknown),
		BENCH_TEST(test_event_of_another_on_one_address),
		BENCH_TEST(test_row_of_another_inode),
		BENCH_TEST(test_row_without_inode),
		BENCH_TEST(test_connects_without_port_meet_their_rows_by_inode),
		BENCH_TEST(test_only_syn_sent_rows_lend_their_port),
		BENCH_TEST(test_several_holders),
		BENCH_TEST(test_holders_of_an_absorbed_row),
		BENCH_TEST(test_inherited_owner_that_a_scan_confirms),
		cmocka_unit_test(test_memory_of_a_connection),
		BENCH_TEST(test_holders_stay_when_a_row_is_absorbed),
		BENCH_TEST(test_holders_stay_where_nothing_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
