// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "trial.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "count_of.h"
#include "log.h"
#include "seccomp.h"

/* The name of trial programs and maps: `bpftool prog` shows whose they are, if one is seen during its short life. */
#define TRIAL_NAME "tcpledger_trial"

enum {
	LOG_BYTES = 4096,
	PAGE_BYTES = 4096,
	CONTEXT_FILE = 24,   /* offset of `file` in struct bpf_iter__task_file: meta, task, fd, file, each of 8 bytes */
	NOT_SUPPORTED = 524, /* ENOTSUPP, which is internal to the kernel and yet returned */
};

/* ---- the programs ---- */

/* Instructions. At the start register r1 holds the context; at the end r0 holds the result. */
#define INSN(...)                                                                                                      \
	(struct bpf_insn)                                                                                              \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}
#define SET(register, value) INSN(.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (register), .imm = (value))
#define COPY(to, from)       INSN(.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from))
#define ADD(register, value) INSN(.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (register), .imm = (value))
#define LOAD(to, from, offset)                                                                                         \
	INSN(.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = (to), .src_reg = (from), .off = (offset))
#define SKIP_IF_0(register, skip) INSN(.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = (register), .off = (skip))
#define CALL(helper)              INSN(.code = BPF_JMP | BPF_CALL, .imm = (helper))
#define RETURN                    INSN(.code = BPF_JMP | BPF_EXIT)

static const struct bpf_insn nothing[] = {SET(0, 0), RETURN};

/* bpf_get_socket_cookie(the first argument of the tracepoint) */
static const struct bpf_insn socket_cookie[] = {LOAD(1, 1, 0), CALL(BPF_FUNC_get_socket_cookie), SET(0, 0), RETURN};

/* bpf_probe_read_kernel(stack, 8, NULL) */
static const struct bpf_insn kernel_read[] = {
	COPY(1, 10), ADD(1, -8), SET(2, 8), SET(3, 0), CALL(BPF_FUNC_probe_read_kernel), SET(0, 0), RETURN,
};

/* if (context->file) bpf_sock_from_file(context->file) */
static const struct bpf_insn socket_of_file[] = {
	LOAD(1, 1, CONTEXT_FILE), SKIP_IF_0(1, 1), CALL(BPF_FUNC_sock_from_file), SET(0, 0), RETURN,
};

struct program {
	const char *target; /* name of the function or type to attach to, in the type information */
	int kind;           /* BTF_KIND_… of that name */
	enum bpf_attach_type attach_type;
	const struct bpf_insn *code;
	size_t length;
};

#define CODE(array) .code = (array), .length = COUNT_OF(array)

static const struct program at_tracepoint = {"btf_trace_inet_sock_set_state", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP,
					     CODE(nothing)};
static const struct program cookie_at_tracepoint = {"btf_trace_inet_sock_set_state", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP,
						    CODE(socket_cookie)};
static const struct program read_at_tracepoint = {"btf_trace_inet_sock_set_state", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP,
						  CODE(kernel_read)};
static const struct program over_sockets = {"bpf_iter_tcp", BTF_KIND_FUNC, BPF_TRACE_ITER, CODE(nothing)};
static const struct program over_descriptors = {"bpf_iter_task_file", BTF_KIND_FUNC, BPF_TRACE_ITER,
						CODE(socket_of_file)};
static const struct program after_accept = {"inet_csk_accept", BTF_KIND_FUNC, BPF_TRACE_FEXIT, CODE(nothing)};

/* ---- trying the programs ---- */

static struct trial make_trial(enum trial_step step, int err)
{
	return (struct trial){.failed_at = step, .err = err};
}

/* Loads a program. Returns a descriptor; or a negative number, and what failed is in *trial. */
static int load_trial_program(const struct program *program, const struct btf *btf, struct trial *trial)
{
	char log[LOG_BYTES] = "";
	struct bpf_prog_load_opts options;
	int id = btf ? btf__find_by_name_kind(btf, program->target, (__u32)program->kind) : -ENODATA;
	int fd;

	if (id < 0) {
		*trial = make_trial(TRIAL_FIND, id);
		return -1;
	}
	memset(&options, 0, sizeof(options)); /* libbpf wants the bytes between the members to be 0 too */
	options.sz = sizeof(options);
	options.expected_attach_type = program->attach_type;
	options.attach_btf_id = (__u32)id;
	options.log_buf = log;
	options.log_size = sizeof(log);
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, TRIAL_NAME, "Dual BSD/GPL", program->code, program->length, &options);
	if (fd < 0) {
		log_info("trial of %s: %s\n%s", program->target, strerror(-fd), log);
		*trial = make_trial(TRIAL_LOAD, fd);
	}
	return fd;
}

