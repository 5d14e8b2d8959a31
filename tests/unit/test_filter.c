// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the filter language: which connections each text lets pass, and where and with which message a wrong text is
 * refused.
 */
#include <errno.h>

#include "escape.h"
#include "events.h"
#include "filter.h"

/* ---- the names of a made-up host ---- */

static int find_service(void *context, const char *name, struct service_ports *ports)
{
	static const struct {
		const char *name;
		uint16_t port;
	} services[] = {{"https", 443}, {"ftp-data", 20}, {"4-tier", 443}, {"914c/g", 22},
			{"and", 22},    {"two", 80},      {"two", 443},    {"a\\x3ab", 22}};

	(void)context;
	ports->count = 0;
	for (size_t i = 0; i < COUNT_OF(services); i++)
		if (!strcmp(name, services[i].name))
			ports->all[ports->count++].port = services[i].port;
	return ports->count ? 0 : -ENOENT;
}

static int find_user(void *context, const char *name, uint32_t *uid)
{
	(void)context;
	*uid = 33;
	return strcmp(name, "www") != 0 && strcmp(name, "web data") != 0 ? -ENOENT : 0;
}

static int find_netns(void *context, const char *name, struct netns_choice *choice)
{
	(void)context;
	snprintf(choice->why, sizeof(choice->why), "there is no %s, but blue and pod", ESCAPED(name));
	if (strcmp(name, "blue") != 0 && strcmp(name, "pod") != 0)
		return -ENOENT;
	choice->inodes[choice->count++] = NETNS_ELSEWHERE;
	if (!strcmp(name, "pod"))
		choice->inodes[choice->count++] = NETNS_HERE;
	return 0;
}

static bool find_near_service(void *context, const char *name, char out[SERVICE_NAME_SIZE])
{
	(void)context;
	strcpy(out, "https");
	return strcmp(name, "htps") == 0;
}

static const struct filter_names names = {
	.service = find_service, .near_service = find_near_service, .user = find_user, .netns = find_netns};

/* ---- the connections under test ---- */

/* Each connection has a letter in the tables below. */
enum subject { WEB, SSH, MAPPED, SIX, LISTENER, CONNECTING, CHILD, SUBJECT_COUNT };

static const char letters[] = "WSM6LCK";

static struct owner workers[2];
static struct connection subjects[SUBJECT_COUNT];
static struct change changes[SUBJECT_COUNT];

static void set_subject(enum subject subject, struct tuple tuple, struct owner owner, uint32_t uid, uint8_t oldstate,
			uint8_t newstate)
{
	struct connection *conn = &subjects[subject];

	*conn = (struct connection){
		.tuple = tuple, .owner = owner, .uid = uid, .state = newstate, .oldstate = oldstate};
	changes[subject] =
		(struct change){.kind = CHANGE_TRANSITION, .conn = conn, .oldstate = oldstate, .newstate = newstate};
}

static int set_subjects(void **state)
{
	struct tuple elsewhere = tuple_of(4, "192.168.1.1", 22, "10.9.9.9", 50000);

	(void)state;
	elsewhere.netns = NETNS_ELSEWHERE;
	set_subject(WEB, tuple_of(4, "10.0.0.1", 40000, "10.0.0.2", 443), owner_of(100, 3, "nginx"), 33, STATE_SYN_SENT,
		    STATE_ESTABLISHED);
	set_subject(SSH, elsewhere, owner_of(200, 3, "sshd"), 0, STATE_ESTABLISHED, STATE_FIN_WAIT1);
	set_subject(MAPPED, tuple_of(6, "::ffff:10.0.0.1", 80, "::ffff:10.0.0.7", 41000), owner_of(300, 3, "java"), 33,
		    STATE_ESTABLISHED, STATE_CLOSE_WAIT);
	set_subject(SIX, tuple_of(6, "::1", 8080, "fd00::5", 42000), owner_of(0, FD_UNKNOWN, ""), 1000, STATE_FIN_WAIT2,
		    STATE_CLOSE);
	set_subject(LISTENER, tuple_of(4, "0.0.0.0", 80, "0.0.0.0", 0), owner_of(100, 3, "nginx"), 0, STATE_CLOSE,
		    STATE_LISTEN);
	set_subject(CONNECTING, tuple_of(4, "10.0.0.1", 0, "10.0.0.2", 22), owner_of(400, 3, "curl one"), 1000,
		    STATE_CLOSE, STATE_SYN_SENT);
	set_subject(CHILD, tuple_of(4, "0.0.0.0", 80, "0.0.0.0", 0), owner_of(100, 3, "nginx"), 0, STATE_LISTEN,
		    STATE_SYN_RECV);
	subjects[CHILD].direction = DIRECTION_IN;
	subjects[CHILD].owner_source = OWNER_ACCEPT;
	workers[0] = owner_of(300, 3, "java");
	workers[1] = owner_of(301, 4, "helper");
	subjects[MAPPED].owners = workers;
	subjects[MAPPED].owner_count = 2;
	changes[SIX].kind = CHANGE_SOCKET;
	return 0;
}

