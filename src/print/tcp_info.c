// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp_info.h"

#include <linux/tcp.h>

#include "count_of.h"
#include "json_parts.h"

enum { NEVER_SET_SSTHRESH = 0x7fffffff, FIRST_REORDERING = 3, US_PER_MS = 1000, BITS = 8 };

/* Units in which the kernel gives the fields. */
enum unit {
	COUNT,
	TIME_US, /* microseconds; written as milliseconds in text */
	TIME_MS, /* milliseconds; written as microseconds in JSON */
	RATE,    /* bytes a second; written as bits a second in text */
};

struct field {
	const char *text; /* NULL: not in the text */
	const char *json;
	size_t offset;
	size_t size;
	enum unit unit;
};

#define FIELD(text, json, member, unit)                                                                                \
	{                                                                                                              \
		text, json, offsetof(struct tcp_info, member), sizeof(((struct tcp_info *)0)->member), unit            \
	}

/* The fields, in the order of ss. */
static const struct field fields[] = {
	FIELD("rto", "rto_us", tcpi_rto, TIME_US),
	FIELD(NULL, "rtt_us", tcpi_rtt, TIME_US),
	FIELD(NULL, "rttvar_us", tcpi_rttvar, TIME_US),
	FIELD("ato", "ato_us", tcpi_ato, TIME_US),
	FIELD("mss", "mss", tcpi_snd_mss, COUNT),
	FIELD("pmtu", "pmtu", tcpi_pmtu, COUNT),
	FIELD("rcvmss", "rcv_mss", tcpi_rcv_mss, COUNT),
	FIELD("advmss", "advmss", tcpi_advmss, COUNT),
	FIELD("cwnd", "cwnd", tcpi_snd_cwnd, COUNT),
	FIELD("ssthresh", "ssthresh", tcpi_snd_ssthresh, COUNT),
	FIELD("bytes_sent", "bytes_sent", tcpi_bytes_sent, COUNT),
	FIELD("bytes_retrans", "bytes_retrans", tcpi_bytes_retrans, COUNT),
	FIELD("bytes_acked", "bytes_acked", tcpi_bytes_acked, COUNT),
	FIELD("bytes_received", "bytes_received", tcpi_bytes_received, COUNT),
	FIELD("segs_out", "segs_out", tcpi_segs_out, COUNT),
	FIELD("segs_in", "segs_in", tcpi_segs_in, COUNT),
	FIELD("data_segs_out", "data_segs_out", tcpi_data_segs_out, COUNT),
	FIELD("data_segs_in", "data_segs_in", tcpi_data_segs_in, COUNT),
	FIELD("lastsnd", "last_data_sent_us", tcpi_last_data_sent, TIME_MS),
	FIELD("lastrcv", "last_data_recv_us", tcpi_last_data_recv, TIME_MS),
	FIELD("lastack", "last_ack_recv_us", tcpi_last_ack_recv, TIME_MS),
	FIELD("pacing_rate", "pacing_rate", tcpi_pacing_rate, RATE),
	FIELD("delivery_rate", "delivery_rate", tcpi_delivery_rate, RATE),
	FIELD("delivered", "delivered", tcpi_delivered, COUNT),
	FIELD("busy", "busy_us", tcpi_busy_time, TIME_US),
	FIELD("rwnd_limited", "rwnd_limited_us", tcpi_rwnd_limited, TIME_US),
	FIELD("sndbuf_limited", "sndbuf_limited_us", tcpi_sndbuf_limited, TIME_US),
	FIELD("unacked", "unacked", tcpi_unacked, COUNT),
	FIELD(NULL, "retrans", tcpi_retrans, COUNT),
	FIELD(NULL, "total_retrans", tcpi_total_retrans, COUNT),
	FIELD("lost", "lost", tcpi_lost, COUNT),
	FIELD("sacked", "sacked", tcpi_sacked, COUNT),
	FIELD("dsack_dups", "dsack_dups", tcpi_dsack_dups, COUNT),
	FIELD("reordering", "reordering", tcpi_reordering, COUNT),
	FIELD("reord_seen", "reord_seen", tcpi_reord_seen, COUNT),
	FIELD("backoff", "backoff", tcpi_backoff, COUNT),
	FIELD("rcv_rtt", "rcv_rtt_us", tcpi_rcv_rtt, TIME_US),
	FIELD("rcv_space", "rcv_space", tcpi_rcv_space, COUNT),
	FIELD("rcv_ssthresh", "rcv_ssthresh", tcpi_rcv_ssthresh, COUNT),
	FIELD("notsent", "notsent_bytes", tcpi_notsent_bytes, COUNT),
	FIELD("minrtt", "min_rtt_us", tcpi_min_rtt, TIME_US),
	FIELD("snd_wnd", "snd_wnd", tcpi_snd_wnd, COUNT),
};

