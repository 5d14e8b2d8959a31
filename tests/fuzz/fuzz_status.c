// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /proc/PID/status, limits and stat: any text gives facts that are in range or not known. The text that the kernel
 * writes of a process gives that process, whatever its name. Input: a byte; where it is even, a text; where it is odd,
 * what a process is: its id, its user, its state, its name.
 */
#include <inttypes.h>

#include "fuzz.h"
#include "process_status.h"

enum { PID_BEFORE = 7 };

static struct process_facts read_facts(const char *status)
{
	struct process_facts facts = {.pid = PID_BEFORE, .uid = UID_UNKNOWN};

	process_status_read(status, &facts);
	return facts;
}

static void check_stat_text(const char *text)
{
	struct process_stat stat = {.ppid = PID_BEFORE, .start_ticks = PID_BEFORE};

	if (process_stat_read(text, &stat))
		MUST(stat.ppid <= INT32_MAX && strchr(text, ')'));
	else
		MUST(stat.ppid == PID_BEFORE && stat.start_ticks == PID_BEFORE);
}

static void check_text(const uint8_t *data, size_t size)
{
	char *text = copy_text(data, size), *longer;
	struct process_facts facts = read_facts(text), more;
	uint64_t limit = process_limit_read(text);

	check_stat_text(text);
	MUST(facts.pid <= INT32_MAX);
	MUST(!*facts.user && !*facts.comm && !facts.tid);
	if (asprintf(&longer, "%s\nTgid:\t99\nUid:\t99\t99\nMax open files  99  99\nState:\tZ\n", text) < 0)
		abort();
	more = read_facts(longer);
	MUST(facts.pid == PID_BEFORE || more.pid == facts.pid);
	MUST(facts.uid == UID_UNKNOWN || more.uid == facts.uid);
	MUST(!facts.exited || more.exited);
	MUST(limit == LIMIT_UNKNOWN || process_limit_read(longer) == limit);
	free(longer);
	free(text);
}

/* As proc_task_name() of fs/proc/array.c: newlines and backslashes are escaped. */
static void put_name(char *at, const uint8_t *name, size_t size)
{
	for (size_t i = 0; i < size && name[i]; i++) {
		if (name[i] == '\n' || name[i] == '\\')
			*at++ = '\\';
		*at++ = name[i] == '\n' ? 'n' : (char)name[i];
	}
	*at = '\0';
}

static uint32_t take_u32(const uint8_t **data, size_t *size)
{
	uint32_t number = 0;

	for (int i = 0; i < 4; i++)
		number = number << 8 | take_byte(data, size);
	return number;
}

/* As do_task_stat() of fs/proc/array.c: the name is escaped as in status, and parentheses are not. */
static void check_stat(const char *name, char state, uint32_t ppid, uint64_t start_ticks)
{
	struct process_stat stat;
	char *text;

	if (asprintf(&text, "7 (%s) %c %u 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 %" PRIu64 " 1000 1\n", name, state,
		     ppid, start_ticks) < 0)
		abort();
	MUST(process_stat_read(text, &stat) && stat.ppid == ppid && stat.start_ticks == start_ticks);
	free(text);
}

static void check_process(const uint8_t *data, size_t size)
{
	static const char states[][20] = {"R (running)", "S (sleeping)", "Z (zombie)", "X (dead)", "t (tracing stop)"};
	uint32_t pid = take_u32(&data, &size) & INT32_MAX, uid = take_u32(&data, &size);
	const char *state = states[take_byte(&data, &size) % COUNT_OF(states)];
	char name[2 * COMM_LEN], *text;
	struct process_facts facts;

	put_name(name, data, size < COMM_LEN - 1 ? size : COMM_LEN - 1);
	if (asprintf(&text,
		     "Name:\t%s\nUmask:\t0022\nState:\t%s\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t1\nTracerPid:\t0\n"
		     "Uid:\t%u\t%u\t%u\t%u\nGid:\t1\t2\t3\t4\n",
		     name, state, pid, pid + 1, uid + 1, uid, uid + 2, uid + 3) < 0)
		abort();
	facts = read_facts(text);
	check_stat(name, *state, pid, (uint64_t)uid << 32 | pid);
	MUST(facts.pid == pid && facts.uid == uid && facts.exited == (*state == 'Z' || *state == 'X'));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (take_byte(&data, &size) % 2)
		check_process(data, size);
	else
		check_text(data, size);
	return 0;
}
