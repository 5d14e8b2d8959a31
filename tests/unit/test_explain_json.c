// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the objects of JSON that `explain` prints.
 */
#include <errno.h>

#include "explain.h"
#include "named_netns.h"
#include "shown.h"

enum { HOST_NETNS = 999, TCP = 1 << PROTOCOL_TCP, UDP = 1 << PROTOCOL_UDP };

static const struct named_netns namespaces[] = {{HOST_NETNS, ""}, {SHOWN_NETNS, "blue"}, {0, NULL}};
static const struct netns_finder finder = NAMED_FINDER(namespaces);

static const char *find_user(void *users, uint32_t uid)
{
	(void)users;
	return uid == 0 ? "root" : NULL;
}

static const struct socket_namer numbers = {0};

/* What is explained, in the network namespace "blue". */
struct shown_page {
	struct capture capture;
	struct netns_view netns;
	struct explain_style style;
};

static int open_page(void **state)
{
	struct shown_page *shown = calloc(1, sizeof(*shown));

	assert_non_null(shown);
	shown->capture = capture_open();
	shown->netns = (struct netns_view){.names = netns_names_new(&finder), .home = HOST_NETNS};
	assert_non_null(shown->netns.names);
	shown->style = (struct explain_style){.output = shown->capture.output,
					      .namer = &numbers,
					      .user = find_user,
					      .netns = &shown->netns,
					      .home = SHOWN_NETNS,
					      .now_ns = 1};
	*state = shown;
	return 0;
}

static int close_page(void **state)
{
	struct shown_page *shown = *state;

	capture_close(&shown->capture);
	netns_names_free(shown->netns.names);
	free(shown);
	return 0;
}

/* ---- all states ---- */

static void test_states(void **state)
{
	static const uint64_t counts[STATE_COUNT] = {[STATE_UNKNOWN] = 9, [STATE_ESTABLISHED] = 3, [STATE_CLOSING] = 1};
	static const uint64_t none[STATE_COUNT];
	struct shown_page *shown = *state;
	struct expected expected = {0};

	explain_states_json(&shown->style, &(struct states_page){.counts = counts});
	expect(&expected,
	       "{'type':'explanation','kind':'overview','netns':1000,'netns_name':'blue','states':["
	       "{'name':'ESTABLISHED','count':3,'meaning':'%s'},"
	       "{'name':'CLOSING','count':1,'meaning':'%s'}]}\n",
	       state_guide(STATE_ESTABLISHED)->brief, state_guide(STATE_CLOSING)->brief);
	assert_shown_json(&shown->capture, expected.text);
	explain_states_json(&shown->style, &(struct states_page){.counts = none});
	assert_shown_json(&shown->capture,
			  "{'type':'explanation','kind':'overview','netns':1000,'netns_name':'blue','states':[]}\n");
}

/* ---- a state ---- */

static void expect_steps(struct expected *expected, const char *key, const struct guide_step *steps,
			 const char *const *states)
{
	expect(expected, "\"%s\":[", key);
	for (size_t i = 0; states[i]; i++)
		expect(expected, "%s{\"state\":%s%s%s,\"how\":\"%s\"}", i ? "," : "",
		       strcmp(states[i], "null") ? "\"" : "", states[i], strcmp(states[i], "null") ? "\"" : "",
		       steps[i].how);
	expect(expected, "],");
}

/* Expects all of a state's object up to the numbers of now. The guide's texts have no character that JSON escapes. */
static void expect_guide(struct expected *expected, unsigned int state, const char *const *enters,
			 const char *const *leaves, size_t remedies)
{
	const struct state_guide *guide = state_guide(state);

	expect(expected,
	       "{\"type\":\"explanation\",\"kind\":\"state\",\"name\":\"%s\",\"brief\":\"%s\",\"meaning\":\"%s\",",
	       tcp_state_name(state), guide->brief, guide->meaning);
	expect_steps(expected, "enters", guide->enters, enters);
	expect_steps(expected, "leaves", guide->leaves, leaves);
	expect(expected, "\"many\":\"%s\",\"remedy\":[", guide->many);
	for (size_t i = 0; i < remedies; i++)
		expect(expected, "%s\"%s\"", i ? "," : "", guide->remedies[i]);
	expect(expected, "],");
}

