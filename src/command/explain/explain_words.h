/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The parts that explanations as text have in common. Each writes into `out`, of EXPLAIN_WORDS bytes, what may stand on
 * a terminal, and returns it.
 */
#include "explain.h"
#include "page.h"

enum { EXPLAIN_WORDS = 1024, EXPLAIN_TOP = 5 };

/* nginx (pid 12, fd 6), nginx (pid 13, fd 6), and 3 more; or why nobody is named. `denied`: processes did not let us
 * look. */
const char *explain_holders(const struct socket *socket, bool denied, char *out);

/* "IPv4", "IPv6", "IPv4 and IPv6". */
const char *explain_families(unsigned int families);

/* "1 socket", "2 sockets". */
const char *explain_number(uint64_t count, const char *one, const char *many, char *out);

/* The name of the network namespace. */
const char *explain_netns(const struct explain_style *style, char *out);

/* Seconds, rounded up, of milliseconds. */
uint32_t explain_seconds(uint32_t ms);

/* How many are not named in a column of counts. */
void explain_more(struct page *page, size_t count);

/* The processes that were seen most, a line each. */
void explain_processes(struct page *page, const struct tally *tally);
