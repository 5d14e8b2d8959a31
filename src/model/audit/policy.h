/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Which listeners are expected. An entry names ports, and mostly who may wait there:
 *
 *	ssh                 a service: its port, TCP and UDP      nginx:80           a process's name and its port
 *	443/tcp  53/udp     a port of one protocol                nginx:*            whatever port it takes
 *	8000-8100/tcp       a range                               10.0.0.0/8:5432    an address that is bound to, and a
 *port nginx:https/tcp     all of that together                  [::1]:631  192.168.1.5:*
 *
 * A name is no proof: any process may take any. The kernel keeps 15 bytes of it, and so many are compared. It may be
 * typed as it is printed (escape.h): \x2c is a comma in it, \x20 a space at its end.
 */
#include "filter.h"
#include "socket.h"

struct policy;

enum { POLICY_ENTRY_MAX = 255, POLICY_MESSAGE_SIZE = 1536 };

struct policy_error {
	size_t line; /* of a file, from 1 */
	char message[POLICY_MESSAGE_SIZE];
};

/* NULL when memory is short. */
struct policy *policy_new(void);
void policy_free(struct policy *policy);

/* Adds the entries of a list with commas. Of `names` only services are asked for. 0, -EINVAL with error->message filled
 * in, or -ENOMEM. */
int policy_add_list(struct policy *policy, const char *list, const struct filter_names *names,
		    struct policy_error *error);

/* Adds those of a file's text: one a line; "#" at the beginning of a line or after a space begins a comment. In the
 * same way, with error->line. */
int policy_add_text(struct policy *policy, const char *text, size_t length, const struct filter_names *names,
		    struct policy_error *error);

/* Whether an entry expects that socket. Unknown: one would if a process held it that could not be found.
 * `owners_whole`: nobody holds it beside its owners. */
enum tristate policy_expects(const struct policy *policy, const struct socket *socket, bool owners_whole);