/* A state with as many ways in as a guide may have, and without settings. */
static void test_close(void **state)
{
	static const char *const enters[] = {"null", "LAST_ACK", "ESTABLISHED", "TIME_WAIT", "LISTEN", NULL};
	static const char *const leaves[] = {"SYN_SENT", "LISTEN", "null", NULL};
	static char *const values[GUIDE_SETTINGS];
	struct shown_page *shown = *state;
	struct expected expected = {0};
	struct state_survey survey;

	assert_int_equal(state_survey_init(&survey, STATE_CLOSE), 0);
	explain_state_json(
		&shown->style,
		&(struct state_page){.survey = &survey, .values = values, .gap = HOLDERS_DENIED, .hidden = true});
	expect_guide(&expected, STATE_CLOSE, enters, leaves, 3);
	expect(&expected,
	       "\"settings\":[],\"netns\":1000,\"netns_name\":\"blue\",\"owners_complete\":false,\"now\":null}\n");
	assert_shown(&shown->capture, expected.text);
	state_survey_free(&survey);
}

/* A state with as many settings as a guide may have, and as many remedies. */
static void test_syn_recv(void **state)
{
	static const char *const enters[] = {"LISTEN", "SYN_SENT", NULL};
	static const char *const leaves[] = {"ESTABLISHED", "CLOSE", "FIN_WAIT1", "CLOSE_WAIT", NULL};
	static const enum setting settings[] = {SETTING_TCP_SYNACK_RETRIES, SETTING_TCP_MAX_SYN_BACKLOG,
						SETTING_SOMAXCONN, SETTING_TCP_SYNCOOKIES,
						SETTING_TCP_ABORT_ON_OVERFLOW};
	static char first[] = "5", last[] = "0";
	static char *const values[GUIDE_SETTINGS] = {first, NULL, NULL, NULL, last};
	struct shown_page *shown = *state;
	struct expected expected = {0};
	struct state_survey survey;

	assert_int_equal(state_survey_init(&survey, STATE_SYN_RECV), 0);
	survey.minis = survey.ipv4 = 1;
	explain_state_json(&shown->style, &(struct state_page){.survey = &survey, .values = values});
	expect_guide(&expected, STATE_SYN_RECV, enters, leaves, 4);
	expect(&expected, "\"settings\":[");
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		expect(&expected, "%s{\"name\":\"%s\",\"value\":%s,\"meaning\":\"%s\"}", i ? "," : "",
		       setting_guide(settings[i])->name,
		       i == 0   ? "\"5\""
		       : i == 4 ? "\"0\""
				: "null",
		       setting_guide(settings[i])->role);
	expect(&expected,
	       "],\"netns\":1000,\"netns_name\":\"blue\",\"owners_complete\":true,\"now\":{\"count\":1,\"ipv4\":1,"
	       "\"ipv6\":0,\"minisockets\":1,\"last_ends_ms\":null,\"without_process\":0,\"holder_unknown\":0,"
	       "\"unread\":0,\"unsent\":0,\"retrying\":0,\"holders\":[],\"local_ports\":[],\"clients\":[],"
	       "\"destinations\":[],\"either_way\":[]}}\n");
	assert_shown(&shown->capture, expected.text);
	state_survey_free(&survey);
}

/* Asserts what stands behind "now". */
static void assert_now(struct shown_page *shown, const struct state_survey *survey, const char *wanted)
{
	static char *const values[GUIDE_SETTINGS];
	const char *now;
	char *text;

	explain_state_json(&shown->style, &(struct state_page){.survey = survey, .values = values});
	text = capture_take(&shown->capture);
	now = strstr(text, "\"now\":");
	assert_non_null(now);
	output_text(shown->capture.output, now);
	free(text);
	assert_shown_json(&shown->capture, wanted);
}

static void count_end(struct tally *tally, const char *address, uint32_t number, const char *comm, unsigned int times)
{
	struct tally_key key = {.number = number};

	if (address)
		key.family = address_parse(address, &key.address);
	if (comm)
		snprintf(key.name, sizeof(key.name), "%s", comm);
	while (times--)
		assert_int_equal(tally_add(tally, &key), 0);
}