static const char *answers_of(const struct filter *filter, char out[2 * SUBJECT_COUNT + 1])
{
	char *end = out;

	for (int i = 0; i < SUBJECT_COUNT; i++) {
		enum filter_answer answer = filter_ask(filter, &changes[i]);

		if (answer == FILTER_NO)
			continue;
		*end++ = letters[i];
		if (answer == FILTER_MAYBE)
			*end++ = '?';
	}
	*end = '\0';
	return out;
}

/* ---- accepted ---- */

struct accepted {
	const char *text;
	const char *passing; /* letters of the subjects; "?" follows a subject on which the filter cannot decide yet */
};

static const struct accepted accepted[] = {
	{"", "WSM6LCK"},
	{" \t\n ", "WSM6LCK"},
	/* states: a transition is in the state that it leaves and in the state that it enters, a socket in its own */
	{"state established", "WSM"},
	{"state ESTAB", "WSM"},
	{"state fin-wait-1", "S"},
	{"state FIN_WAIT1", "S"},
	{"state fin_wait2", ""},
	{"state close", "6LC"},
	{"state listening", "LK"},
	{"state syn-sent", "WC"},
	{"state syn-recv,fin-wait-1", "SK"},
	{"state all", "WSM6LCK"},
	{"state connected", "WSMCK"},
	{"state synchronized", "WSMK"},
	{"state bucket", "K"},
	/* side by side, either state passes: no socket is in both */
	{"state established state fin-wait-1", "WSM"},
	{"state syn-sent state fin-wait-1 state listen", "WSLCK"},
	{"pid 100 state listen state established", "WLK"},
	{"state established and state fin-wait-1", "S"},
	{"state established state != fin-wait-1", "WM"},
	{"state established exclude fin-wait-1", "WM"},
	{"state = established", "WSM"},
	{"state != established", "6LCK"},
	{"exclude established", "6LCK"},
	{"exclude != established", "WSM"},
	/* ports */
	{"sport = :80", "MLC?K"},
	{"sport = 80", "MLC?K"},
	{"sport :80", "MLC?K"},
	{"sport 80", "MLC?K"},
	{"sport == 80", "MLC?K"},
	{"sport eq 80", "MLC?K"},
	{"sport=:80", "MLC?K"},
	{"SPORT = :80", "MLC?K"},
	{"sport != :80", "WS6C?"},
	{"sport ne :80", "WS6C?"},
	{"sport neq :80", "WS6C?"},
	{"sport < 80", "SC?"},
	{"sport lt 80", "SC?"},
	{"sport leq 79", "SC?"},
	{"sport <= 80", "SMLC?K"},
	{"sport le 80", "SMLC?K"},
	{"sport > 8080", "WC?"},
	{"sport gt 8080", "WC?"},
	{"sport >= 8080", "W6C?"},
	{"sport ge 8080", "W6C?"},
	{"sport geq 8080", "W6C?"},
	{"sport = :80-8080", "M6LC?K"},
	{"sport != 80-8080", "WSC?"},
	{"sport >= 0", "WSM6LC?K"},
	{"sport <= 65535", "WSM6LC?K"},
	{"dport = :https", "WK?"},
	{"dport = https", "WK?"},
	{"dport = ftp-data", "K?"},
	{"dport = :22", "CK?"},
	{"dport > :https", "SM6K?"},
	/* services whose names look like something else */
	{":4-tier", "WC?K?"},
	{"dport = 4-tier", "WK?"},
	{"dport = :4-tier", "WK?"},
	{"dport = 22-4-tier", "WCK?"},
	{"sport = :80-https", "MLC?K"},
	{"dport = 914c/g", "CK?"},
	{":914c/g", "SCK?"},
	{"10.0.0.2:914c/g", "CK?"},
	{"dst *:914c/g", "CK?"},
	{"dst [fd00::5]:914c/g", "K?"},
	{":and", "SCK?"},
	{"dport = :and and pid 400", "C"},
	{":a\\x3ab", "SCK?"},
	{"10.0.0.2:a\\x3ab", "CK?"},
	{"dport = two", "WK?"},
	{":two", "WMLC?K"},
	{"not :two", "S6C?"},
	{"sport != two", "WS6C?"},
	{":443", "WC?K?"},
	{":22", "SCK?"},
	{":80", "MLC?K"},
	{":40000-41000", "WMC?K?"},
	{":https", "WC?K?"},
	/* addresses */
	{"src 10.0.0.1", "WMCK?"},
	{"src = 10.0.0.1", "WMCK?"},
	{"src != 10.0.0.1", "S6LK?"},
	{"src 10.0.0.0/8", "WMCK?"},
	{"src 10/8", "WMCK?"},
	{"src 10.0.0/24:80", "MC?K?"},
	{"src 0/0", "WSMLCK?"},
	{"src 0.0.0.0/0", "WSMLCK?"},
	{"dst 10.0.0.0/8", "WSMCK?"},
	{"dst 10.0.0.0/29", "WMCK?"},
	{"dst 10.0.0.4/30", "MK?"},
	{"dst ::/0", "M6K?"},
	{"dst ::ffff:10.0.0.7", "MK?"},
	{"dst [fd00::5]", "6K?"},
	{"dst fd00::/8", "6K?"},
	{"dst [fd00::]/8", "6K?"},
	{"dst [fd00::5]:42000", "6K?"},
	{"dst [fd00::5]:42001", "K?"},
	{"dst [fd00::5]:*", "6K?"},
	{"src ::1", "6K?"},
	{"src 10.0.0.1:80", "MC?K?"},
	{"src 10.0.0.0/8:80", "MC?K?"},
	{"dst 10.0.0.2:https", "WK?"},
	{"dst *:443", "WK?"},
	{"dst :443", "WK?"},
	{"dst *:*", "WSM6LCK?"},
	{"dst any", "WSM6LCK?"},
	{"dst all:443", "WK?"},
	{"10.0.0.2", "WCK?"},
	{"10.0.0.7", "MK?"},
	{"10.0.0.1:40000", "WC?K?"},
	{"10.9.9.9:22", "K?"}, /* address and port must be of the same side */
	{"[::1]", "6K?"},
	{"::1", "6K?"},
	{"::", "K?"},
	{"192.168.0.0/16", "SK?"},
	/* family 4 has v4-mapped sockets too, and family 6 all IPv6 sockets */
	{"family 4", "WSMLCK"},
	{"family inet", "WSMLCK"},
	{"family = ipv4", "WSMLCK"},
	{"family 6", "M6"},
	{"family IPv6", "M6"},
	{"family 4 and family 6", "M"},
	{"not family 4", "6"},
	{"family != 6", "WSLCK"},
	/* owners: all of them are compared */
	{"pid 100", "WLK"},
	{"pid = 100", "WLK"},
	{"pid != 100", "SM6C"},
	{"pid 301", "M"},
	{"nginx", "WLK"},
	{"nginx :22", "K?"},
	{"n*x", "WLK"},
	{"\"curl one\"", "C"},
	{"not 'curl one' and not nginx", "SM6"},
	{"comm nginx", "WLK"},
	{"comm 'nginx'", "WLK"},
	{"comm n*x", "WLK"},
	{"comm ????", "SM"},
	{"comm *", "WSMLCK"},
	{"comm \"curl one\"", "C"},
	{"comm 'curl one'", "C"},
	{"comm != helper", "WS6LCK"},
	/* names as they are printed: an escaped character is no wildcard, and an escaped word no keyword */
	{"comm curl\\x20one", "C"},
	{"comm 'curl\\x20one'", "C"},
	{"comm curl*\\x6fn?", "C"},
	{"\\x6eginx", "WLK"},
	{"comm \\x6Eginx", "WLK"},
	{"comm n\\x2ax", ""},
	{"comm \\x3f\\x3f\\x3f\\x3f", ""},
	{"\\x73tate", ""},
	{"comm \\nginx", ""},
	{"comm \\x00*", ""},
	{"comm \"state\"", ""},
	{"uid 33", "WM"},
	{"uid 0", "SLK"},
	{"uid 4294967295", ""},
	{"uid www", "WM"},
	{"uid = 'web data'", "WM"},
	{"uid != www", "S6LCK"},
	/* a process may be called like an address or a port, but for their signs */
	{"9pfs", ""},
	{"4-tier", ""},
	{"comm \"\"", ""},
	{"netns blue", "S"},
	{"netns != blue", "WM6LCK"},
	{"netns pod", "WSM6LCK"}, /* pod is in both network namespaces */
	{"netns != pod", ""},
	{"netns pod and state fin-wait-1", "S"},
	/* joined conditions */
	{"pid 100 and state established", "W"},
	{"pid 100 state established", "W"},
	{"pid 100 & state established", "W"},
	{"pid 100 && state established", "W"},
	{"pid 100 or pid 200", "WSLK"},
	{"pid 100 | pid 200", "WSLK"},
	{"pid 100||pid 200", "WSLK"},
	{"PID 100 OR pid 200", "WSLK"},
	{"not pid 100", "SM6C"},
	{"! pid 100", "SM6C"},
	{"!pid 100", "SM6C"},
	{"not not pid 100", "WLK"},
	{"not (pid 100 or pid 200)", "M6C"},
	{"not pid 100 or pid 200", "SM6C"},
	{"not pid 100 pid 200", "S"},
	/* "and" binds closer than "or", also where "and" is left out */
	{"pid 200 or pid 100 and state listen", "SLK"},
	{"pid 200 or pid 100 state listen", "SLK"},
	{"pid 100 and state listen or pid 200", "SLK"},
	{"(pid 200 or pid 100) and state listen", "LK"},
	{"(pid 200 or pid 100)(state listen)", "LK"},
	{"((((pid 100))))", "WLK"},
	{"(pid 100)or(pid 200)", "WSLK"},
	/* unknown conditions joined with known ones */
	{"sport = :80 and pid 100", "LK"},
	{"sport = :80 and pid 400", "C?"},
	{"sport = :80 or pid 400", "MLCK"},
	{"sport = :80 or pid 300", "MLC?K"},
	{"not sport = :80 and not dport = :22", "WS6"},
	{"not (sport = :80 and dport = :443)", "WSM6LCK?"},
	{"src 10.0.0.1:5 and dst 10.0.0.2:22", "C?"},
};

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(accepted); i++) {
		struct filter_error error = {.message = ""};
		struct filter *filter = NULL;
		char got[2 * SUBJECT_COUNT + 1];
		int err = filter_parse(accepted[i].text, &names, &filter, &error);

		if (err)
			fail_msg("\"%s\" is refused: %s", accepted[i].text, error.message);
		answers_of(filter, got);
		if (strcmp(got, accepted[i].passing) != 0)
			fail_msg("\"%s\" lets pass %s, not %s", accepted[i].text, got, accepted[i].passing);
		filter_free(filter);
	}
}

