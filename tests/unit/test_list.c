// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests `list` as a whole, on a host that is made up: which sockets it prints, what it leaves out, what it warns of.
 */
#include <linux/tcp.h>
#include <pthread.h>

#include "made_up_identities.h"
#include "run_command.h"

extern const struct command list_command;

static struct socket *add_inet(enum protocol protocol, uint8_t state, const char *laddr, uint16_t lport,
			       const char *raddr, uint16_t rport)
{
	return add_host_socket(inet_socket(protocol, state, laddr, lport, raddr, rport));
}

/* ---- which sockets ---- */

/* A socket of each kind that the options tell apart: by its local port, or by its state. */
static int open_full_host(void **state)
{
	const struct socket unix_socket = {.protocol = PROTOCOL_UNIX,
					   .state = STATE_ESTABLISHED,
					   .unix_type = UNIX_STREAM,
					   .tuple.netns = NETNS_HOME};

	renew_host(state);
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0);
	add_inet(PROTOCOL_TCP, STATE_ESTABLISHED, "10.0.0.1", 81, "10.0.0.7", 4711);
	add_inet(PROTOCOL_TCP, STATE_CLOSE, "10.0.0.1", 82, "0.0.0.0", 0);
	add_inet(PROTOCOL_UDP, STATE_CLOSE, "::1", 53, "::", 0);
	add_inet(PROTOCOL_UDP, STATE_ESTABLISHED, "::1", 54, "::1", 53);
	add_host_socket(unix_socket);
	add_inet(PROTOCOL_TCP, STATE_TIME_WAIT, "10.0.0.2", 83, "10.0.0.7", 4712);
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 84, "0.0.0.0", 0)->tuple.netns = NETNS_BLUE;
	return 0;
}

/* Puts the local ports of the sockets in JSON, each after a space; "unix" where a socket has none. */
static void put_local_ports(struct expected *ports, const char *json)
{
	static const char key[] = "\"lport\":";

	for (const char *at = json; (at = strstr(at, key)); at++) {
		unsigned int port;

		if (sscanf(at + strlen(key), "%u", &port) == 1)
			expect(ports, " %u", port);
		else
			expect(ports, " unix");
	}
}

