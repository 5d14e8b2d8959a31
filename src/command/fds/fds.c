// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcpledger fds: the open descriptors of processes, and who holds the other ends.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capability.h"
#include "cleanup.h"
#include "clock.h"
#include "command.h"
#include "descriptors.h"
#include "ending.h"
#include "escape.h"
#include "fds_json.h"
#include "fds_options.h"
#include "fds_text.h"
#include "grow.h"
#include "log.h"
#include "name_glob.h"
#include "nearest.h"
#include "netns.h"
#include "netns_finder.h"
#include "parse.h"
#include "pipe_holders.h"
#include "process_dir.h"
#include "socket_ends.h"
#include "socket_names.h"
#include "thread_tables.h"

/* One table of descriptors: a process has more than one where threads have their own. */
struct holding_process {
	struct process_facts facts;
	struct descriptors descriptors;
};

/* All that is shown. */
struct survey {
	struct holding_process *all;
	size_t count;
	size_t room;
	size_t denied; /* processes that are meant, and may not be looked at */
	struct process_facts last_denied;
	size_t half_denied;  /* processes whose threads may have descriptors of their own that may not be looked at */
	const char *pattern; /* of a name, for fnmatch() */
	size_t nameless;     /* processes of which not even the name may be seen */
	struct socket_ends *sockets;
	size_t hidden; /* processes among which a holder may be */
};

/* ---- which processes ---- */

static int append_process(struct survey *survey, const struct holding_process *process)
{
	if (!GROW(survey->all, survey->count, survey->room, 4))
		return -ENOMEM;
	survey->all[survey->count++] = *process;
	return 0;
}

static void note_denied(struct survey *survey, const struct process_facts *facts)
{
	survey->denied++;
	survey->last_denied = *facts;
}

/* The table at `task`, that of the process where `table` is 0 (thread_tables.h). 0 also where it has exited meanwhile:
 * it is as if it had never been. */
static int take_table(struct survey *survey, const struct process_facts *facts, int task, uint32_t table)
{
	struct holding_process taken = {.facts = *facts};
	int err = descriptors_read(task, facts->pid, table, &taken.descriptors);

	if (err == -EACCES || err == -EPERM)
		note_denied(survey, facts);
	if (err == -ESRCH || err == -EACCES || err == -EPERM)
		return 0;
	if (!err) {
		err = append_process(survey, &taken);
		if (err)
			descriptors_free(&taken.descriptors);
	}
	return err;
}

/* Of a thread, with what its process tells. */
static int read_thread(int thread, uint32_t tid, const struct process_facts *process, struct process_facts *out)
{
	int err = process_facts_read(thread, tid, out);

	out->tid = tid;
	memcpy(out->thread_comm, out->comm, COMM_LEN);
	memcpy(out->comm, process->comm, COMM_LEN);
	out->exited = process->exited;
	return err;
}

struct process_taken {
	struct survey *survey;
	const struct process_facts *facts;
};

static int take_thread_table(void *context, uint32_t tid, int thread)
{
	const struct process_taken *process = context;
	struct process_facts facts;
	int err = read_thread(thread, tid, process->facts, &facts);

	facts.own_table = true;
	return err ? err : take_table(process->survey, &facts, thread, tid);
}

/* Where the main thread has exited, what the others have is all there is. */
static int take_tables(struct survey *survey, const struct process_facts *facts, int process)
{
	struct process_taken taken = {.survey = survey, .facts = facts};
	size_t count = survey->count, denied = survey->denied;
	bool threads_denied = false;
	int err = facts->exited ? 0 : take_table(survey, facts, process, 0);

	if (err || survey->denied > denied)
		return err;
	err = thread_tables_each(facts->pid, process, take_thread_table, &taken, &threads_denied);
	survey->half_denied += threads_denied && survey->denied == denied;
	if (!err && facts->exited && survey->count == count && survey->denied == denied)
		err = take_table(survey, facts, process, 0);
	return err;
}

static int take_thread(struct survey *survey, uint32_t tid, int thread, uint32_t pid)
{
	CLEANUP(cleanup_close) int process = process_open(pid);
	struct process_facts of_process, facts;
	uint32_t table;
	int err;

	if (process < 0)
		return process_has_exited(process) ? 0 : process;
	err = process_facts_read(process, pid, &of_process);
	if (!err)
		err = read_thread(thread, tid, &of_process, &facts);
	if (err)
		return err;
	table = thread_table_of(pid, process, tid);
	facts.own_table = table != 0;
	return take_table(survey, &facts, thread, table);
}

