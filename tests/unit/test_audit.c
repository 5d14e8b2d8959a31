// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests `audit` as a whole, on a host that is made up: what it finds, what it saves and compares with, what it warns
 * of.
 */
#include <sys/stat.h>

#include "baseline.h"
#include "made_up_identities.h"
#include "run_command.h"

extern const struct command audit_command;

static struct socket *add_listener(enum protocol protocol, const char *address, uint16_t port)
{
	bool ipv6 = strchr(address, ':');

	return add_host_socket(inet_socket(protocol, protocol == PROTOCOL_TCP ? STATE_LISTEN : STATE_CLOSE, address,
					   port, ipv6 ? "::" : "0.0.0.0", 0));
}

static void hold(size_t at, uint32_t inode, uint32_t pid, const char *comm)
{
	host.held[at] = (struct held){.inode = inode, .owners = {{.pid = pid, .fd = 3}}};
	snprintf(host.held[at].owners[0].comm, COMM_LEN, "%s", comm);
}

/* A web server, a database that all can reach, and a name server on this host only. */
static int open_full_host(void **state)
{
	struct socket *web, *database;

	renew_host(state);
	web = add_listener(PROTOCOL_TCP, "0.0.0.0", 80);
	web->inode = 5;
	web->uid = 33;
	database = add_listener(PROTOCOL_TCP, "0.0.0.0", 6379);
	database->inode = 6;
	database->uid = 1234;
	add_listener(PROTOCOL_UDP, "127.0.0.1", 53);
	add_host_socket(inet_socket(PROTOCOL_TCP, STATE_ESTABLISHED, "10.0.0.1", 80, "10.0.0.2", 4711));
	add_listener(PROTOCOL_UDP, "127.0.0.1", 0); /* it has no port yet: nobody can reach it */
	hold(0, 5, 12, "nginx");
	hold(1, 6, 13, "redis-server");
	return 0;
}

#define REDIS "Redis: has no login by default, and can be made to run code\n"

static void test_findings(void **state)
{
	(void)state;
	assert_run(&audit_command, "", STATUS_FINDINGS,
		   "Netid Local Address:Port Reach          Process         User     Note\n"
		   "tcp   0.0.0.0:6379       all IPv4       13/redis-server 1234     " REDIS
		   "tcp   0.0.0.0:http       all IPv4       12/nginx        www-data\n"
		   "udp   127.0.0.1:53       this host only -               -\n",
		   "tcpledger: 3 listeners: 1 this host only, 2 all IPv4; 1 that should not be public\n");
	assert_run(&audit_command, "-nHu", STATUS_DONE, "udp   127.0.0.1:53       this host only -       -\n",
		   "tcpledger: 1 listener: 1 this host only; 0 that should not be public\n");
}

static void test_policy(void **state)
{
	(void)state;
	assert_run(&audit_command, "-nH --allow=nginx:80,redis-server:* --color=always", STATUS_DONE,
		   "tcp   0.0.0.0:80         all IPv4       12/nginx        www-data\n"
		   "tcp   0.0.0.0:6379       all IPv4       13/redis-server 1234     " REDIS
		   "udp   127.0.0.1:53       this host only -               -\n",
		   "tcpledger: 3 listeners: 1 this host only, 2 all IPv4; 0 outside the policy\n");
	assert_run(&audit_command, "-nHt --allow=nginx:80 --color=always", STATUS_FINDINGS,
		   "\033[31mtcp   0.0.0.0:6379       all IPv4 13/redis-server \033[0m1234     not allowed; " REDIS
		   "tcp   0.0.0.0:80         all IPv4 12/nginx        www-data\n",
		   "tcpledger: 2 listeners: 2 all IPv4; 1 outside the policy\n");
}

