/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A host that a test makes up, in place of the sources that look at this one: its network namespaces, its sockets and
 * who holds them, its names. What is read of /proc/PID is that of this host.
 */
#include <errno.h>

#include "cgroups.h"
#include "holders.h"
#include "identity.h"
#include "interface_finder.h"
#include "netns.h"
#include "port_facts.h"
#include "process.h"
#include "resolver.h"
#include "services.h"
#include "shown.h"
#include "sockets.h"
#include "sysctl.h"
#include "users.h"

/* The namespace of this process, which is the host's own, and one that is called "blue". */
enum { NETNS_HOME = SHOWN_NETNS, NETNS_BLUE = 1001 };

enum { HOST_SOCKETS_MAX = 8, HOST_HELD_MAX = 8 };

struct held {
	uint32_t inode;
	struct owner owners[2];
};

/* Who a process is that has a number. */
struct known_identity {
	uint32_t pid;
	struct identity identity;
};

static struct made_up_host {
	struct socket sockets[HOST_SOCKETS_MAX];
	size_t socket_count;
	struct held held[HOST_HELD_MAX];            /* up to an inode of 0 */
	struct known_identity known[HOST_HELD_MAX]; /* up to a pid of 0 */
	bool identified;                            /* who the holders are has been asked for */
	uint64_t round;                             /* of asking */
	enum holder_gap gap;
	int holders_err;     /* of finding the holders */
	uint32_t unreadable; /* the inode of a namespace whose sockets cannot be read; 0: there is none */
	int unreadable_err;  /* a negative errno */
	enum protocol unreadable_protocol;
	int netns_err;              /* of finding the namespaces */
	int netns_files_err;        /* of reading /run/netns */
	size_t unanswered;          /* host names that did not come in time */
	uint32_t contained;         /* the pid of a process in a container; 0: there is none */
	unsigned int asked;         /* host names that were asked for */
	bool hides_bound;           /* the kernel does not list sockets that are only bound */
	unsigned int looks;         /* for namespaces */
	unsigned int blue_from;     /* the look that is the first to find "blue" */
	bool has_no_blue;           /* "blue" has gone, but for its name */
	bool has_no_files;          /* under /run/netns */
	unsigned int cgroup_looks;  /* for control groups */
	uint64_t interface_cost_ns; /* of looking up the name of an interface */
	uint64_t spent_ns;          /* on that so far */
	size_t copies;              /* of the first socket, beside itself */
	struct port_facts facts;    /* of a port; its range is 32768 to 60999 */
	unsigned int tried;         /* the families in which UDP was tried with SO_REUSEADDR */
	uint32_t inside;            /* the namespace that was entered last */
} host;

static inline int renew_host(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOST_HELD_MAX; i++)
		free(host.known[i].identity.json);
	host = (struct made_up_host){0};
	return 0;
}

static inline struct identity *find_host_identity(uint32_t pid)
{
	for (size_t i = 0; i < HOST_HELD_MAX; i++)
		if (pid && host.known[i].pid == pid)
			return &host.known[i].identity;
	return NULL;
}

static inline struct socket *add_host_socket(struct socket socket)
{
	assert_true(host.socket_count < HOST_SOCKETS_MAX);
	host.sockets[host.socket_count] = socket;
	return &host.sockets[host.socket_count++];
}

/* ---- network namespaces (netns.h) ---- */

int netns_discover(struct netns_list *list)
{
	bool has_blue = ++host.looks >= host.blue_from && !host.has_no_blue;

	if (host.netns_err)
		return host.netns_err;
	*list = (struct netns_list){.all = calloc(2, sizeof(*list->all)), .count = has_blue ? 2 : 1, .room = 2};
	assert_non_null(list->all);
	list->all[0] = (struct netns){.inode = NETNS_HOME, .fd = -1};
	list->all[1] = (struct netns){.inode = NETNS_BLUE, .fd = -1}; /* perhaps behind the end of the list */
	list->err = host.netns_files_err;
	return 0;
}

void netns_list_free(struct netns_list *list)
{
	free(list->all);
	*list = (struct netns_list){0};
}

void netns_list_keep(struct netns_list *list, uint32_t inode)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].inode == inode)
			list->all[0] = list->all[i];
	list->count = list->count && list->all[0].inode == inode;
}

struct netns *netns_list_find(const struct netns_list *list, uint32_t inode)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->all[i].inode == inode)
			return &list->all[i];
	return NULL;
}

int netns_open_table(const struct netns *netns, const char *table)
{
	(void)netns;
	(void)table;
	return -ENOENT;
}

int netns_run_inside(const struct netns *netns, netns_work *work, void *context)
{
	if (netns->inode == host.unreadable)
		return host.unreadable_err;
	host.inside = netns->inode;
	return work(context);
}

bool netns_may_enter(void)
{
	return true;
}