/* ---- several words of a command line ---- */

#define WORDS(text) text, sizeof(text) - 1

struct typed {
	const char *words; /* with a NUL between two of them */
	size_t length;
	const char *passing;
};

static const struct typed typed_words[] = {
	{WORDS(""), "WSM6LCK"},
	{WORDS("\0\0"), "WSM6LCK"},
	{WORDS("state\0established"), "WSM"},
	{WORDS("pid\0"
	       "100\0or\0pid\0"
	       "200"),
	 "WSLK"},
	{WORDS("(\0pid\0"
	       "100\0)\0or\0pid\0"
	       "200"),
	 "WSLK"},
	{WORDS("pid 100\0or pid 200"), "WSLK"},
	{WORDS("( pid\0 100 or\0pid = 200 )"), "WSLK"},
	{WORDS("dport\0=\0:22 and pid 400"), "C"},
	{WORDS("pid 100 and\0sport = :80"), "LK"},
	/* one word with a space is one name, where nothing of the language is in it */
	{WORDS("curl one"), "C"},
	{WORDS("curl *"), "C"},
	{WORDS("curl one\0or\0nginx"), "WLCK"},
	{WORDS("not\0curl one\0pid\0"
	       "200"),
	 "S"},
	{WORDS("curl\0one"), ""},
	{WORDS("curl one or nginx"), "WLK"},
	{WORDS("'curl one' or nginx"), "WLCK"},
	{WORDS("nginx :80"), "LK"},
	{WORDS("nginx dport = :443"), "WK?"},
	{WORDS("\"curl one\""), "C"},
	/* after comm, uid and netns the next word is the name, whole */
	{WORDS("comm\0curl one"), "C"},
	{WORDS("comm\0=\0curl one"), "C"},
	{WORDS("comm\0!=\0curl one"), "WSM6LK"},
	{WORDS("comm=\0curl one"), "C"},
	{WORDS("comm !=\0curl one"), "WSM6LK"},
	{WORDS("comm\0=nginx"), "WLK"},
	{WORDS("comm\0eq\0nginx"), "WLK"},
	{WORDS("comm\0'curl one'"), "C"},
	{WORDS("comm\0\"curl one\"\0or\0pid\0"
	       "200"),
	 "SC"},
	{WORDS("comm\0nginx or sshd"), ""},
	{WORDS("uid\0web data"), "WM"},
	{WORDS("netns\0blue\0and\0pid\0"
	       "200"),
	 "S"},
	{WORDS("dport\0=\0and"), "CK?"},
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(typed_words); i++) {
		const struct typed *typed = &typed_words[i];
		struct filter_error error = {.message = ""};
		struct filter *filter = NULL;
		char got[2 * SUBJECT_COUNT + 1];

		if (filter_parse_words(typed->words, typed->length, &names, &filter, &error))
			fail_msg("case %zu (\"%s\") is refused: %s", i, typed->words, error.message);
		answers_of(filter, got);
		if (strcmp(got, typed->passing) != 0)
			fail_msg("case %zu (\"%s\") lets pass %s, not %s", i, typed->words, got, typed->passing);
		filter_free(filter);
	}
}

