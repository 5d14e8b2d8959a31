// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcpledger fds: prints the open descriptors of processes, and who holds the other ends.
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
#include "holders.h"
#include "identities.h"
#include "incomplete.h"
#include "log.h"
#include "name_glob.h"
#include "parse.h"
#include "pipe_holders.h"
#include "process.h"
#include "process_dir.h"
#include "process_names.h"
#include "socket_ends.h"
#include "socket_names.h"
#include "thread_tables.h"

/* A table of descriptors, and the process or thread that has it. A process has more than one table where threads have
 * their own. */
struct fd_table {
	struct process_facts facts;
	struct descriptors descriptors;
};

/* All tables to show, and the counts of what could not be seen. */
struct fds_survey {
	struct fd_table *all;
	size_t count;
	size_t room;
	size_t denied; /* processes that were asked for, and may not be looked at */
	struct process_facts last_denied;
	size_t half_denied;  /* processes whose threads may have descriptors of their own that may not be looked at */
	bool comparable;     /* thread_tables.h */
	const char *pattern; /* a pattern for the names of processes, as in fnmatch() */
	size_t nameless;     /* processes of which not even the name may be seen */
	struct socket_ends *sockets;
	size_t hidden; /* processes that may not be looked into: a holder may be among them */
};

/* ---- reading the processes ---- */

static int append_fd_table(struct fds_survey *survey, const struct fd_table *table)
{
	if (!GROW(survey->all, survey->count, survey->room, 4))
		return -ENOMEM;
	survey->all[survey->count++] = *table;
	return 0;
}

static void note_denied_process(struct fds_survey *survey, const struct process_facts *facts)
{
	survey->denied++;
	survey->last_denied = *facts;
}

/* Reads the table of descriptors at `task`: of the thread `table`, or of the process where that is 0 (thread_tables.h).
 * Returns 0 also where the process has exited meanwhile: then it is as if it had never been there. */
static int read_fd_table(struct fds_survey *survey, const struct process_facts *facts, int task, uint32_t table)
{
	struct fd_table taken = {.facts = *facts};
	int err = descriptors_read(task, facts->pid, table, &taken.descriptors);

	if (err == -EACCES || err == -EPERM)
		note_denied_process(survey, facts);
	if (err == -ESRCH || err == -EACCES || err == -EPERM)
		return 0;
	if (!err) {
		err = append_fd_table(survey, &taken);
		if (err)
			descriptors_free(&taken.descriptors);
	}
	return err;
}

/* Reads the facts of a thread, and takes the name and the exit of its process from `process`. */
static int read_thread_facts(int thread, uint32_t tid, const struct process_facts *process, struct process_facts *out)
{
	int err = process_facts_read(thread, tid, out);

	out->tid = tid;
	memcpy(out->thread_comm, out->comm, COMM_LEN);
	memcpy(out->comm, process->comm, COMM_LEN);
	out->exited = process->exited;
	return err;
}

struct thread_table_context {
	struct fds_survey *survey;
	const struct process_facts *facts;
};

static int read_thread_fd_table(void *context, uint32_t tid, int thread)
{
	const struct thread_table_context *process = context;
	struct process_facts facts;
	int err = read_thread_facts(thread, tid, process->facts, &facts);

	facts.own_table = true;
	return err ? err : read_fd_table(process->survey, &facts, thread, tid);
}

/* Reads the table of the process and those of its threads. Where the main thread has exited, the tables of the other
 * threads are all there is. */
static int read_fd_tables(struct fds_survey *survey, const struct process_facts *facts, int process)
{
	struct thread_table_context taken = {.survey = survey, .facts = facts};
	size_t count = survey->count, denied = survey->denied;
	bool threads_denied = false;
	int err = facts->exited ? 0 : read_fd_table(survey, facts, process, 0);

	if (err || survey->denied > denied)
		return err;
	err = thread_tables_each(facts->pid, process, survey->comparable, read_thread_fd_table, &taken,
				 &threads_denied);
	survey->half_denied += threads_denied && survey->denied == denied;
	if (!err && facts->exited && survey->count == count && survey->denied == denied)
		err = read_fd_table(survey, facts, process, 0);
	return err;
}

static int read_table_of_thread(struct fds_survey *survey, uint32_t tid, int thread, uint32_t pid)
{
	CLEANUP(cleanup_close) int process = process_open(pid);
	struct process_facts of_process, facts;
	uint32_t table;
	int err;

	if (process < 0)
		return process_has_exited(process) ? 0 : process;
	err = process_facts_read(process, pid, &of_process);
	if (!err)
		err = read_thread_facts(thread, tid, &of_process, &facts);
	if (err)
		return err;
	table = thread_table_of(pid, process, survey->comparable, tid);
	facts.own_table = table != 0;
	survey->half_denied += !survey->comparable;
	return read_fd_table(survey, &facts, thread, table);
}

static int read_shown_process(struct fds_survey *survey, uint32_t pid, int process)
{
	struct process_facts facts;
	int err = process_facts_read(process, pid, &facts);

	if (err)
		return err;
	if (facts.pid != pid)
		return read_table_of_thread(survey, pid, process, facts.pid);
	return read_fd_tables(survey, &facts, process);
}

