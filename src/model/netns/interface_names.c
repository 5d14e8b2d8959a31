// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interface_names.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "index.h"
#include "search_credit.h"

enum { MAX_ENTRIES = 8192 };

#define RECHECK_NS    NS_PER_SEC
#define NAME_GRACE_NS (10 * NS_PER_SEC) /* time that a name is kept after it has gone */
#define RETRY_MIN_NS  (200 * NS_PER_MS)
#define RETRY_MAX_NS  (3200 * NS_PER_MS)
#define CREDIT_MAX_NS NS_PER_SEC /* processor time that looking up may take at once, after a quiet time */

struct interface_entry {
	struct link by_key; /* keyed by the namespace and the index */
	char name[INTERFACE_NAME_SIZE];
	uint64_t gone_ns;   /* since when the name is not found any more; 0: it was found */
	uint64_t search_ns; /* when to look it up (again) */
	uint64_t retry_ns;
};

struct interface_names {
	const struct interface_finder *finder;
	struct index by_key;
	bool thrifty;
	struct search_credit credit;
};

static struct interface_entry *entry_of(struct link *link)
{
	return LINK_OWNER(link, struct interface_entry, by_key);
}

static void forget_all(struct interface_names *names)
{
	struct link *link, *next;
	size_t bucket;

	for (link = index_each(&names->by_key, NULL, &bucket); link; link = next) {
		next = index_each(&names->by_key, link, &bucket);
		index_remove(&names->by_key, link);
		free(entry_of(link));
	}
}

struct interface_names *interface_names_new(const struct interface_finder *finder, bool thrifty)
{
	struct interface_names *names = calloc(1, sizeof(*names));

	if (!names || index_init(&names->by_key)) {
		free(names);
		return NULL;
	}
	names->finder = finder;
	names->thrifty = thrifty;
	names->credit = search_credit_new(finder->now_ns(finder->context), CREDIT_MAX_NS);
	return names;
}

void interface_names_free(struct interface_names *names)
{
	if (!names)
		return;
	forget_all(names);
	index_free(&names->by_key);
	free(names);
}

static struct interface_entry *find_or_make_entry(struct interface_names *names, uint64_t key)
{
	struct link *link = index_find(&names->by_key, key);
	struct interface_entry *entry;

	if (link)
		return entry_of(link);
	if (names->by_key.count >= MAX_ENTRIES)
		forget_all(names);
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->retry_ns = RETRY_MIN_NS;
	index_insert(&names->by_key, &entry->by_key, key);
	return entry;
}

/* The longer a name is not found, the rarer it is looked up. */
static void note_missing(struct interface_entry *entry, uint64_t now_ns)
{
	if (*entry->name && !entry->gone_ns)
		entry->gone_ns = now_ns;
	if (entry->gone_ns && now_ns - entry->gone_ns > NAME_GRACE_NS)
		*entry->name = '\0';
	entry->search_ns = now_ns + entry->retry_ns;
	if (entry->retry_ns < RETRY_MAX_NS)
		entry->retry_ns *= 2;
}

static void look_up(struct interface_names *names, struct interface_entry *entry, uint32_t pid)
{
	const struct interface_finder *finder = names->finder;
	uint64_t key = entry->by_key.key, now_ns = finder->now_ns(finder->context), spent_ns;
	char name[INTERFACE_NAME_SIZE];

	if (names->thrifty && !search_credit_is_left(&names->credit, now_ns)) {
		entry->search_ns = now_ns + RETRY_MIN_NS;
		return;
	}
	spent_ns = finder->spent_ns(finder->context);
	if (finder->name(finder->context, (uint32_t)(key >> 32), (uint32_t)key, pid, name)) {
		memcpy(entry->name, name, sizeof(name));
		entry->gone_ns = 0;
		entry->retry_ns = RETRY_MIN_NS;
		entry->search_ns = now_ns + RECHECK_NS;
	} else {
		note_missing(entry, now_ns);
	}
	search_credit_charge(&names->credit, finder->spent_ns(finder->context) - spent_ns);
}

const char *interface_names_find(struct interface_names *names, uint32_t netns, uint32_t index, uint32_t pid,
				 uint64_t ts_ns)
{
	struct interface_entry *entry = find_or_make_entry(names, (uint64_t)netns << 32 | index);

	if (!entry)
		return NULL;
	if (!ts_ns)
		ts_ns = names->finder->now_ns(names->finder->context);
	if (ts_ns >= entry->search_ns)
		look_up(names, entry, pid);
	return *entry->name ? entry->name : NULL;
}
