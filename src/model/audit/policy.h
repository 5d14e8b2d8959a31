/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Policy: the listeners that are expected. An entry names ports, and mostly the process or address that they go with:
 *
 *	ssh              a service: its port, TCP and UDP   nginx:80         a process's name and its port
 *	443/tcp  53/udp  a port of one protocol             nginx:*          any port that the process takes
 *	8000-8100/tcp    a range                            10.0.0.0/8:5432  an address that is bound to, and a port
 *	nginx:https/tcp  all of that together               [::1]:631  192.168.1.5:*
 *
 * A process's name is no proof: any process may take any name. The kernel keeps 15 bytes of a name, and only these are
 * compared. The name may be typed as it is printed (escape.h): \x2c is a comma in it, \x20 a space at its end. In
 *double quotes it may hold what would have a meaning without them: "a,b:1":80.
 */
#include "filter.h"
#include "socket.h"

struct policy;

/* A message has room for an entry with all of its bytes escaped, for two words of it, and for what is wrong. */
enum { POLICY_ENTRY_MAX = 255, POLICY_MESSAGE_SIZE = 2048 };

struct policy_error {
	size_t line; /* of a file, from 1 */
	char message[POLICY_MESSAGE_SIZE];
};

/* Makes an empty policy. NULL when memory is short. */
struct policy *policy_new(void);
void policy_free(struct policy *policy);

/* Adds the entries of a list with commas. Of `names` only service() is called. Returns 0, -EINVAL with error->message
 * filled in, or -ENOMEM. */
int policy_add_list(struct policy *policy, const char *list, const struct filter_names *names,
		    struct policy_error *error);

/* Adds the entries of a file's text, one a line. "#" at the beginning of a line or after a space begins a comment.
 * Returns the same, with error->line filled in as well. */
int policy_add_text(struct policy *policy, const char *text, size_t length, const struct filter_names *names,
		    struct policy_error *error);

/* True for a name of a process that an entry understands in double quotes only. */
bool policy_name_needs_quotes(const char *name);

/* Says if an entry expects that socket. Unknown: an entry would, if a process that could not be found held the socket.
 * `owners_whole`: nobody holds the socket beside its known owners. */
enum tristate policy_expects(const struct policy *policy, const struct socket *socket, bool owners_whole);
