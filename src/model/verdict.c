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

static enum reason reason_of_error(uint8_t oldstate, uint16_t err)
{
	switch (err) {
	case ECONNREFUSED:
		return REASON_REFUSED;
	case ETIMEDOUT:
		return REASON_TIMED_OUT;
	case ECONNABORTED:
		return REASON_KILLED;
	case ECONNRESET:
		return REASON_RESET_BY_PEER;
	case EPIPE: /* the error that tcp_reset() sets in CLOSE_WAIT */
		return oldstate == STATE_CLOSE_WAIT ? REASON_RESET_BY_PEER : REASON_FAILED;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
		return REASON_UNREACHABLE;
	default:
		return REASON_FAILED;
	}
}

/* Reason of a →CLOSE that no error caused: the last state shows which side sent the first FIN, if there was one. */
static enum reason reason_of_end(uint8_t oldstate, const struct closing *closing)
{
	switch (oldstate) {
	case STATE_SYN_SENT:
		if (closing->sent)
			return REASON_GAVE_UP;
		return closing->had_port ? REASON_NEVER_SENT : REASON_NO_LOCAL_PORT;
	case STATE_FIN_WAIT1:
		return closing->err ? REASON_CLOSED_BY_US : REASON_ABORTED_HERE;
	case STATE_LISTEN:
		return REASON_STOPPED_LISTENING;
	case STATE_FIN_WAIT2:
		return REASON_CLOSED_BY_US;
	case STATE_LAST_ACK:
		return REASON_CLOSED_BY_PEER;
	case STATE_CLOSING:
		return REASON_CLOSED_BY_BOTH;
	default:
		return REASON_ABORTED_HERE;
	}
}

/* True when the error caused the end. After the FINs that is not certain: in FIN_WAIT1 and FIN_WAIT2 the kernel sets
 * ECONNRESET also when the kernel itself resets (data came for a socket that no longer reads), and an ICMP error of
 * long ago stays in sk_err. */
static bool is_error_the_cause(uint8_t oldstate, uint16_t err)
{
	bool closing = oldstate == STATE_LAST_ACK || oldstate == STATE_CLOSING;

	if (oldstate == STATE_FIN_WAIT1 || oldstate == STATE_FIN_WAIT2)
		return err == ETIMEDOUT || err == ECONNABORTED;
	return !closing || err == ETIMEDOUT || err == ECONNABORTED || err == ECONNRESET || err == EPIPE;
}

enum reason verdict_of(uint8_t oldstate, uint8_t newstate, const struct closing *closing)
{
	if (newstate == STATE_CLOSE && closing)
		return closing->err && is_error_the_cause(oldstate, closing->err)
			       ? reason_of_error(oldstate, closing->err)
			       : reason_of_end(oldstate, closing);
	if (newstate == STATE_FIN_WAIT1)
		return REASON_CLOSED_BY_US;
	if (newstate == STATE_CLOSE_WAIT)
		return REASON_CLOSED_BY_PEER;
	if (newstate == STATE_CLOSING)
		return REASON_CLOSED_BY_BOTH;
	return REASON_NONE;
}
