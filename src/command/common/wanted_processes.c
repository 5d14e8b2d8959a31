// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "wanted_processes.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "filter_names.h"
#include "grow.h"
#include "log.h"
#include "name_glob.h"
#include "parse.h"
#include "process.h"
#include "process_dir.h"
#include "process_names.h"

enum { NAME_SIZE = 256, HINTS_SIZE = 1024 };

struct wanted_process {
	uint32_t pid;        /* 0: asked for by name */
	const char *pattern; /* borrowed from the filter */
	bool found;
};

struct wanted_processes {
	struct wanted_process *all;
	size_t count, room;
	size_t missing; /* of those asked for by name: not found yet */
	bool short_of_memory;
	struct process_names names; /* of the processes that were looked at */
	size_t nameless;
	uint32_t self; /* our own pid */
};

static void note_wanted_process(void *context, uint32_t pid, const char *pattern)
{
	struct wanted_processes *wanted = context;

	if (!GROW(wanted->all, wanted->count, wanted->room, 4)) {
		wanted->short_of_memory = true;
		return;
	}
	wanted->all[wanted->count++] = (struct wanted_process){.pid = pid, .pattern = pattern};
	wanted->missing += !pid;
}

/* ---- looking for them ---- */

/* Ends the walk, by returning 1, once all are found. This process itself does not count: it holds nothing that is
 * shown. */
static int compare_process(void *context, uint32_t pid, int process)
{
	struct wanted_processes *wanted = context;
	char comm[COMM_LEN];
	int read = pid == wanted->self ? 0 : process_comm(process, comm);

	if (read <= 0)
		return read;
	for (size_t i = 0; i < wanted->count; i++) {
		struct wanted_process *one = &wanted->all[i];

		if (one->found || one->pid || fnmatch(one->pattern, comm, 0) != 0)
			continue;
		one->found = true;
		wanted->missing--;
	}
	return wanted->missing ? process_names_add(&wanted->names, comm) : 1;
}

/* ---- what was meant ---- */

struct hints {
	char text[HINTS_SIZE];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void add_hint(struct hints *hints, const char *format, ...)
{
	size_t room = sizeof(hints->text) - hints->used;
	va_list args;
	int length = snprintf(hints->text + hints->used, room, "; ");

	if ((size_t)length >= room)
		return;
	va_start(args, format);
	length += vsnprintf(hints->text + hints->used + length, room - (size_t)length, format, args);
	va_end(args);
	hints->used += (size_t)length < room ? (size_t)length : room - 1;
}

/* Adds what else is called so. The name goes into look-ups as it is shown, which is how names are typed. */
static void add_hints_of_other_kinds(struct hints *hints, const char *name)
{
	struct netns_choice netns = {.count = 0};
	struct service_ports ports;
	struct address address;
	uint32_t uid;

	if (host_names.service(NULL, SERVICE(name), &ports) == 0)
		add_hint(hints, "the port is ':%s'", SERVICE(name));
	if (tcp_state_set(name, strlen(name)))
		add_hint(hints, "the state is 'state %s'", name);
	if (address_parse(name, &address))
		add_hint(hints, "the address is %s", name);
	if (host_names.user(NULL, NAMED(name), &uid) == 0)
		add_hint(hints, "the user is 'uid %s'", NAMED(name));
	if (!is_digits(name) && host_names.netns(NULL, NAMED(name), &netns) == 0)
		add_hint(hints, "the network namespace is 'netns %s'", NAMED(name));
	if (!hints->used && (strchr(name, '.') || !strcmp(name, "localhost")))
		add_hint(hints, "a host is known by its address only");
}

static void warn_of_missing_name(const struct wanted_processes *wanted, const char *pattern, bool waits)
{
	bool all_are_seen = !wanted->nameless && process_view() == PROCESSES_ALL;
	char name[NAME_SIZE];
	bool plain = glob_name(pattern, name, sizeof(name));
	const char *near = plain && *name ? process_names_nearest(&wanted->names, name) : NULL;
	struct hints hints = {.text = ""};

	if (plain && *name)
		add_hints_of_other_kinds(&hints, name);
	if (near)
		add_hint(&hints, "the nearest is '%s'", NAMED(near));
	log_warning("no process%s has the name '%s' now%s%s", all_are_seen ? "" : " that may be seen from here",
		    NAMED(name), waits ? ", but one may come" : "", hints.text);
}

/* Warns of a number that is a thread's. The thread may be called otherwise than its process. */
static void warn_of_thread(uint32_t tid, uint32_t pid)
{
	CLEANUP(cleanup_close) int process = process_open(pid);
	char comm[COMM_LEN];

	if (process >= 0 && process_comm(process, comm) > 0)
		log_warning("%u is the number of a thread: the process, which holds its sockets, is %u (%s)", tid, pid,
			    NAMED(comm));
}

/* Warns of a pid that no process has. That of a thread looks like one, and opens like one. */
static void warn_of_missing_pid(uint32_t pid, bool waits)
{
	CLEANUP(cleanup_close) int process = process_open(pid);
	struct process_facts facts;

	if (process < 0 && process_has_exited(process))
		log_warning("no process%s has the pid %u now%s",
			    process_view() == PROCESSES_ALL ? "" : " that may be seen from here", pid,
			    waits ? ", but one may come" : "");
	if (process >= 0 && process_facts_read(process, pid, &facts) == 0 && facts.pid != pid)
		warn_of_thread(pid, facts.pid);
}

void wanted_processes_warn(const struct filter *filter, bool waits)
{
	struct wanted_processes wanted = {.self = process_self()};

	filter_each_process(filter, note_wanted_process, &wanted);
	if (wanted.missing && process_each(compare_process, &wanted, &wanted.nameless) < 0)
		wanted.short_of_memory = true;
	for (size_t i = 0; i < wanted.count && !wanted.short_of_memory; i++) {
		const struct wanted_process *one = &wanted.all[i];

		if (one->pid)
			warn_of_missing_pid(one->pid, waits);
		else if (!one->found)
			warn_of_missing_name(&wanted, one->pattern, waits);
	}
	process_names_free(&wanted.names);
	free(wanted.all);
}