static int take_process(struct survey *survey, uint32_t pid, int process)
{
	struct process_facts facts;
	int err = process_facts_read(process, pid, &facts);

	if (err)
		return err;
	if (facts.pid != pid)
		return take_thread(survey, pid, process, facts.pid);
	return take_tables(survey, &facts, process);
}

/* We are not what is asked for. */
static int take_if_named(void *context, uint32_t pid, int process)
{
	struct survey *survey = context;
	char comm[COMM_LEN];
	int err = process_comm(process, comm);

	if (err)
		return err;
	if (!*comm || pid == (uint32_t)getpid() || fnmatch(survey->pattern, comm, 0) != 0)
		return 0;
	return take_process(survey, pid, process);
}

static int take_named(struct survey *survey, const char *name)
{
	CLEANUP(cleanup_free) char *pattern = glob_of(name);

	if (!pattern)
		return -ENOMEM;
	survey->pattern = pattern;
	return process_each(take_if_named, survey, &survey->nameless);
}

static int take_numbered(struct survey *survey, uint32_t pid)
{
	CLEANUP(cleanup_close) int process = process_open(pid);

	if (process == -EACCES || process == -EPERM)
		note_denied(survey, &(struct process_facts){.pid = pid});
	else if (process >= 0)
		return take_process(survey, pid, process);
	else if (!process_has_exited(process))
		return process;
	return 0;
}

static int find_processes(struct survey *survey, const char *word)
{
	uint32_t pid;
	int err = 0;

	if (parse_u32(word, 1, INT32_MAX, &pid) == 0)
		err = take_numbered(survey, pid);
	if (err || survey->count || survey->denied)
		return err;
	return take_named(survey, word); /* which may be a number */
}

/* ---- there is none ---- */

enum { WORD_SIZE = 128 }; /* longer ones are far from all */

struct names {
	char (*all)[COMM_LEN];
	size_t count;
	size_t room;
};

static int note_name(void *context, uint32_t pid, int process)
{
	struct names *names = context;

	if (pid == (uint32_t)getpid())
		return 0;
	if (!GROW(names->all, names->count, names->room, 128))
		return -ENOMEM;
	process_comm(process, names->all[names->count]);
	names->count += names->all[names->count][0] != '\0';
	return 0;
}

/* The kernel keeps 15 bytes of a name. */
static const char *find_nearest(const struct names *names, const char *typed)
{
	CLEANUP(cleanup_free) const char **words = calloc(names->count + 1, sizeof(*words));
	char word[WORD_SIZE];

	unescape(word, sizeof(word), typed);
	for (size_t i = 0; words && i < names->count; i++) {
		words[i] = names->all[i];
		if (strlen(names->all[i]) == COMM_LEN - 1 && strncmp(word, names->all[i], COMM_LEN - 1) == 0)
			return names->all[i];
	}
	return words ? nearest_word(word, words, names->count) : NULL;
}

static void say_there_is_none(const struct survey *survey, const char *word)
{
	bool all_are_seen = !survey->nameless && process_all_are_shown();
	const char *seen = all_are_seen ? "" : " that may be seen from here", *near = NULL;
	struct names names = {0};
	size_t nameless;

	if (word[strspn(word, "0123456789")] == '\0') {
		log_error("fds %s: there is no process of this number%s", word,
			  all_are_seen ? ", or it has exited" : seen);
		return;
	}
	if (process_each(note_name, &names, &nameless) == 0)
		near = find_nearest(&names, word);
	if (near)
		log_error("fds %s: there is no process of this name%s; the nearest is %s", TYPED(word), seen,
			  ESCAPED(near));
	else
		log_error("fds %s: there is no process of this name%s, nor one that is nearly called so", TYPED(word),
			  seen);
	free(names.all);
}

static void say_who_was_denied(const struct survey *survey)
{
	const char *remedy = capabilities_owners_remedy();

	if (survey->denied == 1 && !*survey->last_denied.comm)
		log_error("the process %u may not be looked at: %s", survey->last_denied.pid, remedy);
	else if (survey->denied == 1)
		log_error("%s (pid %u): its descriptors may not be looked at: %s", ESCAPED(survey->last_denied.comm),
			  survey->last_denied.pid, remedy);
	else if (survey->denied)
		log_error("the descriptors of %zu processes may not be looked at: %s", survey->denied, remedy);
	if (survey->half_denied)
		log_warning("of %zu %s it cannot be seen whether threads have descriptors of their own: %s",
			    survey->half_denied, survey->half_denied == 1 ? "process" : "processes", remedy);
}

/* ---- what is at the other ends ---- */