/* A listener whose process is unknown may be the one that is allowed; one that nobody hides from us is not. */
static void test_unknown_owners(void **state)
{
	static const char *const held_by[] = {
		[HOLDERS_DENIED] = "processes that may not be looked into, shown as -: run as root",
		[HOLDERS_HIDDEN] = "processes that cannot be seen, shown as -: remount /proc",
		[HOLDERS_ELSEWHERE] = "no process of this PID namespace, shown as -: no remedy",
		[HOLDERS_UNTOLD] = "somebody who could not be seen, shown as -: no remedy",
	};

	(void)state;
	hold(0, 7, 12, "nginx");
	assert_run(&audit_command, "-nHt --allow=nginx:80", STATUS_FINDINGS,
		   "tcp   0.0.0.0:80         all IPv4 -               www-data not allowed\n"
		   "tcp   0.0.0.0:6379       all IPv4 13/redis-server 1234     not allowed; " REDIS,
		   "tcpledger: 2 listeners: 2 all IPv4; 2 outside the policy\n");
	for (enum holder_gap gap = HOLDERS_DENIED; gap <= HOLDERS_UNTOLD; gap++) {
		struct expected warning = {0};

		host.gap = gap;
		expect(&warning,
		       "tcpledger: 1 listener: 1 all IPv4; 1 outside the policy\n"
		       "tcpledger: warning: 1 listener is held by %s\n",
		       held_by[gap]);
		assert_run(
			&audit_command, "-nHt --allow=nginx:80 sport = :80", STATUS_FINDINGS,
			"tcp   0.0.0.0:80         all IPv4 -       www-data not allowed, unless by its process, which is unknown\n",
			warning.text);
	}
	host.held[1].inode = 8;
	assert_run(
		&audit_command, "-nHt", STATUS_FINDINGS,
		"tcp   0.0.0.0:6379       all IPv4 -       1234     " REDIS
		"tcp   0.0.0.0:80         all IPv4 -       www-data\n",
		"tcpledger: 2 listeners: 2 all IPv4; 1 that should not be public\n"
		"tcpledger: warning: 2 listeners are held by somebody who could not be seen, shown as -: no remedy\n");
}

static void test_left_out(void **state)
{
	static const char nothing[] = "tcpledger: 0 listeners; 0 that should not be public\n";
	struct expected expected = {0};

	(void)state;
	host.gap = HOLDERS_DENIED;
	hold(0, 7, 12, "nginx");
	expect(&expected,
	       "%stcpledger: warning: 1 listener is left out: who holds it could not be seen, and the filter asks for that\n",
	       nothing);
	assert_run(&audit_command, "-nHt not comm redis-server", STATUS_FINDINGS, "", expected.text);
	host.held[1].inode = 8;
	expected = (struct expected){0};
	expect(&expected,
	       "%stcpledger: warning: 2 listeners are left out: who holds them could not be seen, and the filter asks for that\n",
	       nothing);
	assert_run(&audit_command, "-nHt not comm redis-server", STATUS_FINDINGS, "", expected.text);
	host.sockets[0].tuple.interface = INTERFACE_UNKNOWN;
	expected = (struct expected){0};
	expect(&expected,
	       "%stcpledger: warning: 1 listener is left out: the filter asks for the interface, which /proc does not tell\n",
	       nothing);
	assert_run(&audit_command, "-nHt dev eth0", STATUS_FINDINGS, "", expected.text);
	host.sockets[1].tuple.interface = INTERFACE_UNKNOWN;
	expected = (struct expected){0};
	expect(&expected,
	       "%stcpledger: warning: 2 listeners are left out: the filter asks for the interface, which /proc does not tell\n",
	       nothing);
	assert_run(&audit_command, "-nHt dev eth0", STATUS_FINDINGS, "", expected.text);
}

static void test_interfaces(void **state)
{
	(void)state;
	host.sockets[0].tuple.interface = 2;
	host.sockets[1].tuple.interface = 3; /* which has no name */
	assert_run(&audit_command, "-nHt --allow=1-65535", STATUS_DONE,
		   "tcp   0.0.0.0%eth0:80    all IPv4 on eth0 12/nginx        www-data\n"
		   "tcp   0.0.0.0%3:6379     all IPv4 on 3    13/redis-server 1234     " REDIS,
		   "tcpledger: 2 listeners: 2 all IPv4; 0 outside the policy\n");
	host.sockets[1].tuple.interface = INTERFACE_UNKNOWN;
	assert_run(
		&audit_command, "-nHt --allow=1-65535", STATUS_DONE,
		"tcp   0.0.0.0%eth0:80    all IPv4 on eth0 12/nginx        www-data\n"
		"tcp   0.0.0.0:6379       all IPv4         13/redis-server 1234     " REDIS,
		"tcpledger: 2 listeners: 2 all IPv4; 0 outside the policy\n"
		"tcpledger: warning: /proc does not tell which interface a socket is bound to: fewer may reach it than is said\n");
}