static void test_which_sockets(void **state)
{
	static const struct {
		const char *line, *ports;
	} cases[] = {
		{"", " 81 54 unix"},
		{"-l", " 80 53"},
		{"-a", " 80 81 82 53 54 unix 83"},
		{"-t", " 81"},
		{"-tl", " 80"},
		{"-ta", " 80 81 82 83"},
		{"-lu", " 53"},
		{"-ax", " unix"},
		{"-a4", " 80 81 82 83"},
		{"-a6", " 53 54"},
		{"-a4x", " unix"},
		{"state listening", " 80"},
		{"state close", " 82 53"},
		{"-l state established", " 81 54 unix"},
		{"-l sport = :53", " 53"},
		{"-a dst 10.0.0.7", " 81 83"},
		{"-a --all-netns sport >= :83", " 83 84"},
		{"-tl -N blue", " 84"},
		{"-tla netns blue", " 84"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct expected line = {0}, ports = {0};
		struct run run;

		expect(&line, "--json %s", cases[i].line);
		run = run_line(&list_command, line.text);
		put_local_ports(&ports, run.out);
		if (strcmp(ports.text, cases[i].ports) != 0 || *run.err || run.status != STATUS_DONE)
			fail_msg("list %s: %s, status %d, %s", line.text, ports.text, run.status, run.err);
		free_run(&run);
	}
}

static void test_totals(void **state)
{
	(void)state;
	assert_run(&list_command, "-s", STATUS_DONE,
		   "Protocol   Total    IPv4    IPv6 States\n"
		   "tcp            4       4       0 1 ESTABLISHED, 1 TIME_WAIT, 1 CLOSE, 1 LISTEN\n"
		   "udp            2       0       2 1 ESTABLISHED, 1 UNCONN\n"
		   "unix           1       -       - 1 ESTABLISHED\n",
		   "");
	assert_run(&list_command, "-sHtl", STATUS_DONE, "tcp            1       1       0 1 LISTEN\n", "");
	assert_run_json(&list_command, "-stl --json", STATUS_DONE,
			"{'type':'total','proto':'tcp','family':4,'state':'LISTEN','count':1}\n", "");
}

/* ---- what is shown of them ---- */

static void test_parts(void **state)
{
	static const struct tcp_info info = {.tcpi_rto = 204000};
	struct socket *socket;

	(void)state;
	socket = add_inet(PROTOCOL_TCP, STATE_ESTABLISHED, "10.0.0.1", 80, "10.0.0.7", 4711);
	socket->inode = 5;
	socket->uid = 33;
	socket->timer = TIMER_KEEPALIVE;
	socket->timer_ms = 5000;
	socket->details = (struct socket_details){
		.info = &info, .info_size = offsetof(struct tcp_info, tcpi_ato), .congestion = "cubic", .cgroup = 1};
	host.held[0] = (struct held){5, {{.pid = 12, .fd = 3, .comm = "nginx"}, {.pid = 13, .fd = 3, .comm = "nginx"}}};
#define HEADING          "Netid State       Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
#define ROW(local, peer) "tcp   ESTABLISHED      0      0 " local " " peer
	assert_run(&list_command, "", STATUS_DONE, HEADING ROW("10.0.0.1:http     ", "10.0.0.7:4711\n"), "");
	assert_run(&list_command, "-H", STATUS_DONE, ROW("10.0.0.1:http     ", "10.0.0.7:4711\n"), "");
	assert_run(&list_command, "-Hn", STATUS_DONE, ROW("10.0.0.1:80       ", "10.0.0.7:4711\n"), "");
	assert_run(&list_command, "-Hnr", STATUS_DONE, ROW("10.0.0.1:80       ", "seven.example:4711\n"), "");
	assert_int_equal(host.asked, 2);
	assert_run(&list_command, "-Hno", STATUS_DONE,
		   ROW("10.0.0.1:80       ", "10.0.0.7:4711 timer:(keepalive,5sec,0)\n"), "");
	assert_run(&list_command, "-Hne", STATUS_DONE,
		   ROW("10.0.0.1:80       ", "10.0.0.7:4711 uid:33 ino:5 cgroup:/system.slice/x.service\n"), "");
	assert_run(&list_command, "-Hni", STATUS_DONE, ROW("10.0.0.1:80       ", "10.0.0.7:4711\n\tcubic rto:204\n"),
		   "");
	assert_run(&list_command, "-HniO", STATUS_DONE, ROW("10.0.0.1:80       ", "10.0.0.7:4711 cubic rto:204\n"), "");
	assert_run(
		&list_command, "-Hnp --color=always", STATUS_DONE,
		"tcp   \033[32mESTABLISHED \033[0m     0      0 10.0.0.1:80        10.0.0.7:4711     users:((\"nginx\",pid=12,fd=3),(\"nginx\",pid=13,fd=3))\n",
		"");
	assert_run_json(
		&list_command, "--json", STATUS_DONE,
		"{'type':'socket','id':'1','cookie':null,'proto':'tcp','netns':1000,'netns_name':'host','family':4,"
		"'laddr':'10.0.0.1','lport':80,'raddr':'10.0.0.7','rport':4711,'lservice':'http','rservice':null,"
		"'interface':null,'ifindex':null,'interface_known':true,'v6only':null,'state':'ESTABLISHED',"
		"'in_state_us':null,'since_known':false,'recvq':0,'sendq':0,'inode':5,'pid':12,'comm':'nginx',"
		"'uid':33,'owner_src':'scan','direction':null,'owners':[{'pid':12,'comm':'nginx','fd':3},"
		"{'pid':13,'comm':'nginx','fd':3}],'owners_complete':true,'timer':'keepalive','timer_ms':5000,"
		"'retransmits':0}\n",
		"");
}

/* ---- who holds them ---- */

#define NGINX_MEMBERS(cmdline)                                                                                         \
	"'ppid':1,'pcomm':'systemd','exe':'/usr/sbin/nginx','cmdline':" cmdline ",'unit':'nginx.service',"

static void open_identified_host(void)
{
	struct socket *socket = add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0);

	socket->inode = 5;
	host.held[0] = (struct held){5, {{.pid = 12, .fd = 3, .comm = "nginx"}, {.pid = 13, .fd = 4, .comm = "nginx"}}};
	know_process(0, 12);
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 81, "0.0.0.0", 0)->inode = 6;
	host.held[1] = (struct held){6, {{.pid = 14, .fd = 3, .comm = "other"}}};
}

