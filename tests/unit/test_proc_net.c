// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the parser of /proc/net/tcp and tcp6. The lines are as Linux 6.18 printed them on x86-64, so their addresses
 * are for little-endian machines.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "cleanup.h"
#include "event.h"
#include "proc_net.h"
#include "socket.h"

enum { NETNS = 4026531840U >> 1 };

#define HEADING4                                                                                                       \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     "
#define HEADING6                                                                                                       \
	"  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"

#define LISTEN4                                                                                                        \
	"   1: 0100007F:DF95 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 40364971 3 00000000ddfa0c5a 100 0 0 10 0                  "
#define UNACCEPTED4                                                                                                    \
	"  15: 0100007F:DF95 0100007F:E732 01 00000000:000002BC 00:00000000 00000000     0        0 0 1 00000000fa0589a9 20 4 30 10 -1                        "
#define ESTABLISHED4                                                                                                   \
	"  38: 0100007F:E732 0100007F:DF95 01 00000011:00000022 00:00000000 00000000  1000        0 40364973 2 00000000f80eb06f 20 0 0 11 -1                  "
#define REQUEST4                                                                                                       \
	"  49: 0100007F:DF95 0100007F:E72A 03 00000000:00000000 01:00000059 00000000     0        0 0 0 000000007a62345a                                      "
#define TIME_WAIT4                                                                                                     \
	"   2: 0100007F:931D 0100007F:AA96 06 00000000:00000000 03:0000021C 00000000     0        0 0 3 00000000b6987e57                                      "
#define LISTEN6                                                                                                        \
	"   0: 00000000000000000000000001000000:D397 00000000000000000000000000000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 40369066 3 00000000c684fdc5 100 0 0 10 0"
#define MAPPED6                                                                                                        \
	"   1: 0000000000000000FFFF00000100007F:15B3 0000000000000000FFFF00000100007F:D750 01 00000000:00000000 00:00000000 00000000     0        0 13028668 1 000000009268b80f 20 0 0 10 -1"
#define REQUEST6                                                                                                       \
	"   1: 00000000000000000000000001000000:D397 00000000000000000000000001000000:A4B6 03 00000000:00000000 01:00000059 00000000     0        0 0 0 0000000091379c64"
#define TIME_WAIT6                                                                                                     \
	"   2: 00000000000000000000000001000000:D397 00000000000000000000000001000000:A4B8 06 00000000:00000000 03:0000176B 00000000     0        0 0 3 000000002eb53b07"

static void skip_on_big_endian(void)
{
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) {
		print_message("    skipped: the lines are a little-endian machine's\n");
		skip();
	}
}

/* ---- lines ---- */

struct line_read {
	const char *line;
	uint8_t family;
	const char *laddr;
	uint16_t lport;
	const char *raddr;
	uint16_t rport;
	uint8_t state;
	uint32_t sendq, recvq, uid, inode;
};

static const struct line_read sockets[] = {
	{LISTEN4, 4, "127.0.0.1", 57237, "0.0.0.0", 0, STATE_LISTEN, QUEUE_UNKNOWN, 1, 0, 40364971},
	{UNACCEPTED4, 4, "127.0.0.1", 57237, "127.0.0.1", 59186, STATE_ESTABLISHED, 0, 700, 0, 0},
	{ESTABLISHED4, 4, "127.0.0.1", 59186, "127.0.0.1", 57237, STATE_ESTABLISHED, 0x11, 0x22, 1000, 40364973},
	{LISTEN6, 6, "::1", 54167, "::", 0, STATE_LISTEN, QUEUE_UNKNOWN, 1, 0, 40369066},
	{MAPPED6, 6, "::ffff:127.0.0.1", 5555, "::ffff:127.0.0.1", 55120, STATE_ESTABLISHED, 0, 0, 0, 13028668},
};

static void assert_row(const struct proc_row *row, const struct line_read *wanted)
{
	char text[ADDRESS_TEXT_MAX];

	address_text(&row->tuple.laddr, wanted->family, text);
	assert_string_equal(text, wanted->laddr);
	address_text(&row->tuple.raddr, wanted->family, text);
	assert_string_equal(text, wanted->raddr);
	assert_int_equal(address_is_ipv4(&row->tuple.laddr), strchr(wanted->laddr, '.') != NULL);
	assert_int_equal(row->tuple.lport, wanted->lport);
	assert_int_equal(row->tuple.rport, wanted->rport);
	assert_int_equal(row->tuple.netns, NETNS);
	assert_int_equal(row->tuple.family, wanted->family);
	assert_int_equal(row->state, wanted->state);
	assert_int_equal(row->sendq, wanted->sendq);
	assert_int_equal(row->recvq, wanted->recvq);
	assert_int_equal(row->uid, wanted->uid);
	assert_int_equal(row->inode, wanted->inode);
}