int netns_each_task(bool threads, netns_task_handler *handler, void *context)
{
	(void)threads;
	return handler(context, NETNS_HOME, getpid());
}

int netns_each_file(netns_file_handler *handler, void *context)
{
	int fd = -1;

	return host.has_no_files ? 0 : handler(context, NETNS_BLUE, "blue", &fd);
}

int netns_of_file(const char *name, uint32_t *inode)
{
	if (strcmp(name, "blue") != 0)
		return -ENOENT;
	*inode = NETNS_BLUE;
	return 0;
}

int netns_of_process(uint32_t pid, uint32_t *inode)
{
	(void)pid;
	(void)inode;
	return -ENOENT;
}

uint32_t netns_home(void)
{
	return NETNS_HOME;
}

uint32_t netns_host(void)
{
	return NETNS_HOME;
}

/* ---- sockets (sockets.h) ---- */

/* True where the kernel would list the socket. */
static inline bool is_asked_for(const struct socket_query *query, const struct socket *socket)
{
	bool bound = socket->protocol == PROTOCOL_TCP && socket->state == STATE_CLOSE;

	if (!(query->protocols >> socket->protocol & 1) || !(query->states >> socket->state & 1))
		return false;
	if (bound && !query->bound)
		return false;
	return socket->protocol == PROTOCOL_UNIX || (socket->tuple.family == 4 ? query->ipv4 : query->ipv6);
}

int sockets_each(const struct netns *netns, enum socket_source source, const struct socket_query *query,
		 socket_handler *handler, void *context, enum protocol *failed)
{
	int err = 0;

	(void)source;
	assert_true(netns->inode == NETNS_HOME || netns->inode == NETNS_BLUE);
	for (size_t i = 0; i < host.copies && !err; i++)
		err = handler(context, &host.sockets[0]);
	for (size_t i = 0; i < host.socket_count && !err; i++) {
		struct socket socket = host.sockets[i];

		if (socket.tuple.netns != netns->inode || !is_asked_for(query, &socket))
			continue;
		if (!query->internals)
			socket.details.info = NULL;
		err = handler(context, &socket);
	}
	if (err || netns->inode != host.unreadable)
		return err;
	if (failed)
		*failed = host.unreadable_protocol;
	return host.unreadable_err;
}

bool sockets_bound_are_listed(void)
{
	return !host.hides_bound;
}

struct netns sockets_here(void)
{
	return (struct netns){.inode = host.inside ? host.inside : NETNS_HOME, .fd = -1};
}

/* ---- who holds them (holders.h) ---- */

struct holders {
	int unused;
};

int holders_find(enum holder_source source, struct holders **out)
{
	static struct holders all;

	(void)source;
	host.identified = false;
	if (!host.holders_err)
		*out = &all;
	return host.holders_err;
}

void holders_free(struct holders *holders)
{
	(void)holders;
}

void holders_identify(struct holders *holders, struct identities *identities, uint64_t round)
{
	assert_non_null(holders);
	assert_non_null(identities);
	host.identified = true;
	host.round = round;
}

const struct owner *holders_of(const struct holders *holders, uint32_t inode, size_t *count)
{
	assert_non_null(holders);
	*count = 0;
	for (size_t i = 0; inode && i < HOST_HELD_MAX; i++) {
		if (host.held[i].inode != inode)
			continue;
		*count = host.held[i].owners[1].pid ? 2 : 1;
		for (size_t owner = 0; owner < *count && host.identified; owner++)
			host.held[i].owners[owner].identity = find_host_identity(host.held[i].owners[owner].pid);
		return host.held[i].owners;
	}
	return NULL;
}

enum holder_gap holders_gap(const struct holders *holders)
{
	assert_non_null(holders);
	return host.gap;
}

size_t holders_denied(const struct holders *holders)
{
	(void)holders;
	return host.gap == HOLDERS_DENIED;
}

const char *holders_remedy(enum holder_gap gap)
{
	return gap == HOLDERS_DENIED ? "run as root" : gap == HOLDERS_HIDDEN ? "remount /proc" : "no remedy";
}

/* ---- processes by their pid (process.h) ---- */

uint32_t process_self(void)
{
	return (uint32_t)getpid();
}

uint32_t process_this_thread(void)
{
	return (uint32_t)gettid();
}

uint32_t process_namespace(void)
{
	return 1;
}

bool process_numbers_are_kernels(void)
{
	return true;
}

bool process_numbers_are_for_calls(void)
{
	return true;
}

bool process_is_in_first_namespace(void)
{
	return true;
}

bool process_is_gone(uint32_t pid)
{
	(void)pid;
	return false;
}

bool process_container(uint32_t pid, struct container *out)
{
	return pid == host.contained && container_of_path("/docker/0123456789abcdef0123456789abcdef0123456789abcdef"
							  "0123456789abcdef",
							  out);
}

/* ---- names ---- */

