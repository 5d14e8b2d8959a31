/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The baseline: the listeners of an earlier audit, as text and for comparison. After the first line, each line has one
 * listener in nine words, with one space between them:
 *
 *	# tcpledger audit baseline 1
 *	tcp 0.0.0.0 6379 ipv4 - redis-server redis docker:0123456789ab host
 *
 * protocol, address, port, reach (reach_word()), interface, process, user, container, network namespace. "-" is none,
 * or not known; an interface that is not known is "?". A byte of a name that is no letter, no digit and none of
 * "._:@+-" is %XX, and the name "-" is %2d. Empty lines and lines that begin with # are ignored. Lines may end as on
 * Windows (CR LF).
 */
#include "audit_findings.h"

struct baseline;

enum { BASELINE_LINE_SIZE = 2048, BASELINE_MESSAGE_SIZE = 512 };

#define BASELINE_HEADER "# tcpledger audit baseline 1\n"

struct baseline_error {
	size_t line; /* from 1 */
	char message[BASELINE_MESSAGE_SIZE];
};

/* Writes the line of a listener, with its newline, into `out`, of BASELINE_LINE_SIZE bytes. Returns the length. */
size_t baseline_line(const struct listener *listener, char *out);

/* Parses a baseline into *out, which the caller frees. Returns 0, -EINVAL with *error filled in, -ENOMEM, or the error
 * of index_init(). */
int baseline_read(const char *text, size_t length, struct baseline **out, struct baseline_error *error);
void baseline_free(struct baseline *baseline);

/* Ports from which the kernel chooses if a program asks for none (net.ipv4.ip_local_port_range). */
struct port_range {
	uint16_t first, last;
};

/* Compares each row with the baseline and sets its `since` and `before`. One listener of the baseline stands for all
 * sockets that are alike. A UDP socket on another `ephemeral` port is the same, if process and address are the same. */
void baseline_compare(struct baseline *baseline, const struct port_range *ephemeral, struct audit_row *rows,
		      size_t count);

/* Receives a listener. Returns 0, or a negative errno, which ends the iteration. */
typedef int listener_handler(void *context, const struct listener *listener);

/* Hands over what is to be saved of a row, after the comparison. The row must not have gone. A listener is saved as it
 * is now; what is not known now is taken from the baseline. Where the row may be any of several listeners of the
 * baseline, each of these is handed over. Each may be handed over for another row, too. `baseline`: NULL if none was
 * saved yet. Returns 0, or what the handler returned. */
int baseline_renew(const struct baseline *baseline, const struct audit_row *row, listener_handler *handler,
		   void *context);

/* After the comparison: returns the next listener that is in no row; NULL after the last. Begin with *at = 0. */
const struct listener *baseline_next_gone(const struct baseline *baseline, size_t *at);
