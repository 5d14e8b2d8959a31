// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the objects of JSON that `fds` prints.
 */
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "fds_json.h"
#include "named_netns.h"
#include "shown.h"

enum { HOST_NETNS = 999, OTHER_NETNS = 1001 };

static const char *find_interface(void *context, uint32_t netns, uint32_t index)
{
	(void)context;
	assert_int_equal(netns, SHOWN_NETNS);
	return index == 2 ? "eth0" : NULL;
}

static const struct named_netns namespaces[] = {{HOST_NETNS, ""}, {SHOWN_NETNS, "blue"}, {0, NULL}};
static const struct netns_finder finder = NAMED_FINDER(namespaces);
static const struct socket_namer namer = {.interface = find_interface};
static const struct process_facts process = {.pid = 12, .comm = "c\"at", .netns = SHOWN_NETNS};

static struct identity *identity; /* of the process; NULL: not known */

static char *put_descriptor(const struct process_facts *facts, const struct descriptor *descriptor)
{
	struct descriptor copy = *descriptor;
	const struct descriptors descriptors = {.all = &copy, .count = 1};
	struct capture capture = capture_open();
	const struct netns_view netns = {.names = netns_names_new(&finder), .home = HOST_NETNS};
	const struct descriptor_view view = {.namer = &namer, .netns = &netns, .home = SHOWN_NETNS, .now_ns = 1};
	char *text;

	assert_non_null(netns.names);
	fds_json_put(facts, identity, &descriptors, &view, capture.output);
	text = capture_take(&capture);
	netns_names_free(netns.names);
	capture_close(&capture);
	return text;
}

static void assert_json(const char *got, const char *wanted)
{
	struct capture capture = capture_open();

	output_text(capture.output, got);
	assert_shown_json(&capture, wanted);
	capture_close(&capture);
}

static void assert_object(const struct process_facts *facts, const struct descriptor *descriptor, const char *wanted)
{
	char *text = put_descriptor(facts, descriptor);

	assert_json(text, wanted);
	free(text);
}

/* Asserts the members that stand behind those which all kinds have, the last of which is "locks". */
static void assert_details(const struct descriptor *descriptor, const char *wanted)
{
	char *text = put_descriptor(&process, descriptor), *locks = strstr(text, "\"locks\":");

	assert_non_null(locks);
	locks += strcspn(locks, ",}");
	assert_json(locks + (*locks == ','), wanted);
	free(text);
}

struct detailed {
	struct descriptor descriptor;
	const char *wanted;
};

static void assert_all_details(const struct detailed *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_details(&cases[i].descriptor, cases[i].wanted);
}

/* ---- the members of all kinds ---- */

static void test_file(void **state)
{
	static char path[] = "/tmp/a\"";
	struct descriptor file = {.fd = 3,
				  .kind = KIND_FILE,
				  .access = ACCESS_READ,
				  .flags = O_APPEND | O_CLOEXEC,
				  .flags_known = true,
				  .name = path,
				  .inode = 99,
				  .device = makedev(254, 1),
				  .has_size = true,
				  .size = 100,
				  .position = 7,
				  .locks = 2};
	const struct process_facts thread = {.pid = 12, .tid = 13, .own_table = true, .comm = "cat"};
	const struct process_facts shared = {.pid = 12, .tid = 13, .comm = "cat"};

	(void)state;
	assert_object(&process, &file,
		      "{'type':'descriptor','pid':12,'tid':null,'comm':'c\\'at'," NOT_IDENTIFIED
		      ",'fd':3,'kind':'file','access':'r',"
		      "'flags':['append','cloexec'],'path':'/tmp/a\\'','deleted':false,'inode':99,'dev':'254:1',"
		      "'size':100,'pos':7,'locks':2}\n");
	file.deleted = true;
	file.flags = 0;
	file.size = 0;
	file.position = 0;
	file.locks = 0;
	assert_object(
		&thread, &file,
		"{'type':'descriptor','pid':12,'tid':13,'comm':'cat'," NOT_IDENTIFIED
		",'fd':3,'kind':'file','access':'r',"
		"'flags':[],'path':'/tmp/a\\'','deleted':true,'inode':99,'dev':'254:1','size':0,'pos':0,'locks':0}\n");
	file = (struct descriptor){.fd = 0, .kind = KIND_FILE, .position = -1};
	assert_object(
		&shared, &file,
		"{'type':'descriptor','pid':12,'tid':null,'comm':'cat'," NOT_IDENTIFIED
		",'fd':0,'kind':'file','access':null,"
		"'flags':null,'path':null,'deleted':null,'inode':null,'dev':'0:0','size':null,'pos':null,'locks':0,"
		"'name':null}\n");
}

