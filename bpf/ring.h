/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The ring into which all programs write, so that what they tell has one order. User space gives the objects one map
 * (of the size that it chose) when it loads them.
 */

const volatile __u32 wake_mask = 0; /* wake user space each time this much (2^n-1) has gathered */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

/* User space has a timer of its own for a quiet ring; a busy one wakes it once per wake_mask + 1 bytes. */
static __always_inline void submit(void *record, __u32 size)
{
	bool wake = (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) & wake_mask) < size;

	bpf_ringbuf_submit(record, wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}
