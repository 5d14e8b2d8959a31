// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests `explain` as a whole, on a host that is made up: which sockets it counts, where it looks, what it says when it
 * cannot.
 */
#include "made_up_identities.h"
#include "run_command.h"
#include "state_guide.h"

extern const struct command explain_command;

static struct socket *add_tcp(uint8_t state, const char *laddr, uint16_t lport, const char *raddr, uint16_t rport)
{
	return add_host_socket(inet_socket(PROTOCOL_TCP, state, laddr, lport, raddr, rport));
}

/* A web server with a client, a client of ours, a socket that is only bound, and one in another namespace. */
static int open_full_host(void **state)
{
	renew_host(state);
	add_tcp(STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0)->inode = 5;
	add_tcp(STATE_ESTABLISHED, "10.0.0.1", 80, "10.0.0.2", 4711)->inode = 6;
	add_tcp(STATE_ESTABLISHED, "10.0.0.1", 40000, "10.0.0.3", 443)->inode = 7;
	add_tcp(STATE_CLOSE, "10.0.0.1", 81, "0.0.0.0", 0);
	add_tcp(STATE_SYN_SENT, "2001:db8::1", 40000, "2001:db8::2", 443);
	add_tcp(STATE_ESTABLISHED, "10.0.0.4", 40000, "10.0.0.5", 80)->tuple.netns = NETNS_BLUE;
	add_host_socket(inet_socket(PROTOCOL_UDP, STATE_CLOSE, "10.0.0.1", 80, "0.0.0.0", 0))->uid = 33;
	host.held[0] = (struct held){5, {{.pid = 12, .fd = 3, .comm = "nginx"}}};
	host.held[1] = (struct held){6, {{.pid = 12, .fd = 4, .comm = "nginx"}}};
	host.facts = (struct port_facts){.unprivileged_start = 1024, .may_bind_privileged = true};
	return 0;
}

static void test_overview(void **state)
{
	struct expected expected = {0};

	(void)state;
	expect(&expected,
	       "{'type':'explanation','kind':'overview','netns':1000,'netns_name':'host','states':["
	       "{'name':'ESTABLISHED','count':2,'meaning':'%s'},{'name':'SYN_SENT','count':1,'meaning':'%s'},"
	       "{'name':'CLOSE','count':1,'meaning':'%s'},{'name':'LISTEN','count':1,'meaning':'%s'}]}\n",
	       state_guide(STATE_ESTABLISHED)->brief, state_guide(STATE_SYN_SENT)->brief,
	       state_guide(STATE_CLOSE)->brief, state_guide(STATE_LISTEN)->brief);
	assert_run_json(&explain_command, "--json", STATUS_DONE, expected.text, "");
	expected = (struct expected){0};
	expect(&expected,
	       "{'type':'explanation','kind':'overview','netns':1001,'netns_name':'blue','states':["
	       "{'name':'ESTABLISHED','count':1,'meaning':'%s'}]}\n",
	       state_guide(STATE_ESTABLISHED)->brief);
	assert_run_json(&explain_command, "--json -N blue", STATUS_DONE, expected.text, "");
	assert_int_equal(host.inside, NETNS_BLUE);
}

/* Asserts what a line of JSON has from `key` on; in `wanted`, ' stands for ". */
static void assert_tail(const char *line, const char *key, const char *wanted)
{
	struct run run = run_line(&explain_command, line);
	struct capture capture = capture_open();
	const char *tail = strstr(run.out, key);

	assert_lines(run.err, "");
	assert_non_null(tail);
	output_text(capture.output, tail);
	assert_shown_json(&capture, wanted);
	assert_int_equal(run.status, STATUS_DONE);
	capture_close(&capture);
	free_run(&run);
}

#define NOW_OF(count, ipv4) "'now':{'count':" count ",'ipv4':" ipv4 ",'ipv6':0,'minisockets':0,'last_ends_ms':null,"

