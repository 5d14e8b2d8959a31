// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "proc_net.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"
#include "grow.h"

/* "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 12345 1 0000000000000000 100 0
 * …" */
enum field {
	FIELD_LOCAL = 1,
	FIELD_REMOTE = 2,
	FIELD_STATE = 3,
	FIELD_QUEUES = 4,
	FIELD_TIMER = 5,
	FIELD_RETRANSMITS = 6,
	FIELD_UID = 7,
	FIELD_INODE = 9,
	FIELD_RTO = 12, /* of full TCP sockets; other protocols have another value there */
};

/* Lines of minisockets and request sockets end with the address of the socket; lines of full sockets go on. */
enum { MINI_FIELDS = 12, MAX_FIELDS = 13 };

void proc_rows_free(struct proc_rows *rows)
{
	free(rows->rows);
	memset(rows, 0, sizeof(*rows));
}

static size_t split_fields(const char *line, const char *fields[MAX_FIELDS])
{
	size_t count = 0;

	while (count < MAX_FIELDS) {
		line += strspn(line, " ");
		if (!*line)
			break;
		fields[count++] = line;
		line += strcspn(line, " ");
	}
	return count;
}

/* Reads exactly `digits` hexadecimal digits (at most 8), and moves *text past them. */
static int take_hex(const char **text, int digits, uint32_t *out)
{
	uint32_t value = 0;

	for (int i = 0; i < digits; i++) {
		char c = (*text)[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if (c >= 'A' && c <= 'F')
			value = value << 4 | (uint32_t)(c - 'A' + 10);
		else
			return -EINVAL;
	}
	*text += digits;
	*out = value;
	return 0;
}

static int take_char(const char **text, char wanted)
{
	if (**text != wanted)
		return -EINVAL;
	++*text;
	return 0;
}

static int take_u32(const char *text, uint32_t *out)
{
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + (uint64_t)(*at - '0');
		if (value > UINT32_MAX)
			return -EINVAL;
	}
	if (at == text || (*at && *at != ' '))
		return -EINVAL;
	*out = (uint32_t)value;
	return 0;
}

/* Reads address and port. The kernel prints each 32-bit word of the address, which is in network order, as a number in
 * this machine's byte order. */
static int take_endpoint(const char *text, uint8_t family, struct address *address, uint16_t *port)
{
	uint32_t words[4] = {0}, number;
	int count = family == 4 ? 1 : 4;
	uint8_t ipv4[4];

	for (int i = 0; i < count; i++)
		if (take_hex(&text, 8, &words[i]))
			return -EINVAL;
	if (take_char(&text, ':') || take_hex(&text, 4, &number) || take_char(&text, ' '))
		return -EINVAL;
	*port = (uint16_t)number;
	if (family == 6) {
		memcpy(address->bytes, words, sizeof(address->bytes));
		return 0;
	}
	memcpy(ipv4, words, sizeof(ipv4));
	*address = address_from_ipv4(ipv4);
	return 0;
}

static int take_queues(const char *text, struct proc_row *row)
{
	if (take_hex(&text, 8, &row->sendq) || take_char(&text, ':') || take_hex(&text, 8, &row->recvq) ||
	    take_char(&text, ' '))
		return -EINVAL;
	if (row->state == STATE_LISTEN)
		row->sendq = QUEUE_UNKNOWN;
	return 0;
}

static int take_timer(const char *timer, const char *retransmits, struct proc_row *row)
{
	uint32_t kind, count;

	if (take_hex(&timer, 2, &kind) || take_char(&timer, ':') || take_hex(&timer, 8, &row->timer_ticks) ||
	    take_char(&timer, ' ') || take_hex(&retransmits, 8, &count) || take_char(&retransmits, ' '))
		return -EINVAL;
	row->timer = kind < TIMER_COUNT ? (uint8_t)kind : TIMER_NONE;
	row->retransmits = count > UINT8_MAX ? UINT8_MAX : (uint8_t)count;
	return 0;
}

