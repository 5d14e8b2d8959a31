// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "account.h"

const char *gap_reason_name(enum gap_reason reason)
{
	static const char *const names[] = {
		[GAP_RING_FULL] = "ring_full", [GAP_SKIPPED] = "skipped", [GAP_NO_MEMORY] = "no_memory"};

	return names[reason];
}

const char *gap_reason_text(enum gap_reason reason)
{
	static const char *const texts[] = {[GAP_RING_FULL] = "the buffer was full",
					    [GAP_SKIPPED] = "the kernel skipped us",
					    [GAP_NO_MEMORY] = "memory was short"};

	return texts[reason];
}