/* Reads a process whose name matches the pattern. This process itself is passed over: it is not what was asked for. */
static int read_process_if_named(void *context, uint32_t pid, int process)
{
	struct fds_survey *survey = context;
	char comm[COMM_LEN];
	int read = process_comm(process, comm);

	if (read <= 0)
		return read;
	if (fnmatch(survey->pattern, comm, 0) != 0 || pid == process_self())
		return 0;
	return read_shown_process(survey, pid, process);
}

/* A name in quotes is what stands between them. */
static int read_named_processes(struct fds_survey *survey, const char *name)
{
	bool quoted = is_quoted_whole(name, strlen(name));

	CLEANUP(cleanup_free) char *bare = strndup(name + quoted, strlen(name) - 2 * quoted);
	CLEANUP(cleanup_free) char *pattern = bare ? glob_of(bare) : NULL;

	if (!pattern)
		return -ENOMEM;
	survey->pattern = pattern;
	return process_each(read_process_if_named, survey, &survey->nameless);
}

static int read_numbered_process(struct fds_survey *survey, uint32_t pid)
{
	CLEANUP(cleanup_close) int process = process_open(pid);

	if (process == -EACCES || process == -EPERM)
		note_denied_process(survey, &(struct process_facts){.pid = pid});
	else if (process >= 0)
		return read_shown_process(survey, pid, process);
	else if (!process_has_exited(process))
		return process;
	return 0;
}

static int find_processes(struct fds_survey *survey, const char *word)
{
	uint32_t pid;
	int err = 0;

	if (parse_u32(word, 1, INT32_MAX, &pid) == 0)
		err = read_numbered_process(survey, pid);
	if (err || survey->count || survey->denied)
		return err;
	return read_named_processes(survey, word); /* a name may be a number */
}

/* ---- no such process, or none that may be looked at ---- */

enum { WORD_SIZE = 128 }; /* a longer word is near to no name */

/* The names of all processes but this one. */
struct other_names {
	struct process_names names;
	uint32_t self;
};

static int note_process_name(void *context, uint32_t pid, int process)
{
	struct other_names *others = context;
	char comm[COMM_LEN];
	int read = pid == others->self ? 0 : process_comm(process, comm);

	return read <= 0 ? read : process_names_add(&others->names, comm);
}

/* Returns the words for a process that may be there, but cannot be seen; "" where all can be seen. */
static const char *describe_unseen(const struct fds_survey *survey)
{
	enum process_view view = process_view();

	if (view == PROCESSES_VISIBLE)
		return " that may be seen from here, where /proc hides those of others (hidepid)";
	if (view == PROCESSES_INSIDE)
		return " in this PID namespace";
	return survey->nameless ? " that may be seen from here" : "";
}

static void log_no_such_process(const struct fds_survey *survey, const char *word)
{
	const char *seen = describe_unseen(survey), *near = NULL;
	struct other_names others = {.self = process_self()};
	char name[WORD_SIZE];
	size_t nameless;

	if (is_digits(word)) {
		log_error("fds %s: there is no process of this number%s", word, *seen ? seen : ", or it has exited");
		return;
	}
	unescape(name, sizeof(name), word);
	if (process_each(note_process_name, &others, &nameless) == 0)
		near = process_names_nearest(&others.names, name);
	if (near)
		log_error("fds %s: there is no process of this name%s; the nearest is %s", TYPED(word), seen,
			  NAMED(near));
	else
		log_error("fds %s: there is no process of this name%s, nor one that is nearly called so", TYPED(word),
			  seen);
	process_names_free(&others.names);
}

static void log_denied_processes(const struct fds_survey *survey)
{
	const char *remedy = capabilities_owners_remedy();

	if (survey->denied == 1 && !*survey->last_denied.comm)
		log_error("the process %u may not be looked at: %s", survey->last_denied.pid, remedy);
	else if (survey->denied == 1)
		log_error("%s (pid %u): its descriptors may not be looked at: %s", NAMED(survey->last_denied.comm),
			  survey->last_denied.pid, remedy);
	else if (survey->denied)
		log_error("the descriptors of %zu processes may not be looked at: %s", survey->denied, remedy);
	if (survey->half_denied)
		log_warning("of %zu %s it cannot be seen whether threads have descriptors of their own: %s",
			    survey->half_denied, survey->half_denied == 1 ? "process" : "processes", remedy);
}

/* ---- the other ends ---- */

static int find_other_ends(struct fds_survey *survey)
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

/* True when the other end may have a holder that was not seen. */
static bool misses_other_end(const struct descriptor *descriptor)
{
	const struct socket_end *end = &descriptor->socket;

	if (descriptor->kind == KIND_SOCKET)
		return end->found && end->found->peer_inode && !end->peer_owner_count;
	return (descriptor->kind == KIND_PIPE || descriptor->kind == KIND_FIFO) &&
	       !descriptor_other_end_is_held(descriptor) && descriptor_other_end(descriptor) != TRISTATE_NO;
}

