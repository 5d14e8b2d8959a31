// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests which container the path of a control group names: paths as container managers write them, and paths as an
 * attacker might write them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "container.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define POD   "pod2d1a4f3c-52b4-4b8e-9d2f-0a1b2c3d4e5f"
#define POD_  "pod2d1a4f3c_52b4_4b8e_9d2f_0a1b2c3d4e5f"
#define LONG  "x123456789012345678901234567890123456789012345678901234567890123" /* 64 characters, and no id */

struct path_case {
	const char *path;
	const char *name; /* NULL: no container */
};

static const struct path_case path_cases[] = {
	/* paths of no container */
	{"/", NULL},
	{"/init.scope", NULL},
	{"/system.slice/ssh.service", NULL},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.scope", NULL},
	{"/system.slice/docker.service", NULL},
	{"/system.slice/containerd.service", NULL},
	{"/process_api/2a9880a33a70ac44286cc01a5d4d519a", NULL},
	/* docker: without systemd, with systemd, rootless, by a path that is unknown to systemd */
	{"/docker/" ID, "docker:0123456789ab"},
	{"/system.slice/docker-" ID ".scope", "docker:0123456789ab"},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", "docker:0123456789ab"},
	{"/system.slice:docker:" ID, "docker:0123456789ab"},
	{"/docker/" ID "/init.scope", "docker:0123456789ab"},
	{"/foo/" ID, "container:0123456789ab"}, /* --cgroup-parent */
	{"/ecs/0aa11bb2/" ID, "container:0123456789ab"},
	/* podman, and conmon, which watches over its containers */
	{"/machine.slice/libpod-" ID ".scope", "podman:0123456789ab"},
	{"/machine.slice/libpod-" ID ".scope/container", "podman:0123456789ab"},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", "podman:0123456789ab"},
	{"/libpod_parent/libpod-" ID, "podman:0123456789ab"},
	{"/machine.slice/libpod-conmon-" ID ".scope", NULL},
	{"/libpod_parent/conmon", NULL},
	/* kubernetes */
	{"/kubepods/" POD "/" ID, "kubepods:0123456789ab"},
	{"/kubepods/burstable/" POD "/" ID, "kubepods:0123456789ab"},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-" POD_ ".slice/" ID, "kubepods:0123456789ab"},
	{"/kubepods.slice/kubepods-" POD_ ".slice/cri-containerd-" ID ".scope", "containerd:0123456789ab"},
	{"/kubepods.slice/kubepods-" POD_ ".slice/docker-" ID ".scope", "docker:0123456789ab"},
	{"/kubepods.slice/kubepods-" POD_ ".slice/crio-" ID ".scope", "crio:0123456789ab"},
	{"/kubepods.slice/kubepods-" POD_ ".slice/crio-conmon-" ID ".scope", NULL},
	{"/kubepods/besteffort/" POD "/crio-" ID, "crio:0123456789ab"},
	{"/system.slice/containerd.service/kubepods-burstable-" POD_ ".slice:cri-containerd:" ID,
	 "containerd:0123456789ab"},
	{"/kubepods/burstable/" POD, NULL},
	/* containerd */
	{"/default/" ID, "containerd:0123456789ab"},
	{"/k8s.io/" ID, "containerd:0123456789ab"},
	{"/default/web", "containerd:web"},
	{"/default/web/child", "containerd:web"},
	{"/other/web", NULL},
	{"/a/default/web", NULL},
	{"/default", NULL},
	{"/system.slice/nerdctl-" ID ".scope", "containerd:0123456789ab"},
	/* lxc, and its monitor */
	{"/lxc.payload.web", "lxc:web"},
	{"/lxc.payload.web/system.slice/ssh.service", "lxc:web"},
	{"/lxc.payload/web", "lxc:web"},
	{"/lxc/web", "lxc:web"},
	{"/lxc/web/init.scope", "lxc:web"},
	{"/lxc.monitor.web", NULL},
	{"/lxc.payload.", NULL},
	{"/a/lxc/web", NULL},
	/* systemd-nspawn; virtual machines are registered in the same place */
	{"/machine.slice/machine-web.scope/payload", "machine:web"},
	{"/machine.slice/machine-my\\x2dweb.scope", "machine:my-web"},
	{"/machine.slice/systemd-nspawn@web.service/payload/init.scope", "machine:web"},
	{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", NULL},
	{"/machine.slice/machine-.scope", NULL},
	/* one container in another: the innermost is named */
	{"/docker/" OTHER "/docker/" ID, "docker:0123456789ab"},
	{"/docker/" OTHER "/kubelet/kubepods/besteffort/" POD "/" ID, "kubepods:0123456789ab"},
	{"/docker/" OTHER "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-" POD_ ".slice/cri-containerd-" ID
	 ".scope",
	 "containerd:0123456789ab"},
	{"/kubepods/burstable/" POD "/" OTHER "/docker/" ID, "docker:0123456789ab"},
	{"/lxc.payload.web/docker/" ID, "docker:0123456789ab"},
	{"/system.slice/docker-" OTHER ".scope/machine.slice/libpod-" ID ".scope", "podman:0123456789ab"},
	/* from within a cgroup namespace, and of a group that has been removed */
	{"/../docker-" ID ".scope", "docker:0123456789ab"},
	{"/../../docker/" ID, "docker:0123456789ab"},
	{"/../" ID, "container:0123456789ab"},
	{"/docker/" ID " (deleted)", "docker:0123456789ab"},
	{"/lxc.payload.web (deleted)", "lxc:web"},
	/* almost a container's path */
	{"/docker/0123456789ab", NULL},
	{"/docker/" ID "0", NULL},
	{"/system.slice/docker-" ID "0.scope", NULL},
	{"/system.slice/docker-0123.scope", NULL},
	{"/system.slice/docker-" LONG "x.scope", NULL},
	{"/system.slice/Docker-" ID ".scope", NULL},
	{"/system.slice/xdocker-" ID ".scope", NULL},
	{"/system.slice/docker_" ID ".scope", NULL},
	{"/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", NULL},
	/* hostile: a name passes unchanged, and is escaped where it is shown */
	{"/lxc.payload.\033[2J", "lxc:\033[2J"},
	{"/lxc.payload.a b\tc", "lxc:a b\tc"},
	{"/machine.slice/machine-\\x1b\\x5b2J.scope", "machine:\033[2J"},
	{"/machine.slice/machine-a\\x00b.scope", NULL},
	{"/machine.slice/machine-\\x.scope", "machine:\\x"},
	{"/machine.slice/machine-\\x2.scope", "machine:\\x2"},
	{"/machine.slice/machine-\\xzz.scope", "machine:\\xzz"},
	{"/machine.slice/machine-\\x2d.scope", "machine:-"},
	{"/lxc.payload." LONG, "lxc:" LONG},
	{"/lxc.payload." LONG "0", NULL},
	{"/machine.slice/machine-" LONG ".scope", "machine:" LONG},
	{"/machine.slice/machine-" LONG "0.scope", NULL},
	{"//docker//" ID "//", "docker:0123456789ab"},
	{"docker/" ID, "docker:0123456789ab"},
	{"/:docker:/" ID, "container:0123456789ab"},
	{"/:" ID, NULL},
	{"/-" ID, NULL},
	{"/ (deleted)", NULL},
	{"", NULL},
};

static void assert_container(const char *text, size_t length, const char *wanted, const char *of)
{
	struct container container = {.runtime = "untouched"};
	char name[CONTAINER_NAME_SIZE];
	bool found = container_of_cgroup(text, length, &container);

	if (found != (wanted != NULL))
		fail_msg("%s: %s", of, found ? container_name(&container, name) : "no container is found");
	if (!found)
		assert_string_equal(container.runtime, "untouched");
	else if (strcmp(container_name(&container, name), wanted) != 0)
		fail_msg("%s: %s, not %s", of, name, wanted);
}

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(path_cases); i++) {
		static const char *const heads[] = {"0::", "4:memory:", "1:name=systemd:"};

		for (size_t j = 0; j < COUNT_OF(heads); j++) {
			char text[1024];
			int length = snprintf(text, sizeof(text), "%s%s\n", heads[j], path_cases[i].path);

			assert_true(length > 0 && length < (int)sizeof(text));
			assert_container(text, (size_t)length, path_cases[i].name, path_cases[i].path);
		}
	}
}