static int find_ends(struct survey *survey)
{
	CLEANUP(cleanup_free) struct descriptor **all = NULL;
	size_t count = 0, hidden;
	int err;

	for (size_t i = 0; i < survey->count; i++)
		count += survey->all[i].descriptors.count;
	all = calloc(count + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < survey->count; i++)
		for (size_t j = 0; j < survey->all[i].descriptors.count; j++)
			all[count++] = &survey->all[i].descriptors.all[j];
	err = pipe_holders_find(all, count, &survey->hidden);
	if (!err)
		err = socket_ends_find(all, count, &survey->sockets, &hidden);
	if (!err && hidden > survey->hidden)
		survey->hidden = hidden;
	return err;
}

/* Somebody may hold the other end who was not seen. */
static bool misses_end(const struct descriptor *descriptor)
{
	const struct socket_end *end = &descriptor->socket;

	if (descriptor->kind == KIND_SOCKET)
		return end->found && end->found->peer_inode && !end->peer_owner_count;
	return (descriptor->kind == KIND_PIPE || descriptor->kind == KIND_FIFO) &&
	       !descriptor_other_end_is_held(descriptor) && descriptor_other_end(descriptor) != TRISTATE_NO;
}

static void warn_of_hidden(const struct survey *survey)
{
	size_t missing = 0;

	for (size_t i = 0; i < survey->count; i++)
		for (size_t j = 0; j < survey->all[i].descriptors.count; j++)
			missing += misses_end(&survey->all[i].descriptors.all[j]);
	if (survey->hidden && missing)
		log_warning("who holds the other end of %zu %s is not known, since %zu %s may not be looked into: %s",
			    missing, missing == 1 ? "pipe or socket" : "pipes or sockets", survey->hidden,
			    survey->hidden == 1 ? "process" : "processes", capabilities_owners_remedy());
}

/* ---- output ---- */

static void put_all(const struct survey *survey, struct descriptor_view *view, bool json, struct output *output)
{
	for (size_t i = 0; i < survey->count; i++) {
		const struct holding_process *process = &survey->all[i];

		view->home = process->facts.netns;
		if (json) {
			fds_json_put(&process->facts, &process->descriptors, view, output);
			continue;
		}
		if (i)
			output_char(output, '\n');
		fds_text_put(&process->facts, &process->descriptors, view, output);
	}
}

static int print_survey(const struct survey *survey, const struct output_options *options)
{
	const struct socket_names_wanted wanted = {.namespaces = socket_ends_namespaces(survey->sockets)};
	struct netns_names *names = netns_names_new(&host_netns_finder);
	const struct netns_view netns = {.names = names, .home = netns_home()};
	struct output *output = output_new(STDOUT_FILENO, -1);
	struct socket_names socket_names = {0};
	struct descriptor_view view = {.namer = &socket_names.namer,
				       .netns = &netns,
				       .now_ns = clock_monotonic_ns(),
				       .color = output_wants_color(options)};
	int err = output && names ? socket_names_open(&socket_names, &wanted) : -ENOMEM;

	if (!err) {
		put_all(survey, &view, options->json, output);
		err = output_flush(output);
	}
	socket_names_close(&socket_names);
	output_free(output);
	netns_names_free(names);
	return err;
}

static void close_survey(struct survey *survey)
{
	for (size_t i = 0; i < survey->count; i++)
		descriptors_free(&survey->all[i].descriptors);
	free(survey->all);
	socket_ends_free(survey->sockets);
}

static int show_processes(struct survey *survey, const struct fds_options *options)
{
	int err = access("/proc/self", F_OK) ? -ENOENT : 0;

	if (!err)
		err = find_processes(survey, options->process);
	if (!err)
		err = find_ends(survey);
	if (!err)
		err = print_survey(survey, &options->output);
	if (err == -ENOENT) {
		log_error("fds: /proc is not mounted");
		return ERR_REPORTED;
	}
	return err == -EPIPE ? 0 : err;
}

/* Says what could not be shown, and returns the exit status. */
static int end_survey(const struct survey *survey, const char *process)
{
	if (!survey->count && !survey->denied) {
		say_there_is_none(survey, process);
		return STATUS_WRONG_USE;
	}
	say_who_was_denied(survey);
	warn_of_hidden(survey);
	return survey->count ? STATUS_DONE : STATUS_FAILED;
}

static int run_fds(int argc, char **argv)
{
	struct fds_options options;
	struct survey survey = {0};
	int err, status;

	fds_options_read(&options, argc, argv);
	err = show_processes(&survey, &options);
	status = err ? ending_status("fds", err) : end_survey(&survey, options.process);
	close_survey(&survey);
	return status;
}

const struct command fds_command = {
	.name = "fds",
	.summary = "print the open descriptors of a process, and who holds the other ends: PID or NAME",
	.argp = &fds_argp,
	.run = run_fds,
};