static void test_namespaces_and_containers(void **state)
{
	(void)state;
	host.sockets[1].tuple.netns = NETNS_BLUE;
	host.contained = 13;
	assert_run(&audit_command, "-nt --all-netns --allow=1-65535", STATUS_DONE,
		   "Netid NETNS Local Address:Port Reach    Process         User     Container           Note\n"
		   "tcp   blue  0.0.0.0:6379       all IPv4 13/redis-server 1234     docker:0123456789ab " REDIS
		   "tcp   host  0.0.0.0:80         all IPv4 12/nginx        www-data -\n",
		   "tcpledger: 2 listeners: 2 all IPv4; 0 outside the policy\n");
	assert_run(&audit_command, "-nHt -N host", STATUS_DONE, "tcp   0.0.0.0:80         all IPv4 12/nginx www-data\n",
		   "tcpledger: 1 listener: 1 all IPv4; 0 that should not be public\n");
	host.unreadable = NETNS_BLUE;
	host.unreadable_err = -EACCES;
	host.unreadable_protocol = PROTOCOL_TCP;
	assert_run(&audit_command, "-nHt --all-netns sport = :80", STATUS_FAILED,
		   "tcp   host  0.0.0.0:80         all IPv4 12/nginx www-data\n",
		   "tcpledger: the tcp sockets of network namespace 1001 cannot be read: Permission denied\n"
		   "tcpledger: 1 listener: 1 all IPv4; 0 that should not be public\n");
	host.unreadable_err = -ENOMEM;
	assert_run(&audit_command, "-nHt --all-netns", STATUS_FAILED, "", "tcpledger: audit: Cannot allocate memory\n");
}

static void test_holders_that_cannot_be_found(void **state)
{
	(void)state;
	host.holders_err = -EMFILE;
	assert_run(&audit_command, "-nHt", STATUS_FAILED, "", "tcpledger: audit: Too many open files\n");
}

static void test_process_that_is_not_there(void **state)
{
	(void)state;
	assert_run(&audit_command, "-nHt comm zqxjkvw", STATUS_DONE, "",
		   "tcpledger: warning: no process has the name 'zqxjkvw' now\n"
		   "tcpledger: 0 listeners; 0 that should not be public\n");
}

static void test_json(void **state)
{
	(void)state;
	assert_run_json(
		&audit_command, "--json -u", STATUS_DONE,
		"{'type':'listener','id':'1','cookie':null,'proto':'udp','netns':1000,'netns_name':'host','family':4,"
		"'laddr':'127.0.0.1','lport':53,'raddr':'0.0.0.0','rport':0,'lservice':null,'rservice':null,"
		"'interface':null,'ifindex':null,'interface_known':true,'v6only':null,'state':'UNCONN','recvq':0,"
		"'sendq':0,'inode':null,'pid':null,'comm':null,'uid':null,'owner_src':null,'direction':null,"
		"'owners':[],'owners_complete':true,'reach':'host','process':null,'user':null," NOT_IDENTIFIED
		",'note':null,'allowed':null,'change':null,'finding':false}\n"
		"{'type':'audit','listeners':1,'reach':{'host':1,'private':0,'address':0,'ipv4':0,'ipv6':0,"
		"'ipv6_perhaps_ipv4':0,'all':0},'findings':0,'outside':null,'exposed':0,'new':null,'changed':null,"
		"'gone':null,'unknown_owners':0,'left_out':0}\n",
		"");
}

