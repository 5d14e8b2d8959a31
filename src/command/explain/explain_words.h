/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The parts that explanations as text have in common. Each function that has an `out`, of EXPLAIN_WORDS bytes, writes
 * into it a text that may stand on a terminal, and returns it.
 */
#include "explain.h"
#include "page.h"

enum { EXPLAIN_WORDS = 1024, EXPLAIN_TOP = 5 };

/* Who may hold a socket that no process was found to hold, though all could be looked into. */
#define EXPLAIN_NOBODY                                                                                                 \
	"nobody that can be found (the kernel itself, a process in another container, or it is on its way through a unix socket)"

/* Spells the holders, "nginx (pid 12, fd 6), nginx (pid 13, fd 6) and 3 more"; or the reason why none is named.
 * `gap`: where holders may be missing. */
const char *explain_holders(const struct socket *socket, enum holder_gap gap, char *out);

/* Spells who a process is, to stand behind its name and pid: ", /usr/sbin/nginx, unit nginx.service, started by systemd
 * (pid 1)"; empty where nothing of that is known. */
const char *explain_identity(const struct explain_style *style, const struct owner *owner, char *out);

/* Spells a set of families: "IPv4", "IPv6", "IPv4 and IPv6". */
const char *explain_families(unsigned int families);

/* Spells a count: "1 socket", "2 sockets". */
const char *explain_number(uint64_t count, const char *one, const char *many, char *out);

/* Spells the name of the network namespace that the explanation is about. */
const char *explain_netns(const struct explain_style *style, char *out);

/* Converts milliseconds to seconds, rounded up. */
uint32_t explain_seconds(uint32_t ms);

/* Puts how many are not named in a column of counts; nothing for none. */
void explain_more(struct page *page, size_t count);

/* Puts the processes with the highest counts, a line each. */
void explain_processes(struct page *page, const struct explain_style *style, const struct tally *tally);
