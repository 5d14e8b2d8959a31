/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Capabilities as bits of a set. The headers of older systems lack the newest capabilities.
 */
#include <linux/capability.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

#define CAPABILITY_BIT(capability) (1ULL << (capability))