static void test_who_it_is(void **state)
{
	struct run run;

	(void)state;
	know_process(0, 12);
	know_process(1, 13)->unit = NULL;
	assert_run(
		&audit_command, "-nHt --no-cmdline", STATUS_FINDINGS,
		"tcp   0.0.0.0:6379       all IPv4 13/redis-server 1234     -             Redis: has no login by default, and can be made to run code; program /usr/sbin/nginx\n"
		"tcp   0.0.0.0:80         all IPv4 12/nginx        www-data nginx.service\n",
		"tcpledger: 2 listeners: 2 all IPv4; 1 that should not be public\n");
	assert_false(host_identities.with_cmdline);
	run = run_line(&audit_command, "-nt --json unit nginx");
	assert_non_null(strstr(run.out, "\"process\":\"nginx\",\"user\":\"www-data\",\"ppid\":1,\"pcomm\":\"systemd\","
					"\"exe\":\"/usr/sbin/nginx\",\"cmdline\":\"nginx: master\","
					"\"unit\":\"nginx.service\",\"container\":null,\"note\":null"));
	assert_non_null(strstr(run.out, "\"fd\":3,\"ppid\":1,"));
	assert_null(strstr(run.out, "6379"));
	assert_true(host_identities.with_cmdline);
	free_run(&run);
}

static void test_table_of_ports(void **state)
{
	struct run run = run_line(&audit_command, "--ports");

	(void)state;
	assert_int_equal(strncmp(run.out, "Port ", 5), 0);
	free_run(&run);
	run = run_line(&audit_command, "--ports -H");
	assert_int_equal(strncmp(run.out, "21/tcp ", 7), 0);
	free_run(&run);
	run = run_line(&audit_command, "--ports --json");
	assert_int_equal(strncmp(run.out, "{\"type\":\"exposed_port\",\"first\":21,", 33), 0);
	assert_lines(run.err, "");
	assert_int_equal(run.status, STATUS_DONE);
	free_run(&run);
}

/* ---- the baseline ---- */

#define COLUMNS "# protocol address port reach interface process user container netns\n"

#define NGINX_LINE "tcp 0.0.0.0 80 ipv4 - nginx www-data - host\n"
#define REDIS_LINE "tcp 0.0.0.0 6379 ipv4 - redis-server 1234 - host\n"
#define NAMED_LINE "udp 127.0.0.1 53 host - - - - host\n"

/* A folder with a baseline in it, of the name `path`. */
static char folder[] = "/tmp/tcpledger-audit-XXXXXX", path[64];

static int open_folder(void **state)
{
	open_full_host(state);
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/baseline", folder);
	return 0;
}

static int close_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void write_baseline(const char *lines)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "%s%s", BASELINE_HEADER, lines);
	fclose(file);
}

static void assert_baseline(const char *wanted)
{
	char text[4096] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_lines(text, wanted);
}

/* Runs the audit of TCP with that baseline. In `err`, %s is its path. */
__attribute__((format(printf, 4, 0))) static void assert_compared(const char *options, int status, const char *out,
								  const char *err)
{
	struct expected line = {0}, messages = {0};

	expect(&line, "-nH --baseline=%s %s", path, options);
	messages.used = (size_t)snprintf(messages.text, sizeof(messages.text), err, path);
	assert_run(&audit_command, line.text, status, out, messages.text);
}

#define NGINX_ROW "tcp   0.0.0.0:80         all IPv4       12/nginx        www-data\n"
#define REDIS_ROW "tcp   0.0.0.0:6379       all IPv4       13/redis-server 1234     " REDIS
#define NAMED_ROW "udp   127.0.0.1:53       this host only -               -\n"

/* A baseline that is not there yet is saved, and expects nothing to be different then. */
static void test_first_baseline(void **state)
{
	(void)state;
	assert_compared("", STATUS_DONE, NGINX_ROW REDIS_ROW NAMED_ROW,
			"tcpledger: 3 listeners: 1 this host only, 2 all IPv4\n"
			"tcpledger: saved 3 listeners as the baseline, in %s\n");
	assert_baseline(BASELINE_HEADER COLUMNS REDIS_LINE NGINX_LINE NAMED_LINE);
	assert_compared(
		"", STATUS_DONE, NGINX_ROW REDIS_ROW NAMED_ROW,
		"tcpledger: 3 listeners: 1 this host only, 2 all IPv4; since the baseline 0 new, 0 changed, 0 gone\n");
}