#define LISTEN_ROW(port) "tcp   LISTEN      0      0 10.0.0.1:" port "        0.0.0.0:*"

static void test_who_holds_them(void **state)
{
	(void)state;
	open_identified_host();
	assert_run(
		&list_command, "-tlnHe sport = :80", STATUS_DONE,
		LISTEN_ROW(
			"80") " ino:5 parent:systemd/1 unit:nginx.service exe:/usr/sbin/nginx cmd:\"nginx: master\"\n",
		"");
	assert_true(host_identities.with_cmdline);
	assert_run(&list_command, "-tlnHe sport = :81", STATUS_DONE, LISTEN_ROW("81") " ino:6\n", "");
	assert_run_json(
		&list_command, "-tlne --json sport = :80", STATUS_DONE,
		"{'type':'socket','id':'1','cookie':null,'proto':'tcp','netns':1000,'netns_name':'host','family':4,"
		"'laddr':'10.0.0.1','lport':80,'raddr':'0.0.0.0','rport':0,"
		"'interface':null,'ifindex':null,'interface_known':true,'v6only':null,'state':'LISTEN',"
		"'in_state_us':null,'since_known':false,'recvq':0,'sendq':0,'inode':5,'pid':12,'comm':'nginx',"
		"'uid':null,'owner_src':'scan','direction':null,'owners':["
		"{'pid':12,'comm':'nginx','fd':3," NGINX_MEMBERS(
			"'nginx: master'") "'container':null},"
					   "{'pid':13,'comm':'nginx','fd':4,'ppid':null,'pcomm':null,'exe':null,'cmdline':null,'unit':null,"
					   "'container':null}],'owners_complete':true,'timer':null,'timer_ms':null,'retransmits':null,"
					   "'cgroup':null," NGINX_MEMBERS("'nginx: master'") "'container':null}\n",
		"");
}

/* Who the holders are is looked up where it is shown, or a filter asks for it; nowhere else. */
static void test_when_holders_are_identified(void **state)
{
	static const struct {
		const char *line, *ports;
		bool identified;
	} cases[] = {
		{"-tl --json", " 80 81", false},
		{"-tlnp --json comm nginx", " 80", false},
		{"-tlse --json", "", false},
		{"-tl --json unit nginx", " 80", true},
		{"-tl --json not exe nginx", " 81", true},
		{"-tle --json", " 80 81", true},
		{"-tle --json --no-cmdline pcomm systemd", " 80", true},
	};

	(void)state;
	open_identified_host();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct expected ports = {0};
		struct run run = run_line(&list_command, cases[i].line);

		put_local_ports(&ports, run.out);
		assert_string_equal(ports.text, cases[i].ports);
		assert_int_equal(host.identified, cases[i].identified);
		free_run(&run);
	}
	assert_false(host_identities.with_cmdline);
	assert_run(&list_command, "-tlnH unit nginx", STATUS_DONE, LISTEN_ROW("80") "\n", "");
	assert_true(host.identified);
	assert_run(&list_command, "-tlnH unit postfix", STATUS_DONE, "", "");
}