static enum filter_answer ask_words(const char *words, size_t length, const struct filter_subject *subject)
{
	const struct filter_names with_paths = {.service = find_service, .netns = find_netns, .has_unix_sockets = true};
	struct filter_error error = {.message = ""};
	struct filter *filter = NULL;
	enum filter_answer answer;

	if (filter_parse_words(words, length, &with_paths, &filter, &error))
		fail_msg("\"%s\" is refused: %s", words, error.message);
	answer = filter_ask_about(filter, subject);
	filter_free(filter);
	return answer;
}

/* A name is found as it is shown, and as it is, as the word after comm; and in quotes where it is shown in quotes. */
static void test_hostile_names(void **state)
{
	static const char *const comms[] = {
		"",       "\"",          "\"\"",         "'",        "it's",
		"\"x\"",  "'x'",         "it's \"x\"",   "(sd-pam)", ")",
		"=",      "=x",          "!=",           "!x",       "<x>",
		"==",     "eq",          "and",          "or",       "not",
		"&&",     "|",           "state",        "pid",      "established",
		":443",   "10.0.0.1",    "[::1]:80",     "/run/x",   "@x",
		"*",      "tlq-*",       "a?b",          "[a]",      "a\nb",
		"a\\xff", "\xff\xfe",    "tmux: server", "a  b ",    " a",
		"-x",     "--",          "123",          "80",       "\\",
		"\\x41",  "caf\xc3\xa9", "\x1b[2J",      "#x",       "a,b:80",
	};
	struct tuple tuple = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(comms); i++) {
		struct owner owner = owner_of(100, 3, comms[i]), other = owner_of(100, 3, "zz");
		struct filter_subject subject = {.tuple = &tuple, .owner = &owner};
		struct filter_subject another = {.tuple = &tuple, .owner = &other};
		char shown[128], quoted[128], words[256];
		const char *forms[] = {shown, quoted};

		escape_name(shown, sizeof(shown), comms[i], strlen(comms[i]));
		escape_quoted(quoted + 1, sizeof(quoted) - 2, comms[i], strlen(comms[i]));
		quoted[0] = '"';
		strcat(quoted, "\"");
		for (size_t form = 0; form < COUNT_OF(forms); form++) {
			int length = snprintf(words, sizeof(words), "comm%c%s", '\0', forms[form]);

			if (ask_words(words, (size_t)length, &subject) != FILTER_YES)
				fail_msg("comm %s does not find it", forms[form]);
			if (!strcmp(comms[i], "*"))
				continue;
			if (ask_words(words, (size_t)length, &another) != FILTER_NO)
				fail_msg("comm %s finds others", forms[form]);
		}
	}
}