static void test_sockets(void **state)
{
	(void)state;
	skip_on_big_endian();
	for (size_t i = 0; i < COUNT_OF(sockets); i++) {
		struct proc_row row;

		assert_int_equal(proc_net_parse(sockets[i].line, sockets[i].family, NETNS, &row), 1);
		assert_row(&row, &sockets[i]);
	}
}

static void test_headings(void **state)
{
	struct proc_row row;

	(void)state;
	assert_int_equal(proc_net_parse(HEADING4, 4, NETNS, &row), 0);
	assert_int_equal(proc_net_parse(HEADING6, 6, NETNS, &row), 0);
}

static const struct line_read minis[] = {
	{REQUEST4, 4, "127.0.0.1", 57237, "127.0.0.1", 59178, STATE_SYN_RECV, 0, 0, 0, 0},
	{TIME_WAIT4, 4, "127.0.0.1", 37661, "127.0.0.1", 43670, STATE_TIME_WAIT, 0, 0, 0, 0},
	{REQUEST6, 6, "::1", 54167, "::1", 42166, STATE_SYN_RECV, 0, 0, 0, 0},
	{TIME_WAIT6, 6, "::1", 54167, "::1", 42168, STATE_TIME_WAIT, 0, 0, 0, 0},
};

/* Parses minisockets, which the kernel keeps without a socket. A FIN_WAIT2 that its process has closed is shown like a
 * TIME_WAIT. */
static void test_minisockets(void **state)
{
	struct proc_row row;

	(void)state;
	skip_on_big_endian();
	for (size_t i = 0; i < COUNT_OF(minis); i++) {
		assert_int_equal(proc_net_parse(minis[i].line, minis[i].family, NETNS, &row), 1);
		assert_row(&row, &minis[i]);
		assert_true(row.mini);
	}
	assert_int_equal(
		proc_net_parse(
			"   2: 0100007F:931D 0100007F:AA96 05 00000000:00000000 03:0000021C 00000000     0        0 0 3 00000000b6987e57                                      ",
			4, NETNS, &row),
		1);
	assert_true(row.mini);
	assert_int_equal(row.state, STATE_FIN_WAIT2);
	assert_int_equal(row.tuple.lport, 0x931d);
	assert_int_equal(proc_net_parse(ESTABLISHED4, 4, NETNS, &row), 1);
	assert_false(row.mini);
}

/* A whole line, of which one field may be odd. */
#define ODD(local, remote, tcp_state, queues, uid, inode)                                                              \
	"   1: " local " " remote " " tcp_state " " queues " 00:00000000 00000000 " uid " 0 " inode                    \
	" 2 00000000f80eb06f 20 0 0 11 -1"
#define A "0100007F:E732"
#define B "0100007F:DF95"
#define Q "00000000:00000000"

static void test_states_that_no_event_names(void **state)
{
	static const char *const lines[] = {ODD(A, B, "00", Q, "0", "5"), ODD(A, B, "0C", Q, "0", "5"),
					    ODD(A, B, "0D", Q, "0", "5"), ODD(A, B, "FF", Q, "0", "5")};
	struct proc_row row;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		assert_int_equal(proc_net_parse(lines[i], 4, NETNS, &row), 0);
	assert_int_equal(proc_net_parse(ODD(A, B, "0B", Q, "0", "5"), 4, NETNS, &row), 1);
}

static void test_timers(void **state)
{
	(void)state;
	for (unsigned int timer = 0; timer <= UINT8_MAX; timer++) {
		struct proc_row row;
		char line[256];

		snprintf(
			line, sizeof(line),
			"   0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 %02X:00000014 00000000  1000        0 5 1 "
			"0000000000000000 20 4 30 10 -1",
			timer);
		assert_int_equal(proc_net_parse(line, 4, NETNS, &row), 1);
		assert_int_equal(row.timer, timer < TIMER_COUNT ? timer : TIMER_NONE);
	}
}