int proc_net_parse(const char *line, uint8_t family, uint32_t netns, struct proc_row *row)
{
	const char *fields[MAX_FIELDS];
	size_t count = split_fields(line, fields);
	struct proc_row parsed = {
		.tuple = {.netns = netns, .interface = INTERFACE_UNKNOWN, .family = family}}; /* not in /proc/net */
	uint32_t state;

	if (count && strncmp(fields[0], "sl", 2) == 0)
		return 0;
	if (count < MINI_FIELDS || take_hex(&fields[FIELD_STATE], 2, &state) || take_char(&fields[FIELD_STATE], ' ') ||
	    take_endpoint(fields[FIELD_LOCAL], family, &parsed.tuple.laddr, &parsed.tuple.lport) ||
	    take_endpoint(fields[FIELD_REMOTE], family, &parsed.tuple.raddr, &parsed.tuple.rport))
		return -EINVAL;
	parsed.state = (uint8_t)state;
	if (take_queues(fields[FIELD_QUEUES], &parsed) ||
	    take_timer(fields[FIELD_TIMER], fields[FIELD_RETRANSMITS], &parsed) ||
	    take_u32(fields[FIELD_UID], &parsed.uid) || take_u32(fields[FIELD_INODE], &parsed.inode))
		return -EINVAL;
	parsed.mini = count == MINI_FIELDS;
	if (!parsed.mini && take_u32(fields[FIELD_RTO], &parsed.rto_ticks))
		parsed.rto_ticks = 0; /* a listener's may be anything; of other protocols it is no time */
	if (state == STATE_UNKNOWN || state >= STATE_COUNT)
		return 0;
	*row = parsed;
	return 1;
}

static uint32_t ticks_to_ms(uint32_t ticks)
{
	return (uint32_t)(ticks * 1000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
}

struct socket proc_row_socket(const struct proc_row *row, enum protocol protocol)
{
	return (struct socket){
		.protocol = protocol,
		.state = row->state,
		.mini = row->mini,
		.tuple = row->tuple,
		.recvq = row->recvq,
		.sendq = row->sendq,
		.uid = row->mini && row->state != STATE_SYN_RECV ? UID_UNKNOWN : row->uid,
		.inode = row->inode,
		.timer = row->timer,
		.retransmits = row->retransmits,
		.timer_ms = ticks_to_ms(row->timer_ticks),
		.rto_ms = protocol == PROTOCOL_TCP ? ticks_to_ms(row->rto_ticks) : 0,
	};
}

static int append_proc_row(void *context, const struct proc_row *row)
{
	struct proc_rows *rows = context;

	if (!GROW(rows->rows, rows->count, rows->room, 64))
		return -ENOMEM;
	rows->rows[rows->count++] = *row;
	return 0;
}

/* Reads a table: the buffer holds what is read and not yet parsed. */
struct proc_table_reader {
	char buffer[1 << 15];
	size_t used;
	bool within_overlong; /* the buffer begins within a line too long to be the kernel's */
	const struct proc_table *table;
	proc_row_handler *handler;
	void *context;
	size_t odd; /* lines not understood */
};

static int take_proc_line(struct proc_table_reader *reader, char *line, size_t length)
{
	struct proc_row row = {.state = STATE_UNKNOWN};
	int got = -EINVAL;

	line[length] = '\0';
	if (strlen(line) == length)
		got = proc_net_parse(line, reader->table->family, reader->table->netns, &row);
	if (got < 0)
		reader->odd++;
	if (got <= 0 || (row.state == STATE_CLOSE && !reader->table->unconnected))
		return 0;
	return reader->handler(reader->context, &row);
}

/* Handles the whole lines in the buffer, and moves the rest to its start. */
static int take_proc_lines(struct proc_table_reader *reader)
{
	char *line = reader->buffer, *end = line + reader->used, *newline;
	int err = 0;

	while (!err && (newline = memchr(line, '\n', (size_t)(end - line)))) {
		if (!reader->within_overlong)
			err = take_proc_line(reader, line, (size_t)(newline - line));
		reader->within_overlong = false;
		line = newline + 1;
	}
	reader->used = (size_t)(end - line);
	memmove(reader->buffer, line, reader->used);
	if (reader->used == sizeof(reader->buffer)) {
		reader->odd += !reader->within_overlong;
		reader->within_overlong = true;
		reader->used = 0;
	}
	return err;
}

static int read_proc_lines(int fd, struct proc_table_reader *reader)
{
	int err = 0;

	while (!err) {
		ssize_t got = read(fd, reader->buffer + reader->used, sizeof(reader->buffer) - reader->used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		reader->used += (size_t)got;
		err = take_proc_lines(reader);
	}
	if (reader->used && !reader->within_overlong) /* a last line without a newline */
		reader->odd++;
	return err;
}

int proc_net_each(int fd, const struct proc_table *table, proc_row_handler *handler, void *context, size_t *odd)
{
	struct proc_table_reader reader = {.table = table, .handler = handler, .context = context};
	int err = read_proc_lines(fd, &reader);

	*odd += reader.odd;
	return err;
}

int proc_net_read(int fd, uint8_t family, uint32_t netns, struct proc_rows *rows, size_t *odd)
{
	const struct proc_table table = {.netns = netns, .family = family};

	return proc_net_each(fd, &table, append_proc_row, rows, odd);
}