static void test_whole_files(void **state)
{
	static const struct path_case files[] = {
		{"", NULL},
		{"\n\n\n", NULL},
		{"0::/docker/" ID, NULL}, /* a cut line: the missing part is unknown */
		{"no colons\n::\n:\n0:/docker/" ID "\n", NULL},
		{"0::/\n1:cpu:/docker/" ID "\n", "docker:0123456789ab"},
		{"9:name=systemd:/system.slice/docker-" ID ".scope\n8:pids:/\n0::/\n", "docker:0123456789ab"},
		{"9:cpu:/lxc/web\n0::/docker/" ID "\n", "lxc:web"},
		{"12:cpu,cpuacct:/docker/" ID "\n", "docker:0123456789ab"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++)
		assert_container(files[i].path, strlen(files[i].path), files[i].name, files[i].path);
}

static void test_ids(void **state)
{
	struct container container;
	static const char hex[] = "0::/docker/" ID "\n", named[] = "0::/lxc/" ID "\n", word[] = "0::/lxc/web\n";

	(void)state;
	assert_true(container_of_cgroup(hex, sizeof(hex) - 1, &container));
	assert_true(container_has_hex_id(&container));
	assert_string_equal(container.id, ID);
	assert_true(container_of_cgroup(word, sizeof(word) - 1, &container));
	assert_false(container_has_hex_id(&container));
	/* sixty-four hex digits are an id, even where a person has chosen them */
	assert_true(container_of_cgroup(named, sizeof(named) - 1, &container));
	assert_string_equal(container.runtime, "lxc");
	assert_true(container_has_hex_id(&container));
}

/* Random texts, made of pieces that matter to the parser: none may be read beyond its end, or give a name that is too
 * long. */
static void test_random_text(void **state)
{
	static const char *const pieces[] = {
		"/",    "docker",  "-",          ":",        ID,         ".scope",   "lxc.payload.", "lxc/",
		"0::",  "\n",      "\\x2d",      "machine-", "\\x",      "kubepods", "/pod1",        "..",
		"\033", "libpod-", " (deleted)", "a",        "default/", "\0",       "\xff",         LONG};
	uint64_t seed = 20260101;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		char text[2048], name[CONTAINER_NAME_SIZE];
		struct container container;
		size_t used = 0;
		char *exact;

		for (int piece = 0; piece < 12; piece++) {
			const char *chosen;

			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			chosen = pieces[(seed >> 33) % COUNT_OF(pieces)];
			memcpy(text + used, chosen, strlen(chosen) + 1);
			used += strlen(chosen) + !*chosen;
		}
		exact = malloc(used + 1); /* of the exact size, so that a sanitizer sees a read beyond the end */
		assert_non_null(exact);
		memcpy(exact, text, used);
		exact[used] = '\n';
		if (container_of_cgroup(exact, used + (round & 1), &container)) {
			assert_true(strlen(container.id) > 0 && strlen(container.id) <= CONTAINER_ID_MAX);
			assert_true(strlen(container_name(&container, name)) < CONTAINER_NAME_SIZE);
		}
		free(exact);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_whole_files),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_random_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