static void test_hostile_lines(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"\n",
		"0",
		"1:",
		"garbage",
		"a b c d e f g h i j k l m n o p",
		"1: : : : : : : : : : : : : : : :",
		"\xff\xfe\033[2J \001 \002 \003 \004 \005 \006 \007 \010 \016 \017 \020 \021 \022",
		"%s %s %s %s %n %n %n %s %s %s %s %s %s %s",
		ODD("100007F:E732", B, "01", Q, "0", "5"),
		ODD("00100007F:E732", B, "01", Q, "0", "5"),
		ODD("0100007f:E732", B, "01", Q, "0", "5"), /* the kernel prints capitals */
		ODD("0100007G:E732", B, "01", Q, "0", "5"),
		ODD("0100007F-E732", B, "01", Q, "0", "5"),
		ODD("0100007F:E73", B, "01", Q, "0", "5"),
		ODD("0100007F:0E732", B, "01", Q, "0", "5"),
		ODD("0100007F", B, "01", Q, "0", "5"),
		ODD("-100007F:E732", B, "01", Q, "0", "5"),
		ODD("0x00007F:E732", B, "01", Q, "0", "5"),
		ODD("00000000000000000000000001000000:D397", B, "01", Q, "0", "5"),
		ODD(A, "0100007F:", "01", Q, "0", "5"),
		ODD(A, ":DF95", "01", Q, "0", "5"),
		ODD(A, B, "1", Q, "0", "5"),
		ODD(A, B, "G1", Q, "0", "5"),
		ODD(A, B, "-1", Q, "0", "5"),
		ODD(A, B, "01", "0000000:00000000", "0", "5"),
		ODD(A, B, "01", "00000000", "0", "5"),
		ODD(A, B, "01", "00000000:0000000", "0", "5"),
		ODD(A, B, "01", Q, "-1", "5"),
		ODD(A, B, "01", Q, "x", "5"),
		ODD(A, B, "01", Q, "4294967296", "5"),
		ODD(A, B, "01", Q, "0", "-5"),
		ODD(A, B, "01", Q, "0", "5x"),
		ODD(A, B, "01", Q, "0", "4294967296"),
		ODD(A, B, "01", Q, "0", "99999999999999999999999999999999"),
	};
	struct proc_row row, before;

	(void)state;
	memset(&row, 0x5a, sizeof(row));
	before = row;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		if (proc_net_parse(lines[i], 4, NETNS, &row) != -EINVAL)
			fail_msg("\"%s\" is accepted", lines[i]);
		assert_memory_equal(&row, &before, sizeof(row));
	}
}

/* Refuses fields with more digits than the kernel ever prints in a state or a queue. */
static void test_fields_that_are_too_long(void **state)
{
	static const char *const lines[] = {
		ODD(A, B, "01F", Q, "0", "5"),
		ODD(A, B, "0A1", Q, "0", "5"),
		ODD(A, B, "01", "00000000:000000000", "0", "5"),
		ODD(A, B, "01", "00000000:00000000x", "0", "5"),
	};
	struct proc_row row;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		if (proc_net_parse(lines[i], 4, NETNS, &row) != -EINVAL)
			fail_msg("\"%s\" is accepted", lines[i]);
}

/* Refuses a line of one family as a line of the other. */
static void test_wrong_family(void **state)
{
	struct proc_row row;

	(void)state;
	assert_int_equal(proc_net_parse(ESTABLISHED4, 6, NETNS, &row), -EINVAL);
	assert_int_equal(proc_net_parse(MAPPED6, 4, NETNS, &row), -EINVAL);
}

static void test_every_prefix(void **state)
{
	(void)state;
	skip_on_big_endian();
	for (size_t i = 0; i < COUNT_OF(sockets); i++)
		for (size_t length = strlen(sockets[i].line); length > 0; length--) {
			/* of the exact size, so that a read beyond the end is seen */
			char *prefix = strndup(sockets[i].line, length - 1);
			struct proc_row row;

			assert_non_null(prefix);
			if (proc_net_parse(prefix, sockets[i].family, NETNS, &row) == 1)
				assert_row(&row, &sockets[i]);
			free(prefix);
		}
}

