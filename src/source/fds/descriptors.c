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
#include "process_dir.h"

/* Where a number is closed and given to something else again and again, the last look counts. */
enum { LOOKS = 16 };

/* What one look tells of a descriptor. */
struct look {
	char link[PATH_MAX]; /* "": too long to be told */
	struct statx file;
	char *info; /* NULL: not told */
};

/* The process or thread, and one of its descriptors. */
struct place {
	int task; /* /proc/PID, or that of the thread */
	int dir;  /* its fd/ */
	uint32_t pid;
	uint32_t tid;
	int32_t fd;
	char name[16]; /* in `dir` */
};

static int read_link(const struct place *place, char *link)
{
	ssize_t length = readlinkat(place->dir, place->name, link, PATH_MAX - 1);

	if (length < 0 && errno != ENAMETOOLONG)
		return -errno;
	link[length < 0 ? 0 : length] = '\0';
	return 0;
}

/* The server of a network file system, which may be dead, is not asked. */
static int stat_as_known(int dir, const char *path, int flags, struct statx *file)
{
	flags |= AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
	return statx(dir, path, flags, STATX_BASIC_STATS, file) ? -errno : 0;
}

static bool is_same_file(const struct statx *x, const struct statx *y)
{
	return x->stx_ino == y->stx_ino && x->stx_dev_major == y->stx_dev_major && x->stx_dev_minor == y->stx_dev_minor;
}

/* Link and file tell of the same only if nothing else has got the number meanwhile; which the link alone does not say:
 * a directory may have been closed and opened again, with a pipe in between. (What fdinfo adds, as the position, may be
 * that of the one in between.) */
static int look_at(const struct place *place, struct look *look)
{
	char path[32], again[PATH_MAX];
	struct statx file;
	int err = 0;

	snprintf(path, sizeof(path), "fdinfo/%s", place->name);
	for (int tries = 0; tries < LOOKS; tries++) {
		free(look->info);
		look->info = NULL;
		err = read_link(place, look->link);
		if (!err)
			err = stat_as_known(place->dir, place->name, 0, &look->file);
		if (err)
			return err;
		look->info = process_text(place->task, path);
		if (!look->info && errno_is_resource(-errno))
			return -errno;
		err = read_link(place, again);
		if (!err)
			err = stat_as_known(place->dir, place->name, 0, &file);
		if (err || (strcmp(again, look->link) == 0 && is_same_file(&file, &look->file)))
			break;
	}
	return err;
}

/* A file may be called "x (deleted)"; then it is found under that name. */
static bool is_deleted(const struct look *look)
{
	struct statx there;

	if (!descriptor_looks_deleted(look->link))
		return false;
	return look->file.stx_nlink == 0 || stat_as_known(AT_FDCWD, look->link, AT_SYMLINK_NOFOLLOW, &there) ||
	       !is_same_file(&there, &look->file);
}

/* "anon_inode:[eventfd]" → "eventfd"; "net:[4026531840]" and paths stay as they are. */
static int take_name(struct descriptor *descriptor, const struct look *look)
{
	static const char anonymous[] = "anon_inode:", deleted[] = " (deleted)";
	const char *begin = look->link;
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

/* A socket says which protocol it is of; of all that is to be told of it in /proc that is the only thing which does not
 * depend on the network namespace. */
static void take_protocol(struct descriptor *descriptor, const struct place *place)
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

static void take_target(struct descriptor *descriptor)
{
	CLEANUP(cleanup_close) int process = -1;

	if (descriptor->pidfd.pid > 0)
		process = process_open((uint32_t)descriptor->pidfd.pid);
	if (process >= 0)
		process_comm(process, descriptor->pidfd.comm);
}

/* A link says its type itself. */
static void take_type_name(struct descriptor *descriptor)
{
	const char *name = NULL;

	if (descriptor->kind == KIND_BPF_MAP)
		name = libbpf_bpf_map_type_str(descriptor->bpf.type);
	else if (descriptor->kind == KIND_BPF_PROG)
		name = libbpf_bpf_prog_type_str(descriptor->bpf.type);
	if (name)
		snprintf(descriptor->bpf.type_name, sizeof(descriptor->bpf.type_name), "%s", name);
}

static void take_what_it_names(struct descriptor *descriptor, const struct place *place)
{
	switch (descriptor->kind) {
	case KIND_SOCKET:
		take_protocol(descriptor, place);
		break;
	case KIND_PIDFD:
		take_target(descriptor);
		break;
	case KIND_BPF_MAP:
	case KIND_BPF_PROG:
		take_type_name(descriptor);
		break;
	default:
		break;
	}
}

static int describe(const struct place *place, const struct look *look, struct descriptor *out)
{
	const struct statx *file = &look->file;
	const struct descriptor_look seen = {
		.link = look->link,
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
		.deleted = is_deleted(look),
		.inode = file->stx_ino,
		.device = seen.device,
		.special = makedev(file->stx_rdev_major, file->stx_rdev_minor),
		.position = -1,
	};
	out->has_size = out->kind == KIND_FILE || out->kind == KIND_MEMFD;
	out->size = file->stx_size;
	err = take_name(out, look);
	if (!err && look->info)
		err = fdinfo_parse(look->info, out);
	take_what_it_names(out, place);
	return err;
}

static int append(struct descriptors *all, const struct descriptor *descriptor)
{
	if (!GROW(all->all, all->count, all->room, 32))
		return -ENOMEM;
	all->all[all->count++] = *descriptor;
	return 0;
}

static int read_one(const struct place *place, struct descriptors *out)
{
	struct look look = {.info = NULL};
	struct descriptor descriptor = {0};
	int err = look_at(place, &look);

	if (!err) {
		err = describe(place, &look, &descriptor);
		if (!err)
			err = append(out, &descriptor);
		if (err) {
			free(descriptor.name);
			free(descriptor.watches);
		}
	}
	free(look.info);
	/* The directory may be ours and its links not, as of a process that has taken on another's rights. */
	return errno_is_resource(err) || err == -EACCES || err == -EPERM ? err : 0; /* anything else: it is closed */
}

static int compare(const void *a, const void *b)
{
	const struct descriptor *x = a, *y = b;

	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

int descriptors_read(int task, uint32_t pid, uint32_t tid, struct descriptors *out)
{
	WITH_PRIVILEGES;
	CLEANUP(cleanup_closedir) DIR *fds = dir_open_at(task, "fd");
	struct place place = {.task = task, .pid = pid, .tid = tid};
	int64_t fd;
	int err = 0;

	*out = (struct descriptors){0};
	if (!fds)
		return errno == ENOENT ? -ESRCH : -errno;
	place.dir = dirfd(fds);
	while (!err && (fd = dir_next_number(fds)) >= 0) {
		place.fd = (int32_t)fd;
		*decimal_put(place.name, (uint64_t)fd) = '\0';
		err = read_one(&place, out);
	}
	if (err) {
		descriptors_free(out);
		return err;
	}
	if (out->count)
		qsort(out->all, out->count, sizeof(*out->all), compare);
	descriptors_mark_stale(out);
	return 0;
}
