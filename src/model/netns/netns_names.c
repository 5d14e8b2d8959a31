// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns_names.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "escape.h"
#include "index.h"
#include "number.h"
#include "search_credit.h"

enum {
	MAX_ENTRIES = 8192,
	PROCESSES_TRIED = 8, /* of one namespace in one walk, for the container they may be in */
	REREAD_SHARE = 100,  /* the same for rereading /run/netns, where no new namespace asks for it */
};

#define REREAD_MIN_NS (20 * NS_PER_MS)
#define REREAD_MAX_NS NS_PER_SEC
#define RETRY_MIN_NS  (200 * NS_PER_MS)
#define RETRY_MAX_NS  (3200 * NS_PER_MS)
#define RECHECK_NS    NS_PER_SEC /* time between checks that the process that gave the container is still there */
#define NAME_GRACE_NS (10 * NS_PER_SEC) /* time that a name is kept after it has gone */
#define FORGET_NS     (60 * NS_PER_SEC) /* time after which an entry is forgotten that nobody has asked for */
#define CREDIT_MAX_NS (100 * NS_PER_MS) /* search time that may be spent at once, after a quiet time */

struct netns_entry {
	struct link by_inode;
	struct netns_label label;
	char *text;           /* the name with its NUL, then the name as it is shown; owned */
	enum netns_rank rank; /* of the name */
	uint32_t pid;         /* the process that the container was read from */
	uint32_t reading;     /* number of the last reading of /run/netns with this namespace */
	uint32_t walk;        /* number of the last walk over the processes that met this namespace */
	uint32_t tried;       /* processes asked in that walk */
	uint64_t gone_ns;     /* since when nothing confirms the name; 0: something does */
	uint64_t asked_ns;
	uint64_t search_ns; /* when to search for a container (again) */
	uint64_t retry_ns;
};

struct netns_names {
	const struct netns_finder *finder;
	struct index by_inode;
	uint32_t last; /* the inode of the last answer, which needs no new search until until_ns */
	uint64_t until_ns;
	const struct netns_label *label;
	uint64_t now_ns; /* when the search in progress began */
	uint64_t reread_ns;
	struct search_credit credit;
	uint32_t reading;
	uint32_t walk;
	struct netns_entry spare; /* for the answer where there is no room for another entry: no name */
};

/* ---- entries ---- */

static void set_number(struct netns_entry *entry, uint32_t inode)
{
	struct netns_label *label = &entry->label;
	char *end = decimal_put(label->number, inode);

	free(entry->text);
	entry->text = NULL;
	entry->rank = NETNS_NAMELESS;
	entry->gone_ns = 0;
	*end = '\0';
	label->number_length = (size_t)(end - label->number);
	label->name = NULL;
	label->shown = label->number;
}

static bool is_plain_name(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:") == strlen(name);
}

static void set_name(struct netns_entry *entry, enum netns_rank rank, const char *name)
{
	size_t length = strlen(name), shown_size = 4 * length + 1;
	char *text;

	entry->gone_ns = 0;
	if (entry->text && strcmp(entry->text, name) == 0) {
		entry->rank = rank;
		return;
	}
	text = malloc(length + 1 + shown_size);
	if (!text)
		return;
	memcpy(text, name, length + 1);
	escape_name_word(text + length + 1, shown_size, name, length);
	free(entry->text);
	entry->text = text;
	entry->rank = rank;
	entry->label.name = text;
	entry->label.length = length;
	entry->label.plain = is_plain_name(name);
	entry->label.shown = text + length + 1;
}

static struct netns_entry *find_netns_entry(const struct netns_names *names, uint32_t inode)
{
	struct link *link = index_find(&names->by_inode, inode);

	return link ? LINK_OWNER(link, struct netns_entry, by_inode) : NULL;
}

/* Finds the entry of an inode, or makes one. NULL when there is no room, or memory is short. */
static struct netns_entry *find_or_make_entry(struct netns_names *names, uint32_t inode)
{
	struct netns_entry *entry = find_netns_entry(names, inode);

	if (entry || names->by_inode.count >= MAX_ENTRIES)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	set_number(entry, inode);
	entry->asked_ns = names->now_ns;
	entry->retry_ns = RETRY_MIN_NS;
	index_insert(&names->by_inode, &entry->by_inode, inode);
	return entry;
}

static void free_netns_entry(struct netns_entry *entry)
{
	free(entry->text);
	free(entry);
}

/* ---- the cost of searching ---- */

/* Takes the time since `from_ns` off the credit, and returns it. */
static uint64_t charge_credit(struct netns_names *names, uint64_t from_ns)
{
	uint64_t spent_ns = names->finder->now_ns(names->finder->context) - from_ns;

	search_credit_charge(&names->credit, spent_ns);
	return spent_ns;
}

/* ---- /run/netns ---- */

