// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "verdict.h"

#include <errno.h>

#include "count_of.h"

static const struct {
	const char *name;
	const char *text;
} reasons[] = {
	[REASON_NONE] = {NULL, NULL},
	[REASON_REFUSED] = {"refused", "refused"},
	[REASON_TIMED_OUT] = {"timed_out", "timed out"},
	[REASON_GAVE_UP] = {"gave_up", "gave up"},
	[REASON_NO_LOCAL_PORT] = {"no_local_port", "no local port"},
	[REASON_NEVER_SENT] = {"never_sent", "nothing was sent"},
	[REASON_UNREACHABLE] = {"unreachable", "unreachable"},
	[REASON_RESET_BY_PEER] = {"reset_by_peer", "reset by peer"},
	[REASON_ABORTED_HERE] = {"aborted_here", "aborted here"},
	[REASON_KILLED] = {"killed", "killed by admin"},
	[REASON_CLOSED_BY_US] = {"closed_by_us", "closed by us first"},
	[REASON_CLOSED_BY_PEER] = {"closed_by_peer", "closed by peer first"},
	[REASON_CLOSED_BY_BOTH] = {"closed_by_both", "closed by both at once"},
	[REASON_STOPPED_LISTENING] = {"stopped_listening", "stopped listening"},
	[REASON_FAILED] = {"failed", "failed"},
	[REASON_END_NOT_SEEN] = {"end_not_seen", "end not seen"},
};

_Static_assert(COUNT_OF(reasons) == REASON_COUNT, "a text for each reason");

const char *reason_name(enum reason reason)
{
	return reason < REASON_COUNT ? reasons[reason].name : NULL;
}

const char *reason_text(enum reason reason)
{
	return reason < REASON_COUNT ? reasons[reason].text : NULL;
}

static bool is_fin_wait(uint8_t state)
{
	return state == STATE_FIN_WAIT1 || state == STATE_FIN_WAIT2;
}

static enum reason reason_of_error(uint8_t oldstate, uint16_t err, const struct closing *closing)
{
	switch (err) {
	case ECONNREFUSED:
		return REASON_REFUSED;
	case ETIMEDOUT:
		return REASON_TIMED_OUT;
	case ECONNABORTED:
		return REASON_KILLED;
	case ECONNRESET:
		/* Data that comes for a socket that reads no more makes our own kernel reset, with the same error. */
		return is_fin_wait(oldstate) && closing->shut_read ? REASON_CLOSED_BY_US : REASON_RESET_BY_PEER;
	case EPIPE: /* the error that tcp_reset() sets in CLOSE_WAIT */
		return oldstate == STATE_CLOSE_WAIT ? REASON_RESET_BY_PEER : REASON_FAILED;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENONET:
		return REASON_UNREACHABLE;
	default:
		return REASON_FAILED;
	}
}

/* True where the last FIN was sent, received and acknowledged as it should. In FIN_WAIT2 an orphan without a minisocket
 * may also have been ended by data that came after close(): the two look alike. */
static bool is_orderly_end(uint8_t oldstate, const struct closing *closing)
{
	if (oldstate == STATE_FIN_WAIT2 && (closing->peer_fin || (closing->orphan && !closing->err)))
		return true;
	if (closing->lives_on)
		return true;
	return (oldstate == STATE_LAST_ACK || oldstate == STATE_CLOSING) && closing->acked;
}

/* Reason of a →CLOSE that no error caused: the last state shows which side sent the first FIN, if there was one. */
static enum reason reason_of_end(uint8_t oldstate, const struct closing *closing)
{
	if (oldstate == STATE_SYN_SENT) {
		if (closing->sent)
			return REASON_GAVE_UP;
		return closing->had_port ? REASON_NEVER_SENT : REASON_NO_LOCAL_PORT;
	}
	if (oldstate == STATE_LISTEN)
		return REASON_STOPPED_LISTENING;
	if (!is_orderly_end(oldstate, closing))
		return REASON_ABORTED_HERE;
	if (oldstate == STATE_FIN_WAIT2)
		return REASON_CLOSED_BY_US;
	return oldstate == STATE_LAST_ACK ? REASON_CLOSED_BY_PEER : REASON_CLOSED_BY_BOTH;
}

/* False where the error was in the socket before, and something else ended it: an ICMP error of long ago that nobody
 * has collected, or ECONNRESET, which connect(AF_UNSPEC) leaves. */
static bool is_error_the_cause(uint8_t oldstate, const struct closing *closing)
{
	switch (oldstate) {
	case STATE_LISTEN:
	case STATE_TIME_WAIT:
		return false;
	case STATE_SYN_SENT: /* connect() clears the error just before it sends */
		return closing->sent;
	case STATE_ESTABLISHED:
	case STATE_CLOSE_WAIT: /* sending is shut in these states only while close() ends the socket without a FIN */
		return !closing->shut_write;
	default:
		return !is_orderly_end(oldstate, closing);
	}
}

uint16_t verdict_errno(uint8_t oldstate, const struct closing *closing)
{
	return is_error_the_cause(oldstate, closing) ? closing->err : 0;
}

enum reason verdict_of(uint8_t oldstate, uint8_t newstate, const struct closing *closing)
{
	if (newstate == STATE_CLOSE && closing) {
		uint16_t err = verdict_errno(oldstate, closing);

		return err ? reason_of_error(oldstate, err, closing) : reason_of_end(oldstate, closing);
	}
	if (newstate == STATE_FIN_WAIT1)
		return REASON_CLOSED_BY_US;
	if (newstate == STATE_CLOSE_WAIT)
		return REASON_CLOSED_BY_PEER;
	if (newstate == STATE_CLOSING)
		return REASON_CLOSED_BY_BOTH;
	return REASON_NONE;
}
