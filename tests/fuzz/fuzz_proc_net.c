// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /proc/net/tcp and its like: each line is a socket, or is counted as odd, or is passed over. What was read, printed as
 * the kernel prints it, is read again as the same. Input: a byte (bit 0: IPv6, bit 1: the table is not TCP's), and the
 * text of the table.
 */
#include <errno.h>

#include "event.h"
#include "fuzz.h"
#include "proc_net.h"
#include "socket.h"

enum { NETNS = 4026531840u };

/* What the lines of a table came to. */
struct account {
	const struct proc_table *table;
	size_t rows, odd;
	uint64_t sum; /* of what the rows say */
};

static uint64_t sum_row(const struct proc_row *row)
{
	uint64_t sum = (uint64_t)row->inode << 32 ^ row->uid ^ (uint64_t)row->tuple.lport << 16 ^ row->tuple.rport;

	sum = sum * 31 + row->recvq;
	sum = sum * 31 + row->sendq;
	return sum * 31 + row->state * 8 + row->timer * 2 + row->mini;
}

static void count_row(struct account *account, const struct proc_row *row)
{
	account->rows++;
	account->sum = account->sum * 31 + sum_row(row);
}

static int check_row(void *context, const struct proc_row *row)
{
	struct account *account = context;

	MUST(row->state > STATE_UNKNOWN && row->state < STATE_COUNT);
	MUST(row->state != STATE_CLOSE || account->table->unconnected);
	MUST(row->timer < TIMER_COUNT);
	MUST(row->tuple.family == account->table->family && row->tuple.netns == NETNS);
	MUST(row->tuple.family == 6 || (address_is_ipv4(&row->tuple.laddr) && address_is_ipv4(&row->tuple.raddr)));
	MUST(row->state != STATE_LISTEN || row->sendq == QUEUE_UNKNOWN);
	MUST(row->owner_count == 0);
	count_row(account, row);
	return 0;
}

/* ---- the same lines, one by one ---- */

static char *put_address(char *at, const struct address *address, uint8_t family, uint16_t port)
{
	uint32_t words[4];

	memcpy(words, address->bytes, sizeof(words));
	for (int i = family == 4 ? 3 : 0; i < 4; i++)
		at += sprintf(at, "%08X", words[i]);
	return at + sprintf(at, ":%04X ", port);
}

/* As tcp4_seq_show() of net/ipv4/tcp_ipv4.c. */
static void check_printed_row(const struct proc_row *row)
{
	struct proc_row again = {.inode = 0};
	char line[256], *at = line + sprintf(line, "   0: ");

	at = put_address(at, &row->tuple.laddr, row->tuple.family, row->tuple.lport);
	at = put_address(at, &row->tuple.raddr, row->tuple.family, row->tuple.rport);
	at += sprintf(at, "%02X %08X:%08X %02X:%08X %08X %5u %8d %u 1 0000000000000000", row->state, row->sendq,
		      row->recvq, row->timer, row->timer_ticks, row->retransmits, row->uid, 0, row->inode);
	if (!row->mini)
		strcpy(at, " 100 0 0 10 0");
	MUST(proc_net_parse(line, row->tuple.family, NETNS, &again) == 1);
	MUST(sum_row(&again) == sum_row(row) && tuple_equal(&again.tuple, &row->tuple));
	MUST(again.timer_ticks == row->timer_ticks && again.retransmits == row->retransmits);
}

static void take_line(struct account *account, const char *text, size_t length)
{
	char *line = copy_text((const uint8_t *)text, length);
	struct proc_row row = {.state = STATE_UNKNOWN};
	int got = strlen(line) == length ? proc_net_parse(line, account->table->family, NETNS, &row) : -EINVAL;

	MUST(got == 1 || got == 0 || got == -EINVAL);
	account->odd += got < 0;
	if (got == 1)
		check_printed_row(&row);
	if (got == 1 && (row.state != STATE_CLOSE || account->table->unconnected))
		count_row(account, &row);
	free(line);
}

static struct account read_by_lines(const struct proc_table *table, const char *text, size_t size)
{
	struct account account = {.table = table};

	while (size) {
		const char *newline = memchr(text, '\n', size);
		size_t length = newline ? (size_t)(newline - text) : size;

		if (newline)
			take_line(&account, text, length);
		else
			account.odd++; /* the kernel ends each line */
		text += length + !!newline;
		size -= length + !!newline;
	}
	return account;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bits = take_byte(&data, &size);
	const struct proc_table table = {.netns = NETNS, .family = bits & 1 ? 6 : 4, .unconnected = bits & 2};
	struct account whole = {.table = &table};
	struct account lines = read_by_lines(&table, (const char *)data, size);

	MUST(proc_net_each(make_file(data, size), &table, check_row, &whole, &whole.odd) == 0);
	MUST(whole.rows == lines.rows && whole.odd == lines.odd && whole.sum == lines.sum);
	return 0;
}