static void test_unix_paths(void **state)
{
	struct tuple tuple = {0};
	struct filter_subject subject = {.tuple = &tuple, .path = "/run/a (b).sock"};
	struct filter_subject abstract = {.tuple = &tuple, .path = "@a@b"};
	struct filter_subject relative = {.tuple = &tuple, .path = "a"};
	struct filter_subject inet = {.tuple = &tuple, .has_endpoints = true};

	(void)state;
	assert_int_equal(ask_words(WORDS("src\0/run/a (b).sock"), &subject), FILTER_YES);
	assert_int_equal(ask_words(WORDS("src\0/run/a\\x20(b).sock"), &subject), FILTER_YES);
	assert_int_equal(ask_words(WORDS("/run/a\\x20(b).sock"), &subject), FILTER_YES);
	assert_int_equal(ask_words(WORDS("src \"/run/a (b).sock\""), &subject), FILTER_YES);
	assert_int_equal(ask_words(WORDS("src\0=\0/run/a (b).sock"), &subject), FILTER_YES);
	assert_int_equal(ask_words(WORDS("/run/*"), &subject), FILTER_YES);
	assert_int_equal(ask_words(WORDS("/run/a"), &subject), FILTER_NO);
	assert_int_equal(ask_words(WORDS("src @a@b"), &abstract), FILTER_YES);
	assert_int_equal(ask_words(WORDS("@a@b or /run/b"), &abstract), FILTER_YES);
	assert_int_equal(ask_words(WORDS("src != @a@b"), &abstract), FILTER_NO);
	assert_int_equal(ask_words(WORDS("src unix:a"), &relative), FILTER_YES);
	assert_int_equal(ask_words(WORDS("/run/*"), &inet), FILTER_NO);
	assert_int_equal(ask_words(WORDS("src any"), &subject), FILTER_NO);
}

/* "*" is any address, alone as well as before a port. The star must not swallow the words beside it. */
static void test_star_alone_is_any_address(void **state)
{
	static const struct accepted stars[] = {
		{"src * and pid 200", "S"},
		{"pid 200 and dst *", "S"},
		{"pid 200 or (dst * and pid 100)", "WSLK"},
	};
	struct filter *filter;
	struct filter_error error;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(stars); i++) {
		char got[2 * SUBJECT_COUNT + 1], *at = got;

		filter = NULL;
		assert_int_equal(filter_parse(stars[i].text, &names, &filter, &error), 0);
		answers_of(filter, got);
		filter_free(filter);
		while ((at = strchr(got, '?'))) /* the peer of the child does not matter here */
			memmove(at, at + 1, strlen(at));
		assert_string_equal(got, stars[i].passing);
	}
	filter = NULL;
	assert_int_equal(filter_parse("src * )))", &names, &filter, &error), -EINVAL);
}

static enum filter_answer ask_filter(const char *text, const struct connection *conn)
{
	struct change change = {.conn = (struct connection *)conn, .newstate = conn->state};
	struct filter_error error;
	struct filter *filter = NULL;
	enum filter_answer answer;