static void test_namespaces(void **state)
{
	(void)state;
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0)->tuple.interface = 2;
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.2", 80, "0.0.0.0", 0)->tuple.netns = NETNS_BLUE;
	host.sockets[1].tuple.interface = 2;
	add_inet(PROTOCOL_UDP, STATE_CLOSE, "10.0.0.1", 53, "0.0.0.0", 0)->tuple.interface = 3; /* without a name */
	assert_run(&list_command, "-nl --all-netns", STATUS_DONE,
		   "Netid State  Recv-Q Send-Q NETNS    Local Address:Port Peer Address:Port\n"
		   "tcp   LISTEN      0      0 host     10.0.0.1%eth0:80   0.0.0.0:*\n"
		   "udp   UNCONN      0      0 host     10.0.0.1%3:53      0.0.0.0:*\n"
		   "tcp   LISTEN      0      0 blue     10.0.0.2%veth0:80  0.0.0.0:*\n",
		   "");
	assert_run(&list_command, "-nl -N blue", STATUS_DONE,
		   "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
		   "tcp   LISTEN      0      0 10.0.0.2%veth0:80  0.0.0.0:*\n",
		   "");
	assert_run(&list_command, "-nl", STATUS_DONE,
		   "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
		   "tcp   LISTEN      0      0 10.0.0.1%eth0:80   0.0.0.0:*\n"
		   "udp   UNCONN      0      0 10.0.0.1%3:53      0.0.0.0:*\n",
		   "");
}

/* ---- what could not be read ---- */

/* A namespace that the filter leaves out is not read. */
static void test_namespace_not_asked_for(void **state)
{
	(void)state;
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0);
	host.unreadable = NETNS_BLUE;
	host.unreadable_err = -EACCES;
	assert_run(&list_command, "-nlH -N host", STATUS_DONE,
		   "tcp   LISTEN      0      0 10.0.0.1:80        0.0.0.0:*\n", "");
}

static void test_unreadable_namespaces(void **state)
{
	static const char both[] = "tcp   LISTEN      0      0 host     10.0.0.1:80        0.0.0.0:*\n";

	(void)state;
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0);
	host.unreadable = NETNS_BLUE;
	host.unreadable_err = -EACCES;
	host.unreadable_protocol = PROTOCOL_UDP;
	assert_run(&list_command, "-nlH --all-netns", STATUS_FAILED, both,
		   "tcpledger: the udp sockets of network namespace 1001 cannot be read: Permission denied\n");
	host.unreadable_protocol = PROTOCOL_COUNT;
	assert_run(&list_command, "-nlH --all-netns", STATUS_FAILED, both,
		   "tcpledger: the sockets of network namespace 1001 cannot be read: Permission denied\n");
	host.unreadable_err = -ESRCH; /* it has gone meanwhile */
	assert_run(&list_command, "-nlH --all-netns", STATUS_DONE, both, "");
	host.unreadable = NETNS_HOME; /* the next namespace is read all the same */
	host.unreadable_err = -EACCES;
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.2", 80, "0.0.0.0", 0)->tuple.netns = NETNS_BLUE;
	assert_run(&list_command, "-nlH --all-netns", STATUS_FAILED,
		   "tcp   LISTEN      0      0 host     10.0.0.1:80        0.0.0.0:*\n"
		   "tcp   LISTEN      0      0 blue     10.0.0.2:80        0.0.0.0:*\n",
		   "tcpledger: the sockets of network namespace 1000 cannot be read: Permission denied\n");
	host.unreadable_err = -ENOMEM; /* that ends the listing */
	assert_run(&list_command, "-nlH --all-netns", STATUS_FAILED, both, "tcpledger: list: Cannot allocate memory\n");
	host.unreadable_err = -ENOSPC;
	assert_run(&list_command, "-nlH --all-netns", STATUS_FAILED, both,
		   "tcpledger: list: No space left on device\n");
	host.unreadable_err = -EPIPE;
	assert_run(&list_command, "-nlH --all-netns", STATUS_DONE, both, "");
	host.unreadable_err = -ESRCH; /* the only one */
	assert_run(&list_command, "-nlH", STATUS_FAILED, "tcp   LISTEN      0      0 10.0.0.1:80        0.0.0.0:*\n",
		   "tcpledger: the sockets of network namespace 1000 cannot be read: No such process\n");
}

static void test_namespaces_that_cannot_be_found(void **state)
{
	(void)state;
	host.netns_err = -ENOENT;
	assert_run(
		&list_command, "--all-netns", STATUS_FAILED, "",
		"tcpledger: /proc is not mounted: the network namespaces of this host cannot be found. Mount it: mount -t proc proc /proc\n");
	host.netns_err = -EMFILE;
	assert_run(&list_command, "--all-netns", STATUS_FAILED, "", "tcpledger: list: Too many open files\n");
	host.netns_err = 0;
	host.netns_files_err = -EACCES; /* some would be missing */
	assert_run(&list_command, "--all-netns", STATUS_FAILED, "", "tcpledger: list: Permission denied\n");
	assert_run(&list_command, "-H", STATUS_DONE, "", "");
}