static void test_state(void **state)
{
	(void)state;
	assert_tail(
		"established --json", "\"netns\":",
		"'netns':1000,'netns_name':'host','owners_complete':true," NOW_OF(
			"2",
			"2") "'without_process':0,'holder_unknown':1,'unread':0,'unsent':0,'retrying':0,"
			     "'holders':[{'pid':12,'comm':'nginx','count':1," NOT_IDENTIFIED
			     "}],'local_ports':[{'lport':80,'count':1}],"
			     "'clients':[{'family':4,'raddr':'10.0.0.2','count':1}],"
			     "'destinations':[{'family':4,'raddr':'10.0.0.3','rport':443,'count':1}],'either_way':[]}}\n");
	assert_tail(
		"close --json", "\"netns\":",
		"'netns':1000,'netns_name':'host','owners_complete':true," NOW_OF(
			"1", "1") "'without_process':1,'holder_unknown':0,'unread':0,'unsent':0,'retrying':0,"
				  "'holders':[],'local_ports':[],'clients':[],'destinations':[],'either_way':[]}}\n");
	host.gap = HOLDERS_DENIED;
	assert_tail(
		"established --json -N blue", "\"netns\":",
		"'netns':1001,'netns_name':'blue','owners_complete':false," NOW_OF(
			"1",
			"1") "'without_process':1,'holder_unknown':0,'unread':0,'unsent':0,'retrying':0,"
			     "'holders':[],'local_ports':[],'clients':[],"
			     "'destinations':[{'family':4,'raddr':'10.0.0.5','rport':80,'count':1}],'either_way':[]}}\n");
}

/* Which kernels show sockets that are only bound does not matter to other states. */
static void test_state_that_is_not_shown(void **state)
{
	struct run run;

	(void)state;
	host.hides_bound = true;
	assert_tail("close --json", "\"now\":", "'now':null}\n");
	run = run_line(&explain_command, "established --json");
	assert_non_null(strstr(run.out, "\"now\":{\"count\":2,"));
	free_run(&run);
}

/* The settings of a namespace are read inside of it, those of the whole host in ours. */
static void test_settings(void **state)
{
	struct run run = run_line(&explain_command, "time-wait --json -N blue");

	(void)state;
	assert_non_null(strstr(run.out, "{\"name\":\"net.ipv4.tcp_tw_reuse\",\"value\":\"inside\","));
	free_run(&run);
	host.inside = 0;
	run = run_line(&explain_command, "last-ack --json -N blue");
	assert_non_null(strstr(run.out, "{\"name\":\"net.ipv4.tcp_max_orphans\",\"value\":\"here\","));
	assert_non_null(strstr(run.out, "{\"name\":\"net.ipv4.tcp_orphan_retries\",\"value\":\"inside\","));
	free_run(&run);
	host.inside = 0;
	run = run_line(&explain_command, "syn-recv --json"); /* with as many settings as a guide has */
	assert_non_null(strstr(run.out, "{\"name\":\"net.ipv4.tcp_abort_on_overflow\",\"value\":\"here\","));
	free_run(&run);
}

#define ENDS_80                                                                                                        \
	"'family':4,'laddr':'10.0.0.1','lport':80,'raddr':'0.0.0.0','rport':0,%s"                                      \
	"'interface':null,'ifindex':null,'interface_known':true,'v6only':null,"
#define YES "{'answer':'yes','errno':0,'error':null,'errno_reuseaddr':null}"

static void test_port(void **state)
{
	static const char wanted[] =
		"{'type':'explanation','kind':'port','name':'80','port':80,'service':{'tcp':%s,'udp':null},"
		"'privileged':true,'may_bind_privileged':true,'unprivileged_start':1024,'ephemeral':false,"
		"'ephemeral_low':32768,'ephemeral_high':60999,'reserved':false,'netns':1000,'netns_name':'host',"
		"'owners_complete':true,'listeners':[{'proto':'tcp','state':'LISTEN'," ENDS_80
		"'recvq':0,'sendq':0,'full':false,'uid':null,'user':null,"
		"'owners':[{'pid':12,'comm':'nginx','fd':3," NOT_IDENTIFIED "}],'owners_complete':true},"
		"{'proto':'udp','state':'UNCONN'," ENDS_80
		"'recvq':0,'sendq':0,'full':false,'uid':33,'user':'www-data','owners':[],'owners_complete':true}],"
		"'connections':{'local':{'ESTABLISHED':1},'remote':{},'udp_remote':0,"
		"'holders':[{'pid':12,'comm':'nginx','count':1," NOT_IDENTIFIED "}]},'bindable':{'tcp':{'ipv4':" YES
		",'ipv6':" YES ",'dual':" YES "},'udp':{'ipv4':" YES ",'ipv6':" YES ",'dual':" YES "},'reasons':[]}}\n";
	struct expected expected = {0};

	(void)state;
	expect(&expected, wanted, "'http'", "'lservice':'http','rservice':null,", "'lservice':null,'rservice':null,");
	assert_run_json(&explain_command, "80 --json", STATUS_DONE, expected.text, "");
	assert_int_equal(host.tried, 1 << PORT_IPV6); /* a UDP socket has the port at an IPv4 address */
	expected = (struct expected){0};
	expect(&expected, wanted, "null", "", "");
	assert_run_json(&explain_command, "80 -n --json", STATUS_DONE, expected.text, "");
}

