// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcpledger doctor: prints whether this host can run tcpledger, what is missing, what that costs, and what to do about
 * it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf_source.h"
#include "checkup.h"
#include "colors.h"
#include "command.h"
#include "doctor_options.h"
#include "ending.h"
#include "escape.h"
#include "json_parts.h"
#include "terminal.h"
#include "wrap.h"

enum {
	STATE_WIDTH = 6,
	NAME_WIDTH = 14,
	INDENT = STATE_WIDTH + 1 + NAME_WIDTH + 1,
	NARROW = 60, /* below this many columns of the terminal, INDENT leaves too few for text */
	NARROW_INDENT = 4,
};

static const char *name_snapshot_source(const struct outlook *outlook)
{
	return outlook->exact_snapshot ? "iter" : "proc";
}

static const char *name_accept_source(const struct outlook *outlook)
{
	return outlook->owner_at_accept ? "fexit" : "scan";
}

/* ---- JSON ---- */

static void put_checkup_json(struct output *output, const struct checkup *checkup, const struct outlook *outlook)
{
	struct json_writer json;

	for (size_t i = 0; i < checkup->count; i++) {
		const struct check *check = &checkup->checks[i];

		json_line_begin(&json, output);
		json_word(&json, "type", "check");
		json_word(&json, "name", check->name);
		json_word(&json, "state", check_state_name(check->state));
		json_text(&json, "found", check->found, CHECK_TEXT);
		json_text_or_null(&json, "cost", check->cost);
		json_text_or_null(&json, "remedy", check->remedy);
		json_line_end(&json);
	}
	json_line_begin(&json, output);
	json_word(&json, "type", "verdict");
	json_bool(&json, "runs", outlook->runs);
	if (outlook->runs) {
		json_u64(&json, "tier", outlook->tier);
		json_word(&json, "snapshot", name_snapshot_source(outlook));
		json_word(&json, "accept", name_accept_source(outlook));
	} else {
		json_null(&json, "tier");
		json_null(&json, "snapshot");
		json_null(&json, "accept");
	}
	json_line_end(&json);
}

/* ---- text ---- */

static const char *choose_check_color(enum check_state state)
{
	static const char *const colors[] = {
		[CHECK_NO] = COLOR_RED, [CHECK_PARTLY] = COLOR_YELLOW, [CHECK_YES] = COLOR_GREEN};

	return colors[state];
}

static void put_padded_text(struct wrap *wrap, const char *text, size_t width)
{
	wrap_text(wrap, text);
	for (size_t used = strlen(text); used < width; used++)
		wrap_text(wrap, " ");
}

/* Puts ".  Costs: …" behind the text before, or "Costs: …" on a line of its own where all does not fit into one. */
static void put_labelled_text(struct wrap *wrap, const char *label, const char *text, bool on_its_own)
{
	if (on_its_own)
		wrap_break(wrap);
	else
		wrap_text(wrap, ".  ");
	wrap_text(wrap, label);
	wrap_text(wrap, text);
}

/* Returns the columns of a labelled text that follows another one; 0: there is none. */
static size_t measure_labelled_text(const char *label, const char *text)
{
	return *text ? sizeof(".  ") - 1 + strlen(label) + wrap_width_of(text) : 0;
}

static void put_check(struct wrap *wrap, const struct check *check, bool color)
{
	char found[4 * CHECK_TEXT + 2] = " ", cost[4 * CHECK_TEXT + 1], remedy[4 * CHECK_TEXT + 1];
	size_t whole = INDENT - 1; /* the last space of the indent is the first of `found` */
	bool apart;

	escape_text(found + 1, sizeof(found) - 1, check->found, CHECK_TEXT);
	escape_text(cost, sizeof(cost), check->cost, CHECK_TEXT);
	escape_text(remedy, sizeof(remedy), check->remedy, CHECK_TEXT);
	whole += wrap_width_of(found) + measure_labelled_text("Costs: ", cost) + measure_labelled_text("Do: ", remedy);
	apart = wrap->width && whole > wrap->width;

	wrap->column = 0;
	if (color)
		output_text(wrap->output, choose_check_color(check->state));
	put_padded_text(wrap, check_state_name(check->state), STATE_WIDTH);
	if (color)
		output_text(wrap->output, COLOR_END);
	put_padded_text(wrap, " ", 1);
	put_padded_text(wrap, check->name, NAME_WIDTH);
	wrap_text(wrap, found);
	if (*cost)
		put_labelled_text(wrap, "Costs: ", cost, apart);
	if (*remedy)
		put_labelled_text(wrap, "Do: ", remedy, apart);
	output_char(wrap->output, '\n');
}

