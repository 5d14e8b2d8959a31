// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "escape.h"
#include "log.h"
#include "names.h"
#include "parse.h"

enum {
	EXIT_USAGE = 2,
	MAX_TEXT = 8192,
	/* options without a letter */
	KEY_COMM = 0x100,
	KEY_STATE,
	KEY_NETNS,
	KEY_DURATION,
	KEY_COUNT,
	KEY_JSON,
	KEY_COLOR,
	KEY_SNAPSHOT,
	KEY_RING_SIZE,
	KEY_SNAPSHOT_SOURCE,
	KEY_ACCEPT_SOURCE,
};

/* Memory that the kernel sets aside; what a ring of the kernel's may have at most is twice this. */
#define DEFAULT_RING (16ULL << 20)
#define MAX_RING     (1ULL << 30)

/* What is gathered while the options are read. */
struct reading {
	struct options *options;
	bool want_ipv4, want_ipv6;
	char filter[MAX_TEXT]; /* the trailing words, joined */
};

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
	char message[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_error("%s", message);
	exit(EXIT_USAGE);
}

/* ---- filters ---- */

static void add_filter(struct options *options, struct filter *filter)
{
	int err;

	options->filter = filter_and(options->filter, filter, &err);
	if (err)
		fail("out of memory");
}

/* An option that is sugar: the filter `text` stands for "`option` `value`". */
static void add_sugar(struct options *options, const char *option, const char *value, const char *text)
{
	struct filter *filter = NULL;
	struct filter_error error;
	int err = filter_parse(text, &host_names, &filter, &error);

	if (err == -ENOMEM)
		fail("out of memory");
	if (err)
		fail("%s %s: %s", option, ESCAPED(value), error.message);
	add_filter(options, filter);
}

/* "80,443" with "sport = :" becomes "sport = :80 or sport = :443". */
static void add_list(struct options *options, const char *option, const char *value, const char *predicate)
{
	char text[MAX_TEXT] = "";
	size_t used = 0;
	const char *item = value;

	for (;;) {
		size_t length = strcspn(item, ",");

		if (length == 0)
			fail("%s %s: an item of the list is empty", option, ESCAPED(value));
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s\"%.*s\"", used ? " or " : "",
					 predicate, (int)length, item);
		if (used >= sizeof(text))
			fail("%s: the list is too long (at most about 500 items)", option);
		if (!item[length])
			break;
		item += length + 1;
	}
	if (strchr(value, '"'))
		fail("%s %s: a quote has no place here", option, ESCAPED(value));
	add_sugar(options, option, value, text);
}

static void add_quoted(struct options *options, const char *option, const char *value, const char *predicate)
{
	char quote = strchr(value, '"') ? '\'' : '"';
	char text[MAX_TEXT];

	if (strchr(value, quote))
		fail("%s %s: it cannot hold both kinds of quotes", option, ESCAPED(value));
	if (snprintf(text, sizeof(text), "%s %c%s%c", predicate, quote, value, quote) >= (int)sizeof(text))
		fail("%s: the value is too long", option);
	add_sugar(options, option, value, text);
}

static void add_families(const struct reading *reading)
{
	if (reading->want_ipv4 && !reading->want_ipv6)
		add_sugar(reading->options, "-4", "", "family 4");
	if (reading->want_ipv6 && !reading->want_ipv4)
		add_sugar(reading->options, "-6", "", "family 6");
}

static void add_words(const struct reading *reading)
{
	struct filter *filter = NULL;
	struct filter_error error;
	int err = filter_parse(reading->filter, &host_names, &filter, &error);
	char text[4 * MAX_TEXT + 1];
	size_t caret;

	if (err == -ENOMEM)
		fail("out of memory");
	if (err) {
		caret = escape_text(text, sizeof(text), reading->filter, error.at);
		escape_text(text, sizeof(text), reading->filter, strlen(reading->filter));
		fail("FILTER: %s\n    %s\n    %*s^", error.message, text, (int)caret, "");
	}
	add_filter(reading->options, filter);
}

static void take_word(struct reading *reading, const char *word)
{
	size_t used = strlen(reading->filter);

	if (snprintf(reading->filter + used, sizeof(reading->filter) - used, "%s%s", used ? " " : "", word) >=
	    (int)(sizeof(reading->filter) - used))
		fail("FILTER: it is too long (at most 4096 characters)");
}