static void test_hidden_owners_of_a_port(void **state)
{
	(void)state;
	host.gap = HOLDERS_DENIED;
	host.held[0].inode = 99;
	assert_tail("80/tcp -n --json", "\"recvq\":",
		    "'recvq':0,'sendq':0,'full':false,'uid':null,'user':null,'owners':[],'owners_complete':false}],"
		    "'connections':{'local':{'ESTABLISHED':1},'remote':{},'udp_remote':0,"
		    "'holders':[{'pid':12,'comm':'nginx','count':1," NOT_IDENTIFIED "}]},'bindable':{'tcp':{'ipv4':" YES
		    ",'ipv6':" YES ",'dual':" YES "},'reasons':[]}}\n");
	assert_tail("80/udp -n --json", "\"owners\":",
		    "'owners':[],'owners_complete':true}],'connections':{'local':{},'remote':{},'udp_remote':0,"
		    "'holders':[]},'bindable':{'udp':{'ipv4':" YES ",'ipv6':" YES ",'dual':" YES "},'reasons':[]}}\n");
}

/* No socket has port 0: nothing is tried. */
static void test_port_0(void **state)
{
	(void)state;
	assert_run(&explain_command, "0", STATUS_DONE,
		   "Port 0\n"
		   "  No socket has port 0. bind() to it asks the kernel for a free port within\n"
		   "  net.ipv4.ip_local_port_range, which is 32768 to 60999.\n",
		   "");
}

static void assert_first_line(const char *line, const char *wanted)
{
	struct run run = run_line(&explain_command, line);

	run.out[strcspn(run.out, "\n")] = '\0';
	assert_string_equal(run.out, wanted);
	free_run(&run);
}

static void test_text(void **state)
{
	struct expected title = {0};

	(void)state;
	assert_first_line("", "The states of the TCP sockets there are now in network namespace host");
	assert_first_line("-N blue", "The states of the TCP sockets there are now in network namespace blue");
	assert_first_line("80", "Port 80: http (TCP)");
	assert_first_line("80 -n", "Port 80");
	assert_first_line("80 --color=always", "\033[1mPort 80: http (TCP)\033[0m");
	expect(&title, "LAST_ACK: %s", state_guide(STATE_LAST_ACK)->brief);
	assert_first_line("last-ack", title.text);
}

/* ---- who they are ---- */

static void assert_says(const char *line, const char *wanted)
{
	struct run run = run_line(&explain_command, line);

	if (!strstr(run.out, wanted))
		fail_msg("explain %s does not say %s: %s", line, wanted, run.out);
	free_run(&run);
}

static void test_who_it_is(void **state)
{
	struct identity *nginx = know_process(0, 12);
	static char container[] = "docker:0123456789ab";

	(void)state;
	assert_says("80",
		    "\n            nginx (pid 12), /usr/sbin/nginx, unit nginx.service, started by systemd (pid 1)\n");
	assert_says("established",
		    " 1  nginx (pid 12), /usr/sbin/nginx, unit nginx.service, started by systemd (pid 1)\n");
	assert_true(host_identities.with_cmdline);
#define NGINX_AS_JSON "\"ppid\":1,\"pcomm\":\"systemd\",\"exe\":\"/usr/sbin/nginx\",\"cmdline\":\"nginx: master\","
	assert_says("80 --json", "\"owners\":[{\"pid\":12,\"comm\":\"nginx\",\"fd\":3," NGINX_AS_JSON);
	assert_says("80 --json", "\"holders\":[{\"pid\":12,\"comm\":\"nginx\",\"count\":1," NGINX_AS_JSON);
	assert_says("established --json --no-cmdline",
		    "\"holders\":[{\"pid\":12,\"comm\":\"nginx\",\"count\":1," NGINX_AS_JSON);
	assert_false(host_identities.with_cmdline);
	nginx->container = container;
	nginx->exe = NULL;
	nginx->lineage.ppid = OWNER_FOREIGN | 5;
	assert_says("80", "\n            nginx (pid 12), container docker:0123456789ab\n");
	nginx->container = nginx->unit = NULL;
	assert_says("established", " 1  nginx (pid 12)\n");
}