static void test_who_it_is(void **state)
{
	static char exe[] = "/bin/c\"at", cmdline[] = "cat \x1b -";
	const struct descriptor file = {.fd = 0, .kind = KIND_FILE, .position = -1};
	struct identity known = {.lineage = {.ppid = 7, .pcomm = "sh"}, .exe = exe, .cmdline = cmdline};

	(void)state;
	identity = &known;
	assert_object(
		&process, &file,
		"{'type':'descriptor','pid':12,'tid':null,'comm':'c\\'at','ppid':7,'pcomm':'sh','exe':'/bin/c\\'at',"
		"'cmdline':'cat \\u001b -','unit':null,'container':null,'fd':0,'kind':'file','access':null,"
		"'flags':null,'path':null,'deleted':null,'inode':null,'dev':'0:0','size':null,'pos':null,'locks':0,"
		"'name':null}\n");
	identity = NULL;
	free(known.json);
}

/* What is registered with an io_uring has no descriptor, and no fdinfo that would tell more of it. */
static void test_registered_file(void **state)
{
	static char path[] = "/tmp/a";
	const struct descriptor file = {
		.fd = 4, .ring = 6, .kind = KIND_FILE, .name = path, .deleted = true, .position = -1};

	(void)state;
	assert_object(&process, &file,
		      "{'type':'descriptor','pid':12,'tid':null,'comm':'c\\'at'," NOT_IDENTIFIED
		      ",'fd':null,'ring':5,'slot':4,'kind':'file',"
		      "'access':null,'flags':null,'path':'/tmp/a','deleted':null,'inode':null,'dev':null,'size':null,"
		      "'pos':null,'locks':null}\n");
}

/* ---- special files, names ---- */

static void test_special_files(void **state)
{
	static char tty[] = "/dev/ptmx", net[] = "net:[1000]", user[] = "user:[1000]", nets[] = "nets:[1]",
		    foo[] = "foo:[1000]", colon[] = ":[1]", memory[] = "/memfd:x";
	const struct detailed cases[] = {
		{{.kind = KIND_BLOCK, .name = tty, .special = makedev(254, 16), .detailed = true},
		 "'device':'254:16','terminal':null,'interface':null}\n"},
		{{.kind = KIND_CHARACTER, .name = tty, .special = makedev(5, 2)},
		 "'device':'5:2','terminal':null,'interface':null}\n"},
		{{.kind = KIND_CHARACTER, .name = tty, .detailed = true, .character = {.terminal = 0}},
		 "'device':'0:0','terminal':0,'interface':null}\n"},
		{{.kind = KIND_CHARACTER,
		  .name = tty,
		  .detailed = true,
		  .character = {.terminal = -1, .interface = "tun0"}},
		 "'device':'0:0','terminal':null,'interface':'tun0'}\n"},
		{{.kind = KIND_NAMESPACE, .name = net, .inode = SHOWN_NETNS},
		 "'namespace':'net','netns':1000,'netns_name':'blue'}\n"},
		{{.kind = KIND_NAMESPACE, .name = net, .inode = UINT32_MAX},
		 "'namespace':'net','netns':4294967295,'netns_name':null}\n"},
		{{.kind = KIND_NAMESPACE, .name = net, .inode = (1ULL << 32) + SHOWN_NETNS}, "'namespace':'net'}\n"},
		{{.kind = KIND_NAMESPACE, .name = user, .inode = SHOWN_NETNS}, "'namespace':'user'}\n"},
		{{.kind = KIND_NAMESPACE, .name = nets, .inode = SHOWN_NETNS}, "'namespace':'nets'}\n"},
		{{.kind = KIND_NAMESPACE, .name = foo, .inode = SHOWN_NETNS}, "'namespace':'foo'}\n"},
		{{.kind = KIND_NAMESPACE, .name = colon}, "'namespace':null}\n"},
		{{.kind = KIND_NAMESPACE}, "'namespace':null}\n"},
		{{.kind = KIND_MEMFD, .name = memory}, "'name':'/memfd:x'}\n"},
		{{.kind = KIND_DMA_BUF, .dma_buf = {.exporter = "drm", .label = "a"}},
		 "'exporter':'drm','name':'a'}\n"},
		{{.kind = KIND_DMA_BUF}, "'exporter':null,'name':null}\n"},
	};

	(void)state;
	assert_all_details(cases, COUNT_OF(cases));
}