	assert_int_equal(filter_parse(text, &names, &filter, &error), 0);
	answer = filter_ask(filter, &change);
	filter_free(filter);
	return answer;
}

/* The address of either side shows that an IPv6 socket talks IPv4; a child without its peer does not show that yet. */
static void test_family_of_mapped_sockets(void **state)
{
	struct connection child = {
		.tuple = tuple_of(6, "::", 80, "::", 0), .direction = DIRECTION_IN, .state = STATE_SYN_RECV};
	struct connection listener = {.tuple = tuple_of(6, "::ffff:10.0.0.1", 80, "::", 0), .state = STATE_LISTEN};
	struct connection connecting = {.tuple = tuple_of(6, "::", 0, "::ffff:10.0.0.1", 80), .state = STATE_SYN_SENT};

	(void)state;
	assert_int_equal(ask_filter("family 4", &child), FILTER_MAYBE);
	assert_int_equal(ask_filter("not family 4", &child), FILTER_MAYBE);
	assert_int_equal(ask_filter("family 6", &child), FILTER_YES);
	assert_int_equal(ask_filter("family 4", &listener), FILTER_YES);
	assert_int_equal(ask_filter("family 4", &connecting), FILTER_YES);
	child.tuple = tuple_of(6, "fd00::1", 80, "fd00::2", 5);
	assert_int_equal(ask_filter("family 4", &child), FILTER_NO);
}

/* ---- refused ---- */

struct refused {
	const char *text;
	size_t at;
	const char *saying; /* part of the message */
};

static const struct refused refused[] = {
	{"stat nginx", 0, "the nearest is 'state'"},
	{"pid 5 sprot = 80", 6, "the nearest is 'sport'"},
	{"established", 0, "'state established'"},
	{"esablished", 0, "the nearest is 'ESTABLISHED'"},
	{"nginx time_wait", 6, "'state time_wait'"},
	{"state", 5, "'state'"},
	{"state bogus", 6, "'bogus'"},
	{"state listn", 6, "the nearest is 'LISTEN'"},
	{"sport = :htps", 9, "the nearest is 'https'"},
	{"state established,bogus", 18, "'bogus'"},
	{"state established,", 18, "''"},
	{"state < established", 6, "state"},
	{"exclude nothing", 8, "'nothing'"},
	{"sport", 5, "'sport'"},
	{"sport =", 7, "'sport'"},
	{"sport = 65536", 8, "'65536'"},
	{"sport = :65536", 9, "'65536'"},
	{"sport = 80abc", 8, "'80abc'"},
	{"sport = -1", 8, "'-1'"},
	{"sport = +1", 8, "'+1'"},
	{"sport = 0x50", 8, "'0x50'"},
	{"sport = \"\"", 8, "''"},
	{"sport = gopherx", 8, "'gopherx'"},
	{"sport = 90-80", 8, "backwards"},
	{"sport > 80-90", 8, "range"},
	{"sport = 80-", 11, "''"},
	{"sport = 80-70000", 11, "'70000'"},
	{"sport < 0", 8, "0"},
	{"dport > 65535", 8, "65535"},
	{"dport = = 80", 8, "'dport'"},
	{"dport = and", 8, "'dport'"},
	{":", 1, "''"},
	{":bogus", 1, "'bogus'"},
	{"src", 3, "'src'"},
	{"src example.com", 4, "'example.com'"},
	{"src 10.0.0", 4, "'10.0.0'"},
	{"src 10", 4, "'10'"},
	{"src 10./8", 4, "'10.'"},
	{"src 10.0.0.0.0/8", 4, "'10.0.0.0.0'"},
	{"src 256/8", 4, "'256'"},
	{"src 10/33", 7, "'33'"},
	{"src 10.0.0.0/33", 13, "'33'"},
	{"src 10.0.0.0/", 13, "''"},
	{"src 10.0.0.0/-1", 13, "'-1'"},
	{"dst ::/129", 7, "'129'"},
	{"dst [::1", 4, "'[::1'"},
	{"dst [::1]:80/64", 4, "prefix"},
	{"dst 10.0.0.1:99999", 13, "'99999'"},
	{"src > 10.0.0.1", 4, "src"},
	{"10.0.0.256", 0, "'10.0.0.256'"},
	{"src /run/a", 4, "'/run/a' is a path"},
	{"/run/a", 0, "'/run/a' is a path"},
	{"src unix:a", 4, "'unix:a' is a path"},
	{"sport > two", 8, "several ports, as 80 and 443"},
	{"sport = 20-two", 11, "several ports"},
	{"sport = 4-tiers", 10, "'tiers'"},
	{"tmux:", 0, "'comm tmux:'"},
	{"localhost:80", 0, "'comm localhost:80'"},
	{"dst @a", 4, "'@a' is a path"},
	{"pid 100 and autobound", 12, "'autobound' is understood by ss"},
	{"10.0.0.1/x", 9, "'x'"},
	{"443", 0, "'443'"},
	{"pid 0", 4, "'0'"},
	{"pid x", 4, "'x'"},
	{"pid 1.5", 4, "'1.5'"},
	{"pid 4294967296", 4, "'4294967296'"},
	{"pid > 5", 4, "pid"},
	{"uid root", 4, "'root'"},
	{"uid 4294967296", 4, "4294967295"},
	{"comm", 4, "'comm'"},
	{"comm 'abc", 5, "quote"},
	{"comm \"abc'", 5, "quote"},
	{"state\\", 0, "'comm state\\'"}, /* in a form that can be typed */
	{"netns red", 6, "there is no red, but blue and pod"},
	{"family 5", 7, "'5'"},
	{"\"state\" established", 8, "'established'"},
	{"and", 0, "out of place"},
	{"pid 5 and", 9, "missing"},
	{"pid 5 or", 8, "missing"},
	{"not", 3, "missing"},
	{"or pid 5", 0, "out of place"},
	{"pid 5 and or pid 6", 10, "out of place"},
	{"= 80", 0, "out of place"},
	{"pid 5 = 80", 6, "out of place"},
	{"(pid 5", 0, "not closed"},
	{"(pid 5 (pid 6)", 0, "not closed"},
	{"pid 5)", 5, "closes nothing"},
	{"()", 1, "out of place"},
	{")", 0, "out of place"},
	{"(", 1, "missing"},
};