/* ---- what cannot be looked at ---- */

static void test_closed_namespace(void **state)
{
	(void)state;
	host.unreadable = NETNS_BLUE;
	host.unreadable_err = -EPERM;
	assert_run(&explain_command, "80 -N blue", STATUS_FAILED, "",
		   "tcpledger: --netns blue: it cannot be entered: that takes CAP_SYS_ADMIN; run as root\n");
	host.unreadable_err = -ESRCH;
	assert_run(&explain_command, "80 -N blue", STATUS_FAILED, "",
		   "tcpledger: --netns blue: it cannot be entered: No such process\n");
	host.netns_err = -EMFILE;
	assert_run(&explain_command, "80 -N blue", STATUS_FAILED, "",
		   "tcpledger: --netns blue: it cannot be entered: Too many open files\n");
	assert_run(&explain_command, "0 -n", STATUS_DONE,
		   "Port 0\n"
		   "  No socket has port 0. bind() to it asks the kernel for a free port within\n"
		   "  net.ipv4.ip_local_port_range, which is 32768 to 60999.\n",
		   "");
}

/* A namespace that has gone since the command line was read; that /run/netns cannot be read is why, where that is so.
 */
static void test_gone_namespace(void **state)
{
	(void)state;
	host.has_no_blue = true;
	assert_run(&explain_command, "80 -N blue", STATUS_FAILED, "",
		   "tcpledger: --netns blue: it cannot be entered: No such file or directory\n");
	host.netns_files_err = -EACCES;
	assert_run(&explain_command, "80 -N blue", STATUS_FAILED, "",
		   "tcpledger: --netns blue: it cannot be entered: Permission denied\n");
}

static void test_unreadable_sockets(void **state)
{
	(void)state;
	host.unreadable = NETNS_HOME;
	host.unreadable_err = -EACCES;
	assert_run(&explain_command, "", STATUS_FAILED, "", "tcpledger: explain: Permission denied\n");
	assert_run(&explain_command, "80", STATUS_FAILED, "", "tcpledger: explain: Permission denied\n");
	assert_run(&explain_command, "listening", STATUS_FAILED, "", "tcpledger: explain: Permission denied\n");
}

static void test_holders_that_cannot_be_found(void **state)
{
	(void)state;
	host.holders_err = -EMFILE;
	assert_run(&explain_command, "80", STATUS_FAILED, "", "tcpledger: explain: Too many open files\n");
	assert_run(&explain_command, "established", STATUS_FAILED, "", "tcpledger: explain: Too many open files\n");
	assert_first_line("", "The states of the TCP sockets there are now in network namespace host");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_overview, open_full_host),
		cmocka_unit_test_setup(test_state, open_full_host),
		cmocka_unit_test_setup(test_state_that_is_not_shown, open_full_host),
		cmocka_unit_test_setup(test_settings, open_full_host),
		cmocka_unit_test_setup(test_port, open_full_host),
		cmocka_unit_test_setup(test_hidden_owners_of_a_port, open_full_host),
		cmocka_unit_test_setup(test_port_0, renew_host),
		cmocka_unit_test_setup(test_text, open_full_host),
		cmocka_unit_test_setup(test_who_it_is, open_full_host),
		cmocka_unit_test_setup(test_closed_namespace, open_full_host),
		cmocka_unit_test_setup(test_gone_namespace, open_full_host),
		cmocka_unit_test_setup(test_unreadable_sockets, open_full_host),
		cmocka_unit_test_setup(test_holders_that_cannot_be_found, open_full_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
