/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The options of audit.
 */
#include "options.h"
#include "policy.h"

struct argp;

struct audit_options {
	struct socket_options sockets;
	struct policy *policy; /* owned: freed with policy_free(); NULL: none was given */
	const char *baseline;  /* the name of a file, in the command line; NULL: none */
	bool save;
	bool ports;                  /* print no listeners, but the ports that should not be public */
	const char *about_listeners; /* an option given that --ports has no use for; NULL: none */
};

extern const struct argp audit_argp;