static void test_time_wait(void **state)
{
	struct state_survey survey;

	assert_int_equal(state_survey_init(&survey, STATE_TIME_WAIT), 0);
	survey.ipv4 = 2;
	survey.ipv6 = 3;
	survey.last_ms = 59001;
	survey.orphans = 4;
	survey.unknown = 5;
	survey.unread = 6;
	survey.unsent = 7;
	survey.retrying = 8;
	count_end(&survey.holders, NULL, 12, "ng\"inx", 2);
	count_end(&survey.holders, NULL, 13, "x", 1);
	count_end(&survey.ports, NULL, 80, NULL, 3);
	count_end(&survey.clients, "2001:db8::1", 0, NULL, 4);
	count_end(&survey.destinations, "10.0.0.1", 443, NULL, 5);
	count_end(&survey.either_way, "10.0.0.2", 8080, NULL, 6);
#define REST                                                                                                           \
	"'without_process':4,'holder_unknown':5,'unread':6,'unsent':7,'retrying':8,"                                   \
	"'holders':[{'pid':12,'comm':'ng\\'inx','count':2," NOT_IDENTIFIED                                             \
	"},{'pid':13,'comm':'x','count':1," NOT_IDENTIFIED "}],"                                                       \
	"'local_ports':[{'lport':80,'count':3}],"                                                                      \
	"'clients':[{'family':6,'raddr':'2001:db8::1','count':4}],"                                                    \
	"'destinations':[{'family':4,'raddr':'10.0.0.1','rport':443,'count':5}],"                                      \
	"'either_way':[{'family':4,'raddr':'10.0.0.2','rport':8080,'count':6}]}}\n"
	assert_now(*state, &survey, "'now':{'count':5,'ipv4':2,'ipv6':3,'minisockets':0,'last_ends_ms':null," REST);
	survey.minis = 5;
	assert_now(*state, &survey, "'now':{'count':5,'ipv4':2,'ipv6':3,'minisockets':5,'last_ends_ms':59001," REST);
	state_survey_free(&survey);
}

/* Of each group the ten most frequent are named. */
static void test_most_frequent(void **state)
{
	struct state_survey survey;

	assert_int_equal(state_survey_init(&survey, STATE_LAST_ACK), 0);
	for (uint32_t port = 1; port <= 11; port++)
		count_end(&survey.ports, NULL, port, NULL, 20 - port);
	assert_now(*state, &survey,
		   "'now':{'count':0,'ipv4':0,'ipv6':0,'minisockets':0,'last_ends_ms':null,'without_process':0,"
		   "'holder_unknown':0,'unread':0,'unsent':0,'retrying':0,'holders':[],'local_ports':["
		   "{'lport':1,'count':19},{'lport':2,'count':18},{'lport':3,'count':17},{'lport':4,'count':16},"
		   "{'lport':5,'count':15},{'lport':6,'count':14},{'lport':7,'count':13},{'lport':8,'count':12},"
		   "{'lport':9,'count':11},{'lport':10,'count':10}],"
		   "'clients':[],'destinations':[],'either_way':[]}}\n");
	state_survey_free(&survey);
}

static void test_accept_queues(void **state)
{
	static const struct owner owner = {.pid = 12, .fd = 6, .comm = "nginx"};
	struct socket full = inet_socket(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0);
	struct socket other = inet_socket(PROTOCOL_TCP, STATE_LISTEN, "::", 81, "::", 0);
	struct state_survey survey;

	assert_int_equal(state_survey_init(&survey, STATE_LISTEN), 0);
	full.inode = other.inode = 7;
	full.recvq = 6;
	full.sendq = 5;
	full.owners = &owner;
	full.owner_count = 1;
	other.recvq = 1;
	other.sendq = 5;
	other.owners_hidden = true;
	other.v6only = TRISTATE_YES;
	assert_int_equal(state_survey_add(&survey, &full), 0);
	assert_int_equal(state_survey_add(&survey, &other), 0);
	assert_now(*state, &survey,
		   "'now':{'count':2,'ipv4':1,'ipv6':1,'minisockets':0,'last_ends_ms':null,'without_process':0,"
		   "'holder_unknown':1,'unread':0,'unsent':0,'retrying':0,"
		   "'holders':[{'pid':12,'comm':'nginx','count':1," NOT_IDENTIFIED "}],"
		   "'local_ports':[],'clients':[],'destinations':[],'either_way':[],'full':1,'waiting':["
		   "{'family':4,'laddr':'10.0.0.1','lport':80,'raddr':'0.0.0.0','rport':0,"
		   "'interface':null,'ifindex':null,'interface_known':true,'v6only':null,'recvq':6,'sendq':5,"
		   "'full':true,'owners':[{'pid':12,'comm':'nginx','fd':6," NOT_IDENTIFIED "}],'owners_complete':true},"
		   "{'family':6,'laddr':'::','lport':81,'raddr':'::','rport':0,"
		   "'interface':null,'ifindex':null,'interface_known':true,'v6only':true,'recvq':1,'sendq':5,"
		   "'full':false,'owners':[],'owners_complete':false}]}}\n");
	state_survey_free(&survey);
}

/* ---- a port ---- */

static void trial_gives(struct port_facts *facts, enum protocol protocol, unsigned int way, int plain, int reuse)
{
	facts->trials[protocol][way] = (struct bind_trial){plain, reuse};
}

