// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf_source.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "host.h"
#include "log.h"
#include "record.h"
#include "tcpledger.skel.h"

/* A wake-up costs as much as many events; this much (a power of two) makes it worth it. */
enum { WAKE_BYTES = 256 * 1024 };

/* What is set aside while a snapshot is taken: more is left in the ring. */
enum { ASIDE_MAX = 256 << 20 };

struct aside {
	char *bytes; /* records, each after its size as a uint64_t */
	size_t used;
	size_t room;
};

struct bpf_source {
	struct tcpledger_bpf *skeleton;
	struct ring_buffer *ring;
	struct aside aside;
	bool setting_aside;
	event_handler *handler;
	void *context;
	uint64_t received;
	uint64_t skipped; /* once stopped */
};

/* ---- records to events ---- */

_Static_assert((int)RECORD_ADDR_LEN == (int)ADDRESS_LEN, "one form of address");
_Static_assert((int)RECORD_COMM_LEN == (int)COMM_LEN, "one form of name");
_Static_assert((int)RECORD_MAX_NETNS == (int)PUSH_DOWN_MAX_NETNS, "one form of filter");
_Static_assert(sizeof(struct record_port_set) == sizeof(struct port_set), "one form of filter");

static int hand_on(const struct bpf_source *source, const struct transition_record *t, struct event *event)
{
	event->kind = EVENT_TRANSITION;
	event->ts_ns = t->ts_ns;
	event->sk = t->sk;
	event->cookie = t->cookie;
	memcpy(event->tuple.laddr.bytes, t->laddr, ADDRESS_LEN);
	memcpy(event->tuple.raddr.bytes, t->raddr, ADDRESS_LEN);
	event->tuple.lport = t->lport;
	event->tuple.rport = t->rport;
	event->tuple.netns = t->netns;
	event->tuple.family = t->family;
	event->oldstate = t->oldstate < STATE_COUNT ? t->oldstate : STATE_UNKNOWN;
	event->newstate = t->newstate < STATE_COUNT ? t->newstate : STATE_UNKNOWN;
	event->again = t->kind & RECORD_AGAIN;
	event->uid = t->uid;
	return source->handler(source->context, event);
}

static int hand_on_opening(const struct bpf_source *source, const struct opening_record *o)
{
	struct owner caller = {.pid = o->pid, .fd = FD_UNKNOWN};
	struct event event = {.inode = o->inode, .owners = &caller, .owner_count = o->pid ? 1 : 0};

	memcpy(caller.comm, o->comm, COMM_LEN);
	caller.comm[COMM_LEN - 1] = '\0';
	return hand_on(source, &o->transition, &event);
}

static int hand_on_closing(const struct bpf_source *source, const struct closing_record *c)
{
	struct closing closing = {
		.rx_bytes = c->rx_bytes,
		.tx_bytes = c->tx_bytes,
		.srtt_us = c->srtt_us,
		.retrans = c->retrans,
		.err = c->err,
		.sent = c->sent,
		.had_port = c->transition.lport != 0,
	};
	struct event event = {.inode = c->inode, .closing = &closing};

	return hand_on(source, &c->transition, &event);
}

static int take_record(const struct bpf_source *source, const void *data, size_t size)
{
	const struct transition_record *t = data;
	unsigned int kind = t->kind & ~RECORD_AGAIN;
	struct event event = {0};

	if (kind == RECORD_OPENING && size >= sizeof(struct opening_record))
		return hand_on_opening(source, data);
	if (kind == RECORD_CLOSING && size >= sizeof(struct closing_record))
		return hand_on_closing(source, data);
	return hand_on(source, t, &event);
}

static int put_aside(struct aside *aside, const void *data, uint64_t size)
{
	size_t need = sizeof(size) + (size + 7) / 8 * 8;

	if (aside->used + need > aside->room) {
		size_t room = aside->room ? aside->room * 2 : 1 << 20;
		char *grown = realloc(aside->bytes, room);

		if (!grown)
			return -ENOMEM;
		aside->bytes = grown;
		aside->room = room;
	}
	memcpy(aside->bytes + aside->used, &size, sizeof(size));
	memcpy(aside->bytes + aside->used + sizeof(size), data, size);
	aside->used += need;
	return 0;
}

/* Called by libbpf for each record in the ring. */
static int on_record(void *context, void *data, size_t size)
{
	struct bpf_source *source = context;

	source->received++;
	if (source->setting_aside)
		return put_aside(&source->aside, data, size);
	return take_record(source, data, size);
}

static int take_aside(struct bpf_source *source)
{
	struct aside aside = source->aside;
	int taken = 0, err = 0;
	uint64_t size;

	source->aside = (struct aside){0};
	for (size_t at = 0; at < aside.used && !err; at += sizeof(size) + (size + 7) / 8 * 8) {
		memcpy(&size, aside.bytes + at, sizeof(size));
		err = take_record(source, aside.bytes + at + sizeof(size), size);
		taken++;
	}
	free(aside.bytes);
	return err ? err : taken;
}

/* ---- loading ---- */

static void set_filter(struct record_filter *filter, const struct push_down *push_down)
{
	filter->by_family = push_down->by_family;
	filter->by_netns = push_down->by_netns;
	filter->by_lport = push_down->by_lport;
	filter->by_rport = push_down->by_rport;
	filter->by_either = push_down->by_either;
	filter->want_ipv4 = push_down->want_ipv4;
	filter->want_ipv6 = push_down->want_ipv6;
	filter->netns_count = push_down->netns_count;
	memcpy(filter->netns, push_down->netns, sizeof(filter->netns));
	memcpy(&filter->lports, &push_down->lports, sizeof(filter->lports));
	memcpy(&filter->rports, &push_down->rports, sizeof(filter->rports));
	memcpy(&filter->either, &push_down->either, sizeof(filter->either));
}