static void warn_of_hidden_holders(const struct fds_survey *survey)
{
	enum process_view view = process_view();
	size_t missing = 0;

	for (size_t i = 0; i < survey->count; i++)
		for (size_t j = 0; j < survey->all[i].descriptors.count; j++)
			missing += misses_other_end(&survey->all[i].descriptors.all[j]);
	if (survey->hidden && missing)
		log_warning("who holds the other end of %zu %s is not known, since %zu %s may not be looked into: %s",
			    missing, missing == 1 ? "pipe or socket" : "pipes or sockets", survey->hidden,
			    survey->hidden == 1 ? "process" : "processes", capabilities_owners_remedy());
	else if (missing && view != PROCESSES_ALL)
		log_warning("who holds the other end of %zu %s is not known: %s", missing,
			    missing == 1 ? "pipe or socket" : "pipes or sockets",
			    holders_remedy(view == PROCESSES_VISIBLE ? HOLDERS_HIDDEN : HOLDERS_ELSEWHERE));
}

/* ---- output ---- */

/* Puts in JSON what log_denied_processes() says in text. */
static void put_denied_json(const struct fds_survey *survey, struct output *output)
{
	if (survey->denied)
		incomplete_json(output, "processes", survey->denied, capabilities_owners_remedy());
	if (survey->half_denied)
		incomplete_json(output, "threads", survey->half_denied, capabilities_owners_remedy());
}

static struct identity *identify_process(struct identities *identities, const struct process_facts *facts)
{
	struct owner owner = {.pid = facts->pid, .fd = FD_UNKNOWN};

	memcpy(owner.comm, facts->comm, COMM_LEN);
	return identities_of_holder(identities, &owner, 1);
}

static void put_fd_tables(const struct fds_survey *survey, struct identities *identities, struct descriptor_view *view,
			  bool json, struct output *output)
{
	for (size_t i = 0; i < survey->count; i++) {
		const struct fd_table *table = &survey->all[i];
		struct identity *identity = identify_process(identities, &table->facts);

		view->home = table->facts.netns;
		if (json) {
			fds_json_put(&table->facts, identity, &table->descriptors, view, output);
			continue;
		}
		if (i)
			output_char(output, '\n');
		fds_text_put(&table->facts, identity, &table->descriptors, view, output);
	}
}

static int print_survey(const struct fds_survey *survey, const struct output_options *options)
{
	const struct socket_names_wanted wanted = {.namespaces = socket_ends_namespaces(survey->sockets)};
	struct output *output = output_new(STDOUT_FILENO, -1);
	struct identities *identities = identities_new(!options->no_cmdline);
	struct socket_names socket_names = {0};
	struct descriptor_view view = {.namer = &socket_names.namer,
				       .netns = &socket_names.netns,
				       .now_ns = clock_monotonic_ns(),
				       .color = output_wants_color(options)};
	int err = output && identities ? socket_names_open(&socket_names, &wanted) : -ENOMEM;

	if (!err) {
		put_fd_tables(survey, identities, &view, options->json, output);
		if (options->json)
			put_denied_json(survey, output);
		err = output_flush(output);
	}
	socket_names_close(&socket_names);
	identities_free(identities);
	output_free(output);
	return err;
}

static void close_survey(struct fds_survey *survey)
{
	for (size_t i = 0; i < survey->count; i++)
		descriptors_free(&survey->all[i].descriptors);
	free(survey->all);
	socket_ends_free(survey->sockets);
}

static int show_processes(struct fds_survey *survey, const struct fds_options *options)
{
	int err = access("/proc/self", F_OK) ? -ENOENT : 0;

	if (!err)
		err = find_processes(survey, options->process);
	if (!err)
		err = find_other_ends(survey);
	if (!err)
		err = print_survey(survey, &options->output);
	if (err == -ENOENT) {
		log_error("fds: /proc is not mounted");
		return ERR_REPORTED;
	}
	return err;
}

/* Reports what could not be shown, and returns the exit status. */
static int end_survey(const struct fds_survey *survey, const char *process)
{
	if (!survey->count && !survey->denied) {
		log_no_such_process(survey, process);
		return STATUS_WRONG_USE;
	}
	log_denied_processes(survey);
	warn_of_hidden_holders(survey);
	if (!survey->count)
		return STATUS_FAILED;
	return survey->denied || survey->half_denied ? STATUS_FINDINGS : STATUS_DONE;
}

static int run_fds(void *given)
{
	const struct fds_options *options = given;
	struct fds_survey survey = {.comparable = thread_tables_are_comparable()};
	int status = ending_status("fds", show_processes(&survey, options));

	if (status == STATUS_DONE)
		status = end_survey(&survey, options->process);
	close_survey(&survey);
	return status;
}

const struct command fds_command = {
	.name = "fds",
	.summary = "print the open descriptors of a process, and who holds the other ends: PID or NAME",
	.argp = &fds_argp,
	.options_size = sizeof(struct fds_options),
	.run = run_fds,
};
