// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capability.h"

#include <stdbool.h>
#include <string.h>

#include "capability_bit.h"
#include "count_of.h"
#include "privileges.h"

static const struct {
	unsigned int number;
	enum capability_use use;
	const char *name;
} wanted[] = {
	{CAP_BPF, CAPABILITY_TRACE, "CAP_BPF"},
	{CAP_PERFMON, CAPABILITY_TRACE, "CAP_PERFMON"},
	{CAP_SYS_PTRACE, CAPABILITY_OWNERS, "CAP_SYS_PTRACE"},
	{CAP_DAC_READ_SEARCH, CAPABILITY_OWNERS, "CAP_DAC_READ_SEARCH"},
	{CAP_SYS_ADMIN, CAPABILITY_NETNS, "CAP_SYS_ADMIN"},
	{CAP_SYS_NICE, CAPABILITY_NICE, "CAP_SYS_NICE"},
};

uint64_t capabilities_held(void)
{
	uint64_t held = privileges_permitted();

	if (held & CAPABILITY_BIT(CAP_SYS_ADMIN))
		held |= CAPABILITY_BIT(CAP_BPF) | CAPABILITY_BIT(CAP_PERFMON);
	if (held & CAPABILITY_BIT(CAP_DAC_OVERRIDE))
		held |= CAPABILITY_BIT(CAP_DAC_READ_SEARCH);
	return held;
}

static const char *list_capabilities(uint64_t held, bool present, enum capability_use use, char *out)
{
	*out = '\0';
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		if (wanted[i].use != use || present != !!(held & CAPABILITY_BIT(wanted[i].number)))
			continue;
		if (*out)
			strcat(out, ", ");
		strcat(out, wanted[i].name);
	}
	return out;
}

const char *capabilities_present(uint64_t held, enum capability_use use, char *out)
{
	return list_capabilities(held, true, use, out);
}

const char *capabilities_missing(uint64_t held, enum capability_use use, char *out)
{
	return list_capabilities(held, false, use, out);
}

const char *capabilities_owners_remedy(void)
{
	char missing[CAPABILITIES_TEXT];

	if (*capabilities_missing(capabilities_held(), CAPABILITY_OWNERS, missing))
		return "run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH";
	return "not even by root: another user namespace, a security module or a seccomp filter protects them";
}
