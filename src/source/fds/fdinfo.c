// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fdinfo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "clock.h"
#include "grow.h"

enum {
	INTERNAL_MINOR_BITS = 20, /* of a device number inside the kernel (include/linux/kdev_t.h) */
	BPF_KINDS = 3,
	NAMES_MAX = 8, /* of the lines that one kind has, without those that may come again */
};

/* The state of one file's parsing. */
struct fdinfo_parse {
	struct descriptor *descriptor;
	const char *taken[NAMES_MAX]; /* names of the lines that have come */
	size_t taken_count;
	bool common_ended; /* the lines that all kinds have came before */
	bool ended;        /* the rest may be text that anybody chose, or describes another object */
	int err;
};

static bool begins_with(const char *line, const char *name)
{
	return strncmp(line, name, strlen(name)) == 0;
}

/* Returns the value of a line that begins with `name`, without leading blanks; NULL for any other line, and where a
 * line of that name has come before. */
static const char *take_fdinfo_value(struct fdinfo_parse *parse, const char *line, const char *name)
{
	if (!begins_with(line, name) || parse->taken_count == NAMES_MAX)
		return NULL;
	for (size_t i = 0; i < parse->taken_count; i++)
		if (!strcmp(parse->taken[i], name))
			return NULL;
	parse->taken[parse->taken_count++] = name;
	line += strlen(name);
	return line + strspn(line, " \t");
}

static bool read_fdinfo_number(struct fdinfo_parse *parse, const char *line, const char *name, int base, uint64_t *out)
{
	const char *value = take_fdinfo_value(parse, line, name);
	char *end;
	uint64_t number;

	if (!value || *value == '-' || *value == '+')
		return false;
	errno = 0;
	number = strtoull(value, &end, base);
	if (errno || end == value || (*end && *end != ' ' && *end != '\t'))
		return false;
	*out = number;
	return true;
}

static bool read_fdinfo_u32(struct fdinfo_parse *parse, const char *line, const char *name, int base, uint32_t *out)
{
	uint64_t number;

	if (!read_fdinfo_number(parse, line, name, base, &number) || number > UINT32_MAX)
		return false;
	*out = (uint32_t)number;
	return true;
}

static bool read_fdinfo_i32(struct fdinfo_parse *parse, const char *line, const char *name, int32_t min, int32_t *out)
{
	const char *value = take_fdinfo_value(parse, line, name);
	int32_t number;
	char rest;

	if (!value || sscanf(value, "%9" SCNd32 "%c", &number, &rest) != 1 || number < min)
		return false;
	*out = number;
	return true;
}

static bool read_fdinfo_word(struct fdinfo_parse *parse, const char *line, const char *name, char *out)
{
	const char *value = take_fdinfo_value(parse, line, name);

	if (value)
		snprintf(out, TYPE_NAME_MAX, "%s", value);
	return value;
}

/* ---- lines of all kinds ---- */

/* Reads a line that all kinds have. The kernel writes these first: among the lines behind them may be names of files,
 * with newlines in them. */
static bool read_common_line(struct fdinfo_parse *parse, const char *line)
{
	struct descriptor *descriptor = parse->descriptor;
	uint64_t number;

	if (read_fdinfo_number(parse, line, "pos:", 10, &number)) {
		descriptor->position = number <= INT64_MAX ? (int64_t)number : -1;
		return true;
	}
	if (read_fdinfo_number(parse, line, "flags:", 8, &number)) {
		descriptor->flags = (uint32_t)number;
		descriptor->flags_known = true;
		descriptor->access = access_mode_of(descriptor->flags);
		return true;
	}
	if (begins_with(line, "lock:")) {
		descriptor->locks++;
		return true;
	}
	return begins_with(line, "mnt_id:") || begins_with(line, "ino:");
}

/* ---- watches ---- */

static struct watch *make_watch_room(struct fdinfo_parse *parse)
{
	struct descriptor *descriptor = parse->descriptor;

	if (!GROW(descriptor->watches, descriptor->watch_count, descriptor->watch_room, 8)) {
		parse->err = -ENOMEM;
		return NULL;
	}
	return &descriptor->watches[descriptor->watch_count];
}

static void keep_watch(struct fdinfo_parse *parse, const struct watch *watch)
{
	struct watch *slot = make_watch_room(parse);

	if (!slot)
		return;
	*slot = *watch;
	parse->descriptor->watch_count++;
	parse->descriptor->detailed = true;
}