static void assert_refused(const char *text, size_t at, const char *saying)
{
	struct filter_error error = {.at = 12345, .message = ""};
	struct filter *filter = NULL;

	if (filter_parse(text, &names, &filter, &error) != -EINVAL)
		fail_msg("\"%s\" is accepted", text);
	assert_null(filter);
	if (error.at != at)
		fail_msg("\"%s\" is refused at %zu, not %zu: %s", text, error.at, at, error.message);
	if (!strstr(error.message, saying))
		fail_msg("\"%s\" is refused with \"%s\", which does not say %s", text, error.message, saying);
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		assert_refused(refused[i].text, refused[i].at, refused[i].saying);
}

static void test_without_names(void **state)
{
	struct filter_error error;
	struct filter *filter = NULL;

	(void)state;
	assert_int_equal(filter_parse("sport = https", NULL, &filter, &error), -EINVAL);
	assert_int_equal(filter_parse("netns blue", NULL, &filter, &error), -EINVAL);
	assert_string_equal(error.message, "no such network namespace");
	assert_int_equal(filter_parse("sport = 443", NULL, &filter, &error), 0);
	filter_free(filter);
}

/* ---- limits ---- */

static char *repeat_text(const char *before, size_t count, const char *middle, const char *after)
{
	char *text = calloc(1, count * (strlen(before) + strlen(after)) + strlen(middle) + 1);

	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		strcat(text, before);
	strcat(text, middle);
	for (size_t i = 0; i < count; i++)
		strcat(text, after);
	return text;
}

static void assert_depth(const char *before, const char *after, size_t most)
{
	char *text = repeat_text(before, most, "pid 5", after);
	struct filter_error error;
	struct filter *filter = NULL;

	assert_int_equal(filter_parse(text, &names, &filter, &error), 0);
	filter_free(filter);
	free(text);
	text = repeat_text(before, most + 1, "pid 5", after);
	assert_refused(text, (most + 1) * strlen(before), "deep");
	free(text);
}

static void test_nesting_limit(void **state)
{
	char *text = repeat_text("(", 4000, "", "");

	(void)state;
	assert_depth("(", ")", 63);
	assert_depth("! ", "", 63);
	assert_depth("not(", ")", 31);
	assert_refused(text, 64, "deep");
	free(text);
}

static void test_long_text(void **state)
{
	char *most = repeat_text("pid 5 or ", 454, "pid  5", ""), *more = repeat_text(" ", 4097, "", "");
	char *word = repeat_text("x", 1024, "", ""), *longest = repeat_text("\\xff", 255, "", "");
	struct filter_error error;
	struct filter *filter = NULL;
	char text[1100];

	(void)state;
	assert_int_equal(strlen(most), 4092);
	assert_int_equal(filter_parse(most, &names, &filter, &error), 0);
	assert_int_equal(filter_ask(filter, &changes[WEB]), FILTER_NO);
	filter_free(filter);
	assert_refused(more, 4096, "4096");
	assert_refused(word, 0, "1023");
	snprintf(text, sizeof(text), "comm %s", word);
	assert_refused(text, 5, "1023");
	snprintf(text, sizeof(text), "comm '%s'", word);
	assert_refused(text, 6, "1023");
	snprintf(text, sizeof(text), "comm %s", longest); /* the name of a file as it is printed */
	filter = NULL;
	assert_int_equal(filter_parse(text, &names, &filter, &error), 0);
	filter_free(filter);
	free(most);
	free(more);
	free(word);
	free(longest);
}

/* ---- hostile text ---- */

