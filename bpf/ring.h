/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Ring buffer into which all programs write, so that their records have one order. When user space loads the objects,
 * it gives them one common map, of the size that it chose.
 */

enum { CACHE_LINE = 64 };

const volatile __u32 wake_mask = 0; /* user space is woken each time that more bytes than this (2^n-1) have gathered */

/* What the reader's CLOCK_MONOTONIC shows more than the host's, which is the one of bpf_ktime_get_ns(): the reader may
 * be in a time namespace. */
const volatile __s64 clock_offset_ns = 0;

/* User space sets it before it sleeps without a time to wake up soon. The program that finds it set takes it back, and
 * wakes user space. Two programs may do so at once, which costs a second wake-up. Mapped by user space. It has a cache
 * line of its own, since all processors read it with each record. */
__u32 reader_sleeps __attribute__((aligned(CACHE_LINE)));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

/* The time now, by the reader's clock. */
static __always_inline __u64 record_time_ns(void)
{
	return bpf_ktime_get_ns() + clock_offset_ns;
}

/* Reserves room for a record of `size` bytes, a constant, and writes behind it the interface that the socket is bound
 * to, where that is not 0: the record's kind then gets RECORD_BOUND. NULL: the ring is full. */
static __always_inline void *reserve_record(__u32 size, __u32 interface)
{
	struct record_binding *binding;
	void *record;

	if (!interface)
		return bpf_ringbuf_reserve(&ring, size, 0);
	record = bpf_ringbuf_reserve(&ring, size + sizeof(*binding), 0);
	if (!record)
		return NULL;
	binding = record + size;
	binding->interface = interface;
	return record;
}

/* Returns RECORD_BOUND, or 0. */
static __always_inline __u8 binding_flag(__u32 interface)
{
	return interface ? RECORD_BOUND : 0;
}

/*
 * Submits a record. A busy ring wakes user space once per wake_mask + 1 bytes. A quiet ring wakes it with the first
 * record, if it sleeps.
 *
 * User space sets the flag and then looks whether a record is reserved; a program reserves and then looks at the flag.
 * So one of them sees what the other has done, as long as neither processor lets its look overtake what it did before.
 * On arm64 bpf_ringbuf_query() keeps the order: it loads the position with acquire, which the reserve stored with
 * release. On x86 only a locked instruction does, and the caller has one between the reserve and this (it counts the
 * record). A wake-up that is missed all the same costs a delay, until user space wakes up by itself.
 */
static __always_inline void submit_record(void *record, __u32 size)
{
	bool wake = (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) & wake_mask) < size;

	if (reader_sleeps) {
		reader_sleeps = 0;
		wake = true;
	}
	bpf_ringbuf_submit(record, wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}
