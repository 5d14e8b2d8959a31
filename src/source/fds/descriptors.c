// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "descriptors.h"

#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "dir.h"
#include "errno_kind.h"
#include "fdinfo.h"
#include "grow.h"
#include "number.h"
#include "privileges.h"
#include "proc_fd.h"
#include "process_dir.h"
#include "registered_files.h"

/* Attempts to read a number that is closed and given to another file again and again; the last attempt counts. */
enum { READ_TRIES = 16 };

/* A descriptor as read from /proc, not yet interpreted. */
struct raw_descriptor {
	char link[PATH_MAX]; /* "": longer than the kernel shows */
	struct statx file;
	char *info; /* text of fdinfo; NULL: not readable */
};

/* Where a descriptor is read: the process or thread, and the number. */
struct fd_place {
	int task; /* open directory /proc/PID, or the thread's */
	int dir;  /* open directory fd/ in `task` */
	uint32_t pid;
	uint32_t tid;
	int32_t fd;
	char name[16]; /* of the link in `dir` */
};

static int read_descriptor_link(const struct fd_place *place, char *link)
{
	ssize_t length = readlinkat(place->dir, place->name, link, PATH_MAX - 1);

	if (length < 0 && errno != ENAMETOOLONG)
		return -errno;
	link[length < 0 ? 0 : length] = '\0';
	return 0;
}

/* Reads what the kernel knows of a file. The server of a network file system, which may be dead, is not asked. */
static int stat_without_sync(int dir, const char *path, int flags, struct statx *file)
{
	flags |= AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
	return statx(dir, path, flags, STATX_BASIC_STATS, file) ? -errno : 0;
}

static bool is_same_file(const struct statx *x, const struct statx *y)
{
	return x->stx_ino == y->stx_ino && x->stx_dev_major == y->stx_dev_major && x->stx_dev_minor == y->stx_dev_minor;
}

/* Reads link, file and fdinfo, and repeats until link and file are the same afterwards: nothing else has got the number
 * meanwhile. The link alone does not prove that: a directory may have been closed and opened again, with a pipe in
 * between. (What fdinfo adds, as the position, may still be the pipe's.) */
static int read_raw_descriptor(const struct fd_place *place, struct raw_descriptor *raw)
{
	char path[32], again[PATH_MAX];
	struct statx file;
	int err = 0;

	snprintf(path, sizeof(path), "fdinfo/%s", place->name);
	for (int tries = 0; tries < READ_TRIES; tries++) {
		free(raw->info);
		raw->info = NULL;
		err = read_descriptor_link(place, raw->link);
		if (!err)
			err = stat_without_sync(place->dir, place->name, 0, &raw->file);
		if (err)
			return err;
		raw->info = process_text(place->task, path);
		if (!raw->info && errno_is_resource(-errno))
			return -errno;
		err = read_descriptor_link(place, again);
		if (!err)
			err = stat_without_sync(place->dir, place->name, 0, &file);
		if (err || (strcmp(again, raw->link) == 0 && is_same_file(&file, &raw->file)))
			break;
	}
	return err;
}

/* Recognizes a deleted file. A file that is really called "x (deleted)" is found under that name. */
static bool is_deleted_file(const struct raw_descriptor *raw)
{
	struct statx there;

	if (!descriptor_looks_deleted(raw->link))
		return false;
	return raw->file.stx_nlink == 0 || stat_without_sync(AT_FDCWD, raw->link, AT_SYMLINK_NOFOLLOW, &there) ||
	       !is_same_file(&there, &raw->file);
}

/* Sets the name: "anon_inode:[eventfd]" → "eventfd"; "net:[4026531840]" and paths stay as they are. */
static int take_link_name(struct descriptor *descriptor, const char *link)
{
	static const char anonymous[] = "anon_inode:", deleted[] = " (deleted)";
	const char *begin = link;
	size_t length = strlen(begin);

	if (!length)
		return 0;
	if (descriptor->deleted)
		length -= sizeof(deleted) - 1;
	if (strncmp(begin, anonymous, sizeof(anonymous) - 1) == 0) {
		begin += sizeof(anonymous) - 1;
		length -= sizeof(anonymous) - 1;
		if (length > 2 && *begin == '[') {
			begin++;
			length -= 2;
		}
	}
	descriptor->name = strndup(begin, length);
	return descriptor->name ? 0 : -ENOMEM;
}

/* Asks the socket for the name of its protocol: of all facts about a socket in /proc, only this one does not depend on
 * the network namespace. */