#define YES "{'answer':'yes','errno':0,'error':null,'errno_reuseaddr':null}"

static void test_free_port(void **state)
{
	struct port_facts facts = {.unprivileged_start = 1024,
				   .may_bind_privileged = true,
				   .ephemeral_low = 32768,
				   .ephemeral_high = 60999};
	struct shown_page *shown = *state;
	struct port_survey survey;
	struct port_verdict verdict;
	struct port_page page = {
		.survey = &survey, .facts = &facts, .verdict = &verdict, .protocols = TCP | UDP, .names = {"http"}};

	assert_int_equal(port_survey_init(&survey, 80), 0);
	for (unsigned int way = 0; way < PORT_WAYS; way++) {
		trial_gives(&facts, PROTOCOL_TCP, way, 0, BIND_UNTRIED);
		trial_gives(&facts, PROTOCOL_UDP, way, 0, BIND_UNTRIED);
	}
	port_verdict_make(&survey, &facts, page.protocols, &verdict);
	explain_port_json(&shown->style, &page);
	assert_shown_json(
		&shown->capture,
		"{'type':'explanation','kind':'port','name':'80','port':80,'service':{'tcp':'http','udp':null},"
		"'privileged':true,'may_bind_privileged':true,'unprivileged_start':1024,"
		"'ephemeral':false,'ephemeral_low':32768,'ephemeral_high':60999,'reserved':false,"
		"'netns':1000,'netns_name':'blue','owners_complete':true,'listeners':[],"
		"'connections':{'local':{},'remote':{},'udp_remote':0,'holders':[]},"
		"'bindable':{'tcp':{'ipv4':" YES ",'ipv6':" YES ",'dual':" YES "},"
		"'udp':{'ipv4':" YES ",'ipv6':" YES ",'dual':" YES "},'reasons':[]}}\n");
	port_survey_free(&survey);
}