/* ---- pipes ---- */

static void test_pipes(void **state)
{
	static struct other_holder others[] = {
		{.owner = {.pid = 7, .fd = 1, .comm = "cat"}, .access = ACCESS_WRITE},
		{.owner = {.pid = 8, .fd = -2, .comm = "x"}, .access = ACCESS_UNKNOWN, .tid = 9}};
	static char path[] = "/tmp/f";
	const struct detailed cases[] = {
		{{.kind = KIND_PIPE,
		  .access = ACCESS_READ,
		  .others = others,
		  .other_count = 2,
		  .others_complete = true},
		 "'other_end':'open','others':[{'pid':7,'comm':'cat','fd':1,'access':'w'},"
		 "{'pid':8,'tid':9,'comm':'x','fd':null,'ring':0,'slot':0,'access':null}],'others_complete':true}\n"},
		{{.kind = KIND_FIFO, .name = path, .access = ACCESS_READ, .other_end = TRISTATE_NO},
		 "'other_end':'closed','others':[],'others_complete':false}\n"},
		{{.kind = KIND_PIPE, .access = ACCESS_READ}, "'other_end':null,'others':[],'others_complete':false}\n"},
	};

	(void)state;
	assert_all_details(cases, COUNT_OF(cases));
}

/* ---- sockets ---- */

#define NO_TUPLE     "'family':null,'laddr':null,'lport':null,'raddr':null,'rport':null,"
#define NO_INTERFACE "'interface':null,'ifindex':null,'v6only':null,"
#define NOT_FOUND    "'recvq':null,'sendq':null,'uid':null,'cookie':null,"
#define NO_OTHERS    "'others':[],'others_complete':false}\n"

static void assert_socket(const struct socket_end *end, const char *wanted)
{
	const struct descriptor descriptor = {.kind = KIND_SOCKET, .inode = 4711, .socket = *end};

	assert_details(&descriptor, wanted);
}

static void test_inet_socket(void **state)
{
	struct socket socket = inet_socket(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 80, "0.0.0.0", 0);

	(void)state;
	socket.recvq = 1;
	socket.sendq = 2;
	socket.uid = 33;
	socket.cookie = 0x1f;
	socket.tuple.interface = 2;
	assert_socket(&(struct socket_end){.found = &socket, .protocol = "tcpv6"},
		      "'proto':'tcp','netns':1000,'netns_name':'blue','family':4,'laddr':'10.0.0.1','lport':80,"
		      "'raddr':'0.0.0.0','rport':0,'interface':'eth0','ifindex':2,'interface_known':true,'v6only':null,"
		      "'state':'LISTEN','recvq':1,'sendq':2,'uid':33,'cookie':'1f'," NO_OTHERS);
	socket = inet_socket(PROTOCOL_UDP, STATE_CLOSE, "::", 53, "::", 0);
	socket.tuple.netns = OTHER_NETNS;
	assert_socket(&(struct socket_end){.found = &socket},
		      "'proto':'udp','netns':1001,'netns_name':null,'family':6,'laddr':'::','lport':53,"
		      "'raddr':'::','rport':0,'interface':null,'ifindex':null,'interface_known':true,'v6only':null,"
		      "'state':'UNCONN','recvq':0,'sendq':0,'uid':null,'cookie':null," NO_OTHERS);
}

