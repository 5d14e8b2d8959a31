// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /proc/PID/fdinfo/N: the details of a descriptor are texts that end and numbers that have a meaning. The first line of
 * each name counts. Input: a byte that chooses the kind of the descriptor, and the text.
 */
#include "descriptor.h"
#include "fdinfo.h"
#include "fuzz.h"

static struct descriptor parse_fdinfo(enum descriptor_kind kind, const char *text)
{
	struct descriptor descriptor = {.kind = kind, .position = -1};

	MUST(fdinfo_parse(text, &descriptor) == 0);
	return descriptor;
}

static void check_watches(const struct descriptor *descriptor)
{
	const char *names[FLAG_NAMES_MAX];

	MUST(descriptor->watch_count <= descriptor->watch_room);
	MUST(!descriptor->watch_count || descriptor->kind == KIND_EPOLL || descriptor->kind == KIND_INOTIFY ||
	     descriptor->kind == KIND_FANOTIFY);
	for (size_t i = 0; i < descriptor->watch_count; i++) {
		const struct watch *watch = &descriptor->watches[i];

		MUST(watch->target <= WATCH_NAMESPACE && watch->minor < 1 << 20);
		MUST(descriptor->kind != KIND_EPOLL || watch->target == WATCH_DESCRIPTOR);
		MUST(watch_event_names(descriptor->kind, watch->events, names) <= FLAG_NAMES_MAX);
	}
}

static void check_texts(const struct descriptor *descriptor)
{
	switch (descriptor->kind) {
	case KIND_BPF_MAP:
	case KIND_BPF_PROG:
	case KIND_BPF_LINK:
		must_be_terminated(descriptor->bpf.type_name, sizeof(descriptor->bpf.type_name));
		break;
	case KIND_CHARACTER:
		must_be_terminated(descriptor->character.interface, sizeof(descriptor->character.interface));
		break;
	case KIND_DMA_BUF:
		must_be_terminated(descriptor->dma_buf.exporter, sizeof(descriptor->dma_buf.exporter));
		must_be_terminated(descriptor->dma_buf.label, sizeof(descriptor->dma_buf.label));
		break;
	default:
		break;
	}
}

static void check_numbers(const struct descriptor *descriptor)
{
	const char *names[FLAG_NAMES_MAX];

	MUST(descriptor->access <= ACCESS_BOTH && descriptor->position >= -1);
	MUST(descriptor->flags_known == (descriptor->access != ACCESS_UNKNOWN));
	MUST(descriptor_flag_names(descriptor->flags, names) <= FLAG_NAMES_MAX);
	if (descriptor->kind == KIND_TIMERFD)
		clock_name(descriptor->timerfd.clock);
	MUST(descriptor->kind != KIND_PIDFD || descriptor->pidfd.pid >= -1);
	MUST(descriptor->kind != KIND_CHARACTER || descriptor->character.terminal >= -1);
	MUST(descriptor->kind != KIND_IO_URING || descriptor->detailed == (descriptor->io_uring.entries > 0));
}

/* Lines that come later, such as those of a name with newlines in it, change nothing that was said before. */
static void check_later_lines(const char *text, const struct descriptor *descriptor)
{
	static const char later[] =
		"\npos:\t7\nflags:\t02\nfdinfo\neventfd-count: 7\nclockid: 7\nticks: 7\nsigmask: 7\n"
		"Pid:\t7\nmap_type:\t7\nmap_id:\t7\nprog_id:\t7\nlink_id:\t7\ntty-index:\t7\n"
		"iff:\tseven\nsize:\t7\nexp_name:\tseven\nname:\tseven\nSqMask:\t0x7\n";
	struct descriptor more;
	char *longer;

	if (asprintf(&longer, "%s%s", text, later) < 0)
		abort();
	more = parse_fdinfo(descriptor->kind, longer);
	MUST(!descriptor->flags_known || more.flags == descriptor->flags);
	MUST(descriptor->position < 0 || more.position == descriptor->position);
	MUST(!descriptor->has_size || more.size == descriptor->size);
	MUST(more.watch_count == descriptor->watch_count && more.locks == descriptor->locks);
	if (descriptor->detailed) {
		switch (descriptor->kind) {
		case KIND_EVENTFD:
			MUST(more.eventfd.count == descriptor->eventfd.count);
			break;
		case KIND_TIMERFD:
			MUST(more.timerfd.clock == descriptor->timerfd.clock);
			break;
		case KIND_SIGNALFD:
			MUST(more.signals == descriptor->signals);
			break;
		case KIND_PIDFD:
			MUST(more.pidfd.pid == descriptor->pidfd.pid);
			break;
		case KIND_BPF_MAP:
		case KIND_BPF_PROG:
		case KIND_BPF_LINK:
			MUST(more.bpf.id == descriptor->bpf.id && more.bpf.type == descriptor->bpf.type);
			break;
		case KIND_IO_URING:
			MUST(more.io_uring.entries == descriptor->io_uring.entries);
			break;
		default:
			break;
		}
	}
	free(more.watches);
	free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum descriptor_kind kind = take_byte(&data, &size) % KIND_COUNT;
	char *text = copy_text(data, size);
	struct descriptor descriptor = parse_fdinfo(kind, text);

	check_watches(&descriptor);
	check_texts(&descriptor);
	check_numbers(&descriptor);
	check_later_lines(text, &descriptor);
	free(descriptor.watches);
	free(text);
	return 0;
}
