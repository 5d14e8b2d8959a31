// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "list_words.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "log.h"

#define PATIENCE_NS (2 * NS_PER_SEC)

static const char *service(void *context, enum protocol protocol, uint16_t port)
{
	return services_name(((struct list_words *)context)->services, protocol, port);
}

static const char *host(void *context, const struct address *address, uint8_t family)
{
	return resolver_name(((struct list_words *)context)->resolver, address, family);
}

static const char *cgroup(void *context, uint64_t id)
{
	return cgroups_path(((struct list_words *)context)->cgroups, id);
}

static const struct netns *find_netns(const struct list_words *words, uint32_t inode)
{
	for (size_t i = 0; words->namespaces && i < words->namespaces->count; i++)
		if (words->namespaces->all[i].inode == inode)
			return &words->namespaces->all[i];
	return NULL;
}

/* Each namespace has its own numbers of interfaces. */
static bool name_interface(const struct list_words *words, uint32_t inode, uint32_t index, char *name)
{
	CLEANUP(cleanup_close) int home = -1;
	const struct netns *netns;
	bool named;

	if (inode == netns_home())
		return if_indextoname(index, name);
	netns = find_netns(words, inode);
	if (!netns || netns_enter(netns, &home))
		return false;
	named = if_indextoname(index, name);
	netns_return(home);
	return named;
}

static const char *interface(void *context, uint32_t netns, uint32_t index)
{
	struct list_words *words = context;

	if (words->interface != index || words->interface_netns != netns) {
		words->interface = index;
		words->interface_netns = netns;
		if (!name_interface(words, netns, index, words->interface_name))
			words->interface_name[0] = '\0';
	}
	return words->interface_name[0] ? words->interface_name : NULL;
}

int list_words_open(struct list_words *words, const struct list_wishes *wishes)
{
	*words = (struct list_words){.namespaces = wishes->namespaces};
	words->words = (struct socket_words){.interface = interface, .context = words};
	if (wishes->services) {
		words->services = services_read();
		words->words.service = service;
	}
	if (wishes->hosts) {
		words->resolver = resolver_new(PATIENCE_NS);
		words->words.host = host;
	}
	if (wishes->cgroups) {
		words->cgroups = cgroups_read();
		words->words.cgroup = cgroup;
	}
	if ((wishes->services && !words->services) || (wishes->hosts && !words->resolver) ||
	    (wishes->cgroups && !words->cgroups)) {
		list_words_close(words);
		return -ENOMEM;
	}
	return 0;
}

void list_words_close(struct list_words *words)
{
	services_free(words->services);
	resolver_free(words->resolver);
	cgroups_free(words->cgroups);
	memset(words, 0, sizeof(*words));
}

void list_words_expect(struct list_words *words, const struct socket *socket)
{
	const struct tuple *tuple = &socket->tuple;

	if (!words->resolver || socket->protocol == PROTOCOL_UNIX)
		return;
	if (!address_is_any(&tuple->laddr))
		resolver_ask(words->resolver, &tuple->laddr, tuple->family);
	if (!address_is_any(&tuple->raddr))
		resolver_ask(words->resolver, &tuple->raddr, tuple->family);
}

void list_words_renew(struct list_words *words)
{
	struct cgroups *now = words->cgroups ? cgroups_read() : NULL;

	words->interface = 0;
	if (!now)
		return;
	cgroups_free(words->cgroups);
	words->cgroups = now;
}

void list_words_warn(const struct list_words *words)
{
	size_t count = words->resolver ? resolver_unanswered(words->resolver) : 0;

	if (count)
		log_warning("%zu %s had no name within 2 seconds: the name server does not answer, or not in time",
			    count, count == 1 ? "address" : "addresses");
}