static void take_socket_protocol(struct descriptor *descriptor, const struct fd_place *place)
{
	static const char family[] = "AF_";
	char path[64], *name = descriptor->socket.protocol;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", place->dir, place->name);
	length = getxattr(path, "system.sockprotoname", name, sizeof(descriptor->socket.protocol) - 1);
	name[length > 0 ? length : 0] = '\0';
	if (strncmp(name, family, sizeof(family) - 1) == 0)
		memmove(name, name + sizeof(family) - 1, strlen(name + sizeof(family) - 1) + 1);
	for (char *at = name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
}

/* 0, or a negative errno where descriptors or memory ran out. */
static int take_pidfd_target(struct descriptor *descriptor)
{
	CLEANUP(cleanup_close) int process = -ENOENT;
	int read = 0;

	if (descriptor->pidfd.pid > 0)
		process = process_open((uint32_t)descriptor->pidfd.pid);
	if (process >= 0)
		read = process_comm(process, descriptor->pidfd.comm);
	else if (errno_is_resource(process))
		return process;
	return read < 0 ? read : 0;
}

/* Names the type of a BPF map or program. For a BPF link, fdinfo has the name itself. */
static void take_bpf_type_name(struct descriptor *descriptor)
{
	const char *name = NULL;

	if (descriptor->kind == KIND_BPF_MAP)
		name = libbpf_bpf_map_type_str(descriptor->bpf.type);
	else if (descriptor->kind == KIND_BPF_PROG)
		name = libbpf_bpf_prog_type_str(descriptor->bpf.type);
	if (name)
		snprintf(descriptor->bpf.type_name, sizeof(descriptor->bpf.type_name), "%s", name);
}

static int take_kind_details(struct descriptor *descriptor, const struct fd_place *place)
{
	switch (descriptor->kind) {
	case KIND_SOCKET:
		take_socket_protocol(descriptor, place);
		break;
	case KIND_PIDFD:
		return take_pidfd_target(descriptor);
	case KIND_BPF_MAP:
	case KIND_BPF_PROG:
		take_bpf_type_name(descriptor);
		break;
	default:
		break;
	}
	return 0;
}

static int describe_descriptor(const struct fd_place *place, const struct raw_descriptor *raw, struct descriptor *out)
{
	const struct statx *file = &raw->file;
	const struct descriptor_seen seen = {
		.link = raw->link,
		.mode = file->stx_mode,
		.hard_links = file->stx_nlink,
		.device = makedev(file->stx_dev_major, file->stx_dev_minor),
	};
	int err;

	*out = (struct descriptor){
		.holder = place->pid,
		.tid = place->tid,
		.fd = place->fd,
		.kind = descriptor_kind_of(&seen),
		.deleted = is_deleted_file(raw),
		.inode = file->stx_ino,
		.device = seen.device,
		.special = makedev(file->stx_rdev_major, file->stx_rdev_minor),
		.position = -1,
	};
	out->has_size = out->kind == KIND_FILE || out->kind == KIND_MEMFD;
	out->size = file->stx_size;
	err = take_link_name(out, raw->link);
	if (!err && raw->info)
		err = fdinfo_parse(raw->info, out);
	return err ? err : take_kind_details(out, place);
}

static int append_descriptor(struct descriptors *all, const struct descriptor *descriptor)
{
	if (!GROW(all->all, all->count, all->room, 32))
		return -ENOMEM;
	all->all[all->count++] = *descriptor;
	return 0;
}

/* ---- files that are registered with an io_uring ---- */

struct ring_reading {
	const struct fd_place *place; /* of the ring */
	struct descriptors *out;
};

/* Appends a registered file. Its path is all that is known; the inode of a socket or a pipe is in it. */
static int append_registered_file(void *context, uint32_t slot, const char *path)
{
	const struct ring_reading *ring = context;
	const struct descriptor_seen seen = {.link = path};
	struct descriptor file = {
		.holder = ring->place->pid,
		.tid = ring->place->tid,
		.fd = (int32_t)slot,
		.ring = (uint32_t)ring->place->fd + 1,
		.kind = descriptor_kind_of(&seen),
		.position = -1,
	};
	int err;

	if (file.kind == KIND_SOCKET) {
		file.inode = proc_link_inode(path, "socket");
		file.access = ACCESS_BOTH;
	} else if (file.kind == KIND_PIPE) {
		file.inode = proc_link_inode(path, "pipe");
	}
	err = take_link_name(&file, path);
	if (!err)
		err = append_descriptor(ring->out, &file);
	if (err)
		free(file.name);
	return err;
}

/* Reads the files that are registered with the ring appended last. */
static int read_registered_files(const struct fd_place *place, struct descriptors *out)
{
	size_t ring = out->count - 1;
	struct ring_reading reading = {.place = place, .out = out};
	struct registered_files files;
	char path[32];
	int err;

	snprintf(path, sizeof(path), "fdinfo/%s", place->name);
	err = registered_files_each(place->task, path, append_registered_file, &reading, &files);
	out->all[ring].io_uring.slots = files.slots;
	out->all[ring].io_uring.slots_told = files.told;
	out->all[ring].io_uring.whole = files.whole;
	return errno_is_resource(err) ? err : 0;
}

/* ---- all ---- */

static int read_one_descriptor(const struct fd_place *place, struct descriptors *out)
{
	struct raw_descriptor raw = {.info = NULL};
	struct descriptor descriptor = {0};
	int err = read_raw_descriptor(place, &raw);

	if (!err) {
		err = describe_descriptor(place, &raw, &descriptor);
		if (!err)
			err = append_descriptor(out, &descriptor);
		if (err) {
			free(descriptor.name);
			free(descriptor.watches);
		} else if (descriptor.kind == KIND_IO_URING) {
			err = read_registered_files(place, out);
		}
	}
	free(raw.info);
	/* The directory may be readable and its links not, as in a process that has taken on another user's rights. */
	return errno_is_resource(err) || err == -EACCES || err == -EPERM ? err : 0; /* other errors: closed by now */
}

int descriptors_read(int task, uint32_t pid, uint32_t tid, struct descriptors *out)
{
	WITH_PRIVILEGES;
	CLEANUP(cleanup_closedir) DIR *fds = dir_open_at(task, "fd");
	struct fd_place place = {.task = task, .pid = pid, .tid = tid};
	uint32_t fd;
	int err = 0;

	*out = (struct descriptors){0};
	if (!fds)
		return errno == ENOENT ? -ESRCH : -errno;
	place.dir = dirfd(fds);
	while (!err && (err = dir_next_number(fds, &fd)) > 0) {
		place.fd = (int32_t)fd;
		*decimal_put(place.name, fd) = '\0';
		err = read_one_descriptor(&place, out);
	}
	if (err) {
		descriptors_free(out);
		return err;
	}
	if (out->count)
		qsort(out->all, out->count, sizeof(*out->all), descriptor_compare);
	descriptors_mark_stale(out);
	return 0;
}