static void assert_harmless(const char *message)
{
	size_t length = strlen(message);

	for (size_t at = 0; at < length;) {
		int32_t character;

		at += utf8_next(message + at, length - at, &character);
		if (character < 0 || is_unprintable(character))
			fail_msg("a message holds raw byte %02x", (unsigned char)message[at - 1]);
	}
}

static void refuse_harmlessly(const char *text)
{
	struct filter_error error = {.message = ""};
	struct filter *filter = NULL;

	assert_int_equal(filter_parse(text, &names, &filter, &error), -EINVAL);
	assert_null(filter);
	assert_true(error.at <= strlen(text));
	assert_true(strlen(error.message) > 0);
	assert_harmless(error.message);
}

static void test_hostile_words(void **state)
{
	static const char *const hostile[] = {
		"\033[2J",      "a\177b",           "\302\233x", "\xff\xfe", "\xc0\xaf",
		"\xed\xa0\x80", "\342\200\256evil", "a\rb",      "\b\b",     "caf\303",
	};
	static const char *const frames[] = {"%s :x",  "state %s",   "sport = :%s", "src %s", "src 10.0.0.1/%s",
					     "pid %s", "netns '%s'", "family %s",   ":%s",    "1.%s.1.1",
					     "9:%s",   "uid %s",     "dst /%s"};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hostile); i++)
		for (size_t j = 0; j < COUNT_OF(frames); j++) {
			snprintf(text, sizeof(text), frames[j], hostile[i]);
			refuse_harmlessly(text);
		}
}

static void test_every_byte_as_a_word(void **state)
{
	(void)state;
	for (unsigned int byte = 1; byte < 256; byte++) {
		const char text[] = {'s', 't', 'a', 't', (char)byte, ':', '\0'};

		refuse_harmlessly(text);
	}
}

/* The message has less room than the longest word, and may contain the word three times. */
static void test_long_word_is_not_cut_within_a_character(void **state)
{
	static const char *const heads[] = {
		"9:", "1.", "x:", "state x", "pid xx", "sport = :x", "src 1.", "src 10.0.0.1/", "netns "};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(heads); i++)
		for (size_t count = 1; count <= 120; count++) {
			char *tail = repeat_text("\303\251", count, "", ""), text[300];

			snprintf(text, sizeof(text), "%s%s", heads[i], tail);
			refuse_harmlessly(text);
			free(tail);
		}
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 33;
}

/* The parser answers any text, and reports where an error is. */
static void test_random_texts(void **state)
{
	static const char *const pieces[] = {
		"and ",     "or ",  "not ", "(",         ")",      "!",     "sport ", "dport ",   "= ",
		":80",      "443 ", "src ", "dst ",      "*",      "pid ",  "5 ",     "10.0.0.1", "/8 ",
		"[::1]:9 ", "\"",   "'",    "comm ",     "< ",     "-",     "state ", "listen ",  ",",
		" ",        "\xff", "\033", "family 4 ", "netns ", "blue ",
	};
	uint64_t seed = 20240607;
	size_t good = 0;

	(void)state;
	print_message("    seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 20000; round++) {
		char text[256] = "";
		struct filter_error error = {.message = ""};
		struct filter *filter = NULL;

		for (uint64_t count = next_random(&seed) % 12; count; count--)
			strcat(text, pieces[next_random(&seed) % COUNT_OF(pieces)]);
		if (filter_parse(text, &names, &filter, &error)) {
			assert_true(error.at <= strlen(text));
			assert_harmless(error.message);
			continue;
		}
		good++;
		for (int i = 0; i < SUBJECT_COUNT; i++)
			assert_true(filter_ask(filter, &changes[i]) <= FILTER_YES);
		filter_free(filter);
	}
	assert_true(good > 100);
}

static void test_and_of_two(void **state)
{
	struct filter *pid = NULL, *listening = NULL, *both;
	struct filter_error error;
	char got[2 * SUBJECT_COUNT + 1];
	int err = 1;

	(void)state;
	assert_null(filter_and(NULL, NULL, &err));
	assert_int_equal(err, 0);
	assert_int_equal(filter_parse("pid 100", &names, &pid, &error), 0);
	assert_int_equal(filter_parse("state listen", &names, &listening, &error), 0);
	assert_ptr_equal(filter_and(pid, NULL, &err), pid);
	assert_ptr_equal(filter_and(NULL, pid, &err), pid);
	both = filter_and(pid, listening, &err);
	assert_int_equal(err, 0);
	assert_string_equal(answers_of(both, got), "LK");
	filter_free(both);
	filter_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_unix_paths),
		cmocka_unit_test(test_star_alone_is_any_address),
		cmocka_unit_test(test_family_of_mapped_sockets),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_without_names),
		cmocka_unit_test(test_nesting_limit),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_hostile_words),
		cmocka_unit_test(test_every_byte_as_a_word),
		cmocka_unit_test(test_long_word_is_not_cut_within_a_character),
		cmocka_unit_test(test_random_texts),
		cmocka_unit_test(test_and_of_two),
	};

	return cmocka_run_group_tests(tests, set_subjects, NULL);
}