static void test_path_of_a_unix_socket(void **state)
{
	const struct socket socket = {.protocol = PROTOCOL_UNIX, .path = "/run/x", .path_length = 6};
	const struct descriptor bound = {.kind = KIND_SOCKET, .socket.found = &socket};
	char *text = put_descriptor(&process, &bound);

	(void)state;
	assert_non_null(strstr(text, "\"path\":\"/run/x\",\"deleted\":null,"));
	free(text);
}

static void test_unix_socket(void **state)
{
	static const struct owner owner = {.pid = 1, .fd = 3, .comm = "systemd"};
	struct socket socket = {.protocol = PROTOCOL_UNIX,
				.unix_type = UNIX_STREAM,
				.state = STATE_ESTABLISHED,
				.inode = 4711,
				.peer_inode = 4712,
				.uid = UID_UNKNOWN,
				.recvq = QUEUE_UNKNOWN,
				.sendq = 3,
				.tuple.netns = SHOWN_NETNS};
	const struct socket peer = {.protocol = PROTOCOL_UNIX, .path = "\0abs", .path_length = 4};

	(void)state;
	assert_socket(
		&(struct socket_end){.found = &socket, .peer = &peer, .peer_owners = &owner, .peer_owner_count = 1},
		"'proto':'unix','netns':1000,'netns_name':'blue'," NO_TUPLE NO_INTERFACE
		"'state':'ESTABLISHED','recvq':null,'sendq':3,'uid':null,'cookie':null,"
		"'unix_type':'stream','peer_inode':4712,'peer_path':'@abs',"
		"'peers':[{'pid':1,'comm':'systemd','fd':3}]," NO_OTHERS);
	socket.peer_inode = 0;
	assert_socket(&(struct socket_end){.found = &socket},
		      "'proto':'unix','netns':1000,'netns_name':'blue'," NO_TUPLE NO_INTERFACE
		      "'state':'ESTABLISHED','recvq':null,'sendq':3,'uid':null,'cookie':null,"
		      "'unix_type':'stream','peer_inode':null,'peer_path':null,'peers':[]," NO_OTHERS);
}