static int load(const struct push_down *push_down, bool make_cookies, struct tcpledger_bpf **out)
{
	struct tcpledger_bpf *skeleton = tcpledger_bpf__open();
	int err;

	if (!skeleton)
		return -errno;
	/* const volatile is for the BPF side; here it is written until it is loaded */
	set_filter((struct record_filter *)&skeleton->rodata->filter, push_down);
	skeleton->rodata->make_cookies = make_cookies;
	skeleton->rodata->wake_mask = WAKE_BYTES - 1;
	err = tcpledger_bpf__load(skeleton);
	if (err) {
		tcpledger_bpf__destroy(skeleton);
		return err;
	}
	*out = skeleton;
	return 0;
}

/* The order matters: the second program asks what the first has done. */
static int attach(struct tcpledger_bpf *skeleton)
{
	skeleton->links.on_transition = bpf_program__attach(skeleton->progs.on_transition);
	if (!skeleton->links.on_transition)
		return -errno;
	skeleton->links.on_transition_missed = bpf_program__attach(skeleton->progs.on_transition_missed);
	return skeleton->links.on_transition_missed ? 0 : -errno;
}

/* libbpf's word goes through our log, one level lower: what it warns of is often a way that we then go around. */
static int on_libbpf_message(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text; /* the verifier's log is one message, and its last lines matter most */
	int length;

	if (log_level() < (level == LIBBPF_WARN ? LOG_INFO : LOG_DEBUG) || level == LIBBPF_DEBUG)
		return 0;
	length = vasprintf(&text, format, args);
	if (length < 0)
		return 0;
	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	log_write(level == LIBBPF_WARN ? LOG_INFO : LOG_DEBUG, "%s", text);
	free(text);
	return 0;
}

int bpf_source_open(const struct push_down *push_down, struct bpf_source **out)
{
	struct bpf_source *source = calloc(1, sizeof(*source));
	int err;

	if (!source)
		return -ENOMEM;
	libbpf_set_print(on_libbpf_message);
	if (libbpf_num_possible_cpus() > RECORD_MAX_CPUS) {
		log_error("this host may have %d processors; tcpledger counts on at most %d",
			  libbpf_num_possible_cpus(), RECORD_MAX_CPUS);
		err = -E2BIG;
		goto fail;
	}
	err = load(push_down, true, &source->skeleton);
	if (err) /* bpf_get_socket_cookie() in tracing programs came with Linux 5.12 */
		err = load(push_down, false, &source->skeleton);
	if (!err)
		err = attach(source->skeleton);
	if (err) {
		host_explain_failure(err);
		goto fail;
	}
	source->ring = ring_buffer__new(bpf_map__fd(source->skeleton->maps.ring), on_record, source, NULL);
	if (!source->ring) {
		err = -errno;
		log_error("the ring buffer cannot be mapped: %s", strerror(-err));
		goto fail;
	}
	*out = source;
	return 0;
fail:
	bpf_source_free(source);
	return err;
}

void bpf_source_free(struct bpf_source *source)
{
	if (!source)
		return;
	ring_buffer__free(source->ring);
	tcpledger_bpf__destroy(source->skeleton);
	free(source->aside.bytes);
	free(source);
}

/* ---- running ---- */

int bpf_source_fd(const struct bpf_source *source)
{
	return bpf_map__fd(source->skeleton->maps.ring);
}

int bpf_source_set_aside(struct bpf_source *source)
{
	int err;

	if (source->aside.used > ASIDE_MAX)
		return 0;
	source->setting_aside = true;
	err = ring_buffer__consume(source->ring);
	source->setting_aside = false;
	return err < 0 ? err : 0;
}

int bpf_source_consume(struct bpf_source *source, event_handler *handler, void *context)
{
	int aside, fresh;

	source->handler = handler;
	source->context = context;
	aside = take_aside(source);
	if (aside < 0)
		return aside;
	fresh = ring_buffer__consume(source->ring);
	return fresh < 0 ? fresh : aside + fresh;
}

static uint64_t recursion_misses(const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) ? 0 : info.recursion_misses;
}

struct bpf_counts bpf_source_counts(const struct bpf_source *source)
{
	const struct cpu_counters *counters = source->skeleton->bss->counters;
	struct bpf_counts counts = {.received = source->received};

	for (int cpu = 0; cpu < RECORD_MAX_CPUS; cpu++) {
		counts.seen += __atomic_load_n(&counters[cpu].seen, __ATOMIC_RELAXED);
		counts.dropped += __atomic_load_n(&counters[cpu].dropped, __ATOMIC_RELAXED);
		counts.recovered += __atomic_load_n(&counters[cpu].recovered, __ATOMIC_RELAXED);
	}
	counts.skipped = source->skeleton->links.on_transition ? recursion_misses(source->skeleton->progs.on_transition)
							       : source->skipped;
	return counts;
}

/* Detaching does not wait for a program that is running on another CPU; membarrier() waits for an RCU grace
 * period, which no running program outlasts. */
void bpf_source_stop(struct bpf_source *source)
{
	const struct timespec instead = {.tv_nsec = 20 * NS_PER_MS};

	/* The second first: without the first it would take everything for skipped. */
	source->skipped = recursion_misses(source->skeleton->progs.on_transition);
	bpf_link__destroy(source->skeleton->links.on_transition_missed);
	source->skeleton->links.on_transition_missed = NULL;
	bpf_link__destroy(source->skeleton->links.on_transition);
	source->skeleton->links.on_transition = NULL;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0)) /* refused where nohz_full is in use */
		nanosleep(&instead, NULL);
}