/* ---- who holds them ---- */

/* Two sockets, of which no holder is known; the second has no inode, so none holds it. */
static void add_unheld(void)
{
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0)->inode = 5;
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.2", 80, "0.0.0.0", 0);
}

#define UNHELD                                                                                                         \
	"tcp   LISTEN      0      0 10.0.0.1:80        0.0.0.0:*         -\n"                                          \
	"tcp   LISTEN      0      0 10.0.0.2:80        0.0.0.0:*         -\n"

static void test_hidden_holders(void **state)
{
	(void)state;
	add_unheld();
	assert_run(&list_command, "-nlpH", STATUS_DONE, UNHELD, "");
	host.gap = HOLDERS_DENIED;
	assert_run(&list_command, "-nlpH", STATUS_DONE, UNHELD,
		   "tcpledger: warning: who holds 1 of the sockets could not be seen, shown as -: run as root\n");
	assert_run(&list_command, "-nlH", STATUS_DONE,
		   "tcp   LISTEN      0      0 10.0.0.1:80        0.0.0.0:*\n"
		   "tcp   LISTEN      0      0 10.0.0.2:80        0.0.0.0:*\n",
		   "");
	host.held[0] = (struct held){5, {{.pid = 12, .fd = 3, .comm = "nginx"}}};
	assert_run(&list_command, "-nlpH", STATUS_DONE,
		   "tcp   LISTEN      0      0 10.0.0.1:80        0.0.0.0:*         users:((\"nginx\",pid=12,fd=3))\n"
		   "tcp   LISTEN      0      0 10.0.0.2:80        0.0.0.0:*         -\n",
		   "");
}

static void test_hidden_holders_in_json(void **state)
{
	struct run run;

	(void)state;
	add_unheld();
	host.gap = HOLDERS_HIDDEN;
	run = run_line(&list_command, "-nl --json");
	assert_non_null(strstr(run.out, "\"owners\":[],\"owners_complete\":false"));
	assert_non_null(strstr(run.out, "\"owners\":[],\"owners_complete\":true"));
	assert_lines(
		run.err,
		"tcpledger: warning: who holds 1 of the sockets could not be seen, shown as owners_complete false: remount /proc\n");
	assert_int_equal(run.status, STATUS_DONE);
	free_run(&run);
}

/* What a filter asks for and could not be seen is left out, which is said. */
static void test_left_out(void **state)
{
	(void)state;
	add_unheld();
	host.gap = HOLDERS_DENIED;
	assert_run(
		&list_command, "-nlH not comm nginx", STATUS_FINDINGS,
		"tcp   LISTEN      0      0 10.0.0.2:80        0.0.0.0:*\n",
		"tcpledger: warning: 1 socket is left out: who holds it could not be seen, and the filter asks for that: run as root\n");
	assert_run_json(&list_command, "-nlH --json not comm nginx sport = :1", STATUS_DONE, "", "");
	assert_run_json(
		&list_command, "-snlH --json not comm nginx", STATUS_FINDINGS,
		"{'type':'total','proto':'tcp','family':4,'state':'LISTEN','count':1}\n"
		"{'type':'incomplete','what':'sockets','count':1,'why':'run as root'}\n",
		"tcpledger: warning: 1 socket is left out: who holds it could not be seen, and the filter asks for that: run as root\n");
	host.sockets[1].inode = 6;
	assert_run(
		&list_command, "-nlH not comm nginx", STATUS_FINDINGS, "",
		"tcpledger: warning: 2 sockets are left out: who holds them could not be seen, and the filter asks for that: run as root\n");
	host.held[0] = (struct held){5, {{.pid = 12, .fd = 3, .comm = "nginx"}}};
	host.held[1] = (struct held){6, {{.pid = 12, .fd = 4, .comm = "cat"}}};
	assert_run(&list_command, "-nlH not comm nginx", STATUS_DONE,
		   "tcp   LISTEN      0      0 10.0.0.2:80        0.0.0.0:*\n", "");
}

