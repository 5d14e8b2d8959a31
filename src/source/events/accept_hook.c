// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "accept_hook.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdlib.h>

#include "accept.skel.h"
#include "privileges.h"

struct accept_hook {
	struct accept_bpf *skeleton;
};

/* `recent`: the program for the kernel's function as of Linux 6.10; false: the program for older kernels. */
static int attach_accept_program(const struct bpf_ring *ring, bool recent, struct accept_bpf **out)
{
	struct accept_bpf *skeleton = accept_bpf__open();
	int err;

	if (!skeleton)
		return -errno;
	bpf_program__set_autoload(skeleton->progs.on_accept, recent);
	bpf_program__set_autoload(skeleton->progs.on_accept_before_6_10, !recent);
	skeleton->rodata->wake_mask = ring->wake_mask;
	skeleton->rodata->may_probe = ring->may_probe;
	skeleton->rodata->pid_namespace = ring->pid_namespace;
	skeleton->rodata->clock_offset_ns = ring->clock_offset_ns;
	err = bpf_map__reuse_fd(skeleton->maps.ring, ring->fd);
	if (!err)
		err = accept_bpf__load(skeleton);
	if (!err)
		err = accept_bpf__attach(skeleton);
	if (err) {
		accept_bpf__destroy(skeleton);
		return err;
	}
	*out = skeleton;
	return 0;
}

int accept_hook_open(const struct bpf_ring *ring, struct accept_hook **out)
{
	WITH_PRIVILEGES;
	struct accept_hook *hook = calloc(1, sizeof(*hook));
	int err;

	if (!hook)
		return -ENOMEM;
	err = attach_accept_program(ring, true, &hook->skeleton);
	if (err)
		err = attach_accept_program(ring, false, &hook->skeleton);
	if (err) {
		free(hook);
		return err;
	}
	*out = hook;
	return 0;
}

void accept_hook_set_sleep(struct accept_hook *hook, bool sleeps)
{
	if (hook)
		__atomic_store_n(&hook->skeleton->bss->reader_sleeps, sleeps, __ATOMIC_SEQ_CST);
}

void accept_hook_free(struct accept_hook *hook)
{
	if (!hook)
		return;
	accept_bpf__destroy(hook->skeleton);
	free(hook);
}
