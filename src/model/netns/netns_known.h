/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The network namespaces of a host under the names that people know, and the choice of those that a word means.
 */
#include <stdint.h>

#include "container.h"

enum { NETNS_NAME_MAX = 255 }; /* NAME_MAX: bytes of a name under /run/netns */

/* How a namespace is named; the higher rank wins. */
enum netns_rank {
	NETNS_NAMELESS,
	NETNS_BY_MACHINE,   /* under /run/netns, by a name that a program made up, as "cni-" and a UUID */
	NETNS_BY_CONTAINER, /* by the container that a process in it belongs to */
	NETNS_BY_NAME,      /* under /run/netns */
	NETNS_HOST,         /* the host's own */
};

#define NETNS_HOST_NAME "host"
#define NETNS_FOLDER    "/run/netns/"

/* The kernel gives namespaces no smaller inodes (PROC_MNT_INIT_INO, include/linux/proc_ns.h, of Linux 6.18, where the
 * first namespaces got fixed ones). No PID is as great. */
#define NETNS_SMALLEST_INODE 0xeffffff8u

/* Returns the name of the namespace of a file under /run/netns. That is the file's; or where such a word means another
 * namespace, "host" or an inode, the path, which is written into `path`. */
const char *netns_name_of_file(const char *file, char path[NETNS_NAME_MAX + 1]);

/* Returns the file under /run/netns that has a name, or has it as its path; NULL: the name means no such file. */
const char *netns_file_of_name(const char *name);

/* The rank of a name under /run/netns. */
enum netns_rank netns_rank_of(const char *name);

/* One namespace under one of its names. A namespace with several names is listed several times. */
struct netns_known {
	uint32_t inode;
	enum netns_rank rank;
	char name[NETNS_NAME_MAX + 1]; /* hostile text; empty: nameless */
	struct container container;    /* NETNS_BY_CONTAINER */
};

enum { NETNS_CHOICE_MAX = 64, NETNS_LIST_SIZE = 512, NETNS_WHY_SIZE = NETNS_LIST_SIZE + 128 };

struct netns_choice {
	uint32_t inodes[NETNS_CHOICE_MAX];
	size_t count;
	char why[NETNS_WHY_SIZE]; /* why there is none, in words to follow "--netns WORD: "; netns_choose() writes
				   * NETNS_LIST_SIZE bytes at most */
};

/* Chooses the namespaces that `word` means: a name as it is or as it is printed (escape.h), or the id of a container or
 * 4 or more hex digits with which the id begins. A container may be in several namespaces. 0, or with choice->why
 * -ENOENT when the word means nothing, and -ENOTUNIQ when it means different things. Sorts `all`. */
int netns_choose(struct netns_known *all, size_t count, const char *word, struct netns_choice *choice);