static void test_sockets_of_other_families(void **state)
{
	static const struct {
		struct socket_end end;
		const char *wanted;
	} cases[] = {
		{{.protocol = "packet",
		  .has_numbers = true,
		  .family_protocol = ETH_P_IP,
		  .family_port = 2,
		  .family_netns = SHOWN_NETNS},
		 "'proto':'packet','netns':1000,'netns_name':'blue'," NO_TUPLE "'state':null," NOT_FOUND
		 "'ethertype':2048,'interface':'eth0','ifindex':2," NO_OTHERS},
		{{.protocol = "packet", .has_numbers = true, .family_netns = SHOWN_NETNS},
		 "'proto':'packet','netns':1000,'netns_name':'blue'," NO_TUPLE "'state':null," NOT_FOUND
		 "'ethertype':0,'interface':null,'ifindex':null," NO_OTHERS},
		{{.protocol = "packet"},
		 "'proto':'packet','netns':null,'netns_name':null," NO_TUPLE NO_INTERFACE
		 "'state':null," NOT_FOUND NO_OTHERS},
		{{.protocol = "netlink",
		  .has_numbers = true,
		  .family_protocol = NETLINK_SOCK_DIAG,
		  .family_port = 42,
		  .family_groups = 17,
		  .family_netns = OTHER_NETNS},
		 "'proto':'netlink','netns':1001,'netns_name':null," NO_TUPLE NO_INTERFACE "'state':null," NOT_FOUND
		 "'netlink_protocol':4,'netlink_name':'sock_diag','netlink_port':42,'netlink_groups':17," NO_OTHERS},
		{{.protocol = "netlink", .has_numbers = true, .family_protocol = 31, .family_netns = OTHER_NETNS},
		 "'proto':'netlink','netns':1001,'netns_name':null," NO_TUPLE NO_INTERFACE "'state':null," NOT_FOUND
		 "'netlink_protocol':31,'netlink_name':null,'netlink_port':0,'netlink_groups':0," NO_OTHERS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_socket(&cases[i].end, cases[i].wanted);
}

static void test_sockets_in_no_table(void **state)
{
	static const struct {
		struct socket_end end;
		const char *protocol, *tcp_state;
	} cases[] = {
		{{.protocol = "tcp", .unlisted = true}, "'tcp'", "'CLOSE'"},
		{{.protocol = "tcp"}, "'tcp'", "null"},
		{{.protocol = "tcpv6", .unlisted = true}, "'tcp'", "'CLOSE'"},
		{{.protocol = "udpv6", .unlisted = true}, "'udp'", "null"},
		{{.protocol = "rawv6"}, "'raw'", "null"},
		{{.protocol = "unix-stream"}, "'unix'", "null"},
		{{.protocol = "vsock"}, "'vsock'", "null"},
		{{.protocol = ""}, "null", "null"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct expected expected = {0};

		expect(&expected,
		       "'proto':%s,'netns':null,'netns_name':null," NO_TUPLE NO_INTERFACE
		       "'state':%s," NOT_FOUND NO_OTHERS,
		       cases[i].protocol, cases[i].tcp_state);
		assert_socket(&cases[i].end, expected.text);
	}
}

/* ---- what the kernel has of its own ---- */

static void test_watches(void **state)
{
	static struct watch sockets[] = {
		{.target = WATCH_DESCRIPTOR,
		 .number = 5,
		 .events = EPOLLIN | EPOLLET,
		 .inode = 99,
		 .major = 0,
		 .minor = 8},
		{.target = WATCH_DESCRIPTOR, .number = 6, .stale = true},
	};
	static struct watch files[] = {
		{.target = WATCH_INODE, .number = 1, .inode = 99, .major = 254, .minor = 1, .events = IN_OPEN}};
	static struct watch marks[] = {
		{.target = WATCH_MOUNT, .object = 29, .events = FAN_OPEN | FAN_ONDIR},
		{.target = WATCH_FILE_SYSTEM, .inode = 2, .major = 254, .minor = 1},
		{.target = WATCH_NAMESPACE, .object = 4026531841},
		{.target = WATCH_INODE, .major = 254, .minor = 2},
	};
	const struct detailed cases[] = {
		{{.kind = KIND_EPOLL}, "'watches':[]}\n"},
		{{.kind = KIND_EPOLL, .watches = sockets, .watch_count = 2},
		 "'watches':[{'fd':5,'dev':'0:8','inode':99,'events':['IN','ET'],'stale':false},"
		 "{'fd':6,'dev':'0:0','inode':null,'events':[],'stale':true}]}\n"},
		{{.kind = KIND_INOTIFY, .watches = files, .watch_count = 1},
		 "'watches':[{'wd':1,'dev':'254:1','inode':99,'events':['OPEN']}]}\n"},
		{{.kind = KIND_FANOTIFY, .watches = marks, .watch_count = 4},
		 "'watches':[{'mount':29,'events':['OPEN','ONDIR']},{'dev':'254:1','events':[]},"
		 "{'mount_namespace':4026531841,'events':[]},{'dev':'254:2','inode':null,'events':[]}]}\n"},
	};

	(void)state;
	assert_all_details(cases, COUNT_OF(cases));
}

static void test_details(void **state)
{
	static const struct detailed cases[] = {
		{{.kind = KIND_EVENTFD, .detailed = true}, "'count':0,'semaphore':false}\n"},
		{{.kind = KIND_EVENTFD, .eventfd = {.count = 3, .semaphore = true}},
		 "'count':null,'semaphore':true}\n"},
		{{.kind = KIND_TIMERFD,
		  .detailed = true,
		  .timerfd = {.clock = CLOCK_MONOTONIC, .value_ns = 5, .interval_ns = 6, .ticks = 7}},
		 "'clock':'monotonic','fires_in_ns':5,'interval_ns':6,'ticks':7}\n"},
		{{.kind = KIND_TIMERFD, .detailed = true, .timerfd = {.clock = 99}},
		 "'clock':null,'fires_in_ns':null,'interval_ns':null,'ticks':0}\n"},
		{{.kind = KIND_TIMERFD,
		  .timerfd = {.clock = CLOCK_MONOTONIC, .value_ns = 5, .interval_ns = 6, .ticks = 7}},
		 "'clock':null,'fires_in_ns':null,'interval_ns':null,'ticks':null}\n"},
		{{.kind = KIND_SIGNALFD}, "'signals':[]}\n"},
		{{.kind = KIND_SIGNALFD, .signals = 1ULL << (SIGHUP - 1) | 1ULL << (SIGTERM - 1) | 1ULL << (32 - 1)},
		 "'signals':['SIGHUP','SIGTERM','32']}\n"},
		{{.kind = KIND_PIDFD, .detailed = true, .pidfd = {.pid = 1, .comm = "init"}},
		 "'target_pid':1,'target_comm':'init','target_exited':false}\n"},
		{{.kind = KIND_PIDFD, .detailed = true, .pidfd = {.pid = -1, .comm = "x"}},
		 "'target_pid':null,'target_comm':null,'target_exited':true}\n"},
		{{.kind = KIND_PIDFD, .detailed = true, .pidfd = {.pid = 0, .comm = "x"}},
		 "'target_pid':null,'target_comm':null,'target_exited':null}\n"},
		{{.kind = KIND_PIDFD, .pidfd = {.pid = 1, .comm = "init"}},
		 "'target_pid':null,'target_comm':null,'target_exited':null}\n"},
		{{.kind = KIND_BPF_MAP, .detailed = true, .bpf = {.type_name = "hash", .id = 7}},
		 "'bpf_id':7,'bpf_type':'hash'}\n"},
		{{.kind = KIND_BPF_PROG, .bpf = {.id = 7}}, "'bpf_id':null,'bpf_type':null}\n"},
		{{.kind = KIND_BPF_LINK, .detailed = true, .bpf = {.id = 8}}, "'bpf_id':8,'bpf_type':null}\n"},
		{{.kind = KIND_IO_URING,
		  .detailed = true,
		  .io_uring = {.entries = 8, .slots_told = true, .whole = true}},
		 "'entries':8,'slots':0,'files_complete':true}\n"},
		{{.kind = KIND_IO_URING, .io_uring = {.entries = 8, .slots = 2}},
		 "'entries':null,'slots':null,'files_complete':false}\n"},
	};

	(void)state;
	assert_all_details(cases, COUNT_OF(cases));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_who_it_is),
		cmocka_unit_test(test_registered_file),
		cmocka_unit_test(test_special_files),
		cmocka_unit_test(test_pipes),
		cmocka_unit_test(test_inet_socket),
		cmocka_unit_test(test_path_of_a_unix_socket),
		cmocka_unit_test(test_unix_socket),
		cmocka_unit_test(test_sockets_of_other_families),
		cmocka_unit_test(test_sockets_in_no_table),
		cmocka_unit_test(test_watches),
		cmocka_unit_test(test_details),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