/* Each kind of difference is told; saved is what is there now. */
static void test_differences(void **state)
{
	write_baseline("tcp 127.0.0.1 80 host - nginx www-data - host\n"
		       "tcp 10.0.0.1 22 private - sshd root - host\n" REDIS_LINE);
	(void)state;
	assert_compared(
		"", STATUS_FINDINGS,
		"tcp   0.0.0.0:80         all IPv4        12/nginx        www-data was at 127.0.0.1 (this host only)\n"
		"udp   127.0.0.1:53       this host only  -               -        new\n"
		"tcp   0.0.0.0:6379       all IPv4        13/redis-server 1234     " REDIS
		"tcp   10.0.0.1:22        private network sshd            root     gone\n",
		"tcpledger: 3 listeners: 1 this host only, 2 all IPv4; since the baseline 1 new, 1 changed, 1 gone\n");
	assert_compared(
		"--save", STATUS_FINDINGS,
		"tcp   0.0.0.0:80         all IPv4        12/nginx        www-data was at 127.0.0.1 (this host only)\n"
		"udp   127.0.0.1:53       this host only  -               -        new\n"
		"tcp   0.0.0.0:6379       all IPv4        13/redis-server 1234     " REDIS
		"tcp   10.0.0.1:22        private network sshd            root     gone\n",
		"tcpledger: 3 listeners: 1 this host only, 2 all IPv4; since the baseline 1 new, 1 changed, 1 gone\n"
		"tcpledger: saved 3 listeners as the baseline, in %s\n");
	assert_baseline(BASELINE_HEADER COLUMNS REDIS_LINE NGINX_LINE NAMED_LINE);
}