/* The options that the two ends have agreed upon, in the order of ss (which shows them under -e only). */
static const struct {
	uint8_t bit;
	const char *word;
} agreements[] = {
	{TCPI_OPT_TIMESTAMPS, "ts"},    {TCPI_OPT_SACK, "sack"},         {TCPI_OPT_ECN, "ecn"},
	{TCPI_OPT_ECN_SEEN, "ecnseen"}, {TCPI_OPT_SYN_DATA, "fastopen"},
};

enum { AGREEMENT_COUNT = COUNT_OF(agreements) };

enum { FIELD_COUNT = COUNT_OF(fields) };

/* Returns false where this kernel does not have the field, or has never measured the value. */
static bool read_tcp_info_field(const struct socket_details *details, const struct field *field, uint64_t *value)
{
	const char *at = (const char *)details->info + field->offset;
	uint64_t wide;
	uint32_t half;
	uint8_t byte;

	if (field->offset + field->size > details->info_size)
		return false;
	switch (field->size) {
	case sizeof(byte):
		memcpy(&byte, at, sizeof(byte));
		*value = byte;
		return true;
	case sizeof(half):
		memcpy(&half, at, sizeof(half));
		*value = half;
		return half != UINT32_MAX;
	default:
		memcpy(&wide, at, sizeof(wide));
		*value = wide;
		return wide != UINT64_MAX;
	}
}

/* ---- text ---- */

/* Writes milliseconds, to the microsecond. */
static void put_ms(uint64_t us, struct output *output)
{
	char digits[4] = {'.', (char)('0' + us / 100 % 10), (char)('0' + us / 10 % 10), (char)('0' + us % 10)};
	size_t length = sizeof(digits);

	output_u64(output, us / US_PER_MS);
	while (length > 1 && digits[length - 1] == '0')
		length--;
	if (length > 1)
		output_bytes(output, digits, length);
}

static void put_tcp_info_field(const struct field *field, uint64_t value, struct output *output)
{
	output_char(output, ' ');
	output_text(output, field->text);
	output_char(output, ':');
	switch (field->unit) {
	case COUNT:
	case TIME_MS:
		output_u64(output, value);
		break;
	case TIME_US:
		put_ms(value, output);
		break;
	case RATE:
		output_u64(output, value * BITS);
		output_text(output, "bps");
		break;
	}
}

static void put_pair(const char *label, uint64_t first, char separator, uint64_t second, bool times,
		     struct output *output)
{
	output_text(output, label);
	if (times)
		put_ms(first, output);
	else
		output_u64(output, first);
	output_char(output, separator);
	if (times)
		put_ms(second, output);
	else
		output_u64(output, second);
}

static bool reaches_offset(const struct socket_details *details, size_t offset)
{
	return offset <= details->info_size;
}

static uint8_t get_tcp_options(const struct socket_details *details)
{
	return reaches_offset(details, offsetof(struct tcp_info, tcpi_rto)) ? details->info->tcpi_options : 0;
}

static void put_agreements(const struct socket_details *details, struct output *output)
{
	uint8_t options = get_tcp_options(details);

	for (size_t i = 0; i < AGREEMENT_COUNT; i++) {
		if (options & agreements[i].bit) {
			output_text(output, agreements[i].word);
			output_char(output, ' ');
		}
	}
}