/* ---- values ---- */

static uint64_t duration_of(const char *option, const char *value)
{
	uint64_t ns;
	int err = parse_duration(value, &ns);

	if (err == -ERANGE)
		fail("%s %s: out of range: give more than 0 and at most 36500d", option, ESCAPED(value));
	if (err)
		fail("%s %s: no length of time: give seconds, or 250ms, 10s, 5m, 2h, 1d", option, ESCAPED(value));
	return ns;
}

static uint64_t count_of(const char *option, const char *value)
{
	uint64_t count;

	if (parse_u64(value, 1, INT64_MAX, &count))
		fail("%s %s: no count: give a whole number, 1 or more", option, ESCAPED(value));
	return count;
}

/* The number of `value` among the `count` words. */
static int choice_of(const char *option, const char *value, const char *const *words, int count)
{
	char all[128] = "";

	for (int i = 0; i < count; i++) {
		if (!strcmp(value, words[i]))
			return i;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
			 !i              ? ""
			 : i + 1 < count ? ", "
					 : " or ",
			 words[i]);
	}
	fail("%s %s: give %s", option, ESCAPED(value), all);
}

static enum color color_of(const char *value)
{
	static const char *const words[] = {[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};

	return choice_of("--color", value, words, 3);
}

static enum snapshot_source snapshot_source_of(const char *value)
{
	static const char *const words[] = {
		[SNAPSHOT_BY_AUTO] = "auto", [SNAPSHOT_BY_ITER] = "iter", [SNAPSHOT_BY_PROC] = "proc"};

	return choice_of("--snapshot-source", value, words, 3);
}

static enum accept_source accept_source_of(const char *value)
{
	static const char *const words[] = {
		[ACCEPT_BY_AUTO] = "auto", [ACCEPT_BY_FEXIT] = "fexit", [ACCEPT_BY_SCAN] = "scan"};

	return choice_of("--accept-source", value, words, 3);
}

/* The kernel wants a power of two, of pages. */
static uint64_t ring_size_of(const char *value)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), wanted, bytes = page;
	int err = parse_size(value, &wanted);

	if (err == -ERANGE || (!err && wanted > MAX_RING))
		fail("--ring-size %s: out of range: give 1 to 1G", ESCAPED(value));
	if (err)
		fail("--ring-size %s: no size: give bytes, or 256K, 16M, 1G", ESCAPED(value));
	while (bytes < wanted)
		bytes *= 2;
	if (bytes != wanted)
		log_warning("--ring-size %s: rounded up to %llu bytes, the next power of two of pages", ESCAPED(value),
			    (unsigned long long)bytes);
	return bytes;
}

/* ---- argp ---- */

static const struct argp_option common_options[] = {
	{0, 0, 0, 0, "Which connections:", 1},
	{"local", 'L', "PORTS", 0, "local port is one of PORTS (80 or 80,443 or https)", 0},
	{"remote", 'D', "PORTS", 0, "remote port is one of PORTS", 0},
	{"pid", 'p', "PID", 0, "held by process PID", 0},
	{"comm", KEY_COMM, "NAME", 0, "held by a process of this name (* and ? match any text, any character)", 0},
	{"state", KEY_STATE, "STATES", 0, "in one of STATES; a transition is in the states it leaves and enters", 0},
	{"netns", KEY_NETNS, "NETNS", 0,
	 "in this network namespace: of ip netns or of a container, a PID in it, or its inode", 0},
	{"ipv4", '4', 0, 0, "IPv4, v4-mapped IPv6 sockets included", 0},
	{"ipv6", '6', 0, 0, "IPv6 sockets", 0},
	{0, 0, 0, 0, "Output:", 3},
	{"json", KEY_JSON, 0, 0, "one JSON object per line", 0},
	{"color", KEY_COLOR, "WHEN", 0, "auto (on a terminal), always, never", 0},
	{0, 0, 0, 0, "End:", 4},
	{"duration", KEY_DURATION, "TIME", 0, "end after TIME: seconds, or 250ms, 10s, 5m, 2h, 1d", 0},
	{0, 0, 0, 0, "Other:", 5},
	{"ring-size", KEY_RING_SIZE, "SIZE", 0, "of the buffer between kernel and tcpledger: 16M, if not given", 0},
	{"snapshot-source", KEY_SNAPSHOT_SOURCE, "FROM", 0,
	 "how to find what is there already: auto, iter (BPF iterators, exact), proc (/proc)", 0},
	{"accept-source", KEY_ACCEPT_SOURCE, "FROM", 0,
	 "how to find who accepts connections: auto, fexit (at once, where the kernel allows it), scan (shortly after)",
	 0},
	{"verbose", 'v', 0, 0, "say more on stderr (-vv: still more)", 0},
	{0},
};