static void set_watch_device(struct watch *watch, uint32_t device)
{
	watch->major = device >> INTERNAL_MINOR_BITS;
	watch->minor = device & ((1u << INTERNAL_MINOR_BITS) - 1);
}

/* "tfd:        3 events: 80000019 data:                3  pos:0 ino:40e sdev:10" */
static void read_epoll(struct fdinfo_parse *parse, const char *line)
{
	struct watch watch = {.target = WATCH_DESCRIPTOR};
	uint32_t device;
	int known =
		sscanf(line, "tfd:%9" SCNd32 " events:%8" SCNx32 " data:%*16x pos:%*[0-9] ino:%16" SCNx64 " sdev:%8x",
		       &watch.number, &watch.events, &watch.inode, &device);

	if (known < 2)
		return;
	if (known < 3)
		watch.inode = 0;
	if (known == 4)
		set_watch_device(&watch, device);
	keep_watch(parse, &watch);
}

/* "inotify wd:2 ino:13 sdev:fe00000 mask:100 ignored_mask:0 fhandle-bytes:8 …" */
static void read_inotify(struct fdinfo_parse *parse, const char *line)
{
	struct watch watch = {.target = WATCH_INODE};
	uint32_t device, number;

	if (sscanf(line, "inotify wd:%8" SCNx32 " ino:%16" SCNx64 " sdev:%8x mask:%8" SCNx32, &number, &watch.inode,
		   &device, &watch.events) != 4)
		return;
	watch.number = (int32_t)number;
	set_watch_device(&watch, device);
	keep_watch(parse, &watch);
}

/* "fanotify ino:3c51a sdev:fe00000 mflags:0 mask:100 …", "fanotify mnt_id:1b mflags:0 mask:8 …", "fanotify sdev:fe00000
 * mflags:0 mask:8 …", "fanotify mnt_ns:4026531832 mflags:0 mask:1000000 …" */
static void read_fanotify(struct fdinfo_parse *parse, const char *line)
{
	struct watch watch = {0};
	const char *mask = strstr(line, " mask:");
	uint32_t device = 0;

	if (!mask || sscanf(mask, " mask:%8" SCNx32, &watch.events) != 1)
		return;
	if (sscanf(line, "fanotify ino:%16" SCNx64 " sdev:%8x", &watch.inode, &device) == 2)
		watch.target = WATCH_INODE;
	else if (sscanf(line, "fanotify mnt_id:%16" SCNx64, &watch.object) == 1)
		watch.target = WATCH_MOUNT;
	else if (sscanf(line, "fanotify mnt_ns:%16" SCNu64, &watch.object) == 1)
		watch.target = WATCH_NAMESPACE;
	else if (sscanf(line, "fanotify sdev:%8x", &device) == 1)
		watch.target = WATCH_FILE_SYSTEM;
	else
		return;
	set_watch_device(&watch, device);
	keep_watch(parse, &watch);
}

/* ---- other kinds ---- */

static void read_eventfd(struct fdinfo_parse *parse, const char *line)
{
	struct descriptor *descriptor = parse->descriptor;
	uint64_t number;

	if (read_fdinfo_number(parse, line, "eventfd-count:", 16, &number)) {
		descriptor->eventfd.count = number;
		descriptor->detailed = true;
	} else if (read_fdinfo_number(parse, line, "eventfd-semaphore:", 10, &number)) {
		descriptor->eventfd.semaphore = number != 0;
	}
}

/* "it_value: (3599, 985793003)" */
static void read_fdinfo_time(struct fdinfo_parse *parse, const char *line, const char *name, uint64_t *out)
{
	const char *value = take_fdinfo_value(parse, line, name);
	uint64_t seconds, ns;

	if (value && sscanf(value, "(%10" SCNu64 ", %9" SCNu64 ")", &seconds, &ns) == 2)
		*out = seconds * NS_PER_SEC + ns;
}

static void read_timerfd(struct fdinfo_parse *parse, const char *line)
{
	struct descriptor *descriptor = parse->descriptor;

	if (read_fdinfo_i32(parse, line, "clockid:", 0, &descriptor->timerfd.clock))
		descriptor->detailed = true;
	read_fdinfo_number(parse, line, "ticks:", 10, &descriptor->timerfd.ticks);
	read_fdinfo_time(parse, line, "it_value:", &descriptor->timerfd.value_ns);
	read_fdinfo_time(parse, line, "it_interval:", &descriptor->timerfd.interval_ns);
}