static void test_random_damage(void **state)
{
	uint64_t seed = 99;

	(void)state;
	print_message("    seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 100000; round++) {
		char *line = strdup(sockets[round % COUNT_OF(sockets)].line);
		struct proc_row row;
		int got;

		assert_non_null(line);
		for (int i = 0; i < 3; i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			line[(seed >> 33) % strlen(line)] = (char)(1 + (seed >> 20) % 255);
		}
		got = proc_net_parse(line, sockets[round % COUNT_OF(sockets)].family, NETNS, &row);
		assert_true(got == 0 || got == 1 || got == -EINVAL);
		if (got == 1)
			assert_true(row.state > STATE_UNKNOWN && row.state < STATE_COUNT);
		free(line);
	}
}

/* ---- files ---- */

struct file_read {
	struct proc_rows rows;
	size_t odd;
	int err;
};

static int file_of(const char *bytes, size_t length)
{
	int fd = memfd_create("proc_net", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static struct file_read read_bytes(const char *bytes, size_t length)
{
	struct file_read got = {.err = 0};
	int fd = file_of(bytes, length);

	got.err = proc_net_read(fd, 4, NETNS, &got.rows, &got.odd);
	close(fd);
	return got;
}

static void assert_read(const char *bytes, size_t length, size_t count, size_t odd)
{
	struct file_read got = read_bytes(bytes, length);

	assert_int_equal(got.err, 0);
	assert_int_equal(got.rows.count, count);
	assert_int_equal(got.odd, odd);
	proc_rows_free(&got.rows);
	assert_null(got.rows.rows);
}

#define FILE4 HEADING4 "\n" LISTEN4 "\n" TIME_WAIT4 "\n" UNACCEPTED4 "\n" REQUEST4 "\n" ESTABLISHED4 "\n"
enum { IN_FILE4 = 5 };

static const struct line_read *const in_file4[IN_FILE4] = {&sockets[0], &minis[1], &sockets[1], &minis[0], &sockets[2]};

static void test_file(void **state)
{
	(void)state;
	assert_read(FILE4, strlen(FILE4), IN_FILE4, 0);
	assert_read(HEADING4 "\n", strlen(HEADING4) + 1, 0, 0);
	assert_read("", 0, 0, 0);
	assert_read(FILE4 "bogus\n" FILE4 "\n", 2 * strlen(FILE4) + 7, 2 * IN_FILE4, 2);
}

struct trickle {
	int fd;
	const char *bytes;
	size_t length, step;
};

static void *write_slowly(void *argument)
{
	struct trickle *trickle = argument;

	for (size_t at = 0; at < trickle->length; at += trickle->step) {
		size_t left = trickle->length - at;

		if (write(trickle->fd, trickle->bytes + at, left < trickle->step ? left : trickle->step) < 0)
			break;
	}
	close(trickle->fd);
	return NULL;
}

/* A pipe in packet mode hands out each write by itself: the rows come in pieces. */
static void test_rows_split_across_reads(void **state)
{
	static const size_t steps[] = {1, 2, 7, 149, 150, 151, 1000};

	(void)state;
	skip_on_big_endian();
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct trickle trickle = {.bytes = FILE4, .length = strlen(FILE4), .step = steps[i]};
		struct file_read got = {.err = 0};
		pthread_t thread;
		int ends[2];

		assert_int_equal(pipe2(ends, O_DIRECT | O_CLOEXEC), 0);
		trickle.fd = ends[1];
		assert_int_equal(pthread_create(&thread, NULL, write_slowly, &trickle), 0);
		got.err = proc_net_read(ends[0], 4, NETNS, &got.rows, &got.odd);
		pthread_join(thread, NULL);
		close(ends[0]);
		assert_int_equal(got.err, 0);
		assert_int_equal(got.odd, 0);
		assert_int_equal(got.rows.count, IN_FILE4);
		for (size_t row = 0; row < IN_FILE4; row++)
			assert_row(&got.rows.rows[row], in_file4[row]);
		proc_rows_free(&got.rows);
	}
}

static void test_many_rows(void **state)
{
	enum { MANY = 5000 };
	char *text = malloc(strlen(HEADING4) + 1 + MANY * (strlen(ESTABLISHED4) + 1) + 1), *end;
	struct file_read got;

	(void)state;
	assert_non_null(text);
	end = stpcpy(text, HEADING4 "\n");
	for (int i = 0; i < MANY; i++) {
		end = stpcpy(end, ESTABLISHED4 "\n");
		memcpy(end - strlen(ESTABLISHED4 "\n") + strlen("  38: 0100007F:"),
		       (char[4]){"0123456789ABCDEF"[i >> 12 & 15], "0123456789ABCDEF"[i >> 8 & 15],
				 "0123456789ABCDEF"[i >> 4 & 15], "0123456789ABCDEF"[i & 15]},
		       4);
	}
	got = read_bytes(text, (size_t)(end - text));
	assert_int_equal(got.err, 0);
	assert_int_equal(got.odd, 0);
	assert_int_equal(got.rows.count, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(got.rows.rows[i].tuple.lport, i);
	proc_rows_free(&got.rows);
	free(text);
}

static void test_rows_are_appended(void **state)
{
	struct file_read got = read_bytes(FILE4, strlen(FILE4));
	int fd = file_of(FILE4, strlen(FILE4));

	(void)state;
	assert_int_equal(proc_net_read(fd, 4, NETNS, &got.rows, &got.odd), 0);
	assert_int_equal(got.rows.count, 2 * IN_FILE4);
	proc_rows_free(&got.rows);
	close(fd);
}

static void test_unreadable(void **state)
{
	struct file_read got = {.err = 0};

	(void)state;
	assert_int_equal(proc_net_read(-1, 4, NETNS, &got.rows, &got.odd), -EBADF);
	assert_int_equal(got.rows.count, 0);
	proc_rows_free(&got.rows);
}

/* Returns `count` filler bytes, then `end`. */
static char *long_text(size_t count, const char *end)
{
	char *text = malloc(count + strlen(end) + 1);

	assert_non_null(text);
	memset(text, 'x', count);
	strcpy(text + count, end);
	return text;
}

static void test_overlong_line_is_passed_over(void **state)
{
	char *text = long_text(50000, "\n" FILE4);
	struct file_read got = read_bytes(text, strlen(text));

	(void)state;
	assert_int_equal(got.err, 0);
	assert_int_equal(got.rows.count, IN_FILE4);
	assert_true(got.odd >= 1);
	proc_rows_free(&got.rows);
	free(text);
}

/* Text in the middle of an overlong line is no row, even if it looks like one. */
static void test_no_row_within_an_overlong_line(void **state)
{
	char *text = long_text(32775, " " ESTABLISHED4 "\n" LISTEN4 "\n");

	(void)state;
	for (size_t start = 0; start < 20; start++) {
		struct file_read got = read_bytes(text + start, strlen(text + start));

		assert_int_equal(got.err, 0);
		assert_int_equal(got.rows.count, 1);
		assert_int_equal(got.rows.rows[0].state, STATE_LISTEN);
		assert_true(got.odd >= 1);
		proc_rows_free(&got.rows);
	}
	free(text);
}

/* No line is lost in silence: neither one without an end, nor those behind a NUL. */
static void test_what_is_lost_is_counted(void **state)
{
	static const char with_nul[] = LISTEN4 "\n   2: 01\0garbage\n" ESTABLISHED4 "\n";
	struct file_read got = read_bytes(FILE4 LISTEN4, strlen(FILE4 LISTEN4));

	(void)state;
	assert_int_equal(got.rows.count, IN_FILE4);
	assert_int_equal(got.odd, 1);
	proc_rows_free(&got.rows);
	got = read_bytes(with_nul, sizeof(with_nul) - 1);
	assert_true(got.rows.count >= 1);
	assert_true(got.odd >= 1);
	proc_rows_free(&got.rows);
}

/* Reads this machine's own table. */
static void test_living_file(void **state)
{
	CLEANUP(cleanup_close) int fd = open("/proc/self/net/tcp", O_RDONLY | O_CLOEXEC);
	struct file_read got = {.err = 0};

	(void)state;
	if (fd < 0) {
		print_message("    skipped: no /proc/self/net/tcp here\n");
		skip();
	}
	assert_int_equal(proc_net_read(fd, 4, NETNS, &got.rows, &got.odd), 0);
	assert_int_equal(got.odd, 0);
	proc_rows_free(&got.rows);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_headings),
		cmocka_unit_test(test_minisockets),
		cmocka_unit_test(test_states_that_no_event_names),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_hostile_lines),
		cmocka_unit_test(test_fields_that_are_too_long),
		cmocka_unit_test(test_wrong_family),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_rows_split_across_reads),
		cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_rows_are_appended),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_overlong_line_is_passed_over),
		cmocka_unit_test(test_no_row_within_an_overlong_line),
		cmocka_unit_test(test_what_is_lost_is_counted),
		cmocka_unit_test(test_living_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