/* True once a name has been gone for longer than NAME_GRACE_NS. */
static bool is_grace_over(const struct netns_names *names, const struct netns_entry *entry)
{
	return entry->gone_ns && names->now_ns - entry->gone_ns > NAME_GRACE_NS;
}

static void note_file_name(void *context, uint32_t inode, const char *file)
{
	struct netns_names *names = context;
	struct netns_entry *entry = find_or_make_entry(names, inode);
	enum netns_rank rank = netns_rank_of(file);
	char path[NETNS_NAME_MAX + 1];
	const char *name = netns_name_of_file(file, path);
	bool second;

	if (!entry)
		return;
	second = entry->reading == names->reading;
	entry->reading = names->reading;
	if (entry->rank > rank && !(entry->gone_ns && (rank == NETNS_BY_NAME || is_grace_over(names, entry))))
		return;
	/* Of several names the alphabetically first is taken, so that it is always the same. */
	if (second && entry->rank == rank && strcmp(entry->text, name) <= 0)
		return;
	if (rank == NETNS_BY_NAME)
		entry->search_ns = UINT64_MAX;
	else if (entry->rank != rank || entry->gone_ns)
		entry->search_ns = names->now_ns;
	set_name(entry, rank, name);
}

/* Marks a name whose file has gone, and removes any name that has been gone for NAME_GRACE_NS. False: the entry is of
 * no more use. */
static bool age_entry(struct netns_names *names, struct netns_entry *entry)
{
	bool by_file = entry->rank == NETNS_BY_NAME || entry->rank == NETNS_BY_MACHINE;

	if (by_file && entry->reading != names->reading && !entry->gone_ns) {
		entry->gone_ns = names->now_ns;
		entry->search_ns = names->now_ns;
	}
	if (is_grace_over(names, entry))
		set_number(entry, (uint32_t)entry->by_inode.key);
	return entry->rank == NETNS_HOST || (by_file && !entry->gone_ns) || names->now_ns - entry->asked_ns < FORGET_NS;
}

static void drop_gone_entries(struct netns_names *names)
{
	struct link *link, *next;
	size_t bucket;

	for (link = index_each(&names->by_inode, NULL, &bucket); link; link = next) {
		struct netns_entry *entry = LINK_OWNER(link, struct netns_entry, by_inode);

		next = index_each(&names->by_inode, link, &bucket);
		if (age_entry(names, entry))
			continue;
		index_remove(&names->by_inode, link);
		free_netns_entry(entry);
	}
	index_fit(&names->by_inode);
}

static void reread_names(struct netns_names *names)
{
	uint64_t from_ns = names->finder->now_ns(names->finder->context), pause_ns;

	names->reading++;
	names->label = NULL;
	if (names->finder->names(names->finder->context, note_file_name, names))
		drop_gone_entries(names);
	pause_ns = REREAD_SHARE * charge_credit(names, from_ns);
	if (pause_ns < REREAD_MIN_NS)
		pause_ns = REREAD_MIN_NS;
	names->reread_ns = names->now_ns + (pause_ns < REREAD_MAX_NS ? pause_ns : REREAD_MAX_NS);
}

/* ---- containers ---- */

/* Postpones the next search where nothing was found: the longer nothing is found, the rarer the searches. */
static void postpone_search(struct netns_entry *entry, uint64_t now_ns)
{
	entry->search_ns = now_ns + entry->retry_ns;
	if (entry->retry_ns < RETRY_MAX_NS)
		entry->retry_ns *= 2;
}

static bool ask_process(struct netns_names *names, struct netns_entry *entry, uint32_t pid)
{
	struct container container;
	char name[CONTAINER_NAME_SIZE];

	if (!names->finder->container(names->finder->context, pid, &container))
		return false;
	set_name(entry, NETNS_BY_CONTAINER, container_name(&container, name));
	entry->pid = pid;
	entry->search_ns = names->now_ns + RECHECK_NS;
	entry->retry_ns = RETRY_MIN_NS;
	return true;
}

static void note_netns_process(void *context, uint32_t inode, uint32_t pid)
{
	struct netns_names *names = context;
	struct netns_entry *entry = find_or_make_entry(names, inode);

	if (!entry || entry->search_ns == UINT64_MAX)
		return;
	if (entry->rank == NETNS_BY_CONTAINER && !entry->gone_ns) {
		if (entry->pid == pid)
			entry->search_ns = names->now_ns + RECHECK_NS;
		return;
	}
	if (entry->walk != names->walk) {
		entry->walk = names->walk;
		entry->tried = 0;
		if (entry->search_ns <= names->now_ns)
			postpone_search(entry, names->now_ns);
	}
	if (entry->tried++ < PROCESSES_TRIED)
		ask_process(names, entry, pid);
}

static void walk_netns_processes(struct netns_names *names)
{
	names->walk++;
	names->finder->processes(names->finder->context, note_netns_process, names);
}