/* What was not looked at has not gone, and stays in the baseline. */
static void test_what_was_not_looked_at(void **state)
{
	static const struct {
		const char *options, *line; /* of the baseline */
		bool gone;
	} cases[] = {
		{"-u", "udp 10.0.0.1 7 private - x y - host\n", true},
		{"-u", "tcp 10.0.0.1 7 private - x y - host\n", false},
		{"-u4", "udp 10.0.0.1 7 private - x y - host\n", true},
		{"-u4", "udp 2001:db8::1 7 address - x y - host\n", false},
		{"-u6", "udp 2001:db8::1 7 address - x y - host\n", true},
		{"-u6", "udp 10.0.0.1 7 private - x y - host\n", false},
		{"-u", "udp 10.0.0.1 7 private - x y - blue\n", false},
		{"-u --all-netns", "udp 10.0.0.1 7 private - x y - blue\n", true},
		{"-u --all-netns", "udp 10.0.0.1 7 private - x y - red\n", true},
		{"-u -N host", "udp 10.0.0.1 7 private - x y - red\n", false},
		{"-u -N host", "udp 10.0.0.1 7 private - x y - host\n", true},
		{"-u -N host", "udp 10.0.0.1 7 private - x y - blue\n", false},
		{"-u sport != :8", "udp 10.0.0.1 7 private - x y - host\n", true},
		{"-u sport != :7", "udp 10.0.0.1 7 private - x y - host\n", false},
		{"-u uid 1", "udp 10.0.0.1 7 private - x y - host\n", false},
		{"-u not uid 1", "udp 10.0.0.1 7 private - x y - host\n", false},
		{"-u comm x", "udp 10.0.0.1 7 private - x y - host\n", false},
		{"-u not comm x", "udp 10.0.0.1 7 private - x y - host\n", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct expected line = {0};
		struct run run;

		write_baseline(cases[i].line);
		expect(&line, "-nH --baseline=%s %s", path, cases[i].options);
		run = run_line(&audit_command, line.text);
		if (!strstr(run.out, "gone\n") == cases[i].gone)
			fail_msg("%s, %s%s", cases[i].options, cases[i].line, run.out);
		free_run(&run);
	}
}

/* Where not all processes could be seen, a namespace that is not known may be one that was not found. */
static void test_unknown_namespace_without_privilege(void **state)
{
	(void)state;
	host.gap = HOLDERS_DENIED;
	host.has_no_blue = true;
	write_baseline("udp 10.0.0.1 7 private - x y - blue\n" NAMED_LINE);
	assert_compared("-u --all-netns", STATUS_DONE, "udp   127.0.0.1:53       this host only -       -\n",
			"tcpledger: 1 listener: 1 this host only; since the baseline 0 new, 0 changed, 0 gone\n");
}

static void test_saving_carries_over(void **state)
{
	(void)state;
	write_baseline("udp 10.0.0.1 7 private - x y - blue\n" NAMED_LINE "udp 10.0.0.2 7 private - x y - host\n");
	assert_compared(
		"-u --save", STATUS_DONE,
		"udp   127.0.0.1:53       this host only  -       -\n"
		"udp   10.0.0.2:7         private network x       y    gone\n",
		"tcpledger: 1 listener: 1 this host only; since the baseline 0 new, 0 changed, 1 gone\n"
		"tcpledger: saved 2 listeners as the baseline, in %s: 1 found now, 1 carried over, not looked at\n");
	assert_baseline(BASELINE_HEADER COLUMNS "udp 10.0.0.1 7 private - x y - blue\n" NAMED_LINE);
	write_baseline("");
	assert_compared("-u --save", STATUS_FINDINGS, "udp   127.0.0.1:53       this host only -       -    new\n",
			"tcpledger: 1 listener: 1 this host only; since the baseline 1 new, 0 changed, 0 gone\n"
			"tcpledger: saved 1 listener as the baseline, in %s\n");
}

/* Listeners that are alike, as those of a server's workers, are one line. */
static void test_alike_listeners(void **state)
{
	(void)state;
	host.socket_count = 0;
	add_listener(PROTOCOL_TCP, "127.0.0.1", 81);
	add_listener(PROTOCOL_TCP, "127.0.0.1", 80);
	add_listener(PROTOCOL_TCP, "127.0.0.1", 81);
	add_listener(PROTOCOL_TCP, "127.0.0.1", 80);
	add_listener(PROTOCOL_TCP, "127.0.0.1", 80);
	assert_compared("", STATUS_DONE,
			"tcp   127.0.0.1:80       this host only -       -\n"
			"tcp   127.0.0.1:80       this host only -       -\n"
			"tcp   127.0.0.1:80       this host only -       -\n"
			"tcp   127.0.0.1:81       this host only -       -\n"
			"tcp   127.0.0.1:81       this host only -       -\n",
			"tcpledger: 5 listeners: 5 this host only\n"
			"tcpledger: saved 2 listeners as the baseline, in %s\n");
	assert_baseline(BASELINE_HEADER COLUMNS "tcp 127.0.0.1 80 host - - - - host\n"
						"tcp 127.0.0.1 81 host - - - - host\n");
}

static void test_gone_listener_as_json(void **state)
{
	struct expected line = {0};
	struct run run;

	(void)state;
	write_baseline("udp 10.0.0.1 7 private - x y - host\n" NAMED_LINE);
	expect(&line, "-u --json --baseline=%s", path);
	run = run_line(&audit_command, line.text);
	assert_non_null(strstr(run.out, "\"owners\":[],\"owners_complete\":true,\"reach\":\"host\""));
	assert_non_null(strstr(run.out, "\"owners\":[],\"owners_complete\":false,\"reach\":\"private\","
					"\"process\":\"x\",\"user\":\"y\",\"ppid\":null,\"pcomm\":null,\"exe\":null,"
					"\"cmdline\":null,\"unit\":null,\"container\":null,\"note\":\"gone\""));
	free_run(&run);
}

/* The baseline is saved also when the reader of the output has gone, but not when the output cannot be written. */
static void test_output_that_cannot_be_written(void **state)
{
	struct expected line = {0}, saved = {0};
	struct run run;

	(void)state;
	expect(&line, "-u --baseline=%s", path);
	run = run_into(open("/dev/full", O_WRONLY | O_CLOEXEC), &audit_command, line.text);
	assert_int_equal(run.status, STATUS_FAILED);
	assert_lines(run.err, "tcpledger: 1 listener: 1 this host only\n"
			      "tcpledger: audit: No space left on device\n");
	assert_int_equal(access(path, F_OK), -1);
	free_run(&run);
	run = run_into(open_abandoned_pipe(), &audit_command, line.text);
	assert_int_equal(run.status, STATUS_DONE);
	expect(&saved, "tcpledger: saved 1 listener as the baseline, in %s\n", path);
	assert_lines(run.err, saved.text);
	assert_baseline(BASELINE_HEADER COLUMNS NAMED_LINE);
	free_run(&run);
}

/* What was not read whole is told, and no baseline. */
static void test_half_read_is_not_saved(void **state)
{
	(void)state;
	host.unreadable = NETNS_HOME;
	host.unreadable_err = -EACCES;
	host.unreadable_protocol = PROTOCOL_COUNT;
	assert_compared("-u", STATUS_FAILED, "udp   127.0.0.1:53       this host only -       -\n",
			"tcpledger: the sockets of network namespace 1000 cannot be read: Permission denied\n"
			"tcpledger: 1 listener: 1 this host only\n");
	assert_int_equal(access(path, F_OK), -1);
}

static void test_no_baselines(void **state)
{
	(void)state;
	write_baseline("tcp 0.0.0.0\n");
	assert_compared("-u", STATUS_WRONG_USE, "",
			"tcpledger: --baseline %s, line 2: there are 2 words, and must be 9\n");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_compared("-u", STATUS_WRONG_USE, "", "tcpledger: --baseline %s: it cannot be read: Is a directory\n");
	rmdir(path);
	write_baseline("");
	assert_int_equal(truncate(path, (8 << 20) + 1), 0);
	assert_compared("-u", STATUS_WRONG_USE, "",
			"tcpledger: --baseline %s: the file has more than 8388608 bytes: it is no baseline\n");
}

/* A symbolic link is followed to read a baseline, and not to save one. */
static void test_symbolic_links(void **state)
{
	char target[80];

	(void)state;
	snprintf(target, sizeof(target), "%s/target", folder);
	write_baseline(NAMED_LINE);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink("target", path), 0);
	assert_compared("-u", STATUS_DONE, "udp   127.0.0.1:53       this host only -       -\n",
			"tcpledger: 1 listener: 1 this host only; since the baseline 0 new, 0 changed, 0 gone\n");
	assert_compared(
		"-u --save", STATUS_WRONG_USE, "",
		"tcpledger: --baseline %s: it is a symbolic link, and saving follows none: give the file itself, target\n");
	unlink(target);
	assert_compared(
		"-u", STATUS_WRONG_USE, "",
		"tcpledger: --baseline %s: it is a symbolic link, and saving follows none: give the file itself, target\n");
}

