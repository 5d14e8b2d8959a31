// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the report of `doctor`, on checkups that are made up: as text on terminals of any width, and as JSON.
 */
#include <errno.h>

#include "bpf_source.h"
#include "checkup.h"
#include "run_command.h"
#include "terminal.h"

extern const struct command doctor_command;

/* ---- a checkup in place of one of this host (checkup.h, host_facts.h, bpf_source.h, terminal.h) ---- */

static struct made_up_checkup {
	struct checkup checkup;
	struct outlook outlook;
	size_t width;               /* of the terminal; 0: there is none */
	int program_err;            /* of loading the real programs */
	unsigned int opened, freed; /* the real programs */
} made_up;

static int renew_checkup(void **state)
{
	(void)state;
	made_up = (struct made_up_checkup){0};
	for (size_t i = 0; i < CHECKUP_MAX; i++) /* what is behind the last check is none */
		made_up.checkup.checks[i] = (struct check){.name = "never", .state = CHECK_NO, .needed = true};
	return 0;
}

static void add_check(const char *name, enum check_state state, bool needed, const char *found, const char *cost,
		      const char *remedy)
{
	struct check *check = &made_up.checkup.checks[made_up.checkup.count++];

	*check = (struct check){.name = name, .state = state, .needed = needed};
	snprintf(check->found, CHECK_TEXT, "%s", found);
	snprintf(check->cost, CHECK_TEXT, "%s", cost);
	snprintf(check->remedy, CHECK_TEXT, "%s", remedy);
}

void host_facts_gather(struct host_facts *facts)
{
	*facts = (struct host_facts){0};
}

void checkup_judge(const struct host_facts *facts, struct checkup *checkup)
{
	(void)facts;
	*checkup = made_up.checkup;
}

void checkup_add_program(struct checkup *checkup, const struct host_facts *facts, int err)
{
	struct check *check = &checkup->checks[checkup->count++];

	(void)facts;
	*check = (struct check){.name = "program", .state = err ? CHECK_NO : CHECK_YES, .needed = true};
	snprintf(check->found, CHECK_TEXT, "%s", err ? strerror(-err) : "it runs");
}

struct outlook checkup_outlook(const struct checkup *checkup, const struct host_facts *facts)
{
	(void)checkup;
	(void)facts;
	return made_up.outlook;
}

const struct check *checkup_obstacle(const struct checkup *checkup)
{
	for (size_t i = 0; i < checkup->count; i++)
		if (checkup->checks[i].needed && checkup->checks[i].state == CHECK_NO)
			return &checkup->checks[i];
	return NULL;
}

const char *checkup_remedy_of_errno(int err)
{
	(void)err;
	return NULL;
}

const char *check_state_name(enum check_state state)
{
	return state == CHECK_NO ? "no" : state == CHECK_PARTLY ? "partly" : "yes";
}

/* The real programs run for a moment, and hand over nothing. */
int bpf_source_open(const struct kernel_filter *filter, uint64_t ring_bytes, struct bpf_source **out)
{
	(void)out;
	assert_true(filter->by_netns);
	assert_int_equal(filter->netns_count, 0);
	assert_int_equal(ring_bytes, sysconf(_SC_PAGESIZE));
	made_up.opened++;
	return made_up.program_err;
}

void bpf_source_free(struct bpf_source *source)
{
	(void)source;
	made_up.freed++;
}

size_t terminal_width(int fd)
{
	assert_int_equal(fd, STDOUT_FILENO);
	return made_up.width;
}

/* ---- text ---- */

static void add_some_checks(void)
{
	add_check("kernel", CHECK_YES, true, "Linux 6.1\033", "", "");
	add_check("fentry", CHECK_PARTLY, false, "refused", "owners come late", "");
	add_check("limits", CHECK_NO, false, "1024 files", "some namespaces are left out", "`ulimit -n 4096`");
}

static void test_without_terminal(void **state)
{
	(void)state;
	add_some_checks();
	made_up.outlook = (struct outlook){.runs = true, .tier = 1, .exact_snapshot = true, .owner_at_accept = true};
	assert_run(
		&doctor_command, "", STATUS_DONE,
		"yes    kernel         Linux 6.1\\x1b\n"
		"partly fentry         refused.  Costs: owners come late\n"
		"no     limits         1024 files.  Costs: some namespaces are left out.  Do: `ulimit -n 4096`\n"
		"yes    program        it runs\n"
		"\n"
		"tcpledger can trace here, at tier 1 of 3: exact snapshots (iterators), owners told at accept (fexit)\n",
		"");
	assert_int_equal(made_up.opened, 1);
	assert_int_equal(made_up.freed, 1);
}

static void test_last_tier(void **state)
{
	(void)state;
	made_up.outlook = (struct outlook){.runs = true, .tier = 3};
	assert_run(
		&doctor_command, "--color=always", STATUS_DONE,
		"\033[32myes   \033[0m program        it runs\n"
		"\n"
		"tcpledger can trace here, at tier 3 of 3: snapshots from /proc, owners of accepted connections by a scan soon after\n",
		"");
}

