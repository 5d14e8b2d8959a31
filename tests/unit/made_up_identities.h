/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Who the processes of a made-up host are, in place of what /proc tells (identities.h).
 */
#include "identities.h"
#include "made_up_host.h"

struct identities {
	bool with_cmdline;
};

static struct identities host_identities;

/* The program and the service of nginx, which systemd has started; its command line where that is wanted. */
static inline struct identity *know_process(size_t place, uint32_t pid)
{
	static char exe[] = "/usr/sbin/nginx", cmdline[] = "nginx: master", unit[] = "nginx.service";

	assert_true(place < HOST_HELD_MAX);
	host.known[place] = (struct known_identity){
		pid, {.lineage = {.ppid = 1, .pcomm = "systemd"}, .exe = exe, .cmdline = cmdline, .unit = unit}};
	return &host.known[place].identity;
}

struct identities *identities_new(bool with_cmdline)
{
	host_identities.with_cmdline = with_cmdline;
	return &host_identities;
}

void identities_free(struct identities *identities)
{
	(void)identities;
}

struct identity *identities_of_caller(struct identities *identities, const struct owner *owner,
				      const struct lineage *lineage)
{
	(void)identities;
	(void)lineage;
	return find_host_identity(owner->pid);
}

struct identity *identities_of_holder(struct identities *identities, const struct owner *owner, uint64_t round)
{
	assert_ptr_equal(identities, &host_identities);
	assert_int_not_equal(round, 0);
	return find_host_identity(owner->pid);
}
