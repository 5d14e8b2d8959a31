/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The listeners of an earlier day, as text and to compare with. After its first line, each tells of one in nine words,
 * with a space between:
 *
 *	# tcpledger audit baseline 1
 *	tcp 0.0.0.0 6379 ipv4 - redis-server redis docker:0123456789ab host
 *
 * protocol, address, port, reach (reach_word()), interface, process, user, container, network namespace. "-" is none,
 * or not known; an interface that is not known is "?". A byte of a name that is no letter, no digit and none of
 * "._:@+-" is %XX. Empty lines and those that begin with # say nothing. Lines may end as on Windows.
 */
#include "audit_findings.h"

struct baseline;

enum { BASELINE_LINE_SIZE = 2048, BASELINE_MESSAGE_SIZE = 512 };

#define BASELINE_HEADER "# tcpledger audit baseline 1\n"

struct baseline_error {
	size_t line; /* from 1 */
	char message[BASELINE_MESSAGE_SIZE];
};

/* The line of a listener, with its end. `out` takes BASELINE_LINE_SIZE. Returns the length. */
size_t baseline_line(const struct listener *listener, char *out);

/* The caller frees *out. 0, -EINVAL with *error filled in, -ENOMEM, or the error of index_init(). */
int baseline_read(const char *text, size_t length, struct baseline **out, struct baseline_error *error);
void baseline_free(struct baseline *baseline);

/* Ports that the kernel gives to who asks for none (net.ipv4.ip_local_port_range). */
struct port_range {
	uint16_t first, last;
};

/* Says of each row what became of it: `change`, `before`. One listener stands for all sockets that are alike. A UDP
 * socket of the same process at the same address is the same on another `ephemeral` port. */
void baseline_compare(struct baseline *baseline, const struct port_range *ephemeral, struct audit_row *rows,
		      size_t count);

/* Returns 0, or a negative errno that ends the giving. */
typedef int listener_handler(void *context, const struct listener *listener);

/* After the comparison: gives what is to be saved of a row that has not gone: as it is, and where that is not known, as
 * it was. That may be several listeners, where nobody tells which of them it is; or one that another row gives too.
 * `baseline`: NULL, if none was saved yet. 0, or what the handler returned. */
int baseline_renew(const struct baseline *baseline, const struct audit_row *row, listener_handler *handler,
		   void *context);

/* After the comparison: each listener that was found in no row. NULL after the last; begin with *at = 0. */
const struct listener *baseline_next_gone(const struct baseline *baseline, size_t *at);