static bool is_process_in(const struct netns_names *names, uint32_t pid, uint32_t inode)
{
	return pid && names->finder->of_process(names->finder->context, pid) == inode;
}

/* Searches for the container of a namespace that people have not named under /run/netns, or not any more. A container
 * that is known stays while the process that it was read from is in the namespace. Else the process `pid` is asked,
 * which may be in the namespace, and then all processes. */
static void search_container(struct netns_names *names, struct netns_entry *entry, uint32_t pid)
{
	uint64_t from_ns = names->finder->now_ns(names->finder->context);
	uint32_t inode = (uint32_t)entry->by_inode.key;
	bool by_container = entry->rank == NETNS_BY_CONTAINER;

	if (by_container && !entry->gone_ns && is_process_in(names, entry->pid, inode)) {
		entry->search_ns = names->now_ns + RECHECK_NS;
		charge_credit(names, from_ns);
		return;
	}
	if (by_container && !entry->gone_ns)
		entry->gone_ns = names->now_ns;
	if (!is_process_in(names, pid, inode) || !ask_process(names, entry, pid)) {
		postpone_search(entry, names->now_ns);
		walk_netns_processes(names);
	}
	charge_credit(names, from_ns);
}

/* ---- creating, searching, asking ---- */

struct netns_names *netns_names_new(const struct netns_finder *finder)
{
	struct netns_names *names = calloc(1, sizeof(*names));
	uint32_t host = finder->host(finder->context);
	struct netns_entry *entry;

	if (!names || index_init(&names->by_inode)) {
		free(names);
		return NULL;
	}
	names->finder = finder;
	names->now_ns = finder->now_ns(finder->context);
	names->credit = search_credit_new(names->now_ns, CREDIT_MAX_NS);
	entry = host ? find_or_make_entry(names, host) : NULL;
	if (entry) {
		set_name(entry, NETNS_HOST, NETNS_HOST_NAME);
		entry->search_ns = UINT64_MAX;
	}
	return names;
}

void netns_names_free(struct netns_names *names)
{
	struct link *link, *next;
	size_t bucket;

	if (!names)
		return;
	for (link = index_each(&names->by_inode, NULL, &bucket); link; link = next) {
		next = index_each(&names->by_inode, link, &bucket);
		free_netns_entry(LINK_OWNER(link, struct netns_entry, by_inode));
	}
	index_free(&names->by_inode);
	free(names);
}

size_t netns_names_discover(struct netns_names *names)
{
	names->now_ns = names->finder->now_ns(names->finder->context);
	reread_names(names);
	walk_netns_processes(names);
	return names->by_inode.count;
}

size_t netns_names_widest(const struct netns_names *names)
{
	struct link *link;
	size_t widest = 0, bucket;

	for (link = index_each(&names->by_inode, NULL, &bucket); link;
	     link = index_each(&names->by_inode, link, &bucket)) {
		size_t width = text_width(LINK_OWNER(link, struct netns_entry, by_inode)->label.shown);

		widest = width > widest ? width : widest;
	}
	return widest;
}

/* Reads /run/netns when a reading is due, or when the namespace is not known yet. Then searches for the namespace's
 * container, when that is due. Does neither where the time for searching is used up. */
static struct netns_entry *find_entry_anew(struct netns_names *names, uint32_t inode, uint32_t pid)
{
	struct netns_entry *entry = find_netns_entry(names, inode);
	bool may, is_new = !entry && names->by_inode.count < MAX_ENTRIES;

	names->now_ns = names->finder->now_ns(names->finder->context);
	may = search_credit_is_left(&names->credit, names->now_ns);
	if (entry)
		entry->asked_ns = names->now_ns;
	if (may && (is_new || names->now_ns >= names->reread_ns))
		reread_names(names);
	else if (names->now_ns >= names->reread_ns)
		names->reread_ns = names->now_ns + RETRY_MIN_NS;
	entry = find_or_make_entry(names, inode);
	if (!entry)
		return NULL;
	if (may && names->now_ns >= entry->search_ns)
		search_container(names, entry, pid);
	else if (names->now_ns >= entry->search_ns)
		entry->search_ns = names->now_ns + RETRY_MIN_NS;
	return entry;
}

const struct netns_label *netns_names_find(struct netns_names *names, uint32_t inode, uint32_t pid, uint64_t ts_ns)
{
	struct netns_entry *entry;

	if (inode == names->last && ts_ns < names->until_ns && names->label)
		return names->label;
	entry = find_netns_entry(names, inode);
	if (entry && ts_ns < names->reread_ns && ts_ns < entry->search_ns)
		entry->asked_ns = ts_ns;
	else
		entry = find_entry_anew(names, inode, pid);
	if (!entry) {
		set_number(&names->spare, inode);
		return &names->spare.label;
	}
	names->last = inode;
	names->until_ns = entry->search_ns < names->reread_ns ? entry->search_ns : names->reread_ns;
	names->label = &entry->label;
	return names->label;
}