/* Interface 2 has a name in each namespace. */
int interface_read_name(const struct netns *netns, uint32_t index, char name[INTERFACE_NAME_SIZE])
{
	if (index != 2)
		return -ENXIO;
	strcpy(name, netns->inode == NETNS_HOME ? "eth0" : "veth0");
	return 0;
}

bool interface_may_exist(const char *name)
{
	return !strcmp(name, "eth0") || !strcmp(name, "veth0");
}

static uint64_t interfaces_now(void *context)
{
	(void)context;
	return 1;
}

static bool find_interface_name(void *context, uint32_t netns, uint32_t index, uint32_t pid,
				char name[INTERFACE_NAME_SIZE])
{
	(void)context;
	(void)pid;
	host.spent_ns += host.interface_cost_ns;
	return interface_read_name(&(struct netns){.inode = netns}, index, name) == 0;
}

static uint64_t count_spent_time(void *context)
{
	(void)context;
	return host.spent_ns;
}

const struct interface_finder host_interface_finder = {
	.now_ns = interfaces_now, .spent_ns = count_spent_time, .name = find_interface_name};

struct services {
	int unused;
};

struct services *services_read(void)
{
	return calloc(1, sizeof(struct services));
}

void services_free(struct services *services)
{
	free(services);
}

const char *services_name(const struct services *services, enum protocol protocol, uint16_t port)
{
	assert_non_null(services);
	return port == 80 && protocol == PROTOCOL_TCP ? "http" : NULL;
}

int services_find(const char *typed, struct service_ports *ports)
{
	if (strcmp(typed, "http") != 0)
		return -ENOENT;
	*ports = (struct service_ports){.count = 1, .all = {{80, 1u << PROTOCOL_TCP}}};
	return 0;
}

int services_find_protocol(const char *typed, struct service_ports *ports)
{
	(void)typed;
	(void)ports;
	return -ENOENT;
}

bool services_find_nearest(const char *word, char *out, size_t size)
{
	(void)word;
	(void)out;
	(void)size;
	return false;
}

struct users {
	int unused;
};

struct users *users_new(void)
{
	return calloc(1, sizeof(struct users));
}

void users_free(struct users *users)
{
	free(users);
}

const char *users_name(struct users *users, uint32_t uid)
{
	assert_non_null(users);
	return uid == 33 ? "www-data" : NULL;
}

int users_find(const char *typed, uint32_t *uid)
{
	if (strcmp(typed, "www-data") != 0)
		return -ENOENT;
	*uid = 33;
	return 0;
}

struct cgroups {
	unsigned int look; /* the number of the look at which they were read */
};

struct cgroups *cgroups_read(void)
{
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));

	assert_non_null(cgroups);
	cgroups->look = ++host.cgroup_looks;
	return cgroups;
}

void cgroups_free(struct cgroups *cgroups)
{
	free(cgroups);
}

const char *cgroups_path(const struct cgroups *cgroups, uint64_t id)
{
	assert_non_null(cgroups);
	return id != 1 ? NULL : cgroups->look == 1 ? "/system.slice/x.service" : "/system.slice/y.service";
}

struct resolver {
	int unused;
};

struct resolver *resolver_new(uint64_t patience_ns)
{
	assert_int_equal(patience_ns, 2000000000);
	return calloc(1, sizeof(struct resolver));
}

void resolver_free(struct resolver *resolver)
{
	free(resolver);
}

void resolver_ask(struct resolver *resolver, const struct address *address, uint8_t family)
{
	(void)resolver;
	(void)address;
	(void)family;
	host.asked++;
}

const char *resolver_name(struct resolver *resolver, const struct address *address, uint8_t family)
{
	(void)family;
	assert_non_null(resolver);
	return address->bytes[ADDRESS_LEN - 1] == 7 ? "seven.example" : NULL;
}

size_t resolver_unanswered(struct resolver *resolver)
{
	(void)resolver;
	return host.unanswered;
}

/* ---- settings and ports ---- */

/* The value says whether it was read inside of another namespace. */
char *sysctl_read(const char *name)
{
	(void)name;
	return strdup(host.inside ? "inside" : "here");
}

void port_facts_range(uint16_t *low, uint16_t *high)
{
	*low = 32768;
	*high = 60999;
}

uint32_t port_facts_choice(uint16_t low, uint16_t high)
{
	return high - low + 1u;
}

void port_facts_gather(uint16_t port, struct port_facts *out)
{
	(void)port;
	*out = host.facts;
	port_facts_range(&out->ephemeral_low, &out->ephemeral_high);
}

/* All that is tried succeeds. */
void port_facts_try(uint16_t port, uint32_t protocols, unsigned int udp_reuse, struct port_facts *facts)
{
	assert_int_not_equal(port, 0);
	host.tried = udp_reuse;
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++)
		for (unsigned int way = 0; way < PORT_WAYS && protocols >> protocol & 1; way++)
			facts->trials[protocol][way] = (struct bind_trial){0, BIND_UNTRIED};
}