static void put_outlook(struct wrap *wrap, const struct checkup *checkup, const struct outlook *outlook)
{
	const char *separator = "tcpledger cannot trace here, because of: ";

	wrap->column = 0;
	wrap->indent = 0;
	output_char(wrap->output, '\n');
	if (outlook->runs) {
		char tier[] = {(char)('0' + outlook->tier), '\0'};

		wrap_text(wrap, "tcpledger can trace here, at tier ");
		wrap_text(wrap, tier);
		wrap_text(wrap, " of 3:");
		wrap_text(wrap, outlook->exact_snapshot ? " exact snapshots (iterators)," : " snapshots from /proc,");
		wrap_text(wrap, outlook->owner_at_accept ? " owners told at accept (fexit)"
							 : " owners of accepted connections by a scan soon after");
	}
	for (size_t i = 0; i < checkup->count && !outlook->runs; i++) {
		const struct check *check = &checkup->checks[i];

		if (!check->needed || check->state != CHECK_NO)
			continue;
		wrap_text(wrap, separator);
		wrap_text(wrap, check->name);
		separator = ", ";
	}
	output_char(wrap->output, '\n');
}

static void put_checkup_text(struct output *output, const struct checkup *checkup, const struct outlook *outlook,
			     bool color)
{
	struct wrap wrap = {.output = output, .width = terminal_width(STDOUT_FILENO)};

	wrap.indent = wrap.width < NARROW ? NARROW_INDENT : INDENT;
	for (size_t i = 0; i < checkup->count; i++)
		put_check(&wrap, &checkup->checks[i], color);
	put_outlook(&wrap, checkup, outlook);
}

/* ---- the command ---- */

/* Tries the real BPF programs, where all that is needed is there: only they show whether tracing works. They run for a
 * moment, and hand over nothing: their filter lets no namespace pass. */
static void try_real_programs(struct checkup *checkup, const struct host_facts *facts)
{
	const struct kernel_filter nothing = {.by_netns = true};
	struct bpf_source *source = NULL;
	int err;

	if (checkup_obstacle(checkup))
		return;
	err = bpf_source_open(&nothing, (uint64_t)sysconf(_SC_PAGESIZE), &source);
	if (!err)
		bpf_source_free(source);
	checkup_add_program(checkup, facts, err);
}

static int print_checkup(const struct output_options *options, const struct checkup *checkup,
			 const struct outlook *outlook)
{
	struct output *output = output_new(STDOUT_FILENO, -1);
	int err;

	if (!output)
		return -ENOMEM;
	if (options->json)
		put_checkup_json(output, checkup, outlook);
	else
		put_checkup_text(output, checkup, outlook, output_wants_color(options));
	err = output_flush(output);
	output_free(output);
	return err;
}

static int run_doctor(void *options)
{
	struct host_facts facts;
	struct checkup checkup;
	struct outlook outlook;
	int status;

	host_facts_gather(&facts);
	checkup_judge(&facts, &checkup);
	try_real_programs(&checkup, &facts);
	outlook = checkup_outlook(&checkup, &facts);
	status = ending_status("doctor", print_checkup(options, &checkup, &outlook));
	return status == STATUS_DONE && !outlook.runs ? STATUS_FAILED : status;
}

const struct command doctor_command = {
	.name = "doctor",
	.summary = "say whether this host can run it, and what to do if not",
	.argp = &doctor_argp,
	.options_size = sizeof(struct output_options),
	.run = run_doctor,
};