static struct trial try_program_load(const struct program *program, const struct btf *btf)
{
	struct trial trial = {0};
	int fd = load_trial_program(program, btf, &trial);

	cleanup_close(&fd);
	return trial;
}

/* Makes a link of an iterator and opens it: until then an iterator is attached to nothing. It is not read here. */
static struct trial open_trial_iterator(int program_fd)
{
	CLEANUP(cleanup_close) int link = bpf_link_create(program_fd, 0, BPF_TRACE_ITER, NULL);
	CLEANUP(cleanup_close) int iterator = link < 0 ? -1 : bpf_iter_create(link);

	if (link < 0)
		return make_trial(TRIAL_ATTACH, link);
	return iterator < 0 ? make_trial(TRIAL_RUN, iterator) : make_trial(TRIAL_DONE, 0);
}

/* Attaches a program. Closing the link detaches it. */
static struct trial attach_trial_program(int program_fd)
{
	CLEANUP(cleanup_close) int link = bpf_raw_tracepoint_open(NULL, program_fd);

	return link < 0 ? make_trial(TRIAL_ATTACH, link) : make_trial(TRIAL_DONE, 0);
}

static struct trial try_program_attach(const struct program *program, const struct btf *btf)
{
	struct trial trial = {0};
	CLEANUP(cleanup_close) int fd = load_trial_program(program, btf, &trial);

	if (fd < 0)
		return trial;
	return program->attach_type == BPF_TRACE_ITER ? open_trial_iterator(fd) : attach_trial_program(fd);
}

struct trial trial_tracepoint(const struct btf *btf)
{
	return try_program_attach(&at_tracepoint, btf);
}

struct trial trial_socket_cookie(const struct btf *btf)
{
	return try_program_load(&cookie_at_tracepoint, btf);
}

struct trial trial_kernel_read(const struct btf *btf)
{
	return try_program_load(&read_at_tracepoint, btf);
}

struct trial trial_socket_iterator(const struct btf *btf)
{
	return try_program_attach(&over_sockets, btf);
}

struct trial trial_descriptor_iterator(const struct btf *btf)
{
	return try_program_attach(&over_descriptors, btf);
}

struct trial trial_accept_exit(const struct btf *btf)
{
	return try_program_attach(&after_accept, btf);
}

struct trial trial_ring_buffer(void)
{
	/* one page of this machine: the kernel refuses sizes that are no multiple of it */
	CLEANUP(cleanup_close)
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, TRIAL_NAME, 0, 0, (__u32)sysconf(_SC_PAGESIZE), NULL);

	return fd < 0 ? make_trial(TRIAL_LOAD, fd) : make_trial(TRIAL_DONE, 0);
}

/* ---- the system call ---- */

static int call_bpf(int command, union bpf_attr *attr)
{
	int fd = (int)syscall(SYS_bpf, command, attr, sizeof(*attr));

	return fd < 0 ? -errno : fd;
}

/* Makes a map, but not by libbpf's function, which would lift the limit (RLIMIT_MEMLOCK) first. */
static int create_trial_array(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr)); /* the kernel wants the bytes between the members to be 0 too */
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = PAGE_BYTES;
	attr.max_entries = 1;
	strcpy(attr.map_name, TRIAL_NAME);
	return call_bpf(BPF_MAP_CREATE, &attr);
}

bool trial_counts_locked_memory(void)
{
	CLEANUP(cleanup_close) int before = create_trial_array(), without_room = -1;
	struct rlimit limit, none;

	if (before < 0 || getrlimit(RLIMIT_MEMLOCK, &limit))
		return false;
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	if (setrlimit(RLIMIT_MEMLOCK, &none))
		return false;
	without_room = create_trial_array();
	setrlimit(RLIMIT_MEMLOCK, &limit);
	return without_room == -EPERM;
}

/* Calls bpf() for a map that does not exist. A command that does not exist would not do: it gets EINVAL, which is also
 * what some filters return. */
static int look_up_absent_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (__u32)-1;
	return call_bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

int trial_system_call(void)
{
	int err = seccomp_try(look_up_absent_map);

	return err == -EAGAIN ? look_up_absent_map() : err;
}

bool trial_bpf_kills(void)
{
	return seccomp_kills(look_up_absent_map);
}

const char *trial_error_text(int err)
{
	if (err == -NOT_SUPPORTED)
		return "not supported here";
	if (err == -ESHUTDOWN)
		return "whoever calls bpf() is killed";
	return strerror(-err);
}