static void test_baseline_that_cannot_be_saved(void **state)
{
	(void)state;
	assert_int_equal(rmdir(folder), 0);
	assert_compared("-u", STATUS_FAILED, "udp   127.0.0.1:53       this host only -       -\n",
			"tcpledger: 1 listener: 1 this host only\n"
			"tcpledger: --baseline %s: it cannot be saved: No such file or directory\n");
	assert_int_equal(mkdir(folder, 0700), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_findings, open_full_host),
		cmocka_unit_test_setup(test_policy, open_full_host),
		cmocka_unit_test_setup(test_unknown_owners, open_full_host),
		cmocka_unit_test_setup(test_left_out, open_full_host),
		cmocka_unit_test_setup(test_interfaces, open_full_host),
		cmocka_unit_test_setup(test_namespaces_and_containers, open_full_host),
		cmocka_unit_test_setup(test_holders_that_cannot_be_found, open_full_host),
		cmocka_unit_test_setup(test_process_that_is_not_there, open_full_host),
		cmocka_unit_test_setup(test_json, open_full_host),
		cmocka_unit_test_setup(test_who_it_is, open_full_host),
		cmocka_unit_test_setup(test_table_of_ports, open_full_host),
		cmocka_unit_test_setup_teardown(test_first_baseline, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_differences, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_what_was_not_looked_at, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_unknown_namespace_without_privilege, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_saving_carries_over, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_alike_listeners, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_gone_listener_as_json, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_output_that_cannot_be_written, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_half_read_is_not_saved, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_no_baselines, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_symbolic_links, open_folder, close_folder),
		cmocka_unit_test_setup_teardown(test_baseline_that_cannot_be_saved, open_folder, close_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
