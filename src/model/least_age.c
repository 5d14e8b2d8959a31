// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "least_age.h"

#include <linux/tcp.h>
#include <string.h>

#define MS 1000ULL

/* Both ends of a time that the kernel counts in ticks may be a tick late, and a tick takes 10 ms at most. */
#define TICKS_US (20 * MS)

#define TIME_WAIT_US (60000 * MS) /* TCP_TIMEWAIT_LEN, include/net/tcp.h */

/* Where tcp_info has its count of timeouts (16 bits) and the time since the first of them in milliseconds (32 bits).
 * Both came with Linux 6.7: older headers do not declare them. */
enum { INFO_TIMEOUTS = 240, INFO_TIMEOUTS_MS = 244, INFO_TIMEOUTS_END = 248 };

static uint64_t take_later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t without_ticks(uint64_t us)
{
	return us > TICKS_US ? us - TICKS_US : 0;
}

static bool has_info(const struct socket *socket, size_t field_end)
{
	return socket->details.info && socket->details.info_size >= field_end;
}

#define HAS_INFO(socket, field)                                                                                        \
	has_info(socket, offsetof(struct tcp_info, field) + sizeof((socket)->details.info->field))

/* What is left of a TIME_WAIT's minute tells how much of it is over. A packet of the peer may begin the minute anew. */
static uint64_t read_time_wait(const struct socket *socket)
{
	uint64_t left_us = socket->timer_ms * MS;

	return socket->timer == TIMER_TIME_WAIT && left_us < TIME_WAIT_US ? without_ticks(TIME_WAIT_US - left_us) : 0;
}

/* A connect() that has not been sent again waits for the first time. */
static uint64_t read_first_wait(const struct socket *socket)
{
	uint64_t rto_us = HAS_INFO(socket, tcpi_rto) ? socket->details.info->tcpi_rto : socket->rto_ms * MS;
	uint64_t left_us = socket->timer_ms * MS;

	return socket->timer == TIMER_RETRANSMIT && left_us < rto_us ? without_ticks(rto_us - left_us) : 0;
}

/* True where all timeouts of the connection are those that it is waiting in now. */
static bool read_time_of_timeouts(const struct socket *socket, uint64_t *us)
{
	const char *info = (const char *)socket->details.info;
	uint16_t timeouts;
	uint32_t ms;

	if (!has_info(socket, INFO_TIMEOUTS_END))
		return false;
	memcpy(&timeouts, info + INFO_TIMEOUTS, sizeof(timeouts));
	memcpy(&ms, info + INFO_TIMEOUTS_MS, sizeof(ms));
	*us = ms * MS;
	return timeouts == socket->retransmits;
}

/* The time since the oldest segment without an acknowledgement was first sent; 0 where none was sent again. Each wait
 * for one is twice the wait before, or as long (the first ones of a connect(), net.ipv4.tcp_syn_linear_timeouts): `rto`
 * is the present one, and `backoff` says how often it was doubled; where that is not known, as often as can be. What
 * has passed of the present wait does not count: TCP_USER_TIMEOUT may have shortened it. */
static uint64_t read_retransmits(const struct socket *socket)
{
	uint64_t rto_us = socket->rto_ms * MS, first_us, since_us;
	unsigned int backoff = socket->retransmits;

	if (HAS_INFO(socket, tcpi_rto)) {
		rto_us = socket->details.info->tcpi_rto;
		backoff = socket->details.info->tcpi_backoff;
	}
	if (socket->timer != TIMER_RETRANSMIT || !socket->retransmits || backoff > socket->retransmits || backoff > 31)
		return 0;
	first_us = rto_us >> backoff;
	if (read_time_of_timeouts(socket, &since_us))
		return without_ticks(first_us + since_us);
	return without_ticks((socket->retransmits - backoff) * first_us + rto_us - first_us);
}

/* The time since the last segment with an acknowledgement came. */
static uint64_t read_last_ack(const struct socket *socket)
{
	return HAS_INFO(socket, tcpi_last_ack_recv) ? without_ticks(socket->details.info->tcpi_last_ack_recv * MS) : 0;
}

/* The time since data was last sent, and last came. That of sending begins when the connection does; that of coming
 * too, but where both ends have connected to each other: there no data has been coming since the system started. */
static uint64_t read_last_data(const struct socket *socket)
{
	const struct tcp_info *info = socket->details.info;
	uint64_t sent_ms, came_ms;

	if (!HAS_INFO(socket, tcpi_data_segs_in))
		return 0;
	sent_ms = info->tcpi_last_data_sent;
	came_ms = info->tcpi_data_segs_in ? info->tcpi_last_data_recv : 0;
	return without_ticks(take_later(sent_ms, came_ms) * MS);
}

/* True when all that is not acknowledged is the FIN, which the socket sent in its present state. */
static bool awaits_only_ack_of_fin(const struct socket *socket)
{
	return (socket->state == STATE_FIN_WAIT1 || socket->state == STATE_LAST_ACK) && socket->sendq == 1;
}

/* True where data came with the SYN: the times of data may be older than the state. */
static bool came_with_data(const struct socket *socket)
{
	return HAS_INFO(socket, tcpi_options) && socket->details.info->tcpi_options & TCPI_OPT_SYN_DATA;
}

static uint64_t find_time_connected(const struct socket *socket)
{
	return take_later(take_later(read_last_data(socket), read_last_ack(socket)), read_retransmits(socket));
}

static uint64_t find_time_in_state(const struct socket *socket)
{
	switch (socket->state) {
	case STATE_SYN_SENT:
		return socket->retransmits ? read_retransmits(socket) : read_first_wait(socket);
	case STATE_ESTABLISHED:
		return came_with_data(socket) ? read_last_ack(socket) : find_time_connected(socket);
	case STATE_FIN_WAIT1:
	case STATE_LAST_ACK:
		return awaits_only_ack_of_fin(socket) ? read_retransmits(socket) : 0;
	case STATE_FIN_WAIT2: /* a segment that came has brought the socket into these states, or came later */
	case STATE_CLOSE_WAIT:
	case STATE_CLOSING:
		return read_last_ack(socket);
	default:
		return 0;
	}
}

struct least_age least_age_of(const struct socket *socket)
{
	bool was_connected = socket->state != STATE_SYN_SENT && socket->state != STATE_SYN_RECV &&
			     socket->state != STATE_LISTEN && socket->state != STATE_CLOSE;
	struct least_age age = {0};

	if (socket->protocol != PROTOCOL_TCP)
		return age;
	if (socket->mini) {
		age.in_state_us = socket->state == STATE_TIME_WAIT ? read_time_wait(socket) : 0;
		age.alive_us = age.in_state_us;
		return age;
	}
	age.in_state_us = find_time_in_state(socket);
	age.alive_us = take_later(age.in_state_us, was_connected ? find_time_connected(socket) : 0);
	return age;
}