/* Where something that is needed is not there, the real programs are not tried. */
static void test_obstacles(void **state)
{
	(void)state;
	add_check("kernel", CHECK_YES, true, "Linux 6.1", "", "");
	add_check("btf", CHECK_NO, true, "none", "nothing can be traced", "");
	add_check("fentry", CHECK_NO, false, "none", "", "");
	add_check("limits", CHECK_PARTLY, true, "few", "", "");
	add_check("ring-buffer", CHECK_NO, true, "none", "", "See btf");
	assert_run(&doctor_command, "--color=always", STATUS_FAILED,
		   "\033[32myes   \033[0m kernel         Linux 6.1\n"
		   "\033[31mno    \033[0m btf            none.  Costs: nothing can be traced\n"
		   "\033[31mno    \033[0m fentry         none\n"
		   "\033[33mpartly\033[0m limits         few\n"
		   "\033[31mno    \033[0m ring-buffer    none.  Do: See btf\n"
		   "\n"
		   "tcpledger cannot trace here, because of: btf, ring-buffer\n",
		   "");
	assert_int_equal(made_up.opened, 0);
}

static void test_program_that_does_not_run(void **state)
{
	(void)state;
	made_up.program_err = -EPERM;
	assert_run(&doctor_command, "", STATUS_FAILED,
		   "no     program        Operation not permitted\n"
		   "\n"
		   "tcpledger cannot trace here, because of: program\n",
		   "");
	assert_int_equal(made_up.freed, 0);
}

/* Asserts the lines about one check, on a terminal of that width. */
static void assert_check_within(size_t width, const char *wanted)
{
	struct expected expected = {0};
	struct run run;

	made_up.width = width;
	run = run_line(&doctor_command, "");
	expect(&expected, "%s", wanted);
	*strstr(run.out, "yes    program") = '\0';
	assert_lines(run.out, expected.text);
	free_run(&run);
}

/* A check takes one line where it fits into one. Else its parts have lines of their own, and each wraps. */
static void test_widths(void **state)
{
	(void)state;
	made_up.outlook.runs = true;
	add_check("limits", CHECK_NO, false, "1024 files", "some namespaces are left out", "`ulimit -n 4096`");
	assert_check_within(
		93, "no     limits         1024 files.  Costs: some namespaces are left out.  Do: `ulimit -n 4096`\n");
	assert_check_within(92, "no     limits         1024 files\n"
				"                      Costs: some namespaces are left out\n"
				"                      Do: `ulimit -n 4096`\n");
	assert_check_within(60, "no     limits         1024 files\n"
				"                      Costs: some namespaces are left out\n"
				"                      Do: `ulimit -n 4096`\n");
	assert_check_within(59, "no     limits         1024 files\n"
				"    Costs: some namespaces are left out\n"
				"    Do: `ulimit -n 4096`\n");
	assert_check_within(30, "no     limits         1024\n"
				"    files\n"
				"    Costs: some namespaces are\n"
				"    left out\n"
				"    Do: `ulimit -n 4096`\n");
}

/* ---- JSON ---- */

static void test_json(void **state)
{
	(void)state;
	add_some_checks();
	made_up.outlook = (struct outlook){.runs = true, .tier = 2, .exact_snapshot = true};
	assert_run_json(
		&doctor_command, "--json", STATUS_DONE,
		"{'type':'check','name':'kernel','state':'yes','found':'Linux 6.1\\u001b','cost':null,'remedy':null}\n"
		"{'type':'check','name':'fentry','state':'partly','found':'refused','cost':'owners come late',"
		"'remedy':null}\n"
		"{'type':'check','name':'limits','state':'no','found':'1024 files',"
		"'cost':'some namespaces are left out','remedy':'`ulimit -n 4096`'}\n"
		"{'type':'check','name':'program','state':'yes','found':'it runs','cost':null,'remedy':null}\n"
		"{'type':'verdict','runs':true,'tier':2,'snapshot':'iter','accept':'scan'}\n",
		"");
}

static void test_verdicts_as_json(void **state)
{
	(void)state;
	add_check("btf", CHECK_NO, true, "none", "", "");
	assert_run_json(&doctor_command, "--json", STATUS_FAILED,
			"{'type':'check','name':'btf','state':'no','found':'none','cost':null,'remedy':null}\n"
			"{'type':'verdict','runs':false,'tier':null,'snapshot':null,'accept':null}\n",
			"");
	made_up.outlook = (struct outlook){.runs = true, .tier = 1, .owner_at_accept = true};
	assert_run_json(&doctor_command, "--json", STATUS_DONE,
			"{'type':'check','name':'btf','state':'no','found':'none','cost':null,'remedy':null}\n"
			"{'type':'verdict','runs':true,'tier':1,'snapshot':'proc','accept':'fexit'}\n",
			"");
}

static void test_output_that_cannot_be_written(void **state)
{
	struct run run;

	(void)state;
	made_up.outlook.runs = true;
	run = run_into(open("/dev/full", O_WRONLY | O_CLOEXEC), &doctor_command, "");
	assert_lines(run.err, "tcpledger: doctor: No space left on device\n");
	assert_int_equal(run.status, STATUS_FAILED);
	free_run(&run);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_without_terminal, renew_checkup),
		cmocka_unit_test_setup(test_last_tier, renew_checkup),
		cmocka_unit_test_setup(test_obstacles, renew_checkup),
		cmocka_unit_test_setup(test_program_that_does_not_run, renew_checkup),
		cmocka_unit_test_setup(test_widths, renew_checkup),
		cmocka_unit_test_setup(test_json, renew_checkup),
		cmocka_unit_test_setup(test_verdicts_as_json, renew_checkup),
		cmocka_unit_test_setup(test_output_that_cannot_be_written, renew_checkup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
