// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests batches of sockets: the copy of a socket outlives the data that the socket borrowed.
 */
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "socket_batch.h"

static void add_socket(struct socket_batch *batch, uint32_t number)
{
	struct tcp_info info = {.tcpi_rtt = number, .tcpi_snd_cwnd = 10};
	char path[64], congestion[8];
	struct socket socket = {
		.protocol = PROTOCOL_UNIX,
		.inode = number,
		.path = path,
		.path_length = 2 + number % 50,
		.details = {.info = &info, .info_size = sizeof(info), .congestion = congestion},
	};

	memset(path, 'a' + (int)(number % 26), sizeof(path));
	strcpy(congestion, number % 2 ? "cubic" : "bbr");
	assert_int_equal(socket_batch_add(batch, &socket), 0);
	memset(path, 'X', sizeof(path));
	memset(congestion, 'X', sizeof(congestion));
	memset(&info, 'X', sizeof(info));
}

static void assert_kept(const struct socket *row, uint32_t number)
{
	assert_int_equal(row->inode, number);
	assert_int_equal(row->path_length, 2 + number % 50);
	for (size_t i = 0; i < row->path_length; i++)
		assert_int_equal(row->path[i], 'a' + (int)(number % 26));
	assert_int_equal(row->details.info->tcpi_rtt, number);
	assert_true((uintptr_t)row->details.info % _Alignof(struct tcp_info) == 0);
	assert_string_equal(row->details.congestion, number % 2 ? "cubic" : "bbr");
}

static void test_kept(void **state)
{
	struct socket_batch batch = {0};

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 5000; i++)
			add_socket(&batch, i + round);
		assert_int_equal(batch.count, 5000);
		for (uint32_t i = 0; i < 5000; i++)
			assert_kept(&batch.rows[i], i + round);
		socket_batch_clear(&batch);
		assert_int_equal(batch.count, 0);
	}
	socket_batch_free(&batch);
	assert_null(batch.rows);
	socket_batch_free(&batch);
}

static void test_nothing_borrowed(void **state)
{
	struct socket_batch batch = {0};
	struct socket plain = {.inode = 7};
	size_t most = 200000;
	char *longest = calloc(1, most);
	struct socket large = {.path = longest, .path_length = most};

	(void)state;
	assert_non_null(longest);
	assert_int_equal(socket_batch_add(&batch, &plain), 0);
	assert_int_equal(socket_batch_add(&batch, &large), 0);
	assert_null(batch.rows[0].path);
	assert_null(batch.rows[0].details.info);
	assert_memory_equal(batch.rows[1].path, longest, most);
	free(longest);
	socket_batch_free(&batch);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_nothing_borrowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