static void add_port_sockets(struct port_survey *survey)
{
	static const struct owner owner = {.pid = 12, .fd = 6, .comm = "nginx"};
	struct socket sockets[] = {
		inet_socket(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 40000, "0.0.0.0", 0),
		inet_socket(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.2", 40000, "0.0.0.0", 0),
		inet_socket(PROTOCOL_TCP, STATE_CLOSE, "10.0.0.3", 40000, "0.0.0.0", 0),
		inet_socket(PROTOCOL_TCP, STATE_ESTABLISHED, "10.0.0.1", 40000, "10.0.0.9", 4711),
		inet_socket(PROTOCOL_TCP, STATE_SYN_SENT, "10.0.0.1", 4711, "10.0.0.9", 40000),
		inet_socket(PROTOCOL_TCP, STATE_TIME_WAIT, "2001:db8::1", 40000, "2001:db8::2", 4711),
	};

	sockets[0].recvq = 6;
	sockets[0].sendq = 5;
	sockets[0].uid = 0;
	sockets[0].owners = &owner;
	sockets[0].owner_count = 1;
	sockets[1].recvq = 5;
	sockets[1].sendq = 5;
	sockets[1].uid = 33;
	sockets[1].owners_hidden = true;
	sockets[2].recvq = 6; /* no queue of connections: it does not listen */
	sockets[2].sendq = 5;
	sockets[3].owners = &owner;
	sockets[3].owner_count = 1;
	sockets[5].timer_ms = 41001;
	for (size_t i = 0; i < COUNT_OF(sockets); i++)
		assert_int_equal(port_survey_add(survey, &sockets[i]), 0);
	survey->udp_remote = 3;
}

#define LISTENER_OF(state, address)                                                                                    \
	"{'proto':'tcp','state':'" state "','family':4,'laddr':'" address                                              \
	"','lport':40000,'raddr':'0.0.0.0','rport':0,"                                                                 \
	"'interface':null,'ifindex':null,'interface_known':true,'v6only':null,"

static void test_taken_port(void **state)
{
	struct port_facts facts = {
		.unprivileged_start = 1024, .ephemeral_low = 32768, .ephemeral_high = 60999, .reserved = true};
	struct shown_page *shown = *state;
	struct port_survey survey;
	struct port_verdict verdict;
	struct port_page page = {.survey = &survey,
				 .facts = &facts,
				 .verdict = &verdict,
				 .protocols = TCP,
				 .names = {NULL, "never"},
				 .gap = HOLDERS_DENIED};

	assert_int_equal(port_survey_init(&survey, 40000), 0);
	add_port_sockets(&survey);
	trial_gives(&facts, PROTOCOL_TCP, PORT_IPV4, EADDRINUSE, EADDRINUSE);
	trial_gives(&facts, PROTOCOL_TCP, PORT_IPV6, EADDRINUSE, 0);
	trial_gives(&facts, PROTOCOL_TCP, PORT_DUAL, BIND_UNTRIED, BIND_UNTRIED);
	port_verdict_make(&survey, &facts, page.protocols, &verdict);
	explain_port_json(&shown->style, &page);
	assert_shown_json(
		&shown->capture,
		"{'type':'explanation','kind':'port','name':'40000','port':40000,'service':{'tcp':null},"
		"'privileged':false,'may_bind_privileged':false,'unprivileged_start':1024,"
		"'ephemeral':true,'ephemeral_low':32768,'ephemeral_high':60999,'reserved':true,"
		"'netns':1000,'netns_name':'blue','owners_complete':false,'listeners':[" LISTENER_OF(
			"LISTEN",
			"10.0.0.1") "'recvq':6,'sendq':5,'full':true,'uid':0,'user':'root',"
				    "'owners':[{'pid':12,'comm':'nginx','fd':6," NOT_IDENTIFIED
				    "}],'owners_complete':true}," LISTENER_OF("LISTEN", "10.0.0.2") "'recvq':5,'sendq':5,'full':false,'uid':33,'user':null,'owners':[],'owners_complete':false}," LISTENER_OF(
					    "CLOSE",
					    "10.0.0.3") "'recvq':6,'sendq':5,'full':false,'uid':null,'user':null,'owners':[],'owners_complete':true}],"
							"'connections':{'local':{'ESTABLISHED':1,'TIME_WAIT':1},'remote':{'SYN_SENT':1},'udp_remote':3,"
							"'holders':[{'pid':12,'comm':'nginx','count':1," NOT_IDENTIFIED
							"}]},"
							"'bindable':{'tcp':{"
							"'ipv4':{'answer':'in_use','errno':98,'error':'Address already in use','errno_reuseaddr':98},"
							"'ipv6':{'answer':'with_reuseaddr','errno':98,'error':'Address already in use','errno_reuseaddr':0},"
							"'dual':{'answer':null,'errno':null,'error':null,'errno_reuseaddr':null}},'reasons':["
							"{'why':'listener','proto':'tcp','ipv4':true,'ipv6':false,'sockets':2,'one_address':true,"
							"'one_device':false,'last_ends_ms':null},"
							"{'why':'bound','proto':'tcp','ipv4':true,'ipv6':false,'sockets':1,'one_address':true,"
							"'one_device':false,'last_ends_ms':null},"
							"{'why':'time_wait','proto':'tcp','ipv4':false,'ipv6':true,'sockets':1,'one_address':false,"
							"'one_device':false,'last_ends_ms':41001}]}}\n");
	port_survey_free(&survey);
}

/* A reason that is about no socket. */
static void test_forbidden_port(void **state)
{
	static const char wanted[] =
		"'reasons':[{'why':'privileged','proto':'tcp','ipv4':true,'ipv6':false,'sockets':null,"
		"'one_address':false,'one_device':false,'last_ends_ms':null}]}}\n";
	struct port_facts facts = {.unprivileged_start = 1024};
	struct shown_page *shown = *state;
	struct port_survey survey;
	struct port_verdict verdict;
	struct port_page page = {.survey = &survey, .facts = &facts, .verdict = &verdict, .protocols = TCP};
	char *text;

	assert_int_equal(port_survey_init(&survey, 80), 0);
	trial_gives(&facts, PROTOCOL_TCP, PORT_IPV4, EACCES, BIND_UNTRIED);
	port_verdict_make(&survey, &facts, page.protocols, &verdict);
	explain_port_json(&shown->style, &page);
	text = capture_take(&shown->capture);
	output_text(shown->capture.output, strstr(text, "\"reasons\""));
	assert_shown_json(&shown->capture, wanted);
	free(text);
	port_survey_free(&survey);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_states, open_page, close_page),
		cmocka_unit_test_setup_teardown(test_close, open_page, close_page),
		cmocka_unit_test_setup_teardown(test_syn_recv, open_page, close_page),
		cmocka_unit_test_setup_teardown(test_time_wait, open_page, close_page),
		cmocka_unit_test_setup_teardown(test_most_frequent, open_page, close_page),
		cmocka_unit_test_setup_teardown(test_accept_queues, open_page, close_page),
		cmocka_unit_test_setup_teardown(test_free_port, open_page, close_page),
		cmocka_unit_test_setup_teardown(test_taken_port, open_page, close_page),
		cmocka_unit_test_setup_teardown(test_forbidden_port, open_page, close_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