static void put_pairs(const struct socket_details *details, struct output *output)
{
	const struct tcp_info *info = details->info;

	if (get_tcp_options(details) & TCPI_OPT_WSCALE)
		put_pair(" wscale:", info->tcpi_snd_wscale, ',', info->tcpi_rcv_wscale, false, output);
	if (!reaches_offset(details, offsetof(struct tcp_info, tcpi_rcv_rtt)))
		return;
	if (info->tcpi_rtt)
		put_pair(" rtt:", info->tcpi_rtt, '/', info->tcpi_rttvar, true, output);
	if (reaches_offset(details, offsetof(struct tcp_info, tcpi_pacing_rate)) &&
	    (info->tcpi_retrans || info->tcpi_total_retrans))
		put_pair(" retrans:", info->tcpi_retrans, '/', info->tcpi_total_retrans, false, output);
}

/* A field that still has its initial value is not worth printing. */
static bool is_worth_printing(const struct field *field, uint64_t value)
{
	if (field->offset == offsetof(struct tcp_info, tcpi_snd_ssthresh))
		return true;
	if (field->offset == offsetof(struct tcp_info, tcpi_reordering))
		return value != FIRST_REORDERING;
	return field->text && value;
}

/* True for the fields that are reported of a listener. A listener has its queues where other sockets have `unacked` and
 * `sacked` (tcp_get_info()). */
static bool is_field_of_listener(const struct field *field)
{
	return field->offset == offsetof(struct tcp_info, tcpi_snd_cwnd) ||
	       field->offset == offsetof(struct tcp_info, tcpi_pacing_rate) ||
	       field->offset == offsetof(struct tcp_info, tcpi_reordering);
}

/* Reads a value that is to be reported; false: it is not. In SYN_SENT nothing has come or gone yet, and the times since
 * then are only the host's own. */
static bool read_reported_field(const struct socket *socket, const struct field *field, uint64_t *value)
{
	if (socket->state == STATE_LISTEN && !is_field_of_listener(field))
		return false;
	if (socket->state == STATE_SYN_SENT && field->unit == TIME_MS)
		return false;
	return read_tcp_info_field(&socket->details, field, value) &&
	       (field->offset != offsetof(struct tcp_info, tcpi_snd_ssthresh) || *value != NEVER_SET_SSTHRESH);
}

void tcp_info_text(const struct socket *socket, struct output *output)
{
	const struct socket_details *details = &socket->details;
	uint64_t value;

	put_agreements(details, output);
	output_text(output, details->congestion ? details->congestion : "-");
	put_pairs(details, output);
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (read_reported_field(socket, &fields[i], &value) && is_worth_printing(&fields[i], value))
			put_tcp_info_field(&fields[i], value, output);
	if (reaches_offset(details, offsetof(struct tcp_info, tcpi_rto)) &&
	    details->info->tcpi_delivery_rate_app_limited)
		output_text(output, " app_limited");
}

/* ---- JSON ---- */

static void put_options(const struct socket_details *details, struct json_writer *json)
{
	uint8_t options = get_tcp_options(details);

	json_array_begin(json, "options");
	for (size_t i = 0; i < AGREEMENT_COUNT; i++)
		if (options & agreements[i].bit)
			json_text(json, NULL, agreements[i].word, strlen(agreements[i].word));
	json_array_end(json);
}

void tcp_info_json(const struct socket *socket, struct json_writer *json)
{
	const struct socket_details *details = &socket->details;
	const struct tcp_info *info = details->info;
	uint64_t value = 0;
	bool scaled;

	json_object_begin(json, "tcp_info");
	if (details->congestion)
		json_text(json, "congestion", details->congestion, strlen(details->congestion));
	else
		json_null(json, "congestion");
	put_options(details, json);
	scaled = get_tcp_options(details) & TCPI_OPT_WSCALE;
	json_known(json, "snd_wscale", scaled ? info->tcpi_snd_wscale : 0, scaled);
	json_known(json, "rcv_wscale", scaled ? info->tcpi_rcv_wscale : 0, scaled);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		bool reported = read_reported_field(socket, &fields[i], &value);

		json_known(json, fields[i].json, reported && fields[i].unit == TIME_MS ? value * US_PER_MS : value,
			   reported);
	}
	json_object_end(json);
}