static void test_unknown_interfaces(void **state)
{
	static const char warning[] =
		"tcpledger: warning: 1 socket is left out: the filter asks for the interface, which /proc does not tell\n";

	(void)state;
	add_unheld();
	host.sockets[0].tuple.interface = INTERFACE_UNKNOWN;
	host.sockets[1].tuple.interface = 2;
	assert_run(&list_command, "-nlH dev eth0", STATUS_FINDINGS,
		   "tcp   LISTEN      0      0 10.0.0.2%eth0:80   0.0.0.0:*\n", warning);
	assert_run_json(&list_command, "-snlH --json dev eth0", STATUS_FINDINGS,
			"{'type':'total','proto':'tcp','family':4,'state':'LISTEN','count':1}\n"
			"{'type':'incomplete','what':'sockets','count':1,"
			"'why':'the filter asks for the interface, which /proc does not tell'}\n",
			warning);
}

/* Without the holders the sockets are still worth printing, unless the user chose how they are found, or what is short
 * now will be there later. */
static void test_holders_that_cannot_be_found(void **state)
{
	(void)state;
	add_unheld();
	host.holders_err = -EPERM;
	assert_run(&list_command, "-nlpH", STATUS_DONE, UNHELD,
		   "tcpledger: warning: who holds the sockets cannot be found out: Operation not permitted\n");
	assert_run(
		&list_command, "-nlH not comm nginx", STATUS_FINDINGS,
		"tcp   LISTEN      0      0 10.0.0.2:80        0.0.0.0:*\n",
		"tcpledger: warning: who holds the sockets cannot be found out: Operation not permitted\n"
		"tcpledger: warning: 1 socket is left out: who holds it could not be seen, and the filter asks for that: run as root\n");
	assert_run(&list_command, "-nlpH --holder-source=proc", STATUS_FAILED, "",
		   "tcpledger: list: Operation not permitted\n");
	host.holders_err = -EMFILE;
	assert_run(&list_command, "-nlpH", STATUS_FAILED, "", "tcpledger: list: Too many open files\n");
	assert_run(&list_command, "-nlH sport = :1", STATUS_DONE, "", ""); /* no use for holders */
}

static void test_host_names_in_time(void **state)
{
	(void)state;
	host.unanswered = 1;
	assert_run(&list_command, "-H", STATUS_DONE, "", "");
	assert_run(
		&list_command, "-Hr", STATUS_DONE, "",
		"tcpledger: warning: 1 address had no name within 2 seconds: the name server does not answer, or not in time\n");
	host.unanswered = 2;
	assert_run(
		&list_command, "-Hr", STATUS_DONE, "",
		"tcpledger: warning: 2 addresses had no name within 2 seconds: the name server does not answer, or not in time\n");
}

/* ---- many sockets ---- */

/* Sockets are printed as they are read, 8192 together: these have columns of the same width. */
static void test_batches(void **state)
{
	static const char narrow[] = "tcp   LISTEN      0      0 10.0.0.1:80        0.0.0.0:*\n";
	struct run run;

	(void)state;
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0);
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "2001:db8:1:2:3:4:5:6", 80, "::", 0);
	assert_run(&list_command, "-nlH", STATUS_DONE,
		   "tcp   LISTEN      0      0 10.0.0.1:80               0.0.0.0:*\n"
		   "tcp   LISTEN      0      0 [2001:db8:1:2:3:4:5:6]:80 [::]:*\n",
		   "");
	host.copies = 8191;
	run = run_line(&list_command, "-nlH");
	for (size_t i = 0; i < 8192; i++)
		assert_memory_equal(run.out + i * strlen(narrow), narrow, strlen(narrow));
	assert_lines(run.out + 8192 * strlen(narrow), "tcp   LISTEN      0      0 [2001:db8:1:2:3:4:5:6]:80 [::]:*\n");
	free_run(&run);
	run = run_into(open("/dev/full", O_WRONLY | O_CLOEXEC), &list_command, "-nlH");
	assert_lines(run.err, "tcpledger: list: No space left on device\n");
	assert_int_equal(run.status, STATUS_FAILED);
	free_run(&run);
}

