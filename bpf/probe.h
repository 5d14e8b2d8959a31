/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Whether programs may read any kernel memory. Set before load.
 */

const volatile bool may_probe = true; /* false: bpf_probe_read_kernel() is not available here */