static error_t read_sources(int key, char *value, struct live_options *live)
{
	switch (key) {
	case KEY_RING_SIZE:
		live->ring_bytes = ring_size_of(value);
		break;
	case KEY_SNAPSHOT_SOURCE:
		live->snapshot_source = snapshot_source_of(value);
		break;
	case KEY_ACCEPT_SOURCE:
		live->accept_source = accept_source_of(value);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t read_common(int key, char *value, struct argp_state *state)
{
	struct reading *reading = state->input;
	struct options *options = reading->options;

	switch (key) {
	case 'L':
		add_list(options, "-L", value, "sport = ");
		break;
	case 'D':
		add_list(options, "-D", value, "dport = ");
		break;
	case 'p':
		add_list(options, "-p", value, "pid ");
		break;
	case KEY_COMM:
		add_quoted(options, "--comm", value, "comm");
		break;
	case KEY_STATE:
		add_quoted(options, "--state", value, "state");
		break;
	case KEY_NETNS:
		add_quoted(options, "--netns", value, "netns");
		break;
	case '4':
		reading->want_ipv4 = true;
		break;
	case '6':
		reading->want_ipv6 = true;
		break;
	case KEY_JSON:
		options->json = true;
		break;
	case KEY_COLOR:
		options->color = color_of(value);
		break;
	case KEY_DURATION:
		options->live.duration_ns = duration_of("--duration", value);
		break;
	case 'v':
		log_set_level(log_level() + 1);
		break;
	case ARGP_KEY_ARG:
		take_word(reading, value);
		break;
	case ARGP_KEY_END:
		add_families(reading);
		add_words(reading);
		break;
	default:
		return read_sources(key, value, &options->live);
	}
	return 0;
}

static const struct argp common_argp = {.options = common_options, .parser = read_common};

static const struct argp_option trace_options[] = {
	{0, 0, 0, 0, "trace:", 2},
	{"snapshot", KEY_SNAPSHOT, 0, 0, "first print the sockets that are there already", 0},
	{"wide", 'w', 0, 0, "columns wide enough for IPv6 addresses", 0},
	{"timestamp", 'T', 0, 0, "as in tcpstates; the time is always shown", 0},
	{"count", KEY_COUNT, "N", 0, "end after N transitions were printed", 0},
	{0},
};

static error_t read_trace(int key, char *value, struct argp_state *state)
{
	struct reading *reading = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = reading;
		break;
	case KEY_SNAPSHOT:
		reading->options->snapshot = true;
		break;
	case 'w':
		reading->options->wide = true;
		break;
	case 'T':
		break;
	case KEY_COUNT:
		reading->options->count = count_of("--count", value);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option top_options[] = {
	{0, 0, 0, 0, "top:", 2},
	{"batch", 'b', 0, 0, "print the table again and again, for a file or another program", 0},
	{"delay", 'd', "TIME", 0, "time between two printings (3 seconds)", 0},
	{"iterations", 'n', "N", 0, "end after N printings", 0},
	{0},
};

static error_t read_top(int key, char *value, struct argp_state *state)
{
	struct reading *reading = state->input;
	struct options *options = reading->options;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = reading;
		break;
	case 'b':
		options->batch = true;
		break;
	case 'd':
		options->interval_ns = duration_of("-d", value);
		break;
	case 'n':
		options->iterations = count_of("-n", value);
		break;
	case ARGP_KEY_END:
		if (!options->batch)
			fail("top: there is no full screen yet: give -b, which prints the table each -d seconds");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option doctor_options[] = {
	{"json", KEY_JSON, 0, 0, "one JSON object per line", 0},
	{"color", KEY_COLOR, "WHEN", 0, "auto (on a terminal), always, never", 0},
	{"verbose", 'v', 0, 0, "say why the kernel refuses a program, on stderr", 0},
	{0},
};

/* It looks at no connections: of what is common to the others it takes only the output. */
static error_t read_doctor(int key, char *value, struct argp_state *state)
{
	switch (key) {
	case KEY_JSON:
	case KEY_COLOR:
	case 'v':
		return read_common(key, value, state);
	case ARGP_KEY_ARG:
		fail("doctor '%s': it takes no FILTER (see tcpledger doctor --help)", ESCAPED(value));
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

#define FILTER_HELP                                                                                                    \
	"FILTER is ss's language: state syn-sent, sport = :443, dport != :22, src 10.0.0.0/8, dst [::1], pid 123, "    \
	"comm nginx, netns NAME; and, or, not, ( ); :443 is either port, a bare address either side. Quote what "      \
	"the shell would take for itself."

static const struct argp_child children[] = {{&common_argp, 0, NULL, 0}, {0}};

static const struct {
	const char *name;
	enum command command;
	struct argp argp;
} commands[] = {
	{"trace",
	 COMMAND_TRACE,
	 {.options = trace_options,
	  .parser = read_trace,
	  .args_doc = "[FILTER]",
	  .doc = "Print each TCP state transition on this host as it happens, with the owner of the socket, the time "
		 "spent "
		 "in the old state, and why.\v" FILTER_HELP
		 "\n\nExit status: 0 done, 1 failed, 2 wrong use, 3 done but transitions were lost.",
	  .children = children}},
	{"top",
	 COMMAND_TOP,
	 {.options = top_options,
	  .parser = read_top,
	  .args_doc = "[FILTER]",
	  .doc = "Print the live table of TCP sockets, now and each few seconds.\v" FILTER_HELP
		 "\n\nExit status: 0 done, 1 failed, 2 wrong use, 3 done but transitions were lost.",
	  .children = children}},
	{"doctor",
	 COMMAND_DOCTOR,
	 {.options = doctor_options,
	  .parser = read_doctor,
	  .doc = "Say whether this host can run tcpledger: for each thing that it needs or can use whether it is there "
		 "(yes, partly, no), what its lack costs, and what to do about it. Tries the kernel out with BPF "
		 "programs that do nothing.\vExit status: 0 tcpledger can trace here, 1 it cannot, 2 wrong use."}},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static const char overview[] =
	"Usage: tcpledger [COMMAND] [OPTION...] [FILTER]\n"
	"An exact, live account of the TCP connections of this host.\n\n"
	"  trace   print each state transition as it happens (the default)\n"
	"  top     print the live table: -b [-d SECONDS] [-n COUNT]\n"
	"  doctor  say whether this host can run it, and what to do if not\n\n"
	"'tcpledger COMMAND --help' tells the rest of each; 'tcpledger --version' the version.\n";

static int command_named(const char *word)
{
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(word, commands[i].name))
			return i;
	fail("'%s' is no command: give trace or top, and a FILTER after it, or doctor (see tcpledger --help)",
	     ESCAPED(word));
}

void options_read(struct options *options, int argc, char **argv)
{
	struct reading reading = {.options = options};
	char name[64] = "tcpledger";
	int chosen = 0;

	if (argc > 1 && argv[1][0] != '-') {
		chosen = command_named(argv[1]);
		snprintf(name, sizeof(name), "tcpledger %s", argv[1]);
		argv++;
		argc--;
	} else if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?") || !strcmp(argv[1], "-h"))) {
		fputs(overview, stdout);
		exit(EXIT_SUCCESS);
	} else if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		puts("tcpledger " TCPLEDGER_VERSION);
		exit(EXIT_SUCCESS);
	}
	argv[0] = name;
	*options = (struct options){
		.command = commands[chosen].command,
		.interval_ns = 3 * NS_PER_SEC,
		.live = {.ring_bytes = DEFAULT_RING},
	};
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&commands[chosen].argp, argc, argv, 0, NULL, &reading))
		exit(EXIT_USAGE);
}

void options_free(struct options *options)
{
	filter_free(options->filter);
	options->filter = NULL;
}