static void read_signalfd(struct fdinfo_parse *parse, const char *line)
{
	if (read_fdinfo_number(parse, line, "sigmask:", 16, &parse->descriptor->signals))
		parse->descriptor->detailed = true;
}

static void read_pidfd(struct fdinfo_parse *parse, const char *line)
{
	if (read_fdinfo_i32(parse, line, "Pid:", -1, &parse->descriptor->pidfd.pid))
		parse->descriptor->detailed = true;
}

static void read_bpf(struct fdinfo_parse *parse, const char *line)
{
	static const char *const types[BPF_KINDS] = {"map_type:", "prog_type:", "link_type:"},
				 *const ids[BPF_KINDS] = {"map_id:", "prog_id:", "link_id:"};
	struct descriptor *descriptor = parse->descriptor;
	unsigned int at = descriptor->kind - KIND_BPF_MAP;

	if (descriptor->kind == KIND_BPF_LINK)
		read_fdinfo_word(parse, line, types[at], descriptor->bpf.type_name);
	else
		read_fdinfo_u32(parse, line, types[at], 10, &descriptor->bpf.type);
	if (read_fdinfo_u32(parse, line, ids[at], 10, &descriptor->bpf.id)) {
		descriptor->detailed = true;
		parse->ended = true; /* a link's text goes on with its program, and with paths */
	}
}

static void read_character(struct fdinfo_parse *parse, const char *line)
{
	struct descriptor *descriptor = parse->descriptor;

	if (!descriptor->detailed)
		descriptor->character.terminal = -1;
	if (read_fdinfo_i32(parse, line, "tty-index:", 0, &descriptor->character.terminal))
		descriptor->detailed = true;
	if (read_fdinfo_word(parse, line, "iff:", descriptor->character.interface))
		descriptor->detailed = true;
}

static void read_dma_buf(struct fdinfo_parse *parse, const char *line)
{
	struct descriptor *descriptor = parse->descriptor;

	if (read_fdinfo_number(parse, line, "size:", 10, &descriptor->size))
		descriptor->has_size = true;
	if (read_fdinfo_word(parse, line, "exp_name:", descriptor->dma_buf.exporter))
		descriptor->detailed = true;
	if (read_fdinfo_word(parse, line, "name:", descriptor->dma_buf.label))
		parse->ended = true; /* any process may give the buffer any name, with newlines in it */
}

static void read_io_uring(struct fdinfo_parse *parse, const char *line)
{
	uint32_t mask;

	if (read_fdinfo_u32(parse, line, "SqMask:", 16, &mask) && mask < UINT32_MAX) {
		parse->descriptor->io_uring.entries = mask + 1;
		parse->descriptor->detailed = true;
	}
}

/* ---- the whole file ---- */

typedef void line_reader(struct fdinfo_parse *parse, const char *line);

static line_reader *choose_line_reader(enum descriptor_kind kind)
{
	static line_reader *const readers[KIND_COUNT] = {
		[KIND_EVENTFD] = read_eventfd,   [KIND_EPOLL] = read_epoll,         [KIND_TIMERFD] = read_timerfd,
		[KIND_SIGNALFD] = read_signalfd, [KIND_INOTIFY] = read_inotify,     [KIND_FANOTIFY] = read_fanotify,
		[KIND_PIDFD] = read_pidfd,       [KIND_BPF_MAP] = read_bpf,         [KIND_BPF_PROG] = read_bpf,
		[KIND_BPF_LINK] = read_bpf,      [KIND_CHARACTER] = read_character, [KIND_DMA_BUF] = read_dma_buf,
		[KIND_IO_URING] = read_io_uring,
	};

	return readers[kind];
}

int fdinfo_parse(const char *text, struct descriptor *descriptor)
{
	struct fdinfo_parse parse = {.descriptor = descriptor};
	line_reader *read_own = choose_line_reader(descriptor->kind);
	char line[512];

	while (*text && !parse.err && !parse.ended) {
		size_t length = strcspn(text, "\n");

		if (length < sizeof(line)) {
			memcpy(line, text, length);
			line[length] = '\0';
			parse.common_ended = parse.common_ended || !read_common_line(&parse, line);
			if (parse.common_ended && read_own)
				read_own(&parse, line);
		}
		text += length + (text[length] == '\n');
	}
	return parse.err;
}