/* ---- again and again ---- */

/* The first listing, and the next one, before which "blue" has come and a control group has got another name. */
#define LISTINGS                                                                                                       \
	"Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\n"                                            \
	"tcp   LISTEN      0      0 10.0.0.1:80        0.0.0.0:* cgroup:/system.slice/x.service\n"                     \
	"\n"                                                                                                           \
	"Netid State  Recv-Q Send-Q NETNS    Local Address:Port Peer Address:Port\n"                                   \
	"tcp   LISTEN      0      0 host     10.0.0.1:80        0.0.0.0:* cgroup:/system.slice/y.service\n"            \
	"tcp   LISTEN      0      0 blue     10.0.0.2:80        0.0.0.0:*\n"

struct reading {
	int fd;
	char text[sizeof(LISTINGS) - 1];
	size_t length;
};

/* Reads two listings, and goes. */
static void *read_two_listings(void *context)
{
	struct reading *reading = context;
	ssize_t length;

	do {
		length = read(reading->fd, reading->text + reading->length, sizeof(reading->text) - reading->length);
		reading->length += length > 0 ? (size_t)length : 0;
	} while (length > 0 && reading->length < sizeof(reading->text));
	close(reading->fd);
	return NULL;
}

static void test_until_the_reader_goes(void **state)
{
	struct reading reading = {0};
	pthread_t reader;
	struct run run;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0)->details.cgroup = 1;
	add_inet(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.2", 80, "0.0.0.0", 0)->tuple.netns = NETNS_BLUE;
	host.blue_from = 2;
	assert_int_equal(pipe(ends), 0);
	reading.fd = ends[0];
	assert_int_equal(pthread_create(&reader, NULL, read_two_listings, &reading), 0);
	run = run_into(ends[1], &list_command, "-nlec --all-netns --interval=1ms");
	pthread_join(reader, NULL);
	assert_int_equal(reading.length, sizeof(reading.text));
	assert_memory_equal(reading.text, LISTINGS, sizeof(reading.text));
	assert_lines(run.err, "");
	assert_int_equal(run.status, STATUS_DONE);
	free_run(&run);
}

static void test_process_that_is_not_there(void **state)
{
	struct run run;

	(void)state;
	assert_run(&list_command, "-nlH comm zqxjkvw", STATUS_DONE, "",
		   "tcpledger: warning: no process has the name 'zqxjkvw' now\n");
	run = run_into(open_abandoned_pipe(), &list_command, "-nlHc comm zqxjkvw");
	assert_lines(run.err, "tcpledger: warning: no process has the name 'zqxjkvw' now, but one may come\n");
	assert_int_equal(run.status, STATUS_DONE);
	free_run(&run);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_which_sockets, open_full_host),
		cmocka_unit_test_setup(test_totals, open_full_host),
		cmocka_unit_test_setup(test_parts, renew_host),
		cmocka_unit_test_setup(test_who_holds_them, renew_host),
		cmocka_unit_test_setup(test_when_holders_are_identified, renew_host),
		cmocka_unit_test_setup(test_namespaces, renew_host),
		cmocka_unit_test_setup(test_namespace_not_asked_for, renew_host),
		cmocka_unit_test_setup(test_unreadable_namespaces, renew_host),
		cmocka_unit_test_setup(test_namespaces_that_cannot_be_found, renew_host),
		cmocka_unit_test_setup(test_hidden_holders, renew_host),
		cmocka_unit_test_setup(test_hidden_holders_in_json, renew_host),
		cmocka_unit_test_setup(test_left_out, renew_host),
		cmocka_unit_test_setup(test_unknown_interfaces, renew_host),
		cmocka_unit_test_setup(test_holders_that_cannot_be_found, renew_host),
		cmocka_unit_test_setup(test_host_names_in_time, renew_host),
		cmocka_unit_test_setup(test_batches, renew_host),
		cmocka_unit_test_setup(test_until_the_reader_goes, renew_host),
		cmocka_unit_test_setup(test_process_that_is_not_there, renew_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
